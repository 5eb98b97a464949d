"""What runs may owe to the outside, and that they go on when it ended.

Each is a model of its own, with its own states and its own machine that carries it out: campaigns/sms for messages,
campaigns/webhooks for calls. All have a `run`, a `step`, an `ended_at`, and say in which places a row may be (IN_PLACE)
and which queue's workers carry it out (QUEUE).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TypeVar

from django.db.models import Exists, OuterRef, QuerySet

from campaigns import doorbell
from campaigns.models import Activation, CampaignState, Message, Run, RunState, WebhookCall
from workspace.database import set_size
from workspace.queues import RUNS

OWED: tuple[type[Message] | type[WebhookCall], ...] = (Message, WebhookCall)


R = TypeVar("R", Message, WebhookCall)


def owed_by_stopped(model: type[R]) -> QuerySet[R]:
    """What is still to be done for orders that a newer version stops: before its time, as that may be tomorrow."""
    versions = Activation.objects.filter(campaign__state=CampaignState.ACTIVE).stopped_versions()
    if not versions:
        return model.objects.none()
    pending = model.objects.filter(state="pending")
    runs = Run.objects.filter(version__in=versions, state=RunState.WAITING, due_at=None).order_by()
    owing = runs.filter(Exists(pending.filter(run=OuterRef("pk")))).values_list("pk", flat=True)
    return pending.filter(run__in=list(owing[: set_size()]))


def wake_runs(ids: Iterable[int], now: datetime) -> None:
    """The runs that waited go on."""
    ids = set(ids)
    if ids:
        Run.objects.filter(pk__in=ids).wake(now)
        doorbell.ring_on_commit(RUNS)
