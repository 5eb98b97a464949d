from copy import deepcopy
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from campaigns.draining import drain
from campaigns.models import Campaign, Message, Run, SmsGateway
from campaigns.sms.gateways.base import Delivery
from campaigns.sms.receipts import take_receipts
from orders.said import Said
from orders.transitions import hear
from tests.callers import Caller
from tests.factories import CustomerFactory, OrderFactory, SourceFactory, StatusFactory
from workspace.models import Workspace

pytestmark = pytest.mark.django_db

PICKUP = {
    "format": 1,
    "code": "pickup",
    "name": "Ready for pickup",
    "trigger": {
        "kind": "order_status_changed",
        "params": {"type": "delivery", "from": "any", "to": ["at_pickup_point"]},
    },
    "steps": [
        {
            "key": "text",
            "kind": "send_sms",
            "params": {"purpose": "transactional", "text": "Order {{ order.external_id }} is here."},
        }
    ],
}


@pytest.fixture
def source():
    return SourceFactory()


@pytest.fixture
def api(source):
    Workspace.objects.update(orders_enabled=True)
    StatusFactory(type="delivery", code="at_pickup_point", name="At pickup point")
    return Caller.of(source)


def enter(source, *external_ids):
    hear([Said(external_id, "delivery", "at_pickup_point") for external_id in external_ids], source)
    drain()


def test_a_campaign_is_created_as_a_draft(api):
    answer = api.post("campaigns/", PICKUP)

    assert answer.status_code == 201
    assert answer.json()["state"] == "draft"
    assert answer.json()["live_version"] is None
    assert answer.json()["definition"] == PICKUP


def test_the_same_code_again_is_a_new_draft(api):
    api.post("campaigns/", PICKUP)

    answer = api.post("campaigns/", PICKUP | {"name": "Come and get it"})

    assert answer.status_code == 200
    assert (answer.json()["name"], answer.json()["revision"]) == ("Come and get it", 2)
    assert Campaign.objects.count() == 1


def test_a_wrong_definition_is_refused_at_its_place(api):
    wrong = deepcopy(PICKUP)
    wrong["steps"][0]["params"]["text"] = "{{ order.secret }}"

    answer = api.post("campaigns/", wrong)

    assert answer.status_code == 422
    assert [(error["pointer"], error["code"]) for error in answer.json()["errors"]] == [
        ("#/steps/0/params/text", "bad_template")
    ]


@pytest.mark.parametrize("body", [None, [], 7, "pickup", {}, {"format": 1}, PICKUP | {"steps": {}}, PICKUP | {"x": 1}])
def test_no_body_is_a_fault_of_ours(api, body):
    assert api.post("campaigns/", body).status_code == 422


def test_a_draft_changed_meanwhile_is_a_conflict(api):
    api.post("campaigns/", PICKUP)
    api.put("campaigns/pickup/?revision=1", PICKUP | {"name": "Theirs"})

    answer = api.put("campaigns/pickup/?revision=1", PICKUP | {"name": "Mine"})

    assert (answer.status_code, answer.json()["code"]) == (409, "draft_changed")
    assert Campaign.objects.get().name == "Theirs"


def test_a_campaign_keeps_its_code(api):
    api.post("campaigns/", PICKUP)

    answer = api.put("campaigns/pickup/", PICKUP | {"code": "other"})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "#/code"


def test_its_life_is_activate_pause_resume_end(api):
    api.post("campaigns/", PICKUP)

    activated = api.post("campaigns/pickup/activate/", {}).json()

    assert (activated["campaign"]["state"], activated["version"], activated["started"]) == ("active", 1, 0)
    assert api.post("campaigns/pickup/pause/", {}).json()["state"] == "paused"
    assert api.post("campaigns/pickup/resume/", {}).json()["state"] == "active"
    assert api.post("campaigns/pickup/end/", {}).json()["state"] == "ended"


@pytest.mark.parametrize("verb", ["pause", "resume", "end"])
def test_a_verb_that_does_not_fit_is_a_conflict(api, verb):
    api.post("campaigns/", PICKUP)

    answer = api.post(f"campaigns/pickup/{verb}/", {})

    assert (answer.status_code, answer.json()["code"]) == (409, "wrong_state")


def test_activation_that_reaches_back_counts_what_it_starts(api, source):
    OrderFactory(external_id="A")
    enter(source, "A")
    api.post("campaigns/", PICKUP)

    answer = api.post("campaigns/pickup/activate/", {"effective_from": "beginning"})

    assert answer.json()["started"] == 1
    assert Run.objects.count() == 1


@pytest.mark.parametrize("when", ["soon", "", 5, "2026-05-03T14:05:00"])
def test_activation_from_no_time_is_refused(api, when):
    api.post("campaigns/", PICKUP)

    answer = api.post("campaigns/pickup/activate/", {"effective_from": when})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "#/effective_from"


def test_activation_warns_of_what_keeps_it_from_reaching_anybody(api):
    Workspace.objects.update(orders_enabled=False)
    params = {"type": "delivery", "from": "any", "to": ["gone"]}
    api.post("campaigns/", PICKUP | {"trigger": {"kind": "order_status_changed", "params": params}})

    answer = api.post("campaigns/pickup/activate/", {})

    assert answer.json()["campaign"]["state"] == "active"
    assert [warning["code"] for warning in answer.json()["warnings"]] == [
        "unknown_status",
        "orders_disabled",
        "no_gateway",
    ]
    assert answer.json()["warnings"][1]["detail"].startswith("Orders is off: no campaign starts until you turn it on")


def test_activation_that_may_reach_somebody_warns_of_nothing(api):
    SmsGateway.objects.create(code="main", name="Main", kind="memory")
    api.post("campaigns/", PICKUP)

    assert api.post("campaigns/pickup/activate/", {}).json()["warnings"] == []


def test_an_order_that_entered_tells_why(api, source):
    OrderFactory(external_id="A", customer=CustomerFactory(sms_consent="refused"))
    api.post("campaigns/", PICKUP)
    api.post("campaigns/pickup/activate/", {})
    enter(source, "A")

    run = api.get("runs/", order="A").json()["results"][0]
    path = api.get(f"runs/{run['id']}/").json()

    assert (run["campaign"], run["state"], run["reason"]) == ("pickup", "stopped", "refused")
    assert [decision["outcome"] for decision in path["decisions"]] == ["admitted", "owed", "not_sent"]
    assert [(message["state"], message["skip_reason"]) for message in path["messages"]] == [("skipped", "refused")]


def test_messages_are_filtered(api, source):
    OrderFactory(external_id="A")
    OrderFactory(external_id="B", customer=CustomerFactory(sms_consent="refused"))
    api.post("campaigns/", PICKUP)
    api.post("campaigns/pickup/activate/", {})
    enter(source, "A", "B")

    assert [m["order"] for m in api.get("messages/", state="accepted").json()["results"]] == ["A"]
    assert [m["order"] for m in api.get("messages/", skip_reason="refused").json()["results"]] == ["B"]
    assert [m["text"] for m in api.get("messages/", order="A").json()["results"]] == ["Order A is here."]


@pytest.mark.parametrize("path", ["runs/", "messages/"])
@pytest.mark.parametrize(
    ("term", "orders"),
    [
        ("A", ["A"]),
        ("C-B", ["B"]),
        ("pickup", ["B", "A"]),
        ("pick", []),
        ("a", []),
        ("+16025550124", []),
        ("9" * 30, []),
    ],
)
def test_what_entered_is_found_by_a_whole_id_or_code(api, source, path, term, orders):
    OrderFactory(external_id="A", customer=CustomerFactory(external_id="C-A", phone_written="+16025550124"))
    OrderFactory(external_id="B", customer=CustomerFactory(external_id="C-B"))
    api.post("campaigns/", PICKUP)
    api.post("campaigns/pickup/activate/", {})
    enter(source, "A", "B")

    answer = api.get(path, search=term)

    assert [row["order"] for row in answer.json()["results"]] == orders


@pytest.mark.parametrize("path", ["runs/", "messages/"])
def test_what_entered_is_found_by_its_own_id(api, source, path):
    OrderFactory(external_id="A")
    OrderFactory(external_id="B")
    api.post("campaigns/", PICKUP)
    api.post("campaigns/pickup/activate/", {})
    enter(source, "A", "B")
    wanted = api.get(path, order="B").json()["results"][0]["id"]

    answer = api.get(path, search=wanted)

    assert [row["order"] for row in answer.json()["results"]] == ["B"]


def test_a_search_and_a_filter_narrow_together(api, source):
    OrderFactory(external_id="A")
    OrderFactory(external_id="B", customer=CustomerFactory(sms_consent="refused"))
    api.post("campaigns/", PICKUP)
    api.post("campaigns/pickup/activate/", {})
    enter(source, "A", "B")

    answer = api.get("messages/", search="pickup", state="skipped")

    assert [row["order"] for row in answer.json()["results"]] == ["B"]


def test_messages_tell_their_receipt_and_are_found_by_it(api, source):
    OrderFactory(external_id="A")
    OrderFactory(external_id="B")
    api.post("campaigns/", PICKUP)
    api.post("campaigns/pickup/activate/", {})
    enter(source, "A", "B")
    message = Message.objects.get(order__external_id="A")
    at = timezone.now() - timedelta(hours=1)
    take_receipts("phone", [Delivery("undelivered", message.gateway_id, reason="absent", occurred_at=at)])

    between = {"receipt_from": at.isoformat(), "receipt_until": timezone.now().isoformat()}
    [found] = api.get("messages/", **between).json()["results"]

    assert (found["order"], found["state"], found["receipt_reason"]) == ("A", "undelivered", "absent")
    assert datetime.fromisoformat(found["receipt_at"]) == at
    assert (found["encoding"], found["parts"], found["attempts"]) == ("gsm7", 1, 0)
    assert len(api.get("messages/", gateway="phone", encoding="gsm7").json()["results"]) == 2
    assert api.get("messages/", gateway="acme").json()["results"] == []
    assert api.get("messages/", encoding="ucs2").json()["results"] == []


def test_a_message_is_read_by_its_id(api, source):
    OrderFactory(external_id="A")
    api.post("campaigns/", PICKUP)
    api.post("campaigns/pickup/activate/", {})
    enter(source, "A")
    listed = api.get("messages/").json()["results"][0]

    answer = api.get(f"messages/{listed['id']}/")

    assert answer.json() == listed
    assert (answer.json()["order"], answer.json()["text"]) == ("A", "Order A is here.")


@pytest.mark.parametrize("path", ["runs/", "messages/", "campaigns/", "runs/?search=pickup", "messages/?search=pickup"])
def test_a_list_asks_no_more_for_many_than_for_few(api, source, path):
    api.post("campaigns/", PICKUP)
    api.post("campaigns/pickup/activate/", {})
    OrderFactory(external_id="0")
    enter(source, "0")
    with CaptureQueriesContext(connection) as few:
        api.get(path)
    for number in range(1, 6):
        OrderFactory(external_id=str(number))
        api.post("campaigns/", PICKUP | {"code": f"pickup-{number}"})
    enter(source, "1", "2", "3", "4", "5")

    with CaptureQueriesContext(connection) as many:
        api.get(path)

    assert len(many) == len(few)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", "campaigns/"),
        ("get", "runs/"),
        ("get", "messages/"),
        ("get", "messages/1/"),
        ("post", "campaigns/"),
        ("post", "campaigns/x/end/"),
    ],
)
def test_a_key_without_the_scope_may_not(source, method, path):
    stranger = Caller.of(source, "orders:read")

    answer = stranger.get(path) if method == "get" else stranger.post(path, {})

    assert answer.status_code == 403


@pytest.mark.parametrize(
    "path", ["campaigns/none/", "runs/9/", f"runs/{10**30}/", "messages/9/", f"messages/{10**30}/"]
)
def test_what_is_not_there_is_not_found(api, path):
    assert api.get(path).status_code == 404


def test_a_test_key_changes_no_campaign(api, source):
    api.post("campaigns/", PICKUP)
    tester = Caller.of(source, is_test=True)

    refused = [tester.post("campaigns/", PICKUP), tester.post("campaigns/pickup/activate/", {})]

    assert [(answer.status_code, answer.json()["code"]) for answer in refused] == [(403, "test_key")] * 2
    assert tester.get("campaigns/pickup/").status_code == 200
