"""No person in any line, whatever happens on the way from a change told to a receipt: in both forms of the log."""

import io
import json
import logging
import logging.config
import uuid

import pytest
from celery import shared_task
from django.db import DatabaseError
from django.test import Client
from django.utils import timezone

from campaigns import engine
from campaigns.models import Message, Receipt
from campaigns.sms import texts
from campaigns.sms.gateways import BUILTIN
from campaigns.sms.receipts import sweep_kept
from campaigns.tasks import advance_due_runs, send_due_messages
from customers.models import Customer
from orderstatus_project.celery import forget_the_task, name_the_task
from orderstatus_project.logging import configure_logging
from tests.campaigns.shop import Shop, sms
from workspace.models import ApiKey

pytestmark = pytest.mark.django_db

PHONE, NAME, TEXT = "+12025550147", "Philippa", "Dear Philippa, it is on its way"
PERSONAL = (PHONE, PHONE[1:], "2025550147", NAME, "is on its way")


@pytest.fixture(params=["json", "console"])
def written(request, settings):
    """Everything that is written, in one form or the other."""
    config = configure_logging(as_json=request.param == "json", level="DEBUG")
    config["handlers"]["line"]["stream"] = lines = io.StringIO()
    logging.config.dictConfig(config)
    yield lines.getvalue
    logging.config.dictConfig(settings.LOGGING)


@pytest.fixture
def memory(settings):
    settings.SMS_GATEWAY = "memory"
    BUILTIN["memory"].clear()
    yield BUILTIN["memory"]
    BUILTIN["memory"].clear()


@pytest.fixture
def shop(memory):
    shop = Shop()
    shop.order("O-1")
    Customer.objects.update(first_name=NAME, phone=PHONE)
    shop.start(sms(text="Dear {{ customer.first_name }}, it is on its way"))
    return shop


def tell(shop, request_id="r-1"):
    """A shop tells over the API that the order was paid. Answers what it was answered, and its key's id."""
    key, secret = ApiKey.objects.issue(name="Shop", source=shop.source, scopes=["orders:write"])
    change = {"order": "O-1", "type": "payment", "code": "paid", "event_id": uuid.uuid4().hex}
    answer = Client().post(
        "/api/v1/status-changes/",
        [change],
        content_type="application/json",
        headers={"Authorization": f"Bearer {secret}", "X-Request-ID": request_id},
    )
    assert answer.status_code == 200, answer.content
    return key


def work(task):
    """In this process, as a worker would name it."""
    name_the_task(task_id="t-1", task=task)
    task()
    forget_the_task()


def personal(lines):
    return [word for word in PERSONAL if word in lines]


@pytest.mark.django_db(transaction=True)
def test_a_whole_path_is_told_by_its_ids(shop, memory, written):
    key = tell(shop)
    work(advance_due_runs)
    work(send_due_messages)
    message = Message.objects.get()
    now = timezone.now()
    Receipt.objects.create(
        gateway="memory", gateway_id=message.gateway_id, fate="delivered", occurred_at=now, received_at=now
    )
    sweep_kept()

    lines = written()
    message.refresh_from_db()
    assert (message.text, message.phone) == (TEXT, PHONE)
    assert personal(lines) == []
    if lines.startswith("{"):
        told = {line["event"]: line for line in map(json.loads, lines.splitlines())}
        ran, sent, heard = told["runs_advanced"], told["gateway_called"], told["changes_heard"]
        assert (heard["request_id"], heard["key"], heard["source"]) == ("r-1", key.pk, shop.source.pk)
        assert (heard["orders"], heard["moved"]) == ([message.order_id], 1)
        assert (ran["task"], ran["runs"]) == ("campaigns.advance_due_runs", [message.run_id])
        assert (sent["task"], sent["messages"], sent["taken"]) == ("campaigns.send_due_messages", [message.pk], 1)
        assert all(line["seconds"] >= 0 and line["level"] == "info" for line in (heard, ran, sent))


def quoting(*_arguments, **_options):
    raise DatabaseError(f"Failing row contains (1, {PHONE}, {NAME}, {TEXT}).\nDETAIL: {PHONE} {TEXT}")


def test_a_gateway_that_quotes_the_message_is_told_by_the_kind_of_its_failure(shop, memory, written, monkeypatch):
    def send(messages):
        raise ConnectionError(f"could not hand {messages[0].text!r} to {messages[0].to}")

    monkeypatch.setattr(memory, "send", send)
    tell(shop)
    work(advance_due_runs)
    work(send_due_messages)

    assert "gateway_failed" in written()
    assert "ConnectionError" in written()
    assert personal(written()) == []


def test_a_database_that_quotes_the_row_is_told_by_the_kind_of_its_failure(shop, written, monkeypatch):
    monkeypatch.setattr(engine, "_let_in", quoting)
    tell(shop)
    work(advance_due_runs)

    assert "run_failed" in written()
    assert "DatabaseError" in written()
    assert personal(written()) == []


def test_a_text_that_cannot_be_made_is_told_by_the_kind_of_its_failure(shop, written, monkeypatch):
    monkeypatch.setattr(texts, "render", quoting)
    tell(shop)
    work(advance_due_runs)
    work(send_due_messages)

    assert "message_failed" in written()
    assert personal(written()) == []


def test_a_task_that_fails_is_told_with_its_id_and_not_its_words(written):
    failing = shared_task(name="tests.failing")(quoting)

    result = failing.apply()

    assert "task_failed" in written()
    assert result.id in written()
    assert "tests.failing" in written()
    assert personal(written()) == []


def test_a_request_that_fails_is_told_by_the_kind_of_its_failure(shop, written, monkeypatch):
    monkeypatch.setattr("orders.api.changes.hear", quoting)
    _key, secret = ApiKey.objects.issue(name="Shop", source=shop.source, scopes=["orders:write"])
    answer = Client(raise_request_exception=False).post(
        "/api/v1/status-changes/",
        [{"order": "O-1", "type": "payment", "code": "paid"}],
        content_type="application/json",
        headers={"Authorization": f"Bearer {secret}", "X-Request-ID": "r-2"},
    )

    assert answer.status_code == 500
    assert "Internal Server Error: /api/v1/status-changes/" in written()
    assert "r-2" in written()
    assert personal(written()) == []


def test_what_a_library_says_beyond_its_first_line_is_dropped_and_numbers_are_struck_out(written):
    logging.getLogger("asyncio").error("Task exception was never retrieved\nfuture: <Task %r>", ValueError(TEXT))
    logging.getLogger("library").warning("could not reach %s", PHONE)

    assert "Task exception was never retrieved" in written()
    assert "could not reach +…" in written() or "could not reach +\\u2026" in written()
    assert personal(written()) == []


def test_a_request_leaves_nothing_to_the_next(shop, written):
    tell(shop)
    logging.getLogger("library").warning("afterwards")

    afterwards = next(line for line in written().splitlines() if "afterwards" in line)
    assert not any(name in afterwards for name in ("request_id", "key", "source"))
