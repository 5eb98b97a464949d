"""What a webhook tells: the order, its change and its campaign, as docs/webhooks.md promises. Add-only, like the API.

It is made when it is sent and kept nowhere. Of the customer it holds the shop's own id, and beside that only what a
person ticked for this endpoint.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from campaigns.models import WebhookCall, WebhookEndpoint
from customers.models import Customer
from orders.models import Order, StatusTransition
from orders.standing import STATUS_FIELDS
from statuses.models import OrderStatus
from workspace.money import from_minor

TYPE = "campaign.step"
TYPE_OF_TEST = "endpoint.test"

# What an endpoint may be told of a customer, under these names.
CUSTOMER_FIELDS: dict[str, str | Promise] = {
    "first_name": _("First name"),
    "last_name": _("Last name"),
    "phone": _("Phone"),
    "email": _("Email"),
    "language": _("Language"),
    "timezone": _("Time zone"),
    "sms_consent": _("SMS consent"),
}

Statuses = Mapping[int, OrderStatus]


def body_of(call: WebhookCall, endpoint: WebhookEndpoint, statuses: Statuses) -> bytes:
    """`call` with its run, its version and transition, order, customer and campaign."""
    data = {
        "campaign": {"code": call.campaign.code, "name": call.campaign.name, "version": call.run.version.number},
        "step": call.step,
        "entry": {
            "id": call.run_id,
            "occasion": call.run.occasion,
            "entered_at": _moment(call.run.entered_at),
        },
        "is_test": call.is_test,
        "change": _change(call.run.transition, statuses),
        "order": _order(call.order, statuses),
        "customer": _customer(call.customer, endpoint),
    }
    return _json({"type": TYPE, "timestamp": _moment(call.created_at), "data": data})


def body_of_test(endpoint: WebhookEndpoint, now: datetime) -> bytes:
    return _json({"type": TYPE_OF_TEST, "timestamp": _moment(now), "data": {"endpoint": endpoint.code}})


def _change(transition: StatusTransition | None, statuses: Statuses) -> dict[str, Any] | None:
    if transition is None:
        return None
    return {
        "id": transition.pk,
        "type": transition.type,
        "from": _code(transition.from_status_id, statuses),
        "to": _code(transition.to_status_id, statuses),
        "occurred_at": _moment(transition.occurred_at),
    }


def _order(order: Order | None, statuses: Statuses) -> dict[str, Any] | None:
    if order is None:
        return None
    return {
        "external_id": order.external_id,
        **{field: _code(getattr(order, f"{field}_id"), statuses) for field in STATUS_FIELDS.values()},
        "total": None if order.total_minor is None else str(from_minor(order.total_minor, order.currency)),
        "currency": order.currency,
        "ordered_at": order.ordered_at and _moment(order.ordered_at),
    }


def _customer(customer: Customer | None, endpoint: WebhookEndpoint) -> dict[str, Any] | None:
    if customer is None:
        return None
    told = {name: getattr(customer, name) for name in CUSTOMER_FIELDS if name in endpoint.customer_fields}
    return {"external_id": customer.external_id, **told}


def _code(status_id: int | None, statuses: Statuses) -> str | None:
    return None if status_id is None else statuses[status_id].code


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _json(told: Mapping[str, Any]) -> bytes:
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
