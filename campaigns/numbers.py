"""What came of campaigns, in numbers, for lists of them: a fixed number of queries, however many campaigns there are.

"Went on" is the share of a campaign's orders that reached another status within its attribution window after their
first text. It is asked of the last 500 texts that have been out so long. Only orders that a change of status let in are
asked, about statuses of that change's type; a merge of two statuses moves nobody on. Moves count by when they occurred.
The window is the one of the newest version, for all that was ever sent.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import astuple, dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import (
    Case,
    Count,
    DateTimeField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import TruncDate

from campaigns.entry_settings import ATTRIBUTION_WINDOW
from campaigns.models import Campaign, CampaignVersion, Message, MessageState, Run, RunState
from campaigns.steps.base import read_duration
from orders.models import SilentBecause, StatusTransition

DAYS = 30
MOST_ASKED = 500


@dataclass(frozen=True, slots=True)
class Counted:
    """What a campaign did in all."""

    entered: int = 0
    sent: int = 0
    delivered: int = 0
    parts: int = 0


@dataclass(frozen=True, slots=True)
class WentOn:
    """Of `asked` orders so many reached another status."""

    asked: int
    reached: int

    @property
    def percent(self) -> int:
        return round(100 * self.reached / self.asked)


@dataclass(frozen=True, slots=True)
class Recent:
    """What a campaign did lately: orders that entered on each of the last 30 days, today the last, and who went on."""

    by_day: list[int] = field(default_factory=lambda: [0] * DAYS)
    went_on: WentOn | None = None


def count(campaigns: QuerySet[Campaign]) -> dict[int, Counted]:
    """By campaign. Two queries."""
    ids = campaigns.order_by().values("pk")
    runs = Run.objects.filter(campaign__in=ids).exclude(state=RunState.DECLINED).order_by()
    entered = dict(runs.values_list("campaign").annotate(Count("pk")))
    messages = Message.objects.filter(campaign__in=ids, state__in=Message.SENT).order_by()
    sent, delivered = Count("pk"), Count("pk", filter=Q(state=MessageState.DELIVERED))
    of_each = messages.values_list("campaign").annotate(sent=sent, delivered=delivered, parts=Sum("parts"))
    told = {pk: numbers for pk, *numbers in of_each}
    return {pk: Counted(entered.get(pk, 0), *told.get(pk, (0, 0, 0))) for pk in {*entered, *told}}


def total(counted: Collection[Counted]) -> Counted:
    return Counted(*map(sum, zip(*map(astuple, counted), strict=True)))


def recent(campaigns: Collection[int], now: datetime, zone: tzinfo) -> dict[int, Recent]:
    """By campaign, days as they are in `zone`. Four queries."""
    by_day, went_on = _by_day(campaigns, now.astimezone(zone).date(), zone), _went_on(campaigns, now)
    return {pk: Recent(by_day[pk], went_on.get(pk)) for pk in campaigns}


def gone_on(campaign: int, runs: QuerySet[Run, Any]) -> QuerySet[Message]:
    """The first texts of those of these orders that reached another status within the window after it; of all of them,
    also of those whose window is not over. One query to ask, one to answer."""
    window = next(iter(_windows([campaign])), ATTRIBUTION_WINDOW)
    return _first_texts().filter(campaign=campaign, run__in=runs).filter(_moved_within(window))


def _by_day(campaigns: Collection[int], today: date, zone: tzinfo) -> dict[int, list[int]]:
    first = today - timedelta(days=DAYS - 1)
    begins = datetime(first.year, first.month, first.day, tzinfo=zone)
    lately = Run.objects.filter(campaign__in=campaigns, entered_at__gte=begins).exclude(state=RunState.DECLINED)
    days = lately.order_by().values_list("campaign", TruncDate("entered_at", tzinfo=zone)).annotate(Count("pk"))
    by_day = {pk: [0] * DAYS for pk in campaigns}
    for pk, day, entered in days:
        if day <= today:  # the clock may have been set back
            by_day[pk][(day - first).days] = entered
    return by_day


def _went_on(campaigns: Collection[int], now: datetime) -> dict[int, WentOn]:
    windows = _windows(campaigns)
    if not windows:
        return {}
    until = Case(*(When(pk__in=pks, then=Value(now - window)) for window, pks in windows.items()))
    out = _first_texts().filter(campaign=OuterRef("pk"), sent_at__lte=OuterRef("until")).order_by("-pk").values("pk")
    oldest = Subquery(out[MOST_ASKED - 1 : MOST_ASKED])
    known = Campaign.objects.filter(pk__in={pk for pks in windows.values() for pk in pks}).order_by()
    since = known.annotate(until=until, oldest=oldest).values_list("pk", "until", "oldest")
    asked = _first_texts().filter(reduce(or_, (_asked(*each) for each in since)))
    went_on = Case(*(When(campaign__in=pks, then=_moved_within(window)) for window, pks in windows.items()))
    reached = Count("pk", filter=Q(has_gone_on=True))
    counted = asked.annotate(has_gone_on=went_on).values_list("campaign").annotate(asked=Count("pk"), reached=reached)
    return {pk: WentOn(asked, reached) for pk, asked, reached in counted}


def _windows(campaigns: Collection[int]) -> dict[timedelta, list[int]]:
    """The campaigns of each attribution window."""
    newest = CampaignVersion.objects.filter(campaign=OuterRef("campaign")).order_by("-number").values("number")[:1]
    versions = CampaignVersion.objects.filter(campaign__in=campaigns, number=Subquery(newest)).order_by()
    windows: dict[timedelta, list[int]] = defaultdict(list)
    for pk, written in versions.values_list("campaign", "definition__attribution_window"):
        windows[read_duration(written) if written else ATTRIBUTION_WINDOW].append(pk)
    return windows


def _first_texts() -> QuerySet[Message]:
    """Of each run, where a change of status began it, the first that a gateway took."""
    earlier = Message.objects.filter(run=OuterRef("run"), pk__lt=OuterRef("pk"), state__in=Message.SENT)
    sent = Message.objects.filter(state__in=Message.SENT, run__transition__isnull=False).order_by()
    return sent.exclude(Exists(earlier))


def _asked(campaign: int, until: datetime, oldest: int | None) -> Q:
    """None: it has too few for one to be the oldest that is asked."""
    return Q(campaign=campaign, sent_at__lte=until, pk__gte=oldest or 0)


def _moved_within(window: timedelta) -> Exists:
    moves = StatusTransition.objects.filter(
        order=OuterRef("order"), type=OuterRef("run__transition__type"), occurred_at__gt=OuterRef("sent_at")
    )
    in_time = moves.alias(sent_by=ExpressionWrapper(F("occurred_at") - window, DateTimeField()))
    return Exists(in_time.filter(sent_by__lte=OuterRef("sent_at")).exclude(silent_because=SilentBecause.MERGE))
