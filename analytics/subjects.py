"""Of whom and what a rule is asked: as of when and in which vocabulary, of a batch of orders or customers, of one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar

from analytics.history import catch_up_for
from customers.models import Customer
from orders.models import Order, StatusTransition
from statuses.models import OrderStatus, code_key
from workspace.models import Workspace

T = TypeVar("T")

# No status has this key: what is meant by a code that there is not.
NO_STATUS = -1


@dataclass(frozen=True, slots=True)
class Asking:
    """What the database must know to answer: as of when, what codes mean, on whose behalf, and what the condition says
    beside its value (`said`; its `where`, the group that says which orders are meant).

    `of_segment`: statuses that are not marked are as if they were not there, and neither are orders of a test key.
    """

    now: datetime
    vocabulary: Mapping[int, OrderStatus]
    renamed: Mapping[tuple[str, str], str] = field(default_factory=dict)
    asker: int | None = None
    is_test: bool = False
    of_segment: bool = False
    said: Mapping[str, Any] = field(default_factory=dict)
    # Of orders of these customers alone: those of a batch.
    among: Collection[int] | None = None
    # What was read on the way.
    kept: dict[str, str] = field(default_factory=dict)

    @property
    def currency(self) -> str:
        """The installation's own."""
        if "currency" not in self.kept:
            self.kept["currency"] = Workspace.current().currency
        return self.kept["currency"]

    def saying(self, said: Mapping[str, Any]) -> Asking:
        return replace(self, said=said)

    def meant(self, type: str, wanted: Any) -> Any:
        """A code key, or several, as a condition compares with: a merged status is asked for by its old code too."""
        if isinstance(wanted, frozenset):
            return frozenset(self.renamed.get((type, key), key) for key in wanted)
        return self.renamed.get((type, wanted), wanted)

    def status_ids(self, type: str, keys: Collection[str]) -> list[int]:
        """All that mean today what one of these codes means."""
        return [
            id
            for id, status in self.vocabulary.items()
            if status.type == type and code_key(self.vocabulary[status.stands_for_id].code) in keys
        ]

    def marked(self, type: str) -> list[int]:
        """All of a type that stand for one that is included in analytics."""
        statuses = ((id, self.vocabulary[one.stands_for_id]) for id, one in self.vocabulary.items() if one.type == type)
        return [id for id, meant in statuses if meant.include_in_analytics]

    def status_id(self, type: str, key: str) -> int:
        """What is meant today by this one code."""
        meant = (self.vocabulary[id].stands_for_id for id in self.status_ids(type, {self.meant(type, key)}))
        return next(meant, NO_STATUS)


class Batch:
    """Many orders, or customers, asked about at one moment. Whatever rules must read of them is read for all, when
    first asked for.
    """

    def __init__(self, orders: Collection[Order], now: datetime, customers: Collection[Customer] = ()) -> None:
        self.orders = orders
        self.now = now
        self.customers = customers
        self.kept: dict[str, str] = {}
        self._read: dict[Hashable, Any] = {}

    @cached_property
    def order_ids(self) -> set[int]:
        return {order.pk for order in self.orders}

    @cached_property
    def customer_ids(self) -> set[int]:
        of_orders = {order.customer_id for order in self.orders if order.customer_id is not None}
        return of_orders | {customer.pk for customer in self.customers}

    def once(self, key: Hashable, read: Callable[[], T]) -> T:
        if key not in self._read:
            self._read[key] = read()
        found: T = self._read[key]
        return found

    def catch_up(self) -> None:
        """Before history is read: what happened to these orders and customers is in it."""
        self.once("history", lambda: catch_up_for(self.customer_ids, self.order_ids))


@dataclass(frozen=True, slots=True)
class Subject:
    """What one evaluation speaks of: a run's own order, as it is now and as its transition found it; or, with no order,
    a customer (`whom`).
    """

    order: Order | None
    transition: StatusTransition | None
    vocabulary: Mapping[int, OrderStatus]
    batch: Batch
    # Of statuses merged away: by (type, code key), the key of what is meant today.
    renamed: Mapping[tuple[str, str], str] = field(default_factory=dict)
    # Which campaign asks, for the fields that campaigns add.
    asker: int | None = None
    whom: Customer | None = None
    tells_personal: bool = False

    @property
    def customer(self) -> Customer | None:
        return self.whom if self.order is None or self.whom is not None else self.order.customer

    @property
    def customer_id(self) -> int | None:
        if self.order is not None:
            return self.order.customer_id
        return None if self.whom is None else self.whom.pk

    @property
    def is_test(self) -> bool:
        """Whether what it speaks of was told with a test key: the change, or the order where there is none."""
        told = self.transition or self.order
        return told is not None and told.is_test

    @property
    def is_of_segment(self) -> bool:
        return self.whom is not None

    @property
    def asking(self) -> Asking:
        return Asking(
            self.batch.now,
            self.vocabulary,
            self.renamed,
            self.asker,
            self.is_test,
            of_segment=self.is_of_segment,
            kept=self.batch.kept,
        )

    def code(self, status_id: int | None) -> str | None:
        """Of what is meant by it today."""
        return None if status_id is None else self.vocabulary[self.vocabulary[status_id].stands_for_id].code

    def code_in_view(self, status_id: int | None) -> str | None:
        """The same, but in a segment a status that is not marked is as good as none."""
        if status_id is None or not self.is_of_segment:
            return self.code(status_id)
        meant = self.vocabulary[self.vocabulary[status_id].stands_for_id]
        return meant.code if meant.include_in_analytics else None

    def about(self, other: Order, batch: Batch) -> Subject:
        """The same question of another order, one of a batch. What that one was at the trigger is not known."""
        return replace(self, order=other, transition=None, batch=batch)
