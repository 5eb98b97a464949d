"""Counts of one day, by what is counted apart; and how they are kept."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

# Of moves (source, status); of a funnel (source, place of the step).
Key = tuple[int, int]
Counts = list[list[Any]]

# Four bytes: 136 years of seconds.
SECONDS = "I"


@dataclass(slots=True)
class Tally:
    """Numbers that add up, and times in whole seconds that belong together, sorted when they are read."""

    numbers: list[int]
    seconds: array[int] = field(default_factory=lambda: array(SECONDS))

    def add(self, numbers: Sequence[int], seconds: Iterable[int] = ()) -> None:
        for place, number in enumerate(numbers):
            self.numbers[place] += number
        self.seconds.extend(seconds)

    def sort(self) -> None:
        self.seconds = array(SECONDS, sorted(self.seconds))


Tallies = dict[Key, Tally]


def add(tallies: Tallies, key: Key, numbers: Sequence[int], seconds: Iterable[int] = ()) -> None:
    tally = tallies.get(key)
    if tally is None:
        tallies[key] = Tally(list(numbers), array(SECONDS, seconds))
    else:
        tally.add(numbers, seconds)


def pack(tallies: Tallies) -> tuple[Counts, bytes]:
    counts, packed = [], array(SECONDS)
    for key, tally in sorted(tallies.items()):
        counts.append([*key, tally.numbers, len(tally.seconds)])
        packed.extend(sorted(tally.seconds))
    return counts, _in_order(packed).tobytes()


def unpack(counts: Counts, packed: bytes | memoryview | None = None) -> Tallies:
    """Without the times where they were not read."""
    tallies, seconds, place = {}, array(SECONDS), 0
    if packed is not None:
        seconds.frombytes(packed)
        seconds = _in_order(seconds)
    for source, what, numbers, length in counts:
        tallies[source, what] = Tally(numbers, seconds[place : place + length])
        place += length
    return tallies


def _in_order(seconds: array[int]) -> array[int]:
    """The least byte first, whatever this machine does."""
    if sys.byteorder == "big":
        seconds.byteswap()
    return seconds
