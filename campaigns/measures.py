"""What campaigns count and time; orderstatus_project/metrics.py shows it. A call site needs one line."""

from __future__ import annotations

import time
from collections import Counter as Tally
from collections.abc import Callable, Iterable, Sequence

import structlog

from campaigns.sms.connections import Connection
from campaigns.sms.gateways.base import Answer, Later, NotCalled, Outgoing, Refused, Taken, Unsure
from workspace import logged
from workspace.measures import Counter, Histogram, record

RINGS = Counter("orderstatus_rings", "Rings sent to workers.", ("queue",))
WAKES = Counter("orderstatus_wakes", "Times a worker looked for work, by what woke it: ring or sweep.", ("queue", "by"))
ROWS = Counter("orderstatus_worked", "Runs or messages that were claimed.", ("queue",))
BATCHES = Histogram("orderstatus_batch_seconds", "How long batches took that held something.", ("queue",))
CALLS = Histogram(
    "orderstatus_gateway_call_seconds", "How long calls to a gateway took, of any number of messages.", ("gateway",)
)
ANSWERS = Counter(
    "orderstatus_gateway_answers",
    "Answers to messages: taken, refused, later, unsure, not_called.",
    ("gateway", "answer"),
)
REFUSED = Counter(
    "orderstatus_receipt_calls_refused",
    "Calls by which providers tell that were refused, and why.",
    ("gateway", "reason"),
)

WEBHOOKS = Counter(
    "orderstatus_webhook_answers", "Answers to webhook calls: taken, failed, again.", ("endpoint", "answer")
)

KEPT = (RINGS, WAKES, ROWS, BATCHES, CALLS, ANSWERS, REFUSED, WEBHOOKS)

KINDS: dict[type[Answer], str] = {
    Taken: "taken",
    Refused: "refused",
    Later: "later",
    Unsure: "unsure",
    NotCalled: "not_called",
}

log = structlog.get_logger(__name__)


def rang(queue: str) -> None:
    record(RINGS.by(1, queue))


def woke(queue: str, *, by_ring: bool) -> None:
    record(WAKES.by(1, queue, "ring" if by_ring else "sweep"))


def refused(gateway: str, reason: str) -> None:
    record(REFUSED.by(1, gateway, reason))


def called(answers: Iterable[tuple[str, str]]) -> None:
    """Webhooks, by the code of their endpoint and what it answered."""
    record(*(WEBHOOKS.by(number, *labels) for labels, number in Tally(answers).items()))


def work(queue: str, work_batch: Callable[[], int]) -> int:
    """Let one batch be worked on. Answers how many rows it held."""
    began = time.monotonic()
    rows = work_batch()
    if rows:
        record(ROWS.by(rows, queue), BATCHES.took(time.monotonic() - began, queue))
    return rows


def send(connection: Connection, messages: Sequence[Outgoing]) -> list[Answer]:
    """Hand messages to a gateway. One that raises told nothing of any of them."""
    began = time.monotonic()
    tally = Tally[str]({"unsure": len(messages)})
    try:
        answers = connection.gateway.send(messages)
        tally = Tally(KINDS[type(answer)] for answer in answers)
    finally:
        record(
            CALLS.took(time.monotonic() - began, connection.code),
            *(ANSWERS.by(number, connection.code, kind) for kind, number in tally.items()),
        )
        log.info(
            "gateway_called",
            gateway=connection.code,
            messages=logged.ids(message.message_id for message in messages),
            seconds=logged.since(began),
            **tally,
        )
    return answers
