"""A funnel: of the orders that came to a first status in a period, how many went on to a second, and so on.

An order goes through it once: from when it first came to the first status, then to when it next came to the second, at
the same time or later, and so on, however long that took. A time is in whole seconds, what is over a second cut off;
median and 90th percentile are those of `percentile_cont` (quantiles.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from analytics.reports.behind import Behind
from analytics.reports.counting import FunnelSteps
from analytics.reports.filters import Filters
from analytics.reports.layout import Cell, Chart, Column, Headline, Kind, Layout, Series, Table, beside
from analytics.reports.periods import Period
from analytics.reports.quantiles import percentile
from analytics.reports.registry import Ask, Question, Report, register
from analytics.reports.rollups import Day, read
from analytics.reports.statuses_over_time import marked_statuses
from statuses.models import OrderStatus

MOST_STEPS = 8
USUAL_STEPS = 4


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


def lay_out(question: Question, before: Question | None) -> Layout:
    statuses = question.statuses or tuple(usual_steps(question.type))
    if not statuses:
        return Layout((), (), (), _("No status of this type is included in analytics."))
    report, earlier = _counted(question, statuses), _counted(before, statuses) if before else None
    first, last = report.steps[0], report.steps[-1]
    was = earlier.steps if earlier else ()
    return Layout(
        (
            Headline(
                _("Began"),
                first.reached,
                before=was[0].reached if was else None,
                behind=_behind(question, statuses[:1]),
            ),
            Headline(
                _("Went all the way"),
                last.reached,
                before=was[-1].reached if was else None,
                behind=_behind(question, statuses),
            ),
            Headline(_("Of those that began"), last.of_first, Kind.SHARE, was[-1].of_first if was else None),
        ),
        (_chart(report, earlier),),
        (_table(question, before, report, earlier),),
        "" if first.reached else _("No order came to “%s” in this period.") % first.status.name,
    )


def _counted(question: Question, statuses: Sequence[OrderStatus]) -> Funnel:
    return funnel(question.type, statuses, question.period, question.filters, question.now)


def _chart(report: Funnel, earlier: Funnel | None) -> Chart:
    series = [Series(_("Orders"), tuple(step.reached for step in report.steps))]
    if earlier:
        series.append(Series(_("Before"), tuple(step.reached for step in earlier.steps), is_before=True))
    return Chart(
        "funnel", _("How far orders came"), "bars", tuple(step.status.name for step in report.steps), tuple(series)
    )


def _table(question: Question, before: Question | None, report: Funnel, earlier: Funnel | None) -> Table:
    columns = (
        Column("step", _("Step"), Kind.TEXT),
        Column("reached", _("Orders")),
        Column("reached_before", _("Orders before")),
        Column("of_previous", _("Of the step before it"), Kind.SHARE),
        Column("of_previous_before", _("Before"), Kind.SHARE),
        Column("of_first", _("Of the first step"), Kind.SHARE),
        Column("median", _("Time since the step before it, median"), Kind.DURATION),
        Column("p90", _("Nine in ten within"), Kind.DURATION),
    )
    shown = beside(columns, compared=earlier is not None)
    statuses = [step.status for step in report.steps]
    rows = []
    for place, step in enumerate(report.steps):
        was = earlier.steps[place] if earlier else None
        cells = {
            "step": Cell(step.status.name, colour=step.status.colour),
            "reached": Cell(step.reached, _behind(question, statuses[: place + 1])),
            "reached_before": Cell(was.reached, _behind(before, statuses[: place + 1]))
            if before and was
            else Cell(None),
            "of_previous": Cell(step.of_before),
            "of_previous_before": Cell(was.of_before if was else None),
            "of_first": Cell(step.of_first),
            "median": Cell(step.median_s),
            "p90": Cell(step.p90_s),
        }
        rows.append(tuple(cells[column.key] for column in shown))
    return Table("steps", _("Step by step"), shown, tuple(rows))


def _behind(question: Question, statuses: Sequence[OrderStatus]) -> Behind:
    keys = tuple(status.pk for status in statuses)
    return Behind("through", question.type, keys, question.period.start, question.end, question.filters)


register(
    Report(
        "funnel",
        _("Funnel"),
        _("Of the orders that came to a first status, how many went on to the next, and how long that took."),
        lay_out,
        frozenset({Ask.TYPE, Ask.STEPS, Ask.SOURCE, Ask.SEGMENT}),
    )
)
