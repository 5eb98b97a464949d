import pytest
from django.utils import timezone

import statuses.usages as usages_module
from statuses.models import OrderStatus, StatusAlias
from statuses.usages import Usage
from tests.callers import Caller
from tests.factories import OrderFactory, SourceFactory, StatusFactory
from workspace.usages import Asked

pytestmark = pytest.mark.django_db


@pytest.fixture
def api():
    return Caller.of(SourceFactory())


def merged(status, into):
    status.retired_at, status.merged_into = timezone.now(), into
    status.save()


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
        ({"type": "general", "code": "a", "name": "A", "colour": "plaid"}, "#/colour", "invalid_choice"),
        ({"type": "general", "code": "a", "name": "A", "shade": "red"}, "#/shade", "unknown_field"),
        ({"type": "general", "code": "a", "name": "A", "revision": 1}, "#/revision", "read_only"),
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


def test_a_status_tells_its_colour_its_revision_and_what_became_of_it(api):
    StatusFactory(type="payment", code="paid", colour="green")

    answer = api.get("statuses/payment/paid/").json()

    assert {name: answer[name] for name in ("colour", "revision", "retired_at", "merged_into", "merging_into")} == {
        "colour": "green",
        "revision": 1,
        "retired_at": None,
        "merged_into": None,
        "merging_into": None,
    }


def test_a_change_counts_up_the_revision_and_one_that_says_what_is_there_does_not(api):
    StatusFactory(type="payment", code="paid", name="Paid")

    changed = api.patch("statuses/payment/paid/", {"colour": "green", "revision": 1}).json()
    same = api.patch("statuses/payment/paid/", {"colour": "green", "name": "Paid"}).json()

    assert (changed["colour"], changed["revision"], same["revision"]) == ("green", 2, 2)


def test_of_two_who_change_a_status_at_once_the_second_is_told(api):
    StatusFactory(type="payment", code="paid")
    api.patch("statuses/payment/paid/", {"name": "Settled", "revision": 1})

    answer = api.patch("statuses/payment/paid/", {"name": "Paid up", "revision": 1})

    assert (answer.status_code, answer.json()["code"]) == (409, "changed_meanwhile")
    assert OrderStatus.objects.get().name == "Settled"


def test_a_status_is_retired_and_restored(api):
    StatusFactory(type="payment", code="paid")

    retired = api.post("statuses/payment/paid/retire/", {"keep_taking": False}).json()
    restored = api.post("statuses/payment/paid/restore/", {}).json()

    assert retired["retired_at"].endswith("Z")
    assert retired["is_taken_from_sources"] is False
    assert (restored["retired_at"], restored["is_taken_from_sources"]) == (None, True)


def test_left_unsaid_integrations_may_go_on_telling_a_retired_status(api):
    StatusFactory(type="payment", code="paid")

    assert api.send("post", "statuses/payment/paid/retire/", "").json()["is_taken_from_sources"] is True


def test_what_the_vocabulary_refuses_is_a_conflict(api):
    merged(StatusFactory(type="payment", code="paid"), StatusFactory(type="payment", code="settled"))

    answer = api.post("statuses/payment/paid/restore/", {})

    assert (answer.status_code, answer.json()["code"]) == (409, "merged")


def test_statuses_are_filtered_by_whether_they_are_retired_or_merged(api):
    new = StatusFactory(code="new")
    StatusFactory(code="old", retired_at=timezone.now())
    merged(StatusFactory(code="gone"), new)

    def listed(**filters):
        return {status["code"] for status in api.get("statuses/", **filters).json()["results"]}

    assert listed(retired="true") == {"old", "gone"}
    assert listed(retired="false") == {"new"}
    assert listed(merged="true") == {"gone"}
    assert listed(merged="false") == {"new", "old"}


def test_a_status_whose_code_could_be_read_as_an_address_of_ours_is_found_by_its_code(api):
    StatusFactory(type="delivery", code="a/retire")

    assert [status["code"] for status in api.get("statuses/", code="A/RETIRE").json()["results"]] == ["a/retire"]


def test_other_codes_are_added_listed_and_taken_away(api):
    StatusFactory(type="delivery", code="At point/Zürich")
    address = "statuses/delivery/at%20point%2Fzürich/aliases/"

    added = api.post(address, {"code": "ready/now"})
    listed = api.get(address).json()["results"]
    removed = api.delete(f"{address}READY%2Fnow/")

    assert added.status_code == 201
    assert [(alias["code"], alias["source"]) for alias in listed] == [("ready/now", None)]
    assert removed.status_code == 204
    assert api.get(address).json()["results"] == []


def test_what_one_source_means_is_taken_away_by_naming_it(api):
    status = StatusFactory(type="payment", code="paid")
    StatusAlias.objects.create(status=status, type="payment", code="ok", source=SourceFactory(code="erp"))

    for_all = api.delete("statuses/payment/paid/aliases/ok/")
    of_erp = Caller.of(SourceFactory()).send("delete", "statuses/payment/paid/aliases/ok/?source=erp", "")

    assert (for_all.status_code, of_erp.status_code) == (404, 204)


@pytest.mark.parametrize(
    ("wanted", "status", "code"),
    [
        ("settled", 409, "status_exists"),
        ("OK", 409, "alias_exists"),
        ("any", 422, "invalid"),
        ("", 422, "invalid"),
        ("a" * 65, 422, "invalid"),
    ],
)
def test_a_code_that_means_something_already_is_no_other_code(api, wanted, status, code):
    StatusAlias.objects.create(status=StatusFactory(type="payment", code="paid"), type="payment", code="ok")
    StatusFactory(type="payment", code="settled")

    answer = api.post("statuses/payment/paid/aliases/", {"code": wanted})

    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_new_status_whose_code_is_an_alias_is_told_so_beside_the_code(api):
    StatusAlias.objects.create(
        status=StatusFactory(type="payment", code="paid", name="Paid"), type="payment", code="ok"
    )

    answer = api.post("statuses/", {"type": "payment", "code": "OK", "name": "OK"})

    assert answer.status_code == 409
    assert answer.json()["errors"] == [
        {
            "pointer": "#/code",
            "code": "alias_exists",
            "detail": "“ok” is another code of “Paid”. Choose another, or take it from there first.",
        }
    ]


def test_a_status_with_nothing_but_other_codes_is_deleted_with_them(api):
    StatusAlias.objects.create(status=StatusFactory(type="payment", code="paid"), type="payment", code="ok")

    assert api.delete("statuses/payment/paid/").status_code == 204
    assert not StatusAlias.objects.exists()


def test_who_uses_a_status_is_told_as_far_as_the_key_may_know(monkeypatch):
    status = StatusFactory(type="payment", code="paid")
    told = {status.pk: [Usage("campaign", "Campaign “Thanks”", "/admin/", is_live=True)]}
    monkeypatch.setitem(usages_module._of_statuses._tellers, lambda statuses: told, Asked("campaigns.view_campaign"))

    def asked_by(*scopes):
        return Caller.of(SourceFactory(), *scopes).get("statuses/payment/paid/usage/").json()

    assert asked_by("statuses:read") == {"is_used": True, "uses": []}
    assert asked_by("statuses:read", "campaigns:read")["uses"] == [
        {"kind": "campaign", "text": "Campaign “Thanks”", "url": "/admin/", "is_live": True}
    ]


@pytest.mark.parametrize("verb", ["retire", "restore", "merge", "aliases"])
def test_to_change_the_vocabulary_a_key_needs_its_scope(verb):
    StatusFactory(type="payment", code="paid")

    answer = Caller.of(SourceFactory(), "statuses:read").post(f"statuses/payment/paid/{verb}/", {})

    assert (answer.status_code, answer.json()["code"]) == (403, "missing_scope")


def test_a_page_of_statuses_costs_one_query_beside_the_key(api, django_assert_num_queries):
    into = StatusFactory()
    for status in StatusFactory.create_batch(20):
        merged(status, into)

    with django_assert_num_queries(3):  # the key, its last use, the page
        api.get("statuses/")
