import pytest

from orders.models import Order, StatusChange, StatusTransition, UnknownCode
from orders.said import Said
from orders.transitions import hear
from statuses.models import OrderStatus, StatusAlias
from tests.callers import Caller
from tests.factories import OrderFactory, SourceFactory, StatusFactory
from tests.screens import turn_orders_on

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop():
    turn_orders_on()
    return SourceFactory(code="web-shop")


@pytest.fixture
def api(shop):
    return Caller.of(shop)


def tell(shop, *codes, type="delivery", order="O-1"):
    hear([Said(order, type, code) for code in codes], shop)
    return UnknownCode.objects.filter(source=shop).latest("pk")


def test_codes_that_nobody_knows_are_listed_with_what_waits_for_them(api, shop):
    tell(shop, "locker", "LOCKER")

    [unknown] = api.get("unknown-codes/").json()["results"]

    told = ("source", "type", "code", "times", "order", "waiting", "waiting_firing")
    assert [unknown[name] for name in told] == ["web-shop", "delivery", "locker", 2, "O-1", 2, 2]


def test_what_is_refused_is_listed_too(api):
    OrderFactory(external_id="O-1")
    tell(SourceFactory(on_unknown="reject"), "locker")

    [unknown] = api.get("unknown-codes/").json()["results"]

    assert (unknown["times"], unknown["waiting"]) == (1, 0)


def test_unknown_codes_are_filtered_and_searched(api, shop):
    tell(shop, "locker", "parcel_box")
    tell(SourceFactory(code="erp"), "booked", type="payment")

    def listed(**filters):
        return {unknown["code"] for unknown in api.get("unknown-codes/", **filters).json()["results"]}

    assert listed(source="erp") == {"booked"}
    assert listed(type="delivery") == {"locker", "parcel_box"}
    assert listed(search="box") == {"parcel_box"}


def test_which_order_it_came_for_is_for_keys_that_may_read_orders(shop):
    tell(shop, "locker")

    [unknown] = Caller.of(shop, "statuses:read").get("unknown-codes/").json()["results"]

    assert unknown["order"] is None


def test_a_code_is_mapped_for_its_source_and_what_waits_is_applied(api, shop):
    OrderFactory(external_id="O-1")
    at_point = StatusFactory(type="delivery", code="at_point")
    unknown = tell(shop, "locker")

    answer = api.post(f"unknown-codes/{unknown.pk}/map/", {"status": "AT_POINT", "silently": False})

    assert answer.status_code == 200
    assert (answer.json()["changes"], answer.json()["firing"]) == (1, 1)
    assert answer.json()["status"]["code"] == "at_point"
    assert Order.objects.get().delivery_status_id == at_point.pk
    assert StatusTransition.objects.get().silent_because == ""
    assert StatusAlias.objects.get().source == shop
    assert not UnknownCode.objects.exists()


def test_mapped_silently_what_waits_starts_no_campaign(api, shop):
    OrderFactory(external_id="O-1")
    StatusFactory(type="delivery", code="at_point")
    unknown = tell(shop, "locker")

    answer = api.post(f"unknown-codes/{unknown.pk}/map/", {"status": "at_point", "silently": True})

    assert (answer.json()["changes"], answer.json()["firing"]) == (1, 0)
    assert StatusTransition.objects.get().silent_because == "history"


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"status": "at_point"}, "#/silently", "required"),
        ({"status": "at_point", "silently": "no"}, "#/silently", "not_a_flag"),
        ({"silently": True}, "#/status", "required"),
        ({"status": "nowhere", "silently": True}, "#/status", "unknown_status"),
        ({"status": "old", "silently": True}, "#/status", "status_retired"),
        ({"status": "at_point", "silently": True, "x": 1}, "#/x", "unknown_field"),
    ],
)
def test_a_mistake_in_a_mapping_is_named_with_its_place(api, shop, body, pointer, code):
    StatusFactory(type="delivery", code="at_point")
    StatusFactory(type="delivery", code="old", retired_at="2026-01-01T00:00:00Z")
    unknown = tell(shop, "locker")

    answer = api.post(f"unknown-codes/{unknown.pk}/map/", body)

    assert answer.status_code == 422
    assert [(error["pointer"], error["code"]) for error in answer.json()["errors"]] == [(pointer, code)]
    assert UnknownCode.objects.exists()


def test_a_status_is_made_of_a_code(api, shop):
    OrderFactory(external_id="O-1")
    unknown = tell(shop, "in_locker")

    answer = api.post(f"unknown-codes/{unknown.pk}/create/", {"colour": "teal", "silently": False})

    assert answer.status_code == 201
    status = OrderStatus.objects.get()
    assert (status.type, status.code, status.name, status.colour) == ("delivery", "in_locker", "In locker", "teal")
    assert Order.objects.get().delivery_status_id == status.pk


def test_a_status_is_not_made_of_a_code_that_became_an_alias_meanwhile(api, shop):
    unknown = tell(shop, "locker")
    status = StatusFactory(type="delivery", code="at_point")
    StatusAlias.objects.bulk_create([StatusAlias(status=status, type="delivery", code="locker", code_key="locker")])

    answer = api.post(f"unknown-codes/{unknown.pk}/create/", {"silently": True})

    assert (answer.status_code, answer.json()["code"]) == (409, "alias_exists")


def test_a_code_is_ignored_for_its_source(api, shop):
    OrderFactory(external_id="O-1")
    unknown = tell(shop, "ping")

    answer = api.send("post", f"unknown-codes/{unknown.pk}/ignore/", "")

    assert (answer.status_code, answer.json()["status"]) == (200, None)
    assert StatusChange.objects.get().verdict == "ignored"
    assert not StatusTransition.objects.exists()


def test_what_somebody_decided_meanwhile_is_not_there(api, shop):
    unknown = tell(shop, "ping")
    api.post(f"unknown-codes/{unknown.pk}/ignore/", {})

    assert api.post(f"unknown-codes/{unknown.pk}/ignore/", {}).status_code == 404
    assert api.post(f"unknown-codes/{10**30}/ignore/", {}).status_code == 404


def test_to_decide_a_key_needs_the_scope_to_change_statuses(shop):
    unknown = tell(shop, "ping")

    answer = Caller.of(shop, "statuses:read", "orders:write").post(f"unknown-codes/{unknown.pk}/ignore/", {})

    assert (answer.status_code, answer.json()["code"]) == (403, "missing_scope")


def test_a_page_of_unknown_codes_costs_the_same_for_few_and_many(api, shop, django_assert_num_queries):
    for number in range(20):
        tell(shop, f"code-{number}")

    with django_assert_num_queries(4):  # the key, its last use, the page, what waits for it
        assert len(api.get("unknown-codes/").json()["results"]) == 20
