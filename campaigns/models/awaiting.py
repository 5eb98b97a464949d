"""Runs that wait for their order's status to change, and what wakes them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from campaigns.models.runs import Run
from orders.models import Order
from statuses.models import StatusType


class Awaited(models.Model):
    """A run that is to be asked again when its order's status of this type changes.

    Written with what the engine decided. A change that was being written meanwhile does not see it yet: until no such
    one can be left, the run is looked after at `look_at`, ever less often.
    """

    run = models.ForeignKey(Run, models.CASCADE, db_index=False, related_name="awaits")
    order = models.ForeignKey(Order, models.PROTECT, db_index=False, related_name="+")
    type = models.CharField(max_length=8, choices=StatusType)
    looks = models.PositiveSmallIntegerField(default=0)
    # None: every change sees it by now.
    look_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "type"], name="campaigns_awaited_once_per_run_and_type")]
        indexes = [
            # Whether anybody waits for a change: a part of the one query of matching.
            models.Index(fields=["order", "type"], name="campaigns_awaited_of_order"),
            models.Index(fields=["look_at"], condition=Q(look_at__isnull=False), name="campaigns_awaited_looked_after"),
        ]

    def __str__(self) -> str:
        return f"{self.run_id}: {self.type}"


class Wake(models.Model):
    """What a run waited for may have happened: written with the change, which never touches the run itself, and taken
    by the engine. As a doorbell it says nothing but that: the ledger says what happened."""

    run = models.ForeignKey(Run, models.CASCADE, db_index=False, related_name="+")

    def __str__(self) -> str:
        return str(self.run_id)
