"""The gateways that are connected, and what they say to us later: receipts, and texts that people write."""

from __future__ import annotations

from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from campaigns.models.messages import Message
from customers.models import Customer
from workspace.personal import HoldsPersonalData, hidden, hidden_number


class SmsGateway(models.Model):
    """One contract with an SMS provider: its kind (a file in campaigns/sms/gateways), settings, secrets and limits."""

    # Messages remember it by its code, so that is never changed.
    code = models.SlugField(_("code"), max_length=32, unique=True)
    name = models.CharField(_("name"), max_length=200)
    kind = models.CharField(_("kind"), max_length=32)
    is_active = models.BooleanField(_("active"), default=True)
    position = models.PositiveSmallIntegerField(
        _("position"),
        default=1,
        help_text=_("Messages go to the first; to the next if that refuses or is out of order."),
    )
    settings = models.JSONField(_("settings"), default=dict)
    # Encrypted (workspace/encryption.py): a JSON object by field name.
    secrets = models.TextField(default="", blank=True, editable=False)
    # In the token of its address for receipts: no secret without SECRET_KEY, and another one makes another token.
    receipts_salt = models.CharField(max_length=32, blank=True, editable=False, default="", db_default="")
    sender = models.CharField(_("sender ID"), max_length=32, blank=True)
    connections = models.PositiveSmallIntegerField(
        _("calls at once"), default=20, validators=[MinValueValidator(1), MaxValueValidator(500)]
    )
    per_second = models.FloatField(
        _("messages per second, at most"), null=True, blank=True, validators=[MinValueValidator(0.01)]
    )
    price_per_part = models.DecimalField(_("price per part"), max_digits=10, decimal_places=5, null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3, blank=True)

    # What is known of it just now. `free_at`: when the next message may leave (campaigns/sms/connections.py).
    free_at = models.DateTimeField(null=True, editable=False)
    out_until = models.DateTimeField(_("out of order until"), null=True, editable=False)
    last_error = models.CharField(_("last error"), max_length=500, blank=True, editable=False)
    last_error_at = models.DateTimeField(_("last error at"), null=True, editable=False)
    # Anybody can make a call that is refused: it is no error of the gateway, and hides none.
    refused_call = models.CharField(
        _("refused call"), max_length=500, blank=True, editable=False, default="", db_default=""
    )
    refused_call_at = models.DateTimeField(_("refused call at"), null=True, editable=False)
    last_sent_at = models.DateTimeField(_("last sent at"), null=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    # Whoever holds a live connection makes it anew when this has changed.
    configured_at = models.DateTimeField(_("configured"), auto_now_add=True, editable=False)

    class Meta:
        verbose_name = _("SMS gateway")
        verbose_name_plural = _("SMS gateways")
        ordering: ClassVar[list[str]] = ["position", "pk"]

    def __str__(self) -> str:
        return self.name


class Fate(models.TextChoices):
    """What a receipt may say, whatever the provider calls it."""

    ACCEPTED = "accepted", _("Under way")
    DELIVERED = "delivered", _("Delivered")
    UNDELIVERED = "undelivered", _("Not delivered")
    EXPIRED = "expired", _("Not delivered in time")


class Receipt(models.Model):
    """What a gateway later said about a message, kept whether or not we know the message yet."""

    gateway = models.CharField(_("gateway"), max_length=32)
    gateway_id = models.CharField(_("gateway's id"), max_length=128, blank=True)
    reference = models.CharField(_("reference"), max_length=64, blank=True)
    fate = models.CharField(_("said"), max_length=12, choices=Fate)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    # It may wait for its message, whose number it is about. `db_default`: workers of the version before write rows too.
    opted_out = models.BooleanField(_("opted out"), default=False, db_default=False)
    occurred_at = models.DateTimeField(_("occurred at"))
    received_at = models.DateTimeField(_("received at"))
    message = models.ForeignKey(Message, models.PROTECT, null=True, related_name="receipts")

    class Meta:
        verbose_name = _("receipt")
        verbose_name_plural = _("receipts")
        ordering: ClassVar[list[str]] = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["gateway", "gateway_id", "reference", "fate"], name="campaigns_receipt_once"
            ),
        ]
        indexes = [
            # Those that nobody knows yet, asked for by the id or reference of messages just answered.
            models.Index(fields=["gateway", "gateway_id"], name="campaigns_receipt_by_id"),
            models.Index(fields=["reference"], name="campaigns_receipt_by_ref"),
        ]

    def __str__(self) -> str:
        return f"{self.gateway}/{self.gateway_id}: {self.fate}"


class IncomingText(HoldsPersonalData):
    """A text that somebody wrote to us. A word such as STOP changes the consent of every customer with that number."""

    PERSONAL = ("phone", "text")

    class Meaning(models.TextChoices):
        STOP = "stop", _("Wants no more messages")
        START = "start", _("Wants messages again")
        OTHER = "other", _("Wrote something")

    gateway = models.CharField(_("gateway"), max_length=32)
    gateway_id = models.CharField(_("gateway's id"), max_length=128)
    phone = models.CharField(_("phone"), max_length=16, db_index=True)
    text = models.TextField(_("text"))
    meaning = models.CharField(_("meaning"), max_length=8, choices=Meaning)
    occurred_at = models.DateTimeField(_("occurred at"))
    received_at = models.DateTimeField(_("received at"))
    customers = models.ManyToManyField(Customer, verbose_name=_("customers"), related_name="incoming_texts")

    class Meta:
        verbose_name = _("incoming text")
        verbose_name_plural = _("incoming texts")
        ordering: ClassVar[list[str]] = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["gateway", "gateway_id"], name="campaigns_incoming_text_once"),
        ]

    def __str__(self) -> str:
        return f"{self.gateway}/{self.gateway_id}"

    def mask(self) -> None:
        super().mask()
        self.phone, self.text = hidden_number(self.phone), hidden(self.text)


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
