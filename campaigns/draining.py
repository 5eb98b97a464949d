"""Carries due work in this process: what the workers do, without them. Safe beside them and beside itself."""

from __future__ import annotations

from dataclasses import dataclass

from campaigns import crossed
from campaigns.back_filling import fill
from campaigns.engine import advance
from campaigns.sms import sending
from campaigns.sweeping import sweep
from campaigns.webhooks import calling
from orders.transitions import apply_parked


@dataclass(slots=True)
class Drained:
    """How many of each were carried. A run counts each time it was carried."""

    parked: int = 0
    runs: int = 0
    messages: int = 0
    calls: int = 0


def drain() -> Drained:
    """Work until nothing is due that is not in hand elsewhere."""
    drained = Drained(parked=apply_parked())
    sending.recover_expired()
    calling.recover_expired()
    sweep()
    while True:
        looked_at = fill() + crossed.start_next()
        runs, messages, calls = advance(), sending.send_due(), calling.call_due()
        drained.runs += runs
        drained.messages += messages
        drained.calls += calls
        if not any((looked_at, runs, messages, calls)):
            return drained
