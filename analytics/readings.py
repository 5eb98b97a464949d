"""How a value is read that stands in many rows: one declaration gives the condition, and the values of a batch.

`by` is the column of those rows that says whose they are. What compares with a group is a grouped query with HAVING,
joined by `pk__in`: nobody is asked about one by one. Of whom there are no rows, the value is missing, or `of_none`;
where that is as asked, the answer is whoever is not in the groups that are otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_, or_
from typing import Any, Protocol

from django.db.models import Count, Q, QuerySet

from analytics.subjects import Asking
from analytics.values import DENIALS, PRESENCE, Kind, Value, holds
from analytics.where import ALWAYS, NEVER, Assertion, among_customers


class Reading(Protocol):
    """Of orders, or of customers, by their keys."""

    @property
    def of_none(self) -> Value: ...

    def where(self, operator: str, wanted: Any, asking: Asking) -> Q:
        """A condition of a query for those it is read of."""

    def values(self, ids: Collection[int], asking: Asking) -> Mapping[int, Value]:
        """One query. Whoever is not there has `of_none`."""


@dataclass(frozen=True, slots=True)
class Grouped:
    """One value of all rows: how many, the sum, the newest. `told` reads what the database says."""

    rows: Callable[[Asking], QuerySet[Any]]
    by: str
    aggregate: Callable[[Asking], Any]
    asserts: Callable[[Asking], Assertion]
    told: Callable[[Any, Asking], Value]
    of_none: Value = None
    kind: Kind = Kind.NUMBER

    def where(self, operator: str, wanted: Any, asking: Asking) -> Q:
        if operator in PRESENCE and self.of_none is not None:
            return ALWAYS if operator == "notNull" else NEVER
        return where_all([(self, operator, wanted)], asking)

    def values(self, ids: Collection[int], asking: Asking) -> Mapping[int, Value]:
        rows = self.rows(asking).filter((f"{self.by}__in", ids)).order_by().values(self.by)
        told = rows.annotate(told=self.aggregate(asking)).values_list(self.by, "told")
        return {key: None if one is None else self.told(one, asking) for key, one in told}

    def is_so_of_none(self, operator: str, wanted: Any) -> bool:
        return holds(self.kind, operator, self.of_none, wanted)

    def having(self, told: str, operator: str, wanted: Any, asking: Asking) -> Q:
        """Of a group, whose value the query calls `told`."""
        asserted = DENIALS.get(operator, operator)
        is_there = Q((f"{told}__isnull", False))
        found = is_there if asserted == "notNull" else self.asserts(asking)(told, asserted, wanted, asking)
        return ~found if operator in DENIALS else found


def where_all(asked: Sequence[tuple[Grouped, str, Any]], asking: Asking) -> Q:
    """Several things, each an operator and what it compares with, of the same rows: they are read once. Either all are
    so of whom there are no rows, or none is.
    """
    first, operator, wanted = asked[0]
    rows = _of_somebody(first.rows(asking), first.by).values(first.by)
    told = {f"told_{place}": reading.aggregate(asking) for place, (reading, _operator, _wanted) in enumerate(asked)}
    having = [
        reading.having(name, operator, wanted, asking)
        for name, (reading, operator, wanted) in zip(told, asked, strict=True)
    ]
    groups = rows.annotate(**told)
    if first.is_so_of_none(operator, wanted):
        return ~_among(groups.filter(reduce(or_, (~one for one in having))), first.by)
    return _among(groups.filter(reduce(and_, having)), first.by)


def _among(rows: QuerySet[Any], by: str) -> Q:
    """Whose rows these are. Orders are few of many and are found by their keys; of customers it may be all."""
    ids = rows.values(by)
    return among_customers(ids) if by == "customer" else Q(pk__in=ids)


def _of_somebody(rows: QuerySet[Any], by: str) -> QuerySet[Any]:
    may_be_nobody = rows.model._meta.get_field(by).null
    return (rows.filter((f"{by}__isnull", False)) if may_be_nobody else rows).order_by()


@dataclass(frozen=True, slots=True)
class Listed:
    """What the rows name, each once. `meant` says which names in the column a condition looks for, `told` what a name
    there is called; `rows` may read fewer rows if it is told which names matter (None: all).
    """

    rows: Callable[[Asking, Collection[Any] | None], QuerySet[Any]]
    by: str
    word: str
    meant: Callable[[frozenset[str], Asking], frozenset[Any]]
    told: Callable[[Any, Asking], str]
    of_none: Value = None

    def where(self, operator: str, wanted: Any, asking: Asking) -> Q:
        if operator in PRESENCE:
            found = _among(_of_somebody(self.rows(asking, None), self.by), self.by)
        else:
            found = self._named(operator, self.meant(wanted, asking), asking)
        return ~found if operator in DENIALS else found

    def values(self, ids: Collection[int], asking: Asking) -> Mapping[int, Value]:
        rows = self.rows(asking, None).filter((f"{self.by}__in", ids)).order_by()
        named: dict[int, set[str]] = {}
        for key, word in rows.values_list(self.by, self.word).distinct():
            named.setdefault(key, set()).add(self.told(word, asking))
        return {key: frozenset(words) for key, words in named.items()}

    def _named(self, operator: str, words: frozenset[Any], asking: Asking) -> Q:
        rows = _of_somebody(self.rows(asking, words), self.by).filter((f"{self.word}__in", words))
        if operator == "allOf" and len(words) > 1:
            rows = rows.values(self.by).annotate(named=Count(self.word, distinct=True)).filter(named=len(words))
        return _among(rows, self.by)
