"""The vocabulary as a file: CSV, which spreadsheets open, or JSON. Both say the same, and come back as they went."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from statuses.exchange import Line
from statuses.models import Colour, OrderStatus, StatusAlias, StatusType, check_code
from workspace.exports import FORMULA
from workspace.files import BadFile
from workspace.reading import Problem, check_fields, check_text
from workspace.text import is_storable_throughout

COLUMNS = (
    "type", "code", "name", "include_in_analytics", "colour", "position", "retired", "keeps_taking", "aliases",
)  # fmt: skip
FORMATS = ("csv", "json")
MOST_BYTES = 1024 * 1024
MOST_STATUSES = 2000
LONGEST_NAME = 200

FLAGS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
# Between other codes in a cell. A code may hold one, and is written with a backslash before it.
BETWEEN = " | "
DELIMITERS = ",;\t"


def export(format: str) -> str:
    """The whole vocabulary. What was merged away stands as another code of what it became; codes that one source alone
    sends for a status are that source's matter, and are not in it."""
    rows = list(_rows())
    if format == "json":
        return json.dumps({"format": 1, "statuses": rows}, indent=2, ensure_ascii=False) + "\n"
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    writer.writerows([_defused(_as_text(row[name])) for name in COLUMNS] for row in rows)
    return file.getvalue()


def read(content: bytes) -> list[Line]:
    """The lines of a file, CSV or JSON, told by its content. Raises BadFile where it is neither."""
    if len(content) > MOST_BYTES:
        raise BadFile(_("The file is larger than 1 MiB. It holds more than statuses, or is another file."))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadFile(_("The file is not UTF-8. Save it as “CSV UTF-8”, or export it as JSON.")) from None
    if not text.strip():
        raise BadFile(_("The file is empty."))
    lines = _read_json(text) if text.lstrip()[0] in "{[" else list(_read_csv(text))
    if len(lines) > MOST_STATUSES:
        raise BadFile(_("The file has more than %d statuses.") % MOST_STATUSES)
    if not lines:
        raise BadFile(_("There is no status in the file."))
    return lines


def _rows() -> Iterator[dict[str, Any]]:
    other_codes: dict[int, list[str]] = {}
    for status_id, code in StatusAlias.objects.filter(source=None).exclude(status=None).values_list("status", "code"):
        other_codes.setdefault(status_id, []).append(code)
    statuses = list(OrderStatus.objects.listed())
    for status in statuses:
        if status.merged_into_id:
            became = other_codes.setdefault(status.merged_into_id, [])
            became += [status.code, *other_codes.get(status.pk, [])]
    for status in statuses:
        if not status.merged_into_id:
            yield {
                "type": status.type,
                "code": status.code,
                "name": status.name,
                "include_in_analytics": status.include_in_analytics,
                "colour": status.colour,
                "position": status.position,
                "retired": status.is_retired,
                "keeps_taking": status.is_taken_from_sources,
                "aliases": other_codes.get(status.pk, []),
            }


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return BETWEEN.join(re.sub(r"[\\|]", r"\\\g<0>", code) for code in value)
    return str(value)


def _defused(cell: str) -> str:
    """With an apostrophe before what would be a formula: a spreadsheet shows it as text, and `_armed` takes it away."""
    return f"'{cell}" if FORMULA.match(cell) else cell


def _armed(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and FORMULA.match(cell) else cell


def _read_csv(text: str) -> Iterator[Line]:
    """Rows as RFC 4180 has them, also such as spreadsheets write where the comma is part of numbers."""
    file = io.StringIO(text, newline="")
    delimiter, before = _find_delimiter(file)
    rows = csv.reader(file, delimiter=delimiter, strict=True)
    columns: list[str] = []
    while True:
        number = before + rows.line_num + 1
        try:
            cells = [_armed(cell).strip() for cell in next(rows)]
        except StopIteration:
            return
        except csv.Error as error:
            words = {"number": number, "error": error}
            raise BadFile(
                _("Line %(number)d is no row of a CSV file (%(error)s). Look at its quotes.") % words
            ) from None
        while cells and not cells[-1]:  # as spreadsheets fill up rows
            cells.pop()
        if cells and not columns:
            columns = _read_columns(cells)
        elif cells:
            yield _read_row(cells, columns, _("line %d") % number)


def _find_delimiter(file: io.StringIO) -> tuple[str, int]:
    """And how many lines were read for it: Excel may say it in one of its own, “sep=;”. Else the first line tells."""
    first = file.readline()
    said = first.strip().strip('"')
    if said.lower().startswith("sep=") and said[4:5] in (*DELIMITERS,):
        return said[4], 1
    file.seek(0)
    return max(DELIMITERS, key=first.count), 0


def _read_columns(cells: Sequence[str]) -> list[str]:
    columns = [cell.lower() for cell in cells]
    words = {"columns": ", ".join(COLUMNS)}
    if missing := [name for name in ("type", "code") if name not in columns]:
        detail = _("There is no column “%(name)s”. The first line names the columns: %(columns)s.")
        raise BadFile(detail % {**words, "name": missing[0]})
    if unknown := [cell for cell, name in zip(cells, columns, strict=True) if name not in COLUMNS]:
        detail = _("We do not know the column “%(name)s”. Take it out. There are: %(columns)s.")
        raise BadFile(detail % {**words, "name": unknown[0][:64]})
    if repeated := [name for name in columns if columns.count(name) > 1]:
        raise BadFile(_("The column “%s” stands twice. Take one out.") % repeated[0])
    return columns


def _read_row(cells: Sequence[str], columns: Sequence[str], where: str) -> Line:
    if len(cells) > len(columns):
        counts = {"cells": len(cells), "columns": len(columns)}
        detail = _("The line has %(cells)d cells, and the first line %(columns)d columns.") % counts
        return Line(where, problems=(Problem("wrong_number_of_cells", detail),))
    said: dict[str, Any] = {name: cell for name, cell in zip(columns, cells, strict=False) if cell}
    if "aliases" in said:
        said["aliases"] = _split(said["aliases"])
    return _read_line(said, where)


def _split(cell: str) -> list[str]:
    parts = re.findall(r"(?:[^\\|]|\\.)+", cell)
    return [code for part in parts if (code := re.sub(r"\\(.)", r"\1", part).strip())]


def _read_json(text: str) -> list[Line]:
    try:
        said = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadFile(_("The file is no JSON: %s") % error) from None
    entries = said.get("statuses") if isinstance(said, dict) else said
    if not isinstance(entries, list):
        raise BadFile(_("A JSON file holds “statuses”, a list of them."))
    return [_read_entry(entry, _("entry %d") % number) for number, entry in enumerate(entries, 1)]


def _read_entry(entry: Any, where: str) -> Line:
    if not isinstance(entry, dict) or not is_storable_throughout(entry):
        return Line(where, problems=(Problem("not_an_object", _("This is no JSON object that we can store.")),))
    return _read_line({name: value for name, value in entry.items() if value is not None}, where)


def _read_line(said: Mapping[str, Any], where: str) -> Line:
    """What is said of one status. Of several mistakes all are told."""
    reader = _Reader(said)
    code = reader.take("code", lambda value: check_code("code", value) or value.strip(), required=True)
    line: dict[str, Any] = {
        "type": reader.take("type", _read_type, required=True) or "",
        "code": code or "",
        "is_retired": bool(reader.take("retired", _read_flag)),
        "is_taken": reader.take("keeps_taking", _read_flag) is not False,
        "aliases": tuple(reader.take("aliases", _read_aliases) or ()),
    }
    named = {name: reader.take(name, read) for name, read in CHANGEABLE.items()}
    reader.problems += check_fields(said, COLUMNS)
    given = {name: value for name, value in named.items() if value is not None}
    return Line(where, **line, named=given, problems=tuple(reader.problems))


class _Reader:
    def __init__(self, said: Mapping[str, Any]) -> None:
        self._said, self.problems = said, list[Problem]()

    def take(self, name: str, read: Callable[[Any], Any], *, required: bool = False) -> Any:
        """The value, or None where it is not said or wrong."""
        if name not in self._said:
            if required:
                self.problems.append(Problem("required", _("“%s” is missing.") % name, name))
            return None
        value = read(self._said[name])
        if isinstance(value, Problem):
            self.problems.append(value)
            return None
        return value


def _read_type(value: Any) -> Any:
    return _read_choice("type", value, StatusType.values)


def _read_colour(value: Any) -> Any:
    return _read_choice("colour", value, Colour.values)


def _read_choice(name: str, value: Any, choices: Sequence[str]) -> Any:
    written = str(value).strip().lower()
    if written in choices:
        return written
    words = {"value": str(value)[:64], "name": name, "choices": ", ".join(choices)}
    return Problem("invalid_choice", _("“%(value)s” is no %(name)s. There are: %(choices)s.") % words, name)


def _read_flag(value: Any) -> Any:
    flag = FLAGS.get(str(value).strip().lower())
    if flag is None:
        return Problem("not_a_flag", _("“%s” is neither true nor false.") % str(value)[:64])
    return flag


def _read_name(value: Any) -> Any:
    return check_text("name", value, LONGEST_NAME) or value.strip()


def _read_position(value: Any) -> Any:
    """0, as of a new one, says nothing."""
    written = str(value).strip()
    if isinstance(value, bool) or not re.fullmatch(r"[0-9]{1,10}", written) or int(written) >= 2**31:
        return Problem("not_a_number", _("“%s” is no whole number from 0 on.") % written[:64], "position")
    return int(written) or None


def _read_aliases(value: Any) -> Any:
    if not isinstance(value, list):
        return Problem("not_a_list", _("“aliases” is a list of codes."), "aliases")
    problems = (check_code("aliases", code) for code in value)
    return next((problem for problem in problems if problem), None) or [code.strip() for code in value]


CHANGEABLE = {
    "name": _read_name,
    "include_in_analytics": _read_flag,
    "colour": _read_colour,
    "position": _read_position,
}
