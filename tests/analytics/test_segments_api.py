import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from analytics import counting, lists, segments
from analytics.models import Segment
from tests.callers import Caller
from tests.factories import CustomerFactory, OrderFactory, SourceFactory, StatusFactory
from tests.screens import actions

pytestmark = pytest.mark.django_db

GERMANS = {"combinator": "and", "rules": [{"field": "customer.language", "operator": "=", "value": "de"}]}
NAMED_ANNA = {"combinator": "and", "rules": [{"field": "customer.first_name", "operator": "=", "value": "Anna"}]}


@pytest.fixture
def api():
    return Caller.of(SourceFactory())


@pytest.fixture
def germans():
    CustomerFactory(external_id="anna", first_name="Anna", language="de")
    CustomerFactory(external_id="boris", language="de")
    CustomerFactory(external_id="clara", language="fr")
    segment = segments.create(code="germans", name="Germans", rule=GERMANS)
    counting.refresh(segment)
    return segment


def test_a_segment_is_created_and_counted_soon(api):
    answer = api.post("segments/", {"code": "germans", "name": "Germans", "rule": GERMANS})

    assert answer.status_code == 201
    told = answer.json()
    assert (told["code"], told["kind"], told["rule"], told["revision"]) == ("germans", "rule", GERMANS, 1)
    assert (told["customers"], told["counted_at"], told["is_being_counted"]) == (None, None, True)
    assert [segment.code for segment in counting.due_segments()] == ["germans"]
    assert [(one.verb, one.object_label) for one in actions()] == [("created", "germans")]


def test_a_wrong_rule_is_refused_at_its_place(api):
    rule = {"combinator": "and", "rules": [{"field": "customer.language", "operator": "like", "value": "de"}]}

    answer = api.post("segments/", {"code": "germans", "name": "Germans", "rule": rule})

    assert answer.status_code == 422
    assert [(one["pointer"], one["code"]) for one in answer.json()["errors"]] == [
        ("#/rule/rules/0/operator", "unknown_operator")
    ]
    assert not Segment.objects.exists()


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "#/code"),
        ({"code": "a b", "name": "A", "rule": GERMANS}, "#/code"),
        ({"code": "a", "name": "", "rule": GERMANS}, "#/name"),
        ({"code": "a", "name": "A"}, "#/rule"),
        ({"code": "a", "name": "A", "rule": None}, "#/rule"),
        ({"code": "a", "name": "A", "rule": {"combinator": "and", "rules": []}}, "#/rule/rules"),
        ({"code": "a", "name": "A", "kind": "list", "rule": GERMANS}, "#/rule"),
        ({"code": "a", "name": "A", "kind": "circle", "rule": GERMANS}, "#/kind"),
        ({"code": "a", "name": "A", "kind": ["rule"], "rule": GERMANS}, "#/kind"),
        ({"code": "a", "name": "A", "rule": GERMANS, "size": 3}, "#/size"),
        ({"code": "a", "name": "A\u0000", "rule": GERMANS}, "#/name"),
    ],
)
def test_a_body_that_says_nothing_right_is_told_where(api, body, pointer):
    answer = api.post("segments/", body)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize("body", [[], "x", 3, None, {"rule": []}, {"rule": {"rules": {}}}])
def test_no_body_is_a_fault_of_ours(api, germans, body):
    for answer in (
        api.post("segments/", body),
        api.patch("segments/germans/", body),
        api.post("segments/preview/", body),
        api.post("segments/germans/customers/", body),
        api.post("segments/germans/refresh/", body),
    ):
        assert answer.status_code < 500


def test_a_code_that_is_taken_is_a_conflict(api, germans):
    answer = api.post("segments/", {"code": "germans", "name": "Germans", "rule": GERMANS})

    assert (answer.status_code, answer.json()["code"]) == (409, "code_taken")


def test_segments_are_listed_in_pages_and_found_by_name(api, germans):
    segments.create(code="friends", name="Friends")

    page = api.get("segments/", limit=1).json()

    assert [one["code"] for one in page["results"]] == ["friends"]
    assert page["next"]
    assert [one["code"] for one in api.get("segments/", search="german").json()["results"]] == ["germans"]
    assert [one["code"] for one in api.get("segments/", kind="list").json()["results"]] == ["friends"]


def test_a_changed_rule_is_counted_anew(api, germans):
    french = {"combinator": "and", "rules": [{"field": "customer.language", "operator": "=", "value": "fr"}]}

    answer = api.patch("segments/germans/", {"rule": french, "revision": 1})

    assert (answer.status_code, answer.json()["revision"], answer.json()["is_being_counted"]) == (200, 2, True)
    assert answer.json()["name"] == "Germans"
    stale = api.patch("segments/germans/", {"name": "X", "revision": 1})
    assert (stale.status_code, stale.json()["code"]) == (409, "changed_meanwhile")
    assert api.patch("segments/germans/", {"code": "x"}).json()["errors"][0]["pointer"] == "#/code"


def test_a_segment_that_another_asks_about_is_not_deleted(api, germans):
    about = {"combinator": "and", "rules": [{"field": "customer.segments", "operator": "anyOf", "value": ["germans"]}]}
    segments.create(code="others", name="Others", rule=about)

    assert api.delete("segments/germans/").json()["code"] == "segment_in_use"
    assert api.delete("segments/others/").status_code == 204
    assert api.delete("segments/germans/").status_code == 204
    assert api.get("segments/germans/").status_code == 404


def test_its_customers_come_in_pages_by_id_alone(api, germans):
    page = api.get("segments/germans/customers/", limit=1).json()
    rest = api.get(page["next"].partition("testserver")[2]).json()

    ids = [one["external_id"] for one in (*page["results"], *rest["results"])]
    assert sorted(ids) == ["anna", "boris"]
    assert set(page["results"][0]) == {"external_id", "since"}
    assert rest["next"] is None


def test_customers_are_put_on_a_list_replaced_and_taken_off(api, germans):
    api.post("segments/", {"code": "friends", "name": "Friends", "kind": "list"})

    def bring(*ids, **how):
        return api.post("segments/friends/customers/", {"customers": list(ids), **how}).json()

    assert bring("anna", "nobody") == {"entered": 1, "left": 0, "there_already": 0, "not_found": ["nobody"]}
    assert bring("clara", mode="replace") == {"entered": 1, "left": 1, "there_already": 0, "not_found": []}
    assert bring("clara", mode="remove") == {"entered": 0, "left": 1, "there_already": 0, "not_found": []}
    assert api.get("segments/friends/customers/").json()["results"] == []


def test_nobody_is_put_into_a_segment_by_a_rule(api, germans):
    answer = api.post("segments/germans/customers/", {"customers": ["clara"]})

    assert (answer.status_code, answer.json()["code"]) == (409, "not_a_list")


def test_whoever_asks_for_a_count_gets_one(api, germans):
    answer = api.post("segments/germans/refresh/", {})

    assert (answer.status_code, answer.json()["is_being_counted"]) == (202, True)
    for segment in counting.due_segments():
        counting.refresh(segment)
    assert api.get("segments/germans/").json()["is_being_counted"] is False


def test_the_preview_counts_without_writing(api):
    paid = StatusFactory(type="payment", code="paid", name="Paid")
    OrderFactory(
        external_id="1001", customer=CustomerFactory(external_id="anna"), payment_status=paid, total_minor=1000
    )
    OrderFactory(total_minor=3000)
    rule = {
        "combinator": "and",
        "rules": [
            {
                "combinator": "and",
                "of": "any_order",
                "rules": [{"field": "order.payment_status", "operator": "in", "value": ["paid"]}],
            }
        ],
    }

    told = api.post("segments/preview/", {"rule": rule}).json()

    assert told["customers"] == {"number": 1, "of": 2, "share": 0.5}
    assert told["orders"] == {"number": 1, "of": 2, "share": 0.5}
    assert told["revenue"] == {"amount": "10.00", "of": "40.00", "currency": "EUR", "share": 0.25}
    assert told["sample"] == [{"external_id": "anna", "why": ["order 1001: payment status: Paid"]}]
    assert not Segment.objects.exists()


def test_orders_are_named_to_keys_that_may_read_orders():
    OrderFactory(external_id="1001", customer=CustomerFactory(external_id="anna", first_name="Anna"), currency="EUR")
    of_order = {"field": "order.currency", "operator": "=", "value": "EUR"}
    rule = {"combinator": "and", "rules": [{"combinator": "and", "of": "any_order", "rules": [of_order]}]}
    source = SourceFactory()

    whys = [
        Caller.of(source, *scopes).post("segments/preview/", {"rule": rule}).json()["sample"]
        for scopes in (("segments:read",), ("segments:read", "orders:read"))
    ]

    assert whys == [
        [{"external_id": "anna", "why": ["an order: order currency: EUR"]}],
        [{"external_id": "anna", "why": ["order 1001: order currency: EUR"]}],
    ]


def test_what_is_personal_is_asked_about_only_by_keys_that_may_read_customers(germans):
    source = SourceFactory()
    without = Caller.of(source, "segments:read", "segments:write")
    with_it = Caller.of(source, "segments:read", "customers:read")

    assert without.post("segments/preview/", {"rule": NAMED_ANNA}).status_code == 422
    assert without.post("segments/", {"code": "a", "name": "A", "rule": NAMED_ANNA}).status_code == 422
    assert with_it.post("segments/preview/", {"rule": NAMED_ANNA}).json()["customers"]["number"] == 1


def test_a_rule_about_what_is_personal_is_told_to_keys_that_may_read_customers(germans):
    Segment.objects.update(rule=NAMED_ANNA)
    source = SourceFactory()
    may, may_not = Caller.of(source, "segments:read", "customers:read"), Caller.of(source, "segments:read")

    assert may.get("segments/germans/").json()["rule"] == NAMED_ANNA
    assert may_not.get("segments/germans/").json()["rule"] is None
    assert [one["rule"] for one in may_not.get("segments/").json()["results"]] == [None]


def test_a_key_without_the_scope_may_not(germans):
    reads = Caller.of(SourceFactory(), "segments:read")

    assert reads.get("segments/germans/customers/").status_code == 200
    assert reads.post("segments/preview/", {"rule": GERMANS}).status_code == 200
    assert reads.post("segments/germans/refresh/", {}).status_code == 403
    assert reads.delete("segments/germans/").status_code == 403
    assert Caller.of(SourceFactory(), "orders:read").get("segments/").status_code == 403


def test_a_test_key_changes_no_segment(germans):
    tester = Caller.of(SourceFactory(), is_test=True)

    assert tester.get("segments/").status_code == 200
    assert tester.post("segments/", {"code": "a", "name": "A", "kind": "list"}).json()["code"] == "test_key"
    assert tester.post("segments/preview/", {"rule": GERMANS}).status_code == 200


@pytest.mark.parametrize("path", ["segments/", "segments/germans/customers/"])
def test_a_list_asks_no_more_for_many_than_for_few(api, germans, path, django_assert_num_queries):
    api.get(path)  # which notes that the key is used
    with CaptureQueriesContext(connection) as few:
        api.get(path)
    for number in range(8):
        segments.create(code=f"s{number}", name="S", rule=GERMANS)
        CustomerFactory(language="de")
    counting.refresh(germans)

    with django_assert_num_queries(len(few)):
        api.get(path)


def test_the_same_list_is_brought_once_for_one_idempotency_key(api):
    CustomerFactory(external_id="anna")
    segments.create(code="friends", name="Friends")
    body = json.dumps({"customers": ["anna"]})

    answers = [
        api.send("post", "segments/friends/customers/", body, headers={"Idempotency-Key": "1"}).json() for _ in "12"
    ]

    assert answers[0] == answers[1] == {"entered": 1, "left": 0, "there_already": 0, "not_found": []}
    assert lists.Member.objects.count() == 1
