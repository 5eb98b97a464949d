"""What a list shows as a file: CSV, written while it is read, or XLSX, without what its reader may not see.

A screen declares its columns beside its list (`export`, workspace/screens.py) by the names that the API gives them.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone, translation
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from workspace.local_formats import number
from workspace.sheets import CONTENT_TYPE, write_sheet

MOST_ROWS = 50_000
AT_ONCE = 1_000
# By which Excel knows UTF-8.
BYTE_ORDER_MARK = "\ufeff"
# What table programs take for the beginning of a formula, and not for a text (OWASP, CSV injection).
FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
# A number with a sign is none, and whoever reads phone numbers by a program wants them as they are.
SIGNED_NUMBER = re.compile(r"[+-][0-9]+(\.[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Column:
    """`of` answers a row's value: a text, a number, a time, JSON, or None."""

    name: str
    of: Callable[[Any], Any]
    is_personal: bool = False

    @property
    def is_time(self) -> bool:
        return self.name.rpartition("_")[2] == "at"


@dataclass(frozen=True, slots=True)
class Export:
    """`file` is how its name begins; `related` is what the columns read beside the rows, fetched with them, and
    `unread` what is large and no column reads. `offers_sheet`: as XLSX too."""

    file: str
    columns: Sequence[Column]
    related: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    offers_sheet: bool = False

    def columns_for(self, *, personal: bool) -> list[Column]:
        return [column for column in self.columns if personal or not column.is_personal]

    def title(self, *, personal: bool) -> str:
        """What comes, for whoever is about to ask for it."""
        if self.offers_sheet:
            said = _("What the list shows as a file, the newest %s at most.") % number(MOST_ROWS)
        else:
            said = _("What the list shows as a CSV file, the newest %s at most.") % number(MOST_ROWS)
        is_whole = len(self.columns_for(personal=personal)) == len(self.columns)
        return said if is_whole else f"{said} {_('Personal data are left out.')}"

    def answer(self, rows: QuerySet[Any], *, personal: bool, as_sheet: bool = False) -> HttpResponseBase:
        """In the zone of whoever asks, which the head of the first time names, and in their language."""
        if self.related:
            rows = rows.select_related(None).select_related(*self.related)
        rows, told, zone = (
            rows.defer(*self.unread),
            self.columns_for(personal=personal),
            timezone.get_current_timezone(),
        )
        name = f"{self.file}-{timezone.localdate().isoformat()}"
        if as_sheet:
            return HttpResponse(
                write_sheet(_headings(told, zone), _values(rows, told), zone),
                content_type=CONTENT_TYPE,
                headers={"Content-Disposition": f'attachment; filename="{name}.xlsx"'},
            )
        return StreamingHttpResponse(
            _write(rows, told, zone, get_language()),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
        )


def column(name: str, path: str = "", *, is_personal: bool = False) -> Column:
    """What stands under its own name, or at the end of a path such as `order.external_id`, if all of it is there."""
    steps = (path or name).split(".")

    def of(row: Any) -> Any:
        for step in steps:
            row = None if row is None else getattr(row, step)
        return row

    return Column(name, of, is_personal)


def columns(*names: str, is_personal: bool = False) -> list[Column]:
    return [column(name, is_personal=is_personal) for name in names]


def harmless(text: str) -> str:
    """With an apostrophe before what would be a formula, table programs show it as text."""
    return f"'{text}" if FORMULA.match(text) and not SIGNED_NUMBER.fullmatch(text) else text


def _write(rows: QuerySet[Any], told: Sequence[Column], zone: tzinfo, language: str | None) -> Iterator[str]:
    """A page at a time, when the request and its language are over."""
    yield BYTE_ORDER_MARK + _as_csv([_headings(told, zone)])
    written = 0
    for page in _newest(rows):
        with translation.override(language), timezone.override(zone):
            text = _as_csv([_cell(column.of(row), zone) for column in told] for row in page)
        yield text
        written += len(page)
    if written == MOST_ROWS:
        with translation.override(language):
            said = _only_the_newest()
        yield _as_csv([[said]])


def _values(rows: QuerySet[Any], told: Sequence[Column]) -> Iterator[list[Any]]:
    written = 0
    for page in _newest(rows):
        yield from ([column.of(row) for column in told] for row in page)
        written += len(page)
    if written == MOST_ROWS:
        yield [_only_the_newest()]


def _only_the_newest() -> str:
    return _("The newest %s only. Narrow the list by its filters, and export again.") % number(MOST_ROWS)


def _newest(rows: QuerySet[Any]) -> Iterator[list[Any]]:
    """In small pages by key: no cursor stays open while a browser reads slowly."""
    left, rows = MOST_ROWS, rows.order_by("-pk")
    page = list(rows[: min(AT_ONCE, left)])
    while page:
        yield page
        left -= len(page)
        page = list(rows.filter(pk__lt=page[-1].pk)[: min(AT_ONCE, left)]) if len(page) == AT_ONCE else []


def _headings(told: Sequence[Column], zone: tzinfo) -> list[str]:
    first = next((column for column in told if column.is_time), None)
    return [f"{column.name} ({zone})" if column is first else column.name for column in told]


def _as_csv(rows: Iterable[Sequence[str]]) -> str:
    file = io.StringIO(newline="")
    csv.writer(file).writerows(rows)
    return file.getvalue()


def _cell(value: Any, zone: tzinfo) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case datetime():
            return value.astimezone(zone).isoformat(timespec="seconds")
        case list() | dict():
            return json.dumps(value, ensure_ascii=False)
        case _:
            return harmless(str(value))
