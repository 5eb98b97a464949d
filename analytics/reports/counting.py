"""What is counted of visits by days: what comes and goes in statuses, and how far orders get in a funnel.

A counting tells what happened in a stretch of time, each count with the day it belongs to. Counts of a day add up, and
so do its times: a closed day can be kept (rollups.py), and what happened since be added.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import TruncDate

from analytics.models import Visit
from analytics.reports.filters import visits_counted
from analytics.reports.periods import DAY, beginning_of
from analytics.reports.tallies import Key

SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Counted:
    day: date
    key: Key
    numbers: Sequence[int]
    seconds: Sequence[int] = ()


class Counting(Protocol):
    """`about` names it among what is kept. With a segment it speaks of its members alone, and is not kept."""

    @property
    def about(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def zone(self) -> ZoneInfo: ...
    @property
    def segment(self) -> int | None: ...

    def of_days(self, first: date, last: date, until: datetime) -> Iterator[Counted]:
        """All that belongs to these days and happened before `until`."""
        ...

    def between(self, start: datetime, end: datetime) -> Iterator[Counted]:
        """All that happened in there, to whichever day it belongs."""
        ...


@dataclass(frozen=True, slots=True)
class Moves:
    """By source and status: how many orders came there, how many of them by a step of the path, how many went, and how
    many by a step; and how long these had been there, as the path has it. Each belongs to the day it happened on.
    """

    type: str
    zone: ZoneInfo
    segment: int | None = None

    @property
    def about(self) -> str:
        return f"moves:{self.type}"

    def of_days(self, first: date, last: date, until: datetime) -> Iterator[Counted]:
        yield from self.between(beginning_of(first, self.zone), min(beginning_of(last + DAY, self.zone), until))

    def between(self, start: datetime, end: datetime) -> Iterator[Counted]:
        visits = visits_counted(self.type, self.segment)
        came = self._by_day(visits, "entered_at", start, end)
        steps = Count("pk", filter=Q(is_step=True))
        for day, source, status, number, entered in came.annotate(Count("pk"), entered=steps):
            yield Counted(day, (source, status), (number, entered, 0, 0))
        for day, source, status, number in self._by_day(visits, "left_at", start, end).annotate(Count("pk")):
            yield Counted(day, (source, status), (0, 0, number, 0))
        steps_left = self._by_day(visits.filter(is_step=True), "path_left_at", start, end)
        stays = steps_left.values_list("day", "source", "status", "entered_at", "path_left_at")
        for day, source, status, entered_at, left_at in stays:
            yield Counted(day, (source, status), (0, 0, 0, 1), ((left_at - entered_at) // SECOND,))

    def _by_day(self, visits: QuerySet[Visit], moment: str, start: datetime, end: datetime) -> QuerySet[Any, Any]:
        within = visits.filter(**{f"{moment}__gte": start, f"{moment}__lt": end})
        return within.annotate(day=TruncDate(moment, tzinfo=self.zone)).values_list("day", "source", "status")


@dataclass(frozen=True, slots=True)
class FunnelSteps:
    """By source and place: how many orders got to that step of the funnel, and how long after the one before.

    An order goes through a funnel once: from when it first came to the first status, then to when it next came to the
    second, at the same time or later, and so on. All of it belongs to the day and the source of the first.
    """

    type: str
    steps: tuple[int, ...]
    zone: ZoneInfo
    segment: int | None = None

    @property
    def about(self) -> str:
        return f"funnel:{self.type}:{','.join(map(str, self.steps))}"

    def of_days(self, first: date, last: date, until: datetime) -> Iterator[Counted]:
        start, end = beginning_of(first, self.zone), beginning_of(last + DAY, self.zone)
        for begun_at, reached in self._through(self._visits().filter(status=self.steps[0]), start, end):
            if start <= begun_at < end:
                yield from (counted for at, counted in reached if at < until)

    def between(self, start: datetime, end: datetime) -> Iterator[Counted]:
        for _begun_at, reached in self._through(self._visits(), start, end):
            yield from (counted for at, counted in reached if start <= at < end)

    def _visits(self) -> QuerySet[Visit]:
        return visits_counted(self.type, self.segment).filter(is_step=True, status__in=self.steps)

    def _through(
        self, moved: QuerySet[Visit], start: datetime, end: datetime
    ) -> Iterator[tuple[datetime, list[tuple[datetime, Counted]]]]:
        """Of each order of which one of these visits began in there: when it began, and each step that it got to."""
        places = {status: place for place, status in enumerate(self.steps)}
        orders = moved.filter(entered_at__gte=start, entered_at__lt=end).values("order")
        visits = Visit.objects.filter(type=self.type, is_step=True, status__in=self.steps, order__in=orders)
        rows = visits.order_by("order", "ordinal").values_list("order", "entered_at", "status", "source")
        for _order, group in groupby(rows, key=itemgetter(0)):
            moves = ((at, places[status], source) for _, at, status, source in group)
            reached = self._reached(sorted(moves, key=itemgetter(0, 1)))
            if reached:
                yield reached[0][0], reached

    def _reached(self, visits: Sequence[tuple[datetime, int, int]]) -> list[tuple[datetime, Counted]]:
        reached: list[tuple[datetime, Counted]] = []
        day, begun_by, before = date.min, 0, None
        for at, place, source in visits:
            if place != len(reached):
                continue
            if before is None:
                day, begun_by = at.astimezone(self.zone).date(), source
            seconds = () if before is None else ((at - before) // SECOND,)
            reached.append((at, Counted(day, (begun_by, place), (1,), seconds)))
            before = at
        return reached


def counting_of(about: str, zone: ZoneInfo) -> Counting:
    """The one that goes by this name."""
    what, type, *steps = about.split(":")
    return FunnelSteps(type, tuple(map(int, steps[0].split(","))), zone) if what == "funnel" else Moves(type, zone)
