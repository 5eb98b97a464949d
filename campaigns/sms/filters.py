"""The filters of texts: Liquid's own that work on words, arithmetic that is exact, as money must be, and money, days
and times as the customer's language writes them.

No filter makes anything large: what goes in is short, so what comes out is bounded, and only what is short stays.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache, wraps
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.dates import format_skeleton
from babel.numbers import format_currency
from django.conf import settings
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _
from liquid import RenderContext, is_undefined
from liquid.exceptions import FilterArgumentError
from liquid.filter import with_context

LONGEST_VALUE = 2000
LARGEST_NUMBER = 10**15
# A Decimal with no more than these is never written as 1E-7.
MOST_DECIMALS = 6

Filter = Callable[..., Any]

_LIQUIDS_OWN = (
    "append",
    "capitalize",
    "date",
    "default",
    "downcase",
    "first",
    "join",
    "last",
    "prepend",
    "remove",
    "replace",
    "size",
    "slice",
    "split",
    "strip",
    "truncate",
    "truncatewords",
    "upcase",
)


def plus(left: Any, right: Any) -> int | Decimal:
    return _settled(_number(left) + _number(right))


def minus(left: Any, right: Any) -> int | Decimal:
    return _settled(_number(left) - _number(right))


def times(left: Any, right: Any) -> int | Decimal:
    return _settled(_number(left) * _number(right))


def divided_by(left: Any, right: Any) -> int | Decimal:
    """Whole numbers divide to a whole number, as everywhere in Liquid."""
    left, right = _number(left), _number(right)
    if not right:
        raise FilterArgumentError(_("A number cannot be divided by 0."), token=None)
    are_whole = isinstance(left, int) and isinstance(right, int)
    return _settled(left // right if are_whole else left / right)


def round_(value: Any, decimals: Any = 0) -> int | Decimal:
    number, places = Decimal(_number(value)), _number(decimals)
    if not isinstance(places, int) or not 0 <= places <= MOST_DECIMALS:
        raise FilterArgumentError(_("A number is rounded to 0 to %d decimals.") % MOST_DECIMALS, token=None)
    rounded = number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    return rounded if places else int(rounded)


@with_context
def money(amount: Any, currency: Any = None, *, context: RenderContext) -> str:
    """“€12.30”, “12,30 €”: by the customer's language, in the order's currency unless another is named."""
    exact = Decimal(_number(amount))
    code = currency or _of(context, "order", "currency")
    if not isinstance(code, str) or not _CURRENCY.fullmatch(code):
        raise FilterArgumentError(_("A currency is three letters, such as EUR."), token=None)
    return _plain(format_currency(exact, code.upper(), locale=_language(context)))


@with_context
def day(moment: Any, *, context: RenderContext) -> str:
    """“3 May”, in the customer's language and zone; nothing of no time."""
    read = _moment(moment)
    return _plain(format_skeleton("MMMMd", read, locale=_language(context))) if read else ""


@with_context
def time(moment: Any, *, context: RenderContext) -> str:
    """“14:05”, in the customer's zone."""
    read = _moment(moment)
    return _plain(format_skeleton("Hm", read, locale=_language(context))) if read else ""


_CURRENCY = re.compile(r"[A-Za-z]{3}")
# Languages put spaces that do not break into money and times. They are not in the GSM alphabet, and make a text dear.
_SPACES = str.maketrans({"\u00a0": " ", "\u202f": " "})


def _plain(written: str) -> str:
    return str(written).translate(_SPACES)


def _language(context: RenderContext) -> Locale:
    return _locale(str(_of(context, "customer", "language") or ""))


@lru_cache(maxsize=200)
def _locale(language: str) -> Locale:
    """The installation's, where the customer's is not known or no language."""
    try:
        return Locale.parse(language.replace("_", "-"), sep="-")
    except (ValueError, TypeError, UnknownLocaleError):
        return Locale.parse(settings.LANGUAGE_CODE, sep="-")


def _of(context: RenderContext, thing: str, name: str) -> Any:
    """Of what the text is about, unless the text calls something else by that name."""
    about = context.resolve(thing)
    return about.get(name) if isinstance(about, Mapping) else None


def _moment(value: Any) -> datetime | None:
    if value is None or is_undefined(value) or value == "":
        return None
    if isinstance(value, str):
        value = parse_datetime(value) or parse_date(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, datetime.min.time())
    if not isinstance(value, datetime):
        raise FilterArgumentError(_("This is no time."), token=None)
    return value.replace(tzinfo=None)  # it is in the customer's zone already, and is written as it stands


_BY_LANGUAGE: Mapping[str, Filter] = {"day": day, "money": money, "time": time}

_ARITHMETIC: Mapping[str, Filter] = {
    "divided_by": divided_by,
    "minus": minus,
    "plus": plus,
    "round": round_,
    "times": times,
}

_OURS: Mapping[str, Filter] = {**_ARITHMETIC, **_BY_LANGUAGE}

FILTERS = tuple(sorted((*_LIQUIDS_OWN, *_OURS)))


def chosen_filters(liquids: Mapping[str, Filter]) -> dict[str, Filter]:
    """Those on the list, each bounded. `liquids` are the library's."""
    return {name: _bounded(_OURS.get(name) or liquids[name], grows=name in _GROW) for name in FILTERS}


# What these make is as long as what goes in times what is put between.
_GROW = frozenset({"join", "replace"})


def _number(value: Any) -> int | Decimal:
    """A number, or a text that is one. Liquid itself reads anything else as 0, which no customer should be told."""
    if value is None or is_undefined(value):
        raise FilterArgumentError(_("A number is needed here, and there is none."), token=None)
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal, str)):
        raise FilterArgumentError(_("This is no number."), token=None)
    number = value if isinstance(value, int) else _read_number(str(value))
    return _bearable(number)


def _read_number(written: str) -> int | Decimal:
    try:
        return int(written)
    except ValueError:
        pass
    try:
        return Decimal(written.strip())
    except InvalidOperation:
        raise FilterArgumentError(_("“%s” is no number.") % written[:40], token=None) from None


def _bearable(number: int | Decimal) -> int | Decimal:
    exact = Decimal(number)
    if not exact.is_finite() or abs(exact) >= LARGEST_NUMBER:
        raise FilterArgumentError(_("A number is too large."), token=None)
    return number


def _settled(number: int | Decimal) -> int | Decimal:
    if isinstance(number, int):
        return _bearable(number)
    _bearable(number)
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int), "finite numbers make finite ones"
    return number.quantize(Decimal(1).scaleb(min(0, max(exponent, -MOST_DECIMALS))), ROUND_HALF_UP)


def _bounded(function: Filter, *, grows: bool) -> Filter:
    """What a shop sends may be long, and may be cut; what is made of it, or put into it, may not."""

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        for value in args if grows else args[1:]:
            _refuse_long(value)
        try:
            made = function(*args, **kwargs)
        except (ArithmeticError, OSError, TypeError, ValueError) as error:
            raise FilterArgumentError(str(error), token=None) from error
        _refuse_long(made)
        return made

    return call


def _refuse_long(value: Any) -> None:
    if isinstance(value, (str, list)) and len(value) > LONGEST_VALUE:
        raise FilterArgumentError(_("A value grew longer than %d characters.") % LONGEST_VALUE, token=None)
