"""History as analytics keeps it, and as DuckDB reads it from inbox and ledger."""

from datetime import UTC

import pytest

from analytics import history
from analytics.models import Visit
from tests.analytics.oracle.export import export
from tests.analytics.oracle.history import COLUMNS, read_history, visits
from tests.analytics.oracle.shops import PATIENCE_S, Shop

pytestmark = pytest.mark.django_db

SIZE = 8
CUSTOMER = COLUMNS.index("customer_id")


def check_history(seed, size):
    """However it is read: of some customers beside it, brought up to date now and then, made anew in the end."""
    shop, are_statuses_read = Shop(seed, size), False
    for happened in shop.open():
        are_statuses_read = are_statuses_read and happened == "told"
        if are_statuses_read:
            some = {customer.pk for customer in shop.sample(shop.customers, size // 2)}
            history.catch_up_for(some)
            assert_same(seed, size, "of a few", some)
        if shop.chance(0.7):
            read_all()
            assert_same(seed, size, "brought up to date")
            are_statuses_read = True
    for read in (read_all, history.rebuild):
        read()
        assert_same(seed, size, read.__name__)


def read_all():
    history.follow(within_s=PATIENCE_S)


def assert_same(seed, size, when, customers=None):
    duck = export(("orders", "inbox", "ledger", "statuses"))
    read_history(duck)
    theirs, ours = (
        {row for row in rows if customers is None or row[CUSTOMER] in customers} for rows in (visits(duck), kept())
    )
    if theirs != ours:
        raise AssertionError(
            f"Seed {seed}, size {size}, {when}: {', '.join(COLUMNS)}\n"
            f"DuckDB alone: {told(theirs - ours)}\nAnalytics alone: {told(ours - theirs)}"
        )


def kept():
    return [tuple(map(without_zone, row)) for row in Visit.objects.values_list(*COLUMNS)]


def without_zone(value):
    return value.astimezone(UTC).replace(tzinfo=None) if hasattr(value, "astimezone") else value


def told(rows):
    return "".join(f"\n    {', '.join(map(str, row))}" for row in sorted(rows, key=str)) or " none"


@pytest.mark.parametrize("seed", range(10))
def test_history_is_as_duckdb_reads_it(seed):
    check_history(seed, SIZE)


@pytest.mark.proof
@pytest.mark.parametrize("seed", range(1000, 1500))
def test_history_is_as_duckdb_reads_it_at_length(seed):
    check_history(seed, 1 + seed % 25)
