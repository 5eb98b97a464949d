"""Where an order stands, and the one rule by which a change moves it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from statuses.models import StatusType

TYPES: tuple[str, ...] = tuple(StatusType.values)
STATUS_FIELDS = {type: f"{type}_status" for type in TYPES}

# The columns of an order that only the writer and Order.save() may write.
STANDING_COLUMNS: tuple[str, ...] = tuple(
    column for type in TYPES for column in (f"{type}_status_id", f"{type}_heard_at", f"{type}_heard_sequence")
)


class Verdict(StrEnum):
    MOVED = "moved"
    UNCHANGED = "unchanged"
    LATE = "late"


@dataclass(slots=True)
class Standing:
    """An order's status of each type (ids), and how new the newest change was that it heard of each."""

    status: dict[str, int | None] = field(default_factory=lambda: dict.fromkeys(TYPES))
    heard_at: dict[str, datetime | None] = field(default_factory=lambda: dict.fromkeys(TYPES))
    sequence: dict[str, int | None] = field(default_factory=lambda: dict.fromkeys(TYPES))

    @classmethod
    def from_columns(cls, row: Mapping[str, Any]) -> Self:
        return cls(
            {type: row[f"{type}_status_id"] for type in TYPES},
            {type: row[f"{type}_heard_at"] for type in TYPES},
            {type: row[f"{type}_heard_sequence"] for type in TYPES},
        )

    def columns(self) -> tuple[Any, ...]:
        """Values in the order of STANDING_COLUMNS."""
        return tuple(value for type in TYPES for value in (self.status[type], self.heard_at[type], self.sequence[type]))

    def hear(self, type: str, status_id: int, occurred_at: datetime, sequence: int | None) -> Verdict:
        """Take one change in. Changes are in order of (occurred_at, sequence, arrival); an older one moves nothing."""
        if self._is_older(type, occurred_at, sequence):
            return Verdict.LATE
        if sequence is not None or occurred_at != self.heard_at[type]:
            self.sequence[type] = sequence
        self.heard_at[type] = occurred_at
        if self.status[type] == status_id:
            return Verdict.UNCHANGED
        self.status[type] = status_id
        return Verdict.MOVED

    def next_moment(self, type: str, now: datetime) -> datetime:
        """When a change happened that names no time: now, or with the newest heard if that is ahead of our clock."""
        heard = self.heard_at[type]
        return now if heard is None else max(now, heard)

    def _is_older(self, type: str, occurred_at: datetime, sequence: int | None) -> bool:
        heard = self.heard_at[type]
        if heard is None or occurred_at > heard:
            return False
        if occurred_at < heard:
            return True
        newest = self.sequence[type]
        return sequence is not None and newest is not None and sequence < newest
