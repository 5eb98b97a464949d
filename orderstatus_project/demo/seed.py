"""The demo shop as one finds it: weeks of orders behind it, some on their way, two campaigns, one test key.

What the shop lived through is told to the one writer as history, so the books balance and no text is sent for it.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from campaigns import lifecycle
from customers.models import Consent, Customer
from orders.models import Order
from orders.said import Said
from orders.transitions import hear
from orderstatus_project.demo.shop import (
    AREAS,
    ARRIVED,
    CAMPAIGNS,
    COUNTRIES,
    COURIER,
    DONE,
    FIRST_NUMBER,
    NEW,
    PAID,
    PICKUP,
    POINTS,
    PREFIX,
    SHIPPED,
    SOURCE,
    STAGES,
    Country,
)
from orderstatus_project.kept import keep, read_kept
from statuses import exchange
from statuses.presets import EXAMPLE
from workspace.database import in_sets
from workspace.models import ApiKey, Scope, Source, Workspace, digest
from workspace.money import to_minor

CUSTOMERS = 320
# How many orders stand at which stage.
ORDERS = {DONE: 290, ARRIVED: 25, SHIPPED: 70, PAID: 25, NEW: 30}
WEEKS = timedelta(weeks=6)
KEY_NAME = "Demo shop"
KEY_SCOPES: list[str] = [
    Scope.ORDERS_READ, Scope.ORDERS_WRITE, Scope.CUSTOMERS_READ, Scope.STATUSES_READ, Scope.CAMPAIGNS_READ,
]  # fmt: skip


def seed() -> bool:
    """Make the demo, all of it or nothing. False: it is there already."""
    with transaction.atomic():
        source, is_new = Source.objects.get_or_create(
            code=SOURCE, defaults={"name": "Demo shop", "mode": Source.Mode.LIVE, "on_unknown": Source.Unknown.REJECT}
        )
        if is_new:
            _Seed(random.Random(FIRST_NUMBER), timezone.now()).sow(source)  # noqa: S311 - the same every time
        return is_new


def ensure_key() -> str:
    """The simulator's key: the one kept in var/demo.env, or a new one if that no longer opens this database."""
    kept = read_kept().get("DEMO_KEY", "")
    if kept and ApiKey.objects.usable().filter(digest=digest(kept), source__code=SOURCE).exists():
        return kept
    source = Source.objects.get(code=SOURCE)
    for old in ApiKey.objects.usable().filter(source=source, name=KEY_NAME):
        old.revoke()
    _key, secret = ApiKey.objects.issue(name=KEY_NAME, source=source, scopes=KEY_SCOPES, is_test=True)
    keep(DEMO_KEY=secret)
    return secret


class _Seed:
    """The same shop every time, but for the clock."""

    def __init__(self, chance: random.Random, now: datetime) -> None:
        self.chance, self.now = chance, now

    def sow(self, source: Source) -> None:
        workspace = Workspace.current()
        workspace.orders_enabled, workspace.organisation = True, workspace.organisation or "Willow & Wren"
        workspace.save(update_fields=["orders_enabled", "organisation"])
        exchange.take_in(exchange.lines_of(EXAMPLE), only_adds=True)
        customers = Customer.objects.bulk_create([self._customer(number) for number in range(CUSTOMERS)])
        orders, stages = self._orders(customers)
        said = [change for order, stage in zip(orders, stages, strict=True) for change in self._life(order, stage)]
        said.sort(key=_when)
        for some in in_sets(said):
            hear(some, source, fires=False)
        for definition in CAMPAIGNS:
            campaign, _is_new = lifecycle.save_draft(definition)
            lifecycle.activate(campaign)

    def _customer(self, number: int) -> Customer:
        country = self._country(number)
        consent = self._consent(number)
        customer = Customer(
            external_id=f"demo-{number + 1:04d}",
            first_name="Ada" if number == 0 else self.chance.choice(country.first_names),
            last_name="Lindqvist" if number == 0 else self.chance.choice(country.last_names),
            # One in forty has no number, as in every shop.
            phone_written="" if number % 40 == 39 else f"+1 {AREAS[number // 100]} 555 {100 + number % 100:04d}",
            timezone=country.zone,
            language=country.language,
            sms_consent=consent,
        )
        if consent != Consent.UNKNOWN:
            customer.sms_consent_source = "Checkout"
            customer.sms_consent_at = self.now - self.chance.uniform(1, 40) * timedelta(days=1)
        customer.read_phone("US")
        return customer

    def _country(self, number: int) -> Country:
        if number == 0:
            return COUNTRIES[0]
        return self.chance.choices(COUNTRIES, [country.share for country in COUNTRIES])[0]

    def _consent(self, number: int) -> Consent:
        if number == 0:
            return Consent.GIVEN
        return self.chance.choices([Consent.GIVEN, Consent.UNKNOWN, Consent.REFUSED], [74, 18, 8])[0]

    def _orders(self, customers: Sequence[Customer]) -> tuple[list[Order], list[int]]:
        """The visitor's order first: Ada's, shipped and paid. Finished orders are the older ones."""
        stages = [stage for stage, count in ORDERS.items() for _ in range(count)]
        drawn = sorted(range(len(stages)), key=lambda place: (stages[place] != DONE, self.chance.random()))
        stages = [SHIPPED] + [stages[place] for place in drawn]
        orders = [self._order(place, customers, stage) for place, stage in enumerate(stages)]
        return Order.objects.bulk_create(orders), stages

    def _order(self, place: int, customers: Sequence[Customer], stage: int) -> Order:
        customer = customers[0] if place == 0 else self.chance.choice(customers[1:])
        currency = next(country.currency for country in COUNTRIES if country.zone == customer.timezone)
        amount = self.chance.uniform(12, 180)
        total = f"{amount * 150:.0f}" if currency == "JPY" else f"{amount:.2f}"
        is_pickup = place == 0 or self.chance.random() < 0.75
        return Order(
            external_id=f"{PREFIX}{FIRST_NUMBER + place}",
            customer=customer,
            total_minor=to_minor(total, currency),
            currency=currency,
            ordered_at=self._ordered_at(stage),
            delivery={"method": PICKUP, "point": POINTS[0] if place == 0 else self.chance.choice(POINTS)}
            if is_pickup
            else {"method": COURIER},
        )

    def _ordered_at(self, stage: int) -> datetime:
        """Who is further on began earlier."""
        if stage == DONE:
            return self.now - self.chance.uniform(4, WEEKS.days) * timedelta(days=1)
        return self.now - (0.2 + stage * 0.8 + self.chance.uniform(0, 0.5)) * timedelta(days=1)

    def _life(self, order: Order, stage: int) -> list[Said]:
        """Everything that happened to an order up to its stage, spread between its beginning and now."""
        assert order.ordered_at is not None
        steps = [step for together in STAGES[order.delivery["method"]][: stage + 1] for step in together]
        ends_at = min(self.now, order.ordered_at + timedelta(days=4)) if stage == DONE else self.now
        apart = (ends_at - order.ordered_at) / (len(steps) + 1)
        return [
            Said(order.external_id, type, code, order.ordered_at + apart * (place + self.chance.uniform(0.2, 0.9)))
            for place, (type, code) in enumerate(steps)
        ]


def _when(said: Said) -> datetime:
    assert said.occurred_at is not None
    return said.occurred_at
