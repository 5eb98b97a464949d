"""What must hold for any input: batches against one by one, and any order of arrival against the order of time.

Each has a short form for every day and a long one for `make proof`.
"""

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest
import time_machine
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from orders.models import Order, StatusChange, StatusTransition
from orders.said import Said
from orders.standing import STATUS_FIELDS, TYPES
from orders.transitions import hear
from orders.upserts import OrderRow, upsert_orders
from statuses.models import OrderStatus
from tests.factories import OrderFactory, SourceFactory, StatusFactory, vocabulary
from tests.orders.ledgers import broken_orders, statuses_of

pytestmark = pytest.mark.django_db

NOON = datetime(2024, 5, 3, 12, 0, tzinfo=UTC)
NOW = NOON + timedelta(hours=1)
CODES = ("a", "b", "c")
KNOWN, UNKNOWN = ("one", "two"), "unknown"
SNAPSHOT = [f"{field}__code" for field in STATUS_FIELDS.values()]


def short(check, *examples):
    return settings(max_examples=20, deadline=None)(given(*examples)(check))


def long(check, *examples):
    return pytest.mark.proof(settings(max_examples=1000, deadline=None)(given(*examples)(check)))


@pytest.fixture(autouse=True)
def words(db):
    vocabulary(*((type, code) for type in TYPES for code in CODES))


@contextmanager
def undone():
    """Hypothesis tries many examples in one test: none may see what another left."""
    with transaction.atomic(), time_machine.travel(NOW, tick=False):
        yield
        transaction.set_rollback(True)


class World:
    """A shop with orders of its own: two worlds hear the same things and know nothing of each other."""

    def __init__(self, name):
        self.prefix, self.source = name + "-", SourceFactory()
        for order in KNOWN:
            OrderFactory(external_id=self.prefix + order, customer=None)

    def hear(self, changes):
        """[(verdict, problem), …]"""
        said = [
            Said(self.prefix + order, type, code, minute and NOON + timedelta(minutes=minute), event_id, sequence)
            for order, type, code, minute, event_id, sequence in changes
        ]
        return [(heard.verdict, heard.problem) for heard in hear(said, self.source).heard]

    def learn(self, order):
        OrderFactory(external_id=self.prefix + order, customer=None)

    def order(self, name):
        return Order.objects.get(external_id=self.prefix + name)

    def books(self):
        """Inbox, ledger and orders, free of ids."""
        inbox = StatusChange.objects.filter(source=self.source).order_by("id")
        orders = Order.objects.filter(external_id__startswith=self.prefix).order_by("id")
        heard = [f"{type}_heard_{what}" for type in TYPES for what in ("at", "sequence")]
        return [
            list(inbox.values_list("type", "code", "occurred_at", "sequence", "verdict", "status__code")),
            [ledger(order) for order in orders],
            list(orders.values_list(*SNAPSHOT, *heard)),
        ]


def ledger(order):
    rows = StatusTransition.objects.filter(order=order).order_by("id")
    return list(rows.values_list("type", "from_status__code", "to_status__code", "occurred_at", *SNAPSHOT))


def cut(changes, sizes):
    rest = iter(changes)
    for size in sizes:
        yield list(islice(rest, size))
    yield list(rest)


def told(codes=CODES, orders=KNOWN, minute=st.integers(1, 6), sequence=st.none() | st.integers(0, 3), event=st.none()):
    return st.tuples(st.sampled_from(orders), st.sampled_from(TYPES), st.sampled_from(codes), minute, event, sequence)


sizes = st.lists(st.integers(0, 6), max_size=6)
anything = st.lists(
    told(
        codes=(*CODES, "A", "new"),
        orders=(*KNOWN, UNKNOWN),
        minute=st.none() | st.integers(1, 6) | st.just(90),
        event=st.none() | st.sampled_from("123456789"),
    ),
    max_size=30,
)


def check_batches_leave_the_books_of_one_by_one(changes, sizes):
    with undone():
        batches, single = World("batches"), World("single")

        heard = [outcome for batch in cut(changes, sizes) for outcome in batches.hear(batch)]
        assert heard == [outcome for change in changes for outcome in single.hear([change])]
        assert batches.books() == single.books()

        for type in TYPES:
            StatusFactory(type=type, code="new")
        for world in (batches, single):
            world.learn(UNKNOWN)
        assert batches.books() == single.books()
        assert broken_orders() == []


test_batches_leave_the_books_of_one_by_one = short(check_batches_leave_the_books_of_one_by_one, anything, sizes)
test_batches_leave_the_books_of_one_by_one_at_length = long(
    check_batches_leave_the_books_of_one_by_one, anything, sizes
)


moves = st.lists(st.tuples(st.sampled_from(TYPES), st.sampled_from(CODES)), max_size=12)


def check_batches_leave_the_ledger_of_saves(moves, sizes):
    with undone():
        world, saved = World("batches"), OrderFactory(external_id="saved", customer=None)

        for minute, (type, code) in enumerate(moves, start=1):
            setattr(saved, STATUS_FIELDS[type], OrderStatus.objects.get(type=type, code=code))
            with time_machine.travel(NOON + timedelta(minutes=minute), tick=False):
                saved.save()
        changes = [("one", type, code, minute, None, None) for minute, (type, code) in enumerate(moves, start=1)]
        for batch in cut(changes, sizes):
            world.hear(batch)

        assert ledger(world.order("one")) == ledger(saved)
        assert broken_orders() == []


test_batches_leave_the_ledger_of_saves = short(check_batches_leave_the_ledger_of_saves, moves, sizes)
test_batches_leave_the_ledger_of_saves_at_length = long(check_batches_leave_the_ledger_of_saves, moves, sizes)


def distinct(what, **kwargs):
    codes, orders = (*CODES, "new"), (*KNOWN, UNKNOWN)
    return st.lists(told(codes=codes, orders=orders, **kwargs), max_size=20, unique_by=what).flatmap(st.permutations)


distinct_times = distinct(lambda change: (change[0], change[1], change[3]), minute=st.integers(1, 15))
distinct_sequences = distinct(lambda change: (change[0], change[1], change[3], change[5]), sequence=st.integers(0, 5))


appears = st.integers(0, 6)


def check_any_order_of_arrival_ends_as_the_order_of_time(changes, sizes, order_appears, code_appears):
    with undone():
        world = World("world")
        batches = list(cut(changes, sizes))

        for place, batch in enumerate(batches):
            world.hear(batch)
            if place == min(order_appears, len(batches) - 1):
                world.learn(UNKNOWN)
            if place == min(code_appears, len(batches) - 1):
                for type in TYPES:
                    StatusFactory(type=type, code="new")

        for order in (*KNOWN, UNKNOWN):
            assert statuses_of(world.order(order)) == tuple(newest(changes, order, type) for type in TYPES)
        assert broken_orders() == []


def newest(changes, order, type):
    """The code that was said last, by time and then by sequence."""
    codes = {(minute, sequence or 0): code for o, t, code, minute, _, sequence in changes if (o, t) == (order, type)}
    return codes[max(codes)] if codes else None


arrivals = (distinct_times | distinct_sequences, sizes, appears, appears)
test_any_order_of_arrival_ends_as_the_order_of_time = short(
    check_any_order_of_arrival_ends_as_the_order_of_time, *arrivals
)
test_any_order_of_arrival_ends_as_the_order_of_time_at_length = long(
    check_any_order_of_arrival_ends_as_the_order_of_time, *arrivals
)


of_new_order = st.lists(told(orders=[UNKNOWN], minute=st.integers(1, 15)), max_size=12, unique_by=lambda told: told[3])
bodies = st.dictionaries(st.sampled_from(TYPES), st.sampled_from(CODES))


def check_a_new_orders_ledger_is_its_fold_in_order_of_time(parked, statuses, minute):
    with undone():
        world = World("world")
        world.hear(parked)
        row = OrderRow(world.prefix + UNKNOWN, {}, statuses, NOON + timedelta(minutes=minute, seconds=30))

        (upserted,) = upsert_orders([row], world.source)

        told = [(NOON + timedelta(minutes=change[3]), change[1], change[2]) for change in parked]
        told += [(row.occurred_at, type, code) for type, code in statuses.items()]
        assert [move[:4] for move in ledger(world.order(UNKNOWN))] == list(fold(sorted(told, key=lambda one: one[0])))
        assert "late" not in {heard.verdict for heard in upserted.heard}
        assert broken_orders() == []


def fold(told):
    standing = dict.fromkeys(TYPES)
    for at, type, code in told:
        if standing[type] != code:
            yield (type, standing[type], code, at)
            standing[type] = code


arriving = (of_new_order, bodies, st.integers(0, 16))
test_a_new_orders_ledger_is_its_fold_in_order_of_time = short(
    check_a_new_orders_ledger_is_its_fold_in_order_of_time, *arriving
)
test_a_new_orders_ledger_is_its_fold_in_order_of_time_at_length = long(
    check_a_new_orders_ledger_is_its_fold_in_order_of_time, *arriving
)
