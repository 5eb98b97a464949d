from datetime import timedelta

from django.utils import timezone

from workspace import heartbeats
from workspace.models import Heartbeat
from workspace.queues import ANALYTICS, CALLS, QUEUES, RUNS, SENDING


def test_nobody_has_ever_worked(db):
    assert heartbeats.is_silent(timezone.now())


def test_all_queues_have_somebody(db):
    for queue in QUEUES:
        heartbeats.beat(queue)

    assert not heartbeats.is_silent(timezone.now())


def test_two_minutes_without_a_sign_are_silence(db):
    now = timezone.now()
    for queue in QUEUES:
        Heartbeat.objects.create(name=queue, at=now)

    assert not heartbeats.is_silent(now + timedelta(seconds=119))
    assert heartbeats.is_silent(now + timedelta(seconds=121))


def test_one_queue_alone_may_be_silent(db):
    for queue in (RUNS, CALLS, ANALYTICS):
        heartbeats.beat(queue)

    assert heartbeats.silent_queues(timezone.now()) == [SENDING]


def test_a_fresh_sign_is_not_written_again(db, django_assert_num_queries):
    heartbeats.beat(RUNS)

    with django_assert_num_queries(1):
        heartbeats.beat(RUNS)
