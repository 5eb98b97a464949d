"""Many keys go to PostgreSQL as one array; what comes back is the same."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders.models import Order, StatusTransition
from tests.factories import CustomerFactory, OrderFactory
from workspace.lookups import MANY

pytestmark = pytest.mark.django_db


@pytest.fixture
def orders():
    customer = CustomerFactory()
    return [OrderFactory(customer=customer) for _ in range(3)]


@pytest.mark.parametrize("kind", [list, tuple, set, frozenset])
def test_many_keys_find_what_few_do(orders, kind):
    wanted = kind([orders[0].pk, orders[2].pk, *range(10**9, 10**9 + MANY)])

    assert set(Order.objects.filter(pk__in=wanted)) == {orders[0], orders[2]}
    assert set(Order.objects.exclude(pk__in=wanted)) == {orders[1]}


def test_many_keys_of_what_rows_point_at(orders):
    others = range(10**9, 10**9 + MANY)

    assert Order.objects.filter(customer__in=[orders[0].customer_id, *others]).count() == 3
    assert Order.objects.filter(customer__in=list(others)).count() == 0
    assert not StatusTransition.objects.filter(order__customer__in=list(others)).exists()


def test_they_are_one_parameter(orders):
    with CaptureQueriesContext(connection) as queries:
        list(Order.objects.filter(pk__in=list(range(1000))))

    assert ("= ANY" in queries[-1]["sql"]) == (connection.vendor == "postgresql")


@pytest.mark.parametrize("odd", [None, "7", 7.0, True])
def test_anything_else_is_left_to_django(orders, odd):
    wanted = [orders[0].pk, odd, *range(10**9, 10**9 + MANY)]

    assert orders[0] in Order.objects.filter(pk__in=wanted)


def test_rows_and_queries_may_be_given_too(orders):
    assert Order.objects.filter(customer__in=[order.customer for order in orders] * MANY).count() == 3
    assert Order.objects.filter(pk__in=Order.objects.values("pk")).count() == 3


def test_what_is_no_key_at_all_is_refused():
    with pytest.raises(ValueError, match="expected a number"):
        Order.objects.filter(customer__in=["none", *range(MANY)])


def test_what_is_too_large_for_a_key_is_nobodys(orders):
    assert not Order.objects.filter(customer=10**23).exists()
    assert not StatusTransition.objects.filter(order__delivery_status=10**23).exists()
    assert Order.objects.exclude(customer=10**23).count() == 3
