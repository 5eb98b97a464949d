"""A campaign rehearsed over the last days: what would have entered, and which texts it would have sent.

The engine's steps decide, over a world that stands at the moment at which each would have been asked: waits are jumped
over, statuses are those that the ledger held then, admissions are kept in memory, and the law is asked without being
written down. It is as if each change had been told when it occurred. Nothing is written, nothing is sent.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from heapq import heapify, heappop, heapreplace
from typing import Any

from django.utils import timezone

from campaigns.arrivals import find_stops
from campaigns.definitions import END, FINISH, Plan
from campaigns.matching import occasions
from campaigns.models import CHANGE, CREATION, Admission, Campaign, CampaignState, Message, Run, RunState
from campaigns.reentry import is_too_near
from campaigns.sms.breaker import BreakerBook
from campaigns.sms.rehearsing import RehearsedCaps
from campaigns.steps import STEPS
from campaigns.steps.base import (
    ChangeCustomer,
    Continue,
    Emit,
    Occasion,
    Params,
    Rehearse,
    Reserve,
    StepKind,
    Stop,
    Wait,
    Window,
)
from campaigns.world import Moved, World
from orders.models import Order, StatusTransition
from orders.standing import STATUS_FIELDS
from statuses.models import OrderStatus
from workspace.models import Workspace

DAYS = 30
# No more are tried; how many there were is told.
MOST = 5000
SAMPLES = 5
# A step that waits again and again is left at last.
MOST_TURNS = 100


@dataclass(frozen=True, slots=True)
class Sample:
    """One text as it would have been sent."""

    order_id: int
    order: str
    step: str
    at: datetime
    text: str
    parts: int
    is_held: bool


@dataclass(slots=True)
class Rehearsal:
    """What would have happened. `matching`: so many changes answer the trigger; `tried`: the newest of them."""

    since: datetime
    matching: int = 0
    tried: int = 0
    entered: int = 0
    texts: int = 0
    parts: int = 0
    held: int = 0
    declined: Counter[str] = field(default_factory=Counter)
    not_sent: Counter[str] = field(default_factory=Counter)
    # By step: how many came to it, and what was decided.
    came_to: Counter[str] = field(default_factory=Counter)
    decided: Counter[tuple[str, str]] = field(default_factory=Counter)
    samples: list[Sample] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def is_all(self) -> bool:
        return self.tried == self.matching


def rehearse(plan: Plan, *, now: datetime | None = None, most: int = MOST) -> Rehearsal:
    """Try a plan on what occurred in the last days. A handful of queries, whatever there is."""
    began, now = time.monotonic(), now or timezone.now()
    found = Rehearsal(since=now - timedelta(days=DAYS))
    runs, found.matching = enterings(plan, now, most)
    world = RehearsedWorld(plan, runs, now)
    found.tried = len(world.runs)
    _carry(plan, world, found)
    found.samples = _choose(found, list(world.owed.values()))
    found.seconds = time.monotonic() - began
    return found


def enterings(plan: Plan, now: datetime, most: int) -> tuple[list[Run], int]:
    """Runs of the newest occasions of the last days, in the order in which they occurred, and of how many in all: also
    of what was told as history, or while Orders was off. By the clock, those that still stand are all there are."""
    trigger, window = plan.trigger, Window(now - timedelta(days=DAYS), now)
    if trigger.goes_by_the_clock:
        found = sorted(trigger.find(window), key=lambda occasion: occasion.at)
        return [_about(occasion, place) for place, occasion in enumerate(found[-most:], 1)], len(found)
    if trigger.kind.hears_created:
        orders = Order.objects.filter(window.of("placed_at"), is_test=False)
        some = list(orders.order_by("-placed_at", "-pk")[:most])[::-1]
        occasions_of = (
            Occasion(f"{CREATION}{order.pk}", order.placed_at, order.pk, order.customer_id) for order in some
        )
        return [_about(occasion, place) for place, occasion in enumerate(occasions_of, 1)], orders.count()
    rows = occasions(plan).filter(window.of("occurred_at"), is_test=False)
    changes = list(rows.order_by("-occurred_at", "-pk")[:most])[::-1]
    return [_entering(row, place) for place, row in enumerate(changes, 1)], rows.count()


class RehearsedWorld(World):
    """The world as it stood at `now`, for one run after the other."""

    def __init__(self, plan: Plan, runs: Sequence[Run], now: datetime) -> None:
        super().__init__(runs, now)
        self.plan = plan
        self.rows = StatusTransition.objects.in_bulk({run.transition_id for run in runs if run.transition_id})
        self.taken: Counter[tuple[str, str]] = Counter()
        self.campaign = Campaign(code=plan.code, name=plan.name, state=CampaignState.ACTIVE)
        self.caps, self.breakers = RehearsedCaps(plan.frequency_cap, now), BreakerBook([], now)
        self.house = Workspace.current()
        self.house.drop_due_before = None  # what was dropped once says nothing of what comes
        self.owed: dict[tuple[int, str], Any] = {}

    def order(self, run: Run) -> Order | None:
        order = super().order(run)
        if order is not None:
            row, moves = self.rows.get(run.transition_id or 0), self._history[order.pk]
            stood = {name: getattr(row, f"{name}_id") if row else None for name in STATUS_FIELDS.values()}
            first = bisect_right(moves, (row.occurred_at, row.pk)) if row else 0
            for occurred_at, _pk, type, status_id, _from in moves[first:]:
                if occurred_at > self.now:
                    break
                stood[STATUS_FIELDS[type]] = status_id
            for name, stands_at in stood.items():
                setattr(order, f"{name}_id", stands_at)
        return order

    def transition(self, run: Run) -> StatusTransition | None:
        return None if run.transition_id is None else self.rows[run.transition_id]

    def message(self, run: Run, step: str) -> Message | None:
        return self.owed.get((run.pk, step))

    def moves(self, run: Run, type: str) -> Sequence[Moved]:
        """Those that had occurred by then."""
        history = self._history[run.order_id or 0]
        return [
            Moved(pk, moved, came_from, to, at)
            for at, pk, moved, to, came_from in history
            if moved == type and at <= self.now
        ]

    def had_been_there(self, run: Run) -> bool:
        """Whether its order had come to the same status before."""
        row = self.rows[run.transition_id or 0]
        before = self._history[row.order_id]
        first = bisect_right(before, (row.occurred_at, row.pk - 1, "~"))
        return any(to == row.to_status_id for _at, _pk, _type, to, _from in before[:first])

    @cached_property
    def statuses(self) -> dict[int, OrderStatus]:
        return OrderStatus.objects.in_bulk()

    @cached_property
    def _orders(self) -> dict[int, Order]:
        return Order.objects.select_related("customer").in_bulk({run.order_id for run in self.runs if run.order_id})

    @cached_property
    def _history(self) -> Mapping[int, list[tuple[datetime, int, str, int, int | None]]]:
        """All that these orders ever did, in the order in which it occurred."""
        moves: dict[int, list[Any]] = defaultdict(list)
        rows = StatusTransition.objects.filter(order__in=self._orders).order_by("occurred_at", "pk")
        for order, *move in rows.values_list("order", "occurred_at", "pk", "type", "to_status", "from_status"):
            moves[order].append(tuple(move))
        return moves


def _entering(row: StatusTransition, number: int) -> Run:
    """At the gate, and in no database: its number is below those of any."""
    run = Run(
        pk=-number,
        occasion=f"{CHANGE}{row.pk}",
        occurred_at=row.occurred_at,
        order_id=row.order_id,
        customer_id=row.customer_id,
        entered_at=row.occurred_at,
        step_at=row.occurred_at,
        due_at=row.occurred_at,
        state=RunState.WAITING,
    )
    run.transition = row
    return run


def _about(occasion: Occasion, number: int) -> Run:
    return Run(
        pk=-number,
        occasion=occasion.key,
        occurred_at=occasion.at,
        transition_id=occasion.transition_id,
        order_id=occasion.order_id,
        customer_id=occasion.customer_id,
        entered_at=occasion.at,
        step_at=occasion.at,
        due_at=occasion.at,
        state=RunState.WAITING,
    )


class _Gate:
    """Re-entry as the gate decides it, with admissions in memory: as if nobody had entered before these days."""

    def __init__(self, plan: Plan, world: RehearsedWorld) -> None:
        self.reentry, self.world = plan.reentry, world
        self.admissions: dict[int, Admission] = defaultdict(Admission)

    def refuses(self, run: Run) -> str:
        if self.reentry.mode == "first_visit":
            came_before = run.transition_id is not None and self.world.had_been_there(run)
            return "not_first_visit" if came_before else ""
        subject = getattr(run, f"{self.reentry.per}_id") if self.reentry.per else None
        if subject is None:
            return ""
        admission, occurred_at = self.admissions[subject], run.occurred_at
        if is_too_near(admission, occurred_at, self.reentry.apart):
            return f"entered_before_per_{self.reentry.per}"
        admission.occurred.append(occurred_at.isoformat())
        return ""


def _carry(plan: Plan, world: RehearsedWorld, found: Rehearsal) -> None:
    """Whoever is due first goes on first, as caps and admissions are used up in that order."""
    gate = _Gate(plan, world)
    due = [(run.entered_at, place, _walk(run, plan, world, gate, found)) for place, run in enumerate(world.runs)]
    heapify(due)
    while due:
        world.now, place, walk = due[0]
        until = next(walk, None)
        if until is None:
            heappop(due)
        else:
            heapreplace(due, (max(until, world.now), place, walk))


def _walk(run: Run, plan: Plan, world: RehearsedWorld, gate: _Gate, found: Rehearsal) -> Iterator[datetime]:
    """One order's way. Says until when it waits, and goes on when it is asked again."""
    if refused := gate.refuses(run):
        found.declined[refused] += 1
        return
    found.entered += 1
    step = plan.first
    while step not in (FINISH, END) and not find_stops([run], {run.version_id: plan.stop_on}, world):
        run.step, run.step_at = step, world.now
        found.came_to[step] += 1
        node = plan.nodes[step]
        branch = yield from _decide(run, STEPS[node.kind], step, node.params, world, found)
        if branch is None:
            return
        found.decided[step, branch or "done"] += 1
        step = node.exits[branch]


def _decide(
    run: Run, kind: StepKind, step: str, params: Params, world: RehearsedWorld, found: Rehearsal
) -> Generator[datetime, None, str | None]:
    """Ask a step until it says which way to go on by. None: it says to stop."""
    for _again in range(MOST_TURNS):
        [decision] = kind.decide([run], step, params, world)
        match decision.outcome:
            case Continue(branch):
                return branch
            case Stop(reason):
                found.decided[step, reason] += 1
                return None
            case ChangeCustomer():
                return ""
            case Reserve():
                return _reserve(step, decision.outcome, world).branch
            case Wait(until):
                yield until
            case Emit(row) if kind.rehearse is not None:
                row.run = run  # which is in no database
                yield from _come_to_an_end(row, kind.rehearse, params, world)
                world.owed[run.pk, step] = row
                _count(row, found)
            case Emit():
                return kind.branches[0].key if kind.branches else ""
    return None


def _reserve(step: str, asked: Reserve, world: RehearsedWorld) -> Continue:
    """As the engine settles it, with the places counted in memory."""
    limits = {"total": asked.total, asked.period: asked.per_period}
    if any(most is not None and world.taken[step, name] >= most for name, most in limits.items()):
        return asked.otherwise
    world.taken.update((step, name) for name in limits)
    return asked.then


def _come_to_an_end(row: Any, rehearse: Rehearse, params: Params, world: RehearsedWorld) -> Iterator[datetime]:
    for _again in range(MOST_TURNS):
        until = rehearse(row, params, world)
        if until is None:
            return
        yield until


def _count(row: Any, found: Rehearsal) -> None:
    if isinstance(row, Message):
        found.held += row.is_held
        if row.was_sent:
            found.texts, found.parts = found.texts + 1, found.parts + row.parts
        else:
            found.not_sent[row.skip_reason] += 1


def _choose(found: Rehearsal, owed: Sequence[Any]) -> list[Sample]:
    """Spread over the days, the longest among them."""
    texts = [row for row in owed if isinstance(row, Message) and row.was_sent]
    if not texts:
        return []
    apart = max(1, len(texts) // SAMPLES)
    chosen = {id(text): text for text in [max(texts, key=lambda text: (text.parts, len(text.text))), *texts[::-apart]]}
    some = sorted(list(chosen.values())[:SAMPLES], key=lambda text: text.due_at or found.since, reverse=True)
    return [
        Sample(
            order_id=text.order.pk,
            order=text.order.external_id,
            step=text.step,
            at=text.sent_at,
            text=text.text,
            parts=text.parts,
            is_held=text.is_held,
        )
        for text in some
        if text.order and text.sent_at
    ]
