"""The breaker: a campaign that sends more texts in an hour than anybody expected is held, and people are told.

Somebody switched something on, a shop told its whole past as news, a rule is wrong: the first texts are gone, the crowd
is not. A person looks at a sample and lets all go, or some, or none. What counts are texts handed to a gateway in the
last 60 minutes, test texts apart, under the lock of the campaign's row, so two workers count as one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

import structlog
from django import forms
from django.db import transaction
from django.db.models import Max, Q, QuerySet
from django.utils.translation import gettext as _

from campaigns import doorbell
from campaigns.models import Activation, Breaker, Campaign, Message, MessageState
from workspace.database import lock_rows
from workspace.queues import SENDING

AUTO = "auto"
MOST = 1_000_000
MINUTES = 60

log = structlog.get_logger(__name__)


class NothingHeld(ValueError):
    """Somebody else decided already."""


@dataclass(frozen=True, slots=True)
class HourlyLimit:
    """`messages` None: as many as the last 30 days make one expect, five times over."""

    messages: int | None


def read_hourly_limit(raw: Any) -> HourlyLimit:
    """`{"messages": 500}` or `{"messages": "auto"}`. Raises ValidationError."""
    if not isinstance(raw, Mapping) or set(raw) != {"messages"}:
        raise forms.ValidationError(_("Write {“messages”: 500} or {“messages”: “auto”}."))
    messages = raw["messages"]
    if messages == AUTO:
        return HourlyLimit(None)
    if not isinstance(messages, int) or isinstance(messages, bool) or not 0 < messages <= MOST:
        raise forms.ValidationError(_("“messages” is a whole number from 1 to %d, or “auto”.") % MOST)
    return HourlyLimit(messages)


def held_back() -> Q:
    """Messages that no worker may claim, since they wait for a person. One small query."""
    found = Q(pk__in=[])
    for campaign_id, released_upto in Breaker.objects.tripped().values_list("campaign_id", "released_upto"):
        theirs = Q(campaign=campaign_id, is_test=False)
        found |= theirs if released_upto is None else theirs & Q(pk__gt=released_upto)
    return found


def write_limit(activation: Activation, per_hour: int | None) -> None:
    """Let the version that is activated have its limit, or none. What is held stays held."""
    if per_hour is None:
        Breaker.objects.filter(campaign=activation.campaign_id).update(per_hour=None)
    else:
        Breaker.objects.update_or_create(campaign_id=activation.campaign_id, defaults={"per_hour": per_hour})


@dataclass(frozen=True, slots=True)
class Held:
    """A campaign's texts that wait for a person: how many, since when, and the limit that was reached."""

    number: int
    since: datetime
    per_hour: int


def held_of(campaign: Campaign) -> Held | None:
    breaker = Breaker.objects.tripped().filter(campaign=campaign).first()
    if breaker is None or breaker.held_at is None:
        return None
    return Held(_waiting(breaker).count(), breaker.held_at, breaker.per_hour or 0)


def first_held(campaign: Campaign, most: int) -> list[Message]:
    """The oldest of them, with all that a text is made of."""
    breaker = Breaker.objects.tripped().filter(campaign=campaign).first()
    if breaker is None:
        return []
    rows = _waiting(breaker).select_related("customer", "order", "run__transition", "run__version")
    return list(rows.order_by("pk")[:most])


def release(campaign: Campaign, first: int | None = None) -> int:
    """Let all go, or the oldest so many; answers how many. Those that are left wait on. Raises NothingHeld.

    After all went, the hour begins anew.
    """
    with transaction.atomic():
        breaker = _lock_held(campaign)
        waiting = _waiting(breaker)
        number = waiting.count()
        if first is not None and first < number:
            breaker.released_upto = waiting.order_by("pk").values_list("pk", flat=True)[first - 1]
            breaker.save(update_fields=["released_upto"])
            number = first
        else:
            breaker.released_upto = _newest()
            _begin_anew(breaker)
    doorbell.ring_on_commit(SENDING)
    return number


def drop(campaign: Campaign) -> int:
    """Send none of those that wait: each is skipped, with the reason. Answers how many. Raises NothingHeld."""
    with transaction.atomic():
        breaker = _lock_held(campaign)
        number = _waiting(breaker).count()
        breaker.dropped.append([(breaker.released_upto or 0) + 1, _newest()])
        _begin_anew(breaker)
    doorbell.ring_on_commit(SENDING)
    return number


def _lock_held(campaign: Campaign) -> Breaker:
    breaker: Breaker | None = lock_rows(Breaker.objects.tripped().filter(campaign=campaign)).first()
    if breaker is None:
        raise NothingHeld(_("No texts of this campaign wait for a person any more."))
    return breaker


def _begin_anew(breaker: Breaker) -> None:
    breaker.held_at, breaker.minutes = None, {}
    breaker.save(update_fields=["held_at", "minutes", "released_upto", "dropped"])


def _newest() -> int:
    return Message.objects.aggregate(newest=Max("pk"))["newest"] or 0


def _waiting(breaker: Breaker) -> QuerySet[Message]:
    """Those that wait for the morning, say, are among them."""
    rows = Message.objects.filter(
        campaign=breaker.campaign_id, state=MessageState.PENDING, is_test=False, pk__gt=breaker.released_upto or 0
    )
    return rows.exclude(reduce(or_, (Q(pk__range=stretch) for stretch in breaker.dropped), Q(pk__in=[]))).order_by()


class BreakerBook:
    """What the campaigns of a batch sent in the last hour, and send in this batch. Holds their rows locked."""

    def __init__(self, messages: Iterable[Message], now: datetime) -> None:
        self._now = now
        self._minute = int(now.timestamp()) // 60
        campaigns = {message.campaign_id for message in messages}
        rows = lock_rows(Breaker.objects.filter(campaign__in=campaigns).order_by("pk")) if campaigns else ()
        self._breakers = {breaker.pk: breaker for breaker in rows}
        self._changed: set[int] = set()

    def drops(self, message: Message) -> bool:
        """Whether a person who looked did not want it to go. A test text was not among those."""
        breaker = None if message.is_test else self._breakers.get(message.campaign_id)
        return breaker is not None and any(first <= message.pk <= last for first, last in breaker.dropped)

    def holds(self, message: Message) -> bool:
        """Whether its campaign has sent enough in this hour. The first that is too many trips the breaker."""
        breaker = self._counting(message)
        if breaker is None or breaker.per_hour is None:
            return False
        if breaker.held_at is None and self._sent(breaker) >= breaker.per_hour:
            breaker.held_at = self._now
            self._changed.add(breaker.pk)
            log.warning("campaign_held", campaign=breaker.pk, per_hour=breaker.per_hour)
        return breaker.held_at is not None

    def takes(self, message: Message) -> None:
        breaker = self._counting(message)
        if breaker is not None and breaker.per_hour is not None:
            key = str(self._minute)
            breaker.minutes[key] = breaker.minutes.get(key, 0) + 1
            self._changed.add(breaker.pk)

    def write(self) -> None:
        changed = [self._breakers[pk] for pk in sorted(self._changed)]
        for breaker in changed:
            breaker.minutes = {key: sent for key, sent in breaker.minutes.items() if self._is_recent(key)}
        if changed:
            Breaker.objects.bulk_update(changed, ["minutes", "held_at"])

    def _counting(self, message: Message) -> Breaker | None:
        breaker = self._breakers.get(message.campaign_id)
        if breaker is None or message.is_test:
            return None
        return None if breaker.released_upto is not None and message.pk <= breaker.released_upto else breaker

    def _sent(self, breaker: Breaker) -> int:
        return sum(sent for key, sent in breaker.minutes.items() if self._is_recent(key))

    def _is_recent(self, minute: str) -> bool:
        return self._minute - MINUTES < int(minute) <= self._minute
