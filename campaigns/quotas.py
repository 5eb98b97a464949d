"""Places at a step that are limited, in all or in a period: who takes them.

They are taken in order of (occurred_at, id) of a batch. A step's counts are rows, made if missing and locked, so two
workers cannot both take the last place; and written with the batch, so a crash takes none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from campaigns.models import Quota, Run
from campaigns.reentry import moment_of
from campaigns.steps.base import Decision, Reserve
from workspace.database import lock_rows, write_rows

TOTAL = "total"


def settle(decided: Sequence[tuple[Run, Decision]]) -> list[Decision]:
    """What is decided of runs that all stand at one step, those that ask for a place told whether they have one."""
    asking = [(run, outcome) for run, decision in decided if isinstance(outcome := decision.outcome, Reserve)]
    if not asking:
        return [decision for _run, decision in decided]
    counts = _lock(asking[0][0], [name for _run, asked in asking for name in _limits(asked)])
    settled = {run.pk: _take(asked, counts) for run, asked in sorted(asking, key=lambda pair: moment_of(pair[0]))}
    write_rows(counts.values(), ("taken",))
    return [settled.get(run.pk, decision) for run, decision in decided]


def _take(asked: Reserve, counts: dict[str, Quota]) -> Decision:
    limits = _limits(asked)
    for name, most in limits.items():
        if counts[name].taken >= most:
            return Decision(asked.otherwise, {"full": name})
    for name in limits:
        counts[name].taken += 1
    return Decision(asked.then, _told(asked, counts))


def _told(asked: Reserve, counts: dict[str, Quota]) -> dict[str, int | str]:
    """The places taken, by which the books count them again."""
    told: dict[str, int | str] = {}
    if asked.total is not None:
        told |= {"of_total": counts[TOTAL].taken}
    if asked.per_period is not None:
        told |= {"period": asked.period, "of_period": counts[asked.period].taken}
    return told


def _limits(asked: Reserve) -> dict[str, int]:
    both = {TOTAL: asked.total, asked.period: asked.per_period}
    return {name: most for name, most in both.items() if most is not None}


def _lock(run: Run, names: Iterable[str]) -> dict[str, Quota]:
    """In one order everywhere, so that no two batches deadlock."""
    wanted = sorted(set(names))
    place = {"campaign_id": run.campaign_id, "step": run.step}
    Quota.objects.bulk_create([Quota(**place, period=name) for name in wanted], ignore_conflicts=True)
    rows = Quota.objects.filter(**place, period__in=wanted).order_by("pk")
    return {row.period: row for row in lock_rows(rows)}
