"""Stretches of days, as a person names them: “last 30 days”, “last month”; their days are those of a time zone."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cached_property
from zoneinfo import ZoneInfo

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

DAY = timedelta(days=1)
LONGEST_DAYS = 3660


class Relative(TextChoices):
    LAST_7_DAYS = "last_7_days", _("Last 7 days")
    LAST_30_DAYS = "last_30_days", _("Last 30 days")
    LAST_90_DAYS = "last_90_days", _("Last 90 days")
    THIS_MONTH = "this_month", _("This month")
    LAST_MONTH = "last_month", _("Last month")
    LAST_365_DAYS = "last_365_days", _("Last 365 days")
    THIS_YEAR = "this_year", _("This year")


class Every(TextChoices):
    DAY = "day", pgettext_lazy("by", "day")
    WEEK = "week", pgettext_lazy("by", "week")
    MONTH = "month", pgettext_lazy("by", "month")


class Unit(StrEnum):
    """What a period is a piece of, so that the one before it is the same piece of the one before."""

    DAYS = "days"
    MONTH = "month"
    YEAR = "year"


class BadPeriod(ValueError):
    """It cannot be one; the sentence is for people."""


@dataclass(frozen=True)
class Period:
    """From the beginning of its first day to the end of its last, in a time zone."""

    first: date
    last: date
    zone: ZoneInfo
    unit: Unit = Unit.DAYS

    def __post_init__(self) -> None:
        if self.first > self.last:
            raise BadPeriod(_("A period ends on the day it begins, or later."))
        if (self.last - self.first).days >= LONGEST_DAYS:
            raise BadPeriod(_("A period is ten years at most."))

    @classmethod
    def relative(cls, name: str, now: datetime, zone: ZoneInfo) -> Period:
        """Those that go on end today."""
        today = now.astimezone(zone).date()
        match Relative(name):
            case Relative.THIS_MONTH:
                return cls(today.replace(day=1), today, zone, Unit.MONTH)
            case Relative.LAST_MONTH:
                last = today.replace(day=1) - DAY
                return cls(last.replace(day=1), last, zone, Unit.MONTH)
            case Relative.THIS_YEAR:
                return cls(today.replace(month=1, day=1), today, zone, Unit.YEAR)
        days = int(name.split("_")[1])
        return cls(today - (days - 1) * DAY, today, zone)

    @cached_property
    def start(self) -> datetime:
        return beginning_of(self.first, self.zone)

    @cached_property
    def end(self) -> datetime:
        """The first moment that is not of it."""
        return beginning_of(self.last + DAY, self.zone)

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    def before(self) -> Period:
        """As many days just before; of a month or a year, or of its days so far, the same of the one before."""
        if self.unit is Unit.DAYS:
            return Period(self.first - self.days * DAY, self.first - DAY, self.zone)
        months = 1 if self.unit is Unit.MONTH else 12
        first = _months_back(self.first, months)
        is_whole = (self.last + DAY).day == 1
        last = self.first - DAY if is_whole and self.unit is Unit.MONTH else _months_back(self.last, months)
        return Period(first, last, self.zone, self.unit)

    def usual_every(self) -> Every:
        if self.days <= 31:
            return Every.DAY
        return Every.WEEK if self.days <= 190 else Every.MONTH

    def parts(self, every: Every) -> list[Period]:
        """Its days, or its weeks (from Monday) or months; the first and the last as far as they are in it."""
        return list(self._parts(every))

    def _parts(self, every: Every) -> Iterator[Period]:
        first = self.first
        while first <= self.last:
            last = min(_end_of(every, first), self.last)
            yield Period(first, last, self.zone)
            first = last + DAY


def beginning_of(day: date, zone: ZoneInfo) -> datetime:
    """Where clocks are put forward at midnight, the day begins when that is done."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _end_of(every: Every, day: date) -> date:
    match every:
        case Every.DAY:
            return day
        case Every.WEEK:
            return day + (6 - day.weekday()) * DAY
    return day.replace(day=monthrange(day.year, day.month)[1])


def _months_back(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
