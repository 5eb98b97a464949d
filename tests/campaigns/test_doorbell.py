import socket
import time

import pytest
from django.conf import settings as django_settings
from django.db import transaction
from structlog.testing import capture_logs

from campaigns import doorbell
from campaigns.lifecycle import pause, resume
from campaigns.models import Message, Run
from campaigns.tasks import advance_due_runs, send_due_messages
from orders.models import Order
from tests.campaigns.shop import Shop, sms
from workspace.queues import ANALYTICS, CALLS, QUEUES, RUNS, SENDING


@pytest.fixture
def shop(transactional_db, memory):
    return Shop()


@pytest.fixture
def no_redis(settings):
    settings.CACHES = _caches_at("unix:///nowhere/redis.sock")


@pytest.fixture
def deaf_redis(settings):
    """Somebody takes the call and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        settings.CACHES = _caches_at(f"redis://127.0.0.1:{server.getsockname()[1]}")
        yield


def _caches_at(location):
    return {"default": {**django_settings.CACHES["default"], "LOCATION": location}}


@pytest.fixture
def rung(redis):
    """How many rings wait for a worker."""
    return lambda queue: redis.llen(f"{django_settings.REDIS_PREFIX}:celery:{queue}")


def test_rings_on_their_way_are_coalesced(rung):
    for _ in range(5):
        doorbell.ring(RUNS)

    assert (rung(RUNS), rung(SENDING)) == (1, 0)


def test_after_an_answer_a_ring_is_new(rung):
    doorbell.ring(RUNS)
    doorbell.answer(RUNS)
    doorbell.ring(RUNS)

    assert rung(RUNS) == 2


def test_a_transaction_rings_once_when_it_is_committed(transactional_db, rung, monkeypatch):
    monkeypatch.setattr(doorbell.shared_cache, "add", lambda *_args, **_options: True)

    with transaction.atomic():
        doorbell.ring_on_commit(RUNS)
        with transaction.atomic():
            doorbell.ring_on_commit(RUNS)
        before = rung(RUNS)

    assert (before, rung(RUNS)) == (0, 1)


def test_a_transaction_rolled_back_does_not_ring(transactional_db, rung):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        doorbell.ring_on_commit(RUNS)
        raise ZeroDivisionError

    assert rung(RUNS) == 0


def test_a_ring_in_a_savepoint_rolled_back_does_not_silence_the_next(transactional_db, rung):
    with transaction.atomic():
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            doorbell.ring_on_commit(RUNS)
            raise ZeroDivisionError
        doorbell.ring_on_commit(RUNS)

    assert rung(RUNS) == 1


def test_a_matching_change_rings_for_runs_then_messages_then_runs(shop, rung):
    shop.start(sms())
    shop.order("O-1")
    shop.tell("O-1", "paid")
    after_the_change = (rung(RUNS), rung(SENDING))

    advance_due_runs()
    after_the_step = (rung(RUNS), rung(SENDING))
    send_due_messages()

    assert after_the_change == (1, 0)
    assert after_the_step == (1, 1)
    assert rung(RUNS) == 2


def test_a_campaign_that_goes_on_rings_for_all_that_waited(shop, rung):
    campaign = pause(shop.start(sms()))

    resume(campaign)

    assert {queue: rung(queue) for queue in QUEUES} == {RUNS: 1, SENDING: 1, CALLS: 1, ANALYTICS: 0}


def test_a_change_that_no_campaign_waits_for_rings_nobody(shop, rung):
    shop.start(sms())
    shop.order("O-1")
    shop.tell("O-1", "shipped")

    assert rung(RUNS) == 0


def test_while_redis_is_away_a_save_returns_at_once_and_nothing_is_lost(shop, no_redis, rung):
    shop.start(sms())
    order = shop.order("O-1")
    order.payment_status = shop.statuses["paid"]

    began = time.monotonic()
    with capture_logs() as lines:
        order.save()
    took = time.monotonic() - began
    advance_due_runs()
    send_due_messages()

    assert took < 0.5
    assert [(line["event"], line["log_level"]) for line in lines] == [("doorbell_is_away", "warning")]
    assert Message.objects.get().state == "accepted"


def test_a_redis_that_does_not_answer_is_left_alone_for_a_while(deaf_redis):
    took = [_seconds(lambda: doorbell.ring(RUNS)) for _ in range(3)]

    assert took[0] < 0.5
    assert took[1] < 0.05
    assert took[2] < 0.05


def test_a_broker_that_goes_away_after_the_key_was_set_fails_at_once(monkeypatch):
    monkeypatch.setattr(doorbell.current_app.conf, "broker_write_url", "redis+socket:///nowhere/redis.sock")
    monkeypatch.setattr(doorbell, "_line", doorbell._line.__wrapped__)

    with capture_logs() as lines:
        took = _seconds(lambda: doorbell.ring(RUNS))

    assert took < 0.5
    assert [line["event"] for line in lines] == ["doorbell_is_away"]


def test_many_saves_in_one_transaction_ring_once(shop, rung):
    shop.start(sms())
    orders = [shop.order(f"O-{number}") for number in range(20)]

    with transaction.atomic():
        for order in orders:
            order.payment_status = shop.statuses["paid"]
            order.save()

    assert rung(RUNS) == 1
    assert Run.objects.count() == Order.objects.count() == 20


def _seconds(do):
    began = time.monotonic()
    do()
    return time.monotonic() - began
