"""What a rule comes to as it is being built: how many customers, what share of them, of orders and of revenue that is,
and a few of them with why they are in it.

Nothing is written. A question that takes too long is given up, and everything is told as of one moment.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum

from analytics import history
from analytics.rules import SegmentRule
from analytics.why import why_in_words
from customers.models import Customer
from orders.models import Order
from workspace.database import ask_of_found, snapshot, time_limit
from workspace.models import Workspace
from workspace.money import from_minor
from workspace.personal import shown_to
from workspace.roles import Reader, may_see_personal_data

MOST_S = 8.0
SAMPLE = 5
COUNT, SHARES, A_FEW = "count", "shares", "sample"
PARTS = (COUNT, SHARES, A_FEW)
TO_SEE_ORDERS = "orders.view_order"

NEWEST = "SELECT id, (SELECT COUNT(*) FROM found) FROM found ORDER BY id DESC LIMIT %s"
THEIR_ORDERS = f"""
SELECT COUNT(*), SUM(CASE WHEN currency = %s THEN total_minor END) FROM {Order._meta.db_table}
WHERE NOT is_test AND customer_id IN (SELECT id FROM found)
"""  # noqa: S608 - names of ours


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a whole."""

    number: int
    of: int

    @property
    def share(self) -> float | None:
        """0.0 to 1.0; of nothing there is none."""
        return self.number / self.of if self.of else None


@dataclass(frozen=True, slots=True)
class Someone:
    """One of them, as far as the reader may see them, with each thing that was seen of them in words."""

    customer: Customer
    why: Sequence[str]


@dataclass(frozen=True, slots=True)
class Preview:
    """`revenue` is in minor units of `currency`, the installation's own; None and () where it was not asked for."""

    # None: history is being read for the first time.
    as_of: datetime | None
    currency: str
    customers: Part | None = None
    orders: Part | None = None
    revenue: Part | None = None
    sample: Sequence[Someone] = ()

    def amount(self, minor: int) -> Decimal:
        return from_minor(minor, self.currency)


def preview(rule: SegmentRule, reader: Reader, now: datetime, parts: Collection[str] = PARTS) -> Preview:
    """Raises TookTooLong."""
    as_of = history.catch_up() if rule.reads_history else now
    currency, told = Workspace.current().currency, dict[str, Any]()
    with snapshot(), time_limit(MOST_S):
        found = rule.customers(now)
        if COUNT in parts or A_FEW in parts:
            number, few = _count_with_a_few(found) if A_FEW in parts else (found.count(), [])
            told["customers"] = Part(number, Customer.objects.filter(erased_at=None).count())
            told["sample"] = _with_reasons(rule, few, reader, now)
        if SHARES in parts:
            told["orders"], told["revenue"] = _of_orders(found, currency)
    return Preview(as_of, currency, **told)


def _count_with_a_few(found: QuerySet[Customer]) -> tuple[int, list[int]]:
    """How many, and the newest."""
    rows = ask_of_found(found, NEWEST, [SAMPLE])
    return (rows[0][1] if rows else 0), [pk for pk, _number in rows]


def _of_orders(found: QuerySet[Customer], currency: str) -> tuple[Part, Part]:
    """Orders of a test key are nobody's, and amounts in other currencies are not added."""
    ((number, amount),) = ask_of_found(found, THEIR_ORDERS, [currency])
    everybody = (
        Order.objects.filter(is_test=False)
        .order_by()
        .aggregate(number=Count("pk"), amount=Sum("total_minor", filter=Q(currency=currency)))
    )
    return Part(number, everybody["number"]), Part(int(amount or 0), everybody["amount"] or 0)


def _with_reasons(rule: SegmentRule, few: Sequence[int], reader: Reader, now: datetime) -> list[Someone]:
    if not few:
        return []
    customers = shown_to(reader, Customer.objects.filter(pk__in=few)).order_by("-pk")
    seen = rule.why(few, now, tells_personal=may_see_personal_data(reader))
    there = [one for one in customers if one.pk in seen]
    words = why_in_words(rule, [seen[one.pk] for one in there], names_orders=reader.has_perm(TO_SEE_ORDERS))
    return [Someone(one, why) for one, why in zip(there, words, strict=True)]
