"""Which live campaigns a transition starts. Runs are the outbox, written in the transaction that moves the order.

Matching reads indexed columns and runs nobody's code. All else that decides whether an order may enter is asked at the
run's first gate, by a worker.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from campaigns import doorbell
from campaigns.models import Activation, Lane, Run, RunState, Watch
from campaigns.steps.base import Watched
from orders.models import StatusTransition
from orders.transitions import Started
from statuses.models import OrderStatus
from workspace.database import in_sets, insert_columns
from workspace.queues import RUNS

COLUMNS = (
    "campaign_id", "version_id", "occasion", "transition_id", "order_id", "customer_id",
    "lane", "entered_at", "step_at", "due_at", "state", "step", "reason", "event_count", "ended_at",
)  # fmt: skip
NOTHING_YET = (RunState.WAITING, "", "", 0, None)


def start_runs(
    transitions: Sequence[StatusTransition], watches: Sequence[Watch] | None = None, lane: Lane = Lane.URGENT
) -> list[Started]:
    """Start a run for each transition and each live trigger that it matches. Starting one again changes nothing.

    `lane`: no run is more urgent than this.
    """
    loud = [row for row in transitions if not row.silent_because]
    if not loud:
        return []
    watching = live_watches(loud) if watches is None else watches
    matched = [(row, watch) for row in loud for watch in watching if answers(watch, row)]
    now = timezone.now()
    runs = [_run(row, watch.activation, max(lane, watch.activation.lane), now) for row, watch in matched]
    insert_columns(Run, COLUMNS, runs, ignore_conflicts=True)
    if matched:
        doorbell.ring_on_commit(RUNS)
    return [Started(row.pk, watch.activation.campaign.code) for row, watch in matched]


def back_fill(activation: Activation, upto: int) -> int:
    """Start runs for what the ledger already holds, as far back as the activation takes effect. Answers how many."""
    watches = list(activation.watches.select_related("activation__campaign"))
    rows = StatusTransition.objects.loud().filter(
        pk__gt=activation.after_transition, pk__lte=upto, type__in={watch.type for watch in watches}
    )
    if activation.effective_from:
        rows = rows.filter(occurred_at__gte=activation.effective_from)
    runs = Run.objects.filter(campaign=activation.campaign_id)
    before = runs.count()
    for batch in in_sets(_in_order(rows)):
        start_runs(batch, watches, Lane.BULK)
    return runs.count() - before


def live_watches(transitions: Sequence[StatusTransition]) -> list[Watch]:
    """The triggers that may answer to these: one query."""
    return list(
        Watch.objects.filter(
            Q(to_status=None) | Q(to_status__in={row.to_status_id for row in transitions}),
            type__in={row.type for row in transitions},
            activation__until_transition=None,
        ).select_related("activation__campaign")
    )


def answers(watch: Watch, transition: StatusTransition) -> bool:
    effective_from = watch.activation.effective_from
    return (
        watch.type == transition.type
        and watch.to_status_id in (None, transition.to_status_id)
        and watch.accepts_from(transition.from_status_id)
        and (effective_from is None or transition.occurred_at >= effective_from)
    )


def write_watches(activation: Activation, watched: Watched) -> None:
    """Derive what matching reads from a trigger: one row for each target status that exists by now."""
    targets: list[int | None] = [None]
    if watched.to:
        targets = [*_meant(watched.type, watched.to)]
    from_ids = _meant(watched.type, watched.from_codes)
    activation.watches.all().delete()
    Watch.objects.bulk_create(
        Watch(
            activation=activation,
            type=watched.type,
            to_status_id=target,
            from_mode=watched.from_mode,
            from_status_ids=from_ids,
        )
        for target in targets
    )


def _meant(type: str, keys: Collection[str]) -> list[int]:
    """The statuses with these codes; of one that was merged, what is meant by its code today as well."""
    named = OrderStatus.objects.of_type(type).filter(code_key__in=keys).order_by()
    return sorted({id for ids in named.values_list("pk", "merged_into") for id in ids if id is not None})


def _run(transition: StatusTransition, activation: Activation, lane: int, now: datetime) -> tuple[Any, ...]:
    """A run at its gate, as COLUMNS has it."""
    about = (f"t:{transition.pk}", transition.pk, transition.order_id, transition.customer_id)
    return (activation.campaign_id, activation.version_id, *about, lane, now, now, now, *NOTHING_YET)


def _in_order(rows: QuerySet[StatusTransition]) -> Iterator[StatusTransition]:
    """The ledger page by page, by primary key: no long-lived iterator, which SQLite would have to keep open."""
    last = 0
    while page := list(rows.filter(pk__gt=last).order_by("pk")[:500]):
        yield from page
        last = page[-1].pk
