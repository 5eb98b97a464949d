"""Lengths of time as people and files say them: `{"value": 2, "unit": "days"}`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _

UNITS = ("minutes", "hours", "days")
LONGEST_DURATION = timedelta(days=366)


def read_duration(raw: Any) -> timedelta:
    """Units are minutes, hours and days; at most a year. Raises ValueError with a sentence."""
    if not isinstance(raw, Mapping) or set(raw) != {"value", "unit"}:
        raise ValueError(_("Write a duration such as {“value”: 2, “unit”: “days”}."))
    value, unit = raw["value"], raw["unit"]
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= 366 * 24 * 60:
        raise ValueError(_("The number of a duration is whole and more than 0."))
    if not isinstance(unit, str) or unit not in UNITS:
        raise ValueError(_("The unit of a duration is minutes, hours or days."))
    duration = timedelta(**{unit: value})
    if duration > LONGEST_DURATION:
        raise ValueError(_("A duration is at most a year."))
    return duration
