"""Python says what the database says: why somebody is in a segment, and whether Filter customers lets them pass."""

import pytest

from analytics import history
from analytics.rules import read_rule, read_segment_rule
from analytics.subjects import Batch, Subject
from customers.models import Customer
from orders.models import Order
from statuses.vocabulary import Words
from tests.analytics.oracle.rules import Author
from tests.analytics.oracle.shops import NOW, PATIENCE_S, Shop
from tests.analytics.oracle.test_rules import codes_in_analytics

pytestmark = pytest.mark.django_db

SIZE, SHOPS, RULES = 10, 4, 25


def opened(seed, **how):
    for _happened in Shop(seed, SIZE, **how).open():
        pass
    history.follow(within_s=PATIENCE_S)
    return Author(f"why {seed}", codes_in_analytics())


@pytest.mark.parametrize("seed", range(SHOPS))
def test_why_holds_of_those_who_are_in_it_alone(seed):
    author = opened(seed)
    everybody = list(Customer.objects.filter(erased_at=None).values_list("pk", flat=True))
    for raw in (*(author.rule() for _ in range(RULES)), *author.simple_rules(seed, SHOPS * 3)):
        rule = read_segment_rule(raw)

        found = set(rule.customers(NOW).values_list("pk", flat=True))

        assert {pk for pk, answer in rule.why(everybody, NOW).items() if answer.holds} == found, raw


@pytest.mark.parametrize("seed", range(SHOPS))
def test_filter_customers_says_the_same_of_a_shop_in_which_everything_counts(seed):
    author = opened(seed, is_plain=True)
    orders = list(Order.objects.filter(customer__isnull=False).select_related("customer"))
    for raw in (*(author.rule() for _ in range(RULES)), *author.simple_rules(seed, SHOPS * 3)):
        found = set(read_segment_rule(raw).customers(NOW).values_list("pk", flat=True))
        words, batch, rule = Words(), Batch(orders, NOW), read_rule(raw)

        passed = {
            order.customer_id for order in orders if rule.ask(Subject(order, None, words, batch, words.renamed)).holds
        }

        assert passed == found & {order.customer_id for order in orders}, raw
