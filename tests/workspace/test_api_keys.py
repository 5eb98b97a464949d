from datetime import UTC, datetime

import pytest
import time_machine
from django.test import Client

from tests.callers import Caller
from tests.factories import SourceFactory
from workspace.models import ApiKey

pytestmark = pytest.mark.django_db


@pytest.fixture
def api():
    return Caller.of(SourceFactory())


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("", "not_authenticated"),
        ("Bearer", "bad_scheme"),
        ("Bearer ", "bad_scheme"),
        ("Basic dXNlcjpwYXNz", "bad_scheme"),
        ("Bearer os_live_guess", "unknown_key"),
        ("Bearer os_live_\xff\xfe", "unknown_key"),
    ],
)
def test_without_a_known_key_nobody_comes_in(header, code):
    answer = Client().get("/api/v1/statuses/", headers={"Authorization": header} if header else {})

    assert (answer.status_code, answer.json()["code"]) == (401, code)
    assert answer["WWW-Authenticate"] == 'Bearer realm="api"'
    assert answer["Content-Type"] == "application/problem+json"


def test_a_revoked_key_is_unknown(api):
    api.key.revoke()

    assert api.get("statuses/").status_code == 401


def test_the_key_itself_is_not_stored(api):
    stored = ApiKey.objects.values().get()

    assert api.secret not in str(stored)


def test_reading_and_writing_are_granted_apart():
    reader = Caller.of(SourceFactory(), "statuses:read")

    assert reader.get("statuses/").status_code == 200
    refused = reader.post("statuses/", {"type": "general", "code": "new", "name": "New"})
    assert (refused.status_code, refused.json()["code"]) == (403, "missing_scope")
    assert "statuses:write" in refused.json()["detail"]


def test_last_use_is_written_at_most_once_a_minute(api):
    with time_machine.travel(datetime(2026, 5, 3, 12, 0, tzinfo=UTC), tick=False) as clock:
        for seconds in (0, 59):
            clock.move_to(datetime(2026, 5, 3, 12, 0, seconds, tzinfo=UTC))
            api.get("statuses/")
        first = ApiKey.objects.get().last_used_at
        clock.move_to(datetime(2026, 5, 3, 12, 1, tzinfo=UTC))
        api.get("statuses/")

    assert first == datetime(2026, 5, 3, 12, 0, tzinfo=UTC)
    assert ApiKey.objects.get().last_used_at == datetime(2026, 5, 3, 12, 1, tzinfo=UTC)


def test_every_answer_has_a_request_id(api):
    answer = api.get("nowhere/")

    assert answer.json()["request_id"] == answer["X-Request-ID"]
    assert len(answer["X-Request-ID"]) == 32


@pytest.mark.parametrize(
    ("sent", "is_kept"), [("order-sync.42", True), ("a" * 65, False), ("a b", False), ("a\xe9", False)]
)
def test_a_plain_request_id_of_the_caller_is_kept(sent, is_kept):
    answer = Client().get("/healthz", headers={"X-Request-ID": sent})

    assert (answer["X-Request-ID"] == sent) is is_kept
