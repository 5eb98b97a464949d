"""Which of a customer's orders a part of a rule speaks of, and finding it.

However many orders a customer has, the database looks through them and answers with the key of one or two for each
customer: two queries for a batch, whatever is in it. Of an order of nobody nothing is looked up.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum

from django.db.models import Exists, F, Max, Min, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from analytics.subjects import Batch
from analytics.where import among_customers
from customers.models import Customer
from orders.models import Order
from orders.standing import STATUS_FIELDS

# All that fields with a `where` read.
READ = (
    *("external_id", "customer_id", "total_minor", "currency", "ordered_at", "placed_at", "is_test"),
    *STATUS_FIELDS.values(),
)


class Scope(StrEnum):
    THIS = "this_order"
    ANY = "any_order"
    ANOTHER = "another_order"
    LAST = "last_order"


# Whose they are, and the order that asks; none, where a customer does.
Whose = tuple[int | None, int | None]
# By who asks: the order found, or none. An order of nobody is not looked up.
Found = Mapping[Whose, Order | None]


def as_of_customers(scope: Scope, matching: Q) -> Q:
    """Of customers: that one of their orders, or the last, is as asked. Orders of a test key are nobody's."""
    orders = Order.objects.filter(matching, customer__isnull=False, is_test=False).order_by()
    if scope is Scope.LAST:
        orders = orders.filter(~Exists(_newer()))
    return among_customers(orders.values("customer"))


def find_matching(batch: Batch, matching: Q, *, but_own: bool) -> Found:
    """For each of a batch one order of the customer that is as asked, the newest here if there are several."""
    rows = Order.objects.filter(matching, customer__in=batch.customer_ids).order_by().values("customer")
    ends = rows.annotate(newest=Max("pk"), oldest=Min("pk")).values_list("customer", "newest", "oldest")
    by_customer: dict[int | None, list[int]] = {customer: [newest, oldest] for customer, newest, oldest in ends}
    return _read(
        {
            (customer, own): next((id for id in by_customer.get(customer, []) if not but_own or id != own), None)
            for customer, own in _who_ask(batch)
        }
    )


def find_last(batch: Batch, *, but_tests: bool = False) -> Found:
    """For each of a batch the customer's newest order, by when it was ordered or else got here; of equals the newest
    here.
    """
    orders = Order.objects.filter(customer=OuterRef("pk"), **({"is_test": False} if but_tests else {}))
    newest_first = orders.order_by(_when().desc(), "-pk")
    customers = Customer.objects.filter(pk__in=batch.customer_ids).order_by()
    last: dict[int | None, int | None] = dict(customers.values_list("pk", Subquery(newest_first.values("pk")[:1])))
    return _read({(customer, own): last.get(customer) for customer, own in _who_ask(batch)})


def _when(of: str = "") -> Coalesce:
    return Coalesce(f"{of}ordered_at", f"{of}created_at")


def _newer() -> QuerySet[Order]:
    """The orders that the same customer made after one."""
    when = Coalesce(OuterRef("ordered_at"), OuterRef("created_at"))
    others = Order.objects.filter(customer=OuterRef("customer"), is_test=False).order_by()
    return others.alias(at=_when(), own_at=when).filter(
        Q(at__gt=F("own_at")) | Q(at=F("own_at"), pk__gt=OuterRef("pk"))
    )


def _who_ask(batch: Batch) -> Iterable[Whose]:
    yield from ((order.customer_id, order.pk) for order in batch.orders)
    yield from ((customer.pk, None) for customer in batch.customers)


def _read(ids: Mapping[Whose, int | None]) -> Found:
    orders = _in_bulk(id for id in ids.values() if id is not None)
    return {own: None if id is None else orders.get(id) for own, id in ids.items()}


def _in_bulk(ids: Iterable[int]) -> Mapping[int, Order]:
    wanted: Collection[int] = set(ids)
    return Order.objects.only(*READ).in_bulk(wanted) if wanted else {}
