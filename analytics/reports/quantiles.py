"""Medians and other percentiles, exactly: those of all values together, of lists that are each sorted.

The definition is `percentile_cont` of SQL, whatever the database: of n values in order, the one at place p * (n - 1),
counted from 0; between two places, the share of the way between both. The lists are never put together: a value is
searched by counting how many are not above it, which for a year of days takes a few milliseconds.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence

Sorted = Sequence[int]


def percentile(lists: Sequence[Sorted], share: float) -> float | None:
    """None: there are no values."""
    lists = [values for values in lists if values]
    count = sum(map(len, lists))
    if not count:
        return None
    place = share * (count - 1)
    below = math.floor(place)
    low = _nth(lists, below)
    if place == below:
        return float(low)
    high = low if _not_above(lists, low) > below + 1 else min(_next_above(lists, low))
    return low + (place - below) * (high - low)


def _nth(lists: Sequence[Sorted], n: int) -> int:
    """The smallest value of which more than n are not above it."""
    low, high = min(values[0] for values in lists), max(values[-1] for values in lists)
    while low < high:
        middle = (low + high) // 2
        if _not_above(lists, middle) > n:
            high = middle
        else:
            low = middle + 1
    return low


def _not_above(lists: Sequence[Sorted], value: int) -> int:
    return sum([bisect_right(values, value) for values in lists])


def _next_above(lists: Sequence[Sorted], value: int) -> list[int]:
    places = ((values, bisect_right(values, value)) for values in lists)
    return [values[place] for values, place in places if place < len(values)]
