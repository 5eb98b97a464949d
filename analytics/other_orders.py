"""Which of a customer's orders a part of a rule speaks of, and finding it.

However many orders a customer has, the database looks through them and answers with the key of one or two for each
customer: two queries for a batch, whatever is in it. Of an order of nobody nothing is looked up.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum

from django.db.models import Max, Min, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from analytics.fields import Batch
from customers.models import Customer
from orders.models import Order
from orders.standing import STATUS_FIELDS

# All that fields with a `where` read.
_READ = ("external_id", "customer_id", "total_minor", "currency", "ordered_at", *STATUS_FIELDS.values())


class Scope(StrEnum):
    THIS = "this_order"
    ANY = "any_order"
    ANOTHER = "another_order"
    LAST = "last_order"


# By the key of the batch's own order: the order found, or none. An order of nobody is not looked up.
Found = Mapping[int, Order | None]


def find_matching(batch: Batch, matching: Q, *, but_own: bool) -> Found:
    """Of each order's customer one order that is as asked, the newest here if there are several."""
    rows = Order.objects.filter(matching, customer__in=batch.customer_ids).order_by().values("customer")
    ends = rows.annotate(newest=Max("pk"), oldest=Min("pk")).values_list("customer", "newest", "oldest")
    by_customer: dict[int | None, list[int]] = {customer: [newest, oldest] for customer, newest, oldest in ends}
    own = [(order.pk, by_customer.get(order.customer_id, [])) for order in batch.orders]
    return _read({pk: next((id for id in ids if not but_own or id != pk), None) for pk, ids in own})


def find_last(batch: Batch) -> Found:
    """Of each order's customer the newest order, by when it was ordered or else got here; of equals the newest here."""
    newest_first = Order.objects.filter(customer=OuterRef("pk")).order_by(
        Coalesce("ordered_at", "created_at").desc(), "-pk"
    )
    customers = Customer.objects.filter(pk__in=batch.customer_ids).order_by()
    rows = customers.values_list("pk", Subquery(newest_first.values("pk")[:1]))
    last: dict[int | None, int | None] = dict(rows)
    return _read({order.pk: last.get(order.customer_id) for order in batch.orders})


def _read(ids: Mapping[int, int | None]) -> Found:
    orders = _in_bulk(id for id in ids.values() if id is not None)
    return {own: None if id is None else orders.get(id) for own, id in ids.items()}


def _in_bulk(ids: Iterable[int]) -> Mapping[int, Order]:
    wanted: Collection[int] = set(ids)
    return Order.objects.only(*_READ).in_bulk(wanted) if wanted else {}
