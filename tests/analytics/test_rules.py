"""The rule language: what each operator says of each kind of value and of none, and what is wrong with a rule."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics import fields
from analytics.fields import Batch, Field, Kind, Subject, all_fields
from analytics.kinds import OPERATORS
from analytics.rules import RuleError, read_rule
from customers.models import Customer
from orders.models import Order, StatusTransition
from statuses.models import OrderStatus

NOON = datetime(2024, 5, 3, 12, 0, tzinfo=UTC)
VOCABULARY = {
    1: OrderStatus(id=1, type="payment", code="Paid", name="Paid"),
    2: OrderStatus(id=2, type="payment", code="invoiced", name="Invoiced"),
}
ADA = Customer(external_id="C-1", first_name="Ada", phone="+16025550124", sms_consent="given", timezone="Asia/Tokyo")


def subject(transition=None, **order):
    known = {"external_id": "O-1", "customer": ADA, "total_minor": 1230, "currency": "EUR", "payment_status_id": 1}
    order = Order(**(known | order))
    return Subject(order, transition, VOCABULARY, Batch([order], NOON))


def condition(field, operator, value=None, **at):
    return {"field": field, "operator": operator, "value": value, **at}


def group(*rules, combinator="and", **more):
    return {"combinator": combinator, "rules": list(rules), **more}


def holds(rule, about):
    rule = group(rule) if "field" in rule else rule
    return read_rule(rule).ask(about).holds


def refused(raw):
    """[(pointer, code), …]"""
    with pytest.raises(RuleError) as refusal:
        read_rule(raw)
    assert all(problem.detail for problem in refusal.value.problems)
    return [(problem.field, problem.code) for problem in refusal.value.problems]


# Operators, by kind


@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        ("=", "paid", True), ("=", "PAID", True), ("=", " Paid ", True), ("=", "invoiced", False),
        ("!=", "paid", False), ("!=", "invoiced", True),
        ("in", ["invoiced", "paid"], True), ("in", ["invoiced"], False), ("in", "paid", True),
        ("notIn", ["invoiced", "PAID"], False), ("notIn", ["invoiced"], True),
        ("null", None, False), ("notNull", None, True),
    ],
)  # fmt: skip
def test_a_status(operator, value, expected):
    assert holds(condition("order.payment_status", operator, value), subject()) is expected


@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        ("=", "Ada", True), ("=", "ada", False), ("!=", "Ada", False), ("!=", "Bob", True),
        ("in", ["Ada", "Bob"], True), ("notIn", ["Bob"], True),
        ("contains", "d", True), ("contains", "D", False),
        ("doesNotContain", "d", False), ("doesNotContain", "x", True),
        ("beginsWith", "Ad", True), ("beginsWith", "da", False), ("endsWith", "da", True), ("endsWith", "Ad", False),
        ("null", None, False), ("notNull", "", True),
    ],
)  # fmt: skip
def test_a_text(operator, value, expected):
    assert holds(condition("customer.first_name", operator, value), subject()) is expected


@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        ("=", 12.3, True), ("=", "12.30", True), ("=", 12, False), ("!=", "12.300", False), ("!=", 12, True),
        ("<", 12.31, True), ("<", 12.3, False), ("<=", "12.3", True), (">", 12, True), (">", "12.30", False),
        (">=", 12.3, True), ("between", [12, 13], True), ("between", ["12.3", "12.3"], True),
        ("between", [13, 12], False),
        ("in", [1, "12.3"], True), ("notIn", [1, 2], True), ("null", None, False), ("notNull", None, True),
        ("<", "1e999999999", True), (">", "-1e999999999", True),
    ],
)  # fmt: skip
def test_a_number(operator, value, expected):
    assert holds(condition("order.total", operator, value), subject()) is expected


@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        ("<", "2024-05-03T12:00:01Z", True), ("<", "2024-05-03T12:00:00Z", False),
        ("<=", "2024-05-03T14:00:00+02:00", True),
        (">", "2024-05-03T11:59:59Z", True), (">=", "2024-05-03T21:00:00+09:00", True),
        ("between", ["2024-05-01T00:00:00Z", "2024-05-31T00:00:00Z"], True),
        ("inLast", {"value": 1, "unit": "minutes"}, True), ("notInLast", {"value": 1, "unit": "minutes"}, False),
        ("null", None, False), ("notNull", None, True),
    ],
)  # fmt: skip
def test_a_time(operator, value, expected):
    assert holds(condition("order.ordered_at", operator, value), subject(ordered_at=NOON)) is expected


@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [("=", "given", True), ("!=", "given", False), ("in", ["given", "unknown"], True), ("notIn", ["refused"], True)],
)
def test_a_choice(operator, value, expected):
    assert holds(condition("customer.sms_consent", operator, value), subject()) is expected


@pytest.mark.parametrize(("value", "expected"), [(True, True), (False, False)])
def test_a_flag(value, expected):
    assert holds(condition("customer.has_phone", "=", value), subject()) is expected


def test_every_operator_is_tried_here_on_every_kind():
    offered = {kind: {*operators, "null", "notNull"} for kind, operators in OPERATORS.items()}

    equality, order = {"=", "!=", "in", "notIn"}, {"<", "<=", ">", ">=", "between"}
    presence, text = {"null", "notNull"}, {"contains", "doesNotContain", "beginsWith", "endsWith"}
    assert offered == {
        Kind.STATUS: equality | presence,
        Kind.TEXT: equality | text | presence,
        Kind.NUMBER: equality | order | presence,
        Kind.TIME: order | {"inLast", "notInLast"} | presence,
        Kind.CHOICE: equality | presence,
        Kind.FLAG: {"="} | presence,
        Kind.DURATION: order | presence,
        Kind.WORDS: {"anyOf", "allOf", "noneOf"} | presence,
        Kind.STATUSES: {"anyOf", "allOf", "noneOf"} | presence,
        Kind.CODES: {"anyOf", "allOf", "noneOf"} | presence,
        Kind.ANY: equality | order | text | presence,
    }


# Nothing there


NOTHING = {"payment_status_id": None, "total_minor": None, "ordered_at": None, "currency": "", "customer": None}
SOMETHING = {
    Kind.STATUS: "paid", Kind.TEXT: "Ada", Kind.NUMBER: 10, Kind.TIME: "2024-05-03T12:00:00Z", Kind.CHOICE: "given",
}  # fmt: skip


DENY = {"!=", "notIn", "notInLast", "doesNotContain", "null"}


@pytest.mark.parametrize(
    "field", ["order.payment_status", "customer.first_name", "order.total", "order.ordered_at", "customer.sms_consent"]
)
def test_what_is_not_there_equals_nothing(field):
    kind = all_fields()[field].kind
    answers = {}
    for operator in (*OPERATORS[kind], "null", "notNull"):
        value = SOMETHING[kind] if operator not in ("null", "notNull") else None
        value = {"in": [value], "notIn": [value], "between": [value, value]}.get(operator, value)
        value = {"value": 1, "unit": "days"} if operator in ("inLast", "notInLast") else value
        answers[operator] = holds(condition(field, operator, value), subject(**NOTHING))

    assert {operator for operator, answer in answers.items() if answer} <= DENY
    assert {operator for operator, answer in answers.items() if not answer}.isdisjoint(DENY)


def test_an_empty_text_is_not_there():
    about = subject(customer=Customer(external_id="C-2"), currency="")

    assert holds(condition("customer.first_name", "null"), about)
    assert holds(condition("order.currency", "null"), about)
    assert holds(condition("customer.timezone", "!=", "UTC"), about)


def test_nobody_has_no_phone():
    assert holds(condition("customer.has_phone", "=", False), subject(customer=None))


def test_a_total_of_nothing_is_there():
    assert holds(condition("order.total", "=", 0), subject(total_minor=0))


# Then and now


def test_at_the_trigger_is_what_the_change_found():
    found = StatusTransition(payment_status_id=2, total_minor=500, currency="USD")
    about = subject(found)

    for field, then, now in (("payment_status", "invoiced", "paid"), ("total", 5, 12.3), ("currency", "USD", "EUR")):
        assert holds(condition(f"order.{field}", "=", then, at="trigger"), about)
        assert holds(condition(f"order.{field}", "=", now, at="now"), about)
        assert holds(condition(f"order.{field}", "=", now), about)


def test_without_a_change_nothing_was_there_at_the_trigger():
    assert holds(condition("order.total", "null", at="trigger"), subject(None))


# Groups


@pytest.mark.parametrize(
    ("combinator", "answers", "negated", "expected"),
    [
        ("and", [True, True], False, True), ("and", [True, False], False, False),
        ("or", [True, False], False, True), ("or", [False, False], False, False),
        ("and", [True, True], True, False), ("and", [True, False], True, True),
        ("or", [False, False], True, True), ("or", [True, False], True, False),
    ],
)  # fmt: skip
def test_a_group(combinator, answers, negated, expected):
    rules = [condition("order.total", "notNull" if answer else "null") for answer in answers]

    assert holds(group(*rules, combinator=combinator, **{"not": negated}), subject()) is expected


def test_groups_hold_groups():
    yes, no = condition("order.total", "notNull"), condition("order.total", "null")

    assert holds(group(yes, group(no, group(yes, no, **{"not": True}), combinator="or")), subject())


def test_all_that_was_looked_at_is_told_and_nothing_personal():
    rule = group(
        condition("order.payment_status", "=", "paid"),
        condition("order.total", "<", 1, at="trigger"),
        group(condition("customer.has_phone", "=", True), condition("order.ordered_at", "null"), combinator="or"),
        condition("customer.first_name", "=", "Ada"),
        condition("customer.external_id", "=", "C-1"),
        combinator="or",
    )
    about = subject(StatusTransition(total_minor=500, currency="EUR"), ordered_at=NOON)

    assert read_rule(rule).ask(about).seen == {
        "order.payment_status": "Paid",
        "order.total@trigger": "5.00",
        "customer.has_phone": True,
        "order.ordered_at": "2024-05-03T12:00:00+00:00",
        "customer.first_name": "…",
        "customer.external_id": "C-1",
    }


def test_a_personal_value_that_is_not_there_is_told_to_be_missing():
    answer = read_rule(group(condition("customer.first_name", "null"))).ask(subject(customer=None))

    assert answer.seen == {"customer.first_name": None}


def test_a_field_can_be_added_from_above(monkeypatch):
    monkeypatch.setattr(fields, "_fields", dict(all_fields()))
    fields.register(Field("order.lucky", "lucky number", Kind.NUMBER, read=lambda subject: Decimal(7)))

    assert holds(condition("order.lucky", "=", 7), subject())


# What is wrong


@pytest.mark.parametrize("raw", [None, True, 7, "paid", [], [group()]])
def test_a_rule_is_a_group(raw):
    assert refused(raw) == [("", "not_a_group")]


TOTAL = condition("order.total", "=", 1)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({}, [("/combinator", "unknown_combinator")]),
        ({"combinator": "xor", "rules": [TOTAL]}, [("/combinator", "unknown_combinator")]),
        ({"combinator": ["and"], "rules": [TOTAL]}, [("/combinator", "unknown_combinator")]),
        ({"combinator": "and"}, [("/rules", "empty_group")]),
        (group(), [("/rules", "empty_group")]),
        ({"combinator": "and", "rules": {}}, [("/rules", "empty_group")]),
        (group(TOTAL, **{"not": "no"}), [("/not", "not_a_flag")]),
        (group(TOTAL, **{"not": 0}), [("/not", "not_a_flag")]),
        (group(TOTAL, **{"not": None}), [("/not", "not_a_flag")]),
        (group(TOTAL, colour="red"), [("/colour", "unknown_field")]),
        (group(7), [("/rules/0", "not_a_group")]),
        (group(TOTAL, None), [("/rules/1", "not_a_group")]),
        (group(TOTAL, group()), [("/rules/1/rules", "empty_group")]),
        (group(condition("order.colour", "=", 1)), [("/rules/0/field", "unknown_field")]),
        (group(condition(None, "=", 1)), [("/rules/0/field", "unknown_field")]),
        (group(condition(["order.total"], "=", 1)), [("/rules/0/field", "unknown_field")]),
        (group(condition("customer.phone", "=", "1")), [("/rules/0/field", "unknown_field")]),
        (group(condition("order.__class__", "=", "1")), [("/rules/0/field", "unknown_field")]),
        (group(condition("order.total", "~", 1)), [("/rules/0/operator", "unknown_operator")]),
        (group(condition("order.total", None, 1)), [("/rules/0/operator", "unknown_operator")]),
        (group(condition("order.total", ["="], 1)), [("/rules/0/operator", "unknown_operator")]),
        (group(condition("order.total", "contains", "1")), [("/rules/0/operator", "unknown_operator")]),
        (group(condition("order.payment_status", "<", "paid")), [("/rules/0/operator", "unknown_operator")]),
        (group(condition("customer.has_phone", "!=", True)), [("/rules/0/operator", "unknown_operator")]),
        (group(condition("order.total", "=", 1, at="yesterday")), [("/rules/0/at", "unknown_moment")]),
        (group(condition("order.total", "=", 1, at=None)), [("/rules/0/at", "unknown_moment")]),
        (group(condition("customer.first_name", "=", "Ada", at="trigger")), [("/rules/0/at", "past_unknown")]),
        (group(TOTAL | {"colour": 1}), [("/rules/0/colour", "unknown_field")]),
    ],
)
def test_what_is_wrong_with_its_place(raw, expected):
    assert refused(raw) == expected


@pytest.mark.parametrize(
    ("field", "operator", "values"),
    [
        ("order.total", "=", [None, "", "ten", True, [], {}, "nan", "inf", "-Infinity", float("nan"), "1,5", 10**5000]),
        ("order.total", "between", [None, 1, [], [1], [1, 2, 3], [1, "x"], {"from": 1}]),
        ("order.total", "in", [None, [], [None], ["x"], [[1]], {}]),
        ("order.payment_status", "=", [None, "", 7, True, ["paid"], {}, "a\x00", "\ud800", "x" * 501]),
        ("order.payment_status", "in", [None, [], [1], [None], [""], ["x"] * 1001, {"paid": 1}]),
        ("customer.first_name", "contains", [None, "", 7, ["Ada"], {}]),
        ("order.ordered_at", "<", [None, "", 7, "2024-05-03", "2024-05-03T12:00:00", "noon", [], {}, True]),
        ("order.ordered_at", "between", [None, "2024-05-03T12:00:00Z", ["2024-05-03T12:00:00Z", None]]),
        ("customer.sms_consent", "=", [None, "", "perhaps", True, ["given"], {}]),
        ("customer.has_phone", "=", [None, "", "true", 1, 0, [], {}]),
        ("order.total", "null", [1, "x", [], {}, False, 0]),
        ("order.total", "notNull", [True, [1]]),
    ],
)
def test_a_value_that_does_not_fit(field, operator, values):
    for value in values:
        assert refused(group(condition(field, operator, value))) == [("/rules/0/value", "bad_value")]


def test_everything_wrong_is_told_at_once():
    raw = group(condition("x", "="), group(condition("order.total", "=", "y"), group()), TOTAL)

    assert refused(raw) == [
        ("/rules/0/field", "unknown_field"),
        ("/rules/1/rules/0/value", "bad_value"),
        ("/rules/1/rules/1/rules", "empty_group"),
    ]


def nested(depth):
    return group(TOTAL if depth == 1 else nested(depth - 1))


def test_groups_are_nested_8_deep_at_most():
    assert holds(nested(8), subject(total_minor=100))

    assert refused(nested(9)) == [("/rules/0" * 8, "too_deep")]


def test_what_is_nested_without_end_is_refused():
    bottomless = group(TOTAL)
    for _ in range(100_000):
        bottomless = {"combinator": "and", "rules": [bottomless]}

    assert refused(bottomless) == [("/rules/0" * 8, "too_deep")]


def test_a_rule_has_200_conditions_and_1000_values_at_most():
    assert holds(group(*[TOTAL] * 200), subject(total_minor=100))
    assert holds(condition("order.total", "in", list(range(1000))), subject(total_minor=100))

    assert refused(group(*[TOTAL] * 201)) == [("/rules/200", "too_many")]


def test_ids_of_an_editor_are_let_through():
    assert holds({"id": "a", "combinator": "and", "rules": [TOTAL | {"id": "b", "operator": ">="}]}, subject())


# Whatever comes


junk = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=6)
    | st.sampled_from(tuple(all_fields())),
    lambda inside: (
        st.lists(inside, max_size=3)
        | st.dictionaries(st.sampled_from(("combinator", "rules", "field", "operator", "value", "at", "not")), inside)
    ),
    max_leaves=8,
)
near_misses = st.fixed_dictionaries(
    {
        "combinator": st.sampled_from(("and", "or")),
        "rules": st.lists(
            st.fixed_dictionaries(
                {
                    "field": st.sampled_from(tuple(all_fields())),
                    "operator": st.sampled_from(("=", "in", "<", "between", "contains", "null", "notIn")),
                    "value": junk,
                },
                optional={"at": st.sampled_from(("now", "trigger"))},
            ),
            min_size=1,
            max_size=3,
        ),
    }
)


@settings(max_examples=200, deadline=None)
@given(junk | near_misses)
def test_a_rule_that_is_read_can_be_asked(raw):
    try:
        rule = read_rule(raw)
    except RuleError as error:
        assert error.problems  # noqa: PT017 - either way will do
        return

    for about in (subject(), subject(**NOTHING), subject(StatusTransition())):
        assert rule.ask(about).holds in (True, False)
