"""What the step owes, and which way a run takes when its call ended. The call itself: webhooks/test_calling.py."""

from datetime import timedelta

import pytest

from campaigns.draining import drain
from campaigns.engine import advance
from campaigns.models import WebhookCall
from campaigns.steps.actions.call_webhook import KIND
from tests.campaigns.shop import CREATED, NOON, bring, ending, path, sms, webhook
from tests.campaigns.webhooks.receiver import endpoint
from tests.factories import CustomerFactory

pytestmark = pytest.mark.django_db


def test_one_call_is_owed_and_taken(shop, receiver):
    shop.start(webhook())

    run = shop.pay()

    assert path(run) == [("", "admitted"), ("tell", "owed"), ("tell", "sent")]
    assert ending(run) == ("finished", "")
    [told] = receiver.told
    assert (told["type"], told["data"]["order"]["external_id"]) == ("campaign.step", "O-1")


def test_a_call_keeps_what_its_step_asked_for(shop):
    shop.start(webhook(lifetime={"value": 2, "unit": "hours"}))
    shop.order()
    shop.tell("O-1", "paid", is_test=True)
    advance()

    call = WebhookCall.objects.get()

    assert (call.endpoint, call.expires_at, call.is_test) == ("erp", NOON + timedelta(hours=2), True)
    assert (call.state, call.order.external_id, call.customer) == ("pending", "O-1", call.order.customer)


def test_of_an_order_that_a_test_key_told_a_test_is_owed(shop):
    shop.start(webhook(), trigger=CREATED)

    bring(shop, {"external_id": "A-1", "customer": CustomerFactory().external_id}, is_test=True)
    advance()

    assert WebhookCall.objects.get().is_test


def test_left_out_a_lifetime_is_as_long_as_there_are_tries(shop):
    shop.start(webhook())
    shop.order()
    shop.tell("O-1", "paid")
    advance()

    assert WebhookCall.objects.get().expires_at is None


def test_what_was_not_taken_goes_on_by_itself(shop, receiver, memory):
    receiver.says = 400
    shop.start(webhook(), sms())

    run = shop.pay()

    assert path(run)[2:] == [("tell", "not_sent"), ("text", "owed"), ("text", "sent")]
    assert run.events.get(outcome="not_sent").seen["reason"] == "failed"
    assert len(memory.taken) == 1


def test_each_branch_is_walked(shop, receiver):
    shop.start(webhook(sent=[webhook("lost", "nobody", not_sent=[sms("sorry")])], not_sent=[sms("never")]), sms("last"))

    run = shop.pay()

    assert [step for step, outcome in path(run) if outcome == "owed"] == ["tell", "lost", "sorry", "last"]


def test_why_it_was_not_called_is_kept(shop):
    shop.start(webhook())
    endpoint(off_because="person")

    run = shop.pay()

    assert run.events.get(outcome="not_sent").seen["reason"] == "endpoint_off"
    assert ending(run) == ("finished", "")


def test_two_open_orders_of_one_customer_are_told_apart(shop, receiver):
    shop.start(webhook())
    first = shop.order("O-1")
    shop.order("O-2", customer=first.customer)

    shop.tell("O-1", "paid")
    shop.tell("O-2", "paid")
    drain()

    assert sorted(told["data"]["order"]["external_id"] for told in receiver.told) == ["O-1", "O-2"]


def test_the_editor_offers_endpoints_that_are_on(db):
    endpoint("erp")
    endpoint("gone", off_because="gone")

    [field, _lifetime] = KIND.form.described()

    assert (field["control"], field["choices"]) == ("choice", [{"key": "erp", "label": "ERP"}])


@pytest.mark.parametrize(
    ("params", "pointer"),
    [
        ({"endpoint": None}, "/endpoint"),
        ({"endpoint": ""}, "/endpoint"),
        ({"endpoint": 7}, "/endpoint"),
        ({"endpoint": ["erp"]}, "/endpoint"),
        ({"endpoint": "https://shop.example"}, "/endpoint"),
        ({"endpoint": "x" * 33}, "/endpoint"),
        ({"lifetime": 24}, "/lifetime"),
        ({"url": "https://shop.example"}, "/url"),
    ],
)
def test_bad_params_are_refused_at_their_place(params, pointer):
    form = KIND.form({"endpoint": "erp", **params})

    assert [problem.field for problem in form.problems()] == [pointer]
