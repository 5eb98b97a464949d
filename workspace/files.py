"""Reading CSV files of any length, plain or gzip, a line at a time."""

from __future__ import annotations

import csv
import gzip
import os
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self

from django.utils.translation import gettext as _

from workspace.reading import Problem

GZIP_MAGIC = b"\x1f\x8b"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# A longer one is no row of a table, and is not to fill the memory.
LONGEST_LINE = 1024 * 1024


class BadFile(Exception):
    """A file that cannot be read; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a file, numbered as editors do. With a `problem` it is no row, and has `values` but no `cells`."""

    number: int
    values: list[str]
    cells: dict[str, str]
    problem: Problem | None = None


class CsvFile:
    """An open CSV file: UTF-8, the first line names the columns, and each further line is a row.

    No row goes on in the next line, although RFC 4180 would let a quoted cell do so: else one quote left open would
    swallow the rows that follow. A file that breaks off, as a download does, gives the lines it has, and then says
    so in `damage`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.damage = ""
        self._raw = _open(path)
        self._size = os.fstat(self._raw.fileno()).st_size
        self._lines = enumerate(self._read_lines(_unpack(self._raw)), start=1)
        try:
            self.columns = self._read_columns()
        except BadFile:
            self._raw.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc_info: object) -> None:
        self._raw.close()

    def require(self, required: Collection[str], optional: Collection[str]) -> None:
        """Raise BadFile unless the file has the required columns and none but these."""
        named = {"path": self.path, "columns": ", ".join([*required, *optional])}
        missing = [name for name in required if name not in self.columns]
        if missing:
            detail = _("%(path)s has no column %(name)s. Its first line names the columns, with commas: %(columns)s.")
            raise BadFile(detail % {**named, "name": _quoted(missing)})
        unknown = [name for name in self.columns if name not in {*required, *optional}]
        if unknown:
            detail = _("%(path)s has a column %(name)s, which we do not know. Take it out. There are: %(columns)s.")
            raise BadFile(detail % {**named, "name": _quoted(unknown)})

    def lines(self) -> Iterator[Line]:
        return (self._read_row(number, line) for number, line in self._lines if line.strip())

    def share_read(self) -> float:
        """How much of the file, as it lies on the disk, has been read: 0.0 to 1.0."""
        return min(self._raw.tell() / self._size, 1.0)

    def _read_row(self, number: int, line: bytes) -> Line:
        try:
            values = _cells(line.decode())
        except UnicodeDecodeError:
            return _no_row(number, line, "not_utf8", _("The line is not UTF-8. Save the file as UTF-8."))
        except csv.Error as error:
            detail = _("The line is no row of a CSV file (%s). Look at its quotes.") % error
            return _no_row(number, line, "bad_line", detail)
        if len(values) == len(self.columns):
            return Line(number, values, dict(zip(self.columns, values, strict=True)))
        counts = {"cells": len(values), "columns": len(self.columns)}
        detail = _("The line has %(cells)d cells, and the first line %(columns)d columns.") % counts
        return Line(number, values, {}, Problem("wrong_number_of_cells", detail))

    def _read_columns(self) -> list[str]:
        first = next((line for _number, line in self._lines), b"")
        if not first.strip():
            raise BadFile(self.damage or _("%s is empty. Its first line must name the columns.") % self.path)
        try:
            columns = [name.strip() for name in _cells(first.removeprefix(BYTE_ORDER_MARK).decode())]
        except (UnicodeDecodeError, csv.Error):
            columns = ["\0"]
        if not all(name.isprintable() for name in columns):
            raise BadFile(_("%s is no CSV file in UTF-8. Save it as “CSV UTF-8”, with gzip or without.") % self.path)
        repeated = [name for name in columns if columns.count(name) > 1]
        if repeated:
            named = {"path": self.path, "name": _quoted(repeated[:1])}
            raise BadFile(_("%(path)s names the column %(name)s twice. Take one out.") % named)
        return columns

    def _read_lines(self, stream: IO[bytes] | gzip.GzipFile) -> Iterator[bytes]:
        try:
            while line := stream.readline(LONGEST_LINE):
                if len(line) == LONGEST_LINE and not line.endswith(b"\n"):
                    self.damage = _("%s has a line of more than 1 MiB. Is it a CSV file?") % self.path
                    return
                yield line
        except (EOFError, OSError, zlib.error) as error:
            damage = _("%(path)s breaks off or is damaged: %(error)s. Get it again, and load it again.")
            self.damage = damage % {"path": self.path, "error": error}


def _open(path: Path) -> IO[bytes]:
    if path.is_dir():
        raise BadFile(_("%s is a directory. Name a file in it.") % path)
    if path.exists() and not path.is_file():
        raise BadFile(_("%s is no regular file. Write what comes out of it to one.") % path)
    try:
        return path.open("rb")
    except OSError as error:
        raise BadFile(_("%(path)s cannot be read: %(error)s.") % {"path": path, "error": error.strerror}) from None


def _unpack(raw: IO[bytes]) -> IO[bytes] | gzip.GzipFile:
    """Told by its content: names are often wrong."""
    magic = raw.read(len(GZIP_MAGIC))
    raw.seek(0)
    return gzip.open(raw) if magic == GZIP_MAGIC else raw


def _cells(line: str) -> list[str]:
    return next(csv.reader([line], strict=True))


def _no_row(number: int, line: bytes, code: str, detail: str) -> Line:
    return Line(number, [line.decode(errors="replace").rstrip("\r\n")], {}, Problem(code, detail))


def _quoted(names: Collection[str]) -> str:
    return ", ".join(f"“{name}”" for name in names)
