"""Carries runs through their steps: claims a batch that is due, lets their steps decide, writes what was decided.

One transaction holds a batch: its runs are locked (SKIP LOCKED), every decision becomes a RunEvent, and what is owed to
the outside becomes a row that somebody else sends. Nothing here calls the outside, so a crash leaves nothing half done.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import structlog
from django.db import models
from django.db.models import QuerySet
from django.utils import timezone

from campaigns import doorbell
from campaigns.claiming import claim, lock_free
from campaigns.definitions import END, FINISH, DefinitionError, Plan, read_plan
from campaigns.models import Campaign, CampaignState, CampaignVersion, Run, RunEvent, RunState, SkipReason
from campaigns.reentry import earlier_at_gate, refused_reentries, runs_behind_another
from campaigns.steps import STEPS
from campaigns.steps.base import Continue, Decision, Emit, Stop, Wait
from campaigns.world import World
from workspace import logged
from workspace.batches import work_batch
from workspace.database import insert_columns, insert_rows, set_size, write_rows
from workspace.failpoints import reach
from workspace.models import Workspace
from workspace.queues import SENDING

# A run whose version this worker cannot read (an older worker, a newer step kind) is left to one that can.
NOT_MINE = timedelta(minutes=1)

# How long a worker rests that holds nothing but runs which stand back for those in another's hands.
STAND_BACK_S = 0.05

# Where a run stands that was not let in yet.
GATE = ""

EVENT_COLUMNS = ("run_id", "number", "step", "at", "outcome", "seen")
RUN_COLUMNS = ("state", "step", "step_at", "due_at", "reason", "event_count", "ended_at")

log = structlog.get_logger(__name__)


def advance(*, limit: int | None = None) -> int:
    """Carry one batch of due runs as far as they go. Answers how many; 0: nothing due is free to take."""
    now, began, house = timezone.now(), time.monotonic(), Workspace.current()
    if not house.orders_enabled:
        return 0

    def take(ids: Sequence[int] | None) -> list[Run]:
        due, left = Run.objects.due(now).order_by("due_at", "pk"), Run.objects.left_by_ended().order_by("due_at", "pk")
        if ids is not None:
            return lock_free(due.filter(pk__in=ids)) + lock_free(left.filter(pk__in=ids))
        # One question for both would read every run that waits, due or not.
        next_ones = claim(Run.objects.due_in_any_campaign(now), limit) or lock_free(left[: limit or set_size()])
        runs = {run.pk: run for run in next_ones}
        for ahead in _ahead_of(list(runs.values()), now):
            runs |= {run.pk: run for run in lock_free(due.filter(pk__in=ahead.values("pk")).exclude(pk__in=runs))}
        return list(runs.values())

    claimed, carried = work_batch(take, lambda runs: _carry(runs, house, timezone.now()), _fail)
    reach("engine.carried")
    if claimed:
        runs = logged.ids(run.pk for run in carried)
        log.info("runs_advanced", runs=runs, claimed=claimed, carried=len(carried), seconds=logged.since(began))
    if claimed and not carried:
        time.sleep(STAND_BACK_S)
    return claimed


def _ahead_of(runs: Sequence[Run], now: datetime) -> Iterator[QuerySet[Run]]:
    """Of each campaign that asks who was first: who must be judged before these, and was not claimed with them."""
    plans = readable_plans(CampaignVersion.objects.filter(pk__in={run.version_id for run in runs if run.step == GATE}))
    for group in _by_step(run for run in runs if run.step == GATE and run.version_id in plans):
        reentry = plans[group[0].version_id].reentry
        if reentry.per:
            yield earlier_at_gate(group, reentry, now)[: set_size()]


def _fail(run: Run, error: Exception) -> None:
    log.error("run_failed", run=run.pk, step=run.step, exc_info=error)
    book = _Book(timezone.now())
    book.note(run, "failed", {"error": type(error).__name__})
    book.end(run, RunState.FAILED, type(error).__name__)
    book.write()


def _carry(runs: Sequence[Run], house: Workspace, now: datetime) -> list[Run]:
    """All that is decided is written with the batch. Answers the runs that were not just left for later."""
    world, book = World(runs, now), _Book(now)
    plans = readable_plans(CampaignVersion.objects.filter(pk__in={run.version_id for run in runs}))
    campaigns = Campaign.objects.filter(pk__in={run.campaign_id for run in runs})
    ended = set(campaigns.filter(state=CampaignState.ENDED).values_list("pk", flat=True))
    moving: list[Run] = []
    for run in runs:
        if run.campaign_id in ended:
            book.stop(run, "campaign_ended")
        elif house.drops(run.due_at):
            book.stop(run, SkipReason.ORDERS_WERE_OFF)
        elif run.version_id in plans:
            moving.append(run)
        else:
            book.leave(run, now + NOT_MINE)
    while moving:
        moving = [run for group in _by_step(moving) for run in _decide(group, plans[group[0].version_id], world, book)]
    book.write()
    return [run for run in runs if run.pk not in book.left]


def _decide(runs: list[Run], plan: Plan, world: World, book: _Book) -> list[Run]:
    """Let one step decide for the runs that stand at it. Answers those that go straight on to another step."""
    step = runs[0].step
    if step == GATE:
        runs = _next_in_line(runs, plan, book)
        decisions = _let_in(runs, plan, world)
        exits = {"": plan.first}
    else:
        node = plan.nodes[step]
        decisions = STEPS[node.kind].decide(runs, step, node.params, world)
        exits = dict(node.exits)
    return [run for run, decision in zip(runs, decisions, strict=True) if book.enter(run, decision, exits)]


def _next_in_line(runs: list[Run], plan: Plan, book: _Book) -> list[Run]:
    """Those whose turn it is: entries of one order or customer are judged in the order in which they occurred."""
    behind = runs_behind_another(runs, plan.reentry, book.now)
    book.left |= behind
    return [run for run in runs if run.pk not in behind]


def _let_in(runs: list[Run], plan: Plan, world: World) -> list[Decision]:
    """The first gate: maximum age, then re-entry."""
    too_old = {
        run.pk: "too_old" for run in runs if plan.max_age and world.now - _occurred_at(run, world) > plan.max_age
    }
    young = [run for run in runs if run.pk not in too_old]
    refused = too_old | (refused_reentries(young, plan.reentry, world) if young else {})
    return [
        Decision(
            Stop(refused[run.pk]), {"reason": refused[run.pk], "occurred_at": _occurred_at(run, world).isoformat()}
        )
        if run.pk in refused
        else Decision(Continue())
        for run in runs
    ]


def _occurred_at(run: Run, world: World) -> datetime:
    transition = world.transition(run)
    return transition.occurred_at if transition else run.entered_at


@dataclass(slots=True)
class _Book:
    """What a batch decided, gathered to be written at once."""

    now: datetime
    runs: dict[int, Run] = field(default_factory=dict)
    left: set[int] = field(default_factory=set)
    events: list[tuple[Any, ...]] = field(default_factory=list)
    owed: dict[type[models.Model], list[models.Model]] = field(default_factory=lambda: defaultdict(list))

    def enter(self, run: Run, decision: Decision, exits: dict[str, str]) -> bool:
        """Take one decision down. True: the run goes straight on to another step."""
        match decision.outcome:
            case Continue(branch, reason):
                self.note(run, branch or ("admitted" if run.step == GATE else "done"), decision.seen)
                return self._go(run, exits[branch], reason)
            case Wait(until):
                self.note(run, "waiting", decision.seen)
                run.due_at = until
            case Emit(row):
                self.note(run, "owed", decision.seen)
                self.owed[type(row)].append(row)
                run.due_at = None
            case Stop(reason):
                declined = run.step == GATE
                self.note(run, "declined" if declined else "stopped", decision.seen or {"reason": reason})
                self.end(run, RunState.DECLINED if declined else RunState.STOPPED, reason)
        return False

    def _go(self, run: Run, to: str, reason: str) -> bool:
        if to == FINISH:
            self.end(run, RunState.FINISHED, "")
        elif to == END:
            self.end(run, RunState.STOPPED, reason)
        else:
            run.step, run.step_at, run.due_at = to, self.now, self.now
            return True
        return False

    def note(self, run: Run, outcome: str, seen: dict[str, Any]) -> None:
        run.event_count += 1
        self.runs[run.pk] = run
        self.events.append((run.pk, run.event_count, run.step, self.now, outcome, seen))

    def leave(self, run: Run, until: datetime) -> None:
        run.due_at = until
        self.runs[run.pk] = run
        self.left.add(run.pk)

    def stop(self, run: Run, reason: str) -> None:
        self.note(run, "stopped", {"reason": reason})
        self.end(run, RunState.STOPPED, reason)

    def end(self, run: Run, state: RunState, reason: str) -> None:
        run.state, run.reason, run.due_at, run.ended_at = state, reason, None, self.now

    def write(self) -> None:
        insert_columns(RunEvent, EVENT_COLUMNS, self.events)
        for rows in self.owed.values():
            insert_rows(rows)
        if self.owed:
            doorbell.ring_on_commit(SENDING)
        write_rows(self.runs.values(), RUN_COLUMNS)


def _by_step(runs: Iterable[Run]) -> list[list[Run]]:
    """In one order everywhere: at their gates, two batches lock the admissions of several campaigns."""
    groups: dict[tuple[int, int, str], list[Run]] = defaultdict(list)
    for run in runs:
        groups[run.campaign_id, run.version_id, run.step].append(run)
    return [groups[key] for key in sorted(groups)]


def readable_plans(versions: Iterable[CampaignVersion]) -> dict[int, Plan]:
    """The plans of those versions that this worker can read."""
    plans = {}
    for version in versions:
        try:
            plans[version.pk] = _read(json.dumps(version.definition, sort_keys=True))
        except DefinitionError:
            log.warning("version_not_readable_here", version=version.pk)
    return plans


@lru_cache(maxsize=500)
def _read(definition: str) -> Plan:
    return read_plan(json.loads(definition))
