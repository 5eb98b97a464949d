"""From runs that are due to texts that the provider took, with real workers: ours, the naive design, raw SQL."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from benchmarks.bench import POLL_S, Bench, GaveUp, celery
from benchmarks.measuring import Row, alternate, per_second
from benchmarks.naive_side import NaiveSide
from benchmarks.provider import Provider, provider
from benchmarks.shop import EIGHT_STEPS, Shop, is_under_way
from orderstatus_project.supervisor import Child
from workspace.queues import QUEUES

PROCESSES = 2
PATIENCE_S = 1800.0


def measure(bench: Bench) -> Iterator[Row]:
    shop = Shop(bench.sizes.runs)
    with provider(bench) as gateway:
        yield from _against_naive(bench, shop, gateway)
        yield from _against_raw(bench, shop, gateway)
        yield from _two_against_one(bench, shop, gateway)
        yield from _eight_steps_against_two(bench, shop, gateway)


def _against_naive(bench: Bench, shop: Shop, gateway: Provider) -> Iterator[Row]:
    naive = NaiveSide(bench, bench.sizes.naive_runs)
    runs, few = bench.sizes.runs, bench.sizes.naive_runs
    with gateway.connected("http", "send"):
        ours, tuned, untuned = alternate(
            bench.sizes.pipelines,
            lambda: _ours(bench, shop, PROCESSES),
            lambda: _naive(naive, gateway, tuned=True),
            lambda: _naive(naive, gateway, tuned=False),
        )
    rate = runs / ours
    for what, theirs, must, aim in (("tuned", tuned, 35, 100), ("untuned", untuned, 70, 200)):
        yield Row(
            f"pipeline over HTTP, times naive {what}", rate / (few / theirs), must, aim,
            ours=per_second(runs, ours), theirs=per_second(few, theirs), more_is_better=True,
        )  # fmt: skip


def _against_raw(bench: Bench, shop: Shop, gateway: Provider) -> Iterator[Row]:
    runs = bench.sizes.runs
    with gateway.connected("http_batch", "batch"):
        ours, by_hand = alternate(
            bench.sizes.pipelines, lambda: _ours(bench, shop, PROCESSES), lambda: _raw(bench, shop, gateway)
        )
    yield Row(
        "pipeline over HTTP in batches, x raw SQL", ours / by_hand, 3, 1.5,
        ours=per_second(runs, ours), theirs=per_second(runs, by_hand),
    )  # fmt: skip


def _two_against_one(bench: Bench, shop: Shop, gateway: Provider) -> Iterator[Row]:
    runs = bench.sizes.runs
    with gateway.connected("http", "send"):
        two, one = alternate(bench.sizes.pipelines, lambda: _ours(bench, shop, 2), lambda: _ours(bench, shop, 1))
    yield Row(
        "two workers, times one", one / two, 1.6, 1.9,
        ours=per_second(runs, two), theirs=per_second(runs, one), more_is_better=True,
    )  # fmt: skip


def _eight_steps_against_two(bench: Bench, shop: Shop, gateway: Provider) -> Iterator[Row]:
    """Each of the orders takes all eight steps, through three branches that hold some, to its one text."""
    runs = bench.sizes.runs
    with gateway.connected("http_batch", "batch"):
        eight, two = alternate(
            bench.sizes.pipelines,
            lambda: _ours(bench, shop, PROCESSES, steps=EIGHT_STEPS),
            lambda: _ours(bench, shop, PROCESSES),
        )
    yield Row(
        "8 steps with 3 branches in batches, x 2 steps", eight / two, 2, 1.5,
        ours=per_second(runs, eight), theirs=per_second(runs, two),
    )  # fmt: skip


@contextmanager
def our_workers(bench: Bench, processes: int) -> Iterator[Child]:
    """A worker and a beat, as an installation has them."""
    command = celery("orderstatus_project", processes, QUEUES)
    beat = ("-m", "celery", "--app", "orderstatus_project", "beat", "--scheduler", "celery.beat.Scheduler")
    with (
        bench.process("worker", *command, ready=" ready.", CELERY_SKIP_CHECKS="1") as worker,
        bench.process("beat", *beat, "--pidfile", "", CELERY_SKIP_CHECKS="1"),
    ):
        yield worker


def _ours(bench: Bench, shop: Shop, processes: int, **keys: Any) -> float:
    with our_workers(bench, processes), shop.campaign(**keys) as campaign:
        _seconds_until(lambda: is_under_way(campaign), shop.release(campaign, processes))  # the first cost more, once
        return _seconds_until(lambda: is_under_way(campaign), shop.release(campaign))


def _raw(bench: Bench, shop: Shop, gateway: Provider) -> float:
    with ExitStack() as stack:
        campaign = stack.enter_context(shop.campaign())
        for number in range(PROCESSES):
            stack.enter_context(bench.process(f"raw-{number}", "-m", "benchmarks.raw", gateway.url, ready="ready"))
        return _seconds_until(lambda: is_under_way(campaign), shop.release(campaign))


def _naive(naive: NaiveSide, gateway: Provider, *, tuned: bool) -> float:
    with naive.workers(PROCESSES, gateway.url, tuned=tuned):
        _seconds_until(naive.is_under_way, naive.begin(PROCESSES))
        return _seconds_until(naive.is_under_way, naive.begin(len(naive.orders)))


def _seconds_until(is_under_way: Callable[[], bool], began: float) -> float:
    while is_under_way():
        if time.perf_counter() - began > PATIENCE_S:
            raise GaveUp(f"The pipeline did not end within {PATIENCE_S:.0f} s.")
        time.sleep(POLL_S)
    return time.perf_counter() - began
