from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns.draining import drain
from orders.models import Order
from tests.campaigns.shop import at, sms, wait
from tests.screens import page_of, signed_in
from workspace.roles import PERSONAL_DATA

TEXT = "Hello Ada, thank you"


@pytest.fixture
def order(shop):
    """One that was paid, and whose customer got a text for it."""
    shop.start(sms(text="Hello {{ customer.first_name }}, thank you"))
    shop.pay("O-1")
    return Order.objects.get()


def shown(model, pk, *permissions):
    return signed_in(PERSONAL_DATA, *permissions).get(page_of(model, "change", pk)).content.decode()


def test_an_orders_page_tells_texts_only_to_who_may_see_messages(order):
    without = shown("orders_order", order.pk, "orders.view_order")
    having = shown("orders_order", order.pk, "orders.view_order", "campaigns.view_message")

    assert "Payment became Invoiced" in without
    assert TEXT not in without
    assert TEXT in having


def test_a_customers_page_tells_texts_only_to_who_may_see_messages(order):
    without = shown("customers_customer", order.customer_id, "customers.view_customer")
    having = shown("customers_customer", order.customer_id, "customers.view_customer", "campaigns.view_message")

    assert TEXT not in without
    assert TEXT in having


def test_a_customers_page_tells_of_orders_only_to_who_may_see_orders(order):
    without = shown("customers_customer", order.customer_id, "customers.view_customer")
    having = shown("customers_customer", order.customer_id, "customers.view_customer", "orders.view_order")

    assert "Order O-1" not in without
    assert "Order O-1" in having


def test_an_orders_page_asks_again_while_more_is_to_come(shop):
    """And its asking is no sign that anybody is there."""
    client = signed_in(is_superuser=True)
    shop.start(wait("pause"), sms())
    run = shop.pay("O-1")
    happened = page_of("orders_order", "happened", run.order_id)

    page = client.get(page_of("orders_order", "change", run.order_id)).content.decode()
    seen_at = client.session["seen_at"]
    with at(timezone.now() + timedelta(minutes=20)):
        meanwhile = client.get(happened).content.decode()
        assert client.session["seen_at"] == seen_at
    with at(timezone.now() + timedelta(hours=2)):
        drain()
        sent = client.get(happened).content.decode()
    with at(timezone.now() + timedelta(hours=3)):
        after = client.get(happened).content.decode()

    asks = f'hx-get="{happened}"'
    assert (asks in page, asks in meanwhile) == (True, True)
    assert "Thanks: Sent" in sent
    assert (asks in sent, asks in after) == (True, False)


def test_an_orders_page_tells_of_campaigns_only_to_who_may_see_what_entered_them(order):
    without = shown("orders_order", order.pk, "orders.view_order")
    having = shown("orders_order", order.pk, "orders.view_order", "campaigns.view_run")

    assert "Entered “Thanks”" not in without
    assert "Entered “Thanks”" in having


def test_what_entered_shows_its_text_only_to_who_may_see_messages(order):
    run = order.runs.get()

    without = shown("campaigns_run", run.pk, "campaigns.view_run")
    having = shown("campaigns_run", run.pk, "campaigns.view_run", "campaigns.view_message")

    assert "SMS sent in" in without
    assert TEXT not in without
    assert TEXT in having
