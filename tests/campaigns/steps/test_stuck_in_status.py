from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns.books import audit
from campaigns.draining import drain
from campaigns.lifecycle import activate, pause, resume, save_draft
from campaigns.models import Message, Run
from campaigns.steps.triggers.stuck_in_status import KIND
from campaigns.story import tell
from orders.transitions import move_silently
from statuses.models import OrderStatus
from tests.campaigns.shop import definition, ending, later, sms, wait
from tests.factories import StatusFactory
from workspace.models import Workspace

pytestmark = pytest.mark.django_db


def stuck(value=2, unit="hours", type="payment", statuses=("invoiced",)):
    params = {"type": type, "statuses": list(statuses), "duration": {"value": value, "unit": unit}}
    return {"kind": "stuck_in_status", "params": params}


def refused(**params):
    given = {"type": "payment", "statuses": ["invoiced"], "duration": {"value": 1, "unit": "days"}, **params}
    return [problem.field for problem in KIND.form(given).problems()]


def entered():
    return list(Run.objects.order_by("pk").values_list("order__external_id", flat=True))


@pytest.mark.parametrize(
    ("params", "fields"),
    [
        ({}, []),
        ({"type": "colour"}, ["/type"]),
        ({"statuses": []}, ["/statuses"]),
        ({"statuses": "any"}, ["/statuses"]),
        ({"duration": {"value": 0, "unit": "days"}}, ["/duration"]),
        ({"from": "any"}, ["/from"]),
    ],
)
def test_what_it_takes(params, fields):
    assert refused(**params) == fields


def test_it_says_when_it_starts_also_half_done():
    names = {("payment", "invoiced"): "Invoice issued"}

    assert KIND.says(stuck()["params"], names) == "When payment has been Invoice issued for 2 hours"
    assert KIND.says({}, names) == "When … has been … for …"


def test_an_order_that_stays_enters_when_the_time_is_over(shop, clock):
    shop.start(sms(), trigger=stuck())
    shop.order()
    shop.tell("O-1", "invoiced")

    later(clock, minutes=119)
    assert entered() == []
    later(clock, minutes=1)
    assert entered() == ["O-1"]
    later(clock, days=3)

    assert entered() == ["O-1"]
    assert Message.objects.get().state == "accepted"
    assert audit()["unaccounted"] == 0


def test_an_order_that_leaves_in_time_does_not_enter(shop, clock):
    shop.start(sms(), trigger=stuck())
    shop.order()
    shop.tell("O-1", "invoiced")

    later(clock, minutes=100)
    shop.tell("O-1", "paid")
    later(clock, days=1)

    assert entered() == []


def test_one_that_leaves_before_it_is_judged_is_not_let_in(shop, clock):
    campaign = shop.start(sms(), trigger=stuck())
    shop.order()
    shop.tell("O-1", "invoiced")
    pause(campaign)
    later(clock, hours=3)

    shop.tell("O-1", "paid")
    resume(campaign)
    drain()

    run = Run.objects.get()
    assert ending(run) == ("declined", "left_in_time")
    assert tell(run) == [
        "Payment had been Invoiced for 2 hours at 14:00.",
        "It was not let in: the order had left the status by then.",
    ]


def test_one_that_comes_back_begins_anew(shop, clock):
    campaign = shop.start(sms(), trigger=stuck())
    shop.order()
    shop.tell("O-1", "invoiced")
    pause(campaign)
    later(clock, hours=3)
    shop.tell("O-1", "paid")
    shop.tell("O-1", "invoiced")

    resume(campaign)
    later(clock, minutes=119)
    assert [run.state for run in Run.objects.order_by("pk")] == ["declined"]
    later(clock, minutes=1)

    assert [run.state for run in Run.objects.order_by("pk")] == ["declined", "finished"]


def test_who_stood_there_before_counts_by_when_the_time_is_over(shop, clock):
    """One was over before the campaign was activated, the other comes to be afterwards."""
    for name, hours in (("O-1", 3), ("O-2", 1)):
        shop.order(name)
        shop.tell(name, "invoiced", minutes_ago=60 * hours)
    shop.start(sms(), trigger=stuck())

    later(clock, hours=1)

    assert entered() == ["O-2"]


def test_what_was_told_as_history_starts_nothing(shop, clock):
    shop.start(sms(), trigger=stuck())
    shop.order()
    shop.tell("O-1", "invoiced", fires=False)

    later(clock, hours=5)

    assert entered() == []


def test_an_arrival_told_late_counts_from_when_it_occurred(shop, clock):
    shop.start(sms(), trigger=stuck(30, "minutes"))
    for name in ("O-1", "O-2"):
        shop.order(name)
    later(clock, hours=20)

    shop.tell("O-1", "invoiced", minutes_ago=50)
    shop.tell("O-2", "invoiced", minutes_ago=600)
    drain()

    assert entered() == ["O-1"]
    later(clock, hours=1)
    assert entered() == ["O-1", "O-2"]
    assert Run.objects.get(order__external_id="O-2").occurred_at == timezone.now() - timedelta(hours=10, minutes=30)


def test_what_is_too_old_goes_by_when_the_time_was_over(shop, clock):
    shop.start(sms(), trigger=stuck(), max_age={"value": 1, "unit": "hours"})
    shop.order()
    shop.order("O-2")
    later(clock, hours=20)

    shop.tell("O-1", "invoiced", minutes_ago=150)
    shop.tell("O-2", "invoiced", minutes_ago=300)
    later(clock, hours=1)

    assert {run.order.external_id: ending(run) for run in Run.objects.all()} == {
        "O-1": ("declined", "too_old"),
        "O-2": ("declined", "too_old"),
    }


def test_a_day_is_24_hours_also_when_clocks_change(shop, clock):
    Workspace.objects.update(timezone="Europe/London")
    clock.move_to("2024-03-30T12:00:00+00:00")
    shop.start(sms(), trigger=stuck(1, "days"))
    shop.order()
    shop.tell("O-1", "invoiced")

    clock.move_to("2024-03-31T12:00:00+00:00")  # 13:00 by the clocks of London
    drain()

    assert Run.objects.get().occurred_at.isoformat() == "2024-03-31T12:00:00+00:00"


def test_that_a_status_was_merged_is_no_leaving(shop, clock):
    shop.start(sms(), trigger=stuck())
    shop.order()
    shop.tell("O-1", "invoiced")
    other = StatusFactory(type="payment", code="billed")

    move_silently(["O-1"], shop.statuses["invoiced"], other.pk)
    OrderStatus.objects.filter(pk=shop.statuses["invoiced"].pk).update(merged_into=other, retired_at=timezone.now())
    later(clock, hours=2)

    assert [ending(run) for run in Run.objects.all()] == [("finished", "")]


def test_a_text_goes_only_while_the_order_is_still_there(shop, clock):
    shop.start(wait(value=1), sms(only_if_still=True), trigger=stuck())
    shop.order()
    shop.tell("O-1", "invoiced")
    later(clock, hours=2)

    shop.tell("O-1", "paid")
    later(clock, hours=1)

    assert ending(Run.objects.get()) == ("stopped", "status_changed")


def test_two_open_orders_of_one_customer_are_told_apart(shop, clock):
    shop.start(sms(), trigger=stuck())
    first = shop.order()
    shop.order("O-2", customer=first.customer)
    for name in ("O-1", "O-2"):
        shop.tell(name, "invoiced")

    later(clock, hours=1)
    shop.tell("O-1", "paid")
    later(clock, hours=1)

    assert entered() == ["O-2"]


def test_a_status_that_is_made_later_is_known_then(shop, clock):
    campaign, _is_new = save_draft(definition(sms(), trigger=stuck(statuses=["promised"])))
    assert [caution.code for caution in activate(campaign).cautions if caution.code == "unknown_status"]
    StatusFactory(type="payment", code="promised")
    shop.order()

    shop.tell("O-1", "promised")
    later(clock, hours=2)

    assert entered() == ["O-1"]
