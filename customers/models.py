"""Whom a message may reach, and by what right."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from customers.phones import PhoneKind, read_phone
from workspace.models import Workspace
from workspace.personal import HoldsPersonalData, hidden, hidden_number
from workspace.text import validate_text
from workspace.zones import validate_timezone


class Consent(models.TextChoices):
    """Whether the customer lets us text them. Transactional needs "not refused", marketing needs "given"."""

    GIVEN = "given", _("Given")
    UNKNOWN = "unknown", _("Unknown")
    REFUSED = "refused", _("Refused")


class CustomerQuerySet(models.QuerySet["Customer"]):
    def erased(self) -> CustomerQuerySet:
        return self.filter(erased_at__isnull=False).order_by()


class Customer(HoldsPersonalData):
    """A person, by the id the shop knows them by. Everything personal about them is in this row."""

    PERSONAL = ("first_name", "last_name", "phone", "phone_written", "email", "attributes", "tags")

    external_id = models.CharField(_("external id"), max_length=128, unique=True, validators=[validate_text])
    first_name = models.CharField(_("first name"), max_length=200, blank=True, validators=[validate_text])
    last_name = models.CharField(_("last name"), max_length=200, blank=True, validators=[validate_text])
    phone = models.CharField(_("phone"), max_length=16, blank=True, editable=False, db_index=True)
    phone_written = models.CharField(
        _("phone"),
        max_length=64,
        blank=True,
        validators=[validate_text],
        help_text=_("With its country code, such as +1 602 555 0124."),
    )
    phone_kind = models.CharField(_("kind of number"), max_length=8, blank=True, choices=PhoneKind, editable=False)
    email = models.EmailField(_("email"), blank=True)
    timezone = models.CharField(
        _("time zone"),
        max_length=64,
        blank=True,
        validators=[validate_timezone],
        help_text=_("Empty: the installation's."),
    )
    language = models.CharField(_("language"), max_length=16, blank=True, validators=[validate_text])
    sms_consent = models.CharField(_("SMS consent"), max_length=8, choices=Consent, default=Consent.UNKNOWN)
    sms_consent_source = models.CharField(_("consent told by"), max_length=200, blank=True, editable=False)
    sms_consent_at = models.DateTimeField(_("consent told at"), null=True, blank=True, editable=False)
    refused_categories = models.JSONField(
        _("refused kinds of message"), default=list, blank=True, help_text=_("Categories this customer does not want.")
    )
    # What they may be: customers/attributes.py.
    attributes = models.JSONField(_("attributes"), default=dict, blank=True)
    tags = models.JSONField(_("tags"), default=list, blank=True)
    # Whoever asked to be forgotten: customers/erasing.py.
    erased_at = models.DateTimeField(_("erased"), null=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    objects = CustomerQuerySet.as_manager()

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        ordering: ClassVar[list[str]] = ["-id"]
        permissions = [
            ("view_personal_data", _("Can see names, numbers, addresses and texts")),
            ("erase_customer", _("Can erase customers")),
        ]
        indexes = [
            # Few are erased, and each batch of texts asks who.
            models.Index(fields=["id"], condition=Q(erased_at__isnull=False), name="customers_erased"),
            # A segment is counted among all others.
            models.Index(fields=["id"], condition=Q(erased_at__isnull=True), name="customers_not_erased"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(erased_at=None)
                | Q(first_name="", last_name="", phone="", phone_written="", email="", sms_consent="unknown"),
                name="customers_erased_is_nobody",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name}".strip() or self.external_id

    @property
    def is_erased(self) -> bool:
        return self.erased_at is not None

    def save(self, *, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        if update_fields is None or "phone_written" in update_fields:
            self.read_phone(Workspace.current().default_country)
            update_fields = None if update_fields is None else {*update_fields, "phone", "phone_kind"}
        super().save(update_fields=update_fields, **kwargs)

    def mask(self) -> None:
        super().mask()
        self.first_name = self.last_name = ""
        self.email, self.phone_written = hidden(self.email), hidden(self.phone_written)
        self.phone = hidden_number(self.phone)
        self.attributes, self.tags = {}, []

    def read_phone(self, default_country: str) -> None:
        self.phone, self.phone_kind = read_phone(self.phone_written, default_country)
