"""What many campaigns begin as, made of the installation's own statuses where these can be recognised by their codes.

What cannot be recognised stays empty, and the editor asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.archiving import fresh_code
from campaigns.editing import NEW
from statuses.models import OrderStatus, StatusType

# What shops call these, by our own sets and those of shops that many know.
AT_PICKUP = ("at_pickup_point", "ready_for_pickup", "pickup_point", "awaiting_pickup", "at_delivery_point")
AWAITS_PAYMENT = ("awaiting_payment", "pending", "invoice_issued", "pending_payment", "unpaid", "on-hold")
PAID = ("paid", "payment_received", "captured")


@dataclass(frozen=True, slots=True)
class Starter:
    """`steps()` are written in the language of whoever begins. `to`: codes that its target status may have."""

    key: str
    title: Promise
    about: Promise
    icon: str
    type: StatusType
    steps: Callable[[], list[dict[str, Any]]]
    to: tuple[str, ...] = ()


def begin(key: str) -> dict[str, Any]:
    """The definition that a new campaign begins with; of no such starter: from scratch."""
    starter = STARTERS.get(key)
    if starter is None:
        return NEW
    params = {"type": str(starter.type), "from": "any", "to": _recognise(starter)}
    return {
        **NEW,
        "code": fresh_code(starter.key.replace("_", "-")),
        "name": str(starter.title),
        "trigger": {"kind": "order_status_changed", "params": params},
        "steps": starter.steps(),
    }


def _recognise(starter: Starter) -> list[str]:
    """The code of the first that is offered, in the order in which the starter names them."""
    known = OrderStatus.objects.filter(type=starter.type, code_key__in=starter.to, retired_at=None).order_by()
    codes = dict(known.values_list("code_key", "code"))
    return [codes[key] for key in starter.to if key in codes][:1]


def _sms(key: str, text: str, **params: Any) -> dict[str, Any]:
    usual = {
        "text": text,
        "purpose": "transactional",
        "only_if_still": True,
        "lifetime": {"value": 24, "unit": "hours"},
    }
    return {"key": key, "kind": "send_sms", "params": {**usual, **params}}


def _wait(days: int) -> dict[str, Any]:
    return {"key": "wait", "kind": "wait", "params": {"duration": {"value": days, "unit": "days"}}}


def _status_sms() -> list[dict[str, Any]]:
    return [_sms("sms", _("Your order {{ order.external_id }}: {{ change.to }}."))]


def _pickup_reminder() -> list[dict[str, Any]]:
    text = _("Your order {{ order.external_id }} is still waiting for you at the pickup point.")
    return [_wait(2), _sms("reminder", text, deliver="outside_quiet_hours")]


def _payment_reminder() -> list[dict[str, Any]]:
    text = _("Your order {{ order.external_id }} is waiting to be paid: {{ order.total }} {{ order.currency }}.")
    return [_wait(1), _sms("reminder", text, deliver="outside_quiet_hours")]


def _thanks() -> list[dict[str, Any]]:
    return [_sms("sms", _("Thank you! Your order {{ order.external_id }} is paid."))]


STARTERS: Mapping[str, Starter] = {
    starter.key: starter
    for starter in (
        Starter(
            "status_sms",
            gettext_lazy("SMS when a status changes"),
            gettext_lazy("Tell the customer at once where the order is."),
            "sms",
            StatusType.DELIVERY,
            _status_sms,
        ),
        Starter(
            "pickup_reminder",
            gettext_lazy("Pickup reminder"),
            gettext_lazy("An order that is not picked up within two days: remind its customer."),
            "storefront",
            StatusType.DELIVERY,
            _pickup_reminder,
            AT_PICKUP,
        ),
        Starter(
            "payment_reminder",
            gettext_lazy("Payment reminder"),
            gettext_lazy("An order that is not paid within a day: remind its customer."),
            "hourglass_top",
            StatusType.PAYMENT,
            _payment_reminder,
            AWAITS_PAYMENT,
        ),
        Starter(
            "thanks_for_paying",
            gettext_lazy("Thanks for paying"),
            gettext_lazy("The money is there: say thank you."),
            "favorite",
            StatusType.PAYMENT,
            _thanks,
            PAID,
        ),
    )
}
