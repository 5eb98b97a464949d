"""What a condition says of an order, as the database reads it: for other orders than the one at hand.

A customer may have ten thousand; none of them is brought here to be looked at. Each answers as `kinds.holds` does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import MAX_EMAX, MIN_EMIN, ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from typing import Any

from django.db.models import F, Q, Value
from django.db.models.functions import Right, StrIndex
from django.db.models.lookups import Exact, GreaterThan

from statuses.models import OrderStatus, code_key
from workspace.money import PLACES, unusual_currencies

# The operator, what it compares with, and the statuses by their keys. Statuses' codes are as they are meant today.
Where = Callable[[str, Any, Mapping[int, OrderStatus]], Q]
# Of an operator that asserts something of a value that is there.
_Assert = Callable[[str, Any, Mapping[int, OrderStatus]], Q]

# What an operator denies. Those hold of a value that is missing.
DENIALS = {"!=": "=", "notIn": "in", "doesNotContain": "contains", "noneOf": "anyOf", "null": "notNull"}
_LOOKUPS = {"=": "exact", "in": "in", "<": "lt", "<=": "lte", ">": "gt", ">=": "gte", "between": "range"}
# More digits than a number of a rule has, and a column holds.
_EXACT = Context(prec=200, Emin=MIN_EMIN, Emax=MAX_EMAX)
_MOST = 2**63 - 1


def _where(is_there: Q, asserts: _Assert) -> Where:
    def where(operator: str, wanted: Any, statuses: Mapping[int, OrderStatus]) -> Q:
        asserted = DENIALS.get(operator, operator)
        found = is_there if asserted == "notNull" else is_there & asserts(asserted, wanted, statuses)
        return ~found if operator in DENIALS else found

    return where


def status(column: str, type: str) -> Where:
    def asserts(operator: str, wanted: Any, statuses: Mapping[int, OrderStatus]) -> Q:
        codes = wanted if operator == "in" else {wanted}
        ids = [
            id
            for id, status in statuses.items()
            if status.type == type and code_key(statuses[status.stands_for_id].code) in codes
        ]
        return Q((f"{column}__in", ids))

    return _where(Q((f"{column}__isnull", False)), asserts)


def text(column: str) -> Where:
    """By letters as they are: LIKE takes no notice of case on SQLite."""

    def asserts(operator: str, wanted: Any, _statuses: Mapping[int, OrderStatus]) -> Q:
        if operator == "contains":
            return Q(GreaterThan(StrIndex(F(column), Value(wanted)), Value(0)))
        if operator == "beginsWith":
            return Q(Exact(StrIndex(F(column), Value(wanted)), Value(1)))
        if operator == "endsWith":
            return Q(Exact(Right(F(column), len(wanted)), Value(wanted)))
        return Q((f"{column}__{_LOOKUPS[operator]}", wanted))

    return _where(~Q((column, "")), asserts)


def time(column: str) -> Where:
    def asserts(operator: str, wanted: Any, _statuses: Mapping[int, OrderStatus]) -> Q:
        return Q((f"{column}__{_LOOKUPS[operator]}", wanted))

    return _where(Q((f"{column}__isnull", False)), asserts)


def money(column: str, currency: str) -> Where:
    """An amount is kept in whole minor units, of which currencies have more or fewer."""
    unusual = unusual_currencies()

    def asserts(operator: str, wanted: Any, _statuses: Mapping[int, OrderStatus]) -> Q:
        others = [code for codes in unusual.values() for code in codes]
        found = ~Q((f"{currency}__in", others)) & _amount(column, operator, wanted, PLACES)
        for places, codes in unusual.items():
            found |= Q((f"{currency}__in", codes)) & _amount(column, operator, wanted, places)
        return found

    return _where(Q((f"{column}__isnull", False)), asserts)


def _amount(column: str, operator: str, wanted: Any, places: int) -> Q:
    match operator:
        case "=" | "in":
            ends = [_ends(one, places) for one in (wanted if operator == "in" else [wanted])]
            return Q((f"{column}__in", [low for low, high in ends if low == high]))
        case "between":
            return _amount(column, ">=", wanted[0], places) & _amount(column, "<=", wanted[1], places)
    low, high = _ends(wanted, places)
    return Q((f"{column}__{_LOOKUPS[operator]}", high if operator in ("<", ">=") else low))


def _ends(wanted: Decimal, places: int) -> tuple[int, int]:
    """In minor units, rounded down and up, as far as the column goes: no amount is there."""
    nearest = max(min(wanted, Decimal(_MOST)), Decimal(-_MOST)).scaleb(places, context=_EXACT)
    low, high = (int(nearest.to_integral_value(way, context=_EXACT)) for way in (ROUND_FLOOR, ROUND_CEILING))
    return max(low, -_MOST), min(high, _MOST)
