import pytest

from statuses.models import OrderStatus
from tests.callers import Caller
from tests.factories import OrderFactory, SourceFactory, StatusFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def api():
    return Caller.of(SourceFactory())


def test_the_vocabulary_is_listed_in_its_own_order(api):
    StatusFactory(code="delivered", position=2)
    StatusFactory(code="shipped", position=1)

    answer = api.get("statuses/").json()

    assert [status["code"] for status in answer["results"]] == ["shipped", "delivered"]


def test_statuses_are_filtered_by_type(api):
    StatusFactory(code="shipped", type="delivery")
    StatusFactory(code="paid", type="payment")

    answer = api.get("statuses/", type="payment").json()

    assert [status["code"] for status in answer["results"]] == ["paid"]


def test_a_status_is_added(api):
    answer = api.post("statuses/", {"type": "delivery", "code": "Shipped", "name": "On its way"})

    assert answer.status_code == 201
    assert answer.json()["include_in_analytics"] is True
    assert OrderStatus.objects.get().code == "Shipped"


def test_a_code_that_is_taken_is_a_conflict_whatever_its_case(api):
    StatusFactory(code="paid", type="payment")

    answer = api.post("statuses/", {"type": "payment", "code": "PAID", "name": "Paid"})

    assert (answer.status_code, answer.json()["code"]) == (409, "status_exists")


def test_the_same_code_of_another_type_is_another_status(api):
    StatusFactory(code="done", type="payment")

    assert api.post("statuses/", {"type": "delivery", "code": "done", "name": "Done"}).status_code == 201


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"type": "mood", "code": "a", "name": "A"}, "#/type", "invalid_choice"),
        ({"type": "general", "name": "A"}, "#/code", "required"),
        ({"type": "general", "code": 5, "name": "A"}, "#/code", "not_text"),
        ({"type": "general", "code": "any", "name": "A"}, "#/code", "invalid"),
        ({"type": "general", "code": "a\x00", "name": "A"}, "#/code", "bad_text"),
        ({"type": "general", "code": "a", "name": "A" * 201}, "#/name", "max_length"),
        ({"type": "general", "code": "a", "name": "A", "position": -1}, "#/position", "min_value"),
        ({"type": "general", "code": "a", "name": "A", "position": 10**30}, "#/position", "max_value"),
        (
            {"type": "general", "code": "a", "name": "A", "include_in_analytics": "yes"},
            "#/include_in_analytics",
            "not_a_flag",
        ),
        ({"type": "general", "code": "a", "name": "A", "colour": "red"}, "#/colour", "unknown_field"),
        (["general"], "#", "not_an_object"),
        (None, "#", "null"),
    ],
)
def test_a_mistake_is_named_with_its_place(api, body, pointer, code):
    answer = api.post("statuses/", body)

    assert answer.status_code == 422
    assert [(error["pointer"], error["code"]) for error in answer.json()["errors"]] == [(pointer, code)]


def test_a_status_is_found_in_any_case_and_with_a_slash(api):
    StatusFactory(type="delivery", code="At point/Zürich")

    answer = api.get("statuses/delivery/AT%20POINT%2Fzürich/")

    assert answer.json()["code"] == "At point/Zürich"


@pytest.mark.parametrize("address", ["delivery/none/", "mood/paid/", "delivery/%00/", "delivery/%FF/"])
def test_a_status_that_is_not_there_is_404(api, address):
    answer = api.get(f"statuses/{address}")

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_name_place_and_part_in_analytics_can_change(api):
    StatusFactory(type="payment", code="paid")

    answer = api.patch("statuses/payment/paid/", {"name": "Settled", "position": 3, "include_in_analytics": False})

    assert answer.status_code == 200
    assert (answer.json()["name"], answer.json()["position"]) == ("Settled", 3)


@pytest.mark.parametrize("change", [{"code": "settled"}, {"type": "general"}])
def test_code_and_type_cannot_change(api, change):
    StatusFactory(type="payment", code="paid")

    answer = api.patch("statuses/payment/paid/", change)

    [error] = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == (f"#/{next(iter(change))}", "read_only")
    assert OrderStatus.objects.values_list("type", "code").get() == ("payment", "paid")


def test_an_unused_status_is_deleted(api):
    StatusFactory(type="payment", code="paid")

    assert api.delete("statuses/payment/paid/").status_code == 204
    assert not OrderStatus.objects.exists()


def test_a_status_that_an_order_stands_in_is_not_deleted(api):
    OrderFactory(payment_status=StatusFactory(type="payment", code="paid"))

    answer = api.delete("statuses/payment/paid/")

    assert (answer.status_code, answer.json()["code"]) == (409, "status_in_use")


def test_a_page_of_statuses_costs_one_query_beside_the_key(api, django_assert_num_queries):
    StatusFactory.create_batch(20)

    with django_assert_num_queries(3):  # the key, its last use, the page
        api.get("statuses/")
