"""Which live campaigns a transition, or a new order, starts. Runs are the outbox, written in the transaction that moves
or creates the order.

Matching reads indexed columns and runs nobody's code. All else that decides whether an order may enter is asked at the
run's first gate, by a worker.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import BooleanField, Case, Q, QuerySet, When
from django.utils import timezone

from campaigns import doorbell
from campaigns.definitions import Plan
from campaigns.models import CHANGE, CREATION, Activation, Awaited, From, Lane, Run, RunState, Watch
from campaigns.steps.base import Occasion, Trigger, Watched
from campaigns.waking import wake
from orders.models import NewOrder, Order, SilentBecause, StatusTransition
from orders.transitions import Started
from statuses.models import OrderStatus
from workspace.database import execute, insert_columns
from workspace.queues import RUNS

COLUMNS = (
    "campaign_id", "version_id", "occasion", "occurred_at", "transition_id", "order_id", "customer_id",
    "lane", "entered_at", "step_at", "due_at", "state", "step", "reason", "event_count", "ended_at", "held_at",
)  # fmt: skip
NOTHING_YET = (RunState.WAITING, "", "", 0, None, None)

ASKING = f"""
SELECT id, NULL, NULL FROM {Watch._meta.db_table}
WHERE type IN ({{types}}) AND (to_status_id IN ({{statuses}}) OR to_status_id IS NULL)
UNION ALL
SELECT run_id, order_id, type FROM {Awaited._meta.db_table} WHERE order_id IN ({{orders}})
"""  # noqa: S608 - names of ours
WATCHING_CREATED = f"SELECT id FROM {Watch._meta.db_table} WHERE type = '{Watch.CREATED}'"  # noqa: S608 - names of ours
# What is read of a watch, its activation and its campaign.
READ = (
    "type", "to_status", "from_mode", "from_status_ids", "activation__version", "activation__effective_from",
    "activation__lane", "activation__campaign__code",
)  # fmt: skip
# Said so that no index answers it. By its index of live activations PostgreSQL would begin with all of them, if it took
# its statistics while few were live; the few watches of a change are what to begin with.
IS_LIVE = Case(When(activation__until_transition=None, then=True), default=False, output_field=BooleanField())


def take_in(transitions: Sequence[StatusTransition]) -> list[Started]:
    """Start the runs of transitions just written, and wake those that waited for one of them."""
    asked = _ask(transitions)
    wake(asked.awaiting)
    loud = [row for row in transitions if not row.silent_because]
    return start_runs(loud, _live(asked.watching)) if loud and asked.watching else []


def start_runs(transitions: Sequence[StatusTransition], watches: Sequence[Watch]) -> list[Started]:
    """Start a run for each transition and each live trigger that it matches. Starting one again changes nothing."""
    loud = [row for row in transitions if not row.silent_because]
    matched = [(row, watch) for row in loud for watch in watches if answers(watch, row)]
    now = timezone.now()
    _write([_run(change_of(row), watch.activation, watch.activation.lane, now, now) for row, watch in matched])
    return [Started(row.pk, watch.activation.campaign.code) for row, watch in matched]


def start_created(orders: Sequence[NewOrder]) -> None:
    """Start a run for each new order and each live trigger that hears of them."""
    loud = [order for order in orders if not order.silent_because]
    if not loud:
        return
    watching = [pk for (pk,) in execute(WATCHING_CREATED)]
    for watch in _live(watching) if watching else ():
        wanted = (order for order in loud if _is_in_time(watch.activation, order))
        start_occasions(watch.activation, [creation_of(order) for order in wanted])


def _is_in_time(activation: Activation, order: NewOrder) -> bool:
    return activation.effective_from is None or order.placed_at >= activation.effective_from


def start_occasions(
    activation: Activation,
    occasions: Sequence[Occasion],
    lane: Lane = Lane.URGENT,
    *,
    unwanted_before: datetime | None = None,
) -> None:
    """Start a run for each. Starting one again changes nothing. `lane`: none is more urgent than this.

    One that came before `unwanted_before` was due as it came, so that the engine drops it with all else that was.
    """
    now, lane = timezone.now(), max(lane, Lane(activation.lane))
    due = [each.at if unwanted_before and each.at < unwanted_before else now for each in occasions]
    _write([_run(each, activation, lane, now, at) for each, at in zip(occasions, due, strict=True)])


def _write(runs: Sequence[tuple[Any, ...]]) -> None:
    insert_columns(Run, COLUMNS, runs, ignore_conflicts=True)
    if runs:
        doorbell.ring_on_commit(RUNS)


def start_new(
    activation: Activation,
    found: Sequence[Occasion],
    lane: Lane = Lane.URGENT,
    *,
    unwanted_before: datetime | None = None,
) -> int:
    """Start a run for each that has none, in their order. Answers how many."""
    new = not_started(activation.campaign_id, found)
    start_occasions(activation, new, lane, unwanted_before=unwanted_before)
    return len(new)


def in_time(found: Sequence[Occasion]) -> list[Occasion]:
    """What the clock brought, whoever came first."""
    return sorted(found, key=lambda each: (each.at, each.order_id or 0))


def not_started(campaign: int, found: Sequence[Occasion]) -> list[Occasion]:
    runs = Run.objects.filter(campaign=campaign, occasion__in=[occasion.key for occasion in found]).order_by()
    started = set(runs.values_list("occasion", flat=True))
    return [occasion for occasion in found if occasion.key not in started]


def _live(watching: Collection[int]) -> list[Watch]:
    watches = Watch.objects.alias(is_live=IS_LIVE).filter(pk__in=watching, is_live=True)
    return list(watches.select_related("activation__campaign").only(*READ))


@dataclass(frozen=True, slots=True)
class _Asked:
    """Triggers that may answer to some transitions, whether live or not, and runs that wait for one of them."""

    watching: list[int]
    awaiting: set[int]


def _ask(transitions: Sequence[StatusTransition]) -> _Asked:
    """Every save that changes a status asks this, mostly to hear that nobody does: so it is one question of two small
    tables, and its SQL is written down, which Django would take ten times as long to put together as PostgreSQL to
    answer."""
    types, statuses = {row.type for row in transitions}, {row.to_status_id for row in transitions}
    moved = {(row.order_id, row.type) for row in transitions}
    orders = {order_id for order_id, _type in moved}
    statement = ASKING.format(types=_marks(types), statuses=_marks(statuses), orders=_marks(orders))
    rows = execute(statement, [*types, *statuses, *orders])
    watching = [pk for pk, order_id, _type in rows if order_id is None]
    return _Asked(watching, {pk for pk, order_id, type in rows if (order_id, type) in moved})


def _marks(values: Collection[Any]) -> str:
    return ", ".join(["%s"] * len(values))


def answers(watch: Watch, transition: StatusTransition) -> bool:
    effective_from = watch.activation.effective_from
    return (
        watch.type == transition.type
        and watch.to_status_id in (None, transition.to_status_id)
        and watch.accepts_from(transition.from_status_id)
        and (effective_from is None or transition.occurred_at >= effective_from)
    )


def write_watches(activation: Activation, trigger: Trigger) -> None:
    """Derive what matching reads from a trigger."""
    activation.watches.all().delete()
    watches = watches_of(trigger.watched)
    if trigger.kind.hears_created:
        watches.append(Watch(type=Watch.CREATED, from_mode=From.ANY))
    for watch in watches:
        watch.activation = activation
    Watch.objects.bulk_create(watches)


def watches_of(watched: Watched | None) -> list[Watch]:
    """One for each target status that exists by now: made for asking, and not kept."""
    if watched is None:
        return []
    targets: list[int | None] = [None]
    if watched.to:
        targets = [*OrderStatus.objects.meant_by(watched.type, watched.to)]
    from_ids = OrderStatus.objects.meant_by(watched.type, watched.from_codes)
    return [
        Watch(type=watched.type, to_status_id=target, from_mode=watched.from_mode, from_status_ids=from_ids)
        for target in targets
    ]


def occasions(plan: Plan) -> QuerySet[StatusTransition]:
    """What the ledger holds that a plan's trigger answers to, whether or not it was told so that it starts anything."""
    asked = reduce(or_, (watch.as_question() for watch in watches_of(plan.trigger.watched)), Q(pk__in=[]))
    return StatusTransition.objects.filter(asked).exclude(silent_because=SilentBecause.MERGE).order_by()


def change_of(transition: StatusTransition) -> Occasion:
    key, at = f"{CHANGE}{transition.pk}", transition.occurred_at
    return Occasion(key, at, transition.order_id, transition.customer_id, transition.pk)


def creation_of(order: NewOrder | Order) -> Occasion:
    return Occasion(f"{CREATION}{order.pk}", order.placed_at, order.pk, order.customer_id)


def _run(occasion: Occasion, activation: Activation, lane: int, now: datetime, due: datetime) -> tuple[Any, ...]:
    """A run at its gate, as COLUMNS has it."""
    about = (occasion.key, occasion.at, occasion.transition_id, occasion.order_id, occasion.customer_id)
    return (activation.campaign_id, activation.version_id, *about, lane, now, now, due, *NOTHING_YET)
