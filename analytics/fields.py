"""What a rule may ask about: each field declared once, beside how it is read.

A field is registered low and may be added to from above (`register`), never imported upwards.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from customers.models import Consent
from orders.models import Order, StatusTransition
from orders.standing import STATUS_FIELDS
from statuses.models import OrderStatus

Value = str | Decimal | datetime | bool | None
Label = str | Promise


class Kind(StrEnum):
    """What a value is, which decides the operators it offers."""

    STATUS = "status"
    TEXT = "text"
    NUMBER = "number"
    TIME = "time"
    CHOICE = "choice"
    FLAG = "flag"


@dataclass(frozen=True, slots=True)
class Subject:
    """What one evaluation speaks of: a run's own order, as it is now and as its transition found it."""

    order: Order
    transition: StatusTransition | None
    vocabulary: Mapping[int, OrderStatus]
    # Of statuses merged away: by (type, code key), the key of what is meant today.
    renamed: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def code(self, status_id: int | None) -> str | None:
        """Of what is meant by it today."""
        return None if status_id is None else self.vocabulary[self.vocabulary[status_id].stands_for_id].code

    def meant(self, type: str, wanted: Any) -> Any:
        """A code key, or several, as a condition compares with: a merged status is asked for by its old code too."""
        if isinstance(wanted, frozenset):
            return frozenset(self.renamed.get((type, key), key) for key in wanted)
        return self.renamed.get((type, wanted), wanted)


@dataclass(frozen=True, slots=True)
class Field:
    """`read` tells the value now, `read_past` at the trigger; without the latter this field's past is not known."""

    key: str
    label: Label
    kind: Kind
    read: Callable[[Subject], Value]
    read_past: Callable[[Subject, StatusTransition], Value] | None = None
    choices: tuple[str, ...] = ()
    status_type: str = ""
    # It decides, but is not written down.
    is_personal: bool = False


_fields: dict[str, Field] = {}


def register(field: Field) -> None:
    _fields[field.key] = field


def all_fields() -> Mapping[str, Field]:
    return _fields


def _status_field(type: str, label: Label) -> Field:
    attname = f"{STATUS_FIELDS[type]}_id"
    return Field(
        key=f"order.{STATUS_FIELDS[type]}",
        label=label,
        kind=Kind.STATUS,
        read=lambda subject: subject.code(getattr(subject.order, attname)),
        read_past=lambda subject, transition: subject.code(getattr(transition, attname)),
        status_type=type,
    )


def _customer_field(
    key: str, label: Label, kind: Kind, attribute: str, *, choices: tuple[str, ...] = (), is_personal: bool = False
) -> Field:
    def read(subject: Subject) -> Value:
        customer = subject.order.customer
        return None if customer is None else (getattr(customer, attribute) or None)

    return Field(key, label, kind, read, choices=choices, is_personal=is_personal)


for _field in (
    _status_field("general", _("general status")),
    _status_field("delivery", _("delivery status")),
    _status_field("payment", _("payment status")),
    Field(
        "order.total",
        _("order total"),
        Kind.NUMBER,
        read=lambda subject: subject.order.total,
        read_past=lambda _subject, transition: transition.total,
    ),
    Field(
        "order.currency",
        _("order currency"),
        Kind.TEXT,
        read=lambda subject: subject.order.currency or None,
        read_past=lambda _subject, transition: transition.currency or None,
    ),
    Field("order.external_id", _("order id"), Kind.TEXT, read=lambda subject: subject.order.external_id),
    Field("order.ordered_at", _("ordered at"), Kind.TIME, read=lambda subject: subject.order.ordered_at),
    _customer_field("customer.external_id", _("customer id"), Kind.TEXT, "external_id"),
    _customer_field("customer.first_name", _("first name"), Kind.TEXT, "first_name", is_personal=True),
    _customer_field("customer.language", _("language"), Kind.TEXT, "language"),
    _customer_field("customer.timezone", _("time zone"), Kind.TEXT, "timezone"),
    _customer_field(
        "customer.sms_consent", _("SMS consent"), Kind.CHOICE, "sms_consent", choices=tuple(Consent.values)
    ),
    Field(
        "customer.has_phone",
        _("has a phone number"),
        Kind.FLAG,
        read=lambda subject: bool(subject.order.customer and subject.order.customer.phone),
    ),
):
    register(_field)
