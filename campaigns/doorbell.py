"""Tells a worker that there is work now. Rings carry nothing: the tables are the queues.

Rings are coalesced: while one is on its way to a worker, others for the same queue are left out. The worker answers,
before it claims anything, by forgetting the ring: whatever is committed after that rings again. A ring that is lost, or
Redis being away, costs no more than the wait for the next sweep.
"""

from __future__ import annotations

import time
from functools import cache, partial

import structlog
from celery import current_app
from django.core.cache import cache as shared_cache
from django.db import transaction
from kombu import Connection
from kombu.exceptions import OperationalError
from kombu.pools import producers
from redis.exceptions import RedisError

from campaigns import measures
from workspace.failpoints import reach
from workspace.queues import CALLS, RUNS, SENDING

TASKS = {
    RUNS: "campaigns.advance_due_runs",
    SENDING: "campaigns.send_due_messages",
    CALLS: "campaigns.call_due_webhooks",
}

# A ring that no worker answered is forgotten, and may be rung again.
FORGOTTEN_AFTER_S = 30
PATIENCE_S = 0.2
# While Redis is away, try it again only so often: a save need not wait for its time-out each time.
LEFT_ALONE_S = 5.0

log = structlog.get_logger(__name__)

_left_alone_until = 0.0


def ring_on_commit(queue: str) -> None:
    """Ring once this transaction is committed, however often it is asked for; never, if it is rolled back."""
    bell = _BELLS[queue]
    if not any(entry[1] is bell for entry in transaction.get_connection().run_on_commit):
        transaction.on_commit(bell, robust=True)


def ring(queue: str) -> None:
    """Ring now, unless a ring is on its way already."""
    global _left_alone_until  # noqa: PLW0603 - what this process knows of Redis
    reach("doorbell.ringing")
    if time.monotonic() < _left_alone_until:
        return
    try:
        if shared_cache.add(_key(queue), 1, timeout=FORGOTTEN_AFTER_S):
            _publish(queue)
            measures.rang(queue)
    except (RedisError, OperationalError, OSError) as error:
        _left_alone_until = time.monotonic() + LEFT_ALONE_S
        log.warning("doorbell_is_away", queue=queue, error=type(error).__name__)


def answer(queue: str) -> bool:
    """A worker is about to look: from here on a ring means something new. Called before the first claim.

    Answers whether a ring was on its way; if not, it is a sweep that looks.
    """
    try:
        return bool(shared_cache.delete(_key(queue)))
    except RedisError as error:
        log.warning("doorbell_is_away", queue=queue, error=type(error).__name__)
        return False


_BELLS = {queue: partial(ring, queue) for queue in TASKS}


def _key(queue: str) -> str:
    return f"rung:{queue}"


def _publish(queue: str) -> None:
    with producers[_line()].acquire(block=True, timeout=PATIENCE_S) as producer:
        current_app.send_task(TASKS[queue], queue=queue, producer=producer, retry=False, ignore_result=True)


@cache
def _line() -> Connection:
    """A connection that gives up at once: Celery's own would wait for Redis while somebody's save waits for us."""
    patience = {"socket_timeout": PATIENCE_S, "socket_connect_timeout": PATIENCE_S, "max_retries": 0}
    return current_app.connection_for_write(transport_options=patience)
