"""How a condition's own value is read, by the kind of its field: ready to compare, or a sentence that says why not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _

from analytics.fields import Field
from analytics.values import AGES, IN_ORDER, LISTS, OF_TEXT, OPERATORS, PRESENCE, Kind, holds, plain, typed
from customers.attributes import is_tag
from statuses.models import code_key
from workspace.durations import read_duration
from workspace.reading import read_time
from workspace.text import is_storable

__all__ = ["LISTS", "OPERATORS", "PRESENCE", "Kind", "holds", "plain", "read_wanted"]

MOST_VALUES = 1000
LONGEST_TEXT = 500
LONGEST_NUMBER = 100
LONGEST_CODE = 64


def read_wanted(field: Field, operator: str, raw: Any) -> Any:
    """The value a condition compares with, ready to compare. Raises ValueError with a sentence."""
    if operator in AGES:
        return read_duration(raw)
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


def _read_one(field: Field, operator: str, raw: Any) -> Any:
    if field.kind is not Kind.ANY:
        return _READ_VALUE[field.kind](field, raw)
    if operator in IN_ORDER:
        return _read_number(field, raw)
    if operator in OF_TEXT:
        return _read_text(field, raw)
    return typed(raw if isinstance(raw, bool) else _read_text_or_number(field, raw))


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


def _read_code(_field: Field, raw: Any) -> str:
    if not isinstance(raw, str) or not 0 < len(raw) <= LONGEST_CODE or not is_storable(raw):
        raise ValueError(_("Give a code of 1 to %d characters.") % LONGEST_CODE)
    return raw


def _read_choice(field: Field, raw: Any) -> str:
    if raw not in field.choices:
        raise ValueError(_("Choose one of: %s.") % ", ".join(field.choices))
    return str(raw)


def _read_number(_field: Field, raw: Any) -> Decimal:
    try:
        written = str(raw) if isinstance(raw, (int, float, str)) and not isinstance(raw, bool) else ""
        number = Decimal(written) if len(written) <= LONGEST_NUMBER else None
    except (InvalidOperation, ValueError):
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
    Kind.STATUSES: _read_status,
    Kind.TEXT: _read_text,
    Kind.NUMBER: _read_number,
    Kind.TIME: _read_moment,
    Kind.DURATION: _read_length,
    Kind.CHOICE: _read_choice,
    Kind.FLAG: _read_flag,
    Kind.WORDS: _read_word,
    Kind.CODES: _read_code,
}
