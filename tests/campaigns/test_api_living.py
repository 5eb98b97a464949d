"""A live campaign over the API: tried, steered, counted."""

import pytest

from campaigns.draining import drain
from campaigns.models import Message, Run
from tests.callers import Caller
from tests.campaigns.shop import definition, ending, later, sms, wait
from tests.campaigns.test_interventions import entered
from tests.screens import done

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(shop):
    return Caller.of(shop.source)


def test_a_draft_is_tried(api, shop):
    shop.order()
    shop.tell("O-1", "paid")
    api.post("campaigns/", definition(sms(text="Thanks for {{ order.external_id }}")))

    found = api.get("campaigns/thanks/rehearsal/").json()

    assert (found["matching"], found["entered"], found["texts"], found["parts"]) == (1, 1, 1, 1)
    assert [sample["text"] for sample in found["samples"]] == ["Thanks for O-1"]
    assert [warning["code"] for warning in found["warnings"]] == ["no_gateway"]
    assert not Run.objects.exists()
    assert not Message.objects.exists()


def test_orders_under_way_are_stopped_by_a_new_version(api, shop):
    shop.start(wait())
    run = entered(shop)
    drain()
    api.post("campaigns/", definition(sms()))

    refused = api.post("campaigns/thanks/activate/", {"orders_under_way": "vanish"})
    api.post("campaigns/thanks/activate/", {"orders_under_way": "stop"})
    drain()

    assert refused.json()["errors"][0]["pointer"] == "#/orders_under_way"
    assert ending(run) == ("stopped", "new_version")


def test_on_resume_what_is_old_is_dropped(api, shop, clock):
    shop.start(wait())
    run = entered(shop)
    drain()
    api.post("campaigns/thanks/pause/", {})
    later(clock, hours=3)

    refused = api.post("campaigns/thanks/resume/", {"drop_due_before": "soon"})
    answer = api.post("campaigns/thanks/resume/", {"drop_due_before": "2024-05-03T13:30:00Z"})
    drain()

    assert refused.json()["errors"][0]["pointer"] == "#/drop_due_before"
    assert answer.json()["state"] == "active"
    assert ending(run) == ("stopped", "was_paused")


def test_orders_are_counted_by_step(api, shop):
    shop.start(wait())
    entered(shop)
    drain()

    [version] = api.get("campaigns/thanks/steps/").json()

    assert [(step["step"], step["waiting"], step["passed"]) for step in version["steps"]] == [
        ("", 0, 1),
        ("pause", 1, 0),
    ]


def test_orders_are_held_released_and_stopped(api, shop):
    shop.start(wait())
    run = entered(shop)
    drain()
    by_step = {"campaign": "thanks", "step": "pause", "version": 1, "reason": "Strike"}

    assert api.post("runs/hold/", by_step).json() == {"done": 1, "left": 0}
    assert [row["id"] for row in api.get("runs/?held=true").json()["results"]] == [run.pk]
    assert api.post("runs/release/", by_step).json() == {"done": 1, "left": 0}
    assert api.get("runs/?held=true").json()["results"] == []
    assert api.post("runs/retry/", by_step).json() == {"done": 0, "left": 0}
    assert api.post("runs/stop/", {"ids": [run.pk], "reason": "Cancelled"}).json() == {"done": 1, "left": 0}

    assert ending(run) == ("stopped", "by_person")
    assert [verb for verb, _changes in done()] == ["held", "released", "stopped"]
    assert api.get("runs/?campaign=thanks&step=pause&version=1").json()["results"][0]["id"] == run.pk


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"ids": [1]}, "#/reason"),
        ({"reason": "x"}, "#"),
        ({"ids": [1], "campaign": "thanks", "reason": "x"}, "#"),
        ({"ids": ["a"], "reason": "x"}, "#/ids/0"),
    ],
)
def test_what_does_not_say_which_or_why_is_refused(api, shop, body, pointer):
    answer = api.post("runs/hold/", body)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer


def test_a_test_key_steers_nothing(shop):
    api = Caller.of(shop.source, is_test=True)

    assert api.post("runs/stop/", {"ids": [1], "reason": "x"}).status_code == 403


def test_ids_that_no_order_could_have_are_refused(api):
    answer = api.post("runs/stop/", {"ids": [10**30], "reason": "Wrong"})

    assert answer.status_code == 422
