"""A status is retired, merged or given a meaning while a feed uses it at full speed: nothing vanishes."""

import time
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from orders.merging import carry_on_merges, orders_in
from orders.models import StatusChange, StatusTransition, UnknownCode
from orders.said import Said
from orders.signals import statuses_changed
from orders.transitions import apply_parked, hear
from orders.unknown_codes import create_status, give_meaning
from statuses.lifecycle import Refusal, begin_merge, delete, restore, retire
from statuses.models import OrderStatus
from tests.factories import OrderFactory, SourceFactory, StatusFactory
from tests.orders.ledgers import broken_orders
from tests.processes import meet
from workspace.models import Source, Workspace

pytestmark = [
    pytest.mark.processes,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("races"),
]

NOON = datetime(2024, 5, 3, 12, 0, tzinfo=UTC)
ORDERS, TURNS = 60, 40
CODES = ("new", "shiped", "shipped", "lost")


@pytest.fixture(autouse=True)
def shop(pair, transactional_db):
    Workspace.objects.update(orders_enabled=True)
    for code in CODES[:3]:
        StatusFactory(code=code)
    for number in range(ORDERS):
        OrderFactory(external_id=f"O-{number}", customer=None)
    return SourceFactory(code="shop", on_unknown=Source.Unknown.USUAL)


def feed():
    """Every order goes through all codes, over and over. Answers what became of each change, by its words."""
    source, became = Source.objects.get(code="shop"), Counter()
    for turn in range(TURNS):
        at = NOON + timedelta(minutes=turn)
        said = [Said(f"O-{n}", "general", CODES[(n + turn) % len(CODES)], at, f"{n}/{turn}") for n in range(ORDERS)]
        for heard in hear(said, source).heard:
            became[heard.problem.code if heard.problem else str(heard.verdict)] += 1
    return dict(became)


def named(code):
    return OrderStatus.objects.get(code=code)


def wait_for(there):
    """What the feed brings about, sooner or later."""
    deadline = time.monotonic() + 30
    while not (found := there()):
        assert time.monotonic() < deadline, "the feed brought nothing about"
    return found


def merge_away():
    wait_for(orders_in(named("shiped")).exists)
    begin_merge(named("shiped"), named("shipped"))
    while OrderStatus.objects.exclude(merging_into=None).exists():
        carry_on_merges()


def come_and_go():
    for is_taken in (False, True) * 15:
        retire(named("shiped"), is_taken=is_taken)
        restore(named("shiped"))


def give_meanings():
    give_meaning(wait_for(UnknownCode.objects.first), named("new"), silently=False)


def make_status():
    unknown = wait_for(UnknownCode.objects.first)
    create_status(unknown, OrderStatus(type="general", code="lost", name="Lost"), silently=True)


def held_to_account(became):
    """Every change was answered once, and what was kept stands in the inbox under the verdict it was answered with,
    unless it waited; every order equals the fold of its ledger."""
    assert sum(became.values()) == ORDERS * TURNS
    assert set(became) <= {"moved", "unchanged", "parked", "status_retired", "late"}
    kept = sum(number for word, number in became.items() if word != "status_retired")
    assert StatusChange.objects.count() == kept
    assert broken_orders() == []


def test_a_merge_beside_a_feed_loses_no_change_and_leaves_nobody_behind(pair):
    became, _merged = pair.run((feed,), (merge_away,))

    held_to_account(became)
    assert not orders_in(named("shiped")).exists()
    merged = StatusTransition.objects.filter(silent_because="merge")
    assert set(merged.values_list("from_status__code", "to_status__code")) == {("shiped", "shipped")}
    last_there = StatusTransition.objects.filter(to_status__code="shiped").latest("pk").pk
    assert merged.filter(pk__gt=last_there).exists()
    assert StatusChange.objects.filter(code="shiped", status__code="shipped").exists()


def test_a_status_that_comes_and_goes_beside_a_feed_is_taken_or_refused(pair):
    became, _done = pair.run((feed,), (come_and_go,))

    held_to_account(became)
    assert became.get("moved", 0) > 0


def test_a_code_given_a_meaning_beside_a_feed_applies_what_waited(pair):
    became, _done = pair.run((feed,), (give_meanings,))
    apply_parked()

    held_to_account(became)
    assert not StatusChange.objects.filter(verdict="parked").exists()
    assert not UnknownCode.objects.exists()


def test_a_status_made_from_a_code_beside_a_feed_applies_what_waited(pair):
    became, _done = pair.run((feed,), (make_status,))
    apply_parked()

    held_to_account(became)
    assert not StatusChange.objects.filter(verdict="parked").exists()


def move_for_the_first_time():
    """Into a status that nothing used before, and slowly: somebody else has time between this and the commit."""
    waited = []

    def wait(**_kwargs):
        if not waited:
            waited.append(True)
            meet()
            time.sleep(0.5)

    statuses_changed.connect(wait)
    try:
        (heard,) = hear([Said("O-0", "general", "new", NOON, "1")], Source.objects.get(code="shop")).heard
    finally:
        statuses_changed.disconnect(wait)
    return str(heard.verdict)


def delete_unused():
    status = named("new")
    meet()
    try:
        delete(status)
    except Refusal as refusal:
        return refusal.code
    return "deleted"


def test_a_status_deleted_while_it_is_told_of_for_the_first_time_fails_nobody(pair):
    became = pair.run((move_for_the_first_time,), (delete_unused,))

    on_postgresql, on_sqlite = ["parked", "deleted"], ["moved", "status_in_use"]
    assert became == (on_postgresql if connection.vendor == "postgresql" else on_sqlite)
    assert UnknownCode.objects.count() == (became == on_postgresql)
    assert broken_orders() == []
