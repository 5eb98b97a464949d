"""Texts that the hourly limit holds, over the API."""

import pytest

from campaigns.draining import drain
from campaigns.models import Message
from tests.callers import Caller
from tests.campaigns.shop import sms
from tests.factories import SourceFactory
from tests.screens import done

pytestmark = pytest.mark.django_db

HELD = "campaigns/thanks/held/"


@pytest.fixture
def caller(shop):
    return Caller.of(SourceFactory(code="console", name="Console"))


@pytest.fixture
def _four_wait(shop):
    shop.start(sms(), hourly_limit={"messages": 1})
    for n in range(5):
        shop.order(f"O-{n}")
        shop.tell(f"O-{n}", "paid")
    drain()


def fates():
    rows = Message.objects.order_by("pk").values_list("state", "skip_reason")
    return [reason or state for state, reason in rows]


@pytest.mark.usefixtures("_four_wait")
def test_what_waits_is_told(caller):
    answer = caller.get(HELD)

    assert answer.json() == {"number": 4, "since": "2024-05-03T12:00:00Z", "per_hour": 1}


def test_nothing_waits(caller, shop):
    shop.start(sms())

    assert caller.get(HELD).json() == {"number": 0, "since": None, "per_hour": None}


@pytest.mark.usefixtures("_four_wait")
@pytest.mark.parametrize(
    ("send", "left", "expected"),
    [
        ("all", 0, ["accepted"] * 5),
        (3, 1, ["accepted"] * 4 + ["pending"]),
        ("none", 0, ["accepted"] + ["not_released"] * 4),
    ],
)
def test_a_program_decides(caller, send, left, expected):
    answer = caller.post(HELD, {"send": send})
    drain()

    assert (answer.status_code, answer.json()["number"]) == (200, left)
    assert fates() == expected
    assert [verb for verb, _changes in done()] == ["settled"]


def test_nothing_to_decide_is_told(caller, shop):
    shop.start(sms())

    answer = caller.post(HELD, {"send": "all"})

    assert (answer.status_code, answer.json()["code"]) == (409, "nothing_held")


@pytest.mark.usefixtures("_four_wait")
@pytest.mark.parametrize("send", [0, -1, True, "some", None, ["all"], 1.5])
def test_what_is_no_decision_is_refused(caller, send):
    answer = caller.post(HELD, {"send": send})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "#/send"
    assert fates() == ["accepted"] + ["pending"] * 4
