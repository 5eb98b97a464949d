"""What a marketer designs (Campaign, its versions), when it was live (Activation), and what runs (Run, Message)."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any, ClassVar, Never

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from customers.models import Customer
from orders.models import AppendOnly, Order, StatusTransition
from statuses.models import OrderStatus, StatusType


class CampaignState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    ACTIVE = "active", _("Active")
    PAUSED = "paused", _("Paused")
    ENDED = "ended", _("Ended")


class Campaign(models.Model):
    """One trigger and a tree of steps. Its draft is edited freely; what runs are its versions."""

    code = models.CharField(
        _("code"),
        max_length=64,
        unique=True,
        validators=[RegexValidator(r"^[A-Za-z0-9][A-Za-z0-9_-]*$", _("Use letters, digits, - and _."))],
    )
    name = models.CharField(_("name"), max_length=200)
    state = models.CharField(_("state"), max_length=6, choices=CampaignState, default=CampaignState.DRAFT)
    draft = models.JSONField(_("definition"))
    # Grows with each edit, so that two editors cannot overwrite each other unseen.
    revision = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )

    class Meta:
        verbose_name = _("campaign")
        verbose_name_plural = _("campaigns")
        ordering: ClassVar[list[str]] = ["-id"]
        permissions = [("activate_campaign", _("Can activate, pause and end campaigns"))]

    def __str__(self) -> str:
        return self.name


class AppendOnlyQuerySet(models.QuerySet[Any]):
    def update(self, **kwargs: Any) -> Never:
        raise AppendOnly(self.model.__name__)

    def delete(self) -> Never:
        raise AppendOnly(self.model.__name__)


class CampaignVersion(models.Model):
    """What was activated once: numbered, and never changed."""

    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField(_("version"))
    definition = models.JSONField(_("definition"))
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        verbose_name = _("campaign version")
        verbose_name_plural = _("campaign versions")
        ordering: ClassVar[list[str]] = ["campaign", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["campaign", "number"], name="campaigns_version_numbered_once"),
        ]

    def __str__(self) -> str:
        return f"{self.campaign.name} · {self.number}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnly("CampaignVersion")
        super().save(*args, **kwargs)


class ActivationQuerySet(models.QuerySet["Activation"]):
    def live(self) -> ActivationQuerySet:
        return self.filter(until_transition=None)


class Activation(models.Model):
    """The stretch of the ledger that a version answers to: after one transition, up to another, and not what occurred
    before `effective_from`. Bounds are ledger ids drawn while no writer is open, so what must have fired is a fact.
    """

    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="activations")
    version = models.ForeignKey(CampaignVersion, models.PROTECT, related_name="+")
    after_transition = models.BigIntegerField(_("after transition"))
    until_transition = models.BigIntegerField(_("until transition"), null=True)
    effective_from = models.DateTimeField(_("effective from"), null=True, help_text=_("Empty: from the beginning."))
    activated_at = models.DateTimeField(_("activated"))
    activated_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    ended_at = models.DateTimeField(_("ended"), null=True)

    objects = ActivationQuerySet.as_manager()

    class Meta:
        verbose_name = _("activation")
        verbose_name_plural = _("activations")
        ordering: ClassVar[list[str]] = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["campaign"], condition=Q(until_transition=None), name="campaigns_live_once_at_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.campaign_id}: ({self.after_transition}, {self.until_transition or '…'}]"


class From(models.TextChoices):
    """Where a matching change may come from."""

    ANY = "any", _("Any, also new orders")
    ANY_EXISTING = "any_existing", _("Any status")
    NONE = "none", _("No status yet")
    ONLY = "only", _("One of these")
    EXCEPT = "except", _("None of these")


class Watch(models.Model):
    """An activation's trigger as matching reads it: derived from the version, made again when a status appears."""

    activation = models.ForeignKey(Activation, models.CASCADE, related_name="watches")
    type = models.CharField(max_length=8, choices=StatusType)
    # None: any status.
    to_status = models.ForeignKey(OrderStatus, models.CASCADE, null=True, db_index=False, related_name="+")
    from_mode = models.CharField(max_length=12, choices=From)
    from_status_ids = models.JSONField(default=list)

    class Meta:
        indexes = [
            # The one query of matching.
            models.Index(fields=["type", "to_status"], name="campaigns_watch_what"),
        ]

    def __str__(self) -> str:
        return f"{self.type}: {self.from_mode} → {self.to_status_id or 'any'}"

    def accepts_from(self, status_id: int | None) -> bool:
        match self.from_mode:
            case From.ANY:
                return True
            case From.ANY_EXISTING:
                return status_id is not None
            case From.NONE:
                return status_id is None
            case From.ONLY:
                return status_id in self.from_status_ids
            case From.EXCEPT:
                return status_id not in self.from_status_ids
        raise ValueError(self.from_mode)


OVERDUE_AFTER = timedelta(minutes=2)


class RunState(models.TextChoices):
    WAITING = "waiting", _("Under way")
    FINISHED = "finished", _("Finished")
    STOPPED = "stopped", _("Stopped")
    DECLINED = "declined", _("Not let in")
    FAILED = "failed", _("Failed")


class RunQuerySet(models.QuerySet["Run"]):
    def due(self, now: datetime) -> RunQuerySet:
        """What a worker may carry on: due runs of active campaigns, and whatever still waits in an ended one."""
        active = Q(due_at__lte=now, campaign__state=CampaignState.ACTIVE)
        ended = Q(due_at__isnull=False, campaign__state=CampaignState.ENDED)
        return self.filter(active | ended, state=RunState.WAITING)

    def overdue(self, now: datetime) -> RunQuerySet:
        """Due for so long that nobody can be working on them: workers are missing, or too few."""
        late = Q(due_at__lte=now - OVERDUE_AFTER)
        return self.filter(late, campaign__state=CampaignState.ACTIVE, state=RunState.WAITING)

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
            models.Index(fields=["due_at", "id"], condition=Q(state="waiting"), name="campaigns_run_due"),
            models.Index(fields=["campaign", "state"], name="campaigns_run_of_campaign"),
            # Who else of this order or customer stands at the gate.
            models.Index(fields=["order"], condition=Q(state="waiting", step=""), name="campaigns_order_at_gate"),
            models.Index(fields=["customer"], condition=Q(state="waiting", step=""), name="campaigns_customer_at_gate"),
        ]

    def __str__(self) -> str:
        return f"{self.campaign_id}/{self.occasion}"


class RunEvent(models.Model):
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

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnly("RunEvent")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Never:
        raise AppendOnly("RunEvent")


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


class Purpose(models.TextChoices):
    """Transactional needs consent that is not refused, marketing needs it given."""

    TRANSACTIONAL = "transactional", _("Transactional")
    MARKETING = "marketing", _("Marketing")


class Deliver(models.TextChoices):
    IMMEDIATELY = "immediately", _("Immediately")
    OUTSIDE_QUIET_HOURS = "outside_quiet_hours", _("From 9 to 21 in the customer's time zone")


class MessageState(models.TextChoices):
    """What is known of a message. `calling`: a gateway is being asked just now."""

    PENDING = "pending", _("To be sent")
    CALLING = "calling", _("Being sent")
    ACCEPTED = "accepted", _("Sent")
    DELIVERED = "delivered", _("Delivered")
    UNDELIVERED = "undelivered", _("Not delivered")
    REJECTED = "rejected", _("Refused by the gateway")
    UNKNOWN = "unknown", _("Fate unknown")
    SKIPPED = "skipped", _("Not sent")


class SkipReason(models.TextChoices):
    """Why a message is not sent: the whole list, in the order in which the law asks."""

    CAMPAIGN_ENDED = "campaign_ended", _("the campaign ended")
    STATUS_CHANGED = "status_changed", _("the order has moved on")
    TOO_LATE = "too_late", _("its time was over")
    NO_NUMBER = "no_number", _("no phone number")
    INVALID_NUMBER = "invalid_number", _("the phone number cannot be read")
    NOT_MOBILE = "not_mobile", _("the number is a fixed line")
    REFUSED = "refused", _("the customer refused messages")
    NO_CONSENT = "no_consent", _("no consent")
    CATEGORY_REFUSED = "category_refused", _("the customer refused this kind of message")
    CAPPED = "capped", _("the customer got enough messages")
    TEXT_FAILED = "text_failed", _("the text could not be made")


class MessageQuerySet(models.QuerySet["Message"]):
    def overdue(self, now: datetime) -> MessageQuerySet:
        late = Q(due_at__lte=now - OVERDUE_AFTER)
        return self.filter(late, campaign__state=CampaignState.ACTIVE, state=MessageState.PENDING)


class Message(models.Model):
    """One SMS owed by one run at one step. Its text and number are emptied when the customer is erased."""

    ENDED: ClassVar[frozenset[str]] = frozenset(MessageState.values) - {
        MessageState.PENDING,
        MessageState.CALLING,
        MessageState.UNKNOWN,
    }
    SENT: ClassVar[frozenset[str]] = frozenset(
        {MessageState.ACCEPTED, MessageState.DELIVERED, MessageState.UNDELIVERED}
    )

    run = models.ForeignKey(Run, models.PROTECT, db_index=False, related_name="messages")
    step = models.CharField(_("step"), max_length=64)
    campaign = models.ForeignKey(Campaign, models.PROTECT, db_index=False, related_name="messages")
    order = models.ForeignKey(Order, models.PROTECT, null=True, verbose_name=_("order"), related_name="messages")
    customer = models.ForeignKey(
        Customer, models.PROTECT, null=True, verbose_name=_("customer"), related_name="messages"
    )
    is_test = models.BooleanField(_("test"), default=False, help_text=_("Goes to the test phone only."))

    # What the step asked for.
    purpose = models.CharField(_("purpose"), max_length=16, choices=Purpose)
    category = models.CharField(_("category"), max_length=64, blank=True)
    deliver = models.CharField(_("deliver"), max_length=24, choices=Deliver)
    only_if_still = models.ForeignKey(OrderStatus, models.PROTECT, null=True, db_index=False, related_name="+")
    expires_at = models.DateTimeField(_("worth sending until"), null=True)

    state = models.CharField(_("state"), max_length=12, choices=MessageState, default=MessageState.PENDING)
    skip_reason = models.CharField(_("not sent because"), max_length=32, blank=True, choices=SkipReason)
    due_at = models.DateTimeField(_("due"), null=True)
    is_held = models.BooleanField(_("held for quiet hours"), default=False)
    lease = models.UUIDField(null=True, editable=False)
    leased_until = models.DateTimeField(null=True, editable=False)

    # What was sent. The reference is ours, and the gateway's key to know a repeat by.
    reference = models.UUIDField(_("reference"), default=uuid.uuid4, unique=True, editable=False)
    phone = models.CharField(_("phone"), max_length=16, blank=True)
    text = models.TextField(_("text"), blank=True)
    parts = models.PositiveSmallIntegerField(_("parts"), default=0)
    gateway = models.CharField(_("gateway"), max_length=32, blank=True)
    gateway_id = models.CharField(_("gateway's id"), max_length=128, blank=True)
    error = models.CharField(_("error"), max_length=500, blank=True)
    created_at = models.DateTimeField(_("created"))
    sent_at = models.DateTimeField(_("sent"), null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering: ClassVar[list[str]] = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["run", "step"], name="campaigns_message_once_per_run_and_step"),
            models.CheckConstraint(
                condition=Q(state="skipped") ^ Q(skip_reason=""), name="campaigns_skipped_has_a_reason"
            ),
        ]
        indexes = [
            # The claim of the sender, and of those whose lease ran out.
            models.Index(fields=["due_at", "id"], condition=Q(state="pending"), name="campaigns_message_due"),
            models.Index(fields=["leased_until"], condition=Q(state="calling"), name="campaigns_message_calling"),
            models.Index(fields=["campaign", "state"], name="campaigns_message_of_campaign"),
        ]

    def __str__(self) -> str:
        return f"{self.run_id}/{self.step}"

    @property
    def has_ended(self) -> bool:
        """Whether its sending is over, one way or another. An unknown fate is for a person to settle."""
        return self.state in self.ENDED

    @property
    def was_sent(self) -> bool:
        return self.state in self.SENT


class PhoneText(models.Model):
    """A text that arrived on the test phone: the `phone` gateway's own record, kept in the database."""

    reference = models.UUIDField(unique=True)
    to = models.CharField(_("to"), max_length=16)
    text = models.TextField(_("text"))
    arrived_at = models.DateTimeField(_("arrived"), auto_now_add=True)

    class Meta:
        verbose_name = _("text on the test phone")
        verbose_name_plural = _("texts on the test phone")
        ordering: ClassVar[list[str]] = ["-id"]

    def __str__(self) -> str:
        return str(self.reference)
