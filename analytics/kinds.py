"""What can be said of each kind of value: the operators, how a condition's own value is read, and how both compare."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _

from analytics.fields import Field, Kind, Value
from analytics.where import DENIALS
from customers.attributes import is_tag
from statuses.models import code_key
from workspace.durations import read_duration
from workspace.reading import read_time
from workspace.text import is_storable

MOST_VALUES = 1000
LONGEST_TEXT = 500
LONGEST_NUMBER = 100

Test = Callable[[Any, Any], bool]

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


def _only_of(type: str, test: Test, *, otherwise: bool) -> Test:
    """Of values that say which type they are: a text has no order here, and a number no beginning."""
    return lambda seen, wanted: test(seen[1], wanted) if seen[0] == type else otherwise


OPERATORS: dict[Kind, dict[str, Test]] = {
    Kind.STATUS: _EQUALITY,
    Kind.TEXT: _EQUALITY | _TEXT,
    Kind.NUMBER: _EQUALITY | _ORDER,
    Kind.TIME: _ORDER,
    Kind.DURATION: _ORDER,
    Kind.CHOICE: _EQUALITY,
    Kind.FLAG: {"=": _EQUALITY["="]},
    Kind.WORDS: _WORDS,
    Kind.ANY: _EQUALITY
    | {name: _only_of("number", test, otherwise=False) for name, test in _ORDER.items()}
    | {name: _only_of("text", test, otherwise=name in DENIALS) for name, test in _TEXT.items()},
}


def holds(kind: Kind, operator: str, value: Value, wanted: Any) -> bool:
    """A missing value equals nothing."""
    if operator in PRESENCE or value is None:
        return (value is None) == (operator in DENIALS)
    return OPERATORS[kind][operator](_comparable(kind, value), wanted)


def read_wanted(field: Field, operator: str, raw: Any) -> Any:
    """The value a condition compares with, ready to compare. Raises ValueError with a sentence."""
    if operator == "between":
        if not isinstance(raw, list) or len(raw) != 2:
            raise ValueError(_("Give the two ends: [from, to]."))
        return tuple(_read_one(field, operator, value) for value in raw)
    if operator in LISTS:
        values = raw if isinstance(raw, list) else [raw]
        if not 0 < len(values) <= MOST_VALUES:
            raise ValueError(_("Give between 1 and %d values.") % MOST_VALUES)
        return frozenset(_read_one(field, operator, value) for value in values)
    return _read_one(field, operator, raw)


def plain(value: Value) -> str | bool | int | None:
    """As it can be kept in JSON and read by a person; a duration in seconds."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, timedelta):
        return int(value.total_seconds())
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _comparable(kind: Kind, value: Value) -> Any:
    if kind is Kind.STATUS and isinstance(value, str):
        return code_key(value)
    return _typed(value) if kind is Kind.ANY else value


def _typed(value: Any) -> tuple[str, Any]:
    """In Python 1 equals true."""
    if isinstance(value, (str, bool)):
        return ("text" if isinstance(value, str) else "flag", value)
    return ("number", Decimal(str(value)))


def _read_one(field: Field, operator: str, raw: Any) -> Any:
    if field.kind is not Kind.ANY:
        return _READ_VALUE[field.kind](field, raw)
    if operator in _ORDER:
        return _read_number(field, raw)
    if operator in _TEXT:
        return _read_text(field, raw)
    return _typed(raw if isinstance(raw, bool) else _read_text_or_number(field, raw))


def _read_text_or_number(field: Field, raw: Any) -> str | Decimal:
    """What stands in quotes is a text."""
    if isinstance(raw, str):
        return _read_text(field, raw)
    if isinstance(raw, (int, float)):
        return _read_number(field, raw)
    raise ValueError(_("Give a text, a number, true or false."))


def _read_text(_field: Field, raw: Any) -> str:
    if not isinstance(raw, str) or not raw or not is_storable(raw) or len(raw) > LONGEST_TEXT:
        raise ValueError(_("Give a text of 1 to %d characters.") % LONGEST_TEXT)
    return raw


def _read_status(field: Field, raw: Any) -> str:
    return code_key(_read_text(field, raw))


def _read_choice(field: Field, raw: Any) -> str:
    if raw not in field.choices:
        raise ValueError(_("Choose one of: %s.") % ", ".join(field.choices))
    return str(raw)


def _read_number(_field: Field, raw: Any) -> Decimal:
    try:
        written = str(raw) if isinstance(raw, (int, float, str)) and not isinstance(raw, bool) else ""
        number = Decimal(written) if len(written) <= LONGEST_NUMBER else None
    except InvalidOperation:
        number = None
    if number is None or not number.is_finite():
        raise ValueError(_("Give a number."))
    return number


def _read_moment(_field: Field, raw: Any) -> datetime:
    moment = read_time(raw)
    if isinstance(moment, datetime):
        return moment
    raise ValueError(moment.detail if moment else _("Give a time."))


def _read_length(_field: Field, raw: Any) -> timedelta:
    return read_duration(raw)


def _read_flag(_field: Field, raw: Any) -> bool:
    if not isinstance(raw, bool):
        raise ValueError(_("Give true or false."))
    return raw


def _read_word(_field: Field, raw: Any) -> str:
    if not is_tag(raw):
        raise ValueError(_("A tag is 1 to 64 small letters, digits, - and _."))
    return str(raw)


_READ_VALUE: dict[Kind, Callable[[Field, Any], Any]] = {
    Kind.STATUS: _read_status,
    Kind.TEXT: _read_text,
    Kind.NUMBER: _read_number,
    Kind.TIME: _read_moment,
    Kind.DURATION: _read_length,
    Kind.CHOICE: _read_choice,
    Kind.FLAG: _read_flag,
    Kind.WORDS: _read_word,
}
