"""How the two sides of a ratio are measured, and how what came of it is told."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median, quantiles

Timed = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. `figure` is a ratio (`unit` "x") or an absolute; `must` and `aim` are its bounds."""

    what: str
    figure: float
    must: float
    aim: float
    unit: str = "x"
    ours: str = ""
    theirs: str = ""
    more_is_better: bool = False

    @property
    def met(self) -> str:
        if self._reaches(self.aim):
            return "aim"
        return "must" if self._reaches(self.must) else "NO"

    def _reaches(self, bound: float) -> bool:
        return self.figure >= bound if self.more_is_better else self.figure <= bound


def alternate(rounds: int, *sides: Timed) -> list[float]:
    """The median seconds of each side. They take turns, so that whatever else the machine does troubles all alike."""
    taken: list[list[float]] = [[] for _ in sides]
    for number in range(rounds):
        order = range(len(sides)) if number % 2 == 0 else reversed(range(len(sides)))
        for place in order:
            taken[place].append(sides[place]())
    return [median(seconds) for seconds in taken]


def seconds_of(do: Callable[[], object]) -> float:
    began = time.perf_counter()
    do()
    return time.perf_counter() - began


def repeat(times: int, do: Callable[[], object]) -> float:
    """Seconds that so many take, one after the other."""

    def all_of_them() -> None:
        for _ in range(times):
            do()

    return seconds_of(all_of_them)


def p95(samples: Sequence[float]) -> float:
    return quantiles(samples, n=20, method="inclusive")[-1]


def per_second(count: int, seconds: float) -> str:
    return f"{count / seconds:,.0f}/s"


def table(rows: Iterable[Row]) -> str:
    head = ("what", "figure", "ours", "theirs", "must", "aim", "met")
    lines = [head, *(_cells(row) for row in rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(head))]
    drawn = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    ]
    drawn.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(drawn)


def write_json(rows: Sequence[Row], file: Path) -> None:
    file.write_text(json.dumps([{**asdict(row), "met": row.met} for row in rows], indent=2) + "\n")


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.what,
        _figure(row.figure, row.unit),
        row.ours,
        row.theirs,
        _figure(row.must, row.unit),
        _figure(row.aim, row.unit),
        row.met,
    )


def _figure(value: float, unit: str) -> str:
    return f"{value:.3g} {unit}" if value < 1000 else f"{value:,.0f} {unit}"
