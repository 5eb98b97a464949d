"""What waiting runs cost a sweep, and active campaigns a status change."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from benchmarks.bench import Bench
from benchmarks.measuring import Row, alternate, repeat
from benchmarks.shop import Shop
from campaigns.engine import advance
from campaigns.lifecycle import pause, resume
from campaigns.models import Activation, Campaign, Run
from orders.transitions import hear
from statuses.models import OrderStatus

FEW, MANY = 2, 200
SWEEPS = 50


def measure(bench: Bench) -> Iterator[Row]:
    yield from _sweeps(bench)
    yield _campaigns(bench)


def _sweeps(bench: Bench) -> Iterator[Row]:
    """An idle sweep before and after so many runs are put to sleep. They cannot be taken away in turns."""
    shop, waiting = Shop(bench.sizes.backlog), f"{bench.sizes.backlog:,} waiting runs"
    with shop.campaign() as campaign:
        [without] = alternate(bench.sizes.rounds, _sweep)
        _put_to_sleep(shop, campaign)
        [beside] = alternate(bench.sizes.rounds, _sweep)
        yield Row(
            f"an idle sweep beside {waiting}, x one beside none", beside / without, 2, 1.1,
            ours=f"{beside / SWEEPS * 1000:.2f} ms", theirs=f"{without / SWEEPS * 1000:.2f} ms",
        )  # fmt: skip
        yield Row(f"runs that an idle sweep reads beside {waiting}", _rows_read(), 0, 0, unit="")
        Run.objects.filter(campaign=campaign).update(due_at=timezone.now() + timedelta(days=30))


def _sweep() -> float:
    return repeat(SWEEPS, advance)


def _put_to_sleep(shop: Shop, campaign: Campaign) -> None:
    pause(campaign)
    shop.tell(shop.next_changes())
    Run.objects.filter(campaign=campaign).update(due_at=timezone.now() + timedelta(days=1))
    resume(campaign)


def _rows_read() -> int:
    """How many runs PostgreSQL looks at for a sweep that finds nothing to do, by its own count."""
    with CaptureQueriesContext(connection) as queries:
        advance()
    with transaction.atomic(), connection.cursor() as cursor:
        asked = [query["sql"] for query in queries if 'FROM "campaigns_run"' in query["sql"]]
        return sum(_runs_in(_plan(cursor, sql)) for sql in asked)


def _plan(cursor: Any, sql: str) -> dict[str, Any]:
    cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}")
    [[[told]]] = cursor.fetchall()
    plan: dict[str, Any] = told["Plan"]
    return plan


def _runs_in(node: dict[str, Any]) -> int:
    mine = 0
    if node.get("Relation Name") == "campaigns_run":
        mine = (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
    return int(mine) + sum(_runs_in(inner) for inner in node.get("Plans", []))


def _campaigns(bench: Bench) -> Row:
    """One of them answers; the others wait for something else."""
    shop = Shop(1)
    for number in range(MANY):
        OrderStatus.objects.get_or_create(type="payment", code=f"other-{number}", defaults={"name": "Other"})
    with ExitStack() as stack:
        stack.enter_context(shop.campaign(to=list(shop.codes)))
        others = [stack.enter_context(shop.campaign(to=[f"other-{number}"])) for number in range(MANY - 1)]
        many, few = alternate(
            bench.sizes.rounds,
            lambda: _move(shop, bench.sizes.saves, others, MANY),
            lambda: _move(shop, bench.sizes.saves, others, FEW),
        )
    each = 1000 / bench.sizes.saves
    return Row(
        f"a status change beside {MANY} active campaigns, x beside {FEW}", many / few, 1.2, 1.05,
        ours=f"{many * each:.2f} ms", theirs=f"{few * each:.2f} ms",
    )  # fmt: skip


def _move(shop: Shop, changes: int, others: list[Campaign], active: int) -> float:
    activations = Activation.objects.filter(campaign__in=others)
    activations.update(until_transition=0)
    activations.filter(campaign__in=others[: active - 1]).update(until_transition=None)
    said = iter([shop.next_changes() for _ in range(changes)])
    return repeat(changes, lambda: hear(next(said), shop.source))
