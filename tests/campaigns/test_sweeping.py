"""Triggers that go by the clock: where sweeps look, what survives, and what the books say of it."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from campaigns.back_filling import fill_at_once
from campaigns.books import audit
from campaigns.draining import drain
from campaigns.lifecycle import activate, end, pause, save_draft
from campaigns.models import Activation, Run
from campaigns.steps import TRIGGERS
from campaigns.steps.base import Occasion, StepForm, TriggerKind
from campaigns.sweeping import sweep
from orders.models import Order
from orders.said import Said
from orders.transitions import hear
from tests.campaigns.shop import NOON, definition, ending, later, sms
from tests.campaigns.steps.test_stuck_in_status import stuck
from workspace.models import Workspace

pytestmark = pytest.mark.django_db


def invoice(shop, *names, **how):
    for name in names:
        shop.order(name)
        shop.tell(name, "invoiced", **how)


def entered():
    return sorted(Run.objects.values_list("order__external_id", flat=True))


def swept_to():
    return Activation.objects.live().get().swept_to


def test_how_far_it_swept_is_kept(shop, clock):
    shop.start(sms(), trigger=stuck())
    assert swept_to() == NOON

    later(clock, minutes=7)

    assert swept_to() == NOON + timedelta(minutes=7)


def test_what_does_not_go_by_the_clock_is_not_swept(shop, clock):
    shop.start(sms())

    later(clock, minutes=7)

    assert swept_to() is None


def test_after_an_outage_it_goes_on_where_it_stopped(shop, clock):
    shop.start(sms(), trigger=stuck())
    invoice(shop, "O-1")

    clock.shift(timedelta(days=30))
    drain()

    assert entered() == ["O-1"]


def test_what_was_being_written_while_it_looked_is_found_by_the_next(shop, clock):
    """As if its transaction had been open meanwhile: it was received before the sweep, and is seen after it."""
    shop.start(sms(), trigger=stuck(1, "minutes"))
    clock.shift(timedelta(minutes=10))
    received = timezone.now()
    clock.shift(timedelta(seconds=3))
    sweep()

    clock.move_to(received)
    invoice(shop, "O-1", minutes_ago=2)
    later(clock, seconds=33)

    assert entered() == ["O-1"]


def test_later_news_than_a_week_starts_nothing(shop, clock):
    shop.start(sms(), trigger=stuck(1, "minutes"))
    later(clock, days=20)

    invoice(shop, "O-1", minutes_ago=60 * 24 * 6)
    invoice(shop, "O-2", minutes_ago=60 * 24 * 8)
    later(clock, hours=1)

    assert entered() == ["O-1"]
    later(clock, hours=2)
    assert audit()["unaccounted"] == 0


def test_two_sweeps_start_what_came_once(shop, clock):
    shop.start(sms(), trigger=stuck())
    invoice(shop, "O-1")
    clock.shift(timedelta(hours=2))

    assert (sweep(), sweep()) == (1, 0)


def test_a_new_version_answers_to_what_comes_after_it(shop, clock):
    """What came between the last sweep and the new version is the former's, also where the new one would differ."""
    shop.start(sms(), trigger=stuck())
    invoice(shop, "O-1")
    clock.shift(timedelta(hours=1))
    invoice(shop, "O-2")
    clock.shift(timedelta(hours=1))
    shop.start(sms(text="Hi"), trigger=stuck(30, "minutes"))

    later(clock, hours=5)

    assert list(Run.objects.values_list("order__external_id", "version__number")) == [("O-1", 1)]
    invoice(shop, "O-3")
    later(clock, minutes=30)
    assert Run.objects.order_by("pk").last().version.number == 2
    assert audit()["unaccounted"] == 0


def test_reaching_back_it_starts_with_what_still_stands(shop, clock):
    invoice(shop, "O-1", "O-2", minutes_ago=60 * 24)
    invoice(shop, "O-3", minutes_ago=60 * 24 * 40)
    shop.tell("O-2", "paid")
    campaign, _is_new = save_draft(definition(sms(), trigger=stuck()))

    started = fill_at_once(activate(campaign, effective_from=timezone.now() - timedelta(days=30)).back_fill)

    assert (started, entered()) == (1, ["O-1"])
    assert fill_at_once(activate(campaign, from_the_beginning=True).back_fill) == 1
    assert entered() == ["O-1", "O-3"]
    assert audit()["unaccounted"] == 0


def test_after_its_end_nothing_comes(shop, clock):
    campaign = shop.start(sms(), trigger=stuck())
    invoice(shop, "O-1")
    end(campaign)

    later(clock, hours=3)

    assert entered() == []
    assert audit()["unaccounted"] == 0


def test_while_orders_is_off_nothing_is_looked_for_and_what_came_is_dropped_if_wanted(shop, clock):
    shop.start(sms(), trigger=stuck())
    invoice(shop, "O-1")
    Workspace.turn_orders_off()
    later(clock, hours=3)
    assert (entered(), swept_to()) == ([], NOON)

    Workspace.turn_orders_on(drop_due_before=timezone.now())
    drain()

    assert ending(Run.objects.get()) == ("stopped", "orders_were_off")


def test_a_lost_run_is_missed_once_a_sweep_looked_far_back(shop, clock):
    pause(shop.start(sms(), trigger=stuck()))
    invoice(shop, "O-1")
    later(clock, hours=4)
    assert audit()["unaccounted"] == 0

    Run.objects.all().delete()

    assert audit()["breaches"]["missing_runs"] == 1


def test_news_that_no_sweep_could_know_is_not_missed(shop, clock):
    shop.start(sms(), trigger=stuck(1, "minutes"))
    later(clock, hours=20)

    invoice(shop, "O-1", minutes_ago=300)

    assert audit()["unaccounted"] == 0


def test_a_run_that_came_before_its_activation_is_found(shop, clock):
    shop.start(sms(), trigger=stuck())
    invoice(shop, "O-1")
    later(clock, hours=4)

    Run.objects.update(occurred_at=NOON - timedelta(seconds=1))

    assert audit()["breaches"]["unexplained_runs"] == 1


def test_a_sweep_costs_the_same_for_few_and_many(shop, clock):
    shop.start(sms(), trigger=stuck(1, "minutes"))

    def cost(names):
        for name in names:
            shop.order(name)
        hear([Said(name, "payment", "invoiced") for name in names], shop.source)
        clock.shift(timedelta(minutes=2))
        with CaptureQueriesContext(connection) as queries:
            sweep()
        return len(queries)

    assert cost(["A-1", "A-2"]) == cost([f"B-{n}" for n in range(24)])
    assert Run.objects.count() == 26


def test_sweeping_in_pages_finds_each_once(shop, clock, monkeypatch):
    monkeypatch.setattr("campaigns.occasions.set_size", lambda: 2)
    shop.start(sms(), trigger=stuck())
    invoice(shop, *(f"O-{n}" for n in range(5)))

    later(clock, hours=2)

    assert entered() == ["O-0", "O-1", "O-2", "O-3", "O-4"]


def test_a_kind_of_ones_own_needs_nothing_elsewhere(shop, clock, monkeypatch):
    """A trigger that goes by the clock, added here: every full hour, for each order."""

    def find(_params, window):
        hour = window.until.replace(minute=0, second=0, microsecond=0)
        if window.holds(hour):
            for order in Order.objects.order_by("pk"):
                yield Occasion(f"hour:{order.pk}:{hour:%H}", hour, order.pk, order.customer_id)

    kind = TriggerKind("every_hour", "Every hour", StepForm, find=find, says=lambda _params, _names: "Every hour")
    monkeypatch.setitem(TRIGGERS, kind.key, kind)
    shop.order()
    shop.start(sms(), trigger={"kind": "every_hour"})

    later(clock, minutes=50)
    later(clock, minutes=20)

    assert list(Run.objects.order_by("pk").values_list("occasion", flat=True)) == [
        f"hour:{Order.objects.get().pk}:12",
        f"hour:{Order.objects.get().pk}:13",
    ]
    assert audit()["unaccounted"] == 0
