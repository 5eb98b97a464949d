"""What a source may say about a status, read and checked at the door: one reader for the API and for files."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext as _

from statuses.models import StatusType, check_code, code_key
from workspace.reading import Problem, absent_if_empty, check_text, read_time

FIELDS = ("order", "type", "code", "occurred_at", "event_id", "sequence")
LONGEST = {"order": 128, "type": 8, "event_id": 128}
SEQUENCE_RANGE = range(-(2**63), 2**63)


@dataclass(frozen=True, slots=True)
class Said:
    """A change as a source tells it. `occurred_at` None: when it is heard."""

    order: str
    type: str
    code: str
    occurred_at: datetime | None = None
    event_id: str | None = None
    sequence: int | None = None

    @property
    def code_key(self) -> str:
        return code_key(self.code)

    def identity(self) -> str | None:
        """What a repeat is known by: the source's event id, or else a hash of the change, where it names a time."""
        if self.event_id is not None:
            return self.event_id
        if self.occurred_at is None:
            return None
        return "sha256:" + hashlib.sha256("\x1f".join(self.content()).encode()).hexdigest()

    def content(self) -> tuple[str, str, str, str]:
        """What must be equal for two changes to be the same one."""
        at = "" if self.occurred_at is None else self.occurred_at.astimezone(UTC).isoformat()
        return (self.order, self.type, self.code_key, at)


def read_said(row: Any) -> Said | Problem:
    """Read one change from JSON or from a line of a file (where everything is text and empty means absent)."""
    if not isinstance(row, Mapping):
        return Problem("not_an_object", _("Each change is an object with order, type and code."))
    unknown = [str(name) for name in row if name not in FIELDS]
    if unknown:
        return Problem("unknown_field", _("There is no field “%s” here.") % unknown[0], unknown[0])
    for name in ("order", "type"):
        if problem := check_text(name, row.get(name), LONGEST[name]):
            return problem
    if problem := check_code("code", row.get("code")):
        return problem
    if row["type"] not in StatusType.values:
        return Problem("unknown_type", _("A status type is general, delivery or payment."), "type")
    event_id = absent_if_empty(row.get("event_id"))
    if event_id is not None and (problem := check_text("event_id", event_id, LONGEST["event_id"])):
        return problem
    occurred_at = read_time(row.get("occurred_at"))
    if isinstance(occurred_at, Problem):
        return occurred_at
    sequence = _read_sequence(row.get("sequence"))
    if isinstance(sequence, Problem):
        return sequence
    return Said(row["order"], row["type"], row["code"].strip(), occurred_at, event_id, sequence)


def _read_sequence(value: Any) -> int | Problem | None:
    value = absent_if_empty(value)
    if value is None:
        return None
    try:
        is_number = isinstance(value, int) and not isinstance(value, bool)
        is_written = isinstance(value, str) and "_" not in value  # which Python would read
        sequence = int(value) if is_number or is_written else None
    except ValueError:
        sequence = None
    if sequence is None or sequence not in SEQUENCE_RANGE:
        return Problem("invalid_sequence", _("“sequence” is a whole number."), "sequence")
    return sequence
