"""What becomes of a message that was not simply taken: put off, refused, passed on, unknown, settled."""

from datetime import timedelta
from itertools import count

import pytest
from django.utils import timezone

from campaigns.back_filling import fill
from campaigns.draining import drain
from campaigns.engine import advance
from campaigns.lifecycle import activate, save_draft
from campaigns.models import Lane, Message, MessageEvent, Run, SmsGateway
from campaigns.sms import connections, fates, settling, turns
from campaigns.sms.gateways import KINDS
from campaigns.sms.gateways.base import GatewayKind, Later, NotCalled, Promises, Refused, Taken, Unsure
from campaigns.sms.gateways.memory import Memory
from campaigns.sms.sending import recover_expired, send_due
from customers.models import Customer
from orders.said import Said
from orders.transitions import hear
from tests.campaigns.shop import NOON, definition, ending, later, sms, trigger, wait
from tests.factories import CustomerFactory
from workspace.models import Workspace

pytestmark = pytest.mark.django_db

ADA = "+61491570156"


@pytest.fixture
def connect(monkeypatch):
    """Connect gateways: `connect("first", "second")` answers what each of them holds, as memory gateways."""
    gateways, turn = {}, count(1)
    kind = GatewayKind("made_up", "Made up", lambda setup: gateways.setdefault(setup.code, Memory()))
    monkeypatch.setitem(KINDS, "made_up", kind)
    connections._live.cache_clear()

    def connect(*codes, **fields):
        for code in codes:
            SmsGateway.objects.create(code=code, name=code, kind="made_up", position=next(turn), **fields)
            gateways[code] = Memory()
        return [gateways[code] for code in codes]

    yield connect
    connections._live.cache_clear()


@pytest.fixture
def owe(shop):
    """Messages that are due, each of an order of its own."""
    numbers = count(1)

    def owe(number=1, **params):
        if not Run.objects.exists():
            shop.start(sms(**params))
        names = [shop.order(f"O-{next(numbers)}").external_id for _ in range(number)]
        hear([Said(name, "payment", "paid") for name in names], shop.source)
        advance()
        return list(Message.objects.order_by("-pk")[:number][::-1])

    return owe


def answers(gateway, message, answer):
    gateway.says[message.customer.phone] = answer


def events(message):
    return list(message.events.values_list("what", "gateway", "detail"))


def now_of(message):
    message.refresh_from_db()
    return message


# Put off


def test_a_gateway_that_is_busy_is_asked_again_after_a_pause(owe, memory, clock):
    [message] = owe()
    answers(memory, message, Later("busy"))
    send_due()

    assert now_of(message).state == "pending"
    assert (message.attempts, message.error, message.is_uncertain, message.lease) == (1, "busy", False, None)
    assert timedelta(seconds=4) <= message.due_at - NOON <= timedelta(seconds=6)
    assert events(message) == [("put_off", "memory", "busy")]
    memory.says.clear()
    later(clock, seconds=6)
    assert ending(message.run) == ("finished", "")


def test_it_is_not_asked_sooner_than_it_wants(owe, memory):
    [message] = owe()
    answers(memory, message, Later("busy", after_s=3600))

    send_due()

    assert now_of(message).due_at == NOON + timedelta(hours=1)


def test_pauses_grow_to_a_quarter_of_an_hour(owe, memory, clock, monkeypatch):
    monkeypatch.setattr(fates.random, "uniform", lambda low, high: 1)
    [message] = owe()
    answers(memory, message, Later("busy"))
    pauses = []

    for _ in range(10):
        send_due()
        pauses.append((now_of(message).due_at - timezone.now()).total_seconds())
        clock.move_to(message.due_at)

    assert pauses == [5, 10, 20, 40, 80, 160, 320, 640, 900, 900]


def test_in_the_end_it_is_given_up(owe, memory, clock):
    [message] = owe()
    answers(memory, message, Later("busy"))

    for _ in range(20):
        later(clock, minutes=20)

    assert (now_of(message).state, message.error) == ("rejected", "busy")
    assert ending(message.run) == ("stopped", "rejected")
    assert message.events.count() == 20


def test_its_lifetime_ends_while_it_waits(owe, memory, clock):
    [message] = owe(lifetime={"value": 1, "unit": "hours"})
    answers(memory, message, Later("busy", after_s=7200))
    send_due()

    later(clock, hours=2)

    assert (now_of(message).state, message.skip_reason) == ("skipped", "too_late")


# Two gateways


def test_what_the_first_refuses_the_second_is_asked(owe, connect):
    first, second = connect("first", "second")
    [message] = owe()
    answers(first, message, Refused("no route"))

    drain()

    assert (now_of(message).state, message.gateway, message.refused_by) == ("accepted", "second", ["first"])
    assert list(second.taken) == [str(message.reference)]
    assert events(message) == [("refused", "first", "no route")]


def test_what_all_refuse_is_rejected(owe, connect):
    first, second = connect("first", "second")
    [message] = owe()
    answers(first, message, Refused("no route"))
    answers(second, message, Refused("bad number"))

    drain()

    assert (now_of(message).state, message.error, message.refused_by) == ("rejected", "bad number", ["first", "second"])
    assert ending(message.run) == ("stopped", "rejected")


def test_during_an_outage_of_the_first_the_second_takes_over(owe, connect, clock):
    first, second = connect("first", "second")
    messages = owe(3)
    for message in messages:
        answers(first, message, Later("connection refused", is_outage=True))

    drain()
    later(clock, seconds=5)

    assert {m.gateway for m in Message.objects.filter(state="accepted")} == {"second"}
    assert len(second.taken) == 3
    row = SmsGateway.objects.get(code="first")
    assert (row.last_error, row.out_until) == ("connection refused", NOON + connections.OUT_FOR)


def test_after_an_outage_the_first_is_asked_again(owe, connect, clock):
    first, _second = connect("first", "second")
    [message] = owe()
    answers(first, message, Later("connection refused", is_outage=True))
    later(clock, seconds=0)
    first.says.clear()

    clock.shift(connections.OUT_FOR + timedelta(seconds=1))
    [another] = owe()
    drain()

    assert now_of(another).gateway == "first"


def test_while_the_first_leaves_everything_in_doubt_the_second_gets_the_rest(owe, connect, clock):
    first, second = connect("first", connections=5)[0], connect("second")[0]
    first.promises = Promises()
    messages = owe(8)
    for message in messages:
        answers(first, message, Unsure("time-out"))

    send_due()
    assert list(Message.objects.order_by("pk").values_list("state", flat=True)) == ["unknown"] * 5 + ["pending"] * 3
    assert SmsGateway.objects.get(code="first").out_until == NOON + connections.OUT_FOR
    drain()

    assert [now_of(message).gateway for message in messages] == ["first"] * 5 + ["second"] * 3
    assert len(second.taken) == 3


def test_one_doubt_among_others_is_no_outage(owe, connect):
    [only] = connect("only")
    only.promises = Promises()
    doubtful, _other = owe(2)
    answers(only, doubtful, Unsure("time-out"))

    send_due()

    assert SmsGateway.objects.get().out_until is None


@pytest.mark.parametrize(("asked_s", "out_for_s"), [(None, 30), (3, 30), (120, 120), (86400, 900)])
def test_one_that_is_down_is_left_alone_as_long_as_it_asks_for(owe, connect, asked_s, out_for_s):
    [only] = connect("only")
    [message] = owe()
    answers(only, message, Later("HTTP 503", after_s=asked_s, is_outage=True))

    send_due()

    assert SmsGateway.objects.get().out_until == NOON + timedelta(seconds=out_for_s)


def test_one_that_took_others_is_not_out_of_order(owe, connect):
    [only] = connect("only")
    busy, _other = owe(2)
    answers(only, busy, Later("HTTP 503", is_outage=True))

    send_due()

    assert (now_of(busy).state, busy.attempts, len(only.taken)) == ("pending", 1, 1)
    assert SmsGateway.objects.get().out_until is None


def test_what_the_first_puts_off_too_often_the_second_is_asked(owe, connect, clock):
    first, second = connect("first", "second")
    [message] = owe()
    answers(first, message, Later("busy"))

    for _ in range(19):
        later(clock, minutes=20)
    assert (now_of(message).state, message.attempts) == ("pending", 19)
    later(clock, minutes=20)

    assert (now_of(message).state, message.gateway, message.refused_by) == ("accepted", "second", ["first"])
    assert list(second.taken) == [str(message.reference)]


def test_what_both_put_off_too_often_is_rejected(owe, connect, clock):
    first, second = connect("first", "second")
    [message] = owe()
    answers(first, message, Later("busy"))
    answers(second, message, Later("full"))

    for _ in range(40):
        later(clock, minutes=20)

    assert (now_of(message).state, message.error, message.refused_by) == ("rejected", "full", ["first", "second"])
    assert message.events.count() == 40


def test_what_may_have_been_sent_is_not_handed_on_however_often_it_is_put_off(owe, connect, clock):
    first, second = connect("first", "second")
    [message] = owe()
    answers(first, message, Unsure("time-out"))
    send_due()
    answers(first, message, Later("busy"))

    for _ in range(30):
        later(clock, minutes=20)

    assert now_of(message).state == "unknown"
    assert not second.taken


def test_an_outage_of_all_is_waited_for_and_never_given_up(owe, connect, clock):
    [only] = connect("only")
    [message] = owe()
    answers(only, message, Later("connection refused", is_outage=True))

    for _ in range(100):
        later(clock, seconds=31)
    assert now_of(message).state == "pending"
    only.says.clear()
    later(clock, seconds=31)

    assert now_of(message).state == "accepted"


def test_after_an_uncertain_answer_no_other_is_asked(owe, connect, clock):
    first, second = connect("first", "second")
    first.promises = Promises()
    [message] = owe()
    answers(first, message, Unsure("time-out"))

    later(clock, days=1)

    assert (now_of(message).state, message.gateway, message.error) == ("unknown", "first", "time-out")
    assert not second.taken
    assert ending(message.run) == ("waiting", "")


def test_one_that_knows_repeats_is_asked_again_under_the_same_reference(owe, connect, clock):
    first, second = connect("first", "second")
    [message] = owe()
    answers(first, message, Unsure("time-out"))
    send_due()
    first.says.clear()

    later(clock, seconds=6)

    assert (now_of(message).state, message.gateway) == ("accepted", "first")
    assert list(first.taken) == [str(message.reference)]
    assert not second.taken
    assert events(message) == [("unsure", "first", "time-out"), ("sent_again", "first", "")]


@pytest.mark.parametrize("answer", [Later("busy"), Later("unreached", is_outage=True), Refused("no route")])
def test_an_answer_to_the_second_call_says_nothing_of_the_first(owe, connect, clock, answer):
    first, second = connect("first", "second")
    [message] = owe()
    answers(first, message, Unsure("time-out"))
    send_due()
    answers(first, message, answer)

    later(clock, seconds=10)
    later(clock, days=1)

    assert now_of(message).is_uncertain
    assert message.gateway == "first"
    assert not second.taken


def test_what_may_have_been_sent_is_not_called_rejected(owe, connect, clock):
    [only] = connect("only")
    [message] = owe()
    answers(only, message, Unsure("time-out"))
    send_due()
    answers(only, message, Refused("no route"))

    later(clock, seconds=10)

    assert (now_of(message).state, message.error) == ("unknown", "no route")
    assert ending(message.run) == ("waiting", "")


def test_one_that_knows_repeats_no_longer_is_not_asked_again(owe, connect, clock):
    [only] = connect("only")
    [message] = owe()
    answers(only, message, Unsure("time-out"))
    send_due()
    only.says.clear()
    only.promises = Promises()

    later(clock, seconds=6)

    assert now_of(message).state == "unknown"
    assert not only.taken


def test_an_opt_out_told_by_a_gateway_is_the_customers_word(owe, connect):
    first, second = connect("first", "second")
    [message] = owe()
    answers(first, message, Refused("unsubscribed recipient", opted_out=True))

    drain()

    customer = Customer.objects.get(pk=message.customer_id)
    assert (customer.sms_consent, customer.sms_consent_at) == ("refused", NOON)
    assert now_of(message).state == "rejected"
    assert not second.taken


def test_a_gateway_that_is_switched_off_gets_nothing_new(owe, connect):
    first, second = connect("first", "second")
    SmsGateway.objects.filter(code="first").update(is_active=False)
    owe()

    drain()

    assert (len(first.taken), len(second.taken)) == (0, 1)


def test_what_the_last_willing_one_can_no_longer_take_is_rejected(owe, connect):
    first, second = connect("first", "second")
    [message] = owe()
    answers(first, message, Refused("no route"))
    send_due()
    SmsGateway.objects.filter(code="second").update(is_active=False)

    drain()

    assert (now_of(message).state, message.error) == ("rejected", "no route")
    assert ending(message.run) == ("stopped", "rejected")
    assert not second.taken


def test_a_sender_goes_with_each_message(owe, connect):
    [only] = connect("only", sender="SHOP")
    owe()

    drain()

    assert [taken.sender for taken in only.taken.values()] == ["SHOP"]


# A worker that dies


def test_what_was_claimed_and_not_called_goes_back_to_the_queue(owe, connect, clock, monkeypatch):
    [only] = connect("only", connections=1)
    only.promises = Promises()
    owe(3)
    send, calls = Memory.send, count(1)

    def dies_at_the_second(self, messages):
        if next(calls) == 2:
            raise KeyboardInterrupt
        return send(self, messages)

    with monkeypatch.context() as dies, pytest.raises(KeyboardInterrupt):
        dies.setattr(Memory, "send", dies_at_the_second)
        send_due()
    clock.shift(timedelta(minutes=3))
    recover_expired()

    assert list(Message.objects.order_by("pk").values_list("state", flat=True)) == ["accepted", "unknown", "pending"]
    drain()
    assert list(Message.objects.order_by("pk").values_list("state", flat=True)) == ["accepted", "unknown", "accepted"]
    assert MessageEvent.objects.filter(what="expired_call").count() == 1


def test_a_batch_that_takes_too_long_gives_the_rest_back(owe, connect, monkeypatch):
    [only] = connect("only", connections=1)
    only.promises = Promises()
    owe(3)
    monkeypatch.setattr("campaigns.sms.sending.BATCH_S", -1)

    send_due()

    rows = Message.objects.values_list("state", "lease", "is_uncertain")
    assert set(rows) == {("pending", None, False)}
    assert not only.taken


def test_what_there_was_no_time_to_call_costs_no_try(owe, connect):
    [only] = connect("only")
    called, not_called = owe(2)
    due_at = not_called.due_at
    answers(only, not_called, NotCalled())

    send_due()

    assert (now_of(called).state, now_of(not_called).state) == ("accepted", "pending")
    assert (not_called.attempts, not_called.due_at, not_called.error, not_called.lease) == (0, due_at, "", None)
    assert events(not_called) == []
    assert SmsGateway.objects.get().last_error == ""
    send_due()
    assert now_of(not_called).attempts == 0


def test_one_that_stalled_while_time_ran_out_is_out_of_order(owe, connect):
    [only] = connect("only")
    *called, not_called = owe(connections.A_CROWD + 1)
    for message in called:
        answers(only, message, Unsure("time-out"))
    answers(only, not_called, NotCalled())

    send_due()

    assert SmsGateway.objects.get().out_until == NOON + connections.OUT_FOR


def test_one_message_in_doubt_keeps_no_other_from_its_gateway(owe, connect):
    [only] = connect("only")
    [message] = owe()
    answers(only, message, Unsure("time-out"))

    send_due()

    assert SmsGateway.objects.get().out_until is None


def test_one_that_failed_before_the_clock_was_set_back_is_asked_at_once(owe, connect, clock):
    [only] = connect("only")
    [message] = owe()
    answers(only, message, Later("closed", is_outage=True))
    send_due()
    only.says.clear()

    clock.shift(timedelta(minutes=-1))
    Message.objects.update(due_at=timezone.now())
    drain()

    assert now_of(message).state == "accepted"


# How fast


def test_together_workers_stay_under_what_a_gateway_allows(connect, clock):
    connect("only")

    rests = [connections.reserve("only", 10, 5, NOON, 60) for _ in range(3)]

    assert rests == [0, 2, 4]


def test_what_was_booked_before_the_clock_was_set_back_holds_up_nobody(connect):
    connect("only")
    connections.reserve("only", 1, 5, NOON + timedelta(hours=1), 5)

    assert connections.reserve("only", 1, 5, NOON, 5) == 0


def test_no_room_is_booked_for_later_than_a_worker_waits(connect, clock):
    connect("only")
    connections.reserve("only", 100, 5, NOON, 60)

    assert connections.reserve("only", 1, 5, NOON, 5) is None
    assert SmsGateway.objects.get().free_at == NOON + timedelta(seconds=20)


def test_a_slow_gateway_is_handed_a_few_at_a_time(owe, connect, monkeypatch):
    [only] = connect("only", per_second=2)
    owe(30)
    rests = []
    monkeypatch.setattr("campaigns.sms.handover.time.sleep", rests.append)

    send_due()

    assert len(only.taken) == 10
    assert rests == [0, 1, 2, 3, 4]


def test_who_dies_while_waiting_for_a_turn_takes_no_answer_along(owe, connect, monkeypatch):
    [only] = connect("only", per_second=2)
    only.promises = Promises()
    owe(4)
    rests = count(1)

    def dies_at_the_second(_seconds):
        if next(rests) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr("campaigns.sms.handover.time.sleep", dies_at_the_second)

    with pytest.raises(KeyboardInterrupt):
        send_due()

    states = list(Message.objects.order_by("pk").values_list("state", flat=True))
    assert states == ["accepted", "accepted", "claimed", "claimed"]


# One after the other


def test_of_one_order_one_message_is_in_flight(shop, memory, clock):
    for code in ("one", "two"):
        shop.start(sms(text=code), code=code)
    shop.order()
    shop.tell("O-1", "paid")
    advance()

    assert send_due() == 1
    assert [m.text for m in memory.taken.values()] == ["one"]
    assert send_due() == 1
    assert [m.text for m in memory.taken.values()] == ["one", "two"]


def test_a_message_put_off_holds_up_the_next_of_its_order(shop, memory, clock):
    for code in ("one", "two"):
        shop.start(sms(text=code), code=code)
    ada = CustomerFactory(phone_written="+61 491 570 156")
    shop.order(customer=ada)
    memory.says[ADA] = Later("busy")
    shop.tell("O-1", "paid")
    drain()
    memory.says.clear()
    assert not memory.taken

    later(clock, seconds=6)

    assert [m.text for m in memory.taken.values()] == ["one", "two"]


@pytest.fixture
def paid_before_invoiced(shop):
    """Of one order the text about the later change is owed; a worker holds the run of the earlier one still."""
    shop.start(sms(text="{{ change.to.name }}"), trigger=trigger())
    shop.order()
    shop.tell("O-1", "invoiced")
    shop.tell("O-1", "paid")
    invoiced = Run.objects.earliest("pk")
    Run.objects.filter(pk=invoiced.pk).update(due_at=NOON + timedelta(hours=1))
    advance()
    Run.objects.filter(pk=invoiced.pk).update(due_at=NOON)


def test_messages_go_in_the_order_of_their_changes(paid_before_invoiced, memory):
    """Whichever was owed first."""
    assert send_due() == 0
    drain()

    assert [m.text for m in memory.taken.values()] == ["Invoiced", "Paid"]


def test_a_text_that_is_owed_between_two_questions_is_not_passed(paid_before_invoiced, memory, monkeypatch):
    """Whose turn it is takes two questions, and a worker may commit what it held between them."""
    with monkeypatch.context() as between:
        for question in ("_about_to_owe", "_first_on_their_way"):
            between.setattr(turns, question, committing_after(getattr(turns, question)))
        send_due()
    drain()

    assert [m.text for m in memory.taken.values()] == ["Invoiced", "Paid"]


def committing_after(question):
    def ask(*args):
        answer = question(*args)
        advance()
        return answer

    return ask


def test_a_change_that_is_not_due_yet_holds_up_no_message(shop, memory):
    shop.start(wait(), sms(text="{{ change.to.name }}"), code="slow", trigger=trigger(to=["invoiced"]))
    shop.start(sms(text="{{ change.to.name }}"), code="quick")
    shop.order()
    shop.tell("O-1", "invoiced")
    shop.tell("O-1", "paid")

    drain()

    assert [m.text for m in memory.taken.values()] == ["Paid"]


def test_one_that_waits_out_an_outage_is_not_passed_when_that_is_over(shop, connect, clock):
    [only] = connect("only")
    for code in ("one", "two"):
        shop.start(sms(text=code), code=code)
    shop.order()
    SmsGateway.objects.update(out_until=NOON + timedelta(seconds=3))
    shop.tell("O-1", "paid")
    drain()
    clock.shift(timedelta(seconds=4))

    drain()
    assert not only.taken

    later(clock, seconds=2)
    assert [m.text for m in only.taken.values()] == ["one", "two"]


def test_one_that_waits_for_the_morning_holds_up_none(shop, memory, clock):
    clock.move_to(NOON + timedelta(hours=11))
    shop.start(sms(text="one", deliver="outside_quiet_hours"), code="one")
    shop.start(sms(text="two"), code="two")
    shop.order()
    shop.tell("O-1", "paid")

    drain()

    assert [m.text for m in memory.taken.values()] == ["two"]


# Who goes first


def test_a_transactional_text_overtakes_the_crowd(shop, memory):
    shop.start(sms(text="news", purpose="marketing", deliver="immediately"), code="news")
    names = [shop.order(f"O-{n}", customer=CustomerFactory(sms_consent="given")).external_id for n in range(10)]
    hear([Said(name, "payment", "paid") for name in names], shop.source)
    advance()
    shop.start(
        sms(text="receipt"),
        code="receipt",
        trigger={"kind": "order_status_changed", "params": {"type": "delivery", "from": "any", "to": ["shipped"]}},
    )
    shop.tell("O-9", "shipped")
    shop.order("X")
    shop.tell("X", "shipped")
    advance()

    send_due(limit=2)

    assert [m.text for m in memory.taken.values()] == ["receipt", "news"]


def test_between_two_calls_the_crowd_gives_way_but_never_all_of_it(shop, connect, monkeypatch):
    [only] = connect("only", connections=1)
    only.promises = Promises()
    shop.start(sms(text="news", purpose="marketing", deliver="immediately"), code="news")
    names = [shop.order(f"O-{n}", customer=CustomerFactory(sms_consent="given")).external_id for n in range(4)]
    hear([Said(name, "payment", "paid") for name in names], shop.source)
    advance()
    shop.start(sms(text="receipt"), code="receipt", trigger=trigger("delivery", to=["shipped"]))
    hurry, send = count(), Memory.send

    def sends_while_somebody_is_in_a_hurry(self, messages):
        name = shop.order(f"X-{next(hurry)}").external_id
        shop.tell(name, "shipped")
        advance()
        return send(self, messages)

    monkeypatch.setattr(Memory, "send", sends_while_somebody_is_in_a_hurry)

    for _ in range(3):
        send_due()

    assert [m.text for m in only.taken.values()] == ["news", "receipt", "news", "receipt", "receipt", "news"]


def test_what_makes_up_for_the_past_is_no_hurry(shop):
    shop.order()
    shop.tell("O-1", "paid")

    activate(save_draft(definition(sms()))[0], from_the_beginning=True)
    fill()
    advance()

    assert Run.objects.get().lane == Lane.BULK
    assert Message.objects.get().lane == Lane.BULK


# Unknown, and settled


@pytest.fixture
def unknown(owe, connect):
    [only] = connect("only")
    only.promises = Promises(can_look_up=True)
    [message] = owe()
    answers(only, message, Unsure("time-out"))
    send_due()
    only.says.clear()
    return now_of(message), only


@pytest.mark.parametrize(
    ("found", "state", "sent"),
    [
        (Taken("G-1"), "accepted", False),
        (Refused("never"), "rejected", False),
        (Later("not here"), "accepted", True),
        (None, "unknown", False),
    ],
)
def test_it_is_looked_up_where_the_gateway_can_tell(unknown, clock, found, state, sent):
    message, gateway = unknown
    gateway.knows = {str(message.reference): found}

    clock.shift(timedelta(seconds=61))
    settling.look_up_unknown()
    drain()

    assert now_of(message).state == state
    assert bool(gateway.taken) == sent


def test_what_a_person_looks_up_too_soon_is_not_sent_again(unknown):
    """The call that broke off may still arrive."""
    message, gateway = unknown
    gateway.knows = {str(message.reference): Later("not here yet")}

    assert settling.look_up([message], actor_id=7) == 0
    drain()

    assert now_of(message).state == "unknown"
    assert not gateway.taken
    assert message.events.latest("pk").detail == "not_yet"


def test_it_is_looked_up_less_and_less_often_for_an_hour(unknown, clock):
    message, _gateway = unknown
    waited = []
    while (due_at := now_of(message).due_at) is not None:
        waited.append(round((due_at - timezone.now()).total_seconds()))
        clock.shift(due_at - timezone.now())
        settling.look_up_unknown()

    assert waited == [60, 60, 120, 240, 480, 960, 1920]


def test_one_whose_gateway_cannot_tell_holds_up_no_other(unknown, connect, owe, clock, monkeypatch):
    message, gateway = unknown
    monkeypatch.setattr(settling, "LOOK_UPS_AT_ONCE", 1)
    [other] = owe()
    answers(gateway, other, Unsure("time-out"))
    send_due()
    gateway.knows = {str(message.reference): None, str(other.reference): Taken("G-2")}

    clock.shift(timedelta(seconds=61))
    settling.look_up_unknown()

    assert (now_of(message).state, now_of(other).state) == ("unknown", "accepted")


def test_it_is_not_looked_up_too_soon(unknown, clock):
    message, gateway = unknown
    gateway.knows = {str(message.reference): Later("not here yet")}

    settling.look_up_unknown()

    assert now_of(message).state == "unknown"


def test_a_person_knows_that_it_was_sent(unknown):
    message, gateway = unknown

    assert settling.mark_sent([message.pk], reason="Ada wrote to us", actor_id=7) == 1
    drain()

    assert (now_of(message).state, message.sent_at) == ("accepted", NOON)
    assert ending(message.run) == ("finished", "")
    settled = message.events.last()
    assert (settled.what, settled.detail, settled.actor_id) == ("settled", "sent: Ada wrote to us", 7)
    assert not gateway.taken


def test_a_person_knows_that_it_was_not(unknown, clock):
    message, gateway = unknown

    assert settling.mark_not_sent_and_send([message.pk], reason="not in their log", actor_id=7) == 1
    later(clock, seconds=31)

    assert now_of(message).state == "accepted"
    assert list(gateway.taken) == [str(message.reference)]


def test_what_a_person_sends_again_may_go_to_a_gateway_that_refused_it(owe, connect, clock):
    [only] = connect("only")
    [message] = owe()
    answers(only, message, Unsure("time-out"))
    send_due()
    answers(only, message, Refused("no route"))
    later(clock, seconds=31)
    only.says.clear()

    settling.mark_not_sent_and_send([message.pk], reason="the route is back", actor_id=7)
    drain()

    assert (now_of(message).state, message.refused_by) == ("accepted", [])


def test_what_was_settled_meanwhile_stays_so(unknown):
    message, _gateway = unknown
    settling.mark_sent([message.pk], reason="a", actor_id=1)

    assert settling.mark_not_sent_and_send([message.pk], reason="b", actor_id=2) == 0
    assert now_of(message).state == "accepted"


# All at once


def test_while_sending_is_paused_nothing_leaves(owe, memory):
    owe()
    Workspace.objects.update(sending_paused_at=NOON)

    assert drain().messages == 0
    assert not memory.taken

    Workspace.objects.update(sending_paused_at=None)
    drain()
    assert len(memory.taken) == 1
