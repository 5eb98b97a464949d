"""A receipt moves its own message, forward only, whenever it comes and however often."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns import tasks
from campaigns.draining import drain
from campaigns.engine import advance
from campaigns.models import Message, MessageEvent, Receipt
from campaigns.sms import sending
from campaigns.sms.gateways.base import Delivery, Later, Promises, Taken
from campaigns.sms.gateways.memory import Memory
from campaigns.sms.receipts import remove_unknown, sweep_kept, take_receipts
from campaigns.sms.sending import send_due
from customers.models import Customer
from orders.said import Said
from orders.transitions import hear
from tests.campaigns.shop import NOON, ending, sms
from tests.processes import meet

pytestmark = pytest.mark.django_db

EARLIER = NOON - timedelta(minutes=3)


@pytest.fixture
def owed(shop):
    """Messages that are due."""

    def owe(number=1):
        shop.start(sms())
        names = [shop.order(f"O-{n}").external_id for n in range(number)]
        hear([Said(name, "payment", "paid") for name in names], shop.source)
        advance()
        return list(Message.objects.order_by("pk"))

    return owe


@pytest.fixture
def sent(owed):
    """A message that the gateway took, under the id it gave: `m-0`, `m-1`, …"""

    def send(number=1):
        messages = owed(number)
        send_due()
        for place, message in enumerate(messages):
            Message.objects.filter(pk=message.pk).update(gateway_id=f"m-{place}")
            message.refresh_from_db()
        return messages

    return send


@pytest.fixture
def lost(owed, memory):
    """A message of which nobody knows whether it was sent."""
    [message] = owed()
    memory.promises, memory.fails = Promises(), True
    send_due()
    message.refresh_from_db()
    assert message.state == "unknown"
    return message


def tell(fate, gateway_id="m-0", gateway="memory", **said):
    return take_receipts(gateway, [Delivery(fate, gateway_id, **said)])


def fate_of(message):
    message.refresh_from_db()
    return (message.state, message.receipt_at, message.receipt_reason)


# What it says


@pytest.mark.parametrize(
    ("fate", "reason", "state", "kept"),
    [
        ("delivered", "", "delivered", ""),
        ("undelivered", "Absent subscriber", "undelivered", "Absent subscriber"),
        ("expired", "", "undelivered", "expired"),
        ("expired", "24 hours are over", "undelivered", "expired: 24 hours are over"),
    ],
)
def test_it_tells_what_became_of_a_message_when_and_why(sent, fate, reason, state, kept):
    [message] = sent()

    assert tell(fate, reason=reason, occurred_at=EARLIER) == 1

    assert fate_of(message) == (state, EARLIER, kept)
    assert (message.sent_at, message.ended_at) == (NOON, NOON)


def test_without_a_time_it_counts_from_when_it_is_heard(sent, clock):
    [message] = sent()
    clock.shift(timedelta(minutes=1))

    tell("delivered")

    assert fate_of(message) == ("delivered", NOON + timedelta(minutes=1), "")


@pytest.mark.parametrize(
    "wrong",
    [
        NOON + timedelta(seconds=1),
        datetime.min.replace(tzinfo=UTC),
        datetime.max.replace(tzinfo=UTC),
        datetime(2024, 5, 3, 11, 0),  # noqa: DTZ001
    ],
)
def test_a_clock_that_is_wrong_is_not_believed(sent, wrong):
    [message] = sent()

    tell("delivered", occurred_at=wrong)

    assert fate_of(message) == ("delivered", NOON, "")


def test_that_it_is_under_way_is_no_news_of_a_message_that_was_taken(sent):
    [message] = sent()

    assert tell("accepted") == 1

    assert fate_of(message) == ("accepted", None, "")


def test_a_text_that_no_database_takes_is_kept_without_the_harm(sent):
    [message] = sent()

    tell("undelivered", reason="no\x00 \ud800" + "x" * 300, reference="\x00" * 80)

    assert fate_of(message) == ("undelivered", NOON, "no\ufffd ?" + "x" * 195)


# Whose it is


def test_it_is_found_by_our_reference_however_it_is_written(sent):
    [message] = sent()

    tell("delivered", "", reference=message.reference.hex.upper())

    assert fate_of(message)[0] == "delivered"
    assert Receipt.objects.get().message == message


def test_a_gateway_moves_no_message_of_anothers(sent):
    [message] = sent()

    assert tell("delivered", gateway="acme") == 0
    assert tell("delivered", "", "acme", reference=str(message.reference)) == 0
    assert sweep_kept() == 0
    assert fate_of(message)[0] == "accepted"


def test_one_that_nobody_knows_is_kept(sent):
    [message] = sent()

    assert tell("delivered", "m-7") == 0

    receipt = Receipt.objects.get()
    assert (receipt.gateway, receipt.gateway_id, receipt.message) == ("memory", "m-7", None)
    assert fate_of(message)[0] == "accepted"


def consent_of(message):
    customer = Customer.objects.get(pk=message.customer_id)
    return (customer.sms_consent, customer.sms_consent_source, customer.sms_consent_at)


def test_it_may_tell_that_the_customer_opted_out_there(sent):
    [message] = sent()

    tell("undelivered", opted_out=True, occurred_at=EARLIER)

    assert consent_of(message) == ("refused", f"gateway:memory:{message.pk}", EARLIER)
    assert fate_of(message)[0] == "undelivered"


def test_that_they_opted_out_counts_where_the_rest_is_no_news(sent):
    [message] = sent()
    tell("delivered")

    tell("undelivered", opted_out=True)

    assert consent_of(message)[0] == "refused"
    assert fate_of(message)[0] == "delivered"


def test_that_they_opted_out_waits_for_the_answer_as_well(owed, monkeypatch):
    [message] = owed()
    told = Delivery("undelivered", reference=str(message.reference), opted_out=True)
    while_being_called(monkeypatch, told)

    send_due()

    assert consent_of(message)[0] == "refused"


# When it comes


def while_being_called(monkeypatch, receipt, answer=None):
    """The receipt comes in the midst of the call. Answers how many it moved."""
    moved = []

    def send(self, messages):
        moved.append(take_receipts("memory", [receipt]))
        return [answer or Taken("m-0") for _message in messages]

    monkeypatch.setattr(Memory, "send", send)
    return moved


@pytest.mark.parametrize("is_by_reference", [True, False])
def test_one_that_comes_before_the_answer_waits_for_it(owed, monkeypatch, is_by_reference):
    [message] = owed()
    said = {"reference": str(message.reference)} if is_by_reference else {"gateway_id": "m-0"}
    moved = while_being_called(monkeypatch, Delivery("delivered", occurred_at=NOON, **said))

    send_due()

    assert moved == [0]
    assert fate_of(message) == ("delivered", NOON, "")
    assert Receipt.objects.get().message == message


def test_one_that_comes_before_no_answer_at_all_settles_it(owed, memory, monkeypatch):
    [message] = owed()
    memory.promises = Promises()
    while_being_called(monkeypatch, Delivery("delivered", reference=str(message.reference)), Later("busy"))

    send_due()

    assert fate_of(message)[0] == "delivered"
    assert send_due() == 0


def test_one_that_comes_while_its_message_is_only_claimed_is_heard_when_it_is_let_go(owed, memory, monkeypatch):
    [message] = owed()
    receipt = Delivery("delivered", reference=str(message.reference))
    monkeypatch.setattr(sending, "BATCH_S", -1)
    monkeypatch.setattr(sending, "reach", lambda name: name == "sending.claimed" and take_receipts("memory", [receipt]))

    send_due()

    assert fate_of(message)[0] == "delivered"
    assert not memory.taken


def keep(gateway_id="m-0", gateway="memory", **fields):
    """A receipt that was written while the answer with its id was, so that neither saw the other."""
    return Receipt.objects.create(
        gateway=gateway, gateway_id=gateway_id, fate="delivered", **{"occurred_at": NOON, "received_at": NOON} | fields
    )


def test_one_that_crossed_with_the_answer_is_swept_up(sent):
    [message] = sent()
    receipt = keep()

    assert sweep_kept() == 1

    receipt.refresh_from_db()
    assert (fate_of(message)[0], receipt.message) == ("delivered", message)
    assert sweep_kept() == 0


def test_what_is_not_ours_does_not_block_the_sweep(sent, monkeypatch):
    [message] = sent()
    monkeypatch.setattr("campaigns.sms.receipts.set_size", lambda: 1)
    keep(gateway="acme")
    keep("m-7")
    keep()

    assert sweep_kept() == 1
    assert fate_of(message)[0] == "delivered"


def test_one_is_sought_for_a_week(sent):
    [message] = sent()
    keep(received_at=NOON - timedelta(days=7))

    assert sweep_kept() == 0
    assert fate_of(message)[0] == "accepted"


def test_one_that_nobody_knew_for_a_month_is_removed(sent):
    [message] = sent()
    month_ago = NOON - timedelta(days=30)
    keep("m-7", received_at=month_ago - timedelta(seconds=1))
    kept = {keep("m-8", received_at=month_ago), keep(message=message, received_at=NOON - timedelta(days=300))}

    assert remove_unknown() == 1

    assert set(Receipt.objects.all()) == kept


def test_they_are_removed_a_set_at_a_time_the_oldest_first(db, clock, monkeypatch):
    monkeypatch.setattr("campaigns.sms.receipts.set_size", lambda: 2)
    for n in range(5):
        keep(f"m-{n}", received_at=NOON - timedelta(days=31))

    assert remove_unknown() == 2
    assert list(Receipt.objects.order_by("pk").values_list("gateway_id", flat=True)) == ["m-2", "m-3", "m-4"]
    assert [remove_unknown() for _ in range(3)] == [2, 1, 0]


def test_one_that_finds_its_message_at_that_moment_is_not_removed(sent):
    [message] = sent()
    receipt = keep(received_at=NOON - timedelta(days=31))

    def find_it_first(execute, sql, *how):
        if sql.startswith("DELETE"):
            Receipt.objects.update(message=message)
        return execute(sql, *how)

    with connection.execute_wrapper(find_it_first):
        assert remove_unknown() == 0

    assert Receipt.objects.get() == receipt


def test_the_sweep_matches_and_removes(sent):
    [message] = sent()
    keep()
    keep("m-7", received_at=NOON - timedelta(days=31))

    tasks.sweep_receipts()

    assert fate_of(message)[0] == "delivered"
    assert Receipt.objects.get().message == message


def test_one_that_comes_days_later_still_counts(sent, clock):
    [message] = sent()
    clock.shift(timedelta(days=5))

    tell("undelivered", reason="late")

    assert fate_of(message) == ("undelivered", NOON + timedelta(days=5), "late")


def test_told_again_it_changes_nothing(sent, clock):
    [message] = sent()
    tell("delivered", occurred_at=EARLIER)
    clock.shift(timedelta(hours=1))

    assert tell("delivered") == 0

    assert fate_of(message) == ("delivered", EARLIER, "")
    assert Receipt.objects.count() == 1


def test_twice_in_one_list_it_is_one(sent):
    sent()

    assert take_receipts("memory", [Delivery("delivered", "m-0"), Delivery("delivered", "m-0", occurred_at=NOON)]) == 1
    assert Receipt.objects.count() == 1


@pytest.mark.parametrize(
    ("told", "state"),
    [
        (["delivered", "undelivered"], "delivered"),
        (["undelivered", "delivered"], "delivered"),
        (["delivered", "accepted"], "delivered"),
        (["delivered", "expired"], "delivered"),
        (["undelivered", "accepted"], "undelivered"),
    ],
)
def test_the_better_news_stands_in_whatever_order_they_come(sent, told, state):
    [message] = sent()

    for fate in told:
        tell(fate)

    assert fate_of(message)[0] == state


def test_of_two_that_say_it_was_not_delivered_the_first_stands(sent):
    [message] = sent()

    tell("undelivered", reason="absent")
    tell("expired")

    assert fate_of(message)[2] == "absent"


# What it settles


@pytest.mark.parametrize("fate", ["accepted", "delivered", "undelivered"])
def test_it_settles_a_message_of_unknown_fate_and_its_run_goes_on(lost, fate):
    assert tell(fate, "m-7", reference=str(lost.reference)) == 1
    drain()

    assert fate_of(lost)[0] == fate
    assert (lost.gateway_id, lost.sent_at, lost.ended_at) == ("m-7", NOON, NOON)
    assert ending(lost.run) == ("finished", "")
    assert MessageEvent.objects.filter(message=lost, what="receipt", detail=fate).count() == 1


def test_one_that_is_about_to_be_sent_again_is_not(owed, memory, clock):
    [message] = owed()
    memory.fails = True
    send_due()
    clock.shift(timedelta(minutes=1))
    memory.fails = False

    tell("delivered", "m-7", reference=str(message.reference))

    assert send_due() == 0
    assert fate_of(message)[0] == "delivered"
    assert not memory.taken


def test_what_a_gateway_did_not_take_it_cannot_fail_to_deliver(owed, memory, clock):
    """Refusing for now, and saying so again by a receipt, is no reason not to try again."""
    [message] = owed()
    memory.says[message.customer.phone] = Later("busy")
    send_due()
    memory.says.clear()

    tell("undelivered", "", reference=str(message.reference))
    clock.shift(timedelta(minutes=1))
    send_due()

    assert fate_of(message)[0] == "accepted"


@pytest.mark.parametrize("fate", ["delivered", "undelivered"])
def test_a_message_that_was_refused_or_skipped_stays_so(owed, memory, fate):
    [message] = owed()
    memory.refuses.add(message.customer.phone)
    send_due()

    tell(fate, "", reference=str(message.reference))

    assert fate_of(message) == ("rejected", None, "")
    assert Receipt.objects.get().message == message


# Many at once


def cost(receipts):
    with CaptureQueriesContext(connection) as queries:
        take_receipts("memory", receipts)
    return len(queries)


def test_a_list_of_any_length_costs_the_same(sent):
    sent(62)
    take_receipts("memory", [Delivery("accepted", "m-0")])

    few = cost([Delivery("delivered", f"m-{n}") for n in range(2)])
    many = cost([Delivery("delivered", f"m-{n}") for n in range(2, 62)])

    assert many == few
    assert Message.objects.filter(state="delivered").count() == 62


def test_a_long_list_is_taken_whole(sent):
    sent(3)

    assert take_receipts("memory", [Delivery("delivered", f"m-{n}") for n in range(5000)]) == 3
    assert Receipt.objects.count() == 5000


# Two processes


def take_many(order, rounds, messages):
    for turn in range(rounds):
        meet()
        take_receipts("memory", [Delivery("delivered", f"m-{turn}-{n}") for n in range(messages)][::order])


def take_unknown(order):
    for turn in range(5):
        meet()
        take_receipts("memory", [Delivery("delivered", f"{turn}-{n}") for n in range(1000)][::order])


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
@pytest.mark.xdist_group("races")
def test_two_processes_that_are_told_the_same_move_each_message_once(pair, owed, memory):
    messages = owed(80)
    memory.promises, memory.fails = Promises(), True
    send_due()
    for place, message in enumerate(messages):
        Message.objects.filter(pk=message.pk).update(gateway_id=f"m-{place // 20}-{place % 20}")

    pair.run((take_many, 1, 4, 20), (take_many, -1, 4, 20))

    assert Message.objects.filter(state="delivered").count() == 80
    assert Receipt.objects.exclude(message=None).count() == Receipt.objects.count() == 80
    assert MessageEvent.objects.filter(what="receipt").count() == 80


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
@pytest.mark.xdist_group("races")
def test_two_that_are_told_the_same_in_another_order_do_not_stop_each_other(pair, memory):
    pair.run((take_unknown, 1), (take_unknown, -1))

    assert Receipt.objects.count() == 5000
