"""Where webhooks go, and the calls that runs owe to it."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from campaigns.models.campaigns import Campaign, CampaignState
from campaigns.models.lanes import Lane
from campaigns.models.runs import Run
from customers.models import Customer
from orders.models import Order
from workspace.queues import CALLS


class WebhookEndpoint(models.Model):
    """A receiver of webhooks, set up once by an integrator. Steps name it by its code; a marketer types no address."""

    class Off(models.TextChoices):
        """Why nothing is sent to it."""

        BY_A_PERSON = "person", _("Switched off")
        GONE = "gone", _("It answered 410: it wants no more calls")

    # Calls and campaigns know it by its code, so that is never changed.
    code = models.SlugField(_("code"), max_length=32, unique=True)
    name = models.CharField(_("name"), max_length=200)
    url = models.CharField(_("address"), max_length=1000)
    off_because = models.CharField(_("off because"), max_length=8, blank=True, choices=Off, editable=False)
    # Of the customer more than the shop's id is told only where a person ticked it.
    customer_fields = models.JSONField(_("what it is told of the customer"), default=list, blank=True)
    takes_tests = models.BooleanField(_("is also told of test orders"), default=False)
    at_once = models.PositiveSmallIntegerField(
        _("calls at once"), default=10, validators=[MinValueValidator(1), MaxValueValidator(100)]
    )
    # Encrypted (workspace/encryption.py): the current secret and, until it is over, the former one.
    secrets = models.TextField(default="", blank=True, editable=False)
    former_until = models.DateTimeField(_("the former secret counts until"), null=True, editable=False)

    # What is known of it just now. While it is out nobody calls it; after failures it is tried one call at a time.
    failures = models.PositiveIntegerField(_("failures in a row"), default=0, editable=False)
    out_until = models.DateTimeField(_("not called until"), null=True, editable=False)
    last_error = models.CharField(_("last error"), max_length=500, blank=True, editable=False)
    last_error_at = models.DateTimeField(_("last error at"), null=True, editable=False)
    last_taken_at = models.DateTimeField(_("last taken at"), null=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("webhook endpoint")
        verbose_name_plural = _("webhook endpoints")
        ordering: ClassVar[list[str]] = ["name", "pk"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_on(self) -> bool:
        return not self.off_because


class CallState(models.TextChoices):
    """What is known of a call. `calling`: a worker has it in hand, and the receiver may have heard it."""

    PENDING = "pending", _("To be called")
    CALLING = "calling", _("Being called")
    TAKEN = "taken", _("Taken")
    FAILED = "failed", _("Failed")
    SKIPPED = "skipped", _("Not called")


class CallSkip(models.TextChoices):
    """Why a call is not made: the whole list, in the order in which it is asked."""

    CAMPAIGN_ENDED = "campaign_ended", _("the campaign ended")
    ORDERS_WERE_OFF = "orders_were_off", _("Orders was off when it was due")
    WAS_PAUSED = "was_paused", _("the campaign was paused when it was due")
    STOPPED = "stopped", _("the order was stopped on its way")
    ENTERED_STOP_STATUS = "entered_stop_status", _("the order entered a status that stops the campaign")
    NO_ENDPOINT = "no_endpoint", _("there is no such webhook endpoint")
    ENDPOINT_OFF = "endpoint_off", _("the webhook endpoint is off")
    TEST = "test", _("the endpoint is not told of test orders")
    TOO_LATE = "too_late", _("its time was over")


class WebhookCallQuerySet(models.QuerySet["WebhookCall"]):
    def due(self, moment: datetime) -> WebhookCallQuerySet:
        """Those of active campaigns that were due by then and still are."""
        return self.due_in_any_campaign(moment).filter(campaign__state=CampaignState.ACTIVE)

    def due_in_any_campaign(self, moment: datetime) -> WebhookCallQuerySet:
        # The index of what is due of an endpoint goes on with the lane.
        return self.filter(state=CallState.PENDING, lane__in=Lane.values, due_at__lte=moment)

    def left_by_ended(self) -> WebhookCallQuerySet:
        """Whatever is still to be called for a campaign that ended, to be skipped."""
        return self.filter(state=CallState.PENDING, campaign__state=CampaignState.ENDED)


class WebhookCall(models.Model):
    """One webhook owed by one run at one step. What it tells is made when it is told: nothing personal stands here."""

    QUEUE: ClassVar[str] = CALLS
    ENDED: ClassVar[tuple[str, ...]] = (CallState.TAKEN, CallState.FAILED, CallState.SKIPPED)
    # One of these places; the audit holds every row to it.
    IN_PLACE: ClassVar[Q] = (
        Q(state=CallState.PENDING, due_at__isnull=False, ended_at=None)
        | Q(state=CallState.CALLING, leased_until__isnull=False, ended_at=None)
        | Q(state__in=ENDED, ended_at__isnull=False)
    )

    run = models.ForeignKey(Run, models.PROTECT, db_index=False, related_name="calls")
    step = models.CharField(_("step"), max_length=64)
    campaign = models.ForeignKey(
        Campaign, models.PROTECT, verbose_name=_("campaign"), db_index=False, related_name="calls"
    )
    order = models.ForeignKey(Order, models.PROTECT, null=True, verbose_name=_("order"), related_name="calls")
    customer = models.ForeignKey(
        Customer, models.PROTECT, null=True, verbose_name=_("customer"), db_index=False, related_name="+"
    )
    is_test = models.BooleanField(_("test"), default=False)
    lane = models.PositiveSmallIntegerField(_("lane"), choices=Lane, default=Lane.URGENT)
    endpoint = models.CharField(_("endpoint"), max_length=32)
    expires_at = models.DateTimeField(_("worth calling until"), null=True)

    state = models.CharField(_("state"), max_length=8, choices=CallState, default=CallState.PENDING)
    skip_reason = models.CharField(_("not called because"), max_length=32, blank=True, choices=CallSkip)
    due_at = models.DateTimeField(_("due"), null=True)
    lease = models.UUIDField(null=True, editable=False)
    leased_until = models.DateTimeField(null=True, editable=False)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    # What the receiver knows a repeat by.
    reference = models.UUIDField(_("webhook id"), default=uuid.uuid4, unique=True, editable=False)
    status_code = models.PositiveSmallIntegerField(_("HTTP status"), null=True)
    error = models.CharField(_("error"), max_length=500, blank=True)
    created_at = models.DateTimeField(_("created"))
    called_at = models.DateTimeField(_("last called"), null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)

    objects = WebhookCallQuerySet.as_manager()

    class Meta:
        verbose_name = _("webhook call")
        verbose_name_plural = _("webhook calls")
        ordering: ClassVar[list[str]] = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["run", "step"], name="campaigns_call_once_per_run_and_step"),
            models.CheckConstraint(
                condition=Q(state="skipped") ^ Q(skip_reason=""), name="campaigns_skipped_call_has_a_reason"
            ),
        ]
        indexes = [
            # The claim of what is due, by endpoint: one that stands still is not read over and over.
            models.Index(
                fields=["endpoint", "lane", "due_at", "id"], condition=Q(state="pending"), name="campaigns_call_due"
            ),
            # How many of an endpoint are in hand, and those whose lease ran out.
            models.Index(
                fields=["endpoint", "leased_until"], condition=Q(state="calling"), name="campaigns_call_in_hand"
            ),
            models.Index(fields=["campaign", "state"], name="campaigns_call_of_campaign"),
        ]

    def __str__(self) -> str:
        return f"{self.run_id}/{self.step}"

    @property
    def webhook_id(self) -> str:
        return f"msg_{self.reference.hex}"

    @property
    def has_ended(self) -> bool:
        return self.state in self.ENDED

    @property
    def was_taken(self) -> bool:
        return self.state == CallState.TAKEN
