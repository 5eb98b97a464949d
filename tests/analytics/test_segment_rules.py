"""Rules of segments: of whom they hold, by one query, and what is told of why."""

from datetime import UTC, datetime, timedelta

import pytest

from analytics import history
from analytics.models import Member, Segment
from analytics.rules import RuleError, read_rule, read_segment_rule
from analytics.subjects import Batch, Subject
from customers.models import Customer
from orders.models import Order
from orders.said import Said
from orders.transitions import hear
from statuses.models import OrderStatus
from statuses.vocabulary import Words
from tests.factories import CustomerFactory, OrderFactory, SourceFactory, vocabulary
from workspace.database import TookTooLong, time_limit

pytestmark = pytest.mark.django_db

NOON = datetime(2024, 5, 3, 12, 0, tzinfo=UTC)


def condition(field, operator, value=None, **more):
    return {"field": field, "operator": operator, "value": value, **more}


def group(*rules, combinator="and", **more):
    return {"combinator": combinator, "rules": list(rules), **more}


def of_any(*rules, **more):
    return group(group(*rules, of="any_order", **more))


def days(number):
    return {"value": number, "unit": "days"}


def ago(**length):
    return NOON - timedelta(**length)


PAID = condition("order.payment_status", "=", "paid")


@pytest.fixture
def shop(db):
    vocabulary(*(("payment", code) for code in ("awaiting", "paid", "overdue", "refunded")), ("general", "cancelled"))
    return SourceFactory(code="shop")


def customer(name, **fields):
    return CustomerFactory(external_id=name, **fields)


def order(name, of, *, total=1000, days_ago=10, **fields):
    fields = {"total_minor": total, "currency": "EUR", **fields}
    return OrderFactory(external_id=name, customer=of, ordered_at=ago(days=days_ago), **fields)


def tell(shop, name, *told, type="payment", **how):
    """ "paid 30": paid, 30 days ago."""
    parts = (one.split() for one in told)
    hear([Said(name, type, code, ago(days=float(number))) for code, number in parts], shop, **how)


def found(rule, **how):
    """The names of the customers of whom it holds: the database says it, and so does whoever tells why."""
    history.catch_up()
    rule = read_segment_rule(rule if "rules" in rule else group(rule), **how)
    names = {one.external_id for one in rule.customers(NOON)}
    told = rule.why(Customer.objects.filter(erased_at=None).values_list("pk", flat=True), NOON)
    by_key = dict(Customer.objects.values_list("pk", "external_id"))
    assert {by_key[pk] for pk, answer in told.items() if answer.holds} == names
    return "".join(sorted(names))


# All orders of the customer


@pytest.fixture
def orders(shop):
    """a has three orders, b one in another currency, c none, d one by a test key."""
    a, b, _c, d = (customer(name) for name in "abcd")
    order("a1", a, total=1000, days_ago=30)
    order("a2", a, total=2000, days_ago=20)
    order("a3", a, total=2001, days_ago=10)
    order("b1", b, total=9000, currency="USD", days_ago=5)
    order("d1", d, total=9000, days_ago=1)
    Order.objects.filter(external_id="d1").update(is_test=True)


@pytest.mark.parametrize(
    ("field", "operator", "value", "expected"),
    [
        ("count", "=", 0, "cd"), ("count", "=", 1, "b"), ("count", ">=", 1, "ab"), ("count", "<", 3, "bcd"),
        ("count", "!=", 0, "ab"), ("count", "in", [0, 3], "acd"), ("count", "between", [1, 2], "b"),
        ("count", "notNull", None, "abcd"), ("count", "null", None, ""), ("count", "=", 1.5, ""),
        ("sum", "=", "50.01", "a"), ("sum", "=", 0, "bcd"), ("sum", ">", 50, "a"), ("sum", "<", "50.01", "bcd"),
        ("average", "=", "16.67", "a"), ("average", "!=", "16.67", "bcd"), ("average", "<", 100, "a"),
        ("average", "null", None, "bcd"), ("average", "notNull", None, "a"),
        ("largest", "=", "20.01", "a"), ("largest", "notIn", [20.01], "bcd"),
        ("first_at", "<", "2024-04-10T00:00:00Z", "a"), ("first_at", "inLast", days(10), "b"),
        ("last_at", "inLast", days(10), "b"), ("last_at", "inLast", days(11), "ab"),
        ("last_at", "notInLast", days(11), "cd"), ("last_at", "null", None, "cd"),
        ("since_first", ">", days(29), "a"), ("since_first", ">=", days(30), "a"), ("since_first", ">", days(30), ""),
        ("since_last", "<=", days(10), "ab"), ("since_last", "between", [days(6), days(10)], "a"),
        ("since_last", "null", None, "cd"),
    ],
)  # fmt: skip
def test_all_orders_of_the_customer(orders, field, operator, value, expected):
    assert found(condition(f"orders.{field}", operator, value)) == expected


def test_which_orders_are_meant(orders):
    large = group(condition("order.total", ">=", 20))

    assert found(condition("orders.count", "=", 2, where=large)) == "a"
    assert found(condition("orders.count", "=", 0, where=large)) == "cd"
    assert found(condition("orders.sum", "=", "40.01", where=large)) == "a"
    assert found(condition("orders.first_at", "inLast", days(21), where=large)) == "ab"


def test_conditions_of_the_same_orders_are_one_question(orders):
    large = group(condition("order.total", ">=", 20))
    both = group(
        condition("orders.count", ">=", 2, where=large),
        condition("orders.sum", ">", 40, where=large),
        condition("orders.count", "<", 3, where=large),
    )

    history.catch_up()
    assert str(read_segment_rule(both).customers(NOON).query).count('orders_order" ') <= 4
    assert found(both) == "a"
    assert found({**both, "not": True}) == "bcd"
    assert found({**both, "combinator": "or"}) == "abcd"


def reached(*codes, **more):
    return condition("order.payment_reached", "anyOf", list(codes), **more)


def twice_for(amount, where):
    return group(condition("orders.count", ">=", 2, where=where), condition("orders.sum", ">=", amount, where=where))


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        # One order of a came to it twice, which is one; of b's two one is of a test key; c's second is yet to come.
        (group(reached("paid", within=days(30))), "d"),
        (group(reached("paid")), "de"),
        (group(reached("paid", within=days(10)), **{"not": True}), "cde"),
        (group(reached("paid", "overdue", within=days(30))), "d"),
        (group(reached("paid", within=days(30)), condition("order.total", ">", 5)), "d"),
    ],
)
def test_orders_that_reached_a_status_count_once_each(shop, where, expected):
    for name in ("a", "b", "c", "d", "e"):
        owner = customer(name)
        for nth in (1, 2):
            order(f"{name}-{nth}", owner)
    Order.objects.filter(external_id="b-2").update(is_test=True)
    tell(shop, "a-1", "paid 20", "overdue 15", "paid 10", "refunded 5", "paid 2")
    tell(shop, "a-2", "awaiting 20")
    for name, first, second in (("b", 20, 10), ("c", 20, -0.01), ("d", 20, 10), ("e", 20, 40)):
        tell(shop, f"{name}-1", f"paid {first}")
        tell(shop, f"{name}-2", f"paid {second}")
    tell(shop, "d-1", "paid -0.002", "overdue -0.001")

    assert found(twice_for(20, where)) == expected


def test_a_total_that_changed_afterwards_is_added_up_as_it_is(shop):
    owner = customer("a")
    for name in ("A-1", "A-2"):
        order(name, owner)
        tell(shop, name, "paid 3")
    rule = twice_for(25, group(reached("paid", within=days(30))))
    assert found(rule) == ""

    Order.objects.filter(external_id="A-2").update(total_minor=1500)

    assert found(rule) == "a"


def test_what_visits_tell_of_their_orders_is_not_looked_up(shop, django_assert_num_queries):
    rule = read_segment_rule(twice_for(20, group(reached("paid", within=days(30)))))

    with django_assert_num_queries(2) as asked:
        rule.customers(NOON).count()

    _currency, question = asked
    assert "orders_order" not in question["sql"]


def test_of_no_orders_several_things_hold_at_once(orders):
    assert found(group(condition("orders.count", "<", 2), condition("orders.sum", "<", 1))) == "bcd"


# One order


@pytest.fixture
def paths(shop):
    a, b, c = (customer(name) for name in "abc")
    order("a1", a, days_ago=40)
    order("a2", a, days_ago=10)
    order("b1", b)
    order("c1", c)
    tell(shop, "a1", "awaiting 40", "paid 35")
    tell(shop, "a2", "awaiting 10")
    tell(shop, "b1", "awaiting 20", "overdue 15", "paid 1", "awaiting 0.5")


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (PAID, "a"),
        (condition("order.payment_status", "!=", "awaiting"), "ac"),
        (condition("order.payment_status", "null"), "c"),
        (condition("order.payment_reached", "anyOf", ["paid"]), "ab"),
        (condition("order.payment_reached", "anyOf", ["PAID"], within=days(30)), "b"),
        (condition("order.payment_reached", "allOf", ["paid", "overdue"]), "b"),
        (condition("order.payment_reached", "noneOf", ["paid"]), "ac"),
        (condition("order.payment_reached", "null"), "c"),
        (condition("order.payment_reached", "notNull", within=days(5)), "b"),
        (condition("order.payment_stayed", ">", days(9), status="awaiting"), "a"),
        (condition("order.payment_stayed", ">=", days(14), status="overdue"), "b"),
        (condition("order.payment_stayed", ">", days(14), status="overdue"), ""),
        (condition("order.payment_stayed", "null", status="overdue"), "ac"),
        (condition("order.sources", "anyOf", ["shop"]), "ab"),
        (condition("order.sources", "noneOf", ["shop"]), "c"),
        (condition("order.placed_at", "inLast", days(11)), "abc"),
    ],
)
def test_one_order(paths, rule, expected):
    assert found(of_any(rule)) == expected


def test_one_and_the_same_order_meets_the_whole_group(paths):
    waits = condition("order.payment_status", "=", "awaiting")
    was_paid = condition("order.payment_reached", "anyOf", ["paid"])

    assert found(of_any(waits, was_paid)) == "b"
    assert found(group(group(waits, of="any_order"), group(was_paid, of="any_order"))) == "ab"
    assert found(of_any(waits, **{"not": True})) == "c"


def test_the_last_order(paths):
    assert found(group(group(PAID, of="last_order"))) == ""
    assert found(group(group(condition("order.payment_status", "=", "awaiting"), of="last_order"))) == "ab"
    Order.objects.filter(external_id="a2").update(is_test=True)
    assert found(group(group(PAID, of="last_order"))) == "a"


@pytest.mark.parametrize(
    ("said", "operator", "value", "expected"),
    [
        ({}, "=", 2, ""), ({}, ">=", 3, "ab"), ({}, "=", 0, "c"), ({"to": ["paid"]}, ">=", 1, "ab"),
        ({"from": ["overdue"], "to": ["paid"]}, "=", 1, "b"), ({"from": ["awaiting"]}, "=", 1, "ab"),
        ({"to": ["paid", "overdue"]}, ">=", 2, "b"), ({"to": ["paid"], "within": days(30)}, "=", 1, "b"),
        ({"to": ["paid"], "within": days(30)}, "!=", 1, "ac"),
    ],
)  # fmt: skip
def test_ways_that_orders_went(paths, said, operator, value, expected):
    assert found(condition("transitions.count", operator, value, type="payment", **said)) == expected


def test_a_merged_status_is_asked_for_by_its_old_code_too(paths):
    paid = OrderStatus.objects.get(code="paid")
    OrderStatus.objects.filter(code="refunded").update(merged_into=paid, retired_at=NOON)

    assert found(of_any(condition("order.payment_reached", "anyOf", ["refunded"]))) == "ab"
    assert found(condition("transitions.count", "=", 1, type="payment", to=["Refunded"])) == "ab"
    assert found(of_any(condition("order.payment_status", "=", "refunded"))) == "a"


def test_of_what_is_not_marked_nothing_is_known(paths):
    OrderStatus.objects.filter(code="overdue").update(include_in_analytics=False)

    assert found(condition("transitions.count", "=", 1, type="payment", **{"from": ["awaiting"]}, to=["paid"])) == "ab"
    assert found(of_any(condition("order.payment_stayed", ">=", days(19), status="awaiting"))) == "b"


def test_filter_customers_may_ask_for_what_is_not_marked(paths):
    OrderStatus.objects.filter(code="overdue").update(include_in_analytics=False)
    history.catch_up()
    rule = read_rule(
        group(
            condition("order.payment_reached", "allOf", ["overdue", "paid"]),
            condition("order.payment_stayed", ">=", days(14), status="overdue"),
        )
    )
    orders = list(Order.objects.order_by("external_id"))
    words, batch = Words(), Batch(orders, NOON)

    passed = [one.external_id for one in orders if rule.ask(Subject(one, None, words, batch)).holds]

    assert passed == ["b1"]


# The customer


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (condition("customer.language", "=", "de"), "a"), (condition("customer.language", "!=", "de"), "bc"),
        (condition("customer.language", "null"), "c"), (condition("customer.first_name", "beginsWith", "A"), "a"),
        (condition("customer.first_name", "contains", "d"), "a"), (condition("customer.has_phone", "=", False), "c"),
        (condition("customer.sms_consent", "in", ["given", "refused"]), "ab"),
        (condition("customer.tags", "anyOf", ["vip", "never"]), "ab"),
        (condition("customer.tags", "allOf", ["new", "vip"]), "b"),
        (condition("customer.tags", "noneOf", ["new"]), "ac"), (condition("customer.tags", "null"), "c"),
        (condition("customer.segments", "anyOf", ["loyal"]), "b"),
        (condition("customer.segments", "noneOf", ["loyal"]), "ac"),
    ],
)  # fmt: skip
def test_what_is_kept_of_a_customer(rule, expected):
    customer("a", first_name="Ada", language="de", sms_consent="given", tags=["vip"])
    b = customer("b", first_name="Bob", language="en", sms_consent="refused", tags=["new", "vip"])
    customer("c", first_name="", phone_written="")
    Member.objects.create(segment=Segment.objects.create(code="loyal", name="Loyal"), customer=b, since=NOON)

    assert found(rule) == expected


@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        ("=", "1", "t"), ("=", 1, "1"), ("=", True, "y"), ("in", [1, True, "1"], "1ty"), ("!=", 1, "2nty"),
        (">", 1, "2"), (">=", "1", "12"), ("between", [0, 1], "1"), ("<", 1e300, "12"), ("=", "1.0", ""),
        ("contains", "1", "t"), ("doesNotContain", "1", "12ny"), ("null", None, "n"), ("notNull", None, "12ty"),
        (">", "2.4999999999999999999", "2"), ("<", "2.5000000000000000001", "12"), ("=", 2.5, "2"),
    ],
)  # fmt: skip
def test_an_attribute_is_what_it_says_it_is(operator, value, expected):
    for name, attributes in (("1", {"a": 1}), ("2", {"a": 2.5}), ("t", {"a": "1"}), ("y", {"a": True}), ("n", {})):
        customer(name, attributes=attributes)

    assert found(condition("customer.attribute", operator, value, name="a")) == expected


def test_who_was_erased_is_nobody():
    customer("a")
    gone = customer("b")
    Customer.objects.filter(pk=gone.pk).update(
        erased_at=NOON, first_name="", phone="", phone_written="", sms_consent="unknown"
    )

    assert found(condition("orders.count", "=", 0)) == "a"


# What is told


def test_why_somebody_is_in_it(paths):
    rule = read_segment_rule(
        group(
            condition("orders.sum", ">", 5),
            condition("customer.first_name", "=", "Ada"),
            group(condition("order.payment_reached", "anyOf", ["paid"]), of="any_order"),
            condition("orders.count", "=", 1, where=group(PAID)),
        )
    )
    history.catch_up()
    a = Customer.objects.get(external_id="a")

    where = '{"combinator":"and","rules":[{"field":"order.payment_status","operator":"=","value":"paid"}]}'
    seen = {
        "orders.sum": "20.00",
        "customer.first_name": "…",
        f"orders.count(where={where})": "1",
        "orders": [
            {
                "of": "any_order",
                "order": Order.objects.get(external_id="a1").pk,
                "order.payment_reached": ["awaiting", "paid"],
            }
        ],
    }
    assert rule.why([a.pk], NOON)[a.pk].seen == seen
    assert rule.why([a.pk], NOON, tells_personal=True)[a.pk].seen["customer.first_name"] == "Ada"


def test_what_a_rule_depends_on(paths):
    Segment.objects.create(code="loyal", name="Loyal")
    rule = read_segment_rule(
        group(
            condition("customer.segments", "anyOf", ["loyal"]),
            condition(
                "orders.count", ">", 1, where=group(condition("order.payment_stayed", ">", days(1), status="paid"))
            ),
            condition("transitions.count", ">", 1, type="payment", to=["overdue"]),
        )
    )

    codes = {OrderStatus.objects.get(pk=pk).code for pk in rule.statuses}
    assert (rule.segments, codes, rule.reads_history, rule.is_personal) == ({"loyal"}, {"paid", "overdue"}, True, False)
    assert not read_segment_rule(group(condition("orders.count", "=", 1))).reads_history


def refused(rule):
    with pytest.raises(RuleError) as refusal:
        read_segment_rule(rule)
    return [(problem.field, problem.code) for problem in refusal.value.problems]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (group(PAID), [("/rules/0/field", "needs_an_order")]),
        (group(condition("orders.count", "=", 1, at="trigger")), [("/rules/0/at", "past_unknown")]),
        (of_any(condition("order.total", "=", 1, at="trigger")), [("/rules/0/rules/0/at", "past_unknown")]),
        (group(group(PAID, of="this_order")), [("/rules/0/of", "unknown_scope")]),
        (of_any(condition("order.payment_status", "=", "never")), [("/rules/0/rules/0", "unknown_status")]),
        (of_any(condition("order.payment_status", "=", "unmarked")), [("/rules/0/rules/0", "unmarked_status")]),
        (
            group(condition("transitions.count", ">", 1, type="payment", to=["unmarked"])),
            [("/rules/0", "unmarked_status")],
        ),
        (group(condition("customer.segments", "anyOf", ["never"])), [("/rules/0/value", "unknown_segment")]),
    ],
)
def test_what_a_segment_cannot_ask(shop, rule, expected):
    vocabulary(("payment", "unmarked"))
    OrderStatus.objects.filter(code="unmarked").update(include_in_analytics=False)

    assert refused(rule) == expected


# What it costs


EVERYTHING = group(
    condition("orders.count", ">=", 1, where=group(condition("order.payment_reached", "anyOf", ["paid"]))),
    condition("orders.sum", ">", 0),
    condition("orders.since_last", "<", days(300)),
    condition("transitions.count", ">", 0, type="payment"),
    condition("customer.language", "null"),
    condition("customer.segments", "null"),
)


def test_counting_is_one_query(paths, django_assert_num_queries):
    rule = read_segment_rule(EVERYTHING)

    with django_assert_num_queries(2):  # which currency is the installation's own, and the count
        rule.customers(NOON).count()


def test_filter_customers_asks_once_for_a_batch(paths, django_assert_num_queries):
    history.catch_up()
    words, rule = Words(), read_rule(EVERYTHING)
    orders = list(Order.objects.select_related("customer"))

    for some in (orders[:1], orders):
        batch = Batch(some, NOON)
        # History is looked at, then one for each condition that is no column, and the currency.
        with django_assert_num_queries(7):
            for one in some:
                rule.ask(Subject(one, None, words, batch, words.renamed))


def test_why_costs_the_same_for_one_and_for_many(paths, django_assert_num_queries):
    history.catch_up()
    rule = read_segment_rule(EVERYTHING)
    everybody = list(Customer.objects.values_list("pk", flat=True))

    for some in (everybody[:1], everybody):
        with django_assert_num_queries(8):
            rule.why(some, NOON)


def test_a_rule_that_takes_too_long_is_stopped(paths):
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) AS id FROM n"

    with pytest.raises(TookTooLong), time_limit(0.05):
        list(Customer.objects.raw(endless))

    assert read_segment_rule(group(condition("orders.count", ">", 0))).customers(NOON).count() == 3
