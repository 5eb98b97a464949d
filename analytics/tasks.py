"""Background work of analytics: asked for by beat, safe to run twice and beside itself."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from celery import shared_task
from django.db import DatabaseError, InterfaceError, OperationalError
from django.utils import timezone

from analytics import counting, history, watching
from analytics.models import Segment
from analytics.reports.closing import close_reports
from workspace import heartbeats
from workspace.database import lost_race
from workspace.queues import ANALYTICS

# Well within the time that a task has; what is left is the next one's.
BOX_S = 60.0
# How long work that takes its time says nothing.
TOLD_EVERY_S = 5.0

log = structlog.get_logger(__name__)


@shared_task(name="analytics.refresh_segments")
def refresh_segments() -> None:
    """Count the segments that are due, each in transactions of its own."""
    deadline = time.monotonic() + BOX_S
    with _next_sweep_goes_on():
        heartbeats.beat(ANALYTICS)
        for segment in counting.due_segments():
            if time.monotonic() > deadline:
                return
            _refresh(segment)
            heartbeats.beat(ANALYTICS)


def _refresh(segment: Segment) -> None:
    """One that fails keeps no other from being counted; it is begun anew when its claim runs out."""
    try:
        counting.refresh(segment)
    except Exception as error:  # whatever it was: the others are to be counted
        if lost_race(error):
            log.warning("segment_lost_a_race", segment=segment.pk, exc_info=error)
        elif isinstance(error, (OperationalError, InterfaceError)):
            raise
        else:
            log.error("segment_failed", segment=segment.pk, exc_info=error)


@shared_task(name="analytics.follow_history")
def follow_history() -> None:
    """Read what is new, so that whoever asks finds little left to do. What a mark or a merge touched may take some
    rounds."""
    deadline = time.monotonic() + BOX_S
    with _next_sweep_goes_on():
        heartbeats.beat(ANALYTICS)
        watching.look_after_all()
        history.follow(within_s=TOLD_EVERY_S)
        while (left := history.backlog()) and time.monotonic() < deadline:
            log.info("history_is_read", orders_left=left)
            heartbeats.beat(ANALYTICS)
            history.follow(within_s=TOLD_EVERY_S)


@shared_task(name="analytics.close_report_days")
def close_report_days() -> None:
    """Keep the days that are over for reports; what is not closed is counted when it is read. What they are made of,
    `follow_history` reads."""
    deadline = time.monotonic() + BOX_S
    with _next_sweep_goes_on():
        for about in close_reports(timezone.now()):
            heartbeats.beat(ANALYTICS)
            log.debug("report_days_closed", about=about)
            if time.monotonic() > deadline:
                return


@contextmanager
def _next_sweep_goes_on() -> Iterator[None]:
    """Where the database is away, or another transaction won, what is due stays due, and the next sweep comes soon."""
    try:
        yield
    except (DatabaseError, InterfaceError) as error:
        if lost_race(error):
            log.warning("lost_a_race", queue=ANALYTICS, exc_info=error)
        elif isinstance(error, (OperationalError, InterfaceError)):
            log.error("database_is_away", queue=ANALYTICS, error=type(error).__name__)
        else:
            raise
