"""What a rule may ask about: each field declared once, beside how it is read.

A field is registered low and may be added to from above (`register`), never imported upwards.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Any, TypeVar

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from analytics import where
from analytics.where import Where
from customers.attributes import is_attribute_name
from customers.models import Consent, Customer
from orders.models import Order, StatusTransition
from orders.standing import STATUS_FIELDS
from statuses.models import OrderStatus

Value = str | Decimal | float | datetime | timedelta | bool | frozenset[str] | None
Label = str | Promise
T = TypeVar("T")


class Kind(StrEnum):
    """What a value is, which decides the operators it offers."""

    STATUS = "status"
    TEXT = "text"
    NUMBER = "number"
    TIME = "time"
    DURATION = "duration"
    CHOICE = "choice"
    FLAG = "flag"
    WORDS = "words"
    # A text, a number, true or false: what it is tells the value itself.
    ANY = "any"


class Batch:
    """Many orders asked about at one moment. Whatever rules must read of them is read for all, when first asked for."""

    def __init__(self, orders: Collection[Order], now: datetime) -> None:
        self.orders = orders
        self.now = now
        self._read: dict[Hashable, Any] = {}

    @cached_property
    def customer_ids(self) -> set[int]:
        return {order.customer_id for order in self.orders if order.customer_id is not None}

    def once(self, key: Hashable, read: Callable[[], T]) -> T:
        if key not in self._read:
            self._read[key] = read()
        found: T = self._read[key]
        return found


@dataclass(frozen=True, slots=True)
class Subject:
    """What one evaluation speaks of: a run's own order, as it is now and as its transition found it."""

    order: Order
    transition: StatusTransition | None
    vocabulary: Mapping[int, OrderStatus]
    batch: Batch
    # Of statuses merged away: by (type, code key), the key of what is meant today.
    renamed: Mapping[tuple[str, str], str] = field(default_factory=dict)
    # Which campaign asks, for the fields that campaigns add.
    asker: int | None = None

    @property
    def is_test(self) -> bool:
        """Whether what it speaks of was told with a test key: the change, or the order where there is none."""
        return (self.transition or self.order).is_test

    def code(self, status_id: int | None) -> str | None:
        """Of what is meant by it today."""
        return None if status_id is None else self.vocabulary[self.vocabulary[status_id].stands_for_id].code

    def meant(self, type: str, wanted: Any) -> Any:
        """A code key, or several, as a condition compares with: a merged status is asked for by its old code too."""
        if isinstance(wanted, frozenset):
            return frozenset(self.renamed.get((type, key), key) for key in wanted)
        return self.renamed.get((type, wanted), wanted)

    def about(self, other: Order) -> Subject:
        """The same question of another order. What that one was at the trigger is not known."""
        return replace(self, order=other, transition=None)


@dataclass(frozen=True, slots=True)
class Param:
    """What a condition says of a field beside the value: `"within": {"value": 7, "unit": "days"}`.

    `form` is how a person is asked for it: duration, word, name, or choice (among `choices`). `read` makes of JSON what
    the field reads by, and raises ValueError with a sentence. `suggests`: of which names in use it is one, perhaps.
    """

    key: str
    label: Label
    form: str
    read: Callable[[Any], Any]
    is_required: bool = True
    choices: tuple[tuple[str, Label], ...] = ()
    suggests: str = ""

    def tell(self, raw: Any) -> str:
        return f"{raw['value']} {raw['unit']}" if self.form == "duration" else str(raw)


@dataclass(frozen=True, slots=True)
class Field:
    """`read` tells the value now, `read_past` at the trigger; without the latter this field's past is not known.

    `read` takes the subject, and each of `params` by name, None for one that was left out. With `where` the same can be
    asked of the customer's other orders, by the database: an operator and what it compares with, as a Q.
    """

    key: str
    label: Label
    kind: Kind
    read: Callable[..., Value]
    read_past: Callable[[Subject, StatusTransition], Value] | None = None
    where: Where | None = None
    params: tuple[Param, ...] = ()
    choices: tuple[str, ...] = ()
    status_type: str = ""
    # It decides, but is not written down.
    is_personal: bool = False
    # Of which names in use its value is one, perhaps.
    suggests: str = ""


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
        where=where.status(attname, type),
        status_type=type,
    )


def _customer_field(
    key: str, label: Label, kind: Kind, attribute: str, *, choices: tuple[str, ...] = (), is_personal: bool = False
) -> Field:
    def read(subject: Subject) -> Value:
        customer = subject.order.customer
        return None if customer is None else (getattr(customer, attribute) or None)

    return Field(key, label, kind, read, choices=choices, is_personal=is_personal)


def _read_name(raw: Any) -> str:
    if not is_attribute_name(raw):
        raise ValueError(gettext("An attribute is called by 1 to 64 small letters, digits and _, letters first."))
    return str(raw)


def _read_attribute(subject: Subject, name: str) -> Value:
    kept = _kept_of(subject)
    return kept[0].get(name) if kept else None


def _read_tags(subject: Subject) -> Value:
    kept = _kept_of(subject)
    return frozenset(kept[1]) or None if kept else None


def _kept_of(subject: Subject) -> tuple[dict[str, Any], list[str]] | None:
    """The attributes and tags of the customer. Orders are read without them, as few rules ask."""
    batch = subject.batch
    kept = batch.once("customers.kept", lambda: _read_kept(batch.customer_ids))
    return kept.get(subject.order.customer_id)


def _read_kept(customer_ids: Collection[int]) -> dict[int | None, tuple[dict[str, Any], list[str]]]:
    rows = Customer.objects.filter(pk__in=customer_ids).order_by().values_list("pk", "attributes", "tags")
    return {pk: (attributes, tags) for pk, attributes, tags in rows}


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
        where=where.money("total_minor", "currency"),
    ),
    Field(
        "order.currency",
        _("order currency"),
        Kind.TEXT,
        read=lambda subject: subject.order.currency or None,
        read_past=lambda _subject, transition: transition.currency or None,
        where=where.text("currency"),
    ),
    Field(
        "order.external_id",
        _("order id"),
        Kind.TEXT,
        read=lambda subject: subject.order.external_id,
        where=where.text("external_id"),
    ),
    Field(
        "order.ordered_at",
        _("ordered at"),
        Kind.TIME,
        read=lambda subject: subject.order.ordered_at,
        where=where.time("ordered_at"),
    ),
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
    Field(
        "customer.attribute",
        _("attribute"),
        Kind.ANY,
        read=_read_attribute,
        params=(Param("name", _("name"), "name", _read_name, suggests="customer_attributes"),),
        is_personal=True,
    ),
    Field("customer.tags", _("tags"), Kind.WORDS, read=_read_tags, is_personal=True, suggests="customer_tags"),
):
    register(_field)
