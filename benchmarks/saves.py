"""One order saved, against the same save by Django alone, in `atomic()` as whoever wants a trace must."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from django.db import connection, models, transaction
from django.test.utils import CaptureQueriesContext

from benchmarks.bench import Bench
from benchmarks.measuring import Row, alternate, per_second, repeat
from benchmarks.shop import CODES, Shop
from orders.models import Order
from statuses.models import OrderStatus


def measure(bench: Bench) -> Iterator[Row]:
    shop = Shop(1)
    order = Order.objects.get(external_id=shop.orders[0])
    with shop.campaign(to=["nothing"]):
        yield _row(bench, "save without a status change, x plain save", lambda: _in_atomic(order.save), order, 1.1, 1.0)
        statuses = [OrderStatus.objects.get(code=code) for code in CODES]
        queries = _queries(lambda: _move(order, statuses))
        what = f"save with one ({queries} queries), x plain save"
        yield _row(bench, what, lambda: _move(order, statuses), order, 2.2, 1.8)


def _row(bench: Bench, what: str, save: Callable[[], None], order: Order, must: float, aim: float) -> Row:
    saves = bench.sizes.saves
    save()  # the first of each fills caches
    _save_plainly(order)
    ours, theirs = alternate(
        bench.sizes.rounds,
        lambda: repeat(saves, save),
        lambda: repeat(saves, lambda: _save_plainly(order)),
    )
    return Row(what, ours / theirs, must, aim, ours=per_second(saves, ours), theirs=per_second(saves, theirs))


def _move(order: Order, statuses: list[OrderStatus]) -> None:
    order.payment_status = statuses[order.payment_status_id == statuses[0].pk]
    order.save()


def _save_plainly(order: Order) -> None:
    _in_atomic(lambda: models.Model.save(order))


def _in_atomic(save: Callable[[], None]) -> None:
    with transaction.atomic():
        save()


def _queries(do: Callable[[], None]) -> int:
    with CaptureQueriesContext(connection) as queries:
        do()
    return sum(not query["sql"].startswith(("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")) for query in queries)
