"""The books balance, and each thing taken out of them behind the code's back is missed."""

import json
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from analytics import history
from campaigns.books import audit
from campaigns.draining import drain
from campaigns.lifecycle import activate, end, pause, save_draft
from campaigns.models import Message, Run, RunEvent, WebhookCall
from orders.models import Order, StatusChange, StatusTransition
from orders.said import Said
from orders.transitions import hear
from tests.factories import CustomerFactory, OrderFactory, SourceFactory, StatusFactory
from workspace.models import Workspace

pytestmark = pytest.mark.django_db

PAID = {
    "format": 1,
    "code": "paid",
    "name": "Paid",
    "trigger": {"kind": "order_status_changed", "params": {"type": "payment", "from": "any", "to": ["paid"]}},
    "steps": [
        {
            "key": "thanks",
            "kind": "send_sms",
            "params": {"purpose": "transactional", "text": "Thank you for {{ order.external_id }}."},
            "branches": {"not_sent": [{"key": "tell", "kind": "call_webhook", "params": {"endpoint": "nobody"}}]},
        }
    ],
}


@pytest.fixture
def source():
    Workspace.objects.update(orders_enabled=True)
    StatusFactory(type="payment", code="paid")
    StatusFactory(type="payment", code="refunded")
    return SourceFactory()


@pytest.fixture
def _two_orders_entered(source):
    activate(save_draft(PAID)[0])
    OrderFactory(external_id="A")
    OrderFactory(external_id="B", customer=CustomerFactory(sms_consent="refused"))
    hear([Said("A", "payment", "paid"), Said("B", "payment", "paid")], source)
    drain()


def breaches():
    return {name: count for name, count in audit()["breaches"].items() if count}


def breaches_after(statement):
    """What a hand in the database does, past the models, triggers and foreign keys; and then it is undone."""
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(statement)
        found = breaches()
        transaction.set_rollback(True)
    return found


@pytest.mark.usefixtures("_two_orders_entered")
def test_what_nobody_touched_is_accounted_for():
    found = audit()

    assert found["unaccounted"] == 0
    assert found["runs"]["total"] == 2
    assert found["messages"]["accepted"] == 1
    assert found["messages"]["skipped"] == {"refused": 1}
    assert found["calls"] == {"total": 1, "pending": 0, "calling": 0, "taken": 0, "failed": 0, "skipped": 1}


@pytest.mark.usefixtures("_two_orders_entered")
@pytest.mark.parametrize(
    ("model", "where", "missed"),
    [
        (Run, "occasion LIKE 't:%'", "missing_runs"),
        (Message, "state = 'accepted'", "owed_without_message"),
        (Message, "state = 'skipped'", "owed_without_message"),
        (WebhookCall, "state = 'skipped'", "owed_without_message"),
        (RunEvent, "number = 1", "runs_that_lost_a_decision"),
        (RunEvent, "outcome = 'owed'", "owed_without_message"),
        (StatusTransition, "1 = 1", "changes_without_their_transition"),
        (StatusTransition, "1 = 1", "statuses_unlike_their_ledger"),
        (StatusTransition, "1 = 1", "unexplained_runs"),
        (StatusChange, "1 = 1", "changes_without_their_transition"),
    ],
)
def test_a_row_that_is_deleted_is_missed(model, where, missed):
    assert missed in breaches_after(f"DELETE FROM {model._meta.db_table} WHERE {where}")


@pytest.mark.usefixtures("_two_orders_entered")
@pytest.mark.parametrize(
    ("statement", "missed"),
    [
        ("UPDATE orders_order SET payment_status_id = NULL", "statuses_unlike_their_ledger"),
        ("UPDATE orders_statuschange SET verdict = 'late'", "changes_without_their_transition"),
        ("UPDATE orders_statustransition SET from_status_id = to_status_id", "broken_chains"),
        ("UPDATE campaigns_run SET state = 'waiting'", "runs_in_no_place"),
        ("UPDATE campaigns_run SET ended_at = NULL", "runs_in_no_place"),
        ("UPDATE campaigns_message SET state = 'pending', skip_reason = '', due_at = NULL", "messages_in_no_place"),
        ("UPDATE campaigns_webhookcall SET state = 'pending', skip_reason = ''", "calls_in_no_place"),
        ("UPDATE orders_statustransition SET silent_because = 'history'", "unexplained_runs"),
    ],
)
def test_a_row_that_is_changed_is_noticed(statement, missed):
    assert missed in breaches_after(statement)


def test_a_chain_of_moves_is_whole(source):
    OrderFactory(external_id="A")
    for code in ("paid", "refunded", "paid"):
        hear([Said("A", "payment", code)], source)

    assert StatusTransition.objects.count() == 3
    assert breaches() == {}


def test_history_that_is_read_otherwise_than_it_was_told_is_noticed(source):
    OrderFactory(external_id="A")
    hear([Said("A", "payment", "paid")], source)
    assert breaches_after("DELETE FROM analytics_visit") == {}
    history.catch_up()
    hear([Said("A", "payment", "refunded")], source)
    assert breaches() == {}

    assert breaches_after("UPDATE analytics_visit SET customer_id = NULL") == {}
    history.catch_up()

    assert breaches_after("UPDATE analytics_visit SET customer_id = NULL") == {"visits_unlike_their_inbox": 1}
    assert breaches_after("DELETE FROM analytics_visit") == {"visits_unlike_their_inbox": 1}


def test_a_paused_campaign_owes_its_runs_and_an_ended_one_no_more(source):
    campaign = activate(save_draft(PAID)[0]).activation.campaign
    pause(campaign)
    OrderFactory(external_id="A")
    hear([Said("A", "payment", "paid")], source)
    end(campaign)
    OrderFactory(external_id="B")
    hear([Said("B", "payment", "paid")], source)
    drain()

    found = audit()

    assert found["unaccounted"] == 0
    assert (found["runs"]["total"], found["runs"]["stopped"]) == (1, 1)


def test_a_second_version_owes_what_comes_after_it(source):
    activate(save_draft(PAID)[0])
    OrderFactory(external_id="A")
    hear([Said("A", "payment", "paid")], source)
    activate(save_draft(PAID | {"name": "Paid, again"})[0])
    OrderFactory(external_id="B")
    hear([Said("B", "payment", "paid")], source)

    assert breaches() == {}
    assert sorted(Run.objects.values_list("version__number", flat=True)) == [1, 2]


def test_saves_in_code_are_in_the_books_too(source):
    activate(save_draft(PAID)[0])
    order = OrderFactory(external_id="A")
    order.payment_status = StatusFactory(type="payment", code="part-paid")
    order.save()

    assert Order.objects.get().payment_status.code == "part-paid"
    assert audit()["changes"]["received"] == 0
    assert breaches() == {}


@pytest.mark.usefixtures("_two_orders_entered")
def test_the_command_prints_json_and_exits_1_only_when_something_is_unaccounted_for():
    out = StringIO()
    call_command("audit", "--json", stdout=out)
    assert json.loads(out.getvalue())["unaccounted"] == 0

    Message.objects.all().delete()

    with pytest.raises(SystemExit) as exit_:
        call_command("audit", stdout=StringIO())
    assert exit_.value.code == 1
