from datetime import timedelta

import pytest

from campaigns.draining import drain
from campaigns.lifecycle import pause, resume
from campaigns.models import Awaited, Run, Wake
from campaigns.steps.actions.wait_for_status import KIND
from campaigns.story import tell
from statuses.models import OrderStatus
from tests.campaigns.shop import NOON, ending, later, path, sms, wait, wait_for
from tests.factories import CustomerFactory, StatusFactory

pytestmark = pytest.mark.django_db

ARRIVED = [("", "admitted"), ("awaited", "waiting"), ("awaited", "arrived")]
TIMED_OUT = [("", "admitted"), ("awaited", "waiting"), ("awaited", "timed_out")]


def test_it_goes_on_as_arrived_at_once_when_the_order_comes_to_the_status(shop, clock):
    shop.start(wait_for("shipped", arrived=[sms("here")], timed_out=[sms("gone")]))
    run = shop.pay()

    clock.shift(timedelta(hours=3))
    shop.tell("O-1", "shipped")
    drain()

    assert path(run)[:3] == ARRIVED
    assert path(run)[3:] == [("here", "owed"), ("here", "sent")]
    seen = run.events.get(outcome="arrived").seen
    expected = {"type": "delivery", "to": "shipped", "occurred_at": "2024-05-03T15:00:00+00:00", "was_there": False}
    assert seen == expected


def test_it_goes_on_as_timed_out_when_its_time_is_over_and_no_sooner(shop, clock):
    shop.start(wait_for("shipped", hours=2, arrived=[sms("here")], timed_out=[sms("gone")]))
    run = shop.pay()

    later(clock, hours=1, minutes=59, seconds=59)
    assert path(run) == TIMED_OUT[:2]

    later(clock, seconds=1)
    assert path(run) == [*TIMED_OUT, ("gone", "owed"), ("gone", "sent")]


def test_an_order_that_is_there_already_has_arrived(shop):
    shop.order()
    shop.tell("O-1", "shipped")
    shop.start(wait_for("shipped", arrived=[sms("here")]))

    run = shop.pay()

    assert path(run)[:2] == [("", "admitted"), ("awaited", "arrived")]
    assert run.events.get(outcome="arrived").seen["was_there"] is True


def test_one_that_was_there_and_left_has_not_arrived(shop, clock):
    StatusFactory(type="delivery", code="returned")
    shop.order()
    shop.tell("O-1", "shipped", minutes_ago=20)
    shop.tell("O-1", "returned", type="delivery", minutes_ago=10)
    shop.start(wait_for("shipped"))

    run = shop.pay()

    assert path(run) == [("", "admitted"), ("awaited", "waiting")]


def test_one_that_came_and_left_before_anybody_asked_has_arrived(shop, clock):
    StatusFactory(type="delivery", code="returned")
    campaign = shop.start(wait_for("shipped"))
    run = shop.pay()
    pause(campaign)

    clock.shift(timedelta(hours=1))
    shop.tell("O-1", "shipped", minutes_ago=20)
    shop.tell("O-1", "returned", type="delivery", minutes_ago=10)
    resume(campaign)
    drain()

    assert path(run) == ARRIVED
    assert run.events.get(outcome="arrived").seen["occurred_at"] == "2024-05-03T12:40:00+00:00"


@pytest.mark.parametrize(
    ("minutes_ago", "outcome"), [(190, "arrived"), (180, "arrived"), (179, "timed_out"), (0, "timed_out")]
)
def test_what_came_first_is_judged_by_when_it_occurred(shop, clock, minutes_ago, outcome):
    """The campaign is paused until five hours later; the two hours of the wait were over after two."""
    campaign = shop.start(wait_for("shipped", hours=2))
    run = shop.pay()
    pause(campaign)

    clock.shift(timedelta(hours=5))
    shop.tell("O-1", "shipped", minutes_ago=minutes_ago)
    resume(campaign)
    drain()

    assert path(run)[2] == ("awaited", outcome)


def test_a_change_told_late_does_not_undo_what_was_decided(shop, clock):
    shop.start(wait_for("shipped", hours=2, timed_out=[wait("on", 10, "days")]))
    run = shop.pay()
    later(clock, hours=3)

    shop.tell("O-1", "shipped", minutes_ago=100)
    drain()

    assert path(run) == [*TIMED_OUT, ("on", "waiting")]


def test_a_change_told_late_counts_while_it_waits(shop, clock):
    """It occurred before the run came to the step, and the order is there still."""
    shop.start(wait_for("shipped"))
    run = shop.pay()
    clock.shift(timedelta(hours=1))

    shop.tell("O-1", "shipped", minutes_ago=90)
    drain()

    assert path(run) == ARRIVED
    assert run.events.get(outcome="arrived").seen["was_there"] is True


def test_what_is_told_as_history_is_a_fact_too(shop, clock):
    shop.start(wait_for("shipped"))
    run = shop.pay()

    shop.tell("O-1", "shipped", fires=False)
    drain()

    assert path(run) == ARRIVED


def test_what_led_to_the_run_came_first_even_from_a_clock_that_is_ahead(shop):
    """Else the order would stand, at the time of the step, where it was before."""
    shop.start(wait_for("invoiced", type="payment"))
    shop.order()
    shop.tell("O-1", "invoiced")

    shop.tell("O-1", "paid", minutes_ago=-3)
    drain()

    assert path(Run.objects.get()) == [("", "admitted"), ("awaited", "waiting")]


def test_another_type_and_another_status_are_not_waited_for(shop, clock):
    StatusFactory(type="delivery", code="packed")
    StatusFactory(type="general", code="shipped")
    shop.start(wait_for("shipped"))
    run = shop.pay()

    shop.tell("O-1", "packed", type="delivery")
    shop.tell("O-1", "shipped", type="general")
    drain()

    assert path(run) == [("", "admitted"), ("awaited", "waiting")]


def test_two_open_orders_of_one_customer_are_kept_apart(shop, clock):
    shop.start(wait_for("shipped", hours=5))
    ada = CustomerFactory()
    first, second = shop.pay("O-1", customer=ada), shop.pay("O-2", customer=ada)

    shop.tell("O-2", "shipped")
    drain()
    assert (path(first)[2:], path(second)[2:]) == ([], [("awaited", "arrived")])

    later(clock, hours=5)
    assert path(first)[2:] == [("awaited", "timed_out")]


def test_a_status_may_be_named_before_it_exists(shop, clock):
    shop.start(wait_for("Collected"))
    run = shop.pay()

    StatusFactory(type="delivery", code="collected")
    shop.tell("O-1", "collected", type="delivery")
    drain()

    assert path(run) == ARRIVED


def test_a_code_means_what_it_means_today(shop, clock):
    """`shipped` was merged into `sent` while the run waits for it."""
    sent = StatusFactory(type="delivery", code="sent")
    shop.start(wait_for("shipped"))
    run = shop.pay()
    OrderStatus.objects.filter(code="shipped").update(merged_into=sent, retired_at=NOON)

    shop.tell("O-1", "sent", type="delivery")
    drain()

    assert path(run) == ARRIVED


def test_however_often_it_is_asked_again_it_waits_once(shop, clock):
    StatusFactory(type="delivery", code="packed")
    shop.start(wait_for("shipped", hours=24 * 5))
    run = shop.pay()

    for _ in range(30):
        later(clock, hours=1)
    shop.tell("O-1", "packed", type="delivery")
    drain()

    assert path(run) == [("", "admitted"), ("awaited", "waiting")]
    run.refresh_from_db()
    assert run.due_at == NOON + timedelta(days=5)


def test_it_is_looked_after_less_and_less_often_and_then_no_more(shop, clock):
    shop.start(wait_for("shipped", hours=24 * 5))
    shop.pay()

    looks = []
    while row := Awaited.objects.exclude(look_at=None).first():
        looks.append(row.look_at - NOON)
        clock.move_to(row.look_at)
        drain()

    seconds = [int(look.total_seconds()) for look in looks]
    assert seconds == [30, 150, 750, 4350, 47550]


def test_a_wake_that_was_missed_is_made_up_for_by_the_look_after(shop, clock):
    """The change was written while the run decided to wait, each unseen by the other."""
    shop.start(wait_for("shipped"))
    run = shop.pay()
    shop.tell("O-1", "shipped")
    Wake.objects.all().delete()

    drain()
    assert path(run)[2:] == []

    later(clock, seconds=30)
    assert path(run) == ARRIVED


def test_nothing_is_left_behind(shop, clock):
    shop.start(wait_for("shipped"))
    run = shop.pay()
    assert list(Awaited.objects.values_list("run", "order", "type")) == [(run.pk, run.order_id, "delivery")]

    shop.tell("O-1", "shipped")
    assert list(Wake.objects.values_list("run", flat=True)) == [run.pk]
    drain()

    assert ending(run) == ("finished", "")
    assert (Awaited.objects.count(), Wake.objects.count()) == (0, 0)


def test_its_story_is_told(shop, clock):
    OrderStatus.objects.filter(code="shipped").update(name="Shipped")
    shop.start(wait_for("shipped", key="first"), wait_for("shipped", key="again"), wait_for("gone", key="last"))
    run = shop.pay()
    clock.shift(timedelta(hours=1))
    shop.tell("O-1", "shipped")
    drain()
    later(clock, hours=30)
    run.refresh_from_db()

    [came, was_there, late] = [told for told in tell(run) if "Shipped" in told or "time was over" in told]

    assert came == "The order came to Shipped on 3 May 2024, 13:00."
    assert was_there == "The order was already in Shipped, since 3 May 2024, 13:00."
    assert late == "The time was over before the status came."


def test_what_it_does_is_said():
    params = {"type": "delivery", "to": ["shipped", "packed"], "duration": {"value": 2, "unit": "days"}}
    names = {("delivery", "shipped"): "Shipped", ("delivery", "packed"): "Packed"}

    assert KIND.says(params, names) == "Waits until delivery is Shipped or Packed, for at most 2 days."
    assert KIND.says({}, names) == ""


@pytest.mark.parametrize(
    ("params", "wrong"),
    [
        ({}, ["/type", "/to", "/duration"]),
        ({"type": "colour", "to": "any", "duration": {"value": 1, "unit": "hours"}}, ["/type", "/to"]),
        ({"type": "payment", "to": [], "duration": {"value": 1, "unit": "hours"}}, ["/to"]),
        ({"type": "payment", "to": [""], "duration": {"value": 0, "unit": "hours"}}, ["/to", "/duration"]),
    ],
)
def test_its_params_are_checked(params, wrong):
    assert [problem.field for problem in KIND.form(params).problems()] == wrong
