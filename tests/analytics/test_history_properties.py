"""What must hold for any input: visits as they grow against a plain fold, and any order of arrival against another.

Each has a short form for every day and a long one for `make proof`.
"""

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics import history
from analytics.models import Visit
from orders.merging import carry_on_merges
from orders.models import Order
from orders.said import Said
from orders.standing import STATUS_FIELDS
from orders.transitions import hear
from statuses import lifecycle
from statuses.models import OrderStatus, StatusAlias
from tests.analytics.folds import folded_visits, kept_visits
from tests.factories import CustomerFactory, OrderFactory, SourceFactory, vocabulary

pytestmark = pytest.mark.django_db

NOON = datetime(2024, 5, 3, 12, 0, tzinfo=UTC)
TYPES, CODES, NEW = ("general", "payment"), ("a", "b", "c", "d"), ("new", "newer")
KNOWN, UNKNOWN = ("one", "two"), "three"


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
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


class World:
    """A shop, and all that may become of what it tells."""

    def __init__(self):
        self.source = SourceFactory()
        for order in KNOWN:
            OrderFactory(external_id=order, customer=None)

    def hear(self, told):
        hear([Said(o, t, code, NOON + timedelta(minutes=m), None, seq) for o, t, code, m, seq in told], self.source)

    def save(self, order, type, code):
        found, status = Order.objects.filter(external_id=order).first(), self._standing(type, code)
        if found is not None:
            setattr(found, STATUS_FIELDS[type], status)
            found.save()

    def appear(self):
        if not Order.objects.filter(external_id=UNKNOWN).exists():
            OrderFactory(external_id=UNKNOWN)

    def explain(self, type, new, code):
        """Say what a code means that nobody knew."""
        if not StatusAlias.objects.filter(type=type, code=new).exists():
            StatusAlias.objects.create(type=type, code=new, status=self._standing(type, code))

    def mark(self, type, code):
        status = OrderStatus.objects.get(type=type, code=code)
        lifecycle.change(status, {"include_in_analytics": not status.include_in_analytics})

    def merge(self, type, code, into):
        try:
            lifecycle.begin_merge(*(OrderStatus.objects.get(type=type, code=one) for one in (code, into)))
        except lifecycle.Refusal:
            return
        carry_on_merges()

    def sell(self, order):
        Order.objects.filter(external_id=order).update(customer=CustomerFactory())

    def catch_up(self):
        history.follow(within_s=60)

    def catch_up_for(self, order):
        history.catch_up_for([], Order.objects.filter(external_id=order).values_list("pk", flat=True))

    def _standing(self, type, code):
        status = OrderStatus.objects.get(type=type, code=code)
        return status.merged_into or status


of_type, orders = st.sampled_from(TYPES), st.sampled_from(KNOWN)
codes, new_codes = st.sampled_from(CODES), st.sampled_from(NEW)


def told(minutes=st.integers(1, 6), sequences=st.none() | st.integers(0, 2)):
    return st.tuples(st.sampled_from((*KNOWN, UNKNOWN)), of_type, codes | new_codes, minutes, sequences)


steps = st.lists(
    st.one_of(
        st.tuples(st.just("hear"), st.lists(told(), min_size=1, max_size=5)),
        st.tuples(st.just("hear"), st.lists(told(), min_size=1, max_size=5)),
        st.tuples(st.just("save"), orders, of_type, codes),
        st.tuples(st.just("appear")),
        st.tuples(st.just("explain"), of_type, new_codes, codes),
        st.tuples(st.just("mark"), of_type, codes),
        st.tuples(st.just("merge"), of_type, codes, codes),
        st.tuples(st.just("sell"), orders),
        st.tuples(st.just("catch_up")),
        st.tuples(st.just("catch_up_for"), orders),
    ),
    max_size=14,
)


def check_visits_are_the_fold_of_all_that_was_told(steps, size):
    with undone(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(history, "SET", size)
        world = World()
        for minute, (verb, *how) in enumerate(steps):
            # Some are received at one moment.
            with time_machine.travel(NOON + timedelta(hours=1, minutes=minute // 3), tick=False):
                getattr(world, verb)(*how)
        world.catch_up()

        every = Order.objects.all()
        kept = kept_visits(every)
        assert kept == folded_visits(every)
        history.rebuild()
        assert kept_visits(every) == kept


sizes = st.sampled_from((1, 2, 2000))
test_visits_are_the_fold_of_all_that_was_told = short(check_visits_are_the_fold_of_all_that_was_told, steps, sizes)
test_visits_are_the_fold_of_all_that_was_told_at_length = long(
    check_visits_are_the_fold_of_all_that_was_told, steps, sizes
)


distinct = st.lists(
    told(minutes=st.integers(1, 15), sequences=st.none()), max_size=20, unique_by=lambda one: (one[0], one[1], one[3])
)


def check_any_order_of_arrival_gives_the_same_visits(arrivals, cuts):
    with undone(), time_machine.travel(NOON + timedelta(hours=1), tick=False):
        first, second = arrivals
        assert arrived(first, cuts) == arrived(second, ())


def arrived(changes, cuts):
    """Visits by what they tell, with a look at them now and then."""
    with undone():
        world = World()
        world.appear()
        for type in TYPES:
            for new in NEW:
                world.explain(type, new, "d")
        for nth, change in enumerate(changes):
            world.hear([change])
            if nth in cuts:
                world.catch_up()
        world.catch_up()
        columns = (
            "order__external_id",
            "type",
            "ordinal",
            "status__code",
            "from_status__code",
            "entered_at",
            "left_at",
        )
        rows = Visit.objects.values_list(*columns, "path_from__code", "path_left_at")
        return sorted(rows, key=lambda row: row[:3])


arrivals = distinct.flatmap(lambda changes: st.tuples(st.just(changes), st.permutations(changes)))
cuts = st.frozensets(st.integers(0, 19), max_size=4)
test_any_order_of_arrival_gives_the_same_visits = short(
    check_any_order_of_arrival_gives_the_same_visits, arrivals, cuts
)
test_any_order_of_arrival_gives_the_same_visits_at_length = long(
    check_any_order_of_arrival_gives_the_same_visits, arrivals, cuts
)
