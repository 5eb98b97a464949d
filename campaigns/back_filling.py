"""Starts an activation's runs for what was there before it: a set at a time, each in a transaction of its own.

What there is to look along (changes, orders, moments), campaigns/looking_back.py knows.

Whoever asked begins, whoever has time goes on: workers between their batches, `manage.py drain`. A set holds the lock
of its back-fill, so two workers never do one set twice, and who stops it waits for at most one. What was looked at and
what was started of it are committed together, so a crash costs nothing, and the books know what it has not reached.
"""

from __future__ import annotations

import time

import structlog
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from campaigns import doorbell
from campaigns.claiming import lock_free
from campaigns.looking_back import way_of
from campaigns.matching import start_new
from campaigns.models import Activation, BackFill, Campaign, CampaignState, Lane, Run, RunState
from workspace.database import lock_rows, set_size
from workspace.failpoints import reach
from workspace.models import User, Workspace
from workspace.queues import RUNS

# While so many sets of its orders wait to be let in, no more are started: who stops it then stops what would follow.
SETS_AHEAD = 5

log = structlog.get_logger(__name__)


def begin(activation: Activation, upto: int) -> BackFill | None:
    """Ask for what there was up to this id, or of one that goes by the clock up to its activation. None: nothing."""
    if activation.swept_to is None and upto == 0:
        return None
    doorbell.ring_on_commit(RUNS)
    return BackFill.objects.create(activation=activation, upto=upto, started_at=timezone.now())


def fill() -> int:
    """Take the next set of one back-fill that is nobody's just now. Answers how much it looked at."""
    if not Workspace.orders_are_on():
        return 0
    with transaction.atomic():
        looked_at = _fill_next()
    reach("back_filling.filled")
    return looked_at


def fill_at_once(back_fill: BackFill | None, *, seconds: float | None = None) -> int:
    """By whoever asked for it: all of it, or as much as there is time for. Answers how many orders entered by it."""
    deadline = None if seconds is None else time.monotonic() + seconds
    while back_fill is not None and (deadline is None or time.monotonic() < deadline):
        with transaction.atomic():
            mine = list(lock_rows(BackFill.objects.open().filter(pk=back_fill.pk)))
            if not mine:
                break
            _fill(mine[0])
    return 0 if back_fill is None else BackFill.objects.get(pk=back_fill.pk).entered


def stop(campaign: Campaign, by: User | None = None) -> list[BackFill]:
    """What has entered stays; nothing more does. Answers those that were not through."""
    with transaction.atomic():
        stopped = list(lock_rows(_of(campaign).order_by("pk")))
        for back_fill in stopped:
            back_fill.is_stopped, back_fill.stopped_by, back_fill.ended_at = True, by, timezone.now()
            back_fill.save(update_fields=["is_stopped", "stopped_by", "ended_at"])
        return stopped


def open_one(campaign: Campaign) -> BackFill | None:
    return _of(campaign).first()


def left(back_fill: BackFill) -> int:
    """How much it has not looked at yet, as far as it is counted."""
    return way_of(back_fill.activation).left(back_fill)


def _fill_next() -> int:
    """Of one that nobody has in hand and that can go on just now; others are not held up by one that cannot."""
    active = BackFill.objects.open().filter(activation__campaign__state=CampaignState.ACTIVE).order_by("pk")
    for pk in list(active.values_list("pk", flat=True)):
        for back_fill in lock_free(active.filter(pk=pk)):
            looked_at = 0 if _is_far_ahead(back_fill) else _fill(back_fill)
            if looked_at:
                return looked_at
    return 0


def _of(campaign: Campaign) -> QuerySet[BackFill]:
    return BackFill.objects.open().filter(activation__campaign=campaign)


def _is_far_ahead(back_fill: BackFill) -> bool:
    version = Activation.objects.filter(pk=back_fill.activation_id).values("version")
    at_gate = Run.objects.filter(version__in=version, step="", state=RunState.WAITING, held_at=None).order_by()
    most = SETS_AHEAD * set_size()
    return at_gate[:most].count() == most


def _fill(back_fill: BackFill) -> int:
    taken = way_of(back_fill.activation).take(back_fill)
    back_fill.entered += start_new(back_fill.activation, taken.occasions, Lane.BULK)
    if taken.is_last:
        back_fill.ended_at = timezone.now()
        log.info("back_filled", back_fill=back_fill.pk, entered=back_fill.entered)
    back_fill.save(update_fields=["entered", "done_up_to", "reached_at", "ended_at"])
    return taken.looked_at
