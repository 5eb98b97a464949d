"""The batch writer (inbox, orders, ledger, runs) against the same rows by hand, and against a save and a task each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
from django.utils import timezone

from benchmarks import raw
from benchmarks.bench import Bench
from benchmarks.measuring import Row, alternate, per_second, seconds_of
from benchmarks.naive_side import NaiveSide
from benchmarks.shop import Shop
from orders.transitions import hear


def measure(bench: Bench) -> Iterator[Row]:
    size = bench.sizes.set
    shop, naive = Shop(size), NaiveSide(bench, orders=bench.sizes.naive_saves)
    with shop.campaign(), raw.connect() as connection:
        _hear_by_hand(connection, shop), _hear(shop)  # the first of each pays for plans and caches
        ours, by_hand, saved = alternate(
            bench.sizes.rounds, lambda: _hear(shop), lambda: _hear_by_hand(connection, shop), naive.feed
        )
    naive_rate, rate = bench.sizes.naive_saves / saved, size / ours
    yield Row(
        f"batch writer, {size} changes, x raw SQL", ours / by_hand, 3, 1.5,
        ours=per_second(size, ours), theirs=per_second(size, by_hand),
    )  # fmt: skip
    yield Row(
        "batch writer, times naive save and delay", rate / naive_rate, 20, 50,
        ours=per_second(size, ours), theirs=per_second(bench.sizes.naive_saves, saved), more_is_better=True,
    )  # fmt: skip


def _hear(shop: Shop) -> float:
    said = shop.next_changes()
    return seconds_of(lambda: hear(said, shop.source))


def _hear_by_hand(connection: psycopg.Connection[Any], shop: Shop) -> float:
    said = shop.next_changes()

    def take_in() -> None:
        assert raw.hear(connection, said, shop.source.pk, timezone.now()) == len(said)

    return seconds_of(take_in)
