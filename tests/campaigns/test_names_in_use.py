import pytest

from analytics.names_in_use import names_in_use
from orders.dates import dates_of
from orders.models import OrderDate
from tests.factories import CustomerFactory, OrderFactory
from tests.screens import cost, holding, page_of, signed_in

pytestmark = pytest.mark.django_db

ADD = page_of("campaigns_campaign", "add")


@pytest.fixture
def told(shop):
    CustomerFactory(attributes={"vip_level": 3, "birthday": "1990-05-03"}, tags=["loyal"])
    CustomerFactory(attributes={"vip_level": 1}, tags=["loyal", "beta"])
    order = OrderFactory(custom={"appointment": "2026-12-24", "floor": 3})
    OrderDate.objects.keep({order.pk: dates_of({"custom": order.custom})})


def suggested(client):
    return client.get(ADD).context["data"]["names"]


def test_what_customers_and_orders_have_is_suggested_once_and_in_order(told):
    assert suggested(holding("Marketer")) == {
        "customer_attributes": ["birthday", "vip_level"],
        "customer_tags": ["beta", "loyal"],
        "order_dates": ["custom.appointment"],
    }


@pytest.mark.parametrize(
    ("permissions", "kinds"),
    [
        ([], set()),
        (["customers.view_customer", "orders.view_order"], set()),
        (["customers.view_personal_data"], set()),
        (["customers.view_personal_data", "orders.view_order"], {"order_dates"}),
        (["customers.view_personal_data", "customers.view_customer"], {"customer_attributes", "customer_tags"}),
    ],
)
def test_nobody_is_suggested_what_they_may_not_see(told, permissions, kinds):
    assert set(names_in_use(signed_in(*permissions).user)) == kinds


def test_suggesting_costs_the_same_for_few_and_for_many(told):
    marketer = holding("Marketer")
    few = cost(marketer, ADD)
    for number in range(20):
        CustomerFactory(attributes={f"name_{number}": 1}, tags=[f"tag-{number}"])

    assert cost(marketer, ADD) == few
