"""Where the orders of a live campaign are: how many wait at each step, went on from it, and ended there.

What waits is counted by an index of the runs that wait; what was decided is not counted but summed up, from the tallies
that were written with it. So it costs two queries however many have entered.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, QuerySet, Sum
from django.utils.translation import gettext as _

from campaigns.claiming import lock_free
from campaigns.definitions import all_steps, places
from campaigns.engine import GATE
from campaigns.models import Campaign, CampaignVersion, Run, RunEvent, RunState, StepTally
from campaigns.steps import STEPS

# A version with more rows of tallies than this has them summed up into one for each outcome.
FOLDED_FROM = 100
MOST_FOLDED = 5000
# What is decided about an order without its step letting it go on.
STAYS = frozenset({"waiting", "owed", "held", "released", "retried", "moved"})
# What is decided about an order in place of what its step does.
TAKEN_OUT = frozenset({"stopped", "declined", "failed"})


@dataclass(slots=True)
class StepCount:
    """One step of one version. An order that came to it waits, went on by a way, ended, failed, or was taken along by
    a newer version. `ways`: by outcome, those that ended by it too."""

    key: str
    label: str
    pointer: str = ""
    kind: str = ""
    waiting: int = 0
    held: int = 0
    passed: int = 0
    ended: int = 0
    failed: int = 0
    ways: Counter[str] = field(default_factory=Counter)

    @property
    def through(self) -> int:
        """Those for whom the step did what it does, whether it was their last or not."""
        return sum(number for outcome, number in self.ways.items() if outcome not in TAKEN_OUT)

    @property
    def taken_out(self) -> int:
        return sum(number for outcome, number in self.ways.items() if outcome in TAKEN_OUT)

    def as_json(self) -> dict[str, Any]:
        return {
            "step": self.key,
            "name": self.label,
            "pointer": self.pointer,
            "waiting": self.waiting,
            "held": self.held,
            "passed": self.passed,
            "ended": self.ended,
            "failed": self.failed,
            "ways": dict(self.ways),
        }


def count_steps(campaign: Campaign) -> dict[int, list[StepCount]]:
    """By version number, the newest first: each step in the order of its tree, the gate before them."""
    versions = list(CampaignVersion.objects.filter(campaign=campaign).order_by("-number"))
    waiting, tallies = _waiting(versions), _tallied(versions)
    return {version.number: _count(version, waiting[version.pk], tallies[version.pk]) for version in versions}


def orders_at(campaign: Campaign, *, step: str | None = None, version: int | None = None) -> QuerySet[Run]:
    """Of a campaign those that stand at a step, or ended there."""
    runs = Run.objects.filter(campaign=campaign)
    if version is not None:
        runs = runs.filter(version__number=version)
    return runs if step is None else runs.filter(step=step)


def orders_through(runs: QuerySet[Run], step: str, way: str = "") -> QuerySet[Run]:
    """Those for whom this step did what it does, or just those who took one way out of it; the gate lets in."""
    if step == GATE and not way:
        return runs.exclude(step=GATE)
    decided = RunEvent.objects.filter(run=OuterRef("pk"), step=step).order_by()
    decided = decided.filter(outcome=way) if way else decided.exclude(outcome__in=STAYS | TAKEN_OUT)
    return runs.filter(Exists(decided))


def fold_tallies() -> int:
    """Sum up what batches wrote, so that reading stays cheap. Answers how many rows went."""
    many = StepTally.objects.order_by().values("version").annotate(rows=Count("pk")).filter(rows__gt=FOLDED_FROM)
    return sum(_fold(version) for version in many.values_list("version", flat=True))


def _fold(version: int) -> int:
    with transaction.atomic():
        rows = lock_free(StepTally.objects.filter(version=version).order_by("pk")[:MOST_FOLDED])
        sums: Counter[tuple[str, str, str]] = Counter()
        for row in rows:
            sums[row.step, row.outcome, row.state] += row.number
        StepTally.objects.filter(pk__in=[row.pk for row in rows]).delete()
        StepTally.objects.bulk_create(
            StepTally(version_id=version, step=step, outcome=outcome, state=state, number=number)
            for (step, outcome, state), number in sums.items()
        )
    return len(rows) - len(sums)


def _waiting(versions: Sequence[CampaignVersion]) -> Mapping[int, Mapping[str, tuple[int, int]]]:
    """By version and step: how many wait, and how many of them are held."""
    runs = Run.objects.filter(version__in=versions, state=RunState.WAITING).order_by()
    counted: dict[int, dict[str, tuple[int, int]]] = defaultdict(dict)
    for version, step, all_of_them, held in runs.values_list("version", "step").annotate(
        all_of_them=Count("*"), held=Count("held_at")
    ):
        counted[version][step] = (all_of_them, held)
    return counted


def _tallied(versions: Sequence[CampaignVersion]) -> Mapping[int, list[tuple[str, str, str, int]]]:
    tallies = StepTally.objects.filter(version__in=versions).order_by()
    by_version: dict[int, list[tuple[str, str, str, int]]] = defaultdict(list)
    for version, *what in tallies.values_list("version", "step", "outcome", "state").annotate(total=Sum("number")):
        by_version[version].append((what[0], what[1], what[2], what[3]))
    return by_version


def _count(
    version: CampaignVersion, waiting: Mapping[str, tuple[int, int]], tallies: Sequence[tuple[str, str, str, int]]
) -> list[StepCount]:
    counts = {count.key: count for count in _steps_of(version.definition)}
    for key, (all_of_them, held) in waiting.items():
        if key in counts:
            counts[key].waiting, counts[key].held = all_of_them, held
    for key, outcome, state, number in tallies:
        if key in counts:
            _add(counts[key], outcome, state, number)
    return list(counts.values())


def _add(count: StepCount, outcome: str, state: str, number: int) -> None:
    if outcome in ("failed", "retried"):
        count.failed += number if outcome == "failed" else -number
    elif state != RunState.WAITING:
        count.ended += number
        count.ways[outcome] += number
    elif outcome not in STAYS:
        count.passed += number
        count.ways[outcome] += number


def _steps_of(definition: Mapping[str, Any]) -> list[StepCount]:
    steps = [StepCount(GATE, _("Let in"), "/trigger")]
    pointers = places(definition["steps"])
    for step in all_steps(definition["steps"]):
        kind = STEPS.get(step["kind"])
        label = str(kind.label) if kind else step["kind"]
        steps.append(StepCount(step["key"], label, pointers[step["key"]], step["kind"]))
    return steps
