"""A status is merged into another: its orders move there, and its code means the other from then on."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders import merging
from orders.merging import carry_on_merges, orders_in
from orders.models import StatusTransition
from orders.said import Said
from orders.transitions import hear, move_silently
from statuses.lifecycle import begin_merge
from statuses.models import OrderStatus
from tests.factories import OrderFactory, SourceFactory, StatusFactory
from tests.orders.ledgers import broken_orders, ledger_of, statuses_of
from workspace.models import Workspace

pytestmark = pytest.mark.django_db

NOON = datetime(2024, 5, 3, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def shop(db):
    Workspace.objects.update(orders_enabled=True)
    for code in ("new", "shiped", "shipped"):
        StatusFactory(code=code)
    return SourceFactory()


def named(code):
    return OrderStatus.objects.get(code=code)


def orders_at(code, number, shop, minute=0):
    orders = [OrderFactory(external_id=f"{code}-{n}", customer=None) for n in range(number)]
    hear([Said(order.external_id, "general", code, NOON + timedelta(minutes=minute)) for order in orders], shop)
    return orders


def merge(code="shiped", into="shipped"):
    begin_merge(named(code), named(into))
    return carry_on_merges()


def test_its_orders_move_silently_and_keep_what_they_heard(shop):
    [order] = orders_at("shiped", 1, shop)
    heard_at = order.__class__.objects.get().general_heard_at

    assert merge() == 1

    last = StatusTransition.objects.latest("pk")
    assert ledger_of(order) == [("general", None, "shiped"), ("general", "shiped", "shipped")]
    assert (last.silent_because, last.occurred_at) == ("merge", heard_at)
    assert order.__class__.objects.get().general_heard_at == heard_at
    assert broken_orders() == []


def test_its_code_means_the_other_from_then_on(shop):
    [order] = orders_at("shiped", 1, shop)
    merge()

    again = hear([Said(order.external_id, "general", "shiped", NOON + timedelta(minutes=5))], shop)
    back = hear([Said(order.external_id, "general", "new", NOON + timedelta(minutes=6))], shop)
    there = hear([Said(order.external_id, "general", "Shiped", NOON + timedelta(minutes=7))], shop)

    assert [h.heard[0].verdict for h in (again, back, there)] == ["unchanged", "moved", "moved"]
    assert statuses_of(order) == ("shipped", None, None)
    assert named("shiped").merged_into == named("shipped")


def test_other_orders_stay_where_they_are(shop):
    orders_at("shiped", 2, shop)
    [other] = orders_at("new", 1, shop)

    merge()

    assert ledger_of(other) == [("general", None, "new")]


def test_a_merge_of_a_merge_leads_to_the_last(shop):
    [order] = orders_at("shiped", 1, shop)
    merge()
    merge("shipped", "new")

    assert named("shiped").merged_into == named("new")
    assert statuses_of(order) == ("new", None, None)
    assert hear([Said(order.external_id, "general", "shiped", NOON + timedelta(hours=1))], shop).heard[0].verdict == (
        "unchanged"
    )


def test_what_was_interrupted_is_carried_on(shop, monkeypatch):
    orders_at("shiped", 30, shop)
    begin_merge(named("shiped"), named("shipped"))
    monkeypatch.setattr(merging, "set_size", lambda: 7)
    monkeypatch.setattr(merging, "FEW", 5)

    assert carry_on_merges(within_s=0) == 0
    assert named("shiped").merging_into == named("shipped")
    assert carry_on_merges() == 30
    assert named("shiped").merging_into is None
    assert orders_in(named("shipped")).count() == 30
    assert broken_orders() == []
    assert carry_on_merges() == 0


def test_moving_a_set_asks_the_same_number_of_questions_whatever_its_size(shop, django_assert_num_queries):
    few, many = orders_at("shiped", 3, shop), orders_at("new", 20, shop)
    with CaptureQueriesContext(connection) as asked:
        move_silently([order.external_id for order in few], named("shiped"), named("shipped").pk)

    with django_assert_num_queries(len(asked)):
        move_silently([order.external_id for order in many], named("new"), named("shipped").pk)


def test_an_order_put_there_by_a_stale_copy_is_brought_home(shop):
    stale = named("shiped")
    merge()
    order = OrderFactory(external_id="late", customer=None, general_status=stale)

    assert carry_on_merges() == 1
    assert ledger_of(order) == [("general", None, "shiped"), ("general", "shiped", "shipped")]


def test_asked_for_it_begins_once_it_is_committed(shop, django_capture_on_commit_callbacks):
    [order] = orders_at("shiped", 1, shop)

    with django_capture_on_commit_callbacks(execute=True):
        begin_merge(named("shiped"), named("shipped"))

    assert statuses_of(order) == ("shipped", None, None)
