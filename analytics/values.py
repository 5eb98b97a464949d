"""What a value is, and what can be said of it: the kinds, their operators, and how what was seen and wanted compare."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from statuses.models import code_key

Value = str | Decimal | float | datetime | timedelta | bool | frozenset[str] | None
Test = Callable[[Any, Any], bool]


class Kind(StrEnum):
    """What a value is, which decides the operators it offers."""

    STATUS = "status"
    # Several statuses of one type, by their codes.
    STATUSES = "statuses"
    TEXT = "text"
    NUMBER = "number"
    TIME = "time"
    DURATION = "duration"
    CHOICE = "choice"
    FLAG = "flag"
    WORDS = "words"
    # Several things that go by a code.
    CODES = "codes"
    # A text, a number, true or false: what it is tells the value itself.
    ANY = "any"


_EQUALITY: dict[str, Test] = {
    "=": lambda seen, wanted: seen == wanted,
    "!=": lambda seen, wanted: seen != wanted,
    "in": lambda seen, wanted: seen in wanted,
    "notIn": lambda seen, wanted: seen not in wanted,
}
_ORDER: dict[str, Test] = {
    "<": lambda seen, wanted: seen < wanted,
    "<=": lambda seen, wanted: seen <= wanted,
    ">": lambda seen, wanted: seen > wanted,
    ">=": lambda seen, wanted: seen >= wanted,
    "between": lambda seen, wanted: wanted[0] <= seen <= wanted[1],
}
# What is wanted is how long ago; asked at a moment, it is that long before it, and the moment itself.
_AGES: dict[str, Test] = {
    "inLast": lambda seen, wanted: wanted[0] < seen <= wanted[1],
    "notInLast": lambda seen, wanted: not wanted[0] < seen <= wanted[1],
}
_TEXT: dict[str, Test] = {
    "contains": lambda seen, wanted: wanted in seen,
    "doesNotContain": lambda seen, wanted: wanted not in seen,
    "beginsWith": lambda seen, wanted: seen.startswith(wanted),
    "endsWith": lambda seen, wanted: seen.endswith(wanted),
}
_WORDS: dict[str, Test] = {
    "anyOf": lambda seen, wanted: not wanted.isdisjoint(seen),
    "allOf": lambda seen, wanted: wanted.issubset(seen),
    "noneOf": lambda seen, wanted: wanted.isdisjoint(seen),
}
PRESENCE = ("null", "notNull")
LISTS = frozenset({"in", "notIn", *_WORDS})
AGES, IN_ORDER, OF_TEXT = frozenset(_AGES), frozenset(_ORDER), frozenset(_TEXT)

# What an operator denies. Those hold of a value that is missing.
DENIALS = {
    "!=": "=",
    "notIn": "in",
    "notInLast": "inLast",
    "doesNotContain": "contains",
    "noneOf": "anyOf",
    "null": "notNull",
}


def _only_of(type: str, test: Test, *, otherwise: bool) -> Test:
    """Of values that say which type they are: a text has no order here, and a number no beginning."""
    return lambda seen, wanted: test(seen[1], wanted) if seen[0] == type else otherwise


OPERATORS: dict[Kind, dict[str, Test]] = {
    Kind.STATUS: _EQUALITY,
    Kind.STATUSES: _WORDS,
    Kind.TEXT: _EQUALITY | _TEXT,
    Kind.NUMBER: _EQUALITY | _ORDER,
    Kind.TIME: _ORDER | _AGES,
    Kind.DURATION: _ORDER,
    Kind.CHOICE: _EQUALITY,
    Kind.FLAG: {"=": _EQUALITY["="]},
    Kind.WORDS: _WORDS,
    Kind.CODES: _WORDS,
    Kind.ANY: _EQUALITY
    | {name: _only_of("number", test, otherwise=False) for name, test in _ORDER.items()}
    | {name: _only_of("text", test, otherwise=name in DENIALS) for name, test in _TEXT.items()},
}


def holds(kind: Kind, operator: str, value: Value, wanted: Any) -> bool:
    """A missing value equals nothing."""
    if operator in PRESENCE or value is None:
        return (value is None) == (operator in DENIALS)
    return OPERATORS[kind][operator](_comparable(kind, value), wanted)


def plain(value: Value) -> str | bool | int | list[str] | None:
    """As it can be kept in JSON and read by a person; a duration in seconds."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, timedelta):
        return int(value.total_seconds())
    if isinstance(value, frozenset):
        return sorted(value)
    return value.isoformat() if isinstance(value, datetime) else str(value)


def typed(value: Any) -> tuple[str, Any]:
    """In Python 1 equals true."""
    if isinstance(value, (str, bool)):
        return ("text" if isinstance(value, str) else "flag", value)
    return ("number", Decimal(str(value)))


def _comparable(kind: Kind, value: Any) -> Any:
    match kind:
        case Kind.STATUS:
            return code_key(value)
        case Kind.STATUSES:
            return frozenset(map(code_key, value))
        case Kind.ANY:
            return typed(value)
    return value
