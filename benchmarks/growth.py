"""What waiting runs cost a sweep, and active campaigns a status change."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta

from django.db import connection
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
        yield Row(f"scans of the whole table by a claim beside {waiting}", _whole_scans(), 0, 0, unit="")
        Run.objects.filter(campaign=campaign).update(due_at=timezone.now() + timedelta(days=30))


def _sweep() -> float:
    return repeat(SWEEPS, advance)


def _put_to_sleep(shop: Shop, campaign: Campaign) -> None:
    pause(campaign)
    shop.tell(shop.next_changes())
    Run.objects.filter(campaign=campaign).update(due_at=timezone.now() + timedelta(days=1))
    resume(campaign)


def _whole_scans() -> int:
    """By PostgreSQL's own plan of the claim, as a worker asks it."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE campaigns_run")
    due = Run.objects.due(timezone.now()).filter(lane=0).order_by("due_at", "pk")[:1000]
    return str(due.explain()).count("Seq Scan on campaigns_run")


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
