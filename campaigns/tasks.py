"""Background work of campaigns. Rung by the doorbell, swept by beat; safe to run twice, and beside `manage.py drain`.

A task works for a while and then rings again, so that a long backlog does not hold its worker for hours.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import structlog
from celery import shared_task
from django.db import InterfaceError, OperationalError

from campaigns import back_filling, books, crossed, doorbell, engine, live, measures, sweeping
from campaigns.sms import receipts, sending, settling
from campaigns.webhooks import calling
from workspace import heartbeats
from workspace.queues import CALLS, RUNS, SENDING

BOX_S = 10.0

log = structlog.get_logger(__name__)


@shared_task(name="campaigns.advance_due_runs")
def advance_due_runs() -> None:
    """And what a campaign that reaches back finds in the ledger, and who crossed the edge of a segment: a set of each
    after a batch, so that where these cannot go on the runs that are there do."""
    _work(RUNS, lambda: engine.advance() + back_filling.fill() + crossed.start_next())


@shared_task(name="campaigns.send_due_messages")
def send_due_messages() -> None:
    _work(SENDING, sending.send_due)


@shared_task(name="campaigns.call_due_webhooks")
def call_due_webhooks() -> None:
    _work(CALLS, calling.call_due)


@shared_task(name="campaigns.recover_expired")
def recover_expired() -> None:
    """What died between its claim and its answer goes back to the queue, or to a person."""
    heartbeats.beat(heartbeats.SWEEPS)
    if sending.recover_expired():
        doorbell.ring(SENDING)
    if calling.recover_expired():
        doorbell.ring(CALLS)


@shared_task(name="campaigns.sweep_occasions")
def sweep_occasions() -> None:
    """What the clock brought: orders stuck in a status, dates that came. Their runs ring for themselves."""
    sweeping.sweep()


@shared_task(name="campaigns.sweep_receipts")
def sweep_receipts() -> None:
    """Receipts that crossed with the answer to their call find their message; what nobody knew for long goes."""
    receipts.sweep_kept()
    receipts.remove_unknown()


@shared_task(name="campaigns.look_up_unknown")
def look_up_unknown() -> None:
    settling.look_up_unknown()


@shared_task(name="campaigns.fold_tallies")
def fold_tallies() -> None:
    live.fold_tallies()


# Long, and looked for again in minutes: not done twice where its worker died.
@shared_task(name="campaigns.audit", acks_late=False, time_limit=1800)
def audit() -> None:
    books.audit_and_keep()


def _work(queue: str, work_batch: Callable[[], int]) -> None:
    measures.woke(queue, by_ring=doorbell.answer(queue))
    try:
        heartbeats.beat(queue)
        is_more = _work_for(BOX_S, partial(measures.work, queue, work_batch))
    except (OperationalError, InterfaceError) as error:
        # The database is away. What is due remains due, and the next sweep comes soon.
        log.error("database_is_away", queue=queue, error=type(error).__name__)
        return
    if is_more:
        doorbell.ring(queue)


def _work_for(seconds: float, work_batch: Callable[[], int]) -> bool:
    """Work batch after batch. Answers whether there may be more."""
    deadline = time.monotonic() + seconds
    while work_batch():
        if time.monotonic() > deadline:
            return True
    return False
