"""Figures that lead to what they count: `Lead` is what stands behind one, written into the address of the list of it.

Which of them there are is told by whoever counts them: orders here (behind.py), messages and the orders that entered a
campaign in campaigns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Protocol
from urllib.parse import parse_qsl, urlencode

from django.db.models import Model, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from analytics.models import Segment
from analytics.reports.filters import Filters
from workspace import narrowing
from workspace.models import Source
from workspace.reading import Problem, read_time

PARAMETER = "figure"
TITLE = _("Behind a figure")
# A key of a database has fewer digits.
MOST_DIGITS = 18


class Lead(Protocol):
    """What stands behind a figure: some of the `rows`."""

    rows: ClassVar[type[Model]]

    def written(self) -> str:
        """For an address."""
        ...

    def in_words(self) -> str: ...

    def narrow(self, rows: QuerySet[Any]) -> QuerySet[Any]: ...


@dataclass(frozen=True, slots=True)
class Figures:
    """Lets a list be that of a figure. `read` answers what was written, or None for what is no such thing."""

    rows: type[Model]
    needs: str
    read: Callable[[str], Lead | None]
    parameter: str = PARAMETER
    title: str | Promise = TITLE

    def tell(self, written: str) -> str:
        lead = self.read(written)
        return lead.in_words() if lead else ""

    def narrow(self, rows: QuerySet[Any], written: str) -> QuerySet[Any]:
        lead = self.read(written)
        return lead.narrow(rows) if lead else rows.none()


def lead_to(rows: type[Model], needs: str, read: Callable[[str], Lead | None]) -> None:
    narrowing.register(Figures(rows, needs, read))


class Unreadable(ValueError):
    """It was not written by a figure."""


class Told:
    """What an address tells of a figure. All raise Unreadable."""

    def __init__(self, written: str) -> None:
        self.told = dict(parse_qsl(written))

    def text(self, name: str) -> str:
        return self.told.get(name, "")

    def one_of(self, name: str, choices: Mapping[str, Any] | list[str]) -> str:
        if self.text(name) not in choices:
            raise Unreadable(name)
        return self.text(name)

    def key(self, name: str) -> int | None:
        return _key(self.told[name]) if name in self.told else None

    def keys(self, name: str, most: int) -> tuple[int, ...]:
        keys = [key for key in self.text(name).split(".") if key]
        if len(keys) > most:
            raise Unreadable(name)
        return tuple(map(_key, keys))

    def moment(self, name: str) -> datetime | None:
        if name not in self.told:
            return None
        read = read_time(self.told[name])
        if read is None or isinstance(read, Problem):
            raise Unreadable(name)
        return read

    def span(self) -> tuple[datetime, datetime]:
        start, end = self.moment("start"), self.moment("end")
        if start is None or end is None:
            raise Unreadable("start")
        return start, end

    def filters(self) -> Filters:
        return Filters(self.key("source"), self.key("segment"))


def write(told: Mapping[str, Any], filters: Filters) -> str:
    """What is none or empty is left out."""
    all_of_it = {**told, "source": filters.source, "segment": filters.segment}
    return urlencode({name: _written(value) for name, value in all_of_it.items() if value})


def filters_in_words(filters: Filters) -> str:
    """Two queries at most."""
    words = []
    if filters.source is not None:
        source = Source.objects.filter(pk=filters.source).values_list("name", flat=True).first()
        words.append(_("source “%s”") % (source or filters.source))
    if filters.segment is not None:
        segment = Segment.objects.filter(pk=filters.segment).values_list("name", flat=True).first()
        words.append(_("segment “%s”") % (segment or filters.segment))
    return "".join(f", {word}" for word in words)


def _written(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    return ".".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _key(written: str) -> int:
    if not written.isdecimal() or len(written) > MOST_DIGITS:
        raise Unreadable(written)
    return int(written)
