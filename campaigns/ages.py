"""How long the oldest of everything has waited: what an operator watches, since a long queue that moves is fine.

A fixed number of small queries, each answered by the first entry of an index or by few rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min

from campaigns.models import Lane, Message, MessageState, Run, WebhookCall
from campaigns.models.messages import MessageQuerySet
from campaigns.models.runs import RunQuerySet
from campaigns.sms.breaker import held_back
from campaigns.sms.handover import LEASE

# Beyond so many nobody counts on: it is as bad as it gets, and counting on would cost.
MOST_COUNTED = 10_000


@dataclass(frozen=True, slots=True)
class Ages:
    """In seconds, by lane where there are two; 0: there is none. Overdue ones are counted up to 10,000."""

    due_run: Mapping[str, float]
    due_message: Mapping[str, float]
    due_call: float
    put_off: float
    message_in_hand: float
    unknown: float
    unknowns: int
    overdue_runs: int
    overdue_messages: int


def ages(now: datetime) -> Ages:
    in_hand = Message.objects.filter(state__in=Message.IN_HAND).aggregate(until=Min("leased_until"))["until"]
    put_off = Message.objects.put_off().aggregate(since=Min("created_at"))["since"]
    unknown = Message.objects.filter(state=MessageState.UNKNOWN).aggregate(since=Min("called_at"), number=Count("pk"))
    held = held_back()
    return Ages(
        due_run=_by_lane(Run.objects.due(now), now),
        due_message=_by_lane(Message.objects.due(now).exclude(held), now),
        due_call=_since(WebhookCall.objects.due(now).aggregate(since=Min("due_at"))["since"], now),
        put_off=_since(put_off, now),
        message_in_hand=_since(in_hand and in_hand - LEASE, now),
        unknown=_since(unknown["since"], now),
        unknowns=unknown["number"],
        overdue_runs=_count(Run.objects.overdue(now)),
        overdue_messages=_count(Message.objects.overdue(now).exclude(held)),
    )


def _by_lane(due: RunQuerySet | MessageQuerySet, now: datetime) -> dict[str, float]:
    return {
        lane.name.lower(): _since(
            due.filter(lane=lane).order_by("due_at", "pk").values_list("due_at", flat=True).first(), now
        )
        for lane in Lane
    }


def _count(overdue: RunQuerySet | MessageQuerySet) -> int:
    return overdue.order_by()[:MOST_COUNTED].count()


def _since(moment: datetime | None, now: datetime) -> float:
    return max(0.0, (now - moment).total_seconds()) if moment else 0.0
