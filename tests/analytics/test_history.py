"""Visits against a fold written plainly, as it comes to be known and all at once."""

from datetime import UTC, datetime, timedelta

import pytest

from analytics import history
from analytics.models import Visit
from orders.said import Said
from orders.transitions import hear
from tests.factories import OrderFactory, SourceFactory, vocabulary

pytestmark = pytest.mark.django_db

NOON = datetime(2024, 5, 3, 12, 0, tzinfo=UTC)


@pytest.fixture
def shop(db):
    vocabulary(*(("general", code) for code in "abcu"))
    OrderFactory(external_id="O-1")
    return SourceFactory(code="shop")


def tell(shop, *told, order="O-1", type="general"):
    """ "a10": a, ten minutes after noon."""
    hear([Said(order, type, one[0], NOON + timedelta(minutes=int(one[1:]))) for one in told], shop)


def visits(order="O-1", type="general"):
    """["a 10-20", "b 20-"]"""
    rows = Visit.objects.filter(order__external_id=order, type=type).order_by("ordinal")
    return [f"{row.status.code} {minutes(row.entered_at)}-{minutes(row.left_at)}" for row in rows]


def steps(order="O-1", type="general"):
    """["> a 10-20", "a > b 20-"]"""
    rows = Visit.objects.filter(order__external_id=order, type=type, is_step=True).order_by("ordinal")
    return [
        f"{row.path_from.code if row.path_from else ''}>{row.status.code} "
        f"{minutes(row.entered_at)}-{minutes(row.path_left_at)}"
        for row in rows
    ]


def minutes(at):
    return "" if at is None else int((at - NOON).total_seconds() / 60)


def test_a_late_event_is_read_in_its_place(shop):
    tell(shop, "a10", "c30")
    history.catch_up()
    assert visits() == ["a 10-30", "c 30-"]

    tell(shop, "b20")
    history.catch_up()

    assert visits() == ["a 10-20", "b 20-30", "c 30-"]
