"""Orders by status over time: where they stood at the end of each day, week or month, and how many came there in it."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import accumulate

from django.db.models import Min, QuerySet

from analytics.models import Visit
from analytics.reports.counting import Moves
from analytics.reports.filters import Filters
from analytics.reports.periods import Every, Period
from analytics.reports.rollups import Day, read
from statuses.models import OrderStatus

Numbers = defaultdict[int | None, list[int]]


@dataclass(frozen=True, slots=True)
class Line:
    """Of one marked status, or of all that are not marked (None): a number for each part of the period.

    `entered`: how many times orders came there, by a step of their path; of those not marked, by any visit.
    """

    status: OrderStatus | None
    standing: tuple[int, ...]
    entered: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class StatusesOverTime:
    type: str
    parts: tuple[Period, ...]
    lines: tuple[Line, ...]

    @property
    def total(self) -> tuple[int, ...]:
        """Orders that had a status of this type."""
        return tuple(map(sum, zip(*(line.standing for line in self.lines), strict=True)))


def statuses_over_time(
    type: str, period: Period, filters: Filters, now: datetime, every: Every | None = None
) -> StatusesOverTime:
    """A part that goes on stands as of now; one that has not begun is left out."""
    parts = [part for part in period.parts(every or period.usual_every()) if part.start < now]
    days = read(Moves(type, period.zone, filters.segment), _beginning(type, period), period.last, now, with_times=False)
    marked = {status.pk: status for status in marked_statuses(type)}
    changed, entered = _numbers(days, filters, parts, marked)
    shown = [status for pk, status in marked.items() if not status.is_retired or pk in changed]
    lines = [Line(status, *_line(status.pk, changed, entered)) for status in shown]
    return StatusesOverTime(type, tuple(parts), (*lines, Line(None, *_line(None, changed, entered))))


def marked_statuses(type: str) -> QuerySet[OrderStatus]:
    """In the order of their list."""
    return OrderStatus.objects.of_type(type).not_merged().filter(include_in_analytics=True).listed()


def _beginning(type: str, period: Period) -> date:
    """Who stands in a status may have come there at any time before."""
    first = Visit.objects.filter(type=type).aggregate(first=Min("entered_at"))["first"]
    return min(period.first, first.astimezone(period.zone).date()) if first else period.first


def _numbers(
    days: Sequence[Day], filters: Filters, parts: Sequence[Period], marked: Collection[int]
) -> tuple[Numbers, Numbers]:
    """By status (None: not marked), before the period and in each of its parts: who came less who went, and entries."""
    begins = [part.first for part in parts]
    changed, entered = (defaultdict[int | None, list[int]](lambda: [0] * (len(parts) + 1)) for _ in range(2))
    for day, tallies in days:
        place = bisect_right(begins, day)
        for (source, status), tally in tallies.items():
            if not filters.takes(source):
                continue
            came, steps, went = tally.numbers
            is_marked = status in marked
            key = status if is_marked else None
            changed[key][place] += came - went
            entered[key][place] += steps if is_marked else came
    return changed, entered


def _line(key: int | None, changed: Numbers, entered: Numbers) -> tuple[tuple[int, ...], tuple[int, ...]]:
    return tuple(accumulate(changed[key]))[1:], tuple(entered[key][1:])
