"""Rules that somebody wrote to do harm: each is told what is wrong with it, and where, at once."""

import time

import pytest

from analytics.fields import all_fields
from analytics.rules import RuleError, read_segment_rule
from tests.factories import vocabulary

pytestmark = pytest.mark.django_db

AT_ONCE_S = 1.0
DAYS = {"value": 7, "unit": "days"}
COUNT = {"field": "orders.count", "operator": ">=", "value": 1}
PAID = {"field": "order.payment_status", "operator": "=", "value": "paid"}
ATTRIBUTE = {"field": "customer.attribute", "name": "level", "operator": "=", "value": "gold"}
WENT = {"field": "transitions.count", "type": "payment", "operator": ">=", "value": 1}
REACHED = {"field": "order.payment_reached", "operator": "anyOf", "value": ["paid"]}
STAYED = {"field": "order.payment_stayed", "status": "paid", "operator": ">", "value": DAYS}
SENT = {"field": "messages.sent", "within": DAYS, "operator": ">=", "value": 1}
INJECTIONS = (
    "' OR 1=1 --", "'; DROP TABLE customers_customer; --", '" OR ""="', "1) UNION SELECT 1 --", "%s", "%(x)s", "{0.pk}",
    "$.x') = 1 OR ('", "\\'; --", "customer__orders.pk", "__class__.__mro__", "../../etc/passwd", "-- pk", "/**/",
    "\u202e",    "a\x00b", "\ud800", "${jndi:ldap://x}", "<script>alert(1)</script>", "x" * 65,
)  # fmt: skip


def group(*rules, combinator="and", **more):
    return {"combinator": combinator, "rules": list(rules), **more}


def of_orders(*rules, **more):
    return group(group(*rules, of="any_order", **more))


def deep(levels, key="rules"):
    rule = group(COUNT)
    for _ in range(levels):
        rule = group(rule) if key == "rules" else group({**COUNT, "where": rule})
    return rule


def bottomless(levels, kind):
    value = 1
    for _ in range(levels):
        value = [value] if kind == "list" else {"rules": [value]}
    return value


def structures():
    yield from (None, True, False, 0, 1.5, float("nan"), "", "rule", [], [group(COUNT)], {}, {"rules": [COUNT]})
    yield from ({"combinator": one, "rules": [COUNT]} for one in ("xor", "AND", "", None, 1, ["and"], {}, True))
    yield from (
        {"combinator": "and", "rules": one} for one in (None, {}, "x", 1, [], [None], [1], ["x"], [[]], [[COUNT]], [{}])
    )
    yield from (group(COUNT, **{"not": one}) for one in (None, 0, 1, "true", [], {}))
    yield from (
        group(COUNT, of=one) for one in ("this_order", "another_order", "every", "", None, 1, [], {}, ["any_order"])
    )
    yield from (
        group(COUNT, **{key: 1}) for key in ("where", "field", "sql", "__proto__", "constructor", "$where", "a/b~c")
    )
    yield group(group(PAID, group(PAID, of="last_order"), of="any_order"))
    yield group(COUNT, of="any_order")
    yield group(PAID)
    yield group(group(PAID))
    yield group(REACHED, STAYED)


def sizes():
    yield from (deep(levels) for levels in (8, 9, 50, 500, 5_000, 100_000))
    yield from (deep(levels, "where") for levels in (1, 5, 500))
    yield group(*[COUNT] * 201)
    yield group(*[COUNT] * 100_000)
    yield group(*[group()] * 5_000)
    yield group({**COUNT, "operator": "in", "value": list(range(1001))})
    yield group({**COUNT, "operator": "in", "value": list(range(200_000))})
    yield group({**ATTRIBUTE, "value": "x" * 501})
    yield group({**ATTRIBUTE, "value": "x" * 10_000_000})
    yield group({**ATTRIBUTE, "operator": "in", "value": ["x" * 500] * 1000})
    yield group({**COUNT, "value": "9" * 101})
    yield group({**COUNT, "value": 10**5000})
    yield group(COUNT, id="x" * 200_000)
    yield group({**COUNT, "id": bottomless(100_000, "list")})
    yield group({**COUNT, "value": bottomless(100_000, "list")})
    yield group({**COUNT, "value": bottomless(100_000, "object")})
    yield group(**{"x" * 200_000: 1})
    yield group(*[group(PAID, of="any_order")] * 11)
    yield group(*[{**COUNT, "where": group(PAID)}] * 11)
    yield of_orders(*[PAID] * 51)
    yield group({**WENT, "from": ["paid"] * 101})
    yield bottomless(100_000, "object")
    yield bottomless(100_000, "list")


def fields():
    names = (
        "",
        "orders",
        "orders.",
        "ORDERS.COUNT",
        "orders.count ",
        "customer.phone",
        "customer.email",
        "order.customer",
    )
    yield from (group({**COUNT, "field": name}) for name in names)
    yield from (group({**COUNT, "field": name}) for name in (None, 1, True, [], {}, ["orders.count"]))
    yield from (group({**COUNT, "field": name}) for name in INJECTIONS)
    yield group({"field": "messages.sent_for_order", "operator": "=", "value": True})
    yield group({**SENT, "campaign": "this"})


def operators():
    names = ("", "==", "LIKE", "regex", "contains", "anyOf", "__gt", "in ", "IN", None, 1, [], {}, ["="])
    yield from (group({**COUNT, "operator": name}) for name in names)
    yield group({"field": "orders.count", "value": 1})
    yield group({**ATTRIBUTE, "operator": "anyOf"})
    yield group({**COUNT, "operator": "null", "value": 0})


def values():
    yield from (
        group({**COUNT, "value": one}) for one in (None, "", "x", True, [], {}, [1], "1 OR 1=1", "nan", "Infinity")
    )
    yield from (
        group({**COUNT, "operator": "between", "value": one}) for one in (1, [], [1], [1, 2, 3], ["a", "b"], {})
    )
    yield from (of_orders({**REACHED, "value": one}) for one in (None, [], [1], [None], "never", ["x" * 501], {}))
    yield from (
        of_orders({**STAYED, "value": one})
        for one in (1, "1 day", {}, {"value": -1, "unit": "days"}, {"value": 10**9, "unit": "days"})
    )
    yield from (of_orders({**PAID, "value": one}) for one in (*INJECTIONS, "unmarked", "UNMARKED"))
    yield from (
        group({"field": "customer.segments", "operator": "anyOf", "value": one})
        for one in ([], None, 1, [1], ["never"], [INJECTIONS[0]], ["x" * 65])
    )
    yield from (
        group({"field": "orders.last_at", "operator": operator, "value": one})
        for operator, one in (
            ("inLast", 30),
            ("inLast", "30 days"),
            ("<", DAYS),
            ("<", "yesterday"),
            (">", "2024-05-03"),
        )
    )
    yield group({"field": "customer.sms_consent", "operator": "=", "value": INJECTIONS[0]})
    yield group({"field": "customer.has_phone", "operator": "=", "value": 1})
    yield group({"field": "customer.tags", "operator": "anyOf", "value": [INJECTIONS[0]]})


def params():
    yield from (group({**ATTRIBUTE, "name": one}) for one in (*INJECTIONS, None, 1, [], {}, "", "Level", "_x", "1x"))
    yield from (group({**WENT, "type": one}) for one in (None, "", "money", 1, [], INJECTIONS[0]))
    yield from (group({**WENT, "from": one}) for one in ([], [None], [1], ["never"], ["unmarked"], {}, [INJECTIONS[0]]))
    yield from (
        group({**WENT, "within": one})
        for one in (7, "7", [], {}, {"value": 0, "unit": "days"}, {"value": 7, "unit": "years"})
    )
    yield from (of_orders({**STAYED, "status": one}) for one in (None, "", 1, [], "never", "unmarked"))
    yield from (
        group({**COUNT, "where": one}) for one in (1, "x", [], {}, group(), group(COUNT), group(PAID, of="any_order"))
    )
    yield group({**WENT, "where": group(PAID)})
    yield group({**COUNT, "within": DAYS})
    yield from (group({**COUNT, "at": one}) for one in ("trigger", "then", None, 1, []))
    yield group({**SENT, "category": INJECTIONS[0]})
    yield group({"field": "messages.skipped", "within": DAYS, "reason": "bored", "operator": ">", "value": 1})


ATTACKS = [
    (f"{kind.__name__} {number}", rule)
    for kind in (structures, sizes, fields, operators, values, params)
    for number, rule in enumerate(kind())
]


def test_there_are_two_hundred_of_them():
    assert len(ATTACKS) >= 200


@pytest.mark.parametrize("rule", [rule for _name, rule in ATTACKS], ids=[name for name, _rule in ATTACKS])
def test_it_is_refused_at_once_with_its_place(rule):
    unmarked = vocabulary(("payment", "paid"), ("payment", "unmarked"))["unmarked"]
    type(unmarked).objects.filter(pk=unmarked.pk).update(include_in_analytics=False)
    began = time.monotonic()

    with pytest.raises(RuleError) as refusal:
        read_segment_rule(rule)

    assert time.monotonic() - began < AT_ONCE_S
    assert 0 < len(refusal.value.problems) <= 50
    for problem in refusal.value.problems:
        assert problem.code
        assert problem.detail
        assert problem.field == "" or problem.field.startswith("/")
        assert len(problem.field) < 500
        assert len(problem.detail) < 500


PERSONAL = {
    "customer.first_name": {"operator": "=", "value": "Ada"},
    "customer.attribute": {"name": "level", "operator": "=", "value": "gold"},
    "customer.tags": {"operator": "anyOf", "value": ["vip"]},
}


@pytest.mark.parametrize("field", PERSONAL)
def test_a_rule_reaches_nothing_that_its_author_may_not_see(field):
    rule = group(group({"field": field, **PERSONAL[field]}))

    assert read_segment_rule(rule, may_see_personal=True).is_personal
    with pytest.raises(RuleError) as refusal:
        read_segment_rule(rule, may_see_personal=False)

    assert [(one.field, one.code) for one in refusal.value.problems] == [("/rules/0/rules/0/field", "personal_data")]


def test_every_personal_field_is_tried_here():
    assert {key for key, field in all_fields().items() if field.is_personal} == PERSONAL.keys()
