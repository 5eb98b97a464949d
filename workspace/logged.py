"""How lines in the log name many rows, and how long something took."""

from __future__ import annotations

import time
from collections.abc import Iterable

# Beside the row of a message or run itself, a line names so many; a bulk of thousands needs no more to be found by.
MOST_IDS = 100


def ids(keys: Iterable[int]) -> list[int]:
    """The first hundred."""
    return [key for _place, key in zip(range(MOST_IDS), keys, strict=False)]


def since(began: float) -> float:
    """Seconds since a moment of time.monotonic()."""
    return round(time.monotonic() - began, 3)
