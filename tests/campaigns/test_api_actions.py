"""The history of what keys do, told through every door of the API."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders.models import StatusTransition
from tests.callers import Caller
from tests.factories import CustomerFactory, OrderFactory, SourceFactory, StatusFactory
from tests.screens import actions, done, ready_for_pickup, turn_orders_on
from workspace import history
from workspace.models import Verb

pytestmark = pytest.mark.django_db


@pytest.fixture
def caller():
    turn_orders_on()
    return Caller.of(SourceFactory(code="shop", name="Shop"))


def inserts(queries):
    return [query for query in queries if query["sql"].startswith('INSERT INTO "workspace_action"')]


def test_a_key_is_told_with_its_source_and_the_request(caller):
    caller.post("statuses/", {"type": "payment", "code": "paid", "name": "Paid"}, headers={"X-Request-ID": "r-7"})

    told = actions().get()
    assert (told.verb, told.who, told.object_label) == ("created", "Test", "Paid")
    assert (told.user_id, told.key_id, told.source_id) == (None, caller.key.pk, caller.key.source_id)
    assert (told.address, told.request_id) == ("127.0.0.1", "r-7")


def test_a_status_is_told_as_it_changes_and_goes(caller):
    StatusFactory(type="payment", code="paid", name="Paid")

    caller.patch("statuses/payment/paid/", {"name": "All paid"})
    caller.patch("statuses/payment/paid/", {"name": "All paid"})
    caller.delete("statuses/payment/paid/")

    (changed, deleted) = done()
    assert changed == ("changed", {"name": ["Paid", "All paid"]})
    assert deleted[0] == "deleted"


def test_what_is_refused_is_no_action(caller):
    caller.post("statuses/", {"type": "payment", "code": "paid"})
    caller.post("campaigns/", {"format": 1})
    caller.put("orders/A-1/", {"total": 12})
    caller.post("campaigns/none/pause/", {})

    assert done() == []


def test_a_campaign_is_told_from_draft_to_end(caller):
    caller.post("campaigns/", ready_for_pickup())
    caller.put("campaigns/ready-for-pickup/", ready_for_pickup(name="Ready", reentry={"mode": "every_time"}))
    for verb in ("activate", "pause", "resume", "end"):
        assert caller.post(f"campaigns/ready-for-pickup/{verb}/", {}).status_code == 200

    (created, changed, *life) = done()
    assert created[0] == "created"
    assert changed == (
        "changed",
        {
            "name": ["Ready for pickup", "Ready"],
            "revision": [1, 2],
            "draft.name": None,
            "draft.reentry": None,
        },
    )
    assert life == [
        ("activated", {"state": ["draft", "active"], "version": [None, 1]}),
        ("paused", {"state": ["active", "paused"]}),
        ("resumed", {"state": ["paused", "active"]}),
        ("ended", {"state": ["active", "ended"]}),
    ]
    assert "is ready." not in str(done())


def test_an_order_is_told_by_its_plain_fields(caller):
    OrderFactory(external_id="A-1", customer=None, total_minor=1230, currency="EUR")

    caller.patch("orders/A-1/", {"total": "45.60", "custom": {"for": "Ada"}})

    assert done() == [("changed", {"total": ["12.30", "45.60"], "custom": None})]


def test_an_order_that_only_moves_is_in_the_ledger_alone(caller):
    StatusFactory(type="payment", code="paid")
    OrderFactory(external_id="A-1")

    caller.patch("orders/A-1/", {"payment_status": "paid"})
    caller.post("status-changes/", [{"order": "A-1", "type": "payment", "code": "paid"}])

    assert StatusTransition.objects.count() == 1
    assert done() == []


def test_a_new_order_is_told_once(caller):
    caller.put("orders/A-1/", {"total": "45.60", "currency": "EUR"})
    caller.put("orders/A-1/", {"total": "45.60", "currency": "EUR"})

    assert done() == [("created", {"total": [None, "45.60"], "currency": [None, "EUR"]})]


def test_of_a_customer_only_fields_and_consent_are_told(caller):
    CustomerFactory(external_id="ada@example.com", first_name="Ada", sms_consent="unknown")

    caller.patch("customers/ada@example.com/", {"first_name": "Grace", "phone": "+16025550123", "sms_consent": "given"})

    (told,) = actions().values()
    assert told["changes"] == {"first_name": None, "phone_written": None, "sms_consent": ["unknown", "given"]}
    assert not any(word in str(told) for word in ("Ada", "Grace", "ada@", "602555"))


def test_a_batch_is_one_action_with_counts_and_one_statement(caller):
    StatusFactory(type="payment", code="paid")
    OrderFactory(external_id="A-1", customer=None)
    OrderFactory(external_id="A-2", customer=None)
    batch = [{"external_id": f"B-{n}"} for n in range(20)]
    moved = {"external_id": "A-2", "payment_status": "paid"}

    with CaptureQueriesContext(connection) as queries:
        caller.post("orders/bulk/", [*batch, {"external_id": "A-1", "total": "1.00"}, moved])

    told = actions().get()
    assert (told.verb, told.object_type, told.object_id) == ("written", "orders.order", "")
    assert told.counts == {"created": 20, "changed": 1}
    assert len(inserts(queries)) == 1


def test_a_batch_that_says_nothing_new_is_no_action(caller):
    caller.post("customers/bulk/", [{"external_id": "C-1", "first_name": "Ada"}])

    caller.post("customers/bulk/", [{"external_id": "C-1", "first_name": "Ada"}])

    assert done() == [("written", {})]


def test_a_request_sent_again_with_its_key_is_one_action(caller):
    for _each in range(2):
        caller.post("customers/", {"external_id": "C-1"}, headers={"Idempotency-Key": "once"})

    assert [verb for verb, _changes in done()] == ["created"]


def test_the_list_tells_it_all(caller):
    history.record(history.Who("ann", user_id=3, address="192.0.2.7"), Verb.REVOKED, caller.key)

    (told,) = caller.get("actions/").json()["results"]

    assert told["id"]
    assert told["at"].endswith("Z")
    assert {name: told[name] for name in ("action", "who", "person_id", "key_id", "address", "object_type")} == {
        "action": "revoked",
        "who": "ann",
        "person_id": 3,
        "key_id": None,
        "address": "192.0.2.7",
        "object_type": "workspace.apikey",
    }


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"action": "paused"}, ["paused"]),
        ({"person_id": 3}, ["revoked"]),
        ({"key_id": 7}, ["paused"]),
        ({"object_type": "workspace.source"}, ["revoked"]),
        ({"at_until": "2020-01-01T00:00:00Z"}, []),
        ({"at_from": "2020-01-01T00:00:00Z"}, ["paused", "revoked"]),
    ],
)
def test_the_list_is_filtered(caller, asked, found):
    history.record(history.Who("ann", user_id=3), Verb.REVOKED, caller.key.source)
    history.record(history.Who("shop", key_id=7), Verb.PAUSED)

    answer = caller.get("actions/", **asked).json()

    assert [told["action"] for told in answer["results"]] == found


@pytest.mark.parametrize("asked", [{"person_id": "x"}, {"person_id": 10**30}, {"action": "flown"}])
def test_what_cannot_be_meant_is_refused(caller, asked):
    assert caller.get("actions/", **asked).status_code == 422


def test_it_comes_in_pages(caller):
    for number in range(3):
        history.record(history.Who(str(number)), Verb.CHANGED)

    first = caller.get("actions/", limit=2).json()
    then = caller.get(first["next"].removeprefix("http://testserver")).json()

    assert [told["who"] for told in first["results"] + then["results"]] == ["2", "1", "0"]


def test_a_key_without_the_scope_reads_none_of_it(caller):
    assert Caller.of(SourceFactory(), "orders:read").get("actions/").status_code == 403
