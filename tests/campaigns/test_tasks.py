import contextlib
import subprocess
import sys
import time
from datetime import timedelta

import pytest
from celery import current_app
from django.conf import settings as django_settings
from django.db import OperationalError
from django.utils import timezone
from structlog.testing import capture_logs

from analytics.tasks import follow_history
from campaigns import doorbell, tasks
from campaigns.books import audit
from campaigns.models import Message, PhoneText, Run
from orders.models import StatusChange
from tests.campaigns.shop import Shop, later, sms, wait, webhook
from workspace.models import Heartbeat
from workspace.queues import CALLS, QUEUES, RUNS, SENDING

PATIENCE_S = 60


def test_the_tasks_carry_what_is_due(shop):
    shop.start(sms())
    shop.order("O-1")
    shop.tell("O-1", "paid")

    tasks.advance_due_runs()
    tasks.send_due_messages()
    tasks.advance_due_runs()

    assert Message.objects.get().state == "accepted"
    assert Run.objects.get().state == "finished"


def test_a_task_run_twice_sends_once(shop, memory):
    shop.start(sms())
    shop.order("O-1")
    shop.tell("O-1", "paid")

    for task in [tasks.advance_due_runs, tasks.advance_due_runs, tasks.send_due_messages, tasks.send_due_messages]:
        task()

    assert len(memory.taken) == 1


def test_a_task_that_has_worked_long_enough_rings_again(shop, monkeypatch, redis):
    monkeypatch.setattr(tasks, "BOX_S", 0.0)
    shop.start(sms())
    shop.order("O-1")
    shop.tell("O-1", "paid")

    tasks.advance_due_runs()

    assert redis.llen(f"{django_settings.REDIS_PREFIX}:celery:{RUNS}") == 1


def test_a_task_leaves_a_sign_of_life_for_its_queue(db):
    tasks.advance_due_runs()
    tasks.send_due_messages()
    tasks.call_due_webhooks()
    follow_history()

    assert set(Heartbeat.objects.values_list("name", flat=True)) == set(QUEUES)


def test_while_the_database_is_away_a_task_says_so_in_a_line(db, monkeypatch):
    def away():
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(tasks.engine, "advance", away)

    with capture_logs() as lines:
        tasks.advance_due_runs()

    assert [(line["event"], line["error"]) for line in lines] == [("database_is_away", "OperationalError")]


@pytest.mark.parametrize(("machine", "queue"), [(tasks.sending, SENDING), (tasks.calling, CALLS)])
def test_what_was_recovered_is_rung_for(shop, monkeypatch, redis, machine, queue):
    monkeypatch.setattr(machine, "recover_expired", lambda: 1)

    tasks.recover_expired()

    assert redis.llen(f"{django_settings.REDIS_PREFIX}:celery:{queue}") == 1


def test_what_is_owed_to_an_endpoint_is_rung_for_and_called(live_shop, receiver, redis):
    live_shop.start(webhook())
    live_shop.order("O-1")
    live_shop.tell("O-1", "paid")

    tasks.advance_due_runs()
    assert redis.llen(f"{django_settings.REDIS_PREFIX}:celery:{CALLS}") == 1
    assert redis.llen(f"{django_settings.REDIS_PREFIX}:celery:{SENDING}") == 0
    tasks.call_due_webhooks()
    tasks.advance_due_runs()

    assert len(receiver.heard) == 1
    assert Run.objects.get().state == "finished"


def test_every_sweep_is_a_task_that_exists_and_goes_to_its_queue():
    current_app.loader.import_default_modules()
    schedule = current_app.conf.beat_schedule
    router = current_app.amqp.router

    queues = {entry["task"]: router.route({}, entry["task"])["queue"].name for entry in schedule.values()}

    assert all(name in current_app.tasks for name in queues)
    assert queues == {
        "campaigns.advance_due_runs": "runs",
        "campaigns.call_due_webhooks": "calls",
        "campaigns.look_up_unknown": "sending",
        "campaigns.sweep_occasions": "runs",
        "campaigns.sweep_receipts": "sending",
        "campaigns.send_due_messages": "sending",
        "campaigns.recover_expired": "sending",
        "campaigns.audit": "runs",
        "campaigns.fold_tallies": "runs",
        "orders.apply_parked": "runs",
        "orders.carry_on_merges": "runs",
        "analytics.follow_history": "analytics",
        "analytics.refresh_segments": "analytics",
        "analytics.close_report_days": "analytics",
    }


def test_a_sweep_is_done_by_a_machine_whose_clock_is_ahead():
    schedule = current_app.conf.beat_schedule

    assert {name: entry["options"]["expires"] for name, entry in schedule.items()} == {
        "campaigns.advance_due_runs": 63,
        "campaigns.send_due_messages": 63,
        "campaigns.call_due_webhooks": 63,
        "campaigns.recover_expired": 70,
        "campaigns.sweep_receipts": 70,
        "campaigns.look_up_unknown": 90,
        "campaigns.fold_tallies": 120,
        "campaigns.sweep_occasions": 90,
        "orders.apply_parked": 70,
        "orders.carry_on_merges": 70,
        "campaigns.audit": 660,
        "analytics.follow_history": 65,
        "analytics.refresh_segments": 63,
        "analytics.close_report_days": 360,
    }


def test_runs_are_overdue_two_minutes_after_they_were_due(shop, clock):
    shop.start(sms())
    shop.order("O-1")
    shop.tell("O-1", "paid")

    now = timezone.now()

    assert not Run.objects.overdue(now + timedelta(seconds=119)).exists()
    assert Run.objects.overdue(now + timedelta(seconds=121)).count() == 1


def test_what_waits_or_is_paused_is_not_overdue(shop, clock):
    campaign = shop.start(wait(value=2, unit="days"), sms())
    shop.pay("O-1")
    later(clock, hours=1)
    waiting = Run.objects.overdue(timezone.now()).count()
    campaign.state = "paused"
    campaign.save()
    clock.shift(timedelta(days=3))

    assert (waiting, Run.objects.overdue(timezone.now()).count()) == (0, 0)


@pytest.fixture
def live_shop(transactional_db):
    """A shop on the clock of the world, texting the test phone, for real workers."""
    return Shop()


@contextlib.contextmanager
def celery(environment, *words):
    command = [sys.executable, "-m", "celery", "--app", "orderstatus_project", *words]
    quiet = {"CELERY_SKIP_CHECKS": "1", "SMS_GATEWAY": "phone", "LOG_LEVEL": "WARNING"}
    process = subprocess.Popen(command, env=environment | quiet, stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


@contextlib.contextmanager
def worker(environment):
    quiet = ("--without-gossip", "--without-mingle", "--without-heartbeat")
    with celery(environment, "worker", "--queues", ",".join(QUEUES), "--concurrency", "2", *quiet) as process:
        yield process


def beat(environment):
    return celery(environment, "beat", "--scheduler", "celery.beat.Scheduler", "--pidfile", "")


def wait_until(is_so):
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.05)


def test_a_worker_answers_a_ring_within_a_second_or_so(live_shop, process_environment):
    live_shop.start(sms())
    live_shop.order("O-1")
    with worker(process_environment):
        doorbell.ring(RUNS)
        wait_until(lambda: Heartbeat.objects.filter(name=RUNS).exists())

        began = time.monotonic()
        live_shop.tell("O-1", "paid")
        wait_until(PhoneText.objects.exists)
        took = time.monotonic() - began

    assert took < 5


def test_with_no_ring_and_two_beats_everything_is_still_sent_once(live_shop, process_environment, monkeypatch):
    monkeypatch.setattr(doorbell, "_publish", lambda queue: None)  # every ring of this process is lost
    live_shop.start(sms())
    for number in range(12):
        live_shop.order(f"O-{number}")
        live_shop.tell(f"O-{number}", "paid")
    live_shop.tell("O-later", "paid")

    with worker(process_environment), beat(process_environment), beat(process_environment):
        wait_until(lambda: PhoneText.objects.count() == 12)
        # Parked until its order is there; saved behind the receivers' back, so that only the sweep can find it.
        live_shop.order("O-other").__class__.objects.filter(external_id="O-other").update(external_id="O-later")
        wait_until(lambda: PhoneText.objects.count() == 13)
        wait_until(lambda: not Run.objects.filter(state="waiting").exists())

    assert not StatusChange.objects.filter(verdict="parked").exists()
    assert audit()["unaccounted"] == 0
