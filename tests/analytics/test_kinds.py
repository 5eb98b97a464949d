"""Operators of what a customer is known for: attributes, whose values say what they are, and tags."""

import pytest

from analytics.fields import Batch, Subject
from analytics.rules import RuleError, read_rule
from customers.models import Customer
from orders.models import Order
from tests.factories import CustomerFactory, OrderFactory

pytestmark = pytest.mark.django_db


def holds(customer, field, operator, value=None, **params):
    order = OrderFactory(customer=customer)
    rule = {"combinator": "and", "rules": [{"field": field, "operator": operator, "value": value, **params}]}
    batch = Batch([order], order.created_at)
    return read_rule(rule).ask(Subject(order, None, {}, batch)).holds


def refused(field, operator, value=None, **params):
    with pytest.raises(RuleError) as refusal:
        read_rule({"combinator": "and", "rules": [{"field": field, "operator": operator, "value": value, **params}]})
    return [(problem.field, problem.code) for problem in refusal.value.problems]


@pytest.mark.parametrize(
    ("kept", "operator", "value", "expected"),
    [
        ("gold", "=", "gold", True), ("gold", "=", "Gold", False), ("gold", "!=", "silver", True),
        ("gold", "in", ["silver", "gold"], True), ("gold", "notIn", ["gold"], False), ("gold", "in", "gold", True),
        ("gold", "contains", "ol", True), ("gold", "doesNotContain", "ol", False), ("gold", "beginsWith", "go", True),
        ("gold", "endsWith", "go", False), ("gold", "notNull", None, True), ("gold", "null", None, False),
        (12.3, "=", 12.3, True), (12.3, ">", "12.2", True), (12.3, "<=", 12.3, True),
        (12.3, "between", [12, "13"], True), (12.3, "<", 12, False), (3, "=", 3.0, True), (3, "in", [1, 2, 3], True),
        (0, "notNull", None, True), (0, "=", 0, True),
        (True, "=", True, True), (True, "=", False, False), (False, "=", False, True), (False, "!=", True, True),
        (True, "in", [True, "x"], True), (False, "notNull", None, True),
        # A value of another type equals nothing, has no order and no parts.
        (True, "=", 1, False), (1, "=", True, False), (1, "!=", True, True), (1, "in", [True], False),
        (0, "=", False, False), ("12", "=", 12, False), (12, "=", "12", False), ("12", ">", 1, False),
        ("12", "<", 1, False), (True, ">", 0, False), (True, "between", [0, 2], False), (12, "contains", "1", False),
        (12, "doesNotContain", "1", True), (True, "beginsWith", "T", False), ("gold", "notIn", [1, True], True),
    ],
)  # fmt: skip
def test_an_attribute(kept, operator, value, expected):
    ada = CustomerFactory(attributes={"it": kept, "other": "x"})

    assert holds(ada, "customer.attribute", operator, value, name="it") is expected


@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        ("=", "x", False), ("!=", "x", True), ("in", [1], False), ("notIn", [1], True), ("<", 1, False),
        ("between", [0, 1], False), ("contains", "x", False), ("doesNotContain", "x", True), ("beginsWith", "x", False),
        ("endsWith", "x", False), ("null", None, True), ("notNull", None, False),
    ],
)  # fmt: skip
@pytest.mark.parametrize("attributes", [{}, {"another": "x"}, None], ids=["none", "another", "nobody"])
def test_an_attribute_that_is_missing(attributes, operator, value, expected):
    customer = None if attributes is None else CustomerFactory(attributes=attributes)

    assert holds(customer, "customer.attribute", operator, value, name="it") is expected


@pytest.mark.parametrize(
    ("tags", "operator", "value", "expected"),
    [
        (["a", "b"], "anyOf", ["b", "c"], True), (["a", "b"], "anyOf", ["c"], False), (["a"], "anyOf", "a", True),
        (["a", "b"], "allOf", ["b", "a"], True), (["a", "b"], "allOf", ["b", "c"], False),
        (["a", "b"], "noneOf", ["c", "d"], True), (["a", "b"], "noneOf", ["c", "b"], False),
        (["a"], "notNull", None, True), (["a"], "null", None, False),
        ([], "anyOf", ["a"], False), ([], "allOf", ["a"], False), ([], "noneOf", ["a"], True), ([], "null", None, True),
        (None, "anyOf", ["a"], False), (None, "noneOf", ["a"], True), (None, "null", None, True),
    ],
)  # fmt: skip
def test_tags(tags, operator, value, expected):
    customer = None if tags is None else CustomerFactory(tags=tags)

    assert holds(customer, "customer.tags", operator, value) is expected


def test_however_many_attributes_and_tags_are_asked_for_they_are_read_once(django_assert_num_queries):
    orders = [OrderFactory(customer=CustomerFactory(attributes={"a": n}, tags=["t"])) for n in range(20)]
    orders = list(Order.objects.select_related("customer").defer("customer__attributes", "customer__tags"))
    rule = read_rule(
        {
            "combinator": "and",
            "rules": [
                {"field": "customer.attribute", "name": "a", "operator": ">=", "value": 0},
                {"field": "customer.attribute", "name": "b", "operator": "null"},
                {"field": "customer.tags", "operator": "anyOf", "value": ["t"]},
            ],
        }
    )
    batch = Batch(orders, orders[0].created_at)

    with django_assert_num_queries(1):
        assert all(rule.ask(Subject(order, None, {}, batch)).holds for order in orders)


@pytest.mark.parametrize(
    "name", ["__class__", "__dict__", "a.b", "a__b", "Level", "1a", "", "a" * 65, "a\x00", "level ", 7, True, ["a"], {}]
)
def test_an_attribute_is_named_as_customers_have_them(name):
    if name == "a__b":  # a name like any other: no path into the database
        assert holds(CustomerFactory(attributes={"a": {"b": 1}}), "customer.attribute", "null", name=name)
    else:
        assert refused("customer.attribute", "null", name=name) == [("/rules/0/name", "bad_param")]


def test_an_attribute_must_be_named():
    assert refused("customer.attribute", "=", 1) == [("/rules/0/name", "required")]
    assert refused("order.total", "=", 1, name="level") == [("/rules/0/name", "unknown_field")]


@pytest.mark.parametrize(
    ("operator", "values"),
    [
        ("=", [None, "", [], {}, ["a"], "x" * 501, "a\x00", float("nan"), 10**5000]),
        ("in", [None, [], [None], [[1]], ["x"] * 1001]),
        ("<", [None, "gold", True, [], {}]),
        ("between", [1, [1], [1, "x"], [True, 2]]),
        ("contains", [None, "", 7, True, []]),
    ],
)
def test_a_value_that_does_not_fit_an_attribute(operator, values):
    for value in values:
        assert refused("customer.attribute", operator, value, name="it") == [("/rules/0/value", "bad_value")]


@pytest.mark.parametrize("value", [None, "", [], "VIP", ["a b"], [1], {}, [["a"]], True, ["t"] * 1001])
def test_a_value_that_is_no_tag(value):
    assert refused("customer.tags", "anyOf", value) == [("/rules/0/value", "bad_value")]


@pytest.mark.parametrize(
    "field",
    [
        "customer.phone", "customer.phone_written", "customer.email", "customer.last_name", "customer.attributes",
        "customer.attributes.level", "customer.pk", "customer.orders", "order.pk", "order.custom", "order.lines",
        "order.delivery", "order.payment", "order.customer", "order.customer.email", "order.__class__", "messages.text",
        "messages.phone", "message.text", "workspace.sms_gateway", "subject", "batch", "read", "",
    ],
)  # fmt: skip
def test_nothing_else_can_be_asked(field):
    assert refused(field, "notNull") == [("/rules/0/field", "unknown_field")]
    assert Customer.objects.count() == 0
