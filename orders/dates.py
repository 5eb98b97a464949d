"""Dates that shops write into an order's own fields: `"custom": {"appointment": "2026-12-24"}`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any

# Of an order's objects those whose members may be dates, and how long the name of one may be.
BLOCKS = ("delivery", "custom")
LONGEST_KEY = 64
SHORTEST, LONGEST = len("2026-12-24"), len("2026-12-24T10:00:00.000000+02:00")
YEARS = range(1900, 3000)


@dataclass(frozen=True, slots=True)
class Date:
    """A moment, or if `is_day` a day in whatever zone, as its midnight in UTC."""

    at: datetime
    is_day: bool


def dates_of(blocks: Mapping[str, Any]) -> dict[str, Date]:
    """By name (`custom.appointment`) the members of these objects that are dates as ISO 8601 has them."""
    found = {}
    for block in BLOCKS:
        for key, value in (blocks.get(block) or {}).items():
            if isinstance(value, str) and len(key) <= LONGEST_KEY and (date := read_date(value)):
                found[f"{block}.{key}"] = date
    return found


def read_date(text: str) -> Date | None:
    """A day, or a moment with its offset. A time without one says just the day: nobody knows in which zone it is."""
    if not (SHORTEST <= len(text) <= LONGEST and text[4] == text[7] == "-"):
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    if at.year not in YEARS:
        return None
    if at.tzinfo is None:
        return Date(datetime.combine(at.date(), time(), UTC), is_day=True)
    return Date(at.astimezone(UTC), is_day=False)
