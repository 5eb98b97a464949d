"""From owed to sent: nothing is sent twice, nothing is lost, and what fails, fails alone."""

from datetime import timedelta
from itertools import count

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from campaigns.draining import drain
from campaigns.engine import advance
from campaigns.lifecycle import activate, end, save_draft
from campaigns.models import Message, PhoneText, Run
from campaigns.sms import handover, sending
from campaigns.sms.fates import LOOKED_UP_AFTER
from campaigns.sms.gateways import BUILTIN
from campaigns.sms.gateways.base import Promises
from campaigns.sms.gateways.memory import Memory
from campaigns.sms.sending import LEASE, recover_expired, send_due
from orders.models import Order
from orders.said import Said
from orders.transitions import hear
from tests.campaigns.shop import NOON, Shop, definition, ending, sms, wait
from tests.factories import CustomerFactory
from tests.processes import meet
from workspace.models import Workspace

pytestmark = pytest.mark.django_db


class Killed(BaseException):
    """The process dies here."""


@pytest.fixture
def owed(shop):
    """A message that is due. `owed(3)`: three."""

    def owe(number=1, **params):
        shop.start(sms(**params))
        names = [shop.order(f"O-{n}").external_id for n in range(number)]
        hear([Said(name, "payment", "paid") for name in names], shop.source)
        advance()
        return list(Message.objects.order_by("pk"))

    return owe


def states():
    return list(Message.objects.order_by("pk").values_list("state", flat=True))


def die_while_calling(monkeypatch, gateway, *, after_taking):
    """The worker dies in the midst of its call: before the gateway took the messages, or just after."""
    send = gateway.send

    def dying(messages):
        if after_taking:
            send(messages)
        raise Killed

    with monkeypatch.context() as dies, pytest.raises(Killed):
        dies.setattr(type(gateway), "send", lambda self, messages: dying(messages))
        send_due()


# The plain way


def test_what_was_sent_is_kept(owed, shop, memory):
    [message] = owed(text="Thanks, {{ customer.first_name }}")

    assert send_due() == 1

    message.refresh_from_db()
    [sent] = memory.taken.values()
    assert (message.state, message.text, message.phone) == ("accepted", "Thanks, Ada", message.customer.phone)
    assert (message.gateway, message.gateway_id, message.reference) == ("memory", sent.reference, message.reference)
    assert (message.sent_at, message.ended_at, message.lease, message.leased_until) == (NOON, NOON, None, None)
    assert str(message.reference) == sent.reference


@pytest.mark.parametrize(
    ("text", "parts"), [("x" * 160, 1), ("x" * 161, 2), ("x" * 70 + "ж", 2), ("x" * 69 + "ж", 1), ("x" * 1000, 7)]
)
def test_parts_are_counted(owed, text, parts):
    owed(text=text)

    send_due()

    assert Message.objects.get().parts == parts


def test_a_long_text_of_the_shops_own_making_is_counted_too(owed):
    [message] = owed(text="{{ order.custom.note }}")
    Order.objects.update(custom={"note": "x" * 7900})

    send_due()

    message.refresh_from_db()
    assert (message.state, message.parts) == ("accepted", 52)


def test_nothing_is_sent_twice(owed, memory):
    owed(3)

    assert [send_due() for _ in range(3)] == [3, 0, 0]
    assert len(memory.taken) == 3


def test_a_run_goes_on_when_its_message_was_sent(owed):
    owed()
    assert advance() == 0

    send_due()

    assert advance() == 1
    assert Run.objects.get().state == "finished"


def test_a_refusal_is_kept_in_the_gateways_words(owed, memory):
    [message] = owed()
    memory.refuses.add(message.customer.phone)

    drain()

    message.refresh_from_db()
    assert (message.state, message.error, message.sent_at, message.ended_at) == (
        "rejected",
        "refused by the test",
        None,
        NOON,
    )
    assert ending(message.run) == ("stopped", "rejected")


def test_one_refusal_is_one_messages(owed, memory):
    messages = owed(3)
    memory.refuses.add(messages[1].customer.phone)

    send_due()

    assert states() == ["accepted", "rejected", "accepted"]


def test_a_text_speaks_to_the_one_it_is_sent_to(owed, shop):
    """The order was given to another customer after its change: the number and the name are of one person."""
    [message] = owed(text="Hello {{ customer.first_name }}")
    Order.objects.update(customer=CustomerFactory(first_name="Bob"))

    send_due()

    message.refresh_from_db()
    assert (message.text, message.phone) == ("Hello Ada", message.customer.phone)


def test_times_are_the_customers_own(owed, shop):
    [message] = owed(text="{{ order.ordered_at | date: '%d.%m. %H:%M' }}")
    Order.objects.update(ordered_at=NOON.replace(hour=20))
    type(message.customer).objects.update(timezone="Asia/Tokyo")

    send_due()

    assert Message.objects.get().text == "04.05. 05:00"


def test_a_batch_costs_the_same_however_large_it_is(owed, shop):
    owed(42)

    def queries_of_a_batch(size):
        with CaptureQueriesContext(connection) as queries:
            assert send_due(limit=size) == size
        return len(queries)

    assert queries_of_a_batch(2) == queries_of_a_batch(40)


def test_the_law_rules_on_a_batch_of_capped_messages_in_a_few_queries(shop):
    shop.start(sms(), frequency_cap={"messages": 1, "per": "day"})
    hear([Said(shop.order(f"O-{n}").external_id, "payment", "paid") for n in range(42)], shop.source)
    advance()

    def queries_of_a_batch(size):
        with CaptureQueriesContext(connection) as queries:
            assert send_due(limit=size) == size
        return len(queries)

    assert queries_of_a_batch(2) == queries_of_a_batch(40)


# What fails alone


def test_a_text_that_cannot_be_made_skips_its_message_alone(owed, memory):
    messages = owed(10, text="{{ order.custom.code }}")
    for message in messages:
        Order.objects.filter(pk=message.order_id).update(custom={} if message == messages[4] else {"code": "X"})

    drain()

    assert states() == ["accepted"] * 4 + ["skipped"] + ["accepted"] * 5
    failed = Message.objects.get(state="skipped")
    assert (failed.skip_reason, failed.error) == (
        "text_failed",
        "Line 1, column 4: Liquid says “order.custom.code is undefined”.",
    )
    assert ending(failed.run) == ("stopped", "text_failed")
    assert len(memory.taken) == 9


def test_a_text_that_comes_out_empty_is_not_sent(owed):
    owed(text="{% if order.total > 100 %}Big spender!{% endif %}")

    drain()

    failed = Message.objects.get()
    assert (failed.skip_reason, failed.error) == ("text_failed", "The text came out empty.")


def test_a_message_that_breaks_the_sender_is_buried_alone(owed, memory, monkeypatch):
    messages = owed(10)
    judge = sending.judge

    def breaks(message, *rest):
        if message == messages[7]:
            raise ZeroDivisionError
        return judge(message, *rest)

    monkeypatch.setattr(sending, "judge", breaks)

    drain()

    assert states() == ["accepted"] * 7 + ["skipped"] + ["accepted"] * 2
    buried = Message.objects.get(state="skipped")
    assert (buried.skip_reason, buried.error) == ("text_failed", "ZeroDivisionError")
    assert ending(buried.run) == ("stopped", "text_failed")
    assert len(memory.taken) == 9


# A worker that dies


@pytest.mark.parametrize("after_taking", [True, False])
def test_a_gateway_that_knows_repeats_is_called_again_under_the_same_reference(
    owed, clock, memory, monkeypatch, after_taking
):
    [message] = owed()
    die_while_calling(monkeypatch, memory, after_taking=after_taking)
    assert states() == ["calling"]

    clock.shift(LEASE)
    assert recover_expired() == 0
    clock.shift(timedelta(seconds=1))
    assert recover_expired() == 1
    drain()

    assert states() == ["accepted"]
    assert list(memory.taken) == [str(message.reference)]
    assert ending(message.run) == ("finished", "")


@pytest.mark.parametrize("after_taking", [True, False])
def test_of_a_gateway_that_does_not_the_fate_is_unknown(owed, clock, memory, monkeypatch, after_taking):
    [message] = owed()
    memory.promises = Promises()
    die_while_calling(monkeypatch, memory, after_taking=after_taking)

    clock.shift(LEASE + timedelta(seconds=1))
    recover_expired()
    drain()

    assert states() == ["unknown"]
    assert len(memory.taken) == (1 if after_taking else 0)
    assert ending(message.run) == ("waiting", "")
    message.refresh_from_db()
    assert (message.due_at, message.lease, message.has_ended) == (timezone.now() + LOOKED_UP_AFTER, None, False)


def test_a_lease_that_runs_is_left_alone(owed, memory, monkeypatch):
    owed()
    die_while_calling(monkeypatch, memory, after_taking=False)

    assert recover_expired() == 0
    assert drain().messages == 0
    assert states() == ["calling"]


def test_a_repeat_is_the_same_message_to_the_same_gateway(owed, clock, memory, monkeypatch, settings):
    """Whatever changed meanwhile: it may have been sent so."""
    [message] = owed(text="{{ customer.first_name }}")
    die_while_calling(monkeypatch, memory, after_taking=True)
    settings.SMS_GATEWAY = "phone"
    CustomerFactory._meta.model.objects.update(first_name="Grace")

    clock.shift(timedelta(minutes=3))
    drain()

    message.refresh_from_db()
    assert (message.state, message.gateway, message.text) == ("accepted", "memory", "Ada")
    assert len(memory.taken) == 1
    assert not PhoneText.objects.exists()


def test_a_repeat_that_the_law_forbids_by_now_is_of_unknown_fate(owed, clock, memory, monkeypatch):
    """It may be on the customer's phone: to call it skipped would be a lie."""
    [message] = owed()
    die_while_calling(monkeypatch, memory, after_taking=True)
    type(message.customer).objects.update(sms_consent="refused")

    clock.shift(timedelta(minutes=3))
    drain()

    message.refresh_from_db()
    assert (message.state, message.skip_reason, message.error) == ("unknown", "", "refused")
    assert len(memory.taken) == 1


def test_what_a_gateway_that_is_gone_was_told_is_of_unknown_fate(owed, clock, memory, monkeypatch):
    owed(2)
    die_while_calling(monkeypatch, memory, after_taking=False)
    Message.objects.filter(pk=Message.objects.first().pk).update(gateway="carrier_pigeon")

    clock.shift(timedelta(minutes=3))
    drain()

    assert sorted(states()) == ["accepted", "unknown"]


@pytest.fixture
def call_slowly(clock, memory, monkeypatch):
    """Send what is due to a gateway that answers when the lease has been taken back."""

    def call():
        send = memory.send

        def slow(messages):
            clock.shift(timedelta(minutes=3))
            recover_expired()
            return send(messages)

        with monkeypatch.context() as slowly:
            slowly.setattr(Memory, "send", lambda self, messages: slow(messages))
            send_due()

    return call


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("knows_repeats", [True, False])
def test_what_was_taken_after_the_lease_was_taken_back_is_known_to_be_sent(owed, memory, call_slowly, knows_repeats):
    memory.promises = Promises(is_idempotent=knows_repeats)
    [message] = owed()

    call_slowly()
    drain()

    assert states() == ["accepted"]
    assert len(memory.taken) == 1
    assert ending(message.run) == ("finished", "")


def test_a_worker_that_was_stopped_before_its_call_makes_none(owed, memory, monkeypatch):
    owed()
    monkeypatch.setattr(handover, "CALLED_WITHIN_S", -1.0)

    send_due()

    assert states() == ["pending"]
    assert not memory.taken


def test_a_lease_from_before_the_clock_was_set_back_is_over(owed, clock, memory, monkeypatch):
    owed()
    clock.shift(timedelta(hours=1))
    die_while_calling(monkeypatch, memory, after_taking=False)
    clock.shift(timedelta(hours=-1))

    assert recover_expired() == 1
    drain()

    assert states() == ["accepted"]


def test_a_pause_ends_a_batch_between_two_calls(owed, memory, monkeypatch):
    owed(2)
    monkeypatch.setattr(handover, "_chunk_size", lambda connection, lane: 1)
    send = memory.send

    def pause(messages):
        Workspace.objects.update(sending_paused_at=NOON)
        return send(messages)

    with monkeypatch.context() as pausing:
        pausing.setattr(Memory, "send", lambda self, messages: pause(messages))
        send_due()

    assert sorted(states()) == ["accepted", "pending"]


def test_an_ended_campaign_leaves_no_message_waiting(owed, clock, memory, monkeypatch):
    [message] = owed()
    end(message.campaign)

    drain()

    assert states() == ["skipped"]
    assert ending(message.run) == ("stopped", "campaign_ended")


# A gateway that fails


@pytest.mark.parametrize("error", [ConnectionError(), TimeoutError(), ValueError("bad answer"), KeyError("status")])
def test_a_gateway_that_raises_may_have_taken_them_all_the_same(owed, clock, memory, monkeypatch, error):
    owed(2)

    def raises(self, messages):
        raise error

    with monkeypatch.context() as fails:
        fails.setattr(Memory, "send", raises)
        assert drain().messages == 2
    assert states() == ["pending", "pending"]
    assert list(Message.objects.values_list("is_uncertain", "error")) == [(True, type(error).__name__)] * 2

    clock.shift(timedelta(seconds=10))
    drain()
    assert states() == ["accepted", "accepted"]


def test_a_gateway_that_answers_for_too_few_is_one_that_failed(owed, clock, memory, monkeypatch):
    owed(2)
    with monkeypatch.context() as fails:
        fails.setattr(Memory, "send", lambda self, messages: [])
        send_due()

    assert states() == ["pending", "pending"]
    assert set(Message.objects.values_list("is_uncertain", flat=True)) == {True}


def test_a_gateway_that_fails_does_not_stop_another(shop, memory):
    shop.start(sms())
    for name, is_test in (("O-1", False), ("O-2", True), ("O-3", False)):
        shop.order(name)
        shop.tell(name, "paid", is_test=is_test)
    memory.fails = True

    drain()

    assert states() == ["pending", "accepted", "pending"]


def test_a_gateway_that_does_not_exist_costs_no_message(owed, settings):
    owed()
    settings.SMS_GATEWAY = "carrier_pigeon"

    with pytest.raises(ImproperlyConfigured, match="console, memory, phone"):
        send_due()

    assert states() == ["pending"]


# What is called as soon as it is claimed


def test_the_first_call_is_begun_in_the_claims_own_write(owed):
    owed(3)

    with CaptureQueriesContext(connection) as queries:
        send_due()

    writes = [query["sql"] for query in queries if query["sql"].startswith('UPDATE "campaigns_message"')]
    assert len(writes) == 2  # the claim, and what came of it
    assert states() == ["accepted"] * 3


def test_what_was_begun_and_not_called_after_all_goes_back(owed, memory, monkeypatch):
    owed(2)
    monkeypatch.setattr(sending, "reach", lambda name: Workspace.objects.update(sending_paused_at=NOON))

    send_due()

    assert states() == ["pending", "pending"]
    assert not memory.taken


def test_of_messages_to_two_gateways_none_is_begun_at_once(shop, monkeypatch):
    shop.start(sms())
    for name, is_test in (("O-1", False), ("O-2", True)):
        shop.order(name)
        shop.tell(name, "paid", is_test=is_test)
    advance()
    seen = []
    monkeypatch.setattr(sending, "reach", lambda name: seen.extend(states()))

    send_due()

    assert seen == ["claimed", "claimed"]
    assert states() == ["accepted", "accepted"]


# The gateways


def test_test_keys_reach_the_test_phone_alone(shop, memory):
    shop.start(sms(text="Hello"))
    shop.order()
    shop.tell("O-1", "paid", is_test=True)

    drain()

    assert not memory.taken
    [text] = PhoneText.objects.all()
    message = Message.objects.get()
    assert (text.reference, text.to, text.text) == (message.reference, message.phone, "Hello")
    assert (message.state, message.gateway) == ("accepted", "phone")


@pytest.mark.parametrize("key", ["phone", "memory", "console"])
def test_each_gateway_takes_a_repeat_once(owed, settings, clock, monkeypatch, key):
    settings.SMS_GATEWAY = key
    owed()
    gateway = BUILTIN[key]
    die_while_calling(monkeypatch, gateway, after_taking=True)

    clock.shift(timedelta(minutes=3))
    drain()

    assert gateway.promises.is_idempotent
    assert states() == ["accepted"]
    assert PhoneText.objects.count() == (key == "phone")


def test_the_console_tells_no_number_and_no_text(owed, settings, caplog, capsys):
    settings.SMS_GATEWAY = "console"
    [message] = owed(text="A secret")

    send_due()

    told = caplog.text + "".join(capsys.readouterr())
    assert "A secret" not in told
    assert message.customer.phone not in told


# Two at once


def send_at_once(limit):
    meet()
    return sum(iter(lambda: send_due(limit=limit), 0))


def drain_at_once():
    meet()
    return drain().messages


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
@pytest.mark.xdist_group("races")
@pytest.mark.parametrize("limit", [1, 50])
def test_two_processes_send_each_message_once(pair, limit):
    shop = Shop()
    activate(save_draft(definition(sms()))[0])
    hear([Said(shop.order(f"O-{n}").external_id, "payment", "paid") for n in range(100)], shop.source)
    while advance():
        pass

    sent = pair.run((send_at_once, limit), (send_at_once, limit))

    assert sum(sent) == 100
    assert states() == ["accepted"] * 100
    assert PhoneText.objects.count() == 100


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
@pytest.mark.xdist_group("races")
def test_two_processes_that_do_everything_do_not_block_each_other(pair):
    """Several campaigns that let in by order and by customer and cap by customer: every lock there is."""
    shop = Shop()
    people, number = CustomerFactory.create_batch(5), count()
    for code, mode in (("one", "once_per_customer"), ("two", "once_per_order"), ("three", "every_time")):
        limits = {"reentry": {"mode": mode}, "frequency_cap": {"messages": 2, "per": "day"}}
        activate(save_draft(definition(sms(), wait("w", 1, "minutes"), code=code, **limits))[0])
    for _ in range(10):
        names = [
            shop.order(f"O-{next(number)}", customer=customer).external_id for customer in people for _ in range(4)
        ]
        hear([Said(name, "payment", "paid") for name in names], shop.source)

        pair.run((drain_at_once,), (drain_at_once,))

    assert Message.objects.filter(state="accepted").count() == 10
    assert not Run.objects.filter(state="failed").exists()
    assert not Run.objects.filter(state="waiting", due_at__lte=timezone.now()).exists()
