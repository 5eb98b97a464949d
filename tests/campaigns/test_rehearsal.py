"""Rehearsed over the last days, a campaign does in memory what it would have done: and writes nothing."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.definitions import read_plan
from campaigns.models import Message, Run, RunEvent
from campaigns.rehearsal import rehearse
from tests.campaigns.shop import NOON, asks, condition, customer_in, definition, later, sms, trigger, wait
from tests.factories import CustomerFactory

pytestmark = pytest.mark.django_db

PAID = condition("order.payment_status", "in", ["paid"])
SHIPPED = condition("order.delivery_status", "in", ["shipped"])


def rehearsed(*steps, **keys):
    return rehearse(read_plan(definition(*steps, **keys)))


def paid(shop, *names, **fields):
    for name in names:
        shop.order(name, **fields)
        shop.tell(name, "paid")


def test_it_counts_who_would_have_entered_and_the_texts(shop):
    paid(shop, "O-1", "O-2")
    paid(shop, "O-3", customer=CustomerFactory(sms_consent="refused"))

    found = rehearsed(sms(text="Thanks for {{ order.external_id }}"))

    assert (found.matching, found.tried, found.entered, found.texts, found.parts) == (3, 3, 3, 2, 2)
    assert found.not_sent == {"refused": 1}
    assert sorted(sample.text for sample in found.samples) == ["Thanks for O-1", "Thanks for O-2"]
    assert found.decided == {("text", "sent"): 2, ("text", "not_sent"): 1}


def test_it_writes_nothing(shop):
    paid(shop, "O-1")

    rehearsed(wait(), sms(), reentry={"mode": "once_per_order"})

    assert not Run.objects.exists()
    assert not RunEvent.objects.exists()
    assert not Message.objects.exists()


def test_only_the_last_thirty_days_count(shop, clock):
    paid(shop, "O-1")
    clock.shift(timedelta(days=30, minutes=1))
    paid(shop, "O-2")

    assert rehearsed(sms()).matching == 1


def test_what_was_told_as_history_occurred_all_the_same(shop):
    shop.order()
    shop.tell("O-1", "paid", fires=False)

    assert rehearsed(sms()).texts == 1


def test_waits_are_jumped_over_and_statuses_are_those_of_then(shop, clock):
    """When the step would have asked, the second order had been shipped and the first had not; today both are."""
    paid(shop, "O-1", "O-2")
    clock.shift(timedelta(hours=1))
    shop.tell("O-2", "shipped")
    clock.shift(timedelta(hours=5))
    shop.tell("O-1", "shipped")

    found = rehearsed(wait(value=3), asks(SHIPPED, yes=[sms(text="{{ order.external_id }}")]))

    assert [sample.text for sample in found.samples] == ["O-2"]
    assert found.samples[0].at == NOON + timedelta(hours=3)
    assert found.decided[("asked", "no")] == 1


def test_only_if_still_is_asked_of_then(shop, clock):
    paid(shop, "O-1", "O-2")
    clock.shift(timedelta(minutes=30))
    shop.tell("O-1", "invoiced")
    clock.shift(timedelta(hours=5))
    shop.tell("O-2", "invoiced")

    found = rehearsed(wait(), sms(only_if_still=True))

    assert (found.texts, found.not_sent) == (1, {"status_changed": 1})


def test_quiet_hours_put_off(shop, clock):
    clock.move_to(NOON.replace(hour=22))
    paid(shop, "O-1", customer=customer_in("UTC"))

    found = rehearsed(sms(deliver="outside_quiet_hours"))

    assert (found.texts, found.held, found.samples[0].at) == (1, 1, NOON.replace(day=4, hour=9))


@pytest.mark.parametrize(
    ("reentry", "declined"),
    [
        ({"mode": "every_time"}, {}),
        ({"mode": "once_per_order"}, {"entered_before_per_order": 1}),
        ({"mode": "first_visit"}, {"not_first_visit": 1}),
        ({"mode": "once_per_customer"}, {"entered_before_per_customer": 2}),
        ({"mode": "not_within", "days": 2, "per": "customer"}, {"entered_before_per_customer": 1}),
    ],
)
def test_re_entry_is_kept_in_memory(shop, clock, reentry, declined):
    customer = CustomerFactory()
    paid(shop, "O-1", customer=customer)
    clock.shift(timedelta(days=1))
    shop.tell("O-1", "invoiced")
    shop.tell("O-1", "paid")
    clock.shift(timedelta(days=3))
    paid(shop, "O-2", customer=customer)

    found = rehearsed(sms(), reentry=reentry)

    assert found.declined == declined
    assert found.texts == 3 - sum(declined.values())


def test_caps_are_kept_in_memory(shop, clock):
    customer = CustomerFactory()
    paid(shop, "O-1", "O-2", customer=customer)
    clock.shift(timedelta(days=2))
    paid(shop, "O-3", customer=customer)

    found = rehearsed(sms(), frequency_cap={"messages": 1, "per": "day"})

    assert (found.texts, found.not_sent) == (2, {"capped": 1})


def test_it_tries_the_newest_and_says_how_many_there_were(shop, clock):
    for name in ("O-1", "O-2", "O-3"):
        paid(shop, name)
        clock.shift(timedelta(minutes=1))

    found = rehearse(read_plan(definition(sms(text="{{ order.external_id }}"))), most=2)

    assert (found.matching, found.tried, found.is_all) == (3, 2, False)
    assert sorted(sample.text for sample in found.samples) == ["O-2", "O-3"]


def test_five_texts_are_shown_the_longest_among_them(shop):
    for number in range(20):
        paid(shop, f"O-{number}", customer=CustomerFactory(first_name="A" * (50 if number == 3 else 1)))

    found = rehearsed(sms(text="{{ customer.first_name }}"))

    assert len(found.samples) == 5
    assert max(len(sample.text) for sample in found.samples) == 50


def test_it_says_what_the_campaign_then_does(shop, clock):
    """The same orders, rehearsed and then really carried."""
    steps = [wait(), asks(PAID, yes=[sms("first"), wait("more", value=2, unit="days"), sms("second", lifetime=None)])]
    keys = {"reentry": {"mode": "once_per_order"}, "frequency_cap": {"messages": 3, "per": "week"}}
    shop.start(*steps, **keys)
    shared = CustomerFactory()
    for number in range(6):
        fields = {"customer": shared} if number % 2 else {}
        shop.order(f"O-{number}", **fields)
        shop.tell(f"O-{number}", "paid")
        later(clock, minutes=7)
    shop.tell("O-2", "invoiced")
    shop.tell("O-3", "shipped")
    shop.tell("O-3", "invoiced")
    shop.tell("O-3", "paid")
    for _ in range(20):
        later(clock, hours=4)

    found = rehearsed(*steps, **keys)

    events = RunEvent.objects.exclude(outcome__in=["admitted", "declined", "waiting", "owed"]).values_list(
        "step", "outcome"
    )
    assert found.entered == Run.objects.exclude(state="declined").count()
    assert sorted(found.decided.elements()) == sorted(events)
    assert found.texts == Message.objects.filter(state="accepted").count()


def test_it_costs_the_same_queries_for_few_and_for_many(shop):
    costs = []
    for names in (range(3), range(3, 60)):
        paid(shop, *(f"O-{number}" for number in names))
        with CaptureQueriesContext(connection) as queries:
            rehearsed(asks(PAID, yes=[wait(), sms()]), trigger=trigger(to=["paid"]))
        costs.append(len(queries))

    assert costs[0] == costs[1] < 15
