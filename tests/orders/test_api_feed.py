import pytest
from django.test import Client

from orders.said import Said
from orders.transitions import hear
from tests.callers import Caller
from tests.factories import OrderFactory, StatusFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(orders_on, shop):
    for code in ("invoiced", "paid"):
        StatusFactory(type="payment", code=code)
    return Caller.of(shop)


def move(shop, order, *codes):
    hear([Said(order, "payment", code) for code in codes], shop)


def follow(api, url):
    return Client().get(url, headers={"Authorization": f"Bearer {api.secret}"}).json()


def test_a_transition_tells_the_order_as_it_then_stood(api, shop):
    order = OrderFactory(external_id="O-1", total_minor=1230, currency="EUR")
    move(shop, "O-1", "invoiced", "paid")

    _first, second = api.get("transitions/").json()["results"]

    assert {name: second[name] for name in ("order", "type", "from", "to", "source", "customer")} == {
        "order": "O-1",
        "type": "payment",
        "from": "invoiced",
        "to": "paid",
        "source": "shop",
        "customer": order.customer.external_id,
    }
    assert (second["total"], second["currency"], second["payment_status"]) == ("12.30", "EUR", "paid")
    assert (second["general_status"], second["silent_because"]) == (None, "")


def test_a_reader_that_came_to_the_end_finds_what_is_new_at_the_same_address(api, shop):
    OrderFactory(external_id="O-1", customer=None)
    start = api.get("transitions/").json()
    move(shop, "O-1", "invoiced")

    first = follow(api, start["next"])
    assert [row["to"] for row in first["results"]] == ["invoiced"]
    assert follow(api, first["next"])["results"] == []

    move(shop, "O-1", "paid")
    assert [row["to"] for row in follow(api, first["next"])["results"]] == ["paid"]


def test_the_feed_goes_on_from_page_to_page(api, shop):
    for number in range(5):
        OrderFactory(external_id=f"O-{number}", customer=None)
        move(shop, f"O-{number}", "paid")

    page, orders = api.get("transitions/", limit=2).json(), []
    while page["results"]:
        orders += [row["order"] for row in page["results"]]
        page = follow(api, page["next"])

    assert orders == ["O-0", "O-1", "O-2", "O-3", "O-4"]


def test_an_orders_own_transitions_are_found_by_an_id_with_a_slash(api, shop):
    OrderFactory(external_id="A/Ü 1", customer=None)
    OrderFactory(external_id="other", customer=None)
    move(shop, "A/Ü 1", "paid")
    move(shop, "other", "paid")

    answer = api.get("orders/A%2F%C3%9C%201/transitions/").json()

    assert [row["order"] for row in answer["results"]] == ["A/Ü 1"]


def test_the_transitions_of_no_order_are_404(api):
    assert api.get("orders/none/transitions/").status_code == 404


def test_the_feed_is_filtered(api, shop):
    OrderFactory(external_id="O-1", customer=None)
    move(shop, "O-1", "paid")

    assert len(api.get("transitions/", order="O-1", type="payment", source="shop").json()["results"]) == 1
    assert api.get("transitions/", order="O-2").json()["results"] == []


@pytest.mark.parametrize(
    ("term", "moves"),
    [("O-1", ["invoiced", "paid"]), ("PAID", ["paid", "paid"]), ("O", []), ("pai", []), ("7" * 30, [])],
)
def test_the_feed_is_searched_by_a_whole_order_id_or_status_code(api, shop, term, moves):
    OrderFactory(external_id="O-1", customer=None)
    OrderFactory(external_id="O-2", customer=None)
    move(shop, "O-1", "invoiced", "paid")
    move(shop, "O-2", "paid")

    answer = api.get("transitions/", search=term)

    assert [row["to"] for row in answer.json()["results"]] == moves


def test_a_search_of_the_feed_goes_on_where_it_ended(api, shop):
    OrderFactory(external_id="O-1", customer=None)
    OrderFactory(external_id="O-2", customer=None)
    move(shop, "O-1", "invoiced")
    page = api.get("transitions/", search="O-1").json()
    move(shop, "O-2", "paid")
    move(shop, "O-1", "paid")

    later = follow(api, page["next"])

    assert [(row["order"], row["to"]) for row in later["results"]] == [("O-1", "paid")]


def test_the_moves_of_one_order_are_not_searched(api):
    OrderFactory(external_id="O-1")

    answer = api.get("orders/O-1/transitions/", search="paid")

    assert answer.json()["errors"][0]["code"] == "unknown_parameter"


def test_a_page_of_the_feed_costs_no_query_per_transition(api, shop, django_assert_max_num_queries):
    for order in OrderFactory.create_batch(20):
        move(shop, order.external_id, "paid")

    with django_assert_max_num_queries(6):  # the key, its use, the switch, what is settled (two), the page
        assert len(api.get("transitions/").json()["results"]) == 20
    with django_assert_max_num_queries(8):  # and whose id or code it is that is searched for (two)
        assert len(api.get("transitions/", search="paid").json()["results"]) == 20
