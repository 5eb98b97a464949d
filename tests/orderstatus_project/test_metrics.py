"""`/metrics`: who may ask, what is told, and that it costs the same however much waits."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from campaigns.books import audit_and_keep
from campaigns.doorbell import ring
from campaigns.engine import advance
from campaigns.models import Lane, Message, MessageState, Run, SmsGateway
from campaigns.sms.gateways import BUILTIN
from campaigns.sms.sending import LEASE
from campaigns.tasks import advance_due_runs, send_due_messages
from tests.campaigns.shop import Shop, sms, wait
from workspace.heartbeats import beat
from workspace.models import Workspace

pytestmark = pytest.mark.django_db

TOKEN = "0123456789abcdefghijklmnopqrstuv"


@pytest.fixture
def memory(settings):
    """The gateway that messages go to, empty at first."""
    settings.SMS_GATEWAY = "memory"
    BUILTIN["memory"].clear()
    yield BUILTIN["memory"]
    BUILTIN["memory"].clear()


@pytest.fixture
def shop(memory):
    return Shop()


def ask(**headers):
    return Client().get("/metrics", headers=headers)


def told():
    """Every sample by name and labels."""
    answer = ask()
    assert answer.status_code == 200
    lines = [line for line in answer.content.decode().splitlines() if line.startswith("orderstatus_")]
    return {name: float(value) for name, _space, value in (line.rpartition(" ") for line in lines)}


def test_with_a_token_only_who_knows_it_may_ask(settings):
    settings.METRICS_TOKEN = TOKEN

    assert ask(authorization=f"Bearer {TOKEN}").status_code == 200
    assert ask().status_code == 401
    assert ask(authorization=f"Bearer {TOKEN}x").status_code == 401
    assert ask(authorization=f"Basic {TOKEN}").status_code == 401
    assert ask(authorization="Bearer é").status_code == 401


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_without_a_token_the_machine_itself_may_ask(address):
    assert Client(REMOTE_ADDR=address).get("/metrics").status_code == 200


@pytest.mark.parametrize("address", ["192.0.2.7", "10.0.0.1", "", "unix:"])
def test_without_a_token_nobody_else_may(address):
    answer = Client(REMOTE_ADDR=address).get("/metrics")

    assert answer.status_code == 401
    assert b"orderstatus_" not in answer.content


@pytest.mark.parametrize("header", ["x-forwarded-for", "forwarded", "x-real-ip", "via"])
def test_without_a_token_a_proxy_on_the_machine_asks_for_somebody_else(header):
    assert ask(**{header: "192.0.2.7"}).status_code == 401


def test_without_a_token_behind_a_proxy_nobody_may(settings):
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

    assert ask().status_code == 401


def test_it_is_asked_in_plain_http_in_production_too(settings):
    settings.SECURE_SSL_REDIRECT = True

    assert ask().status_code == 200


def test_of_an_installation_at_rest_every_age_is_nought(db):
    found = told()

    assert {name: value for name, value in found.items() if "seconds" in name and "sum" not in name} == {
        'orderstatus_oldest_due_run_seconds{lane="urgent"}': 0,
        'orderstatus_oldest_due_run_seconds{lane="bulk"}': 0,
        'orderstatus_oldest_due_message_seconds{lane="urgent"}': 0,
        'orderstatus_oldest_due_message_seconds{lane="bulk"}': 0,
        "orderstatus_oldest_due_webhook_seconds": 0,
        "orderstatus_oldest_message_put_off_seconds": 0,
        "orderstatus_oldest_message_in_hand_seconds": 0,
        "orderstatus_oldest_unknown_seconds": 0,
    }
    assert (found["orderstatus_overdue_runs"], found["orderstatus_unknown_messages"]) == (0, 0)


def owe(shop, number):
    shop.start(sms())
    for place in range(number):
        shop.order(f"O-{place}")
        shop.tell(f"O-{place}", "paid")
    advance()


def test_the_oldest_of_each_is_told(shop):
    owe(shop, 3)
    now = timezone.now()
    first, second, third = Message.objects.order_by("pk")
    Message.objects.filter(pk=first.pk).update(due_at=now - timedelta(seconds=300), lane=Lane.URGENT)
    Message.objects.filter(pk=second.pk).update(
        state=MessageState.CALLING, leased_until=now + LEASE - timedelta(seconds=20), lease="0" * 32
    )
    Message.objects.filter(pk=third.pk).update(
        state=MessageState.UNKNOWN, called_at=now - timedelta(seconds=4000), due_at=None
    )
    Run.objects.filter(pk=first.run_id).update(due_at=now - timedelta(seconds=500), lane=Lane.BULK)

    found = told()

    assert found['orderstatus_oldest_due_message_seconds{lane="urgent"}'] == pytest.approx(300, abs=5)
    assert found["orderstatus_oldest_message_in_hand_seconds"] == pytest.approx(20, abs=5)
    assert found["orderstatus_oldest_unknown_seconds"] == pytest.approx(4000, abs=5)
    assert found['orderstatus_oldest_due_run_seconds{lane="bulk"}'] == pytest.approx(500, abs=5)
    assert found['orderstatus_oldest_due_run_seconds{lane="urgent"}'] == 0
    assert found["orderstatus_unknown_messages"] == 1
    assert found["orderstatus_overdue_messages"] == 1
    assert found["orderstatus_overdue_runs"] == 1


def test_what_gateways_put_off_is_as_old_as_it_was_owed(shop):
    """Each try makes it due anew, so that by what is due an outage would not show."""
    owe(shop, 2)
    now = timezone.now()
    first, second = Message.objects.order_by("pk")
    tried = {"attempts": 3, "due_at": now + timedelta(seconds=5)}
    Message.objects.filter(pk=first.pk).update(created_at=now - timedelta(seconds=900), **tried)
    Message.objects.filter(pk=second.pk).update(created_at=now - timedelta(days=1), is_held=True, **tried)

    found = told()

    assert found["orderstatus_oldest_message_put_off_seconds"] == pytest.approx(900, abs=5)
    assert found["orderstatus_overdue_messages"] == 0


def test_what_waits_for_a_later_time_is_not_old(shop):
    shop.start(wait(value=1, unit="hours"), sms())
    shop.order("O-1")
    shop.tell("O-1", "paid")
    advance()

    assert told()['orderstatus_oldest_due_run_seconds{lane="urgent"}'] == 0


def test_the_last_audit_is_told(shop):
    owe(shop, 1)
    before = told()
    audit_and_keep()
    balanced = told()
    Message.objects.update(due_at=None)
    audit_and_keep()

    assert "orderstatus_unaccounted" not in before
    assert balanced["orderstatus_unaccounted"] == 0
    assert told()["orderstatus_unaccounted"] == 1
    assert told()["orderstatus_last_audit_age_seconds"] < 60


def test_a_pause_of_all_sending_and_a_gateway_that_is_out_are_told(shop):
    now = timezone.now()
    Workspace.objects.update(sending_paused_at=now)
    SmsGateway.objects.create(code="main", name="Main", kind="memory", out_until=now + timedelta(seconds=30))
    SmsGateway.objects.create(code="spare", name="Spare", kind="memory")
    beat("runs")

    found = told()

    assert found["orderstatus_sending_paused"] == 1
    assert found['orderstatus_gateway_out{gateway="main"}'] == 1
    assert found['orderstatus_gateway_out{gateway="spare"}'] == 0
    assert found['orderstatus_worker_silent_seconds{queue="runs"}'] < 60


def test_rings_sweeps_batches_and_answers_are_counted(shop, memory):
    shop.start(sms())
    memory.refuses = {shop.order("O-1").customer.phone}
    shop.order("O-2")
    shop.tell("O-1", "paid")
    shop.tell("O-2", "paid")
    advance_due_runs()
    ring("sending")
    send_due_messages()
    send_due_messages()

    found = told()

    assert found['orderstatus_rings_total{queue="sending"}'] == 1
    assert found['orderstatus_wakes_total{by="ring",queue="sending"}'] == 1
    assert found['orderstatus_wakes_total{by="sweep",queue="sending"}'] == 1
    assert found['orderstatus_wakes_total{by="sweep",queue="runs"}'] == 1
    assert found['orderstatus_worked_total{queue="runs"}'] == 2
    assert found['orderstatus_worked_total{queue="sending"}'] == 2
    assert found['orderstatus_batch_seconds_count{queue="sending"}'] == 1
    assert found['orderstatus_gateway_call_seconds_count{gateway="memory"}'] == 1
    assert found['orderstatus_gateway_answers_total{answer="taken",gateway="memory"}'] == 1
    assert found['orderstatus_gateway_answers_total{answer="refused",gateway="memory"}'] == 1


def test_a_gateway_that_raises_told_nothing_of_any(shop, memory):
    memory.fails = True
    owe(shop, 2)
    send_due_messages()

    assert told()['orderstatus_gateway_answers_total{answer="unsure",gateway="memory"}'] == 2


def test_calls_of_providers_that_were_refused_are_counted_by_why(provider):
    delivered = [{"id": "m-1", "status": "delivered"}]
    provider.tell(delivered)
    provider.tell(delivered, signature="wrong")
    provider.tell(delivered, signature="wrong")
    provider.tell([{"id": "m-1", "status": "eaten"}])
    provider.tell([{"id": "m-1"}])
    provider.tell(delivered * 5001)
    provider.tell(delivered, gateway="nobody")
    SmsGateway.objects.update(kind="pigeon", configured_at=timezone.now())
    provider.tell(delivered)

    refused = {name: count for name, count in told().items() if "refused" in name}

    assert refused == {
        'orderstatus_receipt_calls_refused_total{gateway="acme",reason="bad_receipt"}': 2,
        'orderstatus_receipt_calls_refused_total{gateway="acme",reason="bad_signature"}': 2,
        'orderstatus_receipt_calls_refused_total{gateway="acme",reason="misconfigured"}': 1,
        'orderstatus_receipt_calls_refused_total{gateway="acme",reason="too_large"}': 1,
    }


def test_requests_are_told_by_view_and_status_and_by_no_word_of_the_caller():
    Client().get("/healthz")
    Client().generic("BREW", "/healthz")
    Client().get("/api/v1/orders/+12025550101/")

    lines = ask().content.decode().splitlines()
    requests = [line for line in lines if line.startswith("django_http")]

    assert any(
        'latency_seconds_by_view_method_count{method="GET",status="200",view="healthz"}' in line for line in requests
    )
    assert any('status="405",view="healthz"' in line and "<invalid method>" in line for line in requests)
    assert not any("BREW" in line or "12025550101" in line for line in requests)


def test_it_asks_the_same_few_queries_however_much_waits(shop):
    owe(shop, 1)
    with CaptureQueriesContext(connection) as few:
        told()
    for place in range(40):
        shop.order(f"P-{place}")
        shop.tell(f"P-{place}", "paid")
    Run.objects.filter(state="waiting", step="").update(due_at=timezone.now() - timedelta(hours=1))
    with CaptureQueriesContext(connection) as many:
        late = told()["orderstatus_overdue_runs"]

    assert late == 40
    assert (len(few), len(many)) == (15, 15)
