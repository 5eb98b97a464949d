"""Two processes that tell of the same orders at once: every order is there once, and so is every event."""

import pytest

from orders.models import Order, StatusChange
from orders.upserts import read_order, upsert_orders
from tests.factories import StatusFactory
from tests.orders.ledgers import broken_orders
from workspace.models import Source

pytestmark = [
    pytest.mark.processes,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("races"),
]

ROUNDS = 15


def tell(numbers):
    """The same ids and events in each round of both processes; the outcomes of all."""
    shop = Source.objects.get(code="load")
    outcomes = []
    for turn in range(ROUNDS):
        rows = [
            {"external_id": f"{turn}-{n}", "total": "1.00", "payment_status": "paid", "event_id": f"{turn}-{n}"}
            for n in numbers
        ]
        outcomes += [
            one.problem or one.heard[0].verdict for one in upsert_orders([read_order(row) for row in rows], shop)
        ]
    return outcomes


def test_the_same_new_orders_told_in_opposite_orders_are_there_once(pair, transactional_db):
    StatusFactory(type="payment", code="paid")

    one, other = pair.run((tell, list(range(60))), (tell, list(reversed(range(60)))))

    assert Order.objects.count() == StatusChange.objects.count() == 900
    assert sorted(one + other) == ["duplicate"] * 900 + ["moved"] * 900
    assert broken_orders() == []
