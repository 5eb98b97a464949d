"""The books: what must exist, recomputed from the ledger and the activations, held against what does.

Everything is counted by the database in sets; each breach is one line, and `unaccounted` is their number.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

import structlog
from django.db.models import BigIntegerField, Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Sum, Value, Window
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce, Lag
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from analytics.history import orders_misread
from campaigns.definitions import trigger_of
from campaigns.engine import readable_plans
from campaigns.models import (
    CHANGE,
    CREATION,
    Activation,
    Audit,
    Awaited,
    BackFill,
    CallState,
    CampaignVersion,
    Message,
    MessageState,
    Quota,
    Run,
    RunEvent,
    RunState,
    SkipReason,
    StepTally,
    Watch,
    WebhookCall,
)
from campaigns.owed import OWED
from campaigns.quotas import TOTAL
from campaigns.steps import STEPS
from campaigns.sweeping import unstarted
from orders.models import InboxVerdict, Order, SilentBecause, StatusChange, StatusTransition
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
            "calls": _calls(),
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


def _calls() -> Counts:
    found = _tally(WebhookCall.objects, "state")
    return {"total": sum(found.values()), **{state: found.get(state, 0) for state in CallState.values}}


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


def visits_unlike_their_inbox() -> int:
    """Orders whose visits, as reports and segments read them, are not what was told of them."""
    return orders_misread()


def _unlike_ledger(type: str) -> QuerySet[Order]:
    moves = StatusTransition.objects.filter(order=OuterRef("pk"), type=type).order_by("-pk")
    ids = BigIntegerField()
    led_to = Coalesce(Subquery(moves.values("to_status_id")[:1]), NOWHERE, output_field=ids)
    stands = Coalesce(f"{STATUS_FIELDS[type]}_id", NOWHERE, output_field=ids)
    return Order.objects.annotate(led_to=led_to).exclude(led_to=stands)


def missing_runs() -> int:
    """Transitions, and orders created, that an activation had to answer to and that started no run of its campaign; and
    occasions that the clock brought, that still stand, and that were told in time to be found."""
    return sum(
        _without(_owed_by(activations), CHANGE, campaign).count()
        + _without(_created_for(activations), CREATION, campaign).count()
        + sum(_unstarted(activation) for activation in activations)
        for campaign, activations in _activations().items()
    )


def unexplained_runs() -> int:
    """Runs that no activation of their campaign explains: by the transition or the new order it had to answer to, or,
    of one that goes by the clock, by its time."""
    return sum(
        _unexplained(Run.objects.filter(campaign=campaign), activations).count()
        + _unexplained_others(Run.objects.filter(campaign=campaign), activations).count()
        for campaign, activations in _activations().items()
    )


def _unexplained(runs: QuerySet[Run], activations: list[Activation]) -> QuerySet[Run]:
    """Apart from others: of changes there are most, and so they are one anti-join."""
    owed = Exists(_owed_by(activations).filter(pk=OuterRef("transition")))
    return runs.filter(occasion__startswith=CHANGE).exclude(owed)


def _unexplained_others(runs: QuerySet[Run], activations: list[Activation]) -> QuerySet[Run]:
    is_new, created = Q(occasion__startswith=CREATION), Exists(_created_for(activations).filter(pk=OuterRef("order")))
    others = runs.exclude(occasion__startswith=CHANGE)
    return others.exclude(is_new & created).exclude(~is_new & _in_its_time(activations))


def _without(owed: QuerySet[Any], key: str, campaign: int) -> QuerySet[Any]:
    about = {"transition" if key == CHANGE else "order": OuterRef("pk")}
    return owed.exclude(Exists(Run.objects.filter(campaign=campaign, occasion__startswith=key, **about)))


def _unstarted(activation: Activation) -> int:
    """Of one that ended, what it should have found changed since."""
    if activation.until_transition is not None or activation.swept_to is None:
        return 0
    trigger = trigger_of(activation.version.definition)
    return sum(1 for _occasion in unstarted(activation, trigger)) if trigger else 0


def _created_for(activations: list[Activation]) -> QuerySet[Order]:
    hearing = [one for one in activations if any(watch.type == Watch.CREATED for watch in one.watches.all())]
    stretches = (
        _between("pk", one.after_order, one.until_order) & _reached(one) & _since("placed_at", one.effective_from)
        for one in hearing
    )
    return Order.objects.filter(reduce(or_, stretches, Q(pk__in=[])), silent_because=SilentBecause.FIRES)


def _in_its_time(activations: list[Activation]) -> Q:
    swept = [one for one in activations if one.swept_to is not None]
    any_time = Q(occurred_at__isnull=False)  # an empty Q is lost among others
    times = (
        any_time & _since("occurred_at", one.effective_from) & _until("occurred_at", one.ended_at) for one in swept
    )
    is_loud = Q(transition=None) | Q(transition__silent_because=SilentBecause.FIRES)
    return reduce(or_, times, Q(pk__in=[])) & is_loud


def _activations() -> dict[int, list[Activation]]:
    by_campaign: dict[int, list[Activation]] = defaultdict(list)
    for activation in Activation.objects.select_related("version", "back_fill").prefetch_related("watches"):
        by_campaign[activation.campaign_id].append(activation)
    return by_campaign


def _owed_by(activations: list[Activation]) -> QuerySet[StatusTransition]:
    nothing = Q(pk__in=[])
    stretches = (
        _stretch(activation) & reduce(or_, (watch.as_question() for watch in activation.watches.all()), nothing)
        for activation in activations
    )
    return StatusTransition.objects.loud().filter(reduce(or_, stretches, nothing))


def _stretch(activation: Activation) -> Q:
    ids = _between("pk", activation.after_transition, activation.until_transition)
    return ids & _reached(activation) & _since("occurred_at", activation.effective_from)


def _reached(activation: Activation) -> Q:
    """Of changes or orders: all but those that its back-fill did not come to."""
    back_fill: BackFill | None = getattr(activation, "back_fill", None)
    return Q() if back_fill is None else Q(pk__lte=back_fill.done_up_to) | Q(pk__gt=back_fill.upto)


def _between(column: str, after: int, until: int | None) -> Q:
    return Q(**{f"{column}__gt": after}) & (Q() if until is None else Q(**{f"{column}__lte": until}))


def _since(column: str, moment: datetime | None) -> Q:
    return Q() if moment is None else Q(**{f"{column}__gte": moment})


def _until(column: str, moment: datetime | None) -> Q:
    return Q() if moment is None else Q(**{f"{column}__lte": moment})


def runs_in_no_place() -> int:
    """A run waits for a time, or for what it owes at its step, or is held, or has ended."""
    ended = Q(ended_at__isnull=False, due_at=None, held_at=None)
    owes = _any_owed(run=OuterRef("pk"), step=OuterRef("step"), ended_at=None)
    waits = Q(ended_at=None) & (Q(due_at__isnull=False, held_at=None) | Q(due_at=None, held_at__isnull=False) | owes)
    in_place = Q(Q(state=RunState.WAITING) & waits) | (~Q(state=RunState.WAITING) & ended)
    return Run.objects.exclude(in_place).count()


def messages_in_no_place() -> int:
    """A message waits for a time, or is with a gateway on a lease, or its fate is unknown, or its sending is over."""
    return Message.objects.exclude(Message.IN_PLACE).count()


def calls_in_no_place() -> int:
    """A webhook call waits for a time, or is being made on a lease, or is over."""
    return WebhookCall.objects.exclude(WebhookCall.IN_PLACE).count()


def runs_that_lost_a_decision() -> int:
    counted = Run.objects.annotate(kept=Count("events")).order_by()
    return counted.exclude(kept=F("event_count")).count()


def miscounted_decisions() -> int:
    """Steps of a campaign whose tallies are not the number of their decisions, by outcome."""
    counted: Any = Counter()
    decided = RunEvent.objects.order_by().values_list("run__campaign", "step", "outcome")
    tallied = StepTally.objects.order_by().values_list("version__campaign", "step", "outcome")
    counted.update({tuple(what): number for *what, number in decided.annotate(number=Count("pk"))})
    counted.subtract({tuple(what): number for *what, number in tallied.annotate(total=Sum("number"))})
    return sum(map(abs, counted.values()))


def owed_without_message() -> int:
    """Each step that owed a message or a call has exactly one; the other way round a constraint and this hold it."""
    owed = RunEvent.objects.filter(outcome="owed")
    has_decision = Exists(owed.filter(run=OuterRef("run"), step=OuterRef("step")))
    without_row = owed.exclude(_any_owed(run=OuterRef("run"), step=OuterRef("step"))).count()
    return without_row + sum(model.objects.filter(~has_decision).count() for model in OWED)


def _any_owed(**how: Any) -> Q:
    """Whether there is a row of any kind that a run may owe, such as this."""
    return reduce(or_, (Q(Exists(model.objects.filter(**how))) for model in OWED))


def waits_nobody_wakes() -> int:
    """Runs that wait for a change of their order's status, and that no such change would wake."""
    return sum(
        _unwoken(version, step, type).count()
        for version, plan in readable_plans(CampaignVersion.objects.all()).items()
        if plan.may_await
        for step in plan.nodes
        for type in plan.awaited_at(step)
    )


def _unwoken(version: int, step: str, type: str) -> QuerySet[Run]:
    """Those that are due are about to be asked anyway."""
    is_woken = Exists(Awaited.objects.filter(run=OuterRef("pk"), type=type))
    waiting = Run.objects.filter(version=version, state=RunState.WAITING, step=step, order__isnull=False)
    return waiting.filter(Q(due_at=None) | Q(due_at__gt=timezone.now())).exclude(is_woken)


def places_miscounted() -> int:
    """Counts of a limited step that are not the number of places its decisions tell of."""
    counted = {(row.campaign_id, row.step, row.period): row.taken for row in Quota.objects.exclude(taken=0)}
    told: dict[tuple[int, str, str], int] = {}
    places = RunEvent.objects.filter(_is_limited()).order_by()
    for name, key in ((Value(TOTAL), "of_total"), (KT("seen__period"), "of_period")):
        rows = places.filter(seen__has_key=key).annotate(period=name)
        for campaign, step, period, taken in rows.values_list("run__campaign", "step", "period").annotate(Count("pk")):
            told[campaign, step, period] = taken
    return sum(counted.get(place) != told.get(place) for place in counted.keys() | told.keys())


def _is_limited() -> Q:
    """Of decisions: whether their step is one that hands out places."""
    versions = CampaignVersion.objects.all()
    campaigns = {version.pk: version.campaign_id for version in versions}
    nothing = Q(pk__in=[])
    limited = {
        (campaigns[version], node.key)
        for version, plan in readable_plans(versions).items()
        for node in plan.nodes.values()
        if STEPS[node.kind].is_limited
    }
    return reduce(or_, (Q(run__campaign=campaign, step=step) for campaign, step in limited), nothing)


# What each rule counts, in words. Its name is the one in JSON, which docs/architecture.md explains.
BREACHES: dict[Callable[[], int], Promise] = {
    changes_without_their_transition: _("changes without their transition"),
    broken_chains: _("broken chains"),
    statuses_unlike_their_ledger: _("statuses unlike their ledger"),
    visits_unlike_their_inbox: _("visits unlike their inbox"),
    missing_runs: _("missing runs"),
    unexplained_runs: _("unexplained runs"),
    runs_in_no_place: _("runs in no place"),
    messages_in_no_place: _("messages in no place"),
    calls_in_no_place: _("calls in no place"),
    runs_that_lost_a_decision: _("runs that lost a decision"),
    miscounted_decisions: _("miscounted decisions"),
    waits_nobody_wakes: _("waits nobody wakes"),
    places_miscounted: _("places miscounted"),
    owed_without_message: _("owed without message or call"),
}
