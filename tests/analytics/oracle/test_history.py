"""History as analytics keeps it, and as DuckDB reads it from inbox and ledger."""

from datetime import UTC

import pytest

from analytics import history
from analytics.models import Visit
from tests.analytics.oracle.export import export
from tests.analytics.oracle.history import COLUMNS, read_history, visits
from tests.analytics.oracle.shops import Shop

pytestmark = pytest.mark.django_db

SIZE = 8


def check_history(seed, size):
    """Brought up to date each time that something was told, and made anew in the end."""
    for told, _none in enumerate(Shop(seed, size).open()):
        history.catch_up()
        assert_same(seed, size, f"after telling {told}")
    history.rebuild()
    assert_same(seed, size, "rebuilt")


def assert_same(seed, size, when):
    duck = export()
    read_history(duck)
    theirs, ours = set(visits(duck)), set(kept())
    if theirs != ours:
        raise AssertionError(
            f"Seed {seed}, size {size}, {when}: {', '.join(COLUMNS)}\n"
            f"DuckDB alone: {told(theirs - ours)}\nAnalytics alone: {told(ours - theirs)}"
        )


def kept():
    return (tuple(map(without_zone, row)) for row in Visit.objects.values_list(*COLUMNS))


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
