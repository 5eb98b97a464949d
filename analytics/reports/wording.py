"""How values of reports are written for a person."""

from __future__ import annotations

from datetime import date

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analytics.reports.layout import Kind, Value
from workspace.local_formats import number


def in_words(value: Value, kind: Kind) -> str:
    """A dash where there is none. A day of this year is told without it."""
    match value:
        case None:
            return "–"
        case date():
            is_short = kind is Kind.DAY and value.year == timezone.localdate().year
            return date_format(value, "MONTH_DAY_FORMAT" if is_short else "DATE_FORMAT")
        case str():
            return value
    match kind:
        case Kind.SHARE:
            return _("%s %%") % number(100 * value, 1)
        case Kind.DURATION:
            return duration(value)
    return number(value)


def change(share: float) -> str:
    """“+12 %”."""
    return _("%s %%") % f"{'+' if share > 0 else '−' if share < 0 else ''}{number(abs(100 * share), 0)}"


def duration(seconds: float) -> str:
    """By its two largest units: “2 days 3 h”, “5 min 10 s”."""
    whole = round(seconds)
    days, hours, minutes = whole // 86400, whole % 86400 // 3600, whole % 3600 // 60
    if days:
        return _together(ngettext("%d day", "%d days", days) % days, _("%d h") % hours if hours else "")
    if hours:
        return _together(_("%d h") % hours, _("%d min") % minutes if minutes else "")
    if minutes:
        return _together(_("%d min") % minutes, _("%d s") % (whole % 60) if whole % 60 else "")
    return _("%d s") % whole


def units() -> dict[str, str]:
    """In short, for a scale."""
    return {"days": _("%s d"), "hours": _("%s h"), "minutes": _("%s min"), "seconds": _("%s s")}


def _together(more: str, less: str) -> str:
    return f"{more} {less}".strip()
