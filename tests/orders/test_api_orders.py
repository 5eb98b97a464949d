import pytest

from orders.models import Order, StatusTransition
from tests.callers import Caller
from tests.factories import CustomerFactory, OrderFactory, StatusFactory
from workspace.models import Workspace

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(orders_on, shop):
    StatusFactory(type="payment", code="paid")
    StatusFactory(type="delivery", code="shipped")
    CustomerFactory(external_id="C-1", first_name="Ada")
    return Caller.of(shop)


def names(answer):
    return [order["external_id"] for order in answer.json()["results"]]


def test_an_order_comes_with_its_statuses(api):
    answer = api.post(
        "orders/",
        {
            "external_id": "O/1",
            "customer": "C-1",
            "total": "12.30",
            "currency": "EUR",
            "ordered_at": "2026-05-03T14:05:00+02:00",
            "payment_status": "PAID",
            "occurred_at": "2026-05-03T14:06:00+02:00",
            "lines": [{"sku": "MUG-1", "quantity": 1, "price": "12.30"}],
        },
    )

    assert answer.status_code == 201
    order = answer.json()
    assert {name: order[name] for name in ("customer", "total", "currency", "ordered_at", "payment_status")} == {
        "customer": "C-1",
        "total": "12.30",
        "currency": "EUR",
        "ordered_at": "2026-05-03T12:05:00Z",
        "payment_status": "paid",
    }
    assert order["status_outcomes"] == {"payment_status": "moved"}
    assert StatusTransition.objects.get().source.code == "shop"


def test_a_post_again_changes_what_it_names_and_nothing_else(api):
    api.post("orders/", {"external_id": "O-1", "total": "12.30", "currency": "EUR", "payment_status": "paid"})

    answer = api.post("orders/", {"external_id": "O-1", "customer": "C-1"})

    assert answer.status_code == 200
    assert (answer.json()["total"], answer.json()["payment_status"]) == ("12.30", "paid")


def test_a_put_upserts_under_an_id_with_a_slash(api):
    assert api.put("orders/A%2F1%3F/", {"total": "5", "currency": "JPY"}).status_code == 201
    assert api.get("orders/A%2F1%3F/").json()["total"] == "5"
    assert names(api.get("orders/", external_id="A/1?")) == ["A/1?"]


def test_a_patch_merges_and_null_empties(api):
    OrderFactory(external_id="O-1", custom={"gift": True, "note": "ring"})

    answer = api.patch("orders/O-1/", {"custom": {"gift": None, "floor": 3}, "customer": None})

    assert answer.json()["custom"] == {"note": "ring", "floor": 3}
    assert answer.json()["customer"] is None


def test_a_put_sets_an_object_whole(api):
    OrderFactory(external_id="O-1", custom={"gift": True})

    assert api.put("orders/O-1/", {"custom": {"floor": 3}}).json()["custom"] == {"floor": 3}


def test_a_patch_of_no_order_is_404(api):
    assert api.patch("orders/O-1/", {"total": "1"}).status_code == 404
    assert not Order.objects.exists()


@pytest.mark.parametrize("method", ["put", "patch"])
def test_a_status_cannot_be_taken_away(api, method):
    OrderFactory(external_id="O-1")

    answer = getattr(api, method)("orders/O-1/", {"payment_status": None})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "#/payment_status"


def test_a_status_nobody_knows_yet_waits_and_the_answer_says_so(api):
    answer = api.post("orders/", {"external_id": "O-1", "payment_status": "refunded"}).json()

    assert answer["payment_status"] is None
    assert answer["status_outcomes"] == {"payment_status": "parked"}


def test_an_event_id_used_for_another_change_is_a_conflict(api):
    StatusFactory(type="payment", code="refunded")
    api.post("orders/", {"external_id": "O-1", "payment_status": "paid", "event_id": "e-1"})

    answer = api.post("orders/", {"external_id": "O-1", "payment_status": "refunded", "event_id": "e-1"})

    assert (answer.status_code, answer.json()["code"]) == (409, "event_id_conflict")


def test_history_is_silent(api):
    api.put("orders/O-1/?mode=history", {"payment_status": "paid"})

    assert StatusTransition.objects.get().silent_because == "history"


def test_what_a_test_key_says_is_marked(api, shop):
    Caller.of(shop, is_test=True).post("orders/", {"external_id": "O-1", "payment_status": "paid"})

    assert StatusTransition.objects.get().is_test


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "#/external_id"),
        ({"external_id": 5}, "#/external_id"),
        ({"external_id": "O" * 129}, "#/external_id"),
        ({"external_id": "O", "customer": "nobody"}, "#/customer"),
        ({"external_id": "O", "customer": {}}, "#/customer"),
        ({"external_id": "O", "total": 12.3}, "#/total"),
        ({"external_id": "O", "total": "12.345", "currency": "EUR"}, "#/total"),
        ({"external_id": "O", "total": "1e400", "currency": "EUR"}, "#/total"),
        ({"external_id": "O", "total": "9" * 400, "currency": "EUR"}, "#/total"),
        ({"external_id": "O", "total": "NaN", "currency": "EUR"}, "#/total"),
        ({"external_id": "O", "currency": "XXL"}, "#/currency"),
        ({"external_id": "O", "currency": 5}, "#/currency"),
        ({"external_id": "O", "ordered_at": "2026-05-03T14:05:00"}, "#/ordered_at"),
        ({"external_id": "O", "ordered_at": True}, "#/ordered_at"),
        ({"external_id": "O", "payment_status": ["paid"]}, "#/payment_status"),
        ({"external_id": "O", "payment_status": "p" * 65}, "#/payment_status"),
        ({"external_id": "O", "payment_status": "paid", "occurred_at": "2999-01-01T00:00:00Z"}, "#/occurred_at"),
        ({"external_id": "O", "payment_status": "paid", "event_id": 7}, "#/event_id"),
        ({"external_id": "O", "lines": {}}, "#/lines"),
        ({"external_id": "O", "lines": [5]}, "#/lines"),
        ({"external_id": "O", "custom": []}, "#/custom"),
        ({"external_id": "O", "custom": {"a": ["\x00"]}}, "#/custom"),
        ({"external_id": "O", "custom": {"\ud800": 1}}, "#/custom"),
        ({"external_id": "O", "status": "paid"}, "#/status"),
        ([], "#"),
        (None, "#"),
    ],
)
def test_a_mistake_is_named_with_its_place_and_nothing_is_kept(api, body, pointer):
    answer = api.post("orders/", body)

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert not Order.objects.exists()


def test_of_a_batch_the_good_ones_are_kept(api):
    answer = api.post(
        "orders/bulk/?results=all",
        [
            {"external_id": "O-1", "payment_status": "paid", "delivery_status": "shipped"},
            {"external_id": "O-2", "customer": "nobody"},
            {"external_id": "O-3", "payment_status": "paid", "occurred_at": "2999-01-01T00:00:00Z"},
            {"external_id": "O-1", "payment_status": "paid"},
            None,
        ],
    ).json()

    assert [item["outcome"] for item in answer["results"]] == [
        "created",
        "rejected",
        "rejected",
        "unchanged",
        "rejected",
    ]
    assert [item["pointer"] for item in answer["rejected_items"]] == ["#/1/customer", "#/2/occurred_at", "#/4"]
    assert (answer["received"], answer["created"], answer["unchanged"], answer["rejected"]) == (5, 1, 1, 3)
    assert answer["status_changes"] == {
        "moved": 2,
        "unchanged": 1,
        "late": 0,
        "duplicate": 0,
        "parked": 0,
        "ignored": 0,
    }
    assert list(Order.objects.values_list("external_id", flat=True)) == ["O-1"]


def test_orders_are_found(api):
    paid = StatusFactory(type="payment", code="Invoice, due")
    OrderFactory(external_id="A/1", payment_status=paid, customer__external_id="C-9", customer__first_name="Grace")
    OrderFactory(external_id="B", customer=None, ordered_at="2026-05-03T12:00:00Z")

    assert names(api.get("orders/", payment_status="INVOICE, DUE")) == ["A/1"]
    assert names(api.get("orders/", payment_status="none")) == ["B"]
    assert names(api.get("orders/", payment_status=["none", "invoice, due"])) == ["B", "A/1"]
    assert names(api.get("orders/", payment_status="unknown")) == []
    assert names(api.get("orders/", customer="C-9")) == ["A/1"]
    assert names(api.get("orders/", search="grace")) == ["A/1"]
    assert names(api.get("orders/", ordered_from="2026-05-03T12:00:00Z")) == ["B"]
    assert names(api.get("orders/", ordered_until="2026-05-03T12:00:00Z")) == []
    assert names(api.get("orders/", ordering="external_id")) == ["A/1", "B"]
    assert names(api.get("orders/", ordering="-updated_at")) == ["B", "A/1"]


@pytest.mark.parametrize("sought", ["+16025550177", "Hopper", "Grace", "grace@example.com"])
def test_a_key_that_may_not_read_customers_finds_no_order_by_whose_it_is(orders_on, shop, sought):
    OrderFactory(
        customer=CustomerFactory(
            external_id="C-9",
            first_name="Grace",
            last_name="Hopper",
            email="grace@example.com",
            phone_written="+1 602 555 0177",
        ),
        external_id="A",
    )
    clerk, knowing = Caller.of(shop, "orders:read"), Caller.of(shop, "orders:read", "customers:read")

    assert names(clerk.get("orders/", search=sought)) == []
    assert names(knowing.get("orders/", search=sought)) == ["A"]
    assert names(clerk.get("orders/", search="c-9")) == ["A"]


@pytest.mark.parametrize("filter", ["created_from=2026-05-03T12:00:00", "updated_until=x", "ordered_from=2026-05-03"])
def test_a_time_that_cannot_be_read_is_named(api, filter):
    answer = api.get(f"orders/?{filter}")

    assert [error["pointer"] for error in answer.json()["errors"]] == [f"?{filter.split('=')[0]}"]


@pytest.mark.parametrize("address", ["orders/", "orders/O-1/", "orders/bulk/"])
def test_with_orders_off_nothing_is_read_or_kept(api, address):
    Workspace.objects.update(orders_enabled=False)

    for answer in (api.get(address), api.post(address, {"external_id": "O-1"}), api.put(address, {})):
        assert (answer.status_code, answer.json()["code"]) == (403, "orders_disabled")


def test_customers_and_statuses_do_without_orders(api):
    Workspace.objects.update(orders_enabled=False)

    assert api.get("customers/").status_code == 200
    assert api.get("statuses/").status_code == 200


def test_a_page_of_orders_costs_no_query_per_order(api, django_assert_num_queries):
    OrderFactory.create_batch(20)

    with django_assert_num_queries(4):  # the key, its last use, the switch, the page
        assert len(api.get("orders/").json()["results"]) == 20


def test_a_batch_costs_no_query_per_order(api, django_assert_max_num_queries):
    orders = [
        {"external_id": f"O-{number}", "customer": "C-1", "total": "1.00", "payment_status": "paid"}
        for number in range(300)
    ]

    with django_assert_max_num_queries(60):
        answer = api.post("orders/bulk/", orders)

    assert answer.json()["created"] == 300
