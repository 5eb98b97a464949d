"""The reports there are: a registry declared here and filled from above (`register`), as campaigns does.

A report is a pure function of a question, and of the same question of the period before where that is wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from django.utils.functional import Promise

from analytics.reports.filters import ALL, Filters
from analytics.reports.layout import Layout
from analytics.reports.periods import Every, Period
from orders.standing import TYPES
from statuses.models import OrderStatus

Text = str | Promise


class Ask(StrEnum):
    """What a report may be asked beside its period, by the name of the parameter."""

    TYPE = "type"
    STEPS = "steps"
    EVERY = "every"
    SOURCE = "source"
    SEGMENT = "segment"


@dataclass(frozen=True, slots=True)
class Question:
    period: Period
    now: datetime
    filters: Filters = ALL
    type: str = TYPES[0]
    # The steps of a funnel; none: the report chooses.
    statuses: tuple[OrderStatus, ...] = ()
    every: Every | None = None
    # What is chosen of the report's own choice.
    chosen: str = ""

    @property
    def end(self) -> datetime:
        """That of the period, or now if it goes on."""
        return min(self.period.end, self.now)

    @property
    def shown_by(self) -> Every:
        return self.every or self.period.usual_every()

    @property
    def goes_on(self) -> bool:
        return self.now < self.period.end

    def before(self) -> Question:
        return replace(self, period=self.period.before())


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing of its own that a report is of, as a campaign: values and labels, the first is the usual one."""

    name: str
    label: Text
    options: Callable[[], Sequence[tuple[str, Text]]]


@dataclass(frozen=True, slots=True)
class Report:
    """`answer` is given the question, and that of the period before or None. `needs` are permissions beyond that to
    read reports."""

    key: str
    title: Text
    about: Text
    answer: Callable[[Question, Question | None], Layout]
    asks: frozenset[Ask] = frozenset()
    choice: Choice | None = None
    needs: tuple[str, ...] = ()


TO_READ = "analytics.read_reports"


class Reader(Protocol):
    """Whoever looks: `request.user`."""

    def has_perm(self, perm: str, /) -> bool: ...


_reports: dict[str, Report] = {}


def register(report: Report) -> None:
    assert report.key not in _reports, f"There is a report {report.key} already."
    _reports[report.key] = report


def all_reports() -> list[Report]:
    return list(_reports.values())


def reports_for(reader: Reader) -> list[Report]:
    return [report for report in _reports.values() if may_read(reader, report)]


def may_read(reader: Reader, report: Report) -> bool:
    return all(reader.has_perm(needed) for needed in (TO_READ, *report.needs))


def find(key: str) -> Report | None:
    return _reports.get(key)
