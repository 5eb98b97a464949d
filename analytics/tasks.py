"""Background work of analytics: asked for by beat, safe to run twice and beside itself."""

from __future__ import annotations

import time

import structlog
from celery import shared_task
from django.db import InterfaceError, OperationalError

from analytics import counting
from workspace import heartbeats
from workspace.queues import ANALYTICS

# Well within the time that a task has; what is left is the next one's.
BOX_S = 60.0

log = structlog.get_logger(__name__)


@shared_task(name="analytics.refresh_segments")
def refresh_segments() -> None:
    """Count the segments that are due, each in transactions of its own."""
    deadline = time.monotonic() + BOX_S
    try:
        heartbeats.beat(ANALYTICS)
        for segment in counting.due_segments():
            if time.monotonic() > deadline:
                return
            counting.refresh(segment)
            heartbeats.beat(ANALYTICS)
    except (OperationalError, InterfaceError) as error:
        # The database is away. What is due remains due, and the next sweep comes soon.
        log.error("database_is_away", queue=ANALYTICS, error=type(error).__name__)
