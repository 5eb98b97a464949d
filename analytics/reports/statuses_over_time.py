"""Orders by status over time: where they stood at the end of each day, week or month, and how many came there in it."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import accumulate
from zoneinfo import ZoneInfo

from django.db.models import Min, QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from analytics.models import Visit
from analytics.reports.behind import Behind
from analytics.reports.counting import Moves
from analytics.reports.filters import Filters
from analytics.reports.layout import BEGINS, Cell, Chart, Column, Headline, Kind, Layout, Series, Table, Text, beside
from analytics.reports.periods import Every, Period
from analytics.reports.registry import Ask, Question, Report, register
from analytics.reports.rollups import Day, read
from statuses.models import OrderStatus
from workspace.local_formats import number

Numbers = defaultdict[int | None, list[int]]

AT_THE_END = {
    Every.DAY: _("At the end of each day"),
    Every.WEEK: _("At the end of each week"),
    Every.MONTH: _("At the end of each month"),
}
CAME = {
    Every.DAY: _("Came on each day"),
    Every.WEEK: _("Came in each week"),
    Every.MONTH: _("Came in each month"),
}


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
    counting = Moves(type, period.zone, filters.segment)
    days = read(counting, beginning(type, period.first, period.zone), period.last, now, with_times=False)
    marked = {status.pk: status for status in marked_statuses(type)}
    changed, entered = _numbers(days, filters, parts, marked)
    shown = [status for pk, status in marked.items() if not status.is_retired or pk in changed]
    lines = [Line(status, *_line(status.pk, changed, entered)) for status in shown]
    return StatusesOverTime(type, tuple(parts), (*lines, Line(None, *_line(None, changed, entered))))


def marked_statuses(type: str) -> QuerySet[OrderStatus]:
    """In the order of their list."""
    return OrderStatus.objects.of_type(type).not_merged().filter(include_in_analytics=True).listed()


def beginning(type: str, latest: date, zone: ZoneInfo) -> date:
    """Who stands in a status may have come there on any day before."""
    first = Visit.objects.filter(type=type).aggregate(first=Min("entered_at"))["first"]
    return min(latest, first.astimezone(zone).date()) if first else latest


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
            came, steps, went, _left = tally.numbers
            is_marked = status in marked
            key = status if is_marked else None
            changed[key][place] += came - went
            entered[key][place] += steps if is_marked else came
    return changed, entered


def _line(key: int | None, changed: Numbers, entered: Numbers) -> tuple[tuple[int, ...], tuple[int, ...]]:
    return tuple(accumulate(changed[key]))[1:], tuple(entered[key][1:])


def lay_out(question: Question, before: Question | None) -> Layout:
    report, end = _counted(question), question.end
    earlier = {line.status: line for line in _counted(before).lines} if before else {}
    return Layout(
        (
            Headline(
                _("Orders with a status now") if question.goes_on else _("Orders with a status at the end"),
                _last(report.total),
                behind=_behind_all(question, "standing", None, end),
            ),
            Headline(
                _("Came to a status"),
                sum(sum(line.entered) for line in report.lines),
                before=sum(sum(line.entered) for line in earlier.values()) if before else None,
                behind=_behind_all(question, "entered", question.period.start, end),
            ),
        ),
        (
            _chart(report, "standing", _("Orders by status"), "areas"),
            _chart(report, "entered", _("Came to a status"), "lines", goes_on=question.goes_on),
        ),
        (
            _summary(question, before, report, earlier),
            _table(question, report, "standing", AT_THE_END),
            _table(question, report, "entered", CAME),
        ),
        "" if any(report.total) else _("No order has had a status of this type yet."),
    )


def _counted(question: Question) -> StatusesOverTime:
    return statuses_over_time(question.type, question.period, question.filters, question.now, question.every)


def _last(numbers: Sequence[int]) -> int:
    return numbers[-1] if numbers else 0


def _name(line: Line) -> str:
    """Of what is not marked with how many there are now, so that nobody wonders what is missing."""
    return line.status.name if line.status else gettext("Not in analytics (%s)") % number(_last(line.standing))


def _chart(report: StatusesOverTime, of: str, title: Text, shape: str, *, goes_on: bool = False) -> Chart:
    """Without the lines of statuses in which nothing was."""
    lines = [line for line in report.lines if any(getattr(line, of))] or report.lines
    series = (Series(_name(line), getattr(line, of), line.status.colour if line.status else "none") for line in lines)
    labels = tuple(part.first for part in report.parts)
    return Chart(of, title, shape, labels, tuple(series), goes_on=goes_on)


def _summary(
    question: Question, before: Question | None, report: StatusesOverTime, earlier: Mapping[OrderStatus | None, Line]
) -> Table:
    columns = (
        Column("status", _("Status"), Kind.TEXT),
        Column("standing", _("There now") if question.goes_on else _("There at the end")),
        Column("standing_before", _("There before")),
        Column("entered", _("Came")),
        Column("entered_before", _("Came before")),
    )
    rows = []
    for line in report.lines:
        was = earlier.get(line.status)
        cells = {
            "status": Cell(_name(line), colour=_colour(line)),
            "standing": _standing(question, line),
            "standing_before": _standing(before, was) if before and was else Cell(0),
            "entered": _entered(question, line),
            "entered_before": _entered(before, was) if before and was else Cell(0),
        }
        rows.append(cells)
    shown = beside(columns, compared=bool(earlier))
    return Table("statuses", _("By status"), shown, tuple(tuple(row[c.key] for c in shown) for row in rows))


def _standing(question: Question, line: Line) -> Cell:
    return Cell(_last(line.standing), _behind(question, "standing", line, None, question.end))


def _entered(question: Question, line: Line) -> Cell:
    return Cell(sum(line.entered), _behind(question, "entered", line, question.period.start, question.end))


def _table(question: Question, report: StatusesOverTime, of: str, titles: Mapping[Every, Text]) -> Table:
    every = question.shown_by
    columns = (
        Column("from", BEGINS[every], Kind.DAY),
        *(Column(line.status.code if line.status else "not_in_analytics", _name(line)) for line in report.lines),
        Column("total", _("Together")),
    )
    rows = []
    for place, part in enumerate(report.parts):
        end = min(part.end, question.now)
        numbers = [getattr(line, of)[place] for line in report.lines]
        cells = (
            Cell(found, _behind(question, of, line, part.start, end))
            for found, line in zip(numbers, report.lines, strict=True)
        )
        rows.append((Cell(part.first), *cells, Cell(sum(numbers), _behind_all(question, of, part.start, end))))
    return Table(of, titles[every], columns, tuple(rows), is_long=True)


def _colour(line: Line) -> str:
    return line.status.colour if line.status else "none"


def _behind(question: Question, what: str, line: Line, start: datetime | None, end: datetime) -> Behind:
    return Behind(what, question.type, (line.status.pk,) if line.status else (), start, end, question.filters)


def _behind_all(question: Question, of: str, start: datetime | None, end: datetime) -> Behind:
    """Whatever the status."""
    what = "with_status" if of == "standing" else "came"
    return Behind(what, question.type, (), start, end, question.filters)


register(
    Report(
        "statuses",
        _("Orders by status over time"),
        _("How many orders stood in each status at the end of each day, week or month, and how many came there."),
        lay_out,
        frozenset({Ask.TYPE, Ask.EVERY, Ask.SOURCE, Ask.SEGMENT}),
    )
)
