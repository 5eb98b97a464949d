"""Money is decimal strings with a currency outside and whole minor units inside."""

from collections.abc import Mapping, Sequence
from decimal import Context, Decimal, Inexact, InvalidOperation
from functools import cache

from babel.core import get_global
from babel.numbers import get_currency_name, get_currency_precision, list_currencies
from django.utils.translation import gettext as _

from workspace.local_formats import locale

# What a signed 64-bit column holds, less a margin for sums.
MOST_MINOR_UNITS = 10**15
# Rounding is an error here: Decimal would else quietly keep 28 digits of a longer number.
EXACT = Context(traps=[Inexact])
# Of every currency but the unusual ones.
PLACES: int = get_global("currency_fractions")["DEFAULT"][0]


class BadMoney(ValueError):
    """An amount or currency that cannot be kept; the message says why."""


def to_minor(amount: str | Decimal | int, currency: str) -> int:
    """`("12.30", "EUR")` -> 1230, by the decimals ISO 4217 gives the currency. Raises BadMoney."""
    if not is_currency(currency):
        raise BadMoney(_("“%s” is no ISO 4217 currency code.") % currency)
    if not is_decimal(amount):
        raise BadMoney(_("“%s” is no decimal number.") % amount)
    value = Decimal(str(amount).strip())
    places = get_currency_precision(currency)
    if value.copy_abs() > MOST_MINOR_UNITS:
        raise BadMoney(_("The amount is too large."))
    try:
        minor = value.scaleb(places, context=EXACT).to_integral_exact(context=EXACT)
    except Inexact:
        raise BadMoney(
            _("%(currency)s has %(places)d decimals; “%(amount)s” has more.")
            % {"currency": currency, "places": places, "amount": amount}
        ) from None
    if abs(minor) > MOST_MINOR_UNITS:
        raise BadMoney(_("The amount is too large."))
    return int(minor)


def places_of(currency: str) -> int:
    return int(get_currency_precision(currency))


def from_minor(minor: int, currency: str) -> Decimal:
    """`(1230, "EUR")` -> Decimal("12.30")."""
    return Decimal(minor).scaleb(-get_currency_precision(currency))


@cache
def unusual_currencies() -> Mapping[int, Sequence[str]]:
    """Those with more or fewer decimals than most, by how many."""
    unusual: dict[int, list[str]] = {}
    for code, (places, *_others) in get_global("currency_fractions").items():
        if places != PLACES:
            unusual.setdefault(places, []).append(code)
    return unusual


def is_currency(code: str) -> bool:
    return code in _currencies()


def currency_choices(kept: str = "") -> list[tuple[str, str]]:
    """Those that are paid with today, for a person to choose from, and the one that is kept, whatever it is."""
    codes = sorted(_in_use() | {kept} - {""})
    return [(code, f"{code} · {get_currency_name(code, locale=locale())}") for code in codes]


def is_decimal(amount: str | Decimal | int) -> bool:
    written = str(amount).strip()
    try:
        return "_" not in written and Decimal(written).is_finite()  # Decimal reads 1_000
    except InvalidOperation:
        return False


@cache
def _currencies() -> frozenset[str]:
    return frozenset(list_currencies())


@cache
def _in_use() -> frozenset[str]:
    """Those that are legal tender somewhere today: no marks, silver or currency for testing."""
    rows = (row for territory in get_global("territory_currencies").values() for row in territory)
    return frozenset(code for code, _since, until, is_tender in rows if is_tender and until is None)
