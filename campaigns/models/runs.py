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
from workspace.quick_rows import QuickRow

# What the occasions of a change and of an order's creation begin with.
CHANGE, CREATION = "t:", "created:"

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
        """Whatever still waits for a time, or is held, in a campaign that ended, to be stopped."""
        return self.ready().filter(campaign__state=CampaignState.ENDED)

    def ready(self) -> RunQuerySet:
        """Those that wait for no message: for a time, or for a person."""
        return self.filter(Q(due_at__isnull=False) | Q(held_at__isnull=False), state=RunState.WAITING)

    def wake(self, now: datetime) -> int:
        """What they waited for is there. One that is held hears of it when it is released."""
        at = models.Case(
            models.When(held_at=None, then=models.Value(now)), output_field=models.DateTimeField(null=True)
        )
        # Said of the row as it is once it is ours, not as it was found: it may be held or released just now.
        return self.filter(state=RunState.WAITING).update(due_at=at)


class Run(QuickRow):
    """One occasion travelling through one version of a campaign: on screens, an order that entered."""

    campaign = models.ForeignKey(
        Campaign, models.PROTECT, verbose_name=_("campaign"), db_index=False, related_name="runs"
    )
    version = models.ForeignKey(CampaignVersion, models.PROTECT, db_index=False, related_name="+")
    occasion = models.CharField(_("occasion"), max_length=64)
    # The occasion's moment: what is too old, and who comes first, goes by it.
    occurred_at = models.DateTimeField(_("occurred at"))
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
    # A person holds it: nothing is done about it until it is released.
    held_at = models.DateTimeField(_("held since"), null=True)
    # None while it waits for its message to end its sending, while it is held, and once it ended.
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
            # How many entered lately, and the newest of a campaign.
            models.Index(fields=["campaign", "entered_at"], name="campaigns_run_entered"),
            # How many wait at each step, and those that a newer version stops or takes along.
            models.Index(
                fields=["version", "step", "held_at"], condition=Q(state="waiting"), name="campaigns_run_at_step"
            ),
            # Who else of this order or customer stands at the gate.
            models.Index(fields=["order"], condition=Q(state="waiting", step=""), name="campaigns_order_at_gate"),
            models.Index(fields=["customer"], condition=Q(state="waiting", step=""), name="campaigns_customer_at_gate"),
        ]

    def __str__(self) -> str:
        return f"{self.campaign_id}/{self.occasion}"

    @property
    def is_about_a_change(self) -> bool:
        """It entered by a change of status itself, not by one that it stayed where it led for long, say."""
        return self.occasion.startswith(CHANGE)


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


class Quota(models.Model):
    """How many places of a step were taken, in all (`total`) or in one period: counted under its lock."""

    campaign = models.ForeignKey(Campaign, models.PROTECT, db_index=False, related_name="+")
    step = models.CharField(max_length=64)
    period = models.CharField(max_length=64)
    taken = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["campaign", "step", "period"], name="campaigns_quota_once_per_period"),
        ]

    def __str__(self) -> str:
        return f"{self.campaign_id}/{self.step} {self.period}: {self.taken}"


class StepTally(models.Model):
    """How many decisions a step made with one outcome, and what their runs were after it: so that nobody counts them.

    Written with the decisions, as rows of their own, so that no two batches wait for one number; swept together later.
    """

    version = models.ForeignKey(CampaignVersion, models.PROTECT, related_name="+")
    step = models.CharField(max_length=64, blank=True)
    outcome = models.CharField(max_length=64)
    state = models.CharField(max_length=8, choices=RunState)
    number = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.version_id} {self.step} {self.outcome}: {self.number}"


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
