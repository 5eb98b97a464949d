"""Whose visits a report counts: told by one source, of the customers of one segment; of orders that are no test's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from analytics.models import Member, Visit


@dataclass(frozen=True, slots=True)
class Filters:
    """Primary keys; None: all. A segment is its members as last counted."""

    source: int | None = None
    segment: int | None = None

    def takes(self, source: int) -> bool:
        return self.source in (None, source)


ALL = Filters()


def visits_counted(type: str, segment: int | None = None) -> QuerySet[Visit]:
    visits = Visit.objects.filter(type=type, is_test=False).order_by()
    return visits if segment is None else visits.filter(customer__in=members(segment))


def members(segment: int) -> QuerySet[Member, Any]:
    return Member.objects.filter(segment=segment).values("customer")
