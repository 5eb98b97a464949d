import pytest

from orders.models import Order
from statuses.models import OrderStatus
from tests.callers import Caller
from tests.factories import OrderFactory, SourceFactory, StatusFactory
from tests.screens import done

pytestmark = pytest.mark.django_db


@pytest.fixture
def api():
    return Caller.of(SourceFactory())


@pytest.fixture
def two():
    return StatusFactory(type="payment", code="paid/up"), StatusFactory(type="payment", code="paid")


ADDRESS = "statuses/payment/paid%2Fup/merge/"


@pytest.mark.django_db(transaction=True)
def test_a_status_is_merged_into_another(two, api):
    OrderFactory(payment_status=two[0])

    answer = api.post(ADDRESS, {"into": "PAID"})

    assert answer.status_code == 200
    assert answer.json()["orders_left"] == 0
    assert answer.json()["status"]["merged_into"] == "paid"
    assert Order.objects.get().payment_status == two[1]


def test_a_merge_under_way_says_how_many_orders_are_left_and_told_again_does_nothing(two, api):
    OrderFactory.create_batch(3, payment_status=two[0])  # a test's transaction is never committed: nothing moves

    first, again = api.post(ADDRESS, {"into": "paid"}), api.post(ADDRESS, {"into": "paid"})

    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json()["orders_left"] == again.json()["orders_left"] == 3
    assert first.json()["status"]["merging_into"] == "paid"
    assert OrderStatus.objects.get(pk=two[0].pk).revision == 2


def test_a_merge_is_told_in_the_history_once(two, api):
    for _time in range(2):
        api.post(ADDRESS, {"into": "paid"})

    [(verb, changes)] = done()
    assert verb == "changed"
    assert changes["merging_into"] == [None, two[1].name]


def test_merging_into_something_else_meanwhile_is_refused(two, api):
    StatusFactory(type="payment", code="other")
    api.post(ADDRESS, {"into": "paid"})

    answer = api.post(ADDRESS, {"into": "other"})

    assert (answer.status_code, answer.json()["code"]) == (409, "merged")


@pytest.mark.parametrize(
    ("into", "status", "code"), [("paid/up", 409, "same_status"), ("nowhere", 422, "invalid"), ("old", 422, "invalid")]
)
def test_a_merge_that_cannot_be_is_refused(two, api, into, status, code):
    StatusFactory(type="payment", code="old", retired_at="2026-01-01T00:00:00Z")

    answer = api.post(ADDRESS, {"into": into})

    assert (answer.status_code, answer.json()["code"]) == (status, code)
