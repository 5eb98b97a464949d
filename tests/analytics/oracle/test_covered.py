"""Whether the random rules ask for everything that rules can ask for: a field that nobody thought of fails here."""

import pytest

from analytics.fields import all_fields
from analytics.kinds import OPERATORS, PRESENCE
from tests.analytics.oracle.rules import OF_CUSTOMERS, OF_ORDERS, SCOPES, TYPES, Author, asked, ways
from tests.analytics.oracle.test_rules import SHOPS, rules_of


@pytest.fixture(scope="module")
def rules():
    """Those of every test run."""
    marked = {type: ["a", "b"] for type in TYPES}
    return [rule for seed in range(SHOPS) for rule in rules_of(Author(seed, marked), seed)]


def test_every_field_is_asked_for_by_every_operator():
    offered = {
        (field.key, operator)
        for field in all_fields().values()
        if field.asks_database
        for operator in (*OPERATORS[field.kind], *PRESENCE)
    }

    assert {(field, operator) for field, operator, _params in ways(OF_CUSTOMERS | OF_ORDERS)} == offered


def test_every_param_is_said_and_left_out():
    fields = [field for field in all_fields().values() if field.asks_database]
    offered = {(field.key, param.key, param.is_required) for field in fields for param in field.params}
    offered |= {(field.key, "where", False) for field in fields if field.has_where}
    written = {
        (field, param, param in needed)
        for field, (_kind, needed, perhaps) in (OF_CUSTOMERS | OF_ORDERS).items()
        for param in (*needed, *perhaps)
    }

    assert written == offered


def test_the_cases_of_every_test_run_ask_in_all_ways(rules):
    asked_so = {way for rule in rules for way in asked(rule)}

    assert set(ways(OF_CUSTOMERS | OF_ORDERS)) - asked_so == set()


def test_groups_are_of_every_scope_joined_and_denied_in_every_way(rules):
    met = {
        (group.get("of"), group["combinator"], group.get("not", False), level > 1)
        for rule in rules
        for group, level in groups(rule)
    }

    assert met >= {
        (of, combinator, is_denied, True)
        for of in (None, *SCOPES)
        for combinator in ("and", "or")
        for is_denied in (True, False)
    }


def groups(group, level=1):
    yield group, level
    for part in group["rules"]:
        inside = part.get("where") if "field" in part else part
        if inside:
            yield from groups(inside, level + 1)
