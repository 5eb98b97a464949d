from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from statuses.models import OrderStatus
from tests.callers import Caller
from tests.factories import SourceFactory
from workspace.models import KeptAnswer

pytestmark = pytest.mark.django_db

PAID = {"type": "payment", "code": "paid", "name": "Paid"}
ONCE = {"Idempotency-Key": "order-sync-1"}


@pytest.fixture
def api():
    return Caller.of(SourceFactory())


def test_the_same_request_again_gets_the_first_answer_and_does_nothing(api):
    first = api.post("statuses/", PAID, headers=ONCE)
    again = api.post("statuses/", dict(reversed(PAID.items())), headers=ONCE)

    assert (again.status_code, again.content) == (201, first.content)
    assert again["Idempotent-Replayed"] == "true"
    assert OrderStatus.objects.count() == 1


def test_the_same_key_for_another_request_is_422(api):
    api.post("statuses/", PAID, headers=ONCE)

    answer = api.post("statuses/", {**PAID, "code": "refunded"}, headers=ONCE)

    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")


def test_what_was_refused_may_be_put_right_under_the_same_key(api):
    api.post("statuses/", {**PAID, "code": ""}, headers=ONCE)

    assert api.post("statuses/", PAID, headers=ONCE).status_code == 201


def test_while_the_first_is_under_way_the_second_is_409(api):
    api.post("statuses/", PAID, headers=ONCE)
    KeptAnswer.objects.update(status=None)

    answer = api.post("statuses/", PAID, headers=ONCE)

    assert (answer.status_code, answer.json()["code"]) == (409, "request_in_progress")


@pytest.mark.parametrize(("status", "later"), [(201, timedelta(hours=24)), (None, timedelta(minutes=2))])
def test_an_old_or_abandoned_answer_is_forgotten(api, status, later):
    with time_machine.travel(datetime(2026, 5, 3, 12, tzinfo=UTC), tick=False) as clock:
        api.post("statuses/", PAID, headers=ONCE)
        KeptAnswer.objects.update(status=status)
        clock.shift(later)

        assert api.post("statuses/", {**PAID, "code": "refunded"}, headers=ONCE).status_code == 201


def test_keys_of_two_sources_do_not_meet(api):
    api.post("statuses/", PAID, headers=ONCE)

    answer = Caller.of(SourceFactory()).post("statuses/", {**PAID, "code": "refunded"}, headers=ONCE)

    assert answer.status_code == 201


@pytest.mark.parametrize("key", ["", "a b", "é", "a" * 129])
def test_a_key_that_is_no_key_is_422(api, key):
    answer = api.post("statuses/", PAID, headers={"Idempotency-Key": key})

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_idempotency_key")
