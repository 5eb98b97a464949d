from datetime import UTC, datetime

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from orders.dates import Date, dates_of, read_date
from orders.models import Order, OrderDate
from orders.upserts import read_order, upsert_orders
from tests.factories import OrderFactory, SourceFactory


def day(number, month=5):
    return datetime(2024, month, number, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2024-05-03", Date(day(3), is_day=True)),
        ("2024-05-03T10:00:00", Date(day(3), is_day=True)),
        ("2024-05-03T23:00:00-02:00", Date(datetime(2024, 5, 4, 1, tzinfo=UTC), is_day=False)),
        ("2024-05-03 10:00:00Z", Date(datetime(2024, 5, 3, 10, tzinfo=UTC), is_day=False)),
        ("2024-02-30", None),
        ("0001-01-01", None),
        ("9999-12-31", None),
        ("20240503", None),
        ("3 May 2024", None),
        ("2024-05-03T10:00:00.000000+02:00, or later", None),
        ("", None),
    ],
)
def test_what_is_a_date(text, date):
    assert read_date(text) == date


def test_dates_are_members_of_what_a_shop_may_write():
    blocks = {
        "custom": {"visit": "2024-05-03", "note": "soon", "n": 20240503, "x" * 65: "2024-05-03"},
        "delivery": {"visit": "2024-05-04", "to": {"by": "2024-05-05"}},
        "payment": {"paid": "2024-05-06"},
    }

    assert sorted(dates_of(blocks)) == ["custom.visit", "delivery.visit"]


pytestmark = pytest.mark.django_db


def kept():
    return sorted(OrderDate.objects.values_list("order__external_id", "name", "at", "is_day"))


def test_a_saved_order_keeps_its_dates():
    order = OrderFactory(external_id="O-1", custom={"visit": "2024-05-03", "call": "2024-05-04"})
    order.custom = {"visit": "2024-05-05"}
    order.save()

    assert kept() == [("O-1", "custom.visit", day(5), True)]


def test_a_save_of_another_field_touches_none():
    OrderFactory(external_id="O-1", custom={"visit": "2024-05-03"}, delivery={"by": "2024-05-04"})
    order = Order.objects.defer("delivery").get()

    order.custom = {}
    order.save(update_fields=["currency"])
    assert len(kept()) == 2
    order.save()

    assert kept() == [("O-1", "delivery.by", day(4), True)]


def test_what_is_taken_away_by_the_copy_that_wrote_it_goes():
    order = OrderFactory(custom={"visit": "2024-05-03"})
    order.custom = {}
    order.save()

    assert kept() == []


def test_dates_are_rolled_back_with_their_order():
    order = OrderFactory(external_id="O-1", custom={"visit": "2024-05-03"})
    with transaction.atomic():
        order.custom = {"visit": "2024-05-05"}
        order.save()
        transaction.set_rollback(True)

    assert kept() == [("O-1", "custom.visit", day(3), True)]


def test_orders_told_of_keep_their_dates():
    source = SourceFactory()

    def tell(*rows, **how):
        upsert_orders([read_order(row) for row in rows], source, **how)

    tell({"external_id": "O-1", "custom": {"visit": "2024-05-03"}}, {"external_id": "O-2"})
    assert kept() == [("O-1", "custom.visit", day(3), True)]
    tell({"external_id": "O-1", "delivery": {"by": "2024-05-09"}}, merging=True)
    tell({"external_id": "O-2", "custom": {"visit": "2024-05-04"}}, {"external_id": "O-2", "custom": {"visit": "x"}})
    tell({"external_id": "O-3", "custom": {"visit": "2024-05-04"}, "customer": "nobody"})
    assert kept() == [("O-1", "custom.visit", day(3), True), ("O-1", "delivery.by", day(9), True)]
    tell({"external_id": "O-1", "custom": None})

    assert kept() == [("O-1", "delivery.by", day(9), True)]


def test_orders_without_dates_cost_nothing_more():
    source = SourceFactory()

    def cost(*names, **fields):
        rows = [read_order({"external_id": name, **fields}) for name in names]
        with CaptureQueriesContext(connection) as queries:
            upsert_orders(rows, source)
        return len(queries)

    plain = cost("A-1", custom={"note": "soon"})
    few = cost("B-1", "B-2", custom={"visit": "2024-05-03"})
    many = cost(*(f"C-{n}" for n in range(40)), custom={"visit": "2024-05-03"})

    assert few == many == plain + 3
    assert OrderDate.objects.count() == 42
