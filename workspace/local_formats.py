"""How times, numbers and money are written for whoever reads them: in their zone, the way of their language.

Languages differ in the order and the words of a date (orderstatus_project/formats); hours are told by 24 in
all of them.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from babel import Locale
from babel.numbers import format_currency
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from workspace.zones import named_zone

Number = int | float | Decimal


def moment(at: datetime | None, *, seconds: bool = False) -> str | SafeString:
    """For a page: short, exact for machines, and on hover whole and with its zone."""
    if at is None:
        return "–"
    exact = f"{whole_moment(at, seconds=True)}, {zone_of_reader()}"
    shown = short_moment(at, seconds=seconds)
    return format_html('<time datetime="{}" title="{}">{}</time>', at.isoformat(), exact, shown)


def zone_of_reader() -> str:
    """What times are told in now: “Europe/Moscow, UTC+03:00”."""
    return named_zone(timezone.get_current_timezone_name(), timezone.now())


def whole_moment(at: datetime, *, seconds: bool = False) -> str:
    """“3 May 2026, 14:05”."""
    return f"{date_format(timezone.localtime(at), 'DATE_FORMAT')}, {clock(at, seconds=seconds)}"


def short_moment(at: datetime, *, seconds: bool = False) -> str:
    """Without the year, if it is this one."""
    local = timezone.localtime(at)
    day = "MONTH_DAY_FORMAT" if local.year == timezone.localtime().year else "DATE_FORMAT"
    return f"{date_format(local, day)}, {clock(at, seconds=seconds)}"


def clock(at: datetime, *, seconds: bool = False) -> str:
    """Only the time of day."""
    return date_format(timezone.localtime(at), "H:i:s" if seconds else "H:i")


def number(value: Number, decimals: int | None = None) -> str:
    return str(number_format(value, decimals, force_grouping=True))


def money(amount: Decimal, currency: str) -> str:
    """With the decimals that the currency has."""
    return format_currency(amount, currency, locale=locale())


def exact_money(amount: Decimal, currency: str) -> str:
    """With the decimals that the amount has, as the price of one part of a text."""
    return format_currency(amount.normalize(), currency, locale=locale(), decimal_quantization=False)


def locale() -> Locale:
    return Locale.parse(get_language() or "en", sep="-")
