"""What a run owes to the outside, and everything known of its fate."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from campaigns.models.campaigns import Campaign, CampaignState
from campaigns.models.lanes import Lane
from campaigns.models.runs import OVERDUE_AFTER, Run
from customers.models import Customer
from orders.models import Order
from statuses.models import OrderStatus
from workspace.append_only import AppendOnlyModel, AppendOnlyQuerySet
from workspace.personal import HoldsPersonalData, hidden, hidden_number
from workspace.queues import SENDING


class Purpose(models.TextChoices):
    """Transactional needs consent that is not refused, marketing needs it given."""

    TRANSACTIONAL = "transactional", _("Transactional")
    MARKETING = "marketing", _("Marketing")


class Deliver(models.TextChoices):
    IMMEDIATELY = "immediately", _("Immediately")
    OUTSIDE_QUIET_HOURS = "outside_quiet_hours", _("From 9 to 21 in the customer's time zone")


class Encoding(models.TextChoices):
    """How a text goes over the air: what decides how many characters a part holds."""

    GSM_7 = "gsm7", _("GSM 7 bit")
    UCS_2 = "ucs2", _("UCS-2")


class MessageState(models.TextChoices):
    """What is known of a message. `claimed`: a worker has it in hand; `calling`: a gateway is being asked just now."""

    PENDING = "pending", _("To be sent")
    CLAIMED = "claimed", _("About to be sent")
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
    ORDERS_WERE_OFF = "orders_were_off", _("Orders was off when it was due")
    WAS_PAUSED = "was_paused", _("the campaign was paused when it was due")
    STOPPED = "stopped", _("the order was stopped on its way")
    ENTERED_STOP_STATUS = "entered_stop_status", _("the order entered a status that stops the campaign")
    STATUS_CHANGED = "status_changed", _("the order has moved on")
    TOO_LATE = "too_late", _("its time was over")
    ERASED = "erased", _("the customer was erased")
    NO_NUMBER = "no_number", _("no phone number")
    INVALID_NUMBER = "invalid_number", _("the phone number cannot be read")
    NOT_MOBILE = "not_mobile", _("the number is a fixed line")
    REFUSED = "refused", _("the customer refused messages")
    NO_CONSENT = "no_consent", _("no consent")
    CATEGORY_REFUSED = "category_refused", _("the customer refused this kind of message")
    CAPPED = "capped", _("the customer got enough messages")
    NOT_RELEASED = "not_released", _("a person stopped it at the hourly limit")
    TEXT_FAILED = "text_failed", _("the text could not be made")


class MessageQuerySet(models.QuerySet["Message"]):
    def overdue(self, now: datetime) -> MessageQuerySet:
        return self.due(now - OVERDUE_AFTER)

    def due(self, moment: datetime) -> MessageQuerySet:
        """Those of active campaigns that were due by then and still are."""
        return self.due_in_any_campaign(moment).filter(campaign__state=CampaignState.ACTIVE)

    def due_in_any_campaign(self, moment: datetime) -> MessageQuerySet:
        # The index of what is due begins with the lane.
        return self.filter(lane__in=Lane.values, due_at__lte=moment, state=MessageState.PENDING)

    def left_by_ended(self) -> MessageQuerySet:
        """Those to be sent of a campaign that ended, for the law to skip."""
        return self.filter(campaign__state=CampaignState.ENDED, state=MessageState.PENDING)

    def put_off(self) -> MessageQuerySet:
        """Those that a gateway would not take, or that all gateways are out of order for: tried again, ever later."""
        tried = self.filter(state=MessageState.PENDING, attempts__gt=0, is_held=False)
        return tried.filter(campaign__state=CampaignState.ACTIVE)

    def unknown(self) -> MessageQuerySet:
        """Those that wait for a person, or to be looked up."""
        return self.filter(state=MessageState.UNKNOWN)


class Message(HoldsPersonalData):
    """One SMS owed by one run at one step. Its text and number are emptied when the customer is erased."""

    PERSONAL = ("phone", "text")

    QUEUE: ClassVar[str] = SENDING
    ENDED: ClassVar[frozenset[str]] = frozenset(MessageState.values) - {
        MessageState.PENDING,
        MessageState.CLAIMED,
        MessageState.CALLING,
        MessageState.UNKNOWN,
    }
    IN_HAND: ClassVar[tuple[str, str]] = (MessageState.CLAIMED, MessageState.CALLING)
    # The states of the index by which a message finds those of its order that are on their way.
    ON_ITS_WAY: ClassVar[tuple[str, ...]] = (MessageState.PENDING, *IN_HAND)
    SENT: ClassVar[frozenset[str]] = frozenset(
        {MessageState.ACCEPTED, MessageState.DELIVERED, MessageState.UNDELIVERED}
    )

    # One of these places; the audit holds every row to it.
    IN_PLACE: ClassVar[Q] = (
        Q(state=MessageState.PENDING, due_at__isnull=False, ended_at=None)
        | Q(state__in=IN_HAND, leased_until__isnull=False, ended_at=None)
        | Q(state=MessageState.UNKNOWN, ended_at=None)
        | Q(state__in=ENDED, ended_at__isnull=False)
    )

    run = models.ForeignKey(Run, models.PROTECT, db_index=False, related_name="messages")
    step = models.CharField(_("step"), max_length=64)
    campaign = models.ForeignKey(
        Campaign, models.PROTECT, verbose_name=_("campaign"), db_index=False, related_name="messages"
    )
    order = models.ForeignKey(Order, models.PROTECT, null=True, verbose_name=_("order"), related_name="messages")
    customer = models.ForeignKey(
        Customer, models.PROTECT, null=True, verbose_name=_("customer"), related_name="messages"
    )
    is_test = models.BooleanField(_("test"), default=False, help_text=_("Goes to the test phone only."))
    lane = models.PositiveSmallIntegerField(_("lane"), choices=Lane, default=Lane.URGENT)

    # What the step asked for.
    purpose = models.CharField(_("purpose"), max_length=16, choices=Purpose)
    category = models.CharField(_("category"), max_length=64, blank=True)
    deliver = models.CharField(_("deliver"), max_length=24, choices=Deliver)
    only_if_still = models.ForeignKey(OrderStatus, models.PROTECT, null=True, db_index=False, related_name="+")
    expires_at = models.DateTimeField(_("worth sending until"), null=True)

    state = models.CharField(_("state"), max_length=12, choices=MessageState, default=MessageState.PENDING)
    skip_reason = models.CharField(_("not sent because"), max_length=32, blank=True, choices=SkipReason)
    # When it may be sent or, while its fate is unknown, when its gateway is asked about it.
    due_at = models.DateTimeField(_("due"), null=True)
    # For quiet hours, or by a frequency cap that puts off.
    is_held = models.BooleanField(_("held"), default=False)
    lease = models.UUIDField(null=True, editable=False)
    leased_until = models.DateTimeField(null=True, editable=False)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    # Codes of gateways that will not take it, so that the next is asked.
    refused_by = models.JSONField(_("refused by"), default=list, editable=False)

    # What was sent. The reference is ours, and the gateway's key to know a repeat by.
    reference = models.UUIDField(_("reference"), default=uuid.uuid4, unique=True, editable=False)
    phone = models.CharField(_("phone"), max_length=16, blank=True)
    text = models.TextField(_("text"), blank=True)
    parts = models.PositiveSmallIntegerField(_("parts"), default=0)
    encoding = models.CharField(_("encoding"), max_length=8, blank=True, choices=Encoding)
    gateway = models.CharField(_("gateway"), max_length=32, blank=True)
    # Whether that gateway may have it from an earlier call, so that nobody else may be asked. An answer to a later call
    # does not tell; only its taking it, a receipt, a look-up or a person does.
    is_uncertain = models.BooleanField(default=False, editable=False)
    gateway_id = models.CharField(_("gateway's id"), max_length=128, blank=True)
    error = models.CharField(_("error"), max_length=500, blank=True)
    created_at = models.DateTimeField(_("created"))
    called_at = models.DateTimeField(_("last called"), null=True)
    sent_at = models.DateTimeField(_("sent"), null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)

    # What the gateway said later.
    receipt_at = models.DateTimeField(_("receipt of"), null=True)
    receipt_reason = models.CharField(_("reason in the receipt"), max_length=200, blank=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        permissions = [("settle_message", _("Can settle messages whose fate is unknown"))]
        ordering: ClassVar[list[str]] = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["run", "step"], name="campaigns_message_once_per_run_and_step"),
            models.CheckConstraint(
                condition=Q(state="skipped") ^ Q(skip_reason=""), name="campaigns_skipped_has_a_reason"
            ),
        ]
        indexes = [
            # The claim of the sender, and of those whose lease ran out.
            models.Index(fields=["lane", "due_at", "id"], condition=Q(state="pending"), name="campaigns_message_due"),
            models.Index(
                fields=["leased_until"], condition=Q(state__in=("claimed", "calling")), name="campaigns_message_leased"
            ),
            # How long the oldest has been tried: each try makes it due anew.
            models.Index(
                fields=["created_at"], condition=Q(state="pending", attempts__gt=0), name="campaigns_message_put_off"
            ),
            # Whether an earlier one of the same order is on its way.
            models.Index(
                fields=["order", "id"],
                condition=Q(state__in=("pending", "claimed", "calling")),
                name="campaigns_message_of_order",
            ),
            # Those that wait for a person, or to be looked up.
            models.Index(fields=["id"], condition=Q(state="unknown"), name="campaigns_message_unknown"),
            # Whom a receipt speaks of.
            models.Index(fields=["gateway_id"], condition=~Q(gateway_id=""), name="campaigns_message_by_id"),
            models.Index(fields=["campaign", "state"], name="campaigns_message_of_campaign"),
            # Those of some days: reports.
            models.Index(fields=["created_at"], name="campaigns_message_by_day"),
        ]

    def __str__(self) -> str:
        return f"{self.run_id}/{self.step}"

    def mask(self) -> None:
        super().mask()
        self.phone, self.text = hidden_number(self.phone), hidden(self.text)
        if self.customer:
            self.customer.mask()

    @property
    def has_ended(self) -> bool:
        """Whether its sending is over, one way or another. An unknown fate is for a person to settle."""
        return self.state in self.ENDED

    @property
    def was_sent(self) -> bool:
        return self.state in self.SENT


class MessageEvent(AppendOnlyModel):
    """What befell a message on its way that was not plain sailing: refused, put off, unknown, looked up, settled by a
    person. Append-only, without number or text.
    """

    class What(models.TextChoices):
        PUT_OFF = "put_off", _("Not taken now")
        REFUSED = "refused", _("Refused")
        UNSURE = "unsure", _("No certain answer")
        EXPIRED_CALL = "expired_call", _("Whoever was sending it died")
        SENT_AGAIN = "sent_again", _("Sent again under the same reference")
        LOOKED_UP = "looked_up", _("Looked up")
        RECEIPT = "receipt", _("Receipt")
        SETTLED = "settled", _("Settled by a person")

    message = models.ForeignKey(Message, models.PROTECT, related_name="events")
    at = models.DateTimeField(_("at"))
    what = models.CharField(_("what"), max_length=16, choices=What)
    gateway = models.CharField(_("gateway"), max_length=32, blank=True)
    detail = models.CharField(_("detail"), max_length=500, blank=True)
    actor_id = models.BigIntegerField(_("actor"), null=True)

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        verbose_name = _("message event")
        verbose_name_plural = _("message events")
        ordering: ClassVar[list[str]] = ["pk"]

    def __str__(self) -> str:
        return f"{self.message_id} {self.what}"
