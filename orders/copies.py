"""What one copy of an order in memory knows of its row, so that a save writes only the statuses this copy changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.db import transaction

Statuses = Mapping[str, int | None]


@dataclass(slots=True, eq=False)
class StatusMemory:
    """`read` is what the row said. `writes` are this copy's saves in transactions that were then still open: each
    counts while its transaction lives, becomes `read` when that commits, and never happened when it rolls back.
    """

    read: dict[str, int | None] = field(default_factory=dict)
    is_stored: bool = True
    writes: list[_Write] = field(default_factory=list)

    def row_exists(self) -> bool:
        """As far as this copy knows: not if it was to be inserted and that was rolled back."""
        return self.is_stored or bool(self._standing_writes())

    def changed(self, now: Statuses) -> set[str]:
        """Which of the statuses `now` in the copy differ from its row, as far as this copy knows."""
        known = dict(self.read)
        for write in self._standing_writes():
            known |= write.statuses
        return {name for name, value in now.items() if name not in known or known[name] != value}

    def has_read(self, statuses: Statuses) -> None:
        """What is read after an own write is as uncertain as that write."""
        writes = self._standing_writes()
        (writes[-1].statuses if writes else self.read).update(statuses)

    def has_written(self, statuses: Statuses, using: str) -> None:
        write = _Write(self, dict(statuses), using)
        self.writes.append(write)
        transaction.on_commit(write, using=using)

    def has_committed(self, write: _Write) -> None:
        if write in self.writes:
            self.writes.remove(write)
            self.read |= write.statuses
            self.is_stored = True

    def copy(self) -> StatusMemory:
        """For another copy of the order, which cannot know how the transactions of this one end."""
        return StatusMemory(dict(self.read), self.row_exists())

    def _standing_writes(self) -> list[_Write]:
        self.writes = [write for write in self.writes if write.stands()]
        return self.writes


@dataclass(slots=True, eq=False)
class _Write:
    """One save. It is its own on_commit callback: a rolled back transaction or savepoint drops its callbacks, so this
    one is queued just as long as the save stands.
    """

    memory: StatusMemory
    statuses: dict[str, int | None]
    using: str

    def stands(self) -> bool:
        return any(entry[1] is self for entry in transaction.get_connection(self.using).run_on_commit)

    def __call__(self) -> None:
        self.memory.has_committed(self)
