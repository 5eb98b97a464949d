"""What a gateway is to us: something that takes messages, says what became of each, and promises this much."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to hand over. `reference` is ours, and what an idempotent gateway knows a repeat by."""

    reference: str
    to: str
    text: str
    message_id: int


@dataclass(frozen=True, slots=True)
class Taken:
    """The gateway owes it to the phone now."""

    gateway_id: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """The gateway will not take it; in its own words."""

    error: str


Answer = Taken | Refused


class Gateway(Protocol):
    """`send` answers each message in order. One that raises leaves the fate of its whole call unknown."""

    key: str
    # Sending the same reference again reaches the phone once.
    is_idempotent: bool

    def send(self, messages: Sequence[Outgoing]) -> list[Answer]: ...
