"""A table as a workbook (XLSX) of one sheet, written a row at a time.

Each value is what it is: a text is a text and never a formula, a link or a number, so nothing in it can be acted on.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime, tzinfo
from decimal import Decimal
from io import BytesIO
from typing import Any

import xlsxwriter

CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# What a cell holds.
LONGEST_TEXT = 32_767
WIDTH = 18
# Numbers of more digits are rounded by whoever opens it; as text they stay.
MOST_DIGITS = 15


def write_sheet(headings: Sequence[str], rows: Iterable[Sequence[Any]], zone: tzinfo) -> bytes:
    """`rows` hold texts, numbers, times, true and false, JSON, or None. Times are told in `zone`: a sheet has none."""
    file = BytesIO()
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(file, options) as book:
        sheet = book.add_worksheet()
        bold, at = book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, max(len(headings) - 1, 0), WIDTH)
        for column, heading in enumerate(headings):
            sheet.write_string(0, column, heading, bold)
        for number, row in enumerate(rows, start=1):
            for column, value in enumerate(row):
                _write(sheet, number, column, value, zone, at)
    return file.getvalue()


def _write(sheet: Any, row: int, column: int, value: Any, zone: tzinfo, at: Any) -> None:
    match value:
        case None:
            return
        case bool():
            sheet.write_boolean(row, column, value)
        case int() | float() | Decimal() if _fits(value):
            sheet.write_number(row, column, value)
        case datetime():
            sheet.write_datetime(row, column, value.astimezone(zone).replace(tzinfo=None, microsecond=0), at)
        case list() | dict():
            sheet.write_string(row, column, json.dumps(value, ensure_ascii=False)[:LONGEST_TEXT])
        case _:
            sheet.write_string(row, column, str(value)[:LONGEST_TEXT])


def _fits(value: float | Decimal) -> bool:
    number = Decimal(str(value))
    return number.is_finite() and len(number.as_tuple().digits) <= MOST_DIGITS
