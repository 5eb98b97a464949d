"""A rule that was read: groups of conditions, asked of one subject at a time, or of the database at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from typing import Any

from django.db.models import Q, QuerySet

from analytics.fields import Field, Kind, Of, Subject, Value
from analytics.other_orders import Found, Scope, as_of_customers, find_last, find_matching
from analytics.readings import Grouped, Reading, where_all
from analytics.subjects import Asking, Batch
from analytics.values import AGES, PRESENCE, holds, plain

# Told in place of what is personal: answers are kept where nothing personal may be.
WITHHELD = "…"
# Where an answer keeps which other orders were found.
OTHER_ORDERS = "orders"


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether a rule holds, and each value it looked at; personal ones are withheld.

    Values are kept by `field`, `field@trigger` or `field(name=…)`. Under "orders" stands, for each group about other
    orders in turn, {"of": "any_order", "order": the key of the one it was or None, and the values seen of it}.
    """

    holds: bool
    seen: dict[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    field: Field
    operator: str
    wanted: Any
    at_trigger: bool
    params: Mapping[str, Any]
    # What it looks at, as its answer is kept.
    told_as: str
    # What it looks at, by which what is read for a batch is read once.
    asks: tuple[Hashable, ...] = ()
    # Which orders are meant, of a field that speaks of all.
    inner: Group | None = None

    def test(self, subject: Subject, seen: dict[str, Any]) -> bool:
        value = self._read(subject)
        is_withheld = self.field.is_personal and value is not None and not subject.tells_personal
        seen[self.told_as] = WITHHELD if is_withheld else plain(value)
        return holds(self.field.kind, self.operator, value, self._wanted_of(subject))

    def where(self, asking: Asking) -> Q:
        """The same of any order, or of any customer, for the database."""
        assert self.field.asks_database is not None, "asked only about what it knows"
        return self.field.asks_database(self.operator, self.meant(asking), self.saying(asking))

    @property
    def grouped(self) -> Grouped:
        assert isinstance(self.field.reading, Grouped), "asked only of those that have `rows`"
        return self.field.reading

    @property
    def rows(self) -> Hashable:
        """The same of conditions that the same grouped rows answer; None of one that asks something else."""
        reading = self.field.reading
        if not isinstance(reading, Grouped) or (self.operator in PRESENCE and reading.of_none is not None):
            return None
        is_so_of_none = reading.is_so_of_none(self.operator, self.wanted)
        _field, *asks = self.asks
        return (reading.rows, reading.by, *asks, is_so_of_none)

    def _read(self, subject: Subject) -> Value:
        if not self.at_trigger:
            return self._read_now(subject)
        if self.field.read_past is None or subject.transition is None:
            return None
        return self.field.read_past(subject, subject.transition)

    def _read_now(self, subject: Subject) -> Value:
        if self.field.read is not None:
            return self.field.read(subject, **self.params)
        reading, batch = self.field.reading, subject.batch
        assert reading is not None, "a field is read in some way"
        values = batch.once((self.asks, subject.asker, subject.is_test), lambda: self._values(reading, subject))
        is_of_order = self.field.of is Of.ORDER and subject.order is not None
        key = subject.order.pk if is_of_order and subject.order else subject.customer_id
        return reading.of_none if key is None else values.get(key, reading.of_none)

    def _values(self, reading: Reading, subject: Subject) -> Mapping[int, Value]:
        """Of the whole batch."""
        batch = subject.batch
        if self.field.reads_history or (self.inner and self.inner.reads_history):
            batch.catch_up()
        ids = batch.order_ids if self.field.of is Of.ORDER else batch.customer_ids
        asking = self.saying(replace(subject.asking, among=batch.customer_ids if self.inner else None))
        return reading.values(ids, asking) if ids else {}

    def saying(self, asking: Asking) -> Asking:
        return asking.saying({**self.params, "where": self.inner} if self.inner else self.params)

    def once_each(self, asking: Asking) -> QuerySet[Any] | None:
        """Visits, one for each order of which it holds; None: it is not known of which."""
        if self.field.once_each is None:
            return None
        return self.field.once_each(self.operator, self.meant(asking), self.saying(asking))

    def _wanted_of(self, subject: Subject) -> Any:
        return self.meant(subject.asking) if self._is_by_asking else self.wanted

    @property
    def _is_by_asking(self) -> bool:
        return self.field.kind in (Kind.STATUS, Kind.STATUSES) or self.operator in AGES

    def meant(self, asking: Asking) -> Any:
        if self.field.kind in (Kind.STATUS, Kind.STATUSES):
            return asking.meant(self.field.status_type, self.wanted)
        if self.operator in AGES:
            age: timedelta = self.wanted
            return (asking.now - age, asking.now)
        return self.wanted


def _where_all(conditions: Sequence[Condition], asking: Asking) -> Q:
    first = conditions[0]
    asked = [(one.grouped, one.operator, one.meant(asking)) for one in conditions]
    return where_all(asked, first.saying(asking))


@dataclass(frozen=True, eq=False)
class Group:
    combinator: str
    is_negated: bool
    parts: tuple[Group | Condition, ...]
    of: Scope = Scope.THIS

    def test(self, subject: Subject, seen: dict[str, Any]) -> bool:
        is_so = self._agree(subject, seen) if self.of is Scope.THIS else self._agree_elsewhere(subject, seen)
        return is_so != self.is_negated

    def where(self, asking: Asking) -> Q:
        """Of whatever its conditions are about; a group of other orders is about the customer."""
        found = self._all_where(asking)
        if self.of is not Scope.THIS:
            found = as_of_customers(self.of, found)
        return ~found if self.is_negated else found

    def once_each(self, asking: Asking) -> QuerySet[Any] | None:
        """Visits, one for each order of which it holds: they tell of the order what is counted and added up of it, and
        are fewer. None: there are none such, and orders are to be asked.
        """
        alone = self.parts[0]
        if len(self.parts) > 1 or self.is_negated:
            return None
        return alone.once_each(asking)

    def conditions(self) -> Iterator[Condition]:
        """All inside, those of groups inside and of their `where` too."""
        for part in self.parts:
            if isinstance(part, Group):
                yield from part.conditions()
                continue
            yield part
            if part.inner:
                yield from part.inner.conditions()

    @cached_property
    def reads_history(self) -> bool:
        return any(one.field.reads_history for one in self.conditions())

    def _agree(self, subject: Subject, seen: dict[str, Any]) -> bool:
        """Every part is looked at, so that what was seen can be told whole."""
        answers = [part.test(subject, seen) for part in self.parts]
        return all(answers) if self.combinator == "and" else any(answers)

    def _all_where(self, asking: Asking) -> Q:
        if self.combinator == "or":
            return Q(*(part.where(asking) for part in self.parts), _connector=Q.OR)
        alone, together = [], defaultdict[Hashable, list[Condition]](list)
        for part in self.parts:
            if isinstance(part, Condition) and (rows := part.rows) is not None:
                together[rows].append(part)
            else:
                alone.append(part)
        return Q(*(part.where(asking) for part in alone), *(_where_all(some, asking) for some in together.values()))

    def _agree_elsewhere(self, subject: Subject, seen: dict[str, Any]) -> bool:
        told: dict[str, Any] = {"of": self.of.value, "order": None}
        seen.setdefault(OTHER_ORDERS, []).append(told)
        found = self._find(subject)
        order = found.get((subject.customer_id, None if subject.order is None else subject.order.pk))
        if order is None:
            return False
        told["order"] = order.pk
        is_so = self._agree(subject.about(order, self._batch_of(found, subject)), told)
        return is_so or self._was_looked_up(subject)

    def _was_looked_up(self, subject: Subject) -> bool:
        """What the database found was so, though somebody may have changed it before it was read."""
        return self.of is not Scope.LAST and subject.customer_id is not None

    def _find(self, subject: Subject) -> Found:
        own, batch = subject.order, subject.batch
        if own is not None and own.customer_id is None:
            return {(None, own.pk): None if self.of is Scope.ANOTHER else own}
        if self.of is Scope.LAST:
            return batch.once(Scope.LAST, lambda: find_last(batch, but_tests=subject.is_of_segment))
        return batch.once(self, lambda: self._find_matching(subject))

    def _find_matching(self, subject: Subject) -> Found:
        batch = subject.batch
        if self.reads_history:
            batch.catch_up()
        matching = self._all_where(replace(subject.asking, among=batch.customer_ids))
        if subject.is_of_segment:
            matching &= Q(is_test=False)
        return find_matching(batch, matching, but_own=self.of is Scope.ANOTHER)

    def _batch_of(self, found: Found, subject: Subject) -> Batch:
        """What is read of the orders found is read for all of them."""
        now = subject.batch.now
        if subject.customer_id is None:
            return Batch([order for order in found.values() if order], now)
        return subject.batch.once((self, "found"), lambda: Batch([o for o in found.values() if o], now))
