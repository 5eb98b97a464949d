"""Carries runs through their steps: claims a batch that is due, lets their steps decide, writes what was decided.

One transaction holds a batch: its runs are locked (SKIP LOCKED), every decision becomes a RunEvent, and what is owed to
the outside becomes a row that somebody else sends. Nothing here calls the outside, so a crash leaves nothing half done.
"""

from __future__ import annotations

import json
import time
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import structlog
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from campaigns import doorbell, waking
from campaigns.arrivals import find_stops
from campaigns.claiming import claim, lock_free
from campaigns.definitions import END, FINISH, DefinitionError, Plan, read_plan
from campaigns.models import (
    Activation,
    Campaign,
    CampaignState,
    CampaignVersion,
    Former,
    Run,
    RunEvent,
    RunState,
    SkipReason,
    StepTally,
)
from campaigns.quotas import settle
from campaigns.reentry import come_too_often, earlier_at_gate, refused_reentries, runs_behind_another
from campaigns.steps import STEPS
from campaigns.steps.base import ChangeCustomer, Continue, Decision, Emit, Owed, Reserve, Stop, Wait
from campaigns.world import World
from customers.attributes import change
from workspace import logged
from workspace.batches import work_batch
from workspace.database import insert_columns, insert_rows, set_size, write_rows
from workspace.failpoints import reach
from workspace.models import Workspace

# A run whose version this worker cannot read (an older worker, a newer step kind) is left to one that can.
NOT_MINE = timedelta(minutes=1)

# How long a worker rests that holds nothing but runs which stand back for those in another's hands.
STAND_BACK_S = 0.05

# Whoever let things go on wants nothing done that was due before: what it was to do leads nowhere, as it was not done.
DROPPED = frozenset({SkipReason.ORDERS_WERE_OFF, SkipReason.WAS_PAUSED})

# Where a run stands that was not let in yet.
GATE = ""

EVENT_COLUMNS = ("run_id", "number", "step", "at", "outcome", "seen")
TALLY_COLUMNS = ("version_id", "step", "outcome", "state", "number")
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
            some = (rows.filter(pk__in=ids) for rows in (due, left, _taken_over()))
            return list({run.pk: run for rows in some for run in lock_free(rows)}.values())
        # One question for all would read every run that waits, due or not.
        next_ones = (
            claim(Run.objects.due_in_any_campaign(now), limit)
            or lock_free(left[: limit or set_size()])
            or lock_free(_taken_over()[: limit or set_size()])
        )
        runs = {run.pk: run for run in next_ones}
        for ahead in _ahead_of(list(runs.values()), now):
            runs |= {run.pk: run for run in lock_free(due.filter(pk__in=ahead.values("pk")).exclude(pk__in=runs))}
        return list(runs.values())

    are_left = waking.rouse(now)
    claimed, carried = work_batch(take, lambda runs: _carry(runs, house, timezone.now()), _fail)
    reach("engine.carried")
    if claimed:
        runs = logged.ids(run.pk for run in carried)
        log.info("runs_advanced", runs=runs, claimed=claimed, carried=len(carried), seconds=logged.since(began))
    if are_left or (claimed and not carried):
        time.sleep(STAND_BACK_S)
    return claimed or int(are_left)


def _taken_over() -> QuerySet[Run]:
    """Those on versions that another took over from, which it stops, or takes along from where they stand."""
    former = Activation.objects.taken_over().filter(campaign__state=CampaignState.ACTIVE)
    kinds = dict(former.values_list("version", "former"))
    if not kinds:
        return Run.objects.none()
    stopping = {version for version, former in kinds.items() if former == Former.STOP}
    versions = list(CampaignVersion.objects.filter(pk__in=kinds.keys() - stopping).order_by())
    newest, question = _newest(version.campaign_id for version in versions), Q(version__in=stopping)
    plans = readable_plans([*versions, *newest.values()])
    for version in versions:
        to = newest[version.campaign_id].pk
        if version.pk in plans and to in plans:
            question |= Q(version=version, step__in=common_steps(plans[version.pk], plans[to]), held_at=None)
    # In no order: by its primary key PostgreSQL would read every run there ever was.
    return Run.objects.ready().filter(question).order_by()


def _newest(campaigns: Iterable[int]) -> dict[int, CampaignVersion]:
    """What runs, by campaign."""
    live = Activation.objects.live().filter(campaign__in=set(campaigns)).select_related("version")
    return {activation.campaign_id: activation.version for activation in live}


def common_steps(old: Plan, new: Plan) -> list[str]:
    """Where an order may stand to go on by the new version: the same key and kind of step; or the gate, if it asks
    alike whether what started the order still stands."""
    steps = [key for key, node in old.nodes.items() if key in new.nodes and new.nodes[key].kind == node.kind]
    return [GATE, *steps] if old.trigger.kind == new.trigger.kind else steps


def _ahead_of(runs: Sequence[Run], now: datetime) -> Iterator[QuerySet[Run]]:
    """Of each campaign that asks who was first: who must be judged before these, and was not claimed with them."""
    plans = readable_plans(CampaignVersion.objects.filter(pk__in={run.version_id for run in runs if run.step == GATE}))
    for group in _by_step(run for run in runs if run.step == GATE and run.version_id in plans):
        reentry = plans[group[0].version_id].reentry
        if reentry.per:
            yield earlier_at_gate(group, reentry, now)[: set_size()]


def _fail(run: Run, error: Exception) -> None:
    log.error("run_failed", run=run.pk, step=run.step, exc_info=error)
    book = Book(timezone.now())
    book.note(run, "failed", {"error": type(error).__name__})
    book.end(run, RunState.FAILED, type(error).__name__)
    book.write()
    waking.expect({run: ()}, book.now)


def _carry(runs: Sequence[Run], house: Workspace, now: datetime) -> list[Run]:
    """All that is decided is written with the batch. Answers the runs that were not just left for later."""
    world = World(runs, now, stood_at={run.pk: run.step for run in runs})
    book, lives = Book(now), _Lives(runs, house)
    lives.spare_who_waits(runs)
    moving: list[Run] = []
    for run in runs:
        if reason := lives.over_because(run):
            book.stop(run, reason)
        elif to := lives.moves_to(run):
            book.move(run, lives.versions[run.version_id], to)
            moving.append(run)
        elif run.version_id in lives.plans:
            moving.append(run)
        else:
            book.leave(run, now + NOT_MINE)
    plans = lives.plans
    moving = _not_stopped(moving, plans, world, book)
    while moving:
        moving = [run for group in _by_step(moving) for run in _decide(group, plans[group[0].version_id], world, book)]
    book.write()
    waking.expect(_awaited(runs, plans, book.changed), now)
    return [run for run in runs if run.pk not in book.left]


class _Lives:
    """How the campaigns and versions of a batch stand: read once, before its steps decide."""

    def __init__(self, runs: Sequence[Run], house: Workspace) -> None:
        versions = {run.version_id for run in runs}
        self.house = house
        self.campaigns = Campaign.objects.only("state", "drop_due_before").in_bulk({run.campaign_id for run in runs})
        self.versions = CampaignVersion.objects.in_bulk(versions)
        taken_over = Activation.objects.taken_over().filter(version__in=versions)
        self.former: dict[int, str] = dict(taken_over.values_list("version", "former"))
        moves = {version for version, former in self.former.items() if former == Former.MOVE}
        self.newest = _newest(self.versions[pk].campaign_id for pk in moves) if moves else {}
        self.plans = readable_plans([*self.versions.values(), *self.newest.values()])
        self.spared: set[int] = set()

    def spare_who_waits(self, runs: Sequence[Run]) -> None:
        """News of an order, or a person who releases it, makes its run due so that it is asked again. Of what was due
        before some moment nothing is dropped that, asked as of that moment, would have had to wait on."""
        dropped: dict[datetime, list[Run]] = defaultdict(list)
        for run in runs:
            if run.step != GATE and run.version_id in self.plans and (drop := self._drops(run)):
                dropped[drop[1]].append(run)
        for moment, some in dropped.items():
            world = World(some, moment, told_by=moment)
            for group in _by_step(some):
                node = self.plans[group[0].version_id].nodes[group[0].step]
                both = zip(group, STEPS[node.kind].decide(group, node.key, node.params, world), strict=True)
                self.spared |= {run.pk for run, decision in both if isinstance(decision.outcome, Wait)}

    def over_because(self, run: Run) -> str:
        """Why nothing more is done about it, before any step is asked; else empty."""
        if self.campaigns[run.campaign_id].state == CampaignState.ENDED:
            return "campaign_ended"
        if run.pk not in self.spared and (dropped := self._drops(run)):
            return dropped[0]
        return "new_version" if self.former.get(run.version_id) == Former.STOP else ""

    def _drops(self, run: Run) -> tuple[str, datetime] | None:
        """Why it is dropped, and before which moment it was due; None: it is not."""
        for reason, holder in (
            (SkipReason.ORDERS_WERE_OFF, self.house),
            (SkipReason.WAS_PAUSED, self.campaigns[run.campaign_id]),
        ):
            if holder.drop_due_before is not None and holder.drops(run.due_at):
                return reason, holder.drop_due_before
        return None

    def moves_to(self, run: Run) -> CampaignVersion | None:
        """The version that takes it along from where it stands."""
        to = self.newest.get(run.campaign_id) if self.former.get(run.version_id) == Former.MOVE else None
        if to is None or to.pk not in self.plans or run.version_id not in self.plans:
            return None
        return to if run.step in common_steps(self.plans[run.version_id], self.plans[to.pk]) else None


def _not_stopped(runs: list[Run], plans: dict[int, Plan], world: World, book: Book) -> list[Run]:
    """Stop those whose order entered, since the run did, a status that stops the campaign for it."""
    stops = find_stops(runs, {pk: plan.stop_on for pk, plan in plans.items()}, world)
    for run in runs:
        if moved := stops.get(run.pk):
            book.stop(run, SkipReason.ENTERED_STOP_STATUS, **moved.told(world.vocabulary))
    return [run for run in runs if run.pk not in stops]


def _awaited(runs: Sequence[Run], plans: dict[int, Plan], changed: Collection[int]) -> dict[Run, Collection[str]]:
    """By which changes of their orders these runs want to be woken from now on; none, once a run has ended. One that
    was taken along by another version may have wanted what that one does not."""
    able = {pk for pk, plan in plans.items() if plan.may_await}
    return {
        run: plans[run.version_id].awaited_at(run.step) if run.state == RunState.WAITING else ()
        for run in runs
        if (run.version_id in able or run.pk in changed) and run.order_id is not None
    }


def _decide(runs: list[Run], plan: Plan, world: World, book: Book) -> list[Run]:
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
    if any(isinstance(decision.outcome, Reserve) for decision in decisions):
        runs, decisions = _settle(runs, decisions, book)
    return [run for run, decision in zip(runs, decisions, strict=True) if book.enter(run, decision, exits)]


def _settle(runs: list[Run], decisions: list[Decision], book: Book) -> tuple[list[Run], list[Decision]]:
    """Let those that ask for a place have one, as long as there are any.

    Only of those that stood here when the batch began, whose steps every worker takes in one order: a run that came
    here in this batch asks in the next. Else two workers could each hold the places that the other wants.
    """
    both = list(zip(runs, decisions, strict=True))
    came = {run.pk for run, decision in both if isinstance(decision.outcome, Reserve) and run.pk in book.runs}
    there = [(run, decision) for run, decision in both if run.pk not in came]
    return [run for run, _decision in there], settle(there)


def _next_in_line(runs: list[Run], plan: Plan, book: Book) -> list[Run]:
    """Those whose turn it is: entries of one order or customer are judged in the order in which they occurred."""
    behind = runs_behind_another(runs, plan.reentry, book.now)
    book.left |= behind
    return [run for run in runs if run.pk not in behind]


def _let_in(runs: list[Run], plan: Plan, world: World) -> list[Decision]:
    """The first gate: whether what it was started for still stands, then dates and maximum age, then re-entry."""
    asked = dict(zip([run.pk for run in runs], plan.trigger.ask(runs, world), strict=True))
    stands = [run for run in runs if isinstance(asked[run.pk].outcome, Continue)]
    untimely = {run.pk: reason for run in stands if (reason := plan.why_untimely(run.occurred_at, world.now))}
    timely = [run for run in stands if run.pk not in untimely]
    round_and_round = _going_round(timely, plan)
    timely = [run for run in timely if run.pk not in round_and_round]
    refused = untimely | round_and_round | (refused_reentries(timely, plan.reentry) if timely else {})
    declined = {
        run.pk: Decision(Stop(refused[run.pk]), {"reason": refused[run.pk], "occurred_at": run.occurred_at.isoformat()})
        for run in stands
        if run.pk in refused
    }
    return [declined.get(run.pk) or asked[run.pk] for run in runs]


def _going_round(runs: list[Run], plan: Plan) -> dict[int, str]:
    """Those that what the campaign does may have started, again and again: nothing else would stop them."""
    if not runs or plan.reentry.per or not plan.effects:
        return {}
    found = come_too_often(runs)
    if found:
        log.warning("orders_go_round", campaign=plan.code, runs=logged.ids(found))
    return dict.fromkeys(found, "goes_round")


@dataclass(slots=True)
class Book:
    """What was decided about runs under lock, gathered to be written at once."""

    now: datetime
    runs: dict[int, Run] = field(default_factory=dict)
    left: set[int] = field(default_factory=set)
    # Whose version or hold changed: of a batch few.
    changed: dict[int, Run] = field(default_factory=dict)
    events: list[tuple[Any, ...]] = field(default_factory=list)
    changes: list[tuple[Run, ChangeCustomer, dict[str, str]]] = field(default_factory=list)
    waits: list[tuple[Run, dict[str, Any]]] = field(default_factory=list)
    passed: list[tuple[Run, int, int, str, str]] = field(default_factory=list)
    owed: dict[type[Owed], list[Owed]] = field(default_factory=lambda: defaultdict(list))

    def enter(self, run: Run, decision: Decision, exits: dict[str, str]) -> bool:
        """Take one decision down. True: the run goes straight on to another step."""
        match decision.outcome:
            case Continue(branch, reason):
                self.note(run, branch or ("admitted" if run.step == GATE else "done"), decision.seen)
                return self._go(run, END if reason in DROPPED else exits[branch], reason)
            case Wait(until):
                self.wait(run, decision.seen, until)
            case Emit(row):
                self.note(run, "owed", decision.seen)
                self.owed[type(row)].append(row)
                run.due_at = None
            case ChangeCustomer():
                self.runs[run.pk] = run
                self.changes.append((run, decision.outcome, exits))
            case Stop(reason):
                declined = run.step == GATE
                self.note(run, "declined" if declined else "stopped", decision.seen or {"reason": reason})
                self.end(run, RunState.DECLINED if declined else RunState.STOPPED, reason)
        return False

    def _change_customers(self) -> None:
        """Customers are the last rows that a batch locks. Who changed one goes on in the next batch, which reads it."""
        if not self.changes:
            return
        answers = change([change.change for _run, change, _exits in self.changes])
        for (run, _change, exits), answer in zip(self.changes, answers, strict=True):
            problem = {"problem": answer.problem.code} if answer.problem else {}
            self.note(run, "done", {"outcome": str(answer.outcome), **problem})
            self._go(run, exits[""], "")

    def _go(self, run: Run, to: str, reason: str) -> bool:
        if to == FINISH:
            self.end(run, RunState.FINISHED, "")
        elif to == END:
            self.end(run, RunState.STOPPED, reason)
        else:
            run.step, run.step_at, run.due_at = to, self.now, self.now
            return True
        return False

    def wait(self, run: Run, seen: dict[str, Any], until: datetime) -> None:
        """Written down once, however often the run is asked again meanwhile."""
        run.due_at = until
        if run.pk in self.runs:
            self.note(run, "waiting", seen)
        else:
            self.runs[run.pk] = run
            self.waits.append((run, seen))

    def note(self, run: Run, outcome: str, seen: dict[str, Any]) -> None:
        run.event_count += 1
        self.runs[run.pk] = run
        self.events.append((run.pk, run.event_count, run.step, self.now, outcome, seen))
        self.passed.append((run, run.event_count, run.version_id, run.step, outcome))

    def leave(self, run: Run, until: datetime) -> None:
        run.due_at = until
        self.runs[run.pk] = run
        self.left.add(run.pk)

    def stop(self, run: Run, reason: str, **seen: Any) -> None:
        self.note(run, "stopped", {"reason": reason, **seen})
        self.end(run, RunState.STOPPED, reason)

    def move(self, run: Run, old: CampaignVersion, new: CampaignVersion) -> None:
        """It goes on by another version, from the step where it stands."""
        self.note(run, "moved", {"from": old.number, "to": new.number})
        run.version_id = new.pk
        self.changed[run.pk] = run

    def hold(self, run: Run) -> None:
        run.held_at, run.due_at = self.now, None
        self.changed[run.pk] = run

    def release(self, run: Run, *, wakes: bool) -> None:
        """`wakes`: it waits for no message, so it is asked at once where it stands."""
        run.held_at, run.due_at = None, self.now if wakes else None
        self.changed[run.pk] = run

    def begin_again(self, run: Run) -> None:
        run.state, run.reason, run.due_at, run.ended_at = RunState.WAITING, "", self.now, None

    def end(self, run: Run, state: RunState, reason: str) -> None:
        if run.held_at is not None:
            run.held_at, self.changed[run.pk] = None, run
        run.state, run.reason, run.due_at, run.ended_at = state, reason, None, self.now

    def write(self) -> None:
        self._note_waits()
        self._change_customers()
        insert_columns(RunEvent, EVENT_COLUMNS, self.events)
        insert_columns(StepTally, TALLY_COLUMNS, self._tallies())
        for model, rows in self.owed.items():
            insert_rows(rows)
            doorbell.ring_on_commit(model.QUEUE)
        write_rows(self.runs.values(), RUN_COLUMNS)
        write_rows(self.changed.values(), ("version_id", "held_at"))

    def _tallies(self) -> list[tuple[Any, ...]]:
        """Each decision as its step is counted by: the last of a run that ended is where it ended."""
        counted = Counter(
            (version, step, outcome, run.state if number == run.event_count else RunState.WAITING)
            for run, number, version, step, outcome in self.passed
        )
        return [(*what, number) for what, number in counted.items()]

    def _note_waits(self) -> None:
        """Of those that were only asked to wait: did the run wait here for the same already?"""
        last = RunEvent.objects.filter(run__in=[run for run, _seen in self.waits], number=F("run__event_count"))
        known = {event.run_id: (event.step, event.outcome, event.seen) for event in last} if self.waits else {}
        for run, seen in self.waits:
            if known.get(run.pk) != (run.step, "waiting", seen):
                self.note(run, "waiting", seen)


def _by_step(runs: Iterable[Run]) -> list[list[Run]]:
    """In one order everywhere, since at gates and limits batches lock what versions of a campaign have in common."""
    groups: dict[tuple[int, str, int], list[Run]] = defaultdict(list)
    for run in runs:
        groups[run.campaign_id, run.step, run.version_id].append(run)
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
