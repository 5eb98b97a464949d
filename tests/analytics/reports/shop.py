"""Small random histories: what happened to each order, and the visits that history makes of it."""

import random
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby

from analytics.models import StatusReading, Visit
from analytics.reports import rollups
from customers.models import Customer
from orders.models import Order
from statuses.models import OrderStatus
from tests.factories import SourceFactory, vocabulary
from workspace.models import Workspace

NOW = datetime(2026, 5, 20, 15, 30, tzinfo=UTC)
MARKED = ("new", "packed", "sent", "returned")
UNMARKED = ("checked",)


@dataclass(frozen=True)
class Event:
    at: datetime
    status: OrderStatus
    source: int


@dataclass(frozen=True)
class Shop:
    statuses: dict
    sources: list
    # By order, in order of time.
    events: dict

    def stays(self):
        """(order, status, source, entered, left) of every visit."""
        for order, events in self.events.items():
            firsts = [next(group) for _, group in groupby(events, key=lambda event: event.status)]
            for event, after in zip(firsts, [*firsts[1:], None][: len(firsts)], strict=True):
                yield order, event.status, event.source, event.at, after and after.at

    def steps(self):
        """The same of the path through marked statuses."""
        for order, events in self.events.items():
            marked = [event for event in events if event.status.include_in_analytics]
            firsts = [next(group) for _, group in groupby(marked, key=lambda event: event.status)]
            for event, after in zip(firsts, [*firsts[1:], None][: len(firsts)], strict=True):
                yield order, event.status, event.source, event.at, after and after.at


def open_shop(zone="UTC"):
    """Its vocabulary, and two sources."""
    Workspace.current()
    Workspace.objects.update(timezone=zone)
    statuses = vocabulary(*(("general", code) for code in (*MARKED, *UNMARKED)))
    for code in UNMARKED:
        OrderStatus.objects.filter(code=code).update(include_in_analytics=False)
        statuses[code].include_in_analytics = False
    # History knows them as they are.
    StatusReading.objects.bulk_create(
        StatusReading(status_id=status.pk, read_as_id=status.pk, is_marked=status.include_in_analytics)
        for status in statuses.values()
    )
    return Shop(statuses, [SourceFactory(code="erp").pk, SourceFactory(code="web").pk], {})


def happen(shop, orders, *, seed, days=40, until=NOW):
    """So many orders more, each with some moves; many at the same moments, on either side of midnight."""
    chance = random.Random(seed)
    lives = []
    for _ in range(orders):
        at = until - timedelta(days=days * chance.random())
        events = []
        for _ in range(chance.randint(1, 6)):
            status = shop.statuses[chance.choice([*MARKED, *UNMARKED])]
            events.append(Event(at, status, chance.choice(shop.sources)))
            at += chance.choice([timedelta(0), timedelta(seconds=40.7), timedelta(hours=5), timedelta(days=3)])
        lives.append([event for event in events if event.at < until])
    told(shop, *lives)


def told(shop, *lives):
    """An order for each list of events."""
    first = len(shop.events)
    names = [f"R-{first + n}" for n in range(len(lives))]
    customers = Customer.objects.bulk_create([Customer(external_id=name) for name in names])
    orders = Order.objects.bulk_create(
        [Order(external_id=name, customer=who) for name, who in zip(names, customers, strict=True)]
    )
    new = dict(zip(orders, lives, strict=True))
    shop.events.update(new)
    write(Shop(shop.statuses, shop.sources, new))
    return orders


def write(shop):
    """The visits of these orders, in place of what there was, as history does it."""
    these = Visit.objects.filter(order__in=shop.events)
    before = rollups.told(these)
    these.delete()
    steps, rows, places, ordinals = shop.steps(), [], {}, Counter()
    for order, status, source, entered, left in shop.stays():
        ordinals[order] += 1
        is_step = status.include_in_analytics and places.get(order) != status
        rows.append(
            Visit(
                order=order,
                customer_id=order.customer_id,
                source_id=source,
                type="general",
                ordinal=ordinals[order],
                status=status,
                entered_at=entered,
                left_at=left,
                is_step=is_step,
                path_from=places.get(order) if is_step else None,
                path_left_at=next(steps)[-1] if is_step else None,
            )
        )
        if status.include_in_analytics:
            places[order] = status
    Visit.objects.bulk_create(rows)
    rollups.reopen_changed(before, rollups.told(these))
