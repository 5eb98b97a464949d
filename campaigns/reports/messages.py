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

from analytics.reports.filters import Filters, members
from analytics.reports.layout import Cell, Chart, Column, Headline, Kind, Layout, Series, Table, Text, beside
from analytics.reports.periods import Every, Period
from analytics.reports.registry import Ask, Question, Report, register
from campaigns.models import Message, MessageState, SkipReason

FAILED = frozenset({MessageState.UNDELIVERED, MessageState.REJECTED})
UNDER_WAY = frozenset(MessageState.values) - Message.SENT - FAILED - {MessageState.SKIPPED}


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
    owed = _owed(period, filters, now)
    by_day = _by_day(owed, period)
    parts = [part for part in period.parts(every or period.usual_every()) if part.start < now]
    fates = [sum((of for day, of in by_day.items() if part.first <= day <= part.last), Fates()) for part in parts]
    reasons = owed.filter(state=MessageState.SKIPPED).values_list("skip_reason").annotate(Count("pk"))
    return Messages(tuple(parts), tuple(fates), dict(reasons))


def _owed(period: Period, filters: Filters, now: datetime) -> QuerySet[Message]:
    end = min(period.end, now)
    owed = Message.objects.filter(created_at__gte=period.start, created_at__lt=end, is_test=False).order_by()
    if filters.source is not None:
        owed = owed.filter(run__transition__source=filters.source)
    return owed if filters.segment is None else owed.filter(customer__in=members(filters.segment))


def _by_day(owed: QuerySet[Message], period: Period) -> dict[date, Fates]:
    days = owed.annotate(day=TruncDate("created_at", tzinfo=period.zone)).values_list("day", "state")
    by_day: dict[date, Fates] = {}
    for day, state, number, parts in days.annotate(Count("pk"), parts_sent=Sum("parts")):
        by_day[day] = by_day.get(day, Fates()) + _fates(state, number, parts or 0)
    return by_day


def _fates(state: str, number: int, parts: int) -> Fates:
    is_sent = state in Message.SENT
    return Fates(
        owed=number,
        sent=number if is_sent else 0,
        delivered=number if state == MessageState.DELIVERED else 0,
        failed=number if state in FAILED else 0,
        skipped=number if state == MessageState.SKIPPED else 0,
        under_way=number if state in UNDER_WAY else 0,
        parts=parts if is_sent else 0,
    )


def lay_out(question: Question, before: Question | None) -> Layout:
    report, earlier = _counted(question), _counted(before) if before else None
    total, was = report.total, earlier.total if earlier else None
    return Layout(
        (
            Headline(_("Sent"), total.sent, before=was.sent if was else None),
            Headline(_("Delivered, of those sent"), _share(total), Kind.SHARE, before=_share(was) if was else None),
            Headline(_("Not sent"), total.skipped, before=was.skipped if was else None),
            Headline(_("Parts"), total.parts, before=was.parts if was else None),
        ),
        (_chart(report),),
        (_fates_table(report, earlier), _reasons(report, earlier), _days(report)),
        "" if total.owed else _("No message was to be sent in this period."),
    )


def _counted(question: Question) -> Messages:
    return messages(question.period, question.filters, question.now, question.every)


def _share(fates: Fates) -> float | None:
    return fates.delivered / fates.sent if fates.sent else None


LABELS = {
    "owed": _("To be sent in all"),
    "sent": _("Sent"),
    "delivered": _("Delivered"),
    "failed": _("Failed"),
    "skipped": _("Not sent"),
    "under_way": _("Under way"),
    "parts": _("Parts"),
}
COLOURS = {"sent": "blue", "delivered": "green", "failed": "red", "skipped": "yellow"}


def _chart(report: Messages) -> Chart:
    series = (Series(LABELS[name], tuple(getattr(of, name) for of in report.fates), of) for name, of in COLOURS.items())
    return Chart("messages", _("Messages"), "lines", tuple(part.first for part in report.parts), tuple(series))


def _fates_table(report: Messages, earlier: Messages | None) -> Table:
    rows = [
        (str(LABELS[name]), getattr(report.total, name), getattr(earlier.total, name) if earlier else None)
        for name in LABELS
    ]
    return _table("fates", _("What came of them"), rows, compared=earlier is not None)


def _reasons(report: Messages, earlier: Messages | None) -> Table:
    was = Counter(earlier.skipped if earlier else {})
    occurred = [reason for reason in SkipReason if reason in report.skipped or reason in was]
    rows = [(str(reason.label), report.skipped.get(reason, 0), was[reason] if earlier else None) for reason in occurred]
    return _table("skipped", _("Why they were not sent"), rows, compared=earlier is not None)


def _table(key: str, title: Text, rows: Sequence[tuple[str, int, int | None]], *, compared: bool) -> Table:
    columns = beside(
        (Column("what", "", Kind.TEXT), Column("messages", _("Messages")), Column("messages_before", _("Before"))),
        compared=compared,
    )
    return Table(key, title, columns, tuple(tuple(map(Cell, row[: len(columns)])) for row in rows))


def _days(report: Messages) -> Table:
    columns = (Column("from", _("Day"), Kind.DAY), *(Column(name, label) for name, label in LABELS.items()))
    rows = (
        (Cell(part.first), *(Cell(getattr(of, name)) for name in LABELS))
        for part, of in zip(report.parts, report.fates, strict=True)
    )
    return Table("days", _("In each"), columns, tuple(rows), is_long=True)


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
