"""`status-changes/`: lists of 500 against a request for each, by one client over a connection that is kept."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.bench import Bench
from benchmarks.measuring import Row, alternate, per_second, repeat
from benchmarks.shop import Shop
from benchmarks.web import Teller, web

LIST = 500


def measure(bench: Bench) -> Iterator[Row]:
    shop = Shop(LIST)
    few, many = bench.sizes.requests, LIST * bench.sizes.lists
    with shop.campaign(), web(bench, shop) as teller:
        teller.tell(shop.next_changes())
        lists, singles = alternate(
            bench.sizes.rounds, lambda: _lists(teller, shop, bench.sizes.lists), lambda: _singles(teller, shop, few)
        )
    yield Row(
        f"changes in lists of {LIST}, times a request each", (many / lists) / (few / singles), 50, 100,
        ours=per_second(many, lists), theirs=per_second(few, singles), more_is_better=True,
    )  # fmt: skip


def _lists(teller: Teller, shop: Shop, lists: int) -> float:
    said = iter([shop.next_changes() for _ in range(lists)])
    return repeat(lists, lambda: teller.tell(next(said)))


def _singles(teller: Teller, shop: Shop, requests: int) -> float:
    said = iter(shop.next_changes(requests))
    return repeat(requests, lambda: teller.tell([next(said)]))
