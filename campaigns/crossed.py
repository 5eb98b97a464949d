"""Starts the runs of those who entered or left a segment: a set at a time, each in a transaction of its own.

A count, or whoever brings a list, only notes which activations have to answer to it, in its own transaction. Workers
go on between their batches, and `manage.py drain`. How far an activation was told is committed with the runs of the
set, so a crash costs nothing. What nobody noted, as for a campaign that was activated meanwhile, a sweep finds.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from analytics.models import Segment
from campaigns import doorbell
from campaigns.claiming import lock_free
from campaigns.definitions import trigger_of
from campaigns.matching import in_time, start_new
from campaigns.models import Activation, UntoldCount
from workspace.database import lock_rows, set_size
from workspace.failpoints import reach
from workspace.models import Workspace
from workspace.queues import RUNS


def note(segment: Segment, at: datetime) -> None:
    """Who crossed its edge at this moment is still to be told to the campaigns that wait for it."""
    live = Activation.objects.live().filter(version__definition__trigger__params__segment=segment.code)
    concerned = [each for each in live.select_related("version", "back_fill") if _answers(each, at)]
    if concerned:
        UntoldCount.objects.bulk_create(UntoldCount(activation=each, at=at) for each in concerned)
        doorbell.ring_on_commit(RUNS)


def start_next() -> int:
    """Start the next set of one count that is nobody's just now. Answers how many crossings it looked at."""
    house = Workspace.current()
    if not house.orders_enabled:
        return 0
    with transaction.atomic():
        looked_at = _start_next(house.drop_due_before)
    reach("crossed.started")
    return looked_at


def _start_next(unwanted_before: datetime | None) -> int:
    """One that turns out to be through is put away for the next."""
    untold = UntoldCount.objects.select_related("activation__version").order_by("pk")
    while rows := lock_free(untold[:1]):
        if looked_at := _tell(rows[0], unwanted_before):
            return looked_at
    return 0


def _tell(count: UntoldCount, unwanted_before: datetime | None) -> int:
    activation = count.activation
    trigger = trigger_of(activation.version.definition)
    # So that an activation that ends has all runs of a set, or none after its end.
    is_live = lock_rows(Activation.objects.live().filter(pk=activation.pk)).exists()
    found = trigger.crossed(count.at, after=count.done_up_to) if trigger and is_live else {}
    start_new(activation, in_time([*found.values()]), unwanted_before=unwanted_before)
    if len(found) < set_size():
        count.delete()
    else:
        count.done_up_to = max(found)
        count.save(update_fields=["done_up_to"])
    return len(found)


def _answers(activation: Activation, at: datetime) -> bool:
    trigger, since = trigger_of(activation.version.definition), activation.sweeps_from(at)
    return trigger is not None and trigger.kind.crossed is not None and (since is None or since <= at)
