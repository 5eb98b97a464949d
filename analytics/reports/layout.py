"""How any report is told: a few headline figures, charts, and tables that hold every number. Screens draw it, files and
the API write the same down."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from analytics.reports.figures import Lead
from analytics.reports.periods import Every

Text = str | Promise
Value = str | int | float | date | None


# The heading of days, weeks or months, each told by its first day.
BEGINS = {Every.DAY: _("Day"), Every.WEEK: _("Week from"), Every.MONTH: _("Month from")}


class Kind(StrEnum):
    """What the values of a column are. Shares are between 0 and 1, durations in seconds."""

    TEXT = "text"
    DAY = "day"
    NUMBER = "number"
    SHARE = "share"
    DURATION = "duration"


@dataclass(frozen=True, slots=True)
class Cell:
    """A value, and what is behind it. `colour` is a status's."""

    value: Value
    behind: Lead | None = None
    colour: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """`key` is its name in the API."""

    key: str
    label: Text
    kind: Kind = Kind.NUMBER


@dataclass(frozen=True, slots=True)
class Table:
    key: str
    title: Text
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    # One that is long is folded away under its title.
    is_long: bool = False

    def cells(self) -> Iterator[list[tuple[Column, Cell]]]:
        """Row by row, each with its column."""
        return (list(zip(self.columns, row, strict=True)) for row in self.rows)


@dataclass(frozen=True, slots=True)
class Headline:
    """A figure that is seen first; `before` is that of the period before."""

    label: Text
    value: Value
    kind: Kind = Kind.NUMBER
    before: Value = None
    behind: Lead | None = None

    @property
    def change(self) -> float | None:
        """As a share of what it was. Of a share it is not told: it would be taken for the difference."""
        if (
            self.kind is Kind.SHARE
            or not isinstance(self.value, int | float)
            or not isinstance(self.before, int | float)
            or not self.before
        ):
            return None
        return (self.value - self.before) / self.before


@dataclass(frozen=True, slots=True)
class Series:
    """`colour` is a status's; none: the product's own. A paler one is of the period before."""

    label: Text
    values: tuple[int | float | None, ...]
    colour: str = ""
    is_before: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """`shape`: "lines", "areas" (lines that stand on each other), or "bars" (that lie). `goes_on`: the last of its
    days, weeks or months is not over, so that there is less of it."""

    key: str
    title: Text
    shape: str
    labels: tuple[Text | date, ...]
    series: tuple[Series, ...]
    kind: Kind = Kind.NUMBER
    goes_on: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    headlines: tuple[Headline, ...]
    charts: tuple[Chart, ...]
    tables: tuple[Table, ...]
    # What there is to say when there is nothing to count.
    empty: Text = ""

    def leads(self) -> Iterator[Lead]:
        figures: list[Headline | Cell] = [*self.headlines]
        figures += (cell for table in self.tables for row in table.rows for cell in row)
        return (figure.behind for figure in figures if figure.behind)


def beside(columns: Sequence[Column], *, compared: bool) -> tuple[Column, ...]:
    """Without those of the period before, where nothing is compared."""
    return tuple(column for column in columns if compared or not column.key.endswith("_before"))
