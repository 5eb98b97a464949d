"""What runs: one occasion travelling through one version of a campaign, and everything decided about it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from campaigns.models.campaigns import Campaign, CampaignState, CampaignVersion
from campaigns.models.lanes import Lane
from customers.models import Customer
from orders.models import Order, StatusTransition
from workspace.append_only import AppendOnlyModel, AppendOnlyQuerySet

OVERDUE_AFTER = timedelta(minutes=2)


class RunState(models.TextChoices):
    WAITING = "waiting", _("Under way")
    FINISHED = "finished", _("Finished")
    STOPPED = "stopped", _("Stopped")
    DECLINED = "declined", _("Not let in")
    FAILED = "failed", _("Failed")


class RunQuerySet(models.QuerySet["Run"]):
    def due(self, moment: datetime) -> RunQuerySet:
        """What a worker may carry on: those of active campaigns that were due by then and still are."""
        return self.due_in_any_campaign(moment).filter(campaign__state=CampaignState.ACTIVE)

    def due_in_any_campaign(self, moment: datetime) -> RunQuerySet:
        # The index of what is due begins with the lane.
        return self.filter(lane__in=Lane.values, due_at__lte=moment, state=RunState.WAITING)

    def overdue(self, now: datetime) -> RunQuerySet:
        """Due for so long that nobody can be working on them: workers are missing, or too few."""
        return self.due(now - OVERDUE_AFTER)

    def left_by_ended(self) -> RunQuerySet:
        """Whatever still waits for a time in a campaign that ended, to be stopped."""
        return self.filter(due_at__isnull=False, campaign__state=CampaignState.ENDED, state=RunState.WAITING)

    def wake(self, now: datetime) -> int:
        return self.filter(state=RunState.WAITING).update(due_at=now)


class Run(models.Model):
    """One occasion travelling through one version of a campaign: on screens, an order that entered."""

    campaign = models.ForeignKey(Campaign, models.PROTECT, db_index=False, related_name="runs")
    version = models.ForeignKey(CampaignVersion, models.PROTECT, db_index=False, related_name="+")
    occasion = models.CharField(_("occasion"), max_length=64)
    transition = models.ForeignKey(StatusTransition, models.PROTECT, null=True, related_name="runs")
    order = models.ForeignKey(Order, models.PROTECT, null=True, verbose_name=_("order"), related_name="runs")
    customer = models.ForeignKey(
        Customer, models.PROTECT, null=True, verbose_name=_("customer"), db_index=False, related_name="runs"
    )
    lane = models.PositiveSmallIntegerField(_("lane"), choices=Lane, default=Lane.URGENT)
    state = models.CharField(_("state"), max_length=8, choices=RunState, default=RunState.WAITING)
    # Where it stands; empty: at the gate, not let in yet.
    step = models.CharField(_("step"), max_length=64, blank=True)
    step_at = models.DateTimeField(_("at this step since"))
    # None while it waits for its message to end its sending, and once it ended.
    due_at = models.DateTimeField(_("due"), null=True)
    reason = models.CharField(_("reason"), max_length=64, blank=True)
    event_count = models.PositiveIntegerField(default=0, editable=False)
    entered_at = models.DateTimeField(_("entered"))
    ended_at = models.DateTimeField(_("ended"), null=True)

    objects = RunQuerySet.as_manager()

    class Meta:
        verbose_name = _("order that entered")
        verbose_name_plural = _("orders that entered")
        ordering: ClassVar[list[str]] = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["campaign", "occasion"], name="campaigns_run_once_per_occasion"),
        ]
        indexes = [
            # The claim.
            models.Index(fields=["lane", "due_at", "id"], condition=Q(state="waiting"), name="campaigns_run_due"),
            models.Index(fields=["campaign", "state"], name="campaigns_run_of_campaign"),
            # Who else of this order or customer stands at the gate.
            models.Index(fields=["order"], condition=Q(state="waiting", step=""), name="campaigns_order_at_gate"),
            models.Index(fields=["customer"], condition=Q(state="waiting", step=""), name="campaigns_customer_at_gate"),
        ]

    def __str__(self) -> str:
        return f"{self.campaign_id}/{self.occasion}"


class RunEvent(AppendOnlyModel):
    """One thing decided about a run: at which step, what came of it, and the values seen. Append-only, ids only."""

    run = models.ForeignKey(Run, models.PROTECT, db_index=False, related_name="events")
    number = models.PositiveIntegerField()
    step = models.CharField(_("step"), max_length=64, blank=True)
    at = models.DateTimeField(_("at"))
    outcome = models.CharField(_("outcome"), max_length=64)
    seen = models.JSONField(_("values seen"), default=dict)

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        verbose_name = _("decision")
        verbose_name_plural = _("decisions")
        ordering: ClassVar[list[str]] = ["run", "number"]
        constraints = [
            models.UniqueConstraint(fields=["run", "number"], name="campaigns_event_numbered_once"),
        ]

    def __str__(self) -> str:
        return f"{self.run_id}.{self.number} {self.step} {self.outcome}"


class Admission(models.Model):
    """When a campaign let a subject in (`order:7`, `customer:3`): what re-entry is decided by, under its lock."""

    campaign = models.ForeignKey(Campaign, models.PROTECT, db_index=False, related_name="+")
    subject = models.CharField(max_length=64)
    run = models.ForeignKey(Run, models.PROTECT, null=True, db_index=False, related_name="+")
    # When what let it in had occurred, each time: they need not come in order.
    occurred = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["campaign", "subject"], name="campaigns_admission_once_per_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.campaign_id}/{self.subject}"
