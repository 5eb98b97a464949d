import base64
import json

import pytest
from django.test import Client

from tests.callers import Caller
from tests.factories import CustomerFactory, SourceFactory, StatusFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def api():
    return Caller.of(SourceFactory())


def codes(answer):
    return [status["code"] for status in answer["results"]]


def follow(api, url):
    return Client().get(url, headers={"Authorization": f"Bearer {api.secret}"}).json()


@pytest.mark.parametrize("ordering", ["position", "-position", "created_at", "-created_at"])
def test_pages_go_there_and_back_without_a_gap(api, ordering):
    for number, position in enumerate([1, 1, 1, 2, 2]):
        StatusFactory(code=f"s{number}", position=position)
    everything = codes(api.get("statuses/", ordering=ordering).json())

    first = api.get("statuses/", ordering=ordering, limit=2).json()
    second = follow(api, first["next"])
    third = follow(api, second["next"])

    assert codes(first) + codes(second) + codes(third) == everything
    assert (first["previous"], third["next"]) == (None, None)
    assert codes(follow(api, third["previous"])) == codes(second)
    assert codes(follow(api, follow(api, third["previous"])["previous"])) == codes(first)


def test_a_row_added_meanwhile_repeats_no_other(api):
    StatusFactory.create_batch(4)
    first = api.get("statuses/", ordering="-created_at", limit=2).json()
    StatusFactory(code="new")

    second = follow(api, first["next"])

    assert not set(codes(first)) & set(codes(second))
    assert len(codes(second)) == 2


def cursor(*said):
    return base64.urlsafe_b64encode(json.dumps(said).encode()).decode()


@pytest.mark.parametrize(
    "garbage",
    [
        "",
        "garbage",
        "é",
        "====",
        "A" * 5000,
        cursor(),
        cursor("position"),
        cursor("position", 1, 1, 2),
        cursor("position", "1", 1, 0),
        cursor("position", 1, 2**70, 0),
        cursor("position", 2**70, 1, 0),
        cursor("position", 1, True, 0),
        cursor("position", 1, [1], 0),
        cursor("position", {}, 1, 0),
        cursor("created_at", 1, 1, 0),
        base64.urlsafe_b64encode(b"[" * 700).decode(),
    ],
)
def test_a_cursor_of_somebody_elses_making_is_422(api, garbage):
    answer = api.get("statuses/", cursor=garbage)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "?cursor"


@pytest.mark.parametrize("limit", ["0", "501", "-1", "1.5", "x", "", "９", "9" * 5000])
def test_a_limit_beyond_the_limits_is_422(api, limit):
    answer = api.get("statuses/", limit=limit)

    assert [error["pointer"] for error in answer.json()["errors"]] == ["?limit"]


def test_an_unknown_ordering_names_the_known_ones(api):
    answer = api.get("statuses/", ordering="name")

    assert answer.json()["detail"] == "Choose one of: position, -position, created_at, -created_at."


def test_a_misspelt_filter_is_refused_not_ignored(api):
    answer = api.get("statuses/", typ="payment")

    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "unknown_parameter")


def test_a_filter_that_cannot_be_read_is_named(api):
    CustomerFactory()

    answer = api.get("statuses/", type="mood")

    assert answer.json()["errors"][0]["pointer"] == "?type"
