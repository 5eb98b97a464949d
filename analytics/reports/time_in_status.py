"""How long orders are in a status, as their path has it, and which are there longer than usual.

The times are those of orders that left the status by a step in the period. Longer than usual is longer than nine in ten
of them, as of now, for those that are still there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import reduce
from operator import or_

from django.db.models import Count, Q
from django.utils.translation import gettext_lazy as _

from analytics.reports.behind import Behind
from analytics.reports.counting import Moves
from analytics.reports.filters import Filters, visits_counted
from analytics.reports.layout import Cell, Chart, Column, Headline, Kind, Layout, Series, Table, beside
from analytics.reports.periods import Period
from analytics.reports.quantiles import percentile
from analytics.reports.registry import Ask, Question, Report, register
from analytics.reports.rollups import Day, read
from analytics.reports.statuses_over_time import beginning, marked_statuses
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
    counting = Moves(type, period.zone, filters.segment)
    days = read(counting, period.first, period.last, now)
    statuses = list(marked_statuses(type))
    times = {status.pk: _times(status.pk, days, filters) for status in statuses}
    since = {pk: now - timedelta(seconds=p90) for pk, of in times.items() if (p90 := percentile(of, 0.9)) is not None}
    there, recent = _there(counting, filters, now), _recent(type, filters, now, since)
    return TimeInStatus(
        type,
        tuple(
            Stay(
                status,
                sum(map(len, times[status.pk])),
                percentile(times[status.pk], 0.5),
                percentile(times[status.pk], 0.9),
                there[status.pk],
                there[status.pk] - recent[status.pk] if status.pk in since else 0,
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


def _there(counting: Moves, filters: Filters, now: datetime) -> Counter[int]:
    """By status, how many orders came by a step and have not left by one: summed up, as there may be very many."""
    today = now.astimezone(counting.zone).date()
    there = Counter[int]()
    for _day, tallies in read(counting, beginning(counting.type, today, counting.zone), today, now, with_times=False):
        for (source, status), tally in tallies.items():
            if filters.takes(source):
                _came, entered, _went, left = tally.numbers
                there[status] += entered - left
    return there


def _recent(type: str, filters: Filters, now: datetime, since: Mapping[int, datetime]) -> Counter[int]:
    """By status, how many of them came after these moments: few, where many never leave."""
    are_there = Q(path_left_at=None) | Q(path_left_at__gte=now)
    steps = visits_counted(type, filters.segment).filter(are_there, is_step=True, entered_at__lt=now)
    if filters.source is not None:
        steps = steps.filter(source=filters.source)
    came_after = [Q(status=status, entered_at__gte=moment) for status, moment in since.items()]
    if not came_after:
        return Counter()
    return Counter(dict(steps.filter(reduce(or_, came_after)).values_list("status").annotate(number=Count("*"))))


def lay_out(question: Question, before: Question | None) -> Layout:
    report = _counted(question)
    earlier = {stay.status: stay for stay in _counted(before).stays} if before else {}
    return Layout(
        (
            Headline(
                _("Left a status"),
                sum(stay.left for stay in report.stays),
                before=sum(stay.left for stay in earlier.values()) if before else None,
                behind=Behind("went", question.type, (), question.period.start, question.end, question.filters),
            ),
        ),
        (_chart(report),),
        (_table(question, report, earlier),),
        ""
        if any(stay.left or stay.there for stay in report.stays)
        else _("No order has had a status of this type yet."),
    )


def _counted(question: Question) -> TimeInStatus:
    return time_in_status(question.type, question.period, question.filters, question.now)


def _chart(report: TimeInStatus) -> Chart:
    stays = [stay for stay in report.stays if stay.median_s is not None]
    return Chart(
        "times",
        _("Time in status"),
        "bars",
        tuple(stay.status.name for stay in stays),
        (
            Series(_("Half of them within"), tuple(stay.median_s for stay in stays)),
            Series(_("Nine in ten within"), tuple(stay.p90_s for stay in stays), is_before=True),
        ),
        Kind.DURATION,
    )


def _table(question: Question, report: TimeInStatus, earlier: Mapping[OrderStatus, Stay]) -> Table:
    columns = (
        Column("status", _("Status"), Kind.TEXT),
        Column("left", _("Left it")),
        Column("median", _("Time in it, median"), Kind.DURATION),
        Column("median_before", _("Median before"), Kind.DURATION),
        Column("p90", _("Nine in ten within"), Kind.DURATION),
        Column("p90_before", _("Nine in ten before"), Kind.DURATION),
        Column("there", _("In it now")),
        Column("stuck", _("Longer than usual")),
    )
    shown = beside(columns, compared=bool(earlier))
    rows = []
    for stay in report.stays:
        was, of = earlier.get(stay.status), (stay.status.pk,)
        left = Behind("left", question.type, of, question.period.start, question.end, question.filters)
        there = Behind("there", question.type, of, None, question.now, question.filters)
        cells = {
            "status": Cell(stay.status.name, colour=stay.status.colour),
            "left": Cell(stay.left, left),
            "median": Cell(stay.median_s),
            "median_before": Cell(was.median_s if was else None),
            "p90": Cell(stay.p90_s),
            "p90_before": Cell(was.p90_s if was else None),
            "there": Cell(stay.there, there),
            "stuck": Cell(stay.stuck, replace(there, end=stay.stuck_since) if stay.stuck_since else None),
        }
        rows.append(tuple(cells[column.key] for column in shown))
    return Table("statuses", _("By status"), shown, tuple(rows))


register(
    Report(
        "time_in_status",
        _("Time in status"),
        _("How long orders are in each status, and which are there longer than usual."),
        lay_out,
        frozenset({Ask.TYPE, Ask.SOURCE, Ask.SEGMENT}),
    )
)
