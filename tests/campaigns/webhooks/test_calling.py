"""Calls are made at least once under one id, retried with patience, and no endpoint holds up another."""

import asyncio
import logging
import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from itertools import count

import pytest
from aiohttp import web
from django.conf import settings as django_settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from campaigns.books import audit
from campaigns.draining import drain
from campaigns.engine import advance
from campaigns.interventions import Why, hold, release, stop
from campaigns.lifecycle import activate, end, pause, resume, save_draft
from campaigns.models import CallState, Campaign, Former, Message, Run, WebhookCall, WebhookEndpoint
from campaigns.webhooks import calling, verdicts, wire
from campaigns.webhooks.calling import LEASE, call_due, recover_expired
from campaigns.webhooks.endpoints import renew_secret
from orders.said import Said
from orders.transitions import hear
from tests.campaigns.shop import NOON, Shop, definition, ending, later, path, sms, trigger, webhook
from tests.campaigns.webhooks.receiver import Receiver, endpoint, verified
from tests.factories import CustomerFactory, StatusFactory
from workspace.models import Workspace

pytestmark = pytest.mark.django_db

WHY = Why("asked by Ann")


class Killed(BaseException):
    """The process dies here."""


@pytest.fixture
def owed(shop):
    """A call that is due. `owed(3)`: three, of as many new orders. Each endpoint is told of orders of its own."""
    numbers, codes = count(1), {"erp": "paid"}

    def owe(number=1, to="erp", **params):
        code = codes.setdefault(to, "shipped")
        if not Campaign.objects.filter(code=to).exists():
            type = "payment" if code == "paid" else "delivery"
            shop.start(webhook(endpoint=to, **params), code=to, trigger=trigger(type, to=[code]))
        names = [shop.order(f"O-{next(numbers)}").external_id for _ in range(number)]
        hear([Said(name, "payment" if code == "paid" else "delivery", code) for name in names], shop.source)
        advance()
        return list(WebhookCall.objects.filter(endpoint=to).order_by("pk"))

    return owe


def states():
    return list(WebhookCall.objects.order_by("pk").values_list("state", flat=True))


def call():
    return WebhookCall.objects.get()


def soon(clock, **how):
    """Let time pass, with what the spread of pauses may add."""
    clock.shift(timedelta(**how) * 1.11)
    drain()


async def never(_heard):
    await asyncio.sleep(60)


# What is told


def test_what_is_told_is_signed_and_says_this(shop, receiver):
    ada = CustomerFactory(external_id="C-7", first_name="Ada")
    shop.start(webhook(key="to-erp"), name="Thanks", code="thanks")
    run = shop.pay("O-1", customer=ada)

    [heard] = receiver.heard
    told = verified(heard, receiver.endpoint.secret)

    assert (heard.method, heard.path) == ("POST", "/hooks")
    assert heard.headers["Content-Type"] == "application/json"
    assert heard.headers["webhook-id"] == f"msg_{call().reference.hex}"
    assert told == {
        "type": "campaign.step",
        "timestamp": "2024-05-03T12:00:00Z",
        "data": {
            "campaign": {"code": "thanks", "name": "Thanks", "version": 1},
            "step": "to-erp",
            "entry": {"id": run.pk, "occasion": run.occasion, "entered_at": "2024-05-03T12:00:00Z"},
            "is_test": False,
            "change": {
                "id": run.transition_id,
                "type": "payment",
                "from": "invoiced",
                "to": "paid",
                "occurred_at": "2024-05-03T12:00:00Z",
            },
            "order": {
                "external_id": "O-1",
                "general_status": None,
                "delivery_status": None,
                "payment_status": "paid",
                "total": "12.30",
                "currency": "EUR",
                "ordered_at": None,
            },
            "customer": {"external_id": "C-7"},
        },
    }


def test_of_a_customer_only_what_was_ticked_is_told(shop, receiver):
    WebhookEndpoint.objects.update(customer_fields=["phone", "language"])
    shop.start(webhook())
    shop.pay(customer=CustomerFactory(external_id="C-7", language="de", phone_written="+1 602 555 0124"))

    [told] = receiver.told

    assert told["data"]["customer"] == {"external_id": "C-7", "phone": "+16025550124", "language": "de"}


def test_what_is_told_is_kept_nowhere(shop, receiver, caplog):
    caplog.set_level(logging.DEBUG)
    WebhookEndpoint.objects.update(customer_fields=["first_name", "phone"])
    receiver.says = lambda _heard: web.Response(status=500, text="Zebediah +16025550124")
    shop.start(webhook())
    shop.pay(customer=CustomerFactory(first_name="Zebediah", phone_written="+1 602 555 0124"))

    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM campaigns_webhookcall")
        kept = str(cursor.fetchall())
        cursor.execute("SELECT * FROM campaigns_webhookendpoint")
        kept += str(cursor.fetchall())

    for secret in ("Zebediah", "6025550124", receiver.endpoint.secret, receiver.endpoint.secret.removeprefix("whsec_")):
        assert secret not in kept
        assert secret not in caplog.text


def test_a_secret_that_was_replaced_signs_for_a_day(shop, receiver, clock):
    former, row = receiver.endpoint.secret, receiver.row()
    current = renew_secret(row, timezone.now())
    row.save()
    shop.start(webhook())

    shop.pay("O-1")
    clock.shift(timedelta(hours=23))
    shop.pay("O-2")
    verified(receiver.heard[1], former)
    verified(receiver.heard[1], current)
    clock.shift(timedelta(hours=2))
    shop.pay("O-3")

    verified(receiver.heard[2], current)
    assert [len(heard.headers["webhook-signature"].split()) for heard in receiver.heard] == [2, 2, 1]


# What is answered


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_2xx_is_taken(owed, receiver, status):
    receiver.says = status
    owed()

    drain()

    assert (call().state, call().status_code, call().error, call().ended_at) == ("taken", status, "", NOON)
    assert receiver.row().last_taken_at == NOON


@pytest.mark.parametrize("status", [301, 302, 307, 400, 401, 403, 404, 409, 422, 451])
def test_what_would_fare_no_better_fails_at_once(owed, receiver, status):
    receiver.says = status
    owed()

    drain()

    assert (call().state, call().status_code) == ("failed", status)
    assert f"HTTP {status}" in call().error
    assert (receiver.row().last_error, receiver.row().out_until) == (call().error, None)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 501, 502, 503, 504, 599])
def test_what_may_fare_better_is_called_again_under_the_same_id(owed, receiver, clock, status):
    receiver.says = status
    owed()
    drain()
    assert (call().state, call().attempts, call().status_code) == ("pending", 1, status)
    assert timedelta(seconds=4) < call().due_at - NOON < timedelta(seconds=6)

    receiver.says = 204
    soon(clock, seconds=5)

    assert call().state == "taken"
    assert len(set(receiver.ids)) == 1
    first, second = receiver.heard
    assert int(second.headers["webhook-timestamp"]) > int(first.headers["webhook-timestamp"])
    verified(second, receiver.endpoint.secret)


def test_tries_grow_apart_and_end(owed, receiver, clock):
    receiver.says = 500
    owed()

    drain()
    for pause_ in verdicts.PAUSES:
        assert states() == ["pending"]
        soon(clock, seconds=pause_.total_seconds())

    assert states() == ["failed"]
    assert len(receiver.heard) == 10
    assert ending(Run.objects.get()) == ("finished", "")


def test_no_try_is_waited_for_that_would_come_too_late(owed, receiver, clock):
    receiver.says = 500
    owed(lifetime={"value": 4, "unit": "minutes"})

    drain()
    soon(clock, seconds=5)

    assert (states(), len(receiver.heard)) == (["failed"], 2)


def test_a_receiver_that_asks_for_patience_gets_it(owed, receiver, clock):
    receiver.says = lambda _heard: web.Response(status=503, headers={"Retry-After": "3600"})
    owed()
    drain()
    assert call().due_at == NOON + timedelta(hours=1)
    assert receiver.row().out_until == NOON + timedelta(hours=1)

    owed(2)
    soon(clock, minutes=30)
    assert len(receiver.heard) == 1

    receiver.says = 204
    soon(clock, minutes=30)
    assert states() == ["taken"] * 3


def test_no_answer_in_time_is_worth_another_try(owed, receiver, clock, monkeypatch):
    monkeypatch.setattr(wire, "TIMEOUT_S", 0.3)
    receiver.says = never
    owed()

    drain()

    assert (call().state, call().error, call().status_code) == ("pending", "No answer in time", None)


def test_nobody_there_is_worth_another_try(owed, receiver):
    WebhookEndpoint.objects.update(url="http://127.0.0.1:9/")
    owed()

    drain()

    assert (call().state, call().error) == ("pending", "Cannot connect: Connection refused")


def test_where_no_webhook_goes_it_fails_and_says_why(owed, receiver, settings):
    wire.close_line()
    settings.WEBHOOK_ALLOWED_NETWORKS = []
    WebhookEndpoint.objects.update(url="https://10.0.0.7/")
    owed()

    drain()

    assert (call().state, call().error) == ("failed", "10.0.0.7 is inside a network: webhooks only go out.")


def test_one_that_wants_no_more_calls_gets_none(owed, receiver, clock):
    receiver.says = 410
    owed()
    drain()
    owed(2)
    drain()

    assert len(receiver.heard) == 1
    assert list(WebhookCall.objects.order_by("pk").values_list("state", "skip_reason")) == [
        ("failed", ""), ("skipped", "endpoint_off"), ("skipped", "endpoint_off"),
    ]  # fmt: skip
    assert (receiver.row().off_because, receiver.row().last_error) == ("gone", "It wants no more calls (HTTP 410).")


# What is not called


@pytest.mark.parametrize(
    ("fields", "reason"),
    [({"code": "other"}, "no_endpoint"), ({"off_because": "person"}, "endpoint_off")],
)
def test_without_an_endpoint_nobody_is_called(owed, receiver, fields, reason):
    WebhookEndpoint.objects.update(**fields)
    owed()

    drain()

    assert (call().state, call().skip_reason, receiver.heard) == ("skipped", reason, [])


@pytest.mark.parametrize(("takes_tests", "state"), [(False, "skipped"), (True, "taken")])
def test_of_test_orders_only_those_are_told_that_want_it(shop, receiver, takes_tests, state):
    WebhookEndpoint.objects.update(takes_tests=takes_tests)
    shop.start(webhook())
    shop.order()
    shop.tell("O-1", "paid", is_test=True)

    drain()

    assert (call().state, call().skip_reason) == (state, "" if takes_tests else "test")
    assert [told["data"]["is_test"] for told in receiver.told] == [True] * takes_tests


def test_what_waited_too_long_is_called_no_more(owed, receiver, clock):
    owed(lifetime={"value": 1, "unit": "hours"})
    clock.shift(timedelta(hours=2))

    drain()

    assert (call().skip_reason, receiver.heard) == ("too_late", [])


def test_failures_from_before_the_clock_was_set_back_do_not_keep_an_endpoint_out(owed, receiver):
    owed()
    hour = timedelta(hours=1)
    WebhookEndpoint.objects.update(failures=9, last_error_at=NOON + hour, out_until=NOON + hour + timedelta(minutes=5))

    drain()

    assert states() == ["taken"]


def test_those_whose_time_is_over_do_not_wait_for_an_endpoint_that_is_out(owed, receiver, clock):
    owed(30, lifetime={"value": 1, "unit": "hours"})
    WebhookEndpoint.objects.update(out_until=NOON + timedelta(days=1), failures=9)
    clock.shift(timedelta(hours=2))

    drain()

    assert set(WebhookCall.objects.values_list("skip_reason", flat=True)) == {"too_late"}


def test_while_a_campaign_is_paused_its_calls_wait(owed, receiver):
    [owed_] = owed()
    pause(owed_.campaign)
    drain()
    assert (states(), receiver.heard) == (["pending"], [])

    resume(owed_.campaign)
    drain()
    assert states() == ["taken"]


def test_an_ended_campaign_leaves_no_call_waiting(owed, receiver):
    [owed_] = owed()
    end(owed_.campaign)

    drain()

    assert (call().skip_reason, receiver.heard) == ("campaign_ended", [])
    assert ending(owed_.run) == ("stopped", "campaign_ended")


def test_while_all_sending_is_paused_or_orders_is_off_nothing_leaves(owed, receiver):
    owed()

    for changes in ({"sending_paused_at": NOON}, {"sending_paused_at": None, "orders_enabled": False}):
        Workspace.objects.update(**changes)
        assert call_due() == 0
    Workspace.objects.update(orders_enabled=True, drop_due_before=NOON + timedelta(seconds=1))
    drain()

    assert (call().skip_reason, receiver.heard) == ("orders_were_off", [])


def test_one_that_cannot_be_made_fails_alone(owed, receiver, monkeypatch):
    calls = owed(7)
    make = calling.body_of

    def breaks(call, *rest):
        if call.pk == calls[3].pk:
            raise ValueError("a poison row")
        return make(call, *rest)

    monkeypatch.setattr(calling, "body_of", breaks)
    drain()

    assert states() == ["taken"] * 3 + ["failed"] + ["taken"] * 3
    assert WebhookCall.objects.get(state="failed").error == "ValueError"


def test_one_whose_secret_cannot_be_read_waits_and_holds_up_no_other(owed, receiver):
    endpoint("lost", secrets="gAAAA")
    WebhookEndpoint.objects.filter(code="lost").update(secrets="not of this key")
    owed(to="lost")
    owed()

    drain()

    assert states() == ["pending", "taken"]


# One does not hold up another


def test_a_slow_endpoint_holds_up_no_other(owed, receiver, monkeypatch):
    monkeypatch.setattr(wire, "TIMEOUT_S", 3.0)
    in_order = []

    def note(code, answer):
        return lambda heard: in_order.append(code) or answer(heard)

    with Receiver("slow", note("slow", never), {"at_once": 2}):
        receiver.says = note("erp", lambda _heard: (204, b""))
        owed(3, to="slow")
        owed(30)

        call_due()

    assert sorted(in_order[:32]) == ["erp"] * 30 + ["slow"] * 2
    assert in_order[32:] == ["slow"]
    assert receiver.server.most_at_once <= 10


def test_an_endpoint_that_keeps_failing_is_left_alone_then_tried_one_at_a_time(owed, receiver, clock):
    receiver.says = 500
    owed(20)
    drain()
    heard = len(receiver.heard)
    assert calling.A_CROWD <= heard < calling.A_CROWD + 10  # those under way when the fifth failed end as well
    assert receiver.row().failures == heard
    assert receiver.row().out_until > NOON

    clock.move_to(receiver.row().out_until)
    drain()
    assert len(receiver.heard) == heard + 1

    receiver.says = 204
    clock.shift(timedelta(minutes=20))
    drain()
    assert states() == ["taken"] * 20
    assert (receiver.row().failures, receiver.row().out_until) == (0, None)


def test_a_batch_costs_the_same_however_large_it_is(owed, receiver):
    owed(45)

    def queries_of(number):
        WebhookEndpoint.objects.update(at_once=number)
        with CaptureQueriesContext(connection) as queries:
            claimed, posts = calling._begin(Workspace.current(), with_leftovers=True)
            calling._write_answers({call: verdicts.Taken(204) for call in posts}, NOON)
        assert claimed == number
        return len(queries)

    assert queries_of(3) == queries_of(40)


# Who dies on the way


def test_a_call_whose_worker_died_before_it_was_heard_is_made_again(owed, receiver, clock, monkeypatch):
    owed()
    with monkeypatch.context() as dies, pytest.raises(Killed):
        dies.setattr(wire.Line, "begin", lambda *_args: (_ for _ in ()).throw(Killed))
        call_due()
    assert (states(), receiver.heard) == (["calling"], [])
    assert call_due() == 0

    clock.shift(LEASE + timedelta(seconds=1))
    drain()

    assert (states(), call().attempts, len(receiver.heard)) == (["taken"], 1, 1)
    assert audit()["unaccounted"] == 0


def test_a_call_whose_worker_died_before_it_wrote_the_answer_is_repeated_under_its_id(
    owed, receiver, clock, monkeypatch
):
    owed()
    with monkeypatch.context() as dies, pytest.raises(Killed):
        dies.setattr(calling, "_write_answers", lambda *_args: (_ for _ in ()).throw(Killed))
        call_due()
    assert (states(), len(receiver.heard)) == (["calling"], 1)

    clock.shift(LEASE + timedelta(seconds=1))
    drain()

    assert (states(), len(receiver.heard), len(set(receiver.ids))) == (["taken"], 2, 1)


def test_one_that_kills_its_worker_each_time_is_given_up(owed, clock, receiver):
    owed()

    for _ in range(10):
        WebhookCall.objects.filter(state="pending").update(state="calling", leased_until=NOON)
        clock.shift(timedelta(minutes=3))
        recover_expired()

    assert (call().state, call().error) == ("failed", "Whoever was calling died.")


def test_a_lease_that_runs_is_left_alone_and_one_of_before_the_clock_was_set_back_is_over(owed, clock, receiver):
    owed(2)
    first, second = WebhookCall.objects.order_by("pk")
    WebhookCall.objects.filter(pk=first.pk).update(state="calling", leased_until=NOON + LEASE)
    WebhookCall.objects.filter(pk=second.pk).update(state="calling", leased_until=NOON + timedelta(hours=1))

    assert recover_expired() == 1
    assert states() == ["calling", "pending"]


def test_an_answer_to_whoever_lost_its_lease_decides_nothing(owed, receiver, clock, monkeypatch):
    owed()
    write = calling._write_answers

    def too_late(*args):
        WebhookCall.objects.update(lease="00000000-0000-0000-0000-000000000000")
        write(*args)

    monkeypatch.setattr(calling, "_write_answers", too_late)
    call_due()

    assert states() == ["calling"]


# Real processes


def told_to(shop, number):
    activate(save_draft(definition(webhook()))[0])
    hear([Said(shop.order(f"O-{n}").external_id, "payment", "paid") for n in range(number)], shop.source)
    while advance():
        pass


def worker(environment, **more):
    """A process that calls what is due, as a worker's does."""
    script = "import django; django.setup(); from campaigns.draining import drain; drain()"
    environment = {
        **environment,
        "WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8",
        "REDIS_URL": django_settings.REDIS_URL,
        "DJANGO_SETTINGS_MODULE": "orderstatus_project.settings",
        "SECRET_KEY": django_settings.SECRET_KEY,
        **more,
    }
    return subprocess.Popen([sys.executable, "-c", script], env=environment, stderr=subprocess.DEVNULL)


def expire():
    """As if two minutes had passed."""
    WebhookCall.objects.filter(state=CallState.CALLING).update(leased_until=timezone.now() - timedelta(seconds=1))


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
@pytest.mark.xdist_group("races")
@pytest.mark.parametrize("place", ["webhooks.calling", "webhooks.called", "webhooks.answered", "webhooks.recovered"])
def test_a_worker_killed_anywhere_leaves_each_call_taken_under_one_id(process_environment, receiver, tmp_path, place):
    told_to(Shop(), 30)
    failpoint = tmp_path / "failpoint"
    failpoint.write_text(place)

    killed = worker(process_environment, FAILPOINT_FILE=str(failpoint))
    assert killed.wait(60) == -signal.SIGKILL
    expire()
    assert worker(process_environment).wait(60) == 0

    assert set(states()) == {"taken"}
    assert len(set(receiver.ids)) == 30
    assert set(receiver.ids) == {call.webhook_id for call in WebhookCall.objects.all()}
    assert Run.objects.filter(state="finished").count() == 30
    assert audit()["unaccounted"] == 0


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
@pytest.mark.xdist_group("races")
def test_a_worker_killed_while_a_receiver_thinks_calls_again(process_environment, receiver):
    told_to(Shop(), 1)

    async def thinks(_heard):
        await asyncio.sleep(5)
        return 204, b""

    receiver.says = thinks
    killed = worker(process_environment)
    while not receiver.heard:
        time.sleep(0.02)
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait(60)
    assert states() == ["calling"]

    receiver.says = 204
    expire()
    assert worker(process_environment).wait(60) == 0

    assert (states(), len(receiver.ids), len(set(receiver.ids))) == (["taken"], 2, 1)


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
@pytest.mark.xdist_group("races")
def test_three_workers_call_each_once_and_no_endpoint_more_at_once_than_it_wants(process_environment, receiver):
    async def thinks(_heard):
        await asyncio.sleep(0.02)
        return 204, b""

    receiver.says = thinks
    WebhookEndpoint.objects.update(at_once=4)
    told_to(Shop(), 200)

    workers = [worker(process_environment) for _ in range(3)]
    assert [one.wait(120) for one in workers] == [0, 0, 0]

    assert (set(states()), len(receiver.ids), len(set(receiver.ids))) == ({"taken"}, 200, 200)
    assert receiver.server.most_at_once <= 4


# What becomes of their runs


def test_a_call_of_an_order_that_is_held_waits_and_goes_on_once_it_is_released(owed, receiver, clock):
    [call] = owed()
    hold(Run.objects.all(), WHY)

    later(clock, hours=1)
    assert (len(receiver.heard), states()) == (0, ["pending"])
    assert audit()["unaccounted"] == 0

    release(Run.objects.all(), WHY)
    drain()
    assert (len(receiver.heard), states()) == (1, ["taken"])
    assert path(call.run)[-1] == ("tell", "sent")
    assert audit()["unaccounted"] == 0


def test_an_order_released_while_it_waits_for_an_answer_goes_on_waiting(owed, receiver):
    [call] = owed()
    hold(Run.objects.all(), WHY)
    release(Run.objects.all(), WHY)

    advance()

    assert path(call.run)[-1] == ("tell", "released")
    assert ending(call.run) == ("waiting", "")


def test_of_an_order_that_was_stopped_nothing_is_told(owed, receiver):
    owed()
    stop(Run.objects.all(), WHY)

    drain()

    assert receiver.heard == []
    assert (call().state, call().skip_reason) == ("skipped", "stopped")
    assert audit()["unaccounted"] == 0


def test_of_an_order_that_entered_a_status_that_stops_it_nothing_is_told(shop, receiver):
    StatusFactory(type="payment", code="refunded")
    shop.start(webhook(), stop_on=[{"type": "payment", "to": ["refunded"]}])
    shop.order()
    shop.tell("O-1", "paid")
    advance()
    shop.tell("O-1", "refunded")

    call_due()
    drain()

    assert receiver.heard == []
    assert call().skip_reason == "entered_stop_status"
    assert ending(Run.objects.get()) == ("stopped", "entered_stop_status")


def test_of_an_order_that_a_new_version_stops_nothing_is_told(owed, receiver):
    owed()
    save_draft(Campaign.objects.get().draft | {"name": "Anew"})
    activate(Campaign.objects.get(), former=Former.STOP)

    drain()

    assert receiver.heard == []
    assert call().skip_reason == "stopped"
    assert ending(Run.objects.get()) == ("stopped", "new_version")


def test_what_was_due_long_ago_is_dropped_on_resume(owed, receiver, clock):
    owed()
    campaign = pause(Campaign.objects.get())
    clock.shift(timedelta(hours=2))

    resume(campaign, drop_due_before=timezone.now() - timedelta(hours=1))
    drain()

    assert receiver.heard == []
    assert call().skip_reason == "was_paused"


def test_an_order_whose_call_is_dropped_goes_no_further(shop, receiver, clock):
    campaign = shop.start(webhook(), sms())
    shop.order()
    shop.tell("O-1", "paid")
    advance()
    pause(campaign)
    clock.shift(timedelta(hours=2))

    resume(campaign, drop_due_before=timezone.now() - timedelta(hours=1))
    drain()

    assert ending(Run.objects.get()) == ("stopped", "was_paused")
    assert not Message.objects.exists()
