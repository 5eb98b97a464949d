"""Whether the random rules ask for everything that rules can ask for: a field that nobody thought of fails here."""

from functools import cache

import pytest

from analytics.fields import all_fields
from analytics.kinds import OPERATORS, PRESENCE
from analytics.other_orders import Scope
from analytics.rules import SEGMENT_SCOPES
from tests.analytics.oracle.rules import (
    DEEPEST,
    FIELDS,
    FILTER_CUSTOMERS,
    SEGMENT,
    TYPES,
    WAYS,
    Author,
    asked,
    ways,
)
from tests.analytics.oracle.test_rules import SHOPS, rules_of

# What both may ask of other orders, and what one of them asks beside.
ORDERS, CUSTOMERS, RUNS = (FIELDS[about] for about in ("orders", "customers", "runs"))
BOTH = pytest.mark.parametrize("purpose", [SEGMENT, FILTER_CUSTOMERS], ids=["segment", "filter"])


def in_segments():
    return [field for field in all_fields().values() if field.asks_database]


def of_orders():
    return [field for field in all_fields().values() if field.is_elsewhere]


OFFERED = {
    "segment": (in_segments, CUSTOMERS | ORDERS),
    "filter": (lambda: list(all_fields().values()), RUNS),
    "orders": (of_orders, ORDERS),
}
EVERYWHERE = pytest.mark.parametrize(("offered", "written"), OFFERED.values(), ids=OFFERED)


@cache
def rules(purpose):
    """Those of every test run."""
    known = {type: ["a", "b"] for type in TYPES}
    return [rule for seed in range(SHOPS) for rule in rules_of(Author(seed, known, purpose), seed)]


@EVERYWHERE
def test_every_field_is_asked_for_by_every_operator(offered, written):
    there = {(field.key, operator) for field in offered() for operator in (*OPERATORS[field.kind], *PRESENCE)}

    assert {(field, operator) for field, operator, _params in ways(written)} == there


@EVERYWHERE
def test_every_param_is_said_and_left_out(offered, written):
    there = {(field.key, param.key, param.is_required) for field in offered() for param in field.params}
    there |= {(field.key, "where", False) for field in offered() if field.has_where}
    if written is RUNS:
        there |= {(field.key, "at", False) for field in offered() if field.read_past}

    assert {
        (field, param, param in needed)
        for field, (_kind, needed, perhaps) in written.items()
        for param in (*needed, *perhaps)
    } == there


@BOTH
def test_the_cases_of_every_test_run_ask_in_all_ways(purpose):
    asked_so = {way for rule in rules(purpose) for way in asked(rule)}

    assert {*WAYS["orders"], *WAYS[purpose.about]} - asked_so == set()


def test_groups_are_of_every_scope():
    assert set(SEGMENT.scopes) == set(SEGMENT_SCOPES)
    assert {*FILTER_CUSTOMERS.own_scopes, *FILTER_CUSTOMERS.scopes} == set(Scope)


@BOTH
def test_groups_of_every_scope_are_joined_and_denied_in_every_way_however_deep(purpose):
    met = {
        (group.get("of"), group["combinator"], group.get("not", False), level > 1)
        for rule in rules(purpose)
        for group, level in groups(rule)
    }

    assert met >= {
        (of, combinator, is_denied, True)
        for of in (None, *purpose.own_scopes, *purpose.scopes)
        for combinator in ("and", "or")
        for is_denied in (True, False)
    }
    assert max(level for rule in rules(purpose) for _group, level in groups(rule)) >= DEEPEST


def test_other_campaigns_and_moments_are_asked_for():
    said = {
        (name, part[name])
        for rule in rules(FILTER_CUSTOMERS)
        for group, _level in groups(rule)
        for part in group["rules"]
        for name in ("at", "campaign")
        if name in part
    }

    assert said == {("at", "trigger"), ("at", "now"), ("campaign", "any"), ("campaign", "this")}


def groups(group, level=1):
    yield group, level
    for part in group["rules"]:
        inside = part.get("where") if "field" in part else part
        if inside:
            yield from groups(inside, level + 1)
