"""Segments that many begin with: data only, and which statuses each asks for.

They know the statuses of the documented example by their codes, and those of shops that many know; of others one is
asked which is meant.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from statuses.models import LISTED, OrderStatus, StatusType

G, D, P = StatusType.GENERAL, StatusType.DELIVERY, StatusType.PAYMENT
Rule = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """A status that is meant: `codes` are what shops call it, the likeliest first."""

    key: str
    label: Promise
    type: StatusType
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReadyMade:
    """`rule(codes)`: with the code of each status that it asks for."""

    key: str
    title: Promise
    about: Promise
    rule: Callable[[Mapping[str, str]], Rule]
    asks: tuple[Asked, ...] = ()


def offered(asked: Asked) -> list[OrderStatus]:
    """The statuses of its type that a segment may name."""
    marked = OrderStatus.objects.filter(type=asked.type, include_in_analytics=True, retired_at=None, merged_into=None)
    return list(marked.order_by(*LISTED))


def recognised(asked: Asked, statuses: Sequence[OrderStatus]) -> str:
    """The code of the likeliest; "" of none."""
    codes = {status.code_key: status.code for status in statuses}
    return next((codes[code] for code in asked.codes if code in codes), "")


def _all(*parts: Rule, **more: Any) -> Rule:
    return {"combinator": "and", **more, "rules": list(parts)}


def _an_order(*parts: Rule) -> Rule:
    return _all(_all(*parts, of="any_order"))


def _is(field: str, operator: str, value: Any, **params: Any) -> Rule:
    return {"field": field, "operator": operator, "value": value, **params}


def _days(number: int) -> Rule:
    return {"value": number, "unit": "days"}


def _stands(type: StatusType, code: str, days: int) -> tuple[Rule, Rule]:
    """It is there, and stayed for longer."""
    return (
        _is(f"order.{type}_status", "in", [code]),
        _is(f"order.{type}_stayed", ">", _days(days), status=code),
    )


AWAITS_PAYMENT = Asked(
    "status", _("Awaits payment"), P, ("awaiting_payment", "pending", "invoice_issued", "pending_payment", "on-hold")
)
AT_PICKUP = Asked(
    "status", _("Ready to be picked up"), D, ("at_pickup_point", "ready_for_pickup", "pickup_point", "awaiting_pickup")
)
SHIPPED = Asked("shipped", _("Shipped"), D, ("shipped", "in_transit", "fulfilled", "sent"))
DELIVERED = Asked("delivered", _("Delivered"), D, ("delivered", "fulfilled", "received"))
PAID = Asked("paid", _("Paid"), P, ("paid", "payment_received", "captured"))
CANCELLED = Asked("status", _("Cancelled"), G, ("cancelled", "canceled", "rejected"))
IN_PROGRESS = Asked("status", _("In progress"), G, ("in_progress", "processing", "agreed", "open"))

READY_MADE = (
    ReadyMade(
        "awaiting-payment",
        _("Awaiting payment for over a day"),
        _("An order of theirs still waits to be paid, since more than a day ago."),
        lambda codes: _an_order(*_stands(P, codes["status"], 1)),
        (AWAITS_PAYMENT,),
    ),
    ReadyMade(
        "not-picked-up",
        _("Not picked up in 3 days"),
        _("An order of theirs has been ready to be picked up for more than 3 days."),
        lambda codes: _an_order(*_stands(D, codes["status"], 3)),
        (AT_PICKUP,),
    ),
    ReadyMade(
        "cancelled-twice",
        _("Cancelled twice in 90 days"),
        _("At least 2 of their orders came to be cancelled in the last 90 days."),
        lambda codes: _all(
            _is("transitions.count", ">=", 2, type=str(CANCELLED.type), to=[codes["status"]], within=_days(90))
        ),
        (CANCELLED,),
    ),
    ReadyMade(
        "long-on-the-way",
        _("On the way for over 5 days"),
        _("An order of theirs was shipped more than 5 days ago and has not come further."),
        lambda codes: _an_order(*_stands(D, codes["shipped"], 5)),
        (SHIPPED,),
    ),
    ReadyMade(
        "paid-not-shipped",
        _("Paid and not shipped in 2 days"),
        _("An order of theirs has been paid for more than 2 days and was never shipped."),
        lambda codes: _an_order(
            *_stands(P, codes["paid"], 2), _is("order.delivery_reached", "noneOf", [codes["shipped"]])
        ),
        (PAID, SHIPPED),
    ),
    ReadyMade(
        "in-progress-for-long",
        _("In progress for over a week"),
        _("An order of theirs has been in progress for more than 7 days."),
        lambda codes: _an_order(*_stands(G, codes["status"], 7)),
        (IN_PROGRESS,),
    ),
    ReadyMade(
        "delivered-lately",
        _("Delivered in the last 7 days"),
        _("An order of theirs was delivered in the last 7 days: a time to ask how they like it."),
        lambda codes: _an_order(_is("order.delivery_reached", "anyOf", [codes["delivered"]], within=_days(7))),
        (DELIVERED,),
    ),
    ReadyMade(
        "first-order",
        _("First order in the last 30 days"),
        _("They placed their first order in the last 30 days, and no other."),
        lambda _codes: _all(_is("orders.count", "=", 1), _is("orders.first_at", "inLast", _days(30))),
    ),
    ReadyMade(
        "regulars",
        _("At least 3 orders in a year"),
        _("They placed 3 or more orders in the last 365 days."),
        lambda _codes: _all(_is("orders.count", ">=", 3, where=_all(_is("order.placed_at", "inLast", _days(365))))),
    ),
    ReadyMade(
        "big-spenders",
        _("Bought for 500 or more in a year"),
        _("Their orders of the last 365 days come to 500 or more. Change the amount to what is much for you."),
        lambda _codes: _all(_is("orders.sum", ">=", 500, where=_all(_is("order.placed_at", "inLast", _days(365))))),
    ),
    ReadyMade(
        "sleeping",
        _("No order for half a year"),
        _("They ordered before, and not in the last 180 days."),
        lambda _codes: _all(_is("orders.count", ">=", 1), _is("orders.last_at", "notInLast", _days(180))),
    ),
    ReadyMade(
        "never-ordered",
        _("Never ordered"),
        _("We know them, and they have no order."),
        lambda _codes: _all(_is("orders.count", "=", 0)),
    ),
    ReadyMade(
        "may-be-texted",
        _("Want to hear from us"),
        _("They gave their consent to texts, and we have their number."),
        lambda _codes: _all(_is("customer.sms_consent", "=", "given"), _is("customer.has_phone", "=", value=True)),
    ),
)
BY_KEY = {each.key: each for each in READY_MADE}
