"""How long orders are in a status, as their path has it, and which are there longer than usual.

The times are those of orders that left the status by a step in the period. Longer than usual is longer than nine in ten
of them, as of now, for those that are still there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q

from analytics.reports.counting import Moves
from analytics.reports.filters import Filters, visits_counted
from analytics.reports.periods import Period
from analytics.reports.quantiles import percentile
from analytics.reports.rollups import Day, read
from analytics.reports.statuses_over_time import marked_statuses
from statuses.models import OrderStatus


@dataclass(frozen=True, slots=True)
class Stay:
    """Of one status: how many left it, how long they had been there, how many are there now, and how many of them came
    before `stuck_since`."""

    status: OrderStatus
    left: int
    median_s: float | None
    p90_s: float | None
    there: int
    stuck: int
    stuck_since: datetime | None


@dataclass(frozen=True, slots=True)
class TimeInStatus:
    type: str
    stays: tuple[Stay, ...]


def time_in_status(type: str, period: Period, filters: Filters, now: datetime) -> TimeInStatus:
    days = read(Moves(type, period.zone, filters.segment), period.first, period.last, now)
    statuses = list(marked_statuses(type))
    times = {status.pk: _times(status.pk, days, filters) for status in statuses}
    since = {pk: now - timedelta(seconds=p90) for pk, of in times.items() if (p90 := percentile(of, 0.9)) is not None}
    there, stuck = _standing(type, filters, now, since)
    return TimeInStatus(
        type,
        tuple(
            Stay(
                status,
                sum(map(len, times[status.pk])),
                percentile(times[status.pk], 0.5),
                percentile(times[status.pk], 0.9),
                there[status.pk],
                stuck[status.pk],
                since.get(status.pk),
            )
            for status in statuses
            if not status.is_retired or times[status.pk] or there[status.pk]
        ),
    )


def _times(status: int, days: Sequence[Day], filters: Filters) -> list[Sequence[int]]:
    return [
        tally.seconds
        for _day, tallies in days
        for (source, of), tally in tallies.items()
        if of == status and tally.seconds and filters.takes(source)
    ]


def _standing(
    type: str, filters: Filters, now: datetime, since: Mapping[int, datetime]
) -> tuple[Counter[int], Counter[int]]:
    """By status, how many orders have not left it yet, and how many of them came before these moments."""
    steps = visits_counted(type, filters.segment).filter(is_step=True, path_left_at=None, entered_at__lt=now)
    if filters.source is not None:
        steps = steps.filter(source=filters.source)
    there = Counter(dict(steps.values_list("status").annotate(Count("pk"))))
    early = Q(pk__in=[])
    for status, moment in since.items():
        early |= Q(status=status, entered_at__lt=moment)
    stuck = Counter(dict(steps.filter(early).values_list("status").annotate(Count("pk")))) if since else Counter[int]()
    return there, stuck
