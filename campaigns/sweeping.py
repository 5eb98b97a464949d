"""What the clock brings: finds the occasions that came, of live campaigns that go by it, and starts a run for each.

A sweep looks back beyond where the last one got: an arrival may be told late, and what was being written while it
looked is seen by the next. So an hour back each time, and a week once an hour; later news than that starts nothing.
Runs are known by their occasions, so to look again, or for two to look at once, does no harm.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from campaigns.definitions import read_plan
from campaigns.engine import readable_plans
from campaigns.matching import in_time, not_started, start_new
from campaigns.models import Activation
from campaigns.steps.base import Occasion, Trigger, Window
from workspace.database import in_sets, lock_rows
from workspace.failpoints import reach
from workspace.models import Workspace

NEAR, FAR = timedelta(hours=1), timedelta(days=7)
# What was told so shortly before a sweep may have been committed after it.
STILL_BEING_WRITTEN = timedelta(minutes=5)


def sweep() -> int:
    """Start what came since the last sweep. Answers how many runs began. While Orders is off, nothing does."""
    house = Workspace.current()
    if not house.orders_enabled:
        return 0
    started, now = 0, timezone.now()
    activations = list(Activation.objects.live().exclude(swept_to=None).select_related("version", "back_fill"))
    plans = readable_plans(activation.version for activation in activations)
    for activation in activations:
        if plan := plans.get(activation.version_id):
            window = Window(_since(activation, now), now)
            started += _start_found(activation, plan.trigger, window, unwanted_before=house.drop_due_before)
    return started


def _start_found(
    activation: Activation, trigger: Trigger, window: Window, *, unwanted_before: datetime | None = None
) -> int:
    """Start a run for each occasion within the window, a set in one transaction. Answers how many began."""
    started = 0
    for found in in_sets(trigger.find(window)):
        with transaction.atomic():
            # So that an activation that ends has all its runs, or none after its end.
            if not lock_rows(Activation.objects.live().filter(pk=activation.pk)).exists():
                return started
            started += start_new(activation, in_time(found), unwanted_before=unwanted_before)
        reach("sweeping.started")
    Activation.objects.live().filter(pk=activation.pk, swept_to__lt=window.until).update(swept_to=window.until)
    return started


def finish(activation: Activation, now: datetime) -> None:
    """What came up to now, of one that is about to end: its follower answers to what comes afterwards."""
    if activation.swept_to is not None:
        trigger = read_plan(activation.version.definition).trigger
        _start_found(activation, trigger, Window(_since(activation, now), now))


def unstarted(activation: Activation, trigger: Trigger) -> Iterator[Occasion]:
    """What this one should have started and did not: of what still stands, and was told before the last sweep that
    looked far back. What was told since may be found by the next."""
    if activation.swept_to is None:
        return
    far = _hour(activation.swept_to)
    since = _later(activation.sweeps_from(far), far - FAR)
    window = Window(since, activation.swept_to, told_before=far - STILL_BEING_WRITTEN)
    for found in in_sets(trigger.find(window)):
        yield from not_started(activation.campaign_id, found)


def _since(activation: Activation, now: datetime) -> datetime:
    swept_to = activation.swept_to or now
    back = NEAR if _hour(swept_to) == _hour(now) else FAR
    return _later(activation.sweeps_from(now), swept_to - back)


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _later(one: datetime | None, other: datetime) -> datetime:
    return other if one is None else max(one, other)
