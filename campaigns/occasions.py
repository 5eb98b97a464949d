"""What triggers that go by the clock share: rows page by page in order of time, and wall clocks of customers' zones."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import OuterRef, Q

from orders.models import Order, SilentBecause, StatusTransition
from workspace.database import set_size


def in_time_order(rows: models.QuerySet[Any], at: str) -> Iterator[Any]:
    """Rows along an index of (…, `at`, id), a page at a time: no long-lived iterator, which SQLite would keep open."""
    rows = rows.order_by(at, "pk")
    page = list(rows[: set_size()])
    while page:
        yield from page
        last, pk = getattr(page[-1], at), page[-1].pk
        page = list(rows.filter(Q(**{f"{at}__gt": last}) | Q(pk__gt=pk), **{f"{at}__gte": last})[: set_size()])


def later_moves(of: str = "") -> models.QuerySet[StatusTransition]:
    """Of a transition outside the subquery (`of`: the way to it): by what its order left the status it came to.

    That the status was merged into another is no leaving.
    """
    ours = {"order": OuterRef(f"{of}order"), "type": OuterRef(f"{of}type"), "pk__gt": OuterRef(f"{of}pk")}
    return StatusTransition.objects.filter(**ours).exclude(silent_because=SilentBecause.MERGE)


def later_orders(of: str = "") -> models.QuerySet[Order]:
    """Of an order outside the subquery: those that its customer placed after it."""
    placed_at, pk = OuterRef(f"{of}placed_at"), OuterRef(f"{of}pk")
    return Order.objects.filter(
        Q(placed_at__gt=placed_at) | Q(placed_at=placed_at, pk__gt=pk), customer=OuterRef(f"{of}customer")
    )


def on_the_clock(day: date, at: time, zone: str) -> datetime:
    """When clocks of that zone show this. A time that they skip is as much later as they skip; of one that comes
    twice it is the first."""
    return datetime.combine(day, at, ZoneInfo(zone)).astimezone(UTC)


def days_later(moment: datetime, days: int, zone: str) -> datetime:
    """So many calendar days later, at the same time of day there."""
    local = moment.astimezone(ZoneInfo(zone))
    return on_the_clock(local.date() + timedelta(days=days), local.timetz().replace(tzinfo=None, fold=0), zone)
