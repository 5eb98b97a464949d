import pytest

from customers.models import Customer
from tests.callers import Caller
from tests.factories import CustomerFactory, SourceFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def api():
    return Caller.of(SourceFactory(name="Web shop"))


def names(answer):
    return [customer["external_id"] for customer in answer.json()["results"]]


def test_a_customer_is_created_and_then_changed(api):
    created = api.post("customers/", {"external_id": "C/1", "first_name": "Ada", "phone": "602 555 0124"})
    changed = api.post("customers/", {"external_id": "C/1", "last_name": "Lovelace"})

    assert (created.status_code, changed.status_code) == (201, 200)
    assert changed.json()["first_name"] == "Ada"
    assert changed.json()["phone"] == "+16025550124"
    assert api.get("customers/C%2F1/").json() == changed.json()


def test_a_put_creates_under_the_id_of_its_address(api):
    answer = api.put("customers/bulk%20buyer/", {"first_name": "Ada"})

    assert answer.status_code == 201
    assert answer.json()["external_id"] == "bulk buyer"


def test_a_body_cannot_name_another_id_than_its_address(api):
    answer = api.put("customers/C-1/", {"external_id": "C-2"})

    assert answer.json()["errors"][0]["code"] == "external_id_mismatch"
    assert not Customer.objects.exists()


def test_a_patch_changes_one_that_exists_and_creates_none(api):
    CustomerFactory(external_id="C-1", first_name="Ada", last_name="Byron")

    assert api.patch("customers/C-1/", {"last_name": None}).json()["last_name"] == ""
    assert api.patch("customers/C-2/", {"last_name": "X"}).status_code == 404
    assert Customer.objects.count() == 1


def test_consent_is_told_with_its_source_and_time(api):
    answer = api.post("customers/", {"external_id": "C-1", "sms_consent": "given"}).json()

    assert (answer["sms_consent"], answer["sms_consent_source"]) == ("given", "Web shop")
    assert answer["sms_consent_at"].endswith("Z")


def test_refused_kinds_of_message_are_told_and_read(api):
    answer = api.post("customers/", {"external_id": "C-1", "refused_categories": ["offers", "news"]})

    assert answer.json()["refused_categories"] == ["news", "offers"]
    assert api.patch("customers/C-1/", {"first_name": "Ada"}).json()["refused_categories"] == ["news", "offers"]
    assert api.patch("customers/C-1/", {"refused_categories": []}).json()["refused_categories"] == []


def test_attributes_that_are_named_are_set_and_the_others_stay(api):
    """Campaigns and people set some too: a shop that sends its whole record each night takes none of theirs away."""
    CustomerFactory(external_id="C-1", attributes={"by_campaign": True, "level": "gold"})

    put = api.put("customers/C-1/", {"attributes": {"level": "silver", "visits": 3}})
    patched = api.patch("customers/C-1/", {"attributes": {"visits": None, "note": ""}})
    api.post("customers/", {"external_id": "C-1", "first_name": "Ada"})

    assert put.json()["attributes"] == {"by_campaign": True, "level": "silver", "visits": 3}
    assert patched.json()["attributes"] == {"by_campaign": True, "level": "silver"}
    assert api.get("customers/C-1/").json()["attributes"] == {"by_campaign": True, "level": "silver"}
    assert api.patch("customers/C-1/", {"attributes": None}).json()["attributes"] == {}


def test_tags_are_told_as_a_whole(api):
    answer = api.post("customers/", {"external_id": "C-1", "tags": ["vip", "b2b", "vip"]})

    assert answer.json()["tags"] == ["b2b", "vip"]
    assert api.patch("customers/C-1/", {"first_name": "Ada"}).json()["tags"] == ["b2b", "vip"]
    assert api.put("customers/C-1/", {"tags": ["new"]}).json()["tags"] == ["new"]
    assert api.put("customers/C-1/", {"tags": None}).json()["tags"] == []


@pytest.mark.parametrize(
    ("told", "code", "field"),
    [
        ({"attributes": ["a"]}, "not_an_object", "attributes"),
        ({"attributes": {"Level": 1}}, "invalid_attribute_name", "attributes"),
        ({"attributes": {"__class__": 1}}, "invalid_attribute_name", "attributes"),
        ({"attributes": {"level": {"deeper": 1}}}, "invalid_attribute", "attributes"),
        ({"attributes": {"level": "x" * 501}}, "invalid_attribute", "attributes"),
        ({"attributes": {f"a{n}": n for n in range(101)}}, "too_many", "attributes"),
        ({"attributes": {f"a{n}": "x" * 500 for n in range(33)}}, "too_large", "attributes"),
        ({"tags": "vip"}, "not_a_list", "tags"),
        ({"tags": ["VIP"]}, "invalid_tag", "tags"),
        ({"tags": [f"t{n}" for n in range(101)]}, "too_long", "tags"),
    ],
)
def test_what_is_wrong_with_attributes_and_tags(api, told, code, field):
    answer = api.post("customers/", {"external_id": "C-1", **told})

    assert answer.status_code == 422
    assert [(error["pointer"], error["code"]) for error in answer.json()["errors"]] == [(f"#/{field}", code)]
    assert not Customer.objects.exists()


def test_what_would_be_too_much_with_what_is_there_changes_nothing_of_that_customer(api):
    CustomerFactory(external_id="C-1", first_name="Ada", attributes={f"a{n}": n for n in range(100)})

    answer = api.patch("customers/C-1/", {"first_name": "Grace", "attributes": {"one_more": 1}})
    others = api.post(
        "customers/bulk/",
        [{"external_id": "C-1", "attributes": {"one_more": 1}}, {"external_id": "C-2", "attributes": {"a": 1}}],
    )

    assert answer.json()["errors"][0]["code"] == "too_many"
    assert Customer.objects.get(external_id="C-1").first_name == "Ada"
    assert (others.json()["created"], others.json()["rejected"]) == (1, 1)


def test_a_word_that_is_no_category_is_named(api):
    answer = api.post("customers/", {"external_id": "C-1", "refused_categories": ["News"]})

    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == ("#/refused_categories", "invalid_category")


def test_what_a_body_does_not_name_leaves_consent_alone(api):
    api.post("customers/", {"external_id": "C-1", "sms_consent": "refused"})

    assert api.put("customers/C-1/", {"first_name": "Ada"}).json()["sms_consent"] == "refused"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "#/external_id"),
        ({"external_id": 5}, "#/external_id"),
        ({"external_id": ""}, "#/external_id"),
        ({"external_id": "C" * 129}, "#/external_id"),
        ({"external_id": "C", "first_name": {"a": 1}}, "#/first_name"),
        ({"external_id": "C", "first_name": "\x00"}, "#/first_name"),
        ({"external_id": "C", "timezone": "Mars/Olympus"}, "#/timezone"),
        ({"external_id": "C", "timezone": ["UTC"]}, "#/timezone"),
        ({"external_id": "C", "email": "nobody"}, "#/email"),
        ({"external_id": "C", "sms_consent": None}, "#/sms_consent"),
        ({"external_id": "C", "sms_consent": ["given"]}, "#/sms_consent"),
        ({"external_id": "C", "sms_consent": "given", "sms_consent_at": "2026-05-03"}, "#/sms_consent_at"),
        ({"external_id": "C", "age": 5}, "#/age"),
        ({"external_id": "C", "\ud800": 5}, "#/%3F"),
        ([], "#"),
        (None, "#"),
        ("C", "#"),
    ],
)
def test_a_mistake_is_named_with_its_place(api, body, pointer):
    answer = api.post("customers/", body)

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert not Customer.objects.exists()


def test_of_a_batch_the_good_ones_are_kept(api):
    CustomerFactory(external_id="C-1", first_name="Ada")

    answer = api.post(
        "customers/bulk/?results=all",
        [
            {"external_id": "C-1", "first_name": "Ada"},
            {"external_id": "C-2"},
            {"external_id": "C-3", "email": "nobody"},
            {"external_id": "C-2", "first_name": "Grace"},
            7,
        ],
    ).json()

    assert {name: answer[name] for name in ("received", "created", "changed", "unchanged", "rejected")} == {
        "received": 5,
        "created": 1,
        "changed": 1,
        "unchanged": 1,
        "rejected": 2,
    }
    assert [item["outcome"] for item in answer["results"]] == [
        "unchanged",
        "created",
        "rejected",
        "changed",
        "rejected",
    ]
    assert [item["pointer"] for item in answer["rejected_items"]] == ["#/2/email", "#/4"]


def test_a_batch_is_a_list(api):
    assert api.post("customers/bulk/", {"external_id": "C-1"}).json()["errors"][0]["code"] == "not_a_batch"


def test_a_batch_has_its_own_address_that_is_no_customer(api):
    assert api.get("customers/bulk/").status_code == 405


def test_customers_are_found(api):
    CustomerFactory(external_id="A/1", first_name="Ada", sms_consent="given", phone_written="+16025550111")
    CustomerFactory(external_id="B", first_name="Grace")

    assert names(api.get("customers/", external_id="A/1")) == ["A/1"]
    assert names(api.get("customers/", sms_consent="given")) == ["A/1"]
    assert names(api.get("customers/", phone="+16025550111")) == ["A/1"]
    assert names(api.get("customers/", search="grac")) == ["B"]
    assert names(api.get("customers/", ordering="external_id")) == ["A/1", "B"]
    assert names(api.get("customers/", created_from="2999-01-01T00:00:00Z")) == []


def test_a_page_of_customers_costs_one_query_beside_the_key(api, django_assert_num_queries):
    CustomerFactory.create_batch(20)

    with django_assert_num_queries(3):  # the key, its last use, the page
        api.get("customers/")


def test_a_batch_costs_no_query_per_customer(api, django_assert_max_num_queries):
    with django_assert_max_num_queries(15):
        answer = api.post("customers/bulk/", [{"external_id": f"C-{number}"} for number in range(300)])

    assert answer.json()["created"] == 300
