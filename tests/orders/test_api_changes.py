from datetime import UTC, datetime

import pytest
from django.db import OperationalError

from orders.models import Order, StatusChange, StatusTransition
from orders.signals import statuses_changed
from orders.transitions import Started
from tests.callers import Caller
from tests.factories import OrderFactory, StatusFactory
from workspace.models import Source, Workspace

pytestmark = pytest.mark.django_db

AT = "2026-05-03T14:05:00+02:00"
NOTHING = {"transitions": 0, "unchanged": 0, "late": 0, "duplicates": 0, "parked": 0, "rejected": 0}


@pytest.fixture
def api(orders_on, shop):
    StatusFactory(type="payment", code="paid")
    StatusFactory(type="payment", code="refunded")
    OrderFactory(external_id="O-1")
    return Caller.of(shop)


def paid(order="O-1", **more):
    return {"order": order, "type": "payment", "code": "paid", **more}


def counts(answer):
    assert answer.status_code == 200, answer.content
    body = answer.json()
    return {name: body[name] for name in NOTHING if body[name]}


def test_one_change_moves_its_order(api):
    answer = api.post("status-changes/", paid(occurred_at=AT, event_id="e-1", sequence=7))

    assert answer.json() == {"received": 1, **NOTHING, "transitions": 1, "rejected_items": []}
    assert Order.objects.get().payment_status.code == "paid"
    change = StatusChange.objects.get()
    assert (change.event_id, change.sequence) == ("e-1", 7)
    assert change.occurred_at == datetime(2026, 5, 3, 12, 5, tzinfo=UTC)


def test_the_same_change_again_is_a_duplicate(api):
    api.post("status-changes/", paid(occurred_at=AT))

    assert counts(api.post("status-changes/", paid(occurred_at=AT))) == {"duplicates": 1}


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({}, "#/order", "required"),
        (paid(order=5), "#/order", "not_text"),
        (paid(order="O" * 129), "#/order", "too_long"),
        (paid(order="\x00"), "#/order", "bad_text"),
        (paid(order="\ud800"), "#/order", "bad_text"),
        (paid(type="mood"), "#/type", "unknown_type"),
        (paid(type=["payment"]), "#/type", "not_text"),
        (paid(code=None), "#/code", "required"),
        (paid(occurred_at="2026-05-03T14:05:00"), "#/occurred_at", "naive_time"),
        (paid(occurred_at=1777809900), "#/occurred_at", "invalid_time"),
        (paid(occurred_at="0001-01-01T00:00:00+14:00"), "#/occurred_at", "invalid_time"),
        (paid(occurred_at="2999-01-01T00:00:00Z"), "#/occurred_at", "time_in_future"),
        (paid(sequence=2**63), "#/sequence", "invalid_sequence"),
        (paid(sequence=1.5), "#/sequence", "invalid_sequence"),
        (paid(event_id="e" * 129), "#/event_id", "too_long"),
        (paid(event_id={}), "#/event_id", "not_text"),
        (paid(status="paid"), "#/status", "unknown_field"),
        ("paid", "#", "not_an_object"),
        (None, "#", "not_an_object"),
    ],
)
def test_a_single_change_that_is_bad_is_a_problem(api, body, pointer, code):
    answer = api.post("status-changes/", body)

    assert answer.status_code == 422
    assert [(error["pointer"], error["code"]) for error in answer.json()["errors"]] == [(pointer, code)]


def test_an_event_id_used_for_another_change_is_a_conflict(api):
    api.post("status-changes/", paid(event_id="e-1"))

    answer = api.post("status-changes/", {**paid(event_id="e-1"), "code": "refunded"})

    assert (answer.status_code, answer.json()["code"]) == (409, "event_id_conflict")


def test_of_a_batch_the_good_items_are_kept(api):
    answer = api.post(
        "status-changes/", [paid(occurred_at=AT), paid(code=""), 5, paid(order="unknown"), paid(occurred_at=AT)]
    )

    assert answer.json() == {
        "received": 5,
        **NOTHING,
        "transitions": 1,
        "parked": 1,
        "duplicates": 1,
        "rejected": 2,
        "rejected_items": [
            {"index": 1, "code": "required", "detail": "“code” is missing.", "pointer": "#/1/code"},
            {
                "index": 2,
                "code": "not_an_object",
                "detail": "Each change is an object with order, type and code.",
                "pointer": "#/2",
            },
        ],
    }


def test_each_items_outcome_can_be_asked_for(api):
    answer = api.post("status-changes/?results=all", [paid(occurred_at=AT), paid(occurred_at=AT), paid(code="")]).json()

    transition = StatusTransition.objects.get()
    assert [(item["outcome"], item["transition"]) for item in answer["results"]] == [
        ("moved", transition.pk),
        ("duplicate", None),
        ("rejected", None),
    ]
    assert answer["results"][2]["pointer"] == "#/2/code"


def test_an_empty_batch_is_heard_out(api):
    assert api.post("status-changes/", []).json() == {"received": 0, **NOTHING, "rejected_items": []}


def test_a_batch_of_more_than_five_thousand_is_413(api):
    answer = api.post("status-changes/", [5] * 5001)

    assert (answer.status_code, answer.json()["code"]) == (413, "batch_too_large")


def test_a_dry_run_tells_what_would_move_and_start_and_changes_nothing(api):
    def start(transitions, **_kwargs):
        return [Started(transition.pk, "thanks") for transition in transitions]

    statuses_changed.connect(start, weak=False, dispatch_uid="test")
    try:
        answer = api.post("status-changes/?dry_run=1", [paid(order="unknown"), paid()]).json()
    finally:
        statuses_changed.disconnect(dispatch_uid="test")

    assert answer["would_move"] == [{"index": 1, "order": "O-1", "type": "payment", "from": None, "to": "paid"}]
    assert answer["would_start"] == [{"index": 1, "order": "O-1", "campaign": "thanks"}]
    assert (answer["transitions"], answer["parked"]) == (1, 1)
    assert not StatusChange.objects.exists()
    assert not StatusTransition.objects.exists()
    assert Order.objects.get().payment_status is None


def test_history_is_silent_whatever_the_source_is(api, shop):
    assert shop.mode == Source.Mode.LIVE

    api.post("status-changes/?mode=history", paid())

    assert StatusTransition.objects.get().silent_because == "history"


def test_what_a_test_key_says_is_marked(api, shop):
    Caller.of(shop, is_test=True).post("status-changes/", paid())

    assert StatusTransition.objects.get().is_test


@pytest.mark.parametrize("parameter", ["results=some", "dry_run=maybe", "mode=live", "fire=1"])
def test_a_parameter_that_is_none_is_refused_and_nothing_heard(api, parameter):
    assert api.post(f"status-changes/?{parameter}", paid()).status_code == 422
    assert not StatusChange.objects.exists()


@pytest.mark.parametrize("address", ["status-changes/", "transitions/", "orders/O-1/transitions/"])
def test_with_orders_off_the_answer_is_a_sentence(api, address):
    Workspace.objects.update(orders_enabled=False)

    answer = api.get(address)

    assert (answer.status_code, answer.json()["code"]) == (403, "orders_disabled")
    assert answer.json()["detail"].startswith("Orders is switched off here.")


def test_what_was_said_can_be_read(api, shop):
    api.post("status-changes/", [paid(occurred_at=AT, event_id="e-1"), paid(order="unknown", event_id="e-2")])

    answer = api.get("status-changes/", outcome="parked", source=shop.code).json()

    (change,) = answer["results"]
    assert (change["event_id"], change["order"], change["outcome"]) == ("e-2", "unknown", "parked")


@pytest.mark.parametrize(
    ("term", "events"),
    [("e-1", ["e-1"]), ("O-1", ["e-1"]), ("unknown", ["e-2"]), ("e-", []), ("unk", []), ("paid", []), ("9" * 30, [])],
)
def test_what_was_said_is_found_by_a_whole_id_whether_its_order_is_known_or_not(api, term, events):
    api.post("status-changes/", [paid(occurred_at=AT, event_id="e-1"), paid(order="unknown", event_id="e-2")])

    answer = api.get("status-changes/", search=term)

    assert [row["event_id"] for row in answer.json()["results"]] == events


def test_times_are_told_in_utc(api):
    api.post("status-changes/", paid(occurred_at=AT))

    (change,) = api.get("status-changes/", occurred_from=AT).json()["results"]

    assert change["occurred_at"] == "2026-05-03T12:05:00Z"
    assert api.get("status-changes/", occurred_until=AT).json()["results"] == []


def test_a_batch_costs_no_query_per_change(api, django_assert_max_num_queries):
    OrderFactory.create_batch(300, customer=None)
    orders = list(Order.objects.values_list("external_id", flat=True))

    with django_assert_max_num_queries(25):
        answer = api.post("status-changes/", [paid(order=order, occurred_at=AT) for order in orders])

    assert counts(answer) == {"transitions": 301}


def test_a_page_of_the_inbox_costs_no_query_per_change(api, django_assert_num_queries):
    api.post("status-changes/", [paid(order=f"unknown-{number}") for number in range(30)])

    with django_assert_num_queries(3):  # the key, the switch, the page
        assert len(api.get("status-changes/").json()["results"]) == 30
    with django_assert_num_queries(5):  # and the order and the sources that are searched
        assert len(api.get("status-changes/", search="unknown-7").json()["results"]) == 1


def test_a_batch_that_was_stored_in_part_says_so_and_can_be_sent_again(api):
    items = [paid(order="O-1" if n == 0 else "O-2", occurred_at=AT, event_id=f"e-{n}") for n in range(1001)]
    items[-1]["order"] = OrderFactory(external_id="O-3").external_id

    def lock(transitions, **_kwargs):
        if transitions[0].order.external_id == "O-3":
            raise OperationalError("database is locked")

    statuses_changed.connect(lock)
    try:
        answer = api.post("status-changes/", items)
    finally:
        statuses_changed.disconnect(lock)

    assert (answer.status_code, answer.json()["code"]) == (503, "busy")
    assert "Of a batch a part may be stored" in answer.json()["detail"]
    assert Order.objects.get(external_id="O-1").payment_status.code == "paid"
    assert counts(api.post("status-changes/", items)) == {"transitions": 1, "duplicates": 1000}
