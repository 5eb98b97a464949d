"""The order in which people see the statuses of a type: everywhere, and as they put it.

Places are written as 1, 2, 3 … each time, under a lock of the type's rows, so that two who move statuses at once both
have what they asked for and no two statuses share a place.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from statuses import lifecycle
from statuses.models import OrderStatus
from workspace.database import lock_rows, write_rows


@dataclass(frozen=True, slots=True)
class Place:
    """The n-th of so many of its type."""

    number: int
    of: int


def put_beside(status: OrderStatus, other_pk: int, *, after: bool) -> Place:
    """Right before or right after another of its type."""
    with transaction.atomic():
        others = [row for row in _held(status.type) if row.pk != status.pk]
        beside = next((place for place, other in enumerate(others) if other.pk == other_pk), None)
        if beside is None:
            detail = _("“%s” can be put only among the statuses of its type. Load the page again to see them.")
            raise lifecycle.Refusal("not_beside", detail % status.name)
        return _put(status, others, beside + after)


def move_by(status: OrderStatus, places: int) -> Place:
    """So many places down, or up (below zero), as far as there are any."""
    with transaction.atomic():
        rows = _held(status.type)
        stands = next((place for place, row in enumerate(rows) if row.pk == status.pk), 0)
        others = [row for row in rows if row.pk != status.pk]
        return _put(status, others, min(max(stands + places, 0), len(others)))


def _held(type: str) -> list[OrderStatus]:
    """Locked by their keys in one order, whoever comes along, and told in that of their places."""
    rows = list(lock_rows(OrderStatus.objects.of_type(type).order_by("pk")))
    return sorted(rows, key=lambda row: (row.position, row.pk))


def _put(status: OrderStatus, others: list[OrderStatus], at: int) -> Place:
    """Only of the one that was moved it counts as a change: whoever edits another has nothing to be told."""
    pushed = []
    for place, other in enumerate(others, 1):
        stands = place + (place > at)
        if other.position != stands:
            other.position = stands
            pushed.append(other)
    write_rows(pushed, ("position",))
    lifecycle.change(status, {"position": at + 1})
    return Place(at + 1, len(others) + 1)
