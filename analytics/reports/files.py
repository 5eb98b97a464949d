"""A report as a file: CSV, every table under its title, or XLSX, a sheet for each. Values are for programs to go on
with: shares between 0 and 1, durations in seconds.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import xlsxwriter
from django.utils.translation import gettext as _

from analytics.reports.asking import Answer
from analytics.reports.layout import Column, Kind, Table, Value
from analytics.reports.registry import Report
from workspace.exports import BYTE_ORDER_MARK, harmless

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# A sheet's name has at most so many letters, and none of these.
LONGEST_NAME = 31
NOT_IN_NAMES = str.maketrans(dict.fromkeys("[]:*?/\\", " "))


def as_csv(report: Report, answer: Answer) -> bytes:
    file = io.StringIO(newline="")
    lines = csv.writer(file)
    lines.writerows([[harmless(str(value)) for value in line] for line in _head(report, answer)])
    for table in answer.layout.tables:
        lines.writerow([])
        lines.writerow([harmless(str(table.title))])
        lines.writerow([harmless(_heading(column)) for column in table.columns])
        lines.writerows([[_plain(cell.value) for cell in row] for row in table.rows])
    return (BYTE_ORDER_MARK + file.getvalue()).encode()


def as_xlsx(report: Report, answer: Answer) -> bytes:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        formats = {
            Kind.SHARE: book.add_format({"num_format": "0.0%"}),
            Kind.DAY: book.add_format({"num_format": "yyyy-mm-dd"}),
            Kind.NUMBER: book.add_format({"num_format": "#,##0"}),
        }
        strong = book.add_format({"bold": True, "text_wrap": True})
        for table in answer.layout.tables:
            sheet = book.add_worksheet(str(table.title).translate(NOT_IN_NAMES)[:LONGEST_NAME])
            _fill(sheet, table, formats, strong)
        about = book.add_worksheet(_("About"))
        for place, line in enumerate(_head(report, answer)):
            about.write_row(place, 0, line)
        about.set_column(0, 1, 30)
    return file.getvalue()


FORMATS: dict[str, tuple[str, Callable[[Report, Answer], bytes]]] = {
    "csv": ("text/csv; charset=utf-8", as_csv),
    "xlsx": (XLSX, as_xlsx),
}


def _fill(sheet: Any, table: Table, formats: dict[Kind, Any], strong: Any) -> None:
    for place, column in enumerate(table.columns):
        sheet.write_string(0, place, _heading(column), strong)
        sheet.set_column(place, place, 28 if column.kind is Kind.TEXT else 14, formats.get(column.kind))
        for line, row in enumerate(table.rows, start=1):
            _write(sheet, line, place, row[place].value)
    sheet.freeze_panes(1, 1)


def _write(sheet: Any, line: int, place: int, value: Value) -> None:
    match value:
        case None:
            return
        case date():
            sheet.write_datetime(line, place, value)
        case str():
            sheet.write_string(line, place, value)
        case _:
            sheet.write_number(line, place, value)


def _heading(column: Column) -> str:
    return _("%s (seconds)") % column.label if column.kind is Kind.DURATION else str(column.label)


def _head(report: Report, answer: Answer) -> Iterator[list[str]]:
    """What it is, of when, and as of when."""
    period = answer.question.period
    yield [str(report.title)]
    yield [_("From"), period.first.isoformat(), _("to"), period.last.isoformat(), str(period.zone)]
    if answer.before:
        yield [_("Before"), answer.before.period.first.isoformat(), _("to"), answer.before.period.last.isoformat()]
    if answer.as_of:
        yield [_("As of"), answer.as_of.astimezone(period.zone).isoformat(timespec="seconds")]


def _plain(value: Value) -> str:
    match value:
        case None:
            return ""
        case date():
            return value.isoformat()
        case str():
            return harmless(value)
    return str(value)
