"""Runs are woken by changes of their orders: by those beside them in other processes too."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from campaigns import waking
from campaigns.books import audit
from campaigns.draining import drain
from campaigns.engine import advance
from campaigns.lifecycle import activate, save_draft
from campaigns.models import Awaited, Run, RunEvent, Wake
from orders.models import Order
from orders.said import Said
from orders.transitions import hear
from tests.campaigns.shop import NOON, Shop, definition, path, sms, wait_for
from tests.processes import meet
from workspace.models import Source

pytestmark = pytest.mark.django_db

STOP = [{"type": "payment", "to": ["refunded"]}]


def test_a_change_leaves_a_wake_and_never_touches_the_run(shop, clock):
    shop.start(wait_for("shipped"))
    run = shop.pay()

    shop.tell("O-1", "shipped")

    run.refresh_from_db()
    assert (list(Wake.objects.values_list("run", flat=True)), run.due_at) == ([run.pk], NOON + timedelta(hours=24))


def test_a_change_of_an_order_nobody_waits_for_wakes_nobody(shop, clock):
    shop.start(wait_for("shipped"))
    shop.pay("O-1")
    shop.order("O-2")

    shop.tell("O-2", "shipped")
    shop.tell("O-1", "invoiced")

    assert Wake.objects.count() == 0


def test_a_save_with_a_change_that_wakes_asks_one_thing_more_than_one_that_does_not(
    shop, clock, django_assert_num_queries
):
    shop.start(wait_for("shipped"))
    shop.pay("O-1")
    shop.order("O-2")
    plain, awaited = Order.objects.get(external_id="O-2"), Order.objects.get(external_id="O-1")

    with CaptureQueriesContext(connection) as queries:
        ship(plain, shop)
    with django_assert_num_queries(len(queries) + 1):
        ship(awaited, shop)


def ship(order, shop):
    order.delivery_status = shop.statuses["shipped"]
    order.save()


def test_a_rolled_back_change_wakes_nobody(shop, clock):
    shop.start(wait_for("shipped"))
    shop.pay()

    with transaction.atomic():
        shop.tell("O-1", "shipped")
        transaction.set_rollback(True)

    assert Wake.objects.count() == 0


def test_one_that_is_asked_for_nothing_goes_on_waiting_as_long_as_it_would(shop, clock):
    shop.start(wait_for("shipped"))
    run = shop.pay()
    clock.shift(timedelta(hours=5))
    waking.wake([run.pk])

    drain()

    run.refresh_from_db()
    assert (run.due_at, Wake.objects.count()) == (NOON + timedelta(hours=24), 0)


def test_who_is_looked_after_is_asked_only_if_the_order_changed(shop, clock):
    shop.start(wait_for("shipped"))
    run = shop.pay()
    clock.shift(timedelta(seconds=30))

    assert advance() == 0

    run.refresh_from_db()
    assert run.due_at == NOON + timedelta(hours=24)


def test_beginning_to_wait_costs_the_same_for_few_and_many(shop, clock):
    shop.start(wait_for("shipped"), stop_on=STOP)

    def cost(first, last):
        names = [shop.order(f"O-{n}").external_id for n in range(first, last)]
        hear([Said(name, "payment", "paid") for name in names], shop.source)
        with CaptureQueriesContext(connection) as queries:
            advance()
        return len(queries)

    assert cost(0, 3) == cost(3, 15)
    assert Awaited.objects.count() == 2 * 15


def test_waking_costs_the_same_for_few_and_many(shop, clock):
    shop.start(wait_for("shipped"))
    names = [f"O-{n}" for n in range(15)]
    for name in names:
        shop.pay(name)

    def cost(some):
        with CaptureQueriesContext(connection) as queries:
            hear([Said(name, "delivery", "shipped") for name in some], shop.source)
            advance()
        return len(queries)

    assert cost(names[:3]) == cost(names[3:])
    assert set(Run.objects.values_list("state", flat=True)) == {"finished"}


def test_a_run_that_ended_meanwhile_leaves_no_wake(shop, clock):
    shop.start(sms())
    run = shop.pay()
    waking.wake([run.pk])

    drain()

    assert Wake.objects.count() == 0


@pytest.mark.parametrize("table", ["campaigns_awaited", "campaigns_wake"])
def test_the_books_miss_who_would_not_be_woken_and_no_wake(shop, clock, table):
    """A wake is a doorbell: one that is lost is made up for."""
    shop.start(wait_for("shipped"), stop_on=STOP)
    run = shop.pay()
    waking.wake([run.pk])
    assert audit()["unaccounted"] == 0

    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {table}")

    assert audit()["breaches"]["waits_nobody_wakes"] == {"campaigns_awaited": 2, "campaigns_wake": 0}[table]


# Beside others. A feed writes while the engine decides to wait.

ORDERS = 120


def _feed(names, code, source_id):
    meet()
    source = Source.objects.get(pk=source_id)
    for name in names:
        hear([Said(name, "delivery", code)], source)


def _carry(seconds):
    meet()
    until = datetime.now(UTC) + timedelta(seconds=seconds)
    while datetime.now(UTC) < until:
        advance(limit=7)


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
def test_none_is_lost_and_none_waits_for_its_whole_time(pair):
    """Each order is shipped at about the moment at which its run comes to the step that waits for it."""
    shop = Shop()
    activate(save_draft(definition(wait_for("shipped", hours=24), code="waits"))[0])
    names = [f"O-{n}" for n in range(ORDERS)]
    for name in names:
        shop.order(name, customer=None)
    hear([Said(name, "payment", "paid") for name in names], shop.source)

    pair.run((_feed, names, "shipped", shop.source.pk), (_carry, 4))
    drain()
    missed = Run.objects.filter(state="waiting").count()
    with time_machine.travel(timezone.now() + timedelta(seconds=31)):
        drain()

    assert set(Run.objects.values_list("state", flat=True)) == {"finished"}
    assert set(RunEvent.objects.filter(step="awaited").values_list("outcome", flat=True)) <= {"waiting", "arrived"}
    assert RunEvent.objects.filter(step="awaited", outcome="waiting").exists(), "the race was none"
    assert (Awaited.objects.count(), Wake.objects.count(), missed < ORDERS) == (0, 0, True)
    assert audit()["unaccounted"] == 0


def _ship_slowly(name, source_id):
    """The change is written, and not yet committed, while the engine decides to wait."""
    source = Source.objects.get(pk=source_id)
    with transaction.atomic():
        hear([Said(name, "delivery", "shipped")], source)
        meet()
        meet()


def _carry_meanwhile():
    meet()
    advance()
    meet()


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
def test_a_change_that_was_open_while_the_run_began_to_wait_is_found_half_a_minute_later(pair):
    shop = Shop()
    activate(save_draft(definition(wait_for("shipped", hours=24), code="waits"))[0])
    shop.order("O-1", customer=None)
    hear([Said("O-1", "payment", "paid")], shop.source)

    pair.run((_ship_slowly, "O-1", shop.source.pk), (_carry_meanwhile,))
    run = Run.objects.get()
    drain()
    assert path(run) == [("", "admitted"), ("awaited", "waiting")]
    assert Wake.objects.count() == 0

    with time_machine.travel(timezone.now() + timedelta(seconds=31)):
        drain()

    assert path(run) == [("", "admitted"), ("awaited", "waiting"), ("awaited", "arrived")]
