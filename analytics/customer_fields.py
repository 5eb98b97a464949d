"""What rules may ask of a customer: what is kept of them, their orders, the ways these went, and segments."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from decimal import Decimal
from typing import Any

from django.db.models import Avg, Count, Max, Min, Q, QuerySet, Sum
from django.db.models.functions import Coalesce, Floor
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from analytics import where
from analytics.conditions import Group
from analytics.fields import FROM, ORDERS, PERHAPS_WITHIN, TO, TYPE, Field, Label, Param, register
from analytics.models import Member, Segment, Visit
from analytics.readings import Grouped, Listed
from analytics.subjects import Asking, Subject
from analytics.values import Kind, Value
from analytics.where import Assertion
from customers.attributes import is_attribute_name
from customers.models import Consent, Customer
from orders.models import Order
from workspace.money import from_minor, places_of

NO_AMOUNT = Decimal(0)


# What is kept of them


def _column(key: str, label: Label, column: str, *, is_personal: bool = False) -> Field:
    def read(subject: Subject) -> Value:
        return None if subject.customer is None else (getattr(subject.customer, column) or None)

    is_there = ~Q((column, ""))
    asked = where.of_column(column, is_there, where.text)
    return Field(key, label, Kind.TEXT, read, where=asked, is_personal=is_personal)


def _read_consent(subject: Subject) -> Value:
    return None if subject.customer is None else subject.customer.sms_consent


def _has_phone(operator: str, wanted: Any, _asking: Asking) -> Q:
    if operator in ("null", "notNull"):
        return where.ALWAYS if operator == "notNull" else where.NEVER
    return ~Q(phone="") if wanted else Q(phone="")


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
    return kept.get(subject.customer_id)


def _read_kept(customer_ids: Collection[int]) -> dict[int | None, tuple[dict[str, Any], list[str]]]:
    rows = Customer.objects.filter(pk__in=customer_ids).order_by().values_list("pk", "attributes", "tags")
    return {pk: (attributes, tags) for pk, attributes, tags in rows}


# Their orders


def _orders(asking: Asking) -> QuerySet[Order]:
    which: Group | None = asking.said.get("where")
    return Order.objects.filter(which.where(asking) if which else Q(), is_test=False).order_by()


def _orders_or_visits(asking: Asking) -> QuerySet[Order] | QuerySet[Visit]:
    """A visit tells of its order whose it is and its total; of whose it is asked, whoever reads asks."""
    which: Group | None = asking.said.get("where")
    once_each = which.once_each(replace(asking, among=None)) if which else None
    return _orders(asking) if once_each is None else once_each.filter(is_test=False).order_by()


def _of_orders(
    key: str,
    label: Label,
    kind: Kind,
    aggregate: Callable[[Asking], Any],
    asserts: Callable[[Asking], Assertion],
    told: Callable[[Any, Asking], Value],
    of_none: Value = None,
    rows: Callable[[Asking], QuerySet[Any]] = _orders_or_visits,
) -> Field:
    reading = Grouped(rows, "customer", aggregate, asserts, told, of_none, kind)
    return Field(key, label, kind, group=ORDERS, reading=reading, has_where=True)


def _amounts(key: str, label: Label, of: Callable[[Any], Any], of_none: Value = None) -> Field:
    """Amounts in the installation's own currency; others are not added to them."""

    def aggregate(asking: Asking) -> Any:
        return of({"filter": Q(currency=asking.currency)})

    def asserts(asking: Asking) -> Assertion:
        places = places_of(asking.currency)
        return lambda column, operator, wanted, _asking: where.amount(column, operator, wanted, places)

    return _of_orders(key, label, Kind.NUMBER, aggregate, asserts, _money, of_none)


def _money(minor: Any, asking: Asking) -> Decimal:
    return from_minor(int(minor), asking.currency)


def _placed(key: str, label: Label, aggregate: Any) -> Field:
    return _of_orders(
        key,
        label,
        Kind.TIME,
        lambda _asking: aggregate("placed_at"),
        lambda _asking: where.moment,
        lambda at, _asking: at,
        rows=_orders,
    )


def _since(key: str, label: Label, aggregate: Any) -> Field:
    return _of_orders(
        key,
        label,
        Kind.DURATION,
        lambda _asking: aggregate("placed_at"),
        lambda _asking: where.since,
        lambda at, asking: asking.now - at,
        rows=_orders,
    )


# The ways these went


def _steps(asking: Asking) -> QuerySet[Visit]:
    said = asking.said
    steps = Visit.objects.filter(is_step=True, is_test=False, entered_at__lte=asking.now).order_by()
    if said["from"] is None and said["to"] is None:
        steps = steps.filter(type=said["type"])
    if said["within"] is not None:
        steps = steps.filter(entered_at__gt=asking.now - said["within"])
    for column, codes in (("path_from", said["from"]), ("status", said["to"])):
        if codes is not None:
            ids = {asking.status_id(said["type"], code) for code in codes}
            steps = steps.filter((f"{column}__in", ids))
    return steps


def _members(asking: Asking, codes: Collection[str] | None) -> QuerySet[Member]:
    return Member.objects.order_by()


_count: Callable[[Any, Asking], Value] = lambda count, _asking: Decimal(count)  # noqa: E731 - as the others are

for _field in (
    _column("customer.external_id", _("customer id"), "external_id"),
    _column("customer.first_name", _("first name"), "first_name", is_personal=True),
    _column("customer.language", _("language"), "language"),
    _column("customer.timezone", _("time zone"), "timezone"),
    Field(
        "customer.sms_consent",
        _("SMS consent"),
        Kind.CHOICE,
        _read_consent,
        where=where.of_column("sms_consent", where.ALWAYS, where.same),
        choices=tuple(Consent.values),
        choice_labels=tuple(Consent.labels),
    ),
    Field(
        "customer.has_phone",
        _("has a phone number"),
        Kind.FLAG,
        read=lambda subject: bool(subject.customer and subject.customer.phone),
        where=_has_phone,
    ),
    Field(
        "customer.attribute",
        _("attribute"),
        Kind.ANY,
        read=_read_attribute,
        where=where.of_attribute,
        params=(Param("name", _("name"), "name", _read_name, suggests="customer_attributes"),),
        is_personal=True,
    ),
    Field(
        "customer.tags",
        _("tags"),
        Kind.WORDS,
        read=_read_tags,
        where=where.of_column("tags", ~Q(tags=[]), where.words),
        is_personal=True,
        suggests="customer_tags",
    ),
    Field(
        "customer.segments",
        _("segments they are in"),
        Kind.CODES,
        reading=Listed(
            _members,
            "customer",
            "segment__code",
            meant=lambda codes, _asking: codes,
            told=lambda code, _asking: code,
        ),
        suggests="segments",
        codes=lambda: Segment.objects.order_by("name").values_list("code", "name"),
    ),
    _of_orders(
        "orders.count",
        _("number of orders"),
        Kind.NUMBER,
        lambda _asking: Count("*"),
        lambda _asking: where.whole,
        _count,
        NO_AMOUNT,
    ),
    _amounts("orders.sum", _("sum of orders"), lambda only: Coalesce(Sum("total_minor", **only), 0), NO_AMOUNT),
    _amounts("orders.average", _("average of orders"), lambda only: Floor(Avg("total_minor", **only) + 0.5)),
    _amounts("orders.largest", _("largest order"), lambda only: Max("total_minor", **only)),
    _placed("orders.first_at", _("first order placed at"), Min),
    _placed("orders.last_at", _("last order placed at"), Max),
    _since("orders.since_first", _("time since the first order"), Min),
    _since("orders.since_last", _("time since the last order"), Max),
    Field(
        "transitions.count",
        _("number of times orders went"),
        Kind.NUMBER,
        params=(TYPE, FROM, TO, PERHAPS_WITHIN),
        group=ORDERS,
        reading=Grouped(
            _steps,
            "customer",
            aggregate=lambda _asking: Count("*"),
            asserts=lambda _asking: where.whole,
            told=_count,
            of_none=NO_AMOUNT,
        ),
        reads_history=True,
    ),
):
    register(_field)
