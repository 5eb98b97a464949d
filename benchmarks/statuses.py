"""What Settings > Order Statuses costs beside many orders: the page, and the count of them that it asks for later."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from django.db import connection
from django.test import Client

from benchmarks.bench import Bench, GaveUp
from benchmarks.measuring import Row, alternate, repeat
from statuses.models import OrderStatus, StatusType
from statuses.writing import add_together
from workspace.models import User

LIST = "/admin/statuses/orderstatus/"
EACH_TYPE, FEW, MANY = 167, 1_000, 10
PAGES = 5


def measure(bench: Bench) -> Iterator[Row]:
    """The same pages before and after so many orders are there: they cannot be taken away in turns."""
    many = bench.sizes.backlog * MANY
    statuses = _make_statuses()
    shown = ",".join(str(pk) for pk in statuses[:50])
    page, counts = _asks(LIST), _asks(f"{LIST}orders/?of={shown}")
    _make_orders(FEW)
    [page_beside_few] = alternate(bench.sizes.rounds, page)
    _make_orders(many)
    page_beside_many, counting = alternate(bench.sizes.rounds, page, counts)
    yield Row(
        f"{len(statuses)} statuses listed beside {many:,} orders, x beside {FEW:,}",
        page_beside_many / page_beside_few, 1.2, 1.05,
        ours=_ms(page_beside_many), theirs=_ms(page_beside_few),
    )  # fmt: skip
    yield Row("the same, median", page_beside_many / PAGES * 1000, 300, 150, unit="ms")
    yield Row("their orders counted, which comes after the page", counting / PAGES * 1000, 1000, 300, unit="ms")


def _make_statuses() -> list[int]:
    add_together(
        [
            OrderStatus(type=type, code=f"listed-{n}", name=f"Listed {n}")
            for type in StatusType.values
            for n in range(EACH_TYPE)
        ]
    )
    return list(OrderStatus.objects.listed().values_list("pk", flat=True))


# One after the other, by three different strides.
ORDERS = """
    INSERT INTO orders_order (external_id, currency, lines, delivery, payment, custom, created_at, updated_at,
        placed_at, silent_because, is_test, general_status_id, delivery_status_id, payment_status_id)
    SELECT 'listed-' || %(number)s || '-' || n, 'EUR', '[]', '{}', '{}', '{}', now(), now(),
        now(), '', false,
        (%(general)s)[1 + mod(n, %(each)s)], (%(delivery)s)[1 + mod(n * 3, %(each)s)],
        (%(payment)s)[1 + mod(n * 7, %(each)s)]
    FROM generate_series(1, %(number)s) AS n
"""


def _make_orders(number: int) -> None:
    """Each stands in a status of each type, without a ledger, which no page here reads."""
    statuses = {
        type: list(OrderStatus.objects.of_type(type).order_by().values_list("pk", flat=True))
        for type in StatusType.values
    }
    with connection.cursor() as cursor:
        cursor.execute(ORDERS, {"number": number, "each": EACH_TYPE, **statuses})
        cursor.execute("VACUUM ANALYZE orders_order")  # as autovacuum would have


def _asks(address: str) -> Callable[[], float]:
    client = Client(SERVER_NAME="localhost")
    client.force_login(User.objects.get_or_create(username="bench", is_superuser=True, is_staff=True)[0])

    def ask() -> None:
        answer = client.get(address)
        if answer.status_code != 200:
            raise GaveUp(f"{address} answers {answer.status_code}.")

    return lambda: repeat(PAGES, ask)


def _ms(seconds: float) -> str:
    return f"{seconds / PAGES * 1000:.0f} ms"
