"""What a condition says of a row, as the database reads it. Each answers as `values.holds` does, and never with NULL.

An assertion takes the column (or what a query calls it), an operator that denies nothing, what it compares with, and
what is asked; `answer` makes of it whatever operator is asked for, of a value that may be missing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import MAX_EMAX, MIN_EMIN, ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from functools import reduce
from math import nextafter
from operator import or_
from typing import Any

from django.db.models import BooleanField, F, Func, Q, QuerySet, TextField, Value
from django.db.models.functions import Right, StrIndex
from django.db.models.lookups import Exact, GreaterThan, In

from analytics.subjects import Asking
from analytics.values import DENIALS
from customers.attributes import MOST_OF_A_NUMBER
from workspace.money import PLACES, unusual_currencies

Assertion = Callable[[str, str, Any, Asking], Q]
# The operator, what it compares with, and what is asked.
Where = Callable[[str, Any, Asking], Q]

ALWAYS, NEVER = ~Q(pk__in=[]), Q(pk__in=[])


class _AmongFound(Func):
    """Left to join what was found, PostgreSQL may find it anew for each row, where it takes few rows for granted. So it
    finds it once and looks each row up: what a rule costs is then the sum of what its conditions cost.
    """

    output_field = BooleanField()
    template = "%(expressions)s"

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template="(%(expressions)s) IS TRUE", **context)


def among_customers(ids: QuerySet[Any, Any]) -> Q:
    """Of customers: that they are among these keys, none of which is missing."""
    return Q(_AmongFound(In(F("pk"), ids)))


def joined_if_alone(whole: Q) -> Q:
    """Where a rule asks nothing else, whom it finds is joined: that takes few of the customers, and cannot go wrong."""
    part: Any = whole
    while isinstance(part, Q) and len(part.children) == 1 and not part.negated:
        part = part.children[0]
    return Q(part.source_expressions[0]) if isinstance(part, _AmongFound) else whole


_LOOKUPS = {"=": "exact", "in": "in", "<": "lt", "<=": "lte", ">": "gt", ">=": "gte", "between": "range"}
# Of what is so long ago as something is larger.
_BACKWARDS = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "between": "between"}
# More digits than a number of a rule has, and a column holds.
_EXACT = Context(prec=200, Emin=MIN_EMIN, Emax=MAX_EMAX)
_MOST = 2**63 - 1


def answer(operator: str, is_there: Q, asserts: Callable[[str], Q]) -> Q:
    asserted = DENIALS.get(operator, operator)
    found = is_there if asserted == "notNull" else is_there & asserts(asserted)
    return ~found if operator in DENIALS else found


def of_column(column: str, is_there: Q, assertion: Assertion) -> Where:
    """Of what stands in the row itself."""

    def where(operator: str, wanted: Any, asking: Asking) -> Q:
        return answer(operator, is_there, lambda asserted: assertion(column, asserted, wanted, asking))

    return where


def of_status(column: str, type: str) -> Where:
    """In a segment a status that is not marked is as good as none."""

    def where(operator: str, wanted: Any, asking: Asking) -> Q:
        is_there = Q((f"{column}__in", asking.marked(type))) if asking.of_segment else Q((f"{column}__isnull", False))
        return answer(operator, is_there, lambda asserted: named(asserted, wanted, asking))

    def named(operator: str, wanted: Any, asking: Asking) -> Q:
        return Q((f"{column}__in", asking.status_ids(type, wanted if operator == "in" else {wanted})))

    return where


# Assertions


def same(column: str, operator: str, wanted: Any, _asking: Asking) -> Q:
    return Q((f"{column}__{_LOOKUPS[operator]}", wanted))


time = length = same


def moment(column: str, operator: str, wanted: Any, asking: Asking) -> Q:
    if operator == "inLast":
        return Q((f"{column}__gt", wanted[0]), (f"{column}__lte", wanted[1]))
    return same(column, operator, wanted, asking)


def since(column: str, operator: str, wanted: Any, asking: Asking) -> Q:
    """Of a column that tells when, how long ago that is."""
    ends = tuple(asking.now - one for one in reversed(wanted)) if operator == "between" else asking.now - wanted
    return same(column, _BACKWARDS[operator], ends, asking)


def text(column: str, operator: str, wanted: Any, asking: Asking) -> Q:
    """By letters as they are: LIKE takes no notice of case on SQLite."""
    if operator in _PARTS:
        return _PARTS[operator](F(column), wanted)
    return same(column, operator, wanted, asking)


_PARTS: dict[str, Callable[[Any, str], Q]] = {
    "contains": lambda told, wanted: Q(GreaterThan(StrIndex(told, Value(wanted)), Value(0))),
    "beginsWith": lambda told, wanted: Q(Exact(StrIndex(told, Value(wanted)), Value(1))),
    "endsWith": lambda told, wanted: Q(Exact(Right(told, len(wanted)), Value(wanted))),
}


def money(currency: str) -> Assertion:
    """An amount is kept in whole minor units, of which currencies have more or fewer."""
    unusual = unusual_currencies()

    def assertion(column: str, operator: str, wanted: Any, _asking: Asking) -> Q:
        others = [code for codes in unusual.values() for code in codes]
        found = ~Q((f"{currency}__in", others)) & amount(column, operator, wanted, PLACES)
        for places, codes in unusual.items():
            found |= Q((f"{currency}__in", codes)) & amount(column, operator, wanted, places)
        return found

    return assertion


def whole(column: str, operator: str, wanted: Any, _asking: Asking) -> Q:
    """Of a column of whole numbers."""
    return amount(column, operator, wanted, 0)


def amount(column: str, operator: str, wanted: Any, places: int) -> Q:
    """Of a column that counts units of which there are a power of ten in one."""
    match operator:
        case "=" | "in":
            ends = [_ends(one, places) for one in (wanted if operator == "in" else [wanted])]
            return Q((f"{column}__in", [low for low, high in ends if low == high]))
        case "between":
            return amount(column, ">=", wanted[0], places) & amount(column, "<=", wanted[1], places)
    low, high = _ends(wanted, places)
    return Q((f"{column}__{_LOOKUPS[operator]}", high if operator in ("<", ">=") else low))


def _ends(wanted: Decimal, places: int) -> tuple[int, int]:
    """In minor units, rounded down and up, as far as the column goes: no amount is there."""
    nearest = max(min(wanted, Decimal(_MOST)), Decimal(-_MOST)).scaleb(places, context=_EXACT)
    low, high = (int(nearest.to_integral_value(way, context=_EXACT)) for way in (ROUND_FLOOR, ROUND_CEILING))
    return max(low, -_MOST), min(high, _MOST)


# What is kept as JSON


def words(column: str, operator: str, wanted: Any, _asking: Asking) -> Q:
    """Of a list of words."""
    return Q(_Holds(column, wanted, of_all=operator == "allOf"))


class _Holds(Func):
    """Whether a list of words holds any, or all, of these."""

    output_field = BooleanField()

    def __init__(self, column: str, wanted: frozenset[str], *, of_all: bool) -> None:
        super().__init__(F(column), *(Value(word) for word in sorted(wanted)))
        self.of_all = of_all

    def as_postgresql(self, compiler: Any, connection: Any, **_context: Any) -> Any:
        marks = ", ".join(["%s"] * (len(self.source_expressions) - 1))
        operator = "?&" if self.of_all else "?|"
        return self._written(compiler, f"(%(first)s {operator} ARRAY[{marks}]::text[])")

    def as_sqlite(self, compiler: Any, connection: Any, **_context: Any) -> Any:
        count = len(self.source_expressions) - 1
        marks = ", ".join(["%s"] * count)
        found = f"(SELECT COUNT(DISTINCT value) FROM json_each(%(first)s) WHERE value IN ({marks}))"  # noqa: S608 - marks of ours
        return self._written(compiler, f"({found} >= {count if self.of_all else 1})")

    def _written(self, compiler: Any, template: str) -> tuple[str, list[str]]:
        first, _params = compiler.compile(self.source_expressions[0])
        wanted = [word.value for word in self.source_expressions[1:]]  # type: ignore[attr-defined]
        return template.replace("%(first)s", first), wanted


def of_attribute(operator: str, wanted: Any, asking: Asking) -> Q:
    """Of one attribute of a customer, whose value says what it is. Numbers are kept as doubles."""
    told = asking.said["name"]
    return answer(operator, ~Q(Exact(_type_of(told), Value(""))), lambda asserted: _attribute(told, asserted, wanted))


def _attribute(name: str, operator: str, wanted: Any) -> Q:
    if operator in _PARTS:
        return _is(name, "text") & _PARTS[operator](_Read(name), wanted)
    if operator in ("=", "in"):
        return reduce(or_, (_equals(name, *one) for one in (wanted if operator == "in" else [wanted])))
    if operator == "between":
        return _number(name, ">=", wanted[0]) & _number(name, "<=", wanted[1])
    return _number(name, operator, wanted)


def _equals(name: str, type: str, value: Any) -> Q:
    if type == "number":
        low, high = _doubles(value)
        return _is(name, type) & Q(_Compared(name, "=", low)) if low == high else NEVER
    written = {True: "true", False: "false"}[value] if type == "flag" else value
    return _is(name, type) & Q(Exact(_Read(name), Value(written)))


def _number(name: str, operator: str, wanted: Decimal) -> Q:
    low, high = _doubles(wanted)
    return _is(name, "number") & Q(_Compared(name, operator, high if operator in ("<", ">=") else low))


def _is(name: str, type: str) -> Q:
    return Q(Exact(_type_of(name), Value(type)))


def _doubles(wanted: Decimal) -> tuple[float, float]:
    """The doubles next to a number, below and above it, or itself twice."""
    most = Decimal(MOST_OF_A_NUMBER * 10)
    bounded = max(min(wanted, most), -most)
    nearest = float(bounded)
    exact = Decimal(repr(nearest))
    if exact == bounded:
        return nearest, nearest
    return (
        (nearest, nextafter(nearest, float("inf"))) if exact < bounded else (nextafter(nearest, -float("inf")), nearest)
    )


# What each database calls the type of a value.
_TYPES: Mapping[str, str] = {
    "string": "text", "number": "number", "boolean": "flag",
    "text": "text", "integer": "number", "real": "number", "true": "flag", "false": "flag",
}  # fmt: skip


class _OfAttribute(Func):
    """Something of `attributes.name`. Names are letters, digits and _, so that they can be written as they are."""

    postgresql = sqlite = ""

    def __init__(self, name: str, **extra: Any) -> None:
        super().__init__(F("attributes"), name=name, **extra)

    def as_postgresql(self, compiler: Any, connection: Any, **_context: Any) -> Any:
        return self.as_sql(compiler, connection, template=self.postgresql)

    def as_sqlite(self, compiler: Any, connection: Any, **_context: Any) -> Any:
        return self.as_sql(compiler, connection, template=self.sqlite)


class _Read(_OfAttribute):
    """As a text, where it is one, or true or false."""

    output_field = TextField()
    postgresql = "(%(expressions)s ->> '%(name)s')"
    sqlite = (
        "CASE JSON_TYPE(%(expressions)s, '$.%(name)s') WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' "
        "ELSE JSON_EXTRACT(%(expressions)s, '$.%(name)s') END"
    )


def _type_of(name: str) -> Any:
    return _TypeOf(name)


class _TypeOf(_OfAttribute):
    """text, number or flag; empty if it is not there."""

    output_field = TextField()
    _cases = " ".join(f"WHEN '{told}' THEN '{type}'" for told, type in _TYPES.items())
    postgresql = f"CASE jsonb_typeof(%(expressions)s -> '%(name)s') {_cases} ELSE '' END"
    sqlite = f"CASE JSON_TYPE(%(expressions)s, '$.%(name)s') {_cases} ELSE '' END"


class _Compared(_OfAttribute):
    """A number with another, where it is one."""

    output_field = BooleanField()
    postgresql = (
        "COALESCE(CASE WHEN jsonb_typeof(%(expressions)s -> '%(name)s') = 'number' "
        "THEN (%(expressions)s ->> '%(name)s')::numeric %(operator)s '%(other)s'::numeric END, FALSE)"
    )
    sqlite = "COALESCE(CAST(JSON_EXTRACT(%(expressions)s, '$.%(name)s') AS REAL) %(operator)s %(other)s, 0)"

    def __init__(self, name: str, operator: str, other: float) -> None:
        super().__init__(name, operator=operator, other=repr(other))
