"""What else lists can be narrowed by, as their address says: a registry declared here and filled from above, as by the
figures of reports, each of which leads to the list of what it counts.
"""

from __future__ import annotations

from typing import Any, Protocol

from django.db.models import Model, QuerySet
from django.utils.functional import Promise

from workspace.roles import Reader


class Way(Protocol):
    """`parameter` stands in the address of the list of `rows`, `needs` is the permission to narrow it so. `tell` says
    what they are; empty, and no rows, where it cannot be read.
    """

    @property
    def rows(self) -> type[Model]: ...
    @property
    def parameter(self) -> str: ...
    @property
    def needs(self) -> str: ...
    @property
    def title(self) -> str | Promise: ...

    def tell(self, written: str) -> str: ...

    def narrow(self, rows: QuerySet[Any], written: str) -> QuerySet[Any]: ...


_ways: list[Way] = []


def register(way: Way) -> None:
    _ways.append(way)


def ways(rows: type[Model], reader: Reader) -> list[Way]:
    """Those that this person may go."""
    return [way for way in _ways if way.rows is rows and reader.has_perm(way.needs)]
