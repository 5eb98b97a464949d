"""A shop to measure in: orders of customers who may be texted, and campaigns that answer when they are paid."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any

from django.utils import timezone

from campaigns import doorbell
from campaigns.lifecycle import activate, end, pause, resume, save_draft
from campaigns.models import Campaign, Run, RunState
from customers.models import Consent, Customer
from customers.phones import PhoneKind
from orders.models import Order
from orders.said import Said
from orders.transitions import hear
from statuses.models import OrderStatus
from workspace.database import in_sets
from workspace.models import Source, Workspace
from workspace.queues import RUNS

CODES = ("invoiced", "paid")
TEXT = "Hello {{ customer.first_name }}, we have {{ order.total }} {{ order.currency }} for {{ order.external_id }}."

_numbers = count(1)


class Shop:
    """One in a database. Each round tells its orders something new, so that each change moves one."""

    def __init__(self, orders: int, codes: tuple[str, str] = CODES) -> None:
        Workspace.objects.update(orders_enabled=True)
        self.name = f"shop-{next(_numbers)}"
        self.source = Source.objects.create(code=self.name, name=self.name, mode=Source.Mode.LIVE)
        self.codes = codes
        for code in codes:
            OrderStatus.objects.get_or_create(type="payment", code=code, defaults={"name": code})
        self.orders = self._make_orders(orders)
        self._told: Counter[str] = Counter()

    def _make_orders(self, number: int) -> list[str]:
        names = [f"{self.name}-{n}" for n in range(number)]
        for some in in_sets(names):
            customers = Customer.objects.bulk_create(_customer(name) for name in some)
            Order.objects.bulk_create(
                Order(external_id=customer.external_id, customer=customer, total_minor=4990, currency="EUR")
                for customer in customers
            )
        return names

    def next_changes(self, number: int | None = None) -> list[Said]:
        """Another payment status for each order, or the first so many, now."""
        now, names = timezone.now(), self.orders[:number]
        self._told.update(names)
        return [
            Said(name, "payment", self.codes[self._told[name] % 2], now, f"{name}-{self._told[name]}") for name in names
        ]

    def tell(self, said: Sequence[Said]) -> None:
        for some in in_sets(said):
            hear(some, self.source)

    @contextmanager
    def campaign(self, **keys: Any) -> Iterator[Campaign]:
        """One that is active for a while: a filter that lets everybody through, and a text."""
        campaign, _is_new = save_draft(definition(code=f"campaign-{next(_numbers)}", **keys))
        activate(campaign)
        try:
            yield campaign
        finally:
            campaign.refresh_from_db()
            end(campaign)

    def release(self, campaign: Campaign, changes: int | None = None) -> float:
        """So many runs (or one for each order), all due from one moment on: the one answered."""
        pause(campaign)
        self.tell(self.next_changes(changes))
        resume(campaign)
        doorbell.ring(RUNS)
        return time.perf_counter()


def _asks(key: str, *inside: dict[str, Any]) -> dict[str, Any]:
    """A filter that lets everybody through."""
    rule = {"combinator": "and", "rules": [{"field": "order.currency", "operator": "=", "value": "EUR"}]}
    step = {"key": key, "kind": "filter_customers", "params": {"rule": rule}}
    return {**step, "branches": {"yes": list(inside)}} if inside else step


def _texts(purpose: str = "transactional") -> dict[str, Any]:
    text = {"text": TEXT, "purpose": purpose, "deliver": "immediately"}
    return {"key": "text", "kind": "send_sms", "params": text}


EIGHT_STEPS = [
    _asks("first", _asks("second", _asks("third")), _asks("fourth")),
    _asks("fifth", _asks("sixth")),
    _asks("seventh"),
    _texts(),
]


def definition(
    code: str, *, to: Sequence[str] | str = "any", purpose: str = "transactional", **keys: Any
) -> dict[str, Any]:
    return {
        "format": 1,
        "code": code,
        "name": code,
        "trigger": {"kind": "order_status_changed", "params": {"type": "payment", "from": "any", "to": to}},
        "steps": [_asks("asked"), _texts(purpose)],
        **keys,
    }


def is_under_way(campaign: Campaign) -> bool:
    return Run.objects.filter(campaign=campaign, state=RunState.WAITING).exists()


def _customer(name: str) -> Customer:
    """Its number is set aside for fiction."""
    return Customer(
        external_id=name,
        first_name="Ada",
        phone="+16025550100",
        phone_written="+1 602 555 0100",
        phone_kind=PhoneKind.MOBILE,
        sms_consent=Consent.GIVEN,
    )
