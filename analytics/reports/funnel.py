"""A funnel: of the orders that came to a first status in a period, how many went on to a second, and so on.

An order goes through it once: from when it first came to the first status, then to when it next came to the second, at
the same time or later, and so on, however long that took. A time is in whole seconds, what is over a second cut off;
median and 90th percentile are those of `percentile_cont` (quantiles.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from analytics.reports.counting import FunnelSteps
from analytics.reports.filters import Filters
from analytics.reports.periods import Period
from analytics.reports.quantiles import percentile
from analytics.reports.rollups import Day, read
from analytics.reports.statuses_over_time import marked_statuses
from statuses.models import OrderStatus

MOST_STEPS = 8
USUAL_STEPS = 4


class BadFunnel(ValueError):
    """The sentence is for people."""


@dataclass(frozen=True, slots=True)
class Step:
    """How many orders got here; the share of those of the step before, and of the first; and how long after it."""

    status: OrderStatus
    reached: int
    of_before: float | None
    of_first: float | None
    median_s: float | None
    p90_s: float | None


@dataclass(frozen=True, slots=True)
class Funnel:
    type: str
    steps: tuple[Step, ...]


def funnel(type: str, statuses: Sequence[OrderStatus], period: Period, filters: Filters, now: datetime) -> Funnel:
    """Orders that came to the first status in the period, and where they got until now."""
    counting = FunnelSteps(type, tuple(status.pk for status in statuses), period.zone, filters.segment)
    days = read(counting, period.first, period.last, now)
    places = [_at(place, days, filters) for place in range(len(statuses))]
    reached = [number for number, _times in places]
    return Funnel(
        type,
        tuple(
            Step(
                status,
                number,
                _share(number, reached[place - 1]) if place else None,
                _share(number, reached[0]),
                percentile(times, 0.5),
                percentile(times, 0.9),
            )
            for place, (status, (number, times)) in enumerate(zip(statuses, places, strict=True))
        ),
    )


def usual_steps(type: str) -> list[OrderStatus]:
    """For a funnel that nobody has chosen yet: the first few of the list that are still in use."""
    return [status for status in marked_statuses(type) if not status.is_retired][:USUAL_STEPS]


def _at(place: int, days: Sequence[Day], filters: Filters) -> tuple[int, list[Sequence[int]]]:
    found = [
        tally
        for _day, tallies in days
        for (source, at), tally in tallies.items()
        if at == place and filters.takes(source)
    ]
    return sum(tally.numbers[0] for tally in found), [tally.seconds for tally in found]


def _share(number: int, of: int) -> float | None:
    return number / of if of else None
