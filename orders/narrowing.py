"""What else the list of orders can be narrowed by: a registry declared here and filled from above, as by the figures of
reports, each of which leads to its orders.
"""

from __future__ import annotations

from typing import Protocol

from django.db.models import QuerySet
from django.utils.functional import Promise

from orders.models import Order
from workspace.roles import Reader


class Way(Protocol):
    """`parameter` stands in the address of the list, `needs` is the permission to narrow it so. `tell` says which
    orders they are, after “Orders that”; empty, and no orders, where it cannot be read.
    """

    @property
    def parameter(self) -> str: ...
    @property
    def needs(self) -> str: ...
    @property
    def title(self) -> str | Promise: ...

    def tell(self, written: str) -> str: ...

    def narrow(self, orders: QuerySet[Order], written: str) -> QuerySet[Order]: ...


_ways: list[Way] = []


def register(way: Way) -> None:
    _ways.append(way)


def ways(reader: Reader) -> list[Way]:
    """Those that this person may go."""
    return [way for way in _ways if reader.has_perm(way.needs)]
