"""Reading what comes from outside, JSON or files alike: a value, or the problem with it."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from workspace.text import is_storable, is_storable_throughout, printable

# How far the clock of whoever tells us something may run ahead of ours.
FUTURE_TOLERANCE = timedelta(minutes=5)
# Nothing that is only told now is older: whose clock says so lost its time.
CLOCK_TOLERANCE = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Problem:
    """Why something was refused: a code for programs, a sentence for people, and the field it is about."""

    code: str
    detail: str
    field: str = ""


class BadDocument(ValueError):
    """What is wrong with a document. `problems[i].field` is a JSON pointer within it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(f"{p.field or '/'}: {p.detail}" for p in problems))
        self.problems = list(problems)


@dataclass(slots=True)
class DocumentReader:
    """Reads a tree of JSON and collects what is wrong with it on the way, so that it can all be told at once."""

    problems: list[Problem] = field(default_factory=list)

    def refuse(self, at: str, code: str, detail: str) -> None:
        self.problems.append(Problem(code, detail, at))

    def refuse_unknown(self, raw: Mapping[str, Any], known: Collection[str], at: str) -> None:
        for name in raw:
            if name not in known:
                self.refuse(f"{at}/{name}", "unknown_field", _("There is no “%s” here.") % str(name)[:80])


def read_time(written: Any, field: str = "occurred_at") -> datetime | Problem | None:
    """RFC 3339 with an offset, as UTC. A time without one is refused: it would be another moment in another zone."""
    written = absent_if_empty(written)
    if written is None:
        return None
    example = _("Write a time such as 2026-05-03T14:05:00Z.")
    if not isinstance(written, str):
        return Problem("invalid_time", example, field)
    try:
        moment = datetime.fromisoformat(written)
        if moment.tzinfo is None:
            return Problem("naive_time", _("The time has no offset. %s") % example, field)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return Problem(
            "invalid_time",
            _("“%(written)s” is no time. %(example)s") % {"written": written[:40], "example": example},
            field,
        )


def check_not_ahead(moment: datetime | None, now: datetime, field: str = "occurred_at") -> Problem | None:
    if moment is None or moment <= now + FUTURE_TOLERANCE:
        return None
    return Problem("time_in_future", _("The time is more than 5 minutes ahead. Check the clock it came from."), field)


def believable(moment: datetime | None, now: datetime) -> datetime:
    """When something occurred, by a clock that nobody can be asked to set right: if it is wrong, just now."""
    if moment is None or moment.tzinfo is None:
        return now
    return moment if now - CLOCK_TOLERANCE < moment <= now else now


def check_fields(row: Mapping[Any, Any], known: Collection[str]) -> list[Problem]:
    """A field we do not know is one that the sender believes we act on."""
    unknown = [printable(str(name)[:64]) for name in row if name not in known]
    return [Problem("unknown_field", _("There is no field “%s” here.") % name, name) for name in unknown]


def check_text(name: str, value: Any, longest: int) -> Problem | None:
    """A text that must be there, can be stored, and has at most `longest` characters."""
    if value is None or value == "":
        return Problem("required", _("“%s” is missing.") % name, name)
    if not isinstance(value, str):
        return Problem("not_text", _("“%s” is text: put it in quotes.") % name, name)
    if not value.strip():
        return Problem("required", _("“%s” is missing.") % name, name)
    if len(value) > longest:
        return Problem(
            "too_long", _("“%(name)s” has more than %(most)d characters.") % {"name": name, "most": longest}, name
        )
    if not is_storable(value):
        return Problem("bad_text", _("“%s” holds a NUL or half a surrogate pair.") % name, name)
    return None


def check_json(name: str, value: Any, most_bytes: int) -> Problem | None:
    """A value of lists, objects, texts and numbers that every database stores and gives back as it was."""
    if not is_storable_throughout(value):
        return Problem("bad_text", _("“%s” holds a NUL or half a surrogate pair.") % name, name)
    try:
        size = len(json.dumps(value, ensure_ascii=False, allow_nan=False).encode())
    except (TypeError, ValueError, RecursionError):
        return Problem("not_json", _("“%s” holds what JSON cannot.") % name, name)
    if size > most_bytes:
        most = {"name": name, "most": most_bytes}
        return Problem("too_large", _("“%(name)s” has more than %(most)d bytes of JSON.") % most, name)
    return None


def absent_if_empty(value: Any) -> Any:
    """In a file nothing but an empty text can say that a value is absent."""
    return None if value == "" else value
