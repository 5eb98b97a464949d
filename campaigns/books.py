"""The books: what must exist, recomputed from the ledger and the activations, held against what does.

Everything is counted by the database in sets; each breach is one line, and `unaccounted` is their number.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from functools import reduce
from operator import or_
from typing import Any

import structlog
from django.db.models import BigIntegerField, Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Value, Window
from django.db.models.functions import Coalesce, Lag
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from campaigns.models import Activation, Audit, From, Message, MessageState, Run, RunEvent, RunState, SkipReason, Watch
from orders.models import InboxVerdict, Order, StatusChange, StatusTransition
from orders.standing import STATUS_FIELDS, TYPES
from workspace import logged
from workspace.database import snapshot

Counts = dict[str, Any]

log = structlog.get_logger(__name__)

# Stands for "no status" where two of them are compared: no row has this id.
NOWHERE = Value(0)


def audit() -> Counts:
    """The books, all of one moment even beside workers, with `breaches` by name and their sum, `unaccounted`."""
    with snapshot():
        breaches = {rule.__name__: rule() for rule in BREACHES}
        return {
            "changes": _changes(),
            "transitions": _transitions(),
            "runs": _runs(),
            "messages": _messages(),
            "breaches": breaches,
            "unaccounted": sum(breaches.values()),
        }


def audit_and_keep() -> Counts:
    """Audit, and keep what came of it for the metrics and the operator's page."""
    began = time.monotonic()
    found = audit()
    seconds = logged.since(began)
    Audit.keep(found, seconds)
    tell = log.error if found["unaccounted"] else log.info
    tell("audited", unaccounted=found["unaccounted"], breaches=_some(found["breaches"]), seconds=seconds)
    return found


def _some(breaches: Counts) -> Counts:
    return {name: number for name, number in breaches.items() if number}


def _changes() -> Counts:
    found = _tally(StatusChange.objects, "verdict")
    return {"received": sum(found.values()), **{verdict: found.get(verdict, 0) for verdict in InboxVerdict.values}}


def _transitions() -> Counts:
    found = _tally(StatusTransition.objects, "type")
    return {"total": sum(found.values()), **{type: found.get(type, 0) for type in TYPES}}


def _runs() -> Counts:
    found = _tally(Run.objects, "state")
    return {"total": sum(found.values()), **{state: found.get(state, 0) for state in RunState.values}}


def _messages() -> Counts:
    """`pending` holds those being sent just now and those held for quiet hours too."""
    found = _tally(Message.objects, "state")
    found[MessageState.PENDING] = sum(found.pop(state, 0) for state in (MessageState.PENDING, *Message.IN_HAND))
    skipped = _tally(Message.objects.filter(state=MessageState.SKIPPED), "skip_reason")
    states = [s for s in MessageState.values if s not in (*Message.IN_HAND, MessageState.SKIPPED)]
    return {
        "total": sum(found.values()),
        **{state: found.get(state, 0) for state in states},
        "skipped": {reason: skipped[reason] for reason in SkipReason.values if reason in skipped},
    }


def _tally(rows: Any, column: str) -> dict[str, int]:
    return dict(rows.order_by().values_list(column).annotate(number=Count("pk")))


def changes_without_their_transition() -> int:
    """An inbox row that moved its order has one transition, one that did not has none; and no row of either is gone."""
    has_moved = Exists(StatusTransition.objects.filter(change=OuterRef("pk")))
    moved = Q(verdict=InboxVerdict.MOVED)
    is_there = Exists(StatusChange.objects.filter(pk=OuterRef("change_id")))
    return (
        StatusChange.objects.filter((moved & ~has_moved) | (~moved & has_moved)).count()
        + StatusTransition.objects.filter(~is_there, change_id__isnull=False).count()
    )


def broken_chains() -> int:
    """Transitions that do not begin where the order's last one of that type ended."""
    chained = StatusTransition.objects.annotate(
        begins=Coalesce("from_status_id", NOWHERE),
        ended=Coalesce(
            Window(Lag("to_status_id"), partition_by=[F("order_id"), F("type")], order_by=F("pk").asc()), NOWHERE
        ),
    )
    return chained.exclude(begins=F("ended")).count()


def statuses_unlike_their_ledger() -> int:
    """Orders whose status of a type is not the one its last transition led to."""
    return sum(_unlike_ledger(type).count() for type in TYPES)


def _unlike_ledger(type: str) -> QuerySet[Order]:
    moves = StatusTransition.objects.filter(order=OuterRef("pk"), type=type).order_by("-pk")
    ids = BigIntegerField()
    led_to = Coalesce(Subquery(moves.values("to_status_id")[:1]), NOWHERE, output_field=ids)
    stands = Coalesce(f"{STATUS_FIELDS[type]}_id", NOWHERE, output_field=ids)
    return Order.objects.annotate(led_to=led_to).exclude(led_to=stands)


def missing_runs() -> int:
    """Transitions that an activation had to answer to, and that started no run of its campaign."""
    return sum(
        _owed_by(activations).exclude(Exists(Run.objects.filter(campaign=campaign, transition=OuterRef("pk")))).count()
        for campaign, activations in _activations().items()
    )


def unexplained_runs() -> int:
    """Runs of a transition that no activation of their campaign had to answer to."""
    runs = Run.objects.filter(transition__isnull=False)
    return sum(
        runs.filter(campaign=campaign).exclude(Exists(_owed_by(activations).filter(pk=OuterRef("transition")))).count()
        for campaign, activations in _activations().items()
    )


def _activations() -> dict[int, list[Activation]]:
    by_campaign: dict[int, list[Activation]] = defaultdict(list)
    for activation in Activation.objects.prefetch_related("watches"):
        by_campaign[activation.campaign_id].append(activation)
    return by_campaign


def _owed_by(activations: list[Activation]) -> QuerySet[StatusTransition]:
    nothing = Q(pk__in=[])
    stretches = (
        _stretch(activation) & reduce(or_, map(_watched, activation.watches.all()), nothing)
        for activation in activations
    )
    return StatusTransition.objects.loud().filter(reduce(or_, stretches, nothing))


def _stretch(activation: Activation) -> Q:
    stretch = Q(pk__gt=activation.after_transition)
    if activation.until_transition is not None:
        stretch &= Q(pk__lte=activation.until_transition)
    if activation.effective_from is not None:
        stretch &= Q(occurred_at__gte=activation.effective_from)
    return stretch


def _watched(watch: Watch) -> Q:
    """The same question as Watch.accepts_from, put to the database."""
    comes_from = {
        From.ANY: Q(),
        From.ANY_EXISTING: Q(from_status__isnull=False),
        From.NONE: Q(from_status=None),
        From.ONLY: Q(from_status__in=watch.from_status_ids),
        From.EXCEPT: Q(from_status=None) | ~Q(from_status__in=watch.from_status_ids),
    }[From(watch.from_mode)]
    goes_to = Q(to_status=watch.to_status_id) if watch.to_status_id else Q()
    return Q(type=watch.type) & goes_to & comes_from


def runs_in_no_place() -> int:
    """A run waits for a time, or for one message, or has ended; and its decisions are all there."""
    ended = Q(ended_at__isnull=False, due_at=None)
    open_message = Exists(Message.objects.filter(run=OuterRef("pk"), step=OuterRef("step"), ended_at=None))
    waits = Q(ended_at=None) & (Q(due_at__isnull=False) | open_message)
    in_place = Q(Q(state=RunState.WAITING) & waits) | (~Q(state=RunState.WAITING) & ended)
    return Run.objects.exclude(in_place).count()


def messages_in_no_place() -> int:
    """A message waits for a time, or is with a gateway on a lease, or its fate is unknown, or its sending is over."""
    in_place = (
        Q(state=MessageState.PENDING, due_at__isnull=False, ended_at=None)
        | Q(state__in=Message.IN_HAND, leased_until__isnull=False, ended_at=None)
        | Q(state=MessageState.UNKNOWN, ended_at=None)
        | Q(state__in=Message.ENDED, ended_at__isnull=False)
    )
    return Message.objects.exclude(in_place).count()


def runs_that_lost_a_decision() -> int:
    counted = Run.objects.annotate(kept=Count("events")).order_by()
    return counted.exclude(kept=F("event_count")).count()


def owed_without_message() -> int:
    """Each step that owed a message has exactly one; the other way round a constraint and this count hold it."""
    owed = RunEvent.objects.filter(outcome="owed")
    has_message = Exists(Message.objects.filter(run=OuterRef("run"), step=OuterRef("step")))
    has_decision = Exists(owed.filter(run=OuterRef("run"), step=OuterRef("step")))
    return owed.filter(~has_message).count() + Message.objects.filter(~has_decision).count()


# What each rule counts, in words. Its name is the one in JSON, which docs/architecture.md explains.
BREACHES: dict[Callable[[], int], Promise] = {
    changes_without_their_transition: _("changes without their transition"),
    broken_chains: _("broken chains"),
    statuses_unlike_their_ledger: _("statuses unlike their ledger"),
    missing_runs: _("missing runs"),
    unexplained_runs: _("unexplained runs"),
    runs_in_no_place: _("runs in no place"),
    messages_in_no_place: _("messages in no place"),
    runs_that_lost_a_decision: _("runs that lost a decision"),
    owed_without_message: _("owed without message"),
}
