"""Groups about any, another or the last order of the customer: what they find, what they tell, and what they cost."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.fields import Batch, Subject, all_fields
from analytics.rules import RuleError, read_rule
from orders.models import Order
from statuses.models import OrderStatus
from statuses.vocabulary import Words
from tests.factories import CustomerFactory, OrderFactory, StatusFactory

pytestmark = pytest.mark.django_db

NOON = datetime(2024, 5, 3, 12, 0, tzinfo=UTC)


def condition(field, operator, value=None, **more):
    return {"field": field, "operator": operator, "value": value, **more}


def group(*rules, combinator="and", **more):
    return {"combinator": combinator, "rules": list(rules), **more}


PAID = condition("order.payment_status", "=", "paid")
OVER_100 = condition("order.total", ">", 100)


@pytest.fixture
def statuses(db):
    return {code: StatusFactory(type="payment", code=code) for code in ("paid", "invoiced")}


def order(name, customer=None, **fields):
    return OrderFactory(external_id=name, customer=customer, **fields)


def ask(rule, *orders):
    """One answer for each, asked as one batch."""
    words = Words()
    orders = [Order.objects.get(pk=one.pk) for one in orders]
    batch = Batch(orders, NOON)
    rule = read_rule(rule)
    return [rule.ask(Subject(one, None, words, batch, words.renamed)) for one in orders]


def answers(rule, *orders):
    return [answer.holds for answer in ask(rule, *orders)]


# One and the same order


def test_any_order_is_one_of_which_the_whole_group_holds(statuses):
    ada, bob = CustomerFactory(), CustomerFactory()
    paid = order("A-1", ada, payment_status=statuses["paid"], total_minor=500)
    large = order("A-2", ada, payment_status=statuses["invoiced"], total_minor=50_000)
    both = order("B-1", bob, payment_status=statuses["paid"], total_minor=50_000)
    other = order("B-2", bob, payment_status=statuses["invoiced"], total_minor=500)

    assert answers(group(PAID, OVER_100, of="any_order"), paid, large, both, other) == [False, False, True, True]
    # Side by side, two orders may meet two groups.
    apart = group(group(PAID, of="any_order"), group(OVER_100, of="any_order"))
    assert answers(apart, paid, large, both, other) == [True, True, True, True]


def test_another_order_is_not_this_one(statuses):
    ada = CustomerFactory()
    paid = order("A-1", ada, payment_status=statuses["paid"])
    invoiced = order("A-2", ada, payment_status=statuses["invoiced"])

    assert answers(group(PAID, of="another_order"), paid, invoiced) == [False, True]


def test_another_order_is_found_beside_this_one_whichever_is_the_newer(statuses):
    ada = CustomerFactory()
    first, second, third = (order(f"A-{n}", ada, payment_status=statuses["paid"]) for n in range(3))

    told = [answer.seen["orders"] for answer in ask(group(PAID, of="another_order"), first, second, third)]

    assert [seen[0]["order"] for seen in told] == [third.pk, third.pk, first.pk]


def test_two_open_orders_are_kept_apart_in_every_scope(statuses):
    """Of one customer, both in one batch: each is asked about as itself."""
    ada = CustomerFactory()
    open_one = order("A-1", ada, payment_status=statuses["invoiced"], total_minor=500, ordered_at=NOON)
    paid = order("A-2", ada, payment_status=statuses["paid"], total_minor=50_000, ordered_at=NOON - timedelta(days=1))

    def both(of):
        return answers(group(PAID, of=of), open_one, paid)

    assert both("this_order") == [False, True]
    assert both("any_order") == [True, True]
    assert both("another_order") == [True, False]
    assert both("last_order") == [False, False]


def test_the_last_order_is_by_when_it_was_ordered_or_got_here():
    ada = CustomerFactory()
    old_but_new_here = order("A-3", ada, ordered_at=NOON - timedelta(days=9))
    newest = order("A-1", ada, ordered_at=NOON + timedelta(days=900))
    undated = order("A-2", ada)
    Order.objects.filter(pk=undated.pk).update(created_at=NOON)

    def last():
        rule = group(condition("order.external_id", "notNull"), of="last_order")
        [answer] = ask(rule, old_but_new_here)
        return answer.seen["orders"][0]["order.external_id"]

    assert last() == "A-1"
    Order.objects.filter(pk=newest.pk).update(ordered_at=None, created_at=NOON - timedelta(seconds=1))
    assert last() == "A-2"
    Order.objects.filter(pk=newest.pk).update(created_at=NOON)
    assert last() == "A-2"  # of equals the one that got here last


def test_the_last_order_alone_is_asked(statuses):
    ada = CustomerFactory()
    paid = order("A-1", ada, payment_status=statuses["paid"], ordered_at=NOON)
    last = order("A-2", ada, payment_status=statuses["invoiced"], ordered_at=NOON + timedelta(hours=1))

    assert answers(group(PAID, of="last_order"), paid, last) == [False, False]
    assert answers(group(PAID, of="last_order", **{"not": True}), paid, last) == [True, True]


# Not


def test_not_denies_the_group_as_a_whole(statuses):
    """No other order that is paid."""
    ada, bob = CustomerFactory(), CustomerFactory()
    first = order("A-1", ada, payment_status=statuses["paid"])
    second = order("A-2", ada, payment_status=statuses["invoiced"])
    alone = order("B-1", bob, payment_status=statuses["paid"])

    assert answers(group(PAID, of="another_order", **{"not": True}), first, second, alone) == [True, False, True]


def test_not_inside_is_of_the_same_order(statuses):
    """Another order that is large and not paid."""
    ada = CustomerFactory()
    this = order("A-1", ada)
    order("A-2", ada, payment_status=statuses["paid"], total_minor=50_000)
    rule = group(OVER_100, group(PAID, **{"not": True}), of="another_order")

    assert answers(rule, this) == [False]

    order("A-3", ada, payment_status=statuses["invoiced"], total_minor=50_000)
    assert answers(rule, this) == [True]


# Nobody's


def test_an_order_of_nobody_stands_alone(statuses):
    """It is any order and the last one, and there is no other: nobody else's, though they too have no customer."""
    paid = order("N-1", payment_status=statuses["paid"])
    invoiced = order("N-2", payment_status=statuses["invoiced"])

    assert answers(group(PAID, of="any_order"), paid, invoiced) == [True, False]
    assert answers(group(PAID, of="last_order"), paid, invoiced) == [True, False]
    assert answers(group(PAID, of="another_order"), paid, invoiced) == [False, False]
    assert answers(group(PAID, of="another_order", **{"not": True}), paid, invoiced) == [True, True]


def test_other_customers_orders_are_not_this_ones(statuses):
    ada = order("A-1", CustomerFactory(), payment_status=statuses["invoiced"])
    order("B-1", CustomerFactory(), payment_status=statuses["paid"])

    assert answers(group(PAID, of="any_order"), ada) == [False]


# What is told


def test_which_order_it_was_is_told_with_what_was_seen_of_it(statuses):
    ada = CustomerFactory()
    this = order("A-1", ada, payment_status=statuses["invoiced"])
    order("A-2", ada, payment_status=statuses["paid"], total_minor=50_000)
    found = order("A-3", ada, payment_status=statuses["paid"], total_minor=20_000)
    rule = group(
        PAID,
        group(PAID, OVER_100, of="another_order"),
        group(condition("order.total", ">", 999), of="any_order"),
        group(condition("order.currency", "=", "EUR"), of="last_order"),
    )

    [answer] = ask(rule, this)

    assert answer.seen == {
        "order.payment_status": "invoiced",
        "orders": [
            {"of": "another_order", "order": found.pk, "order.payment_status": "paid", "order.total": "200.00"},
            {"of": "any_order", "order": None},
            {"of": "last_order", "order": found.pk, "order.currency": "EUR"},
        ],
    }


def test_a_merged_status_is_asked_for_by_its_old_code_too(statuses):
    gone = StatusFactory(type="payment", code="settled")
    ada = CustomerFactory()
    this = order("A-1", ada)
    order("A-2", ada, payment_status=statuses["paid"])
    OrderStatus.objects.filter(pk=gone.pk).update(merged_into=statuses["paid"], retired_at=NOON)

    rule = group(condition("order.payment_status", "in", ["SETTLED"]), of="another_order")

    assert answers(rule, this) == [True]


# What it costs


def cost(rule, orders):
    words, batch = Words(), Batch(list(Order.objects.filter(pk__in=[one.pk for one in orders])), NOON)
    rule = read_rule(rule)
    with CaptureQueriesContext(connection) as queries:
        for one in batch.orders:
            rule.ask(Subject(one, None, words, batch))
    return len(queries)


@pytest.mark.parametrize("of", ["any_order", "another_order", "last_order"])
def test_a_batch_costs_two_queries_for_each_group(statuses, of):
    customers = CustomerFactory.create_batch(20)
    orders = [order(f"{c.pk}-{n}", c, payment_status=statuses["paid"]) for c in customers for n in range(3)]
    orders.append(order("nobody", payment_status=statuses["paid"]))
    rule = group(PAID, OVER_100, condition("order.ordered_at", "null"), of=of, combinator="or")

    assert cost(rule, orders[:3]) == cost(rule, orders) == 2


def test_the_last_order_is_looked_up_once_for_all_groups(statuses):
    ada = CustomerFactory()
    orders = [order("A-1", ada), order("A-2", ada)]

    assert cost(group(group(PAID, of="last_order"), group(OVER_100, of="last_order")), orders) == 2


def test_a_rule_about_this_order_costs_nothing(statuses):
    orders = [order(f"A-{n}", CustomerFactory()) for n in range(3)]

    assert cost(group(group(PAID, of="this_order"), OVER_100), orders) == 0


@pytest.mark.parametrize("of", ["any_order", "another_order", "last_order"])
def test_of_a_customer_with_ten_thousand_orders_two_are_brought_here_at_most(statuses, of):
    ada = CustomerFactory()
    Order.objects.bulk_create(Order(external_id=f"A-{n}", customer=ada, currency="EUR") for n in range(10_000))
    this = Order.objects.first()
    batch, rule = Batch([this], NOON), read_rule(group(condition("order.currency", "=", "EUR"), of=of))

    with CaptureQueriesContext(connection) as queries:
        read = []
        original = Order.from_db.__func__

        def counted(cls, *args, **kwargs):
            read.append(1)
            return original(cls, *args, **kwargs)

        Order.from_db = classmethod(counted)
        try:
            assert rule.ask(Subject(this, None, {}, batch)).holds
        finally:
            Order.from_db = classmethod(original)

    assert (len(queries), len(read)) == (2, 1)


# What is refused


def refused(raw):
    with pytest.raises(RuleError) as refusal:
        read_rule(raw)
    assert all(problem.detail for problem in refusal.value.problems)
    return [(problem.field, problem.code) for problem in refusal.value.problems]


@pytest.mark.parametrize("of", ["", "order", "LAST_ORDER", None, True, 1, ["any_order"], {"any_order": 1}])
def test_what_is_no_scope(of):
    assert refused(group(PAID, of=of)) == [("/of", "unknown_scope")]


@pytest.mark.parametrize("of", ["any_order", "another_order", "last_order"])
@pytest.mark.parametrize("inner", ["this_order", "any_order", "another_order", "last_order"])
def test_a_group_inside_one_about_other_orders_speaks_of_the_same_order(of, inner):
    deeper = group(group(PAID, of=inner))

    assert refused(group(PAID, group(PAID, of=inner), deeper, of=of)) == [
        ("/rules/1/of", "nested_scope"),
        ("/rules/2/rules/0/of", "nested_scope"),
    ]
    assert read_rule(group(PAID, group(PAID, of=of), of="this_order"))


def test_a_scope_stands_on_groups_alone():
    assert refused(group(condition("order.total", "=", 1, of="any_order"))) == [("/rules/0/of", "unknown_field")]


@pytest.mark.parametrize("of", ["any_order", "another_order", "last_order"])
def test_what_another_order_was_at_the_trigger_is_not_known(of):
    then = condition("order.payment_status", "=", "paid", at="trigger")

    assert refused(group(then, group(then), of=of)) == [
        ("/rules/0/at", "past_unknown"),
        ("/rules/1/rules/0/at", "past_unknown"),
    ]
    assert read_rule(group(condition("order.payment_status", "=", "paid", at="now"), of=of))


@pytest.mark.parametrize("field", ["customer.first_name", "customer.sms_consent", "customer.has_phone"])
def test_of_other_orders_the_customer_is_asked_outside(field):
    assert refused(group(PAID, condition(field, "notNull"), of="last_order")) == [
        ("/rules/1/field", "not_of_other_orders")
    ]


def test_a_rule_asks_ten_times_about_other_orders_at_most():
    tenth = [group(PAID, of="any_order")] * 10

    assert read_rule(group(*tenth))
    assert refused(group(*tenth, group(PAID, of="last_order"))) == [("/rules/10/of", "too_many")]


def test_one_group_about_other_orders_is_no_larger_than_a_query():
    names = condition("order.external_id", "in", [f"O-{n}" for n in range(501)])

    assert read_rule(group(*[PAID] * 50, of="any_order"))
    assert refused(group(*[PAID] * 25, group(*[PAID] * 26), of="any_order")) == [("", "too_many")]
    assert read_rule(group(names, of="any_order"))
    assert refused(group(PAID, group(names, names, of="any_order"))) == [("/rules/1", "too_many")]


@pytest.mark.parametrize("of", ["any_order", "another_order", "last_order"])
def test_the_largest_rule_there_is_can_be_asked(statuses, of):
    ada = CustomerFactory()
    this = order("A-1", ada, total_minor=1, currency="JPY")
    order("A-2", ada, total_minor=2, currency="KWD")
    totals = [condition("order.total", "between", [n, n + 0.001]) for n in range(49)]
    names = condition("order.external_id", "in", [f"O-{n}" for n in range(1000)])
    groups = [group(*totals, names, of=of, combinator="or") for _ in range(4)]

    assert answers(group(*groups), this) == [of != "last_order" and of != "another_order"]


# The database and Python say the same


class Author(Random):
    """Makes up orders and groups about them, close enough to each other that either answer is likely."""

    def order_fields(self, ids):
        return {
            "payment_status_id": self.choice((None, *ids)),
            "delivery_status_id": None,
            "total_minor": self.choice((None, 0, 1, 999, 1000, 1001, 1230, 100_000, -5, 10**15)),
            "currency": self.choice(("", "EUR", "EUR", "JPY", "KWD", "CLF", "eur")),
            "ordered_at": self.choice((None, NOON, NOON + timedelta(microseconds=1), NOON + timedelta(seconds=1))),
        }

    def group(self, depth=0, **more):
        parts = [
            self.group(depth + 1) if depth < 2 and self.random() < 0.3 else self.condition()
            for _ in range(self.choice((1, 2, 2, 3)))
        ]
        return group(*parts, combinator=self.choice(("and", "or")), **{"not": self.random() < 0.3}, **more)

    def condition(self):
        amount = self.choice(
            (
                0,
                1,
                10,
                "10.00",
                "9.99",
                12.3,
                "1000",
                "1.001",
                "0.1",
                "1e400",
                "-1e400",
                "1e-99",
                "-0.05",
                "1e15",
                10**13,
            )
        )
        text = self.choice(("EUR", "eur", "E", "R", "UR", "JPY", "%", "_", "1", "O-", "O-1", "Ä", "ä", "\\", "'"))
        moment = self.choice((NOON, NOON + timedelta(microseconds=1), NOON + timedelta(seconds=1))).isoformat()
        code = self.choice(("paid", "PAID", "invoiced", "old", "never"))
        texts = self.choice(("order.currency", "order.external_id"))
        return condition(
            *self.choice(
                (
                    ("order.total", self.choice(("=", "!=", "<", "<=", ">", ">=")), amount),
                    ("order.total", self.choice(("in", "notIn")), [amount, 12.3, "0.001"]),
                    ("order.total", "between", self.sample((amount, 10, 0), 2)),
                    (texts, self.choice(("=", "!=", "contains", "doesNotContain", "beginsWith", "endsWith")), text),
                    (texts, self.choice(("in", "notIn")), [text, "EUR"]),
                    ("order.ordered_at", self.choice(("<", "<=", ">", ">=")), moment),
                    ("order.ordered_at", "between", [NOON.isoformat(), moment]),
                    ("order.payment_status", self.choice(("=", "!=")), code),
                    ("order.payment_status", self.choice(("in", "notIn")), [code, "never"]),
                    (
                        self.choice(("order.total", "order.currency", "order.ordered_at", "order.delivery_status")),
                        self.choice(("null", "notNull")),
                    ),
                )
            )
        )


texts = st.text(max_size=6)
junk = st.none() | st.booleans() | st.integers() | st.floats() | texts | st.lists(texts, max_size=3)
whatever = st.fixed_dictionaries(
    {
        "combinator": st.sampled_from(("and", "or")),
        "rules": st.lists(
            st.fixed_dictionaries(
                {
                    "field": st.sampled_from(tuple(all_fields())),
                    "operator": st.sampled_from(("=", "in", "<", "between", "contains", "endsWith", "null", "notIn")),
                    "value": junk,
                },
                optional={
                    "name": st.sampled_from(("level", "__class__")),
                    "within": st.sampled_from(({"value": 7, "unit": "days"}, {"value": 0, "unit": "days"}, 7)),
                    "campaign": st.sampled_from(("this", "any", "all")),
                },
            ),
            min_size=1,
            max_size=2,
        ),
    },
    optional={
        "of": st.sampled_from(("this_order", "any_order", "another_order", "last_order", "every_order")),
        "not": st.booleans(),
    },
)


@given(raw=whatever)
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_rule_that_is_read_can_be_asked(shop_of_orders, raw):
    words, orders = shop_of_orders
    try:
        rule = read_rule(raw)
    except RuleError as error:
        assert error.problems  # noqa: PT017 - either way will do
        return

    batch = Batch(orders, NOON)
    assert {rule.ask(Subject(one, None, words, batch, words.renamed)).holds for one in orders} <= {True, False}


NAMES = ("O-1", "o-1", "Ö-2", "A%_\\'", "O-11", "x", "Ä", "O-3")


@given(seed=st.integers(0, 2**64))
@settings(deadline=None, suppress_health_check=list(HealthCheck))
def test_the_database_finds_what_python_would(shop_of_orders, seed):
    author = Author(seed)
    words, orders = shop_of_orders
    payments = [id for id, status in words.items() if status.type == "payment"]
    for one in orders:
        for name, value in author.order_fields(payments).items():
            setattr(one, name, value)
        Order.objects.filter(pk=one.pk).update(
            total_minor=one.total_minor, currency=one.currency, ordered_at=one.ordered_at
        )
        with connection.cursor() as cursor:  # no move: it is not what happened that matters here
            cursor.execute(
                "UPDATE orders_order SET payment_status_id = %s WHERE id = %s", [one.payment_status_id, one.pk]
            )
    batch = Batch(orders, NOON)
    subjects = [Subject(one, None, words, batch, words.renamed) for one in orders]
    raw = author.group()

    plain, any_order, another = (read_rule({**raw, "of": of}) for of in ("this_order", "any_order", "another_order"))

    denied = raw["not"]
    meets = {one.order.pk: plain.ask(one).holds != denied for one in subjects}
    for one in subjects:
        siblings = [other for other in orders if other.customer_id == one.order.customer_id]
        others = [other for other in siblings if other.pk != one.order.pk]
        assert any_order.ask(one).holds == (any(meets[other.pk] for other in siblings) != denied), raw
        assert another.ask(one).holds == (any(meets[other.pk] for other in others) != denied), raw


@pytest.fixture
def shop_of_orders(db):
    for code in ("paid", "invoiced"):
        StatusFactory(type="payment", code=code)
    StatusFactory(type="payment", code="old", merged_into=OrderStatus.objects.get(code="paid"), retired_at=NOON)
    StatusFactory(type="delivery", code="paid")
    customers = [CustomerFactory(), CustomerFactory()]
    for place, name in enumerate(NAMES):
        order(name, customers[place % 2])
    words = Words()
    return words, list(Order.objects.select_related("customer").order_by("pk"))
