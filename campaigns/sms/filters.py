"""The filters of texts: Liquid's own that work on words, and arithmetic that is exact, as money must be.

No filter makes anything large: what goes in is short, so what comes out is bounded, and only what is short stays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import wraps
from typing import Any

from django.utils.translation import gettext as _
from liquid import is_undefined
from liquid.exceptions import FilterArgumentError

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


_ARITHMETIC: Mapping[str, Filter] = {
    "divided_by": divided_by,
    "minus": minus,
    "plus": plus,
    "round": round_,
    "times": times,
}

FILTERS = tuple(sorted((*_LIQUIDS_OWN, *_ARITHMETIC)))


def chosen_filters(liquids: Mapping[str, Filter]) -> dict[str, Filter]:
    """Those on the list, each bounded. `liquids` are the library's."""
    return {name: _bounded(_ARITHMETIC.get(name) or liquids[name]) for name in FILTERS}


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


def _bounded(function: Filter) -> Filter:
    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            made = function(*args, **kwargs)
        except (ArithmeticError, OSError, TypeError, ValueError) as error:
            raise FilterArgumentError(str(error), token=None) from error
        if isinstance(made, (str, list)) and len(made) > LONGEST_VALUE:
            raise FilterArgumentError(_("A value grew longer than %d characters.") % LONGEST_VALUE, token=None)
        return made

    return call
