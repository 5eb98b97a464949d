"""Carries due work in this process: what the workers do, without them. Safe beside them and beside itself."""

from __future__ import annotations

from dataclasses import dataclass

from campaigns.engine import advance
from campaigns.sms.sending import recover_expired, send_due
from orders.transitions import apply_parked


@dataclass(slots=True)
class Drained:
    """How many of each were carried. A run counts each time it was carried."""

    parked: int = 0
    runs: int = 0
    messages: int = 0


def drain() -> Drained:
    """Work until nothing is due that is not in hand elsewhere."""
    drained = Drained(parked=apply_parked())
    recover_expired()
    while True:
        runs, messages = advance(), send_due()
        drained.runs += runs
        drained.messages += messages
        if not runs and not messages:
            return drained
