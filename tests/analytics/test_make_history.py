"""A made-up past is as the writer would have left it, the same for one seed, and what was asked for."""

from datetime import UTC, datetime

import pytest
from django.core.management import CommandError, call_command

from analytics import history
from analytics.made_up import Plan, Telling, happenings
from analytics.models import Visit
from campaigns.books import audit
from customers.models import Customer
from orders.models import Order, StatusChange, StatusTransition
from tests.analytics.folds import folded_visits, kept_visits
from tests.factories import CustomerFactory, OrderFactory
from tests.orders.ledgers import broken_orders
from workspace.models import Source


@pytest.fixture
def made(transactional_db):
    make(orders=300, customers=60, transitions=900)


def make(**how):
    call_command("make_history", **{"seed": 3, **how}, until=datetime(2026, 3, 1, tzinfo=UTC))


def test_it_is_as_the_writer_would_have_left_it(made):
    assert broken_orders() == []
    assert audit()["unaccounted"] == 0
    assert set(StatusTransition.objects.values_list("silent_because", flat=True)) == {"history"}
    assert set(Order.objects.values_list("silent_because", flat=True)) == {"history"}


def test_it_is_about_as_much_as_was_asked_for(made):
    assert 295 <= Order.objects.count() <= 300
    assert Customer.objects.count() == 60
    assert 700 < StatusTransition.objects.count() < 1100
    assert set(StatusChange.objects.values_list("verdict", flat=True)) == {"moved", "unchanged", "late"}
    told_by = set(StatusTransition.objects.values_list("source__code", flat=True))
    assert told_by == {"shop", "payments", "warehouse", "carrier", Source.objects.get(pk=Source.ADMIN_ID).code}


def test_its_history_is_read(made):
    orders = list(Order.objects.all())

    assert kept_visits(orders) == folded_visits(orders)
    assert history.backlog() == 0
    assert Visit.objects.filter(status__code="checkout_draft", is_step=True).count() == 0


def test_what_comes_after_it_gets_keys_of_its_own(made):
    OrderFactory(customer=CustomerFactory())

    with pytest.raises(CommandError, match="What seed 3 makes is here already"):
        make(orders=10, beside=True)
    make(orders=20, beside=True, seed=4)

    assert Order.objects.count() > 310
    assert audit()["unaccounted"] == 0


def test_it_leaves_alone_a_database_with_orders(transactional_db):
    OrderFactory()

    with pytest.raises(CommandError, match="There are orders here already"):
        make(orders=10)


def test_the_same_seed_tells_the_same():
    plan = Plan(5, 200, 40, 600, 365, datetime(2026, 3, 1, tzinfo=UTC))

    assert list(map(_told, happenings(plan))) == list(map(_told, happenings(plan)))


def _told(happening):
    if not isinstance(happening, Telling):
        return happening
    return happening.received_at, happening.order.number, happening.code, happening.occurred_at, happening.sequence


def test_what_is_told_comes_in_the_order_of_its_arrival():
    plan = Plan(5, 200, 40, 600, 365, datetime(2026, 3, 1, tzinfo=UTC))

    told = [happening for happening in happenings(plan) if isinstance(happening, Telling)]

    assert told == sorted(told, key=lambda one: (one.received_at, one.number))
    assert all(one.occurred_at <= one.received_at < plan.until for one in told)
