"""Messages: of those that became due to be sent in a period, what came of them; by the day on which they were owed.

A text counts as sent once a gateway took it, as delivered or failed once that is told. Tests are left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count, QuerySet, Sum
from django.db.models.functions import TruncDate
from django.utils.translation import gettext_lazy as _

from analytics.reports.filters import Filters
from analytics.reports.layout import BEGINS, Cell, Chart, Column, Headline, Kind, Layout, Series, Table, Text, beside
from analytics.reports.periods import Every, Period
from analytics.reports.registry import Ask, Question, Report, register
from campaigns.models import Message, MessageState, SkipReason
from campaigns.reports.behind import FATE_LABELS, FATES, MessagesBehind, owed


@dataclass(frozen=True, slots=True)
class Fates:
    """`failed`: refused by every gateway, or not delivered; those of the latter were sent, too. `parts` are those of
    what was sent."""

    owed: int = 0
    sent: int = 0
    delivered: int = 0
    failed: int = 0
    skipped: int = 0
    under_way: int = 0
    parts: int = 0

    def __add__(self, other: Fates) -> Fates:
        return Fates(*(getattr(self, name) + getattr(other, name) for name in Fates.__slots__))


@dataclass(frozen=True, slots=True)
class Messages:
    parts: tuple[Period, ...]
    fates: tuple[Fates, ...]
    # By reason, only those that occurred.
    skipped: Mapping[str, int]

    @property
    def total(self) -> Fates:
        return sum(self.fates, Fates())


def messages(period: Period, filters: Filters, now: datetime, every: Every | None = None) -> Messages:
    found = owed(period.start, min(period.end, now), filters)
    by_day = _by_day(found, period)
    parts = [part for part in period.parts(every or period.usual_every()) if part.start < now]
    fates = [sum((of for day, of in by_day.items() if part.first <= day <= part.last), Fates()) for part in parts]
    reasons = found.filter(state=MessageState.SKIPPED).values_list("skip_reason").annotate(Count("pk"))
    return Messages(tuple(parts), tuple(fates), dict(reasons))


def _by_day(found: QuerySet[Message], period: Period) -> dict[date, Fates]:
    days = found.annotate(day=TruncDate("created_at", tzinfo=period.zone)).values_list("day", "state")
    by_day: dict[date, Fates] = {}
    for day, state, number, parts in days.annotate(Count("pk"), parts_sent=Sum("parts")):
        by_day[day] = by_day.get(day, Fates()) + _fates(state, number, parts or 0)
    return by_day


def _fates(state: str, number: int, parts: int) -> Fates:
    counted = {fate: parts if fate == "parts" else number for fate, states in FATES.items() if state in states}
    return Fates(**counted)


def lay_out(question: Question, before: Question | None) -> Layout:
    report, earlier = _counted(question), _counted(before) if before else None
    total, was = report.total, earlier.total if earlier else None

    def headline(label: Text, fate: str) -> Headline:
        before = getattr(was, fate) if was else None
        return Headline(label, getattr(total, fate), before=before, behind=_behind(question, fate))

    return Layout(
        (
            headline(_("Sent"), "sent"),
            Headline(
                _("Delivered, of those sent"),
                _share(total),
                Kind.SHARE,
                before=_share(was) if was else None,
                behind=_behind(question, "delivered"),
            ),
            headline(_("Not sent"), "skipped"),
            headline(_("Parts"), "parts"),
        ),
        (_chart(question, report),),
        (
            _fates_table(question, before, report, earlier),
            _reasons(question, before, report, earlier),
            _days(question, report),
        ),
        "" if total.owed else _("No message was to be sent in this period."),
    )


def _counted(question: Question) -> Messages:
    return messages(question.period, question.filters, question.now, question.every)


def _share(fates: Fates) -> float | None:
    return fates.delivered / fates.sent if fates.sent else None


EACH = {Every.DAY: _("Day by day"), Every.WEEK: _("Week by week"), Every.MONTH: _("Month by month")}
COLOURS = {"sent": "blue", "delivered": "green", "failed": "red", "skipped": "yellow"}


def _chart(question: Question, report: Messages) -> Chart:
    series = (
        Series(FATE_LABELS[fate], tuple(getattr(of, fate) for of in report.fates), colour)
        for fate, colour in COLOURS.items()
    )
    labels = tuple(part.first for part in report.parts)
    return Chart("messages", _("Messages"), "lines", labels, tuple(series), goes_on=question.goes_on)


def _fates_table(question: Question, before: Question | None, report: Messages, earlier: Messages | None) -> Table:
    rows = [
        (
            Cell(str(label)),
            Cell(getattr(report.total, fate), _behind(question, fate)),
            Cell(getattr(earlier.total, fate), _behind(before, fate)) if before and earlier else Cell(None),
        )
        for fate, label in FATE_LABELS.items()
    ]
    return _table("fates", _("What came of them"), rows, compared=earlier is not None)


def _reasons(question: Question, before: Question | None, report: Messages, earlier: Messages | None) -> Table:
    was = Counter(earlier.skipped if earlier else {})
    rows = [
        (
            Cell(str(reason.label)),
            Cell(report.skipped.get(reason, 0), _behind(question, "skipped", reason)),
            Cell(was[reason], _behind(before, "skipped", reason)) if before else Cell(None),
        )
        for reason in SkipReason
        if reason in report.skipped or reason in was
    ]
    return _table("skipped", _("Why they were not sent"), rows, compared=earlier is not None)


def _table(key: str, title: Text, rows: Sequence[tuple[Cell, Cell, Cell]], *, compared: bool) -> Table:
    columns = beside(
        (Column("what", "", Kind.TEXT), Column("messages", _("Messages")), Column("messages_before", _("Before"))),
        compared=compared,
    )
    return Table(key, title, columns, tuple(row[: len(columns)] for row in rows))


def _days(question: Question, report: Messages) -> Table:
    columns = (
        Column("from", BEGINS[question.shown_by], Kind.DAY),
        *(Column(fate, label) for fate, label in FATE_LABELS.items()),
    )
    rows = tuple(
        (Cell(part.first), *(Cell(getattr(of, fate), _behind(question, fate, within=part)) for fate in FATE_LABELS))
        for part, of in zip(report.parts, report.fates, strict=True)
    )
    return Table("days", EACH[question.shown_by], columns, rows, is_long=True)


def _behind(question: Question, fate: str, reason: str = "", within: Period | None = None) -> MessagesBehind:
    period = within or question.period
    return MessagesBehind(fate, period.start, min(period.end, question.now), question.filters, reason)


register(
    Report(
        "messages",
        _("Messages"),
        _("What came of the messages that were to be sent: sent, delivered, failed, and why others were not sent."),
        lay_out,
        frozenset({Ask.EVERY, Ask.SOURCE, Ask.SEGMENT}),
        needs=("campaigns.view_message",),
    )
)
