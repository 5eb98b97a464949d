"""What gateways tell on a line is kept once, and acknowledged when it is: SMPP, over real sockets."""

import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import pytest
import smpp34
from django.db import DataError, OperationalError, ProgrammingError, connection
from django.utils import timezone

from campaigns.engine import advance
from campaigns.models import IncomingText, Message, Receipt, SmsGateway
from campaigns.sms import connections, listening
from campaigns.sms.connections import Switchboard
from campaigns.sms.gateways.smpp import line as smpp_line
from campaigns.sms.gateways.smpp.line import SmppLine
from campaigns.sms.listening import listen, serve
from campaigns.sms.sending import send_due
from orders.said import Said
from orders.transitions import hear
from tests.campaigns.shop import NOON, ending, sms
from tests.smpp_server import BAD_NUMBER, DATA_SM, ENQUIRE_LINK, OK, UNBIND, SmppServer, octets, setup_for
from workspace.encryption import encrypt

pytestmark = pytest.mark.django_db

TEMPORARY, PERMANENT = 0x64, 0x65
PATIENCE_S = 20


@pytest.fixture
def smsc():
    with SmppServer() as server:
        yield server


@pytest.fixture
def line(smsc):
    line = SmppLine(setup_for(smsc))
    smsc.wait_for_binds(1)
    yield line
    line.close()


def connect(smsc, **fields):
    """A gateway as the settings keep it."""
    setup = setup_for(smsc)
    return SmsGateway.objects.create(
        **{"code": "smsc", "name": "SMSC", "kind": "smpp", "sender": "Shop"}
        | {"settings": setup.settings, "secrets": encrypt(setup.secrets)}
        | fields
    )


def told(smsc, line, tell):
    """The status that `tell` is acknowledged with."""
    sequence = tell()
    serve("smsc", line, PATIENCE_S)
    return smsc.acknowledged(sequence)


def tell_receipt(smsc, line, id, **how):
    return told(smsc, line, lambda: smsc.receipt(id, wait=False, **how))


def tell_text(smsc, line, text, **how):
    return told(smsc, line, lambda: smsc.deliver(text, wait=False, **how))


# From an order to a delivered message


@pytest.fixture
def sent(shop, smsc):
    """`sent(text)`: messages to this server's gateway, after the sender has had its turn."""
    connections._live.cache_clear()  # the clock stands still, so this row may look like another test's
    connect(smsc)

    def send(number=1, **params):
        shop.start(sms(**params))
        names = [shop.order(f"O-{n}").external_id for n in range(number)]
        hear([Said(name, "payment", "paid") for name in names], shop.source)
        advance()
        send_due()
        return list(Message.objects.order_by("pk"))

    yield send
    for one in Switchboard.now().in_order:
        if one.gateway._own.link:
            one.gateway._own.link.close()


@pytest.mark.parametrize(("text", "parts"), [("Hello", 1), ("x" * 400, 3)])
@pytest.mark.parametrize("way", ["receipt", "text_receipt"])
def test_a_message_goes_out_once_and_is_told_to_be_delivered(sent, smsc, line, text, parts, way):
    [message] = sent(text=text)
    assert (message.state, message.gateway, message.gateway_id) == ("accepted", "smsc", smsc.taken[-1].id)
    assert (message.parts, len(smsc.came), len(smsc.taken)) == (parts, parts, parts)

    assert told(smsc, line, lambda: getattr(smsc, way)(message.gateway_id, wait=False)) == OK

    message.refresh_from_db()
    assert (message.state, message.receipt_at) == ("delivered", NOON)
    advance()
    assert ending(message.run) == ("finished", "")


def test_many_messages_go_out_once_each(sent, smsc):
    messages = sent(number=45)

    assert {message.state for message in messages} == {"accepted"}
    assert {message.gateway_id for message in messages} == {one.id for one in smsc.taken}
    assert len(smsc.came) == 45


def test_a_message_that_is_not_delivered_says_why(sent, smsc, line):
    [message] = sent()

    told(smsc, line, lambda: smsc.text_receipt(message.gateway_id, stat="UNDELIV", err="021", wait=False))

    message.refresh_from_db()
    assert (message.state, message.receipt_reason) == ("undelivered", "UNDELIV err:021")


def test_a_receipt_may_come_before_the_answer_to_its_message(sent, smsc, line):
    assert tell_receipt(smsc, line, "A0") == OK

    [message] = sent()

    assert (message.state, message.gateway_id) == ("delivered", "A0")


def test_a_half_sent_text_waits_for_a_person(sent, smsc, line):
    smsc.answers = [OK, BAD_NUMBER]

    [message] = sent(text="x" * 161)

    assert (message.state, message.gateway_id) == ("unknown", "")
    assert message.error == "1 of 2 parts were taken, then: Invalid Destination Address (0x0B)"


def test_a_provider_that_is_away_costs_no_message(sent, smsc):
    smsc.bind_status = 0x0E

    [message] = sent()

    row = SmsGateway.objects.get()
    assert message.state == "pending"
    assert row.out_until > timezone.now()
    assert row.last_error == "The provider refused the bind: Invalid Password (0x0E)"


# What is told


def test_a_receipt_told_twice_is_kept_once(smsc, line):
    assert [tell_receipt(smsc, line, "A0") for _time in range(2)] == [OK, OK]

    assert Receipt.objects.count() == 1


def test_a_receipt_about_nothing_we_know_is_kept_and_acknowledged(smsc, line):
    assert tell_receipt(smsc, line, "nobodys", state=5) == OK

    receipt = Receipt.objects.get()
    assert (receipt.gateway, receipt.gateway_id, receipt.fate, receipt.message) == (
        "smsc",
        "nobodys",
        "undelivered",
        None,
    )


def test_a_text_is_kept_once(smsc, line, clock):
    assert [tell_text(smsc, line, b"STOP") for _time in range(2)] == [OK, OK]

    text = IncomingText.objects.get()
    assert (text.gateway, text.phone, text.text, text.occurred_at) == ("smsc", "+16025550199", "STOP", NOON)


def test_what_comes_together_is_kept_together(smsc, line, django_assert_max_num_queries):
    sequences = [smsc.receipt(f"A{n}", wait=False) for n in range(50)]

    with django_assert_max_num_queries(12):
        while Receipt.objects.count() < 50:
            serve("smsc", line, PATIENCE_S)

    assert [smsc.acknowledged(sequence) for sequence in sequences] == [OK] * 50


@pytest.mark.django_db(transaction=True)
def test_nothing_is_acknowledged_before_it_is_committed(smsc, line, monkeypatch):
    answer, seen = SmppLine.answer, []

    def watched(self, *args):
        seen.append((connection.in_atomic_block, Receipt.objects.count()))
        answer(self, *args)

    monkeypatch.setattr(SmppLine, "answer", watched)

    tell_receipt(smsc, line, "A0")

    assert seen == [(False, 1)]


def test_what_cannot_be_kept_now_is_to_be_told_again(smsc, line, monkeypatch):
    def away(*_args):
        raise OperationalError

    with monkeypatch.context() as database:
        database.setattr(listening, "take_receipts", away)
        assert tell_receipt(smsc, line, "A0") == TEMPORARY
    assert not Receipt.objects.exists()

    assert tell_receipt(smsc, line, "A0") == OK
    assert Receipt.objects.count() == 1


@pytest.mark.parametrize(
    ("error", "status"), [(DataError, PERMANENT), (UnicodeError, PERMANENT), (ProgrammingError, TEMPORARY)]
)
def test_what_cannot_be_kept_spoils_nothing_else(smsc, line, monkeypatch, error, status):
    """What the database will never take is not told again; what we do wrong is, until it is mended."""
    take = listening.take_incoming

    def picky(gateway, told):
        if any(one.text == "poison" for one in told):
            raise error
        take(gateway, told)

    monkeypatch.setattr(listening, "take_incoming", picky)
    sequences = [smsc.deliver(text, wait=False) for text in (b"one", b"poison", b"two")]

    while IncomingText.objects.count() < 2:
        serve("smsc", line, PATIENCE_S)

    assert [smsc.acknowledged(sequence) for sequence in sequences] == [OK, status, OK]


def test_what_cannot_be_read_is_not_to_be_told_again(smsc, line):
    assert told(smsc, line, lambda: smsc.deliver(b"Hello", esm_class=4, wait=False)) == PERMANENT

    assert not Receipt.objects.exists()


def test_a_pdu_that_comes_in_two_pieces_is_read_whole(smsc, line):
    """smpplib's own client would forget the first, and be out of step for ever."""
    raw = smpp34.DeliverSm("16025550199", "shop", b"Hello", sequence_number=77).encode()
    smsc.say(raw[:20])
    serve("smsc", line, 0.1)
    smsc.say(raw[20:])

    serve("smsc", line, PATIENCE_S)

    assert smsc.acknowledged(77) == OK
    assert IncomingText.objects.get().text == "Hello"


@pytest.mark.parametrize(("command", "status"), [(ENQUIRE_LINK, OK), (DATA_SM, 3)])
def test_what_else_a_provider_asks_is_answered(smsc, line, command, status):
    """Whether we are there: yes. What we cannot hear: that it is an invalid command."""
    smsc.say(octets(command, 0, 77))

    serve("smsc", line, 0.2)

    assert smsc.acknowledged(77) == status


@pytest.mark.parametrize(
    ("said", "why"), [(octets(UNBIND, 0, 77), "ended the bind"), (b"HTTP/1.1 400 Bad Request", "does not speak SMPP")]
)
def test_a_line_that_is_ended_is_given_up(smsc, line, said, why):
    smsc.say(said)

    with pytest.raises(OSError, match=why):
        serve("smsc", line, PATIENCE_S)


def test_a_quiet_line_is_kept_alive(smsc, line, monkeypatch):
    monkeypatch.setattr(smpp_line, "ENQUIRE_AFTER_S", 0.05)

    for _round in range(4):
        serve("smsc", line, 0.1)

    assert smsc.enquiries >= 2


def test_a_line_that_does_not_answer_is_given_up(smsc, line, monkeypatch):
    monkeypatch.setattr(smpp_line, "ENQUIRE_AFTER_S", 0.05)
    monkeypatch.setattr(smpp_line, "ANSWER_S", 0.1)
    smsc.is_mute = True

    with pytest.raises(OSError, match="does not answer"):
        for _round in range(10):
            serve("smsc", line, 0.1)


# Holding the lines


@pytest.fixture
def brisk(monkeypatch):
    """What would take seconds takes moments."""
    monkeypatch.setattr(listening, "REREAD_S", 0.05)
    monkeypatch.setattr(listening, "HEAR_S", 0.05)
    monkeypatch.setattr(listening, "FIRST_PAUSE_S", 0.05)
    monkeypatch.setattr(listening, "LONGEST_PAUSE_S", 0.1)


@contextmanager
def listening_now():
    def work():
        listen(stop)
        connection.close()

    stop = threading.Event()
    listener = threading.Thread(target=work)
    listener.start()
    try:
        yield
    finally:
        stop.set()
        listener.join(PATIENCE_S)
        assert not listener.is_alive()


def wait_until(condition):
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it did not come to be"
        time.sleep(0.02)


@pytest.mark.django_db(transaction=True)
def test_a_gateway_is_listened_to_from_when_it_is_connected(smsc, brisk):
    with listening_now():
        connect(smsc)
        smsc.wait_for_binds(1)

        assert smsc.receipt("A0") == OK

    assert Receipt.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_line_that_is_cut_is_opened_anew(smsc, brisk):
    connect(smsc)

    with listening_now():
        smsc.wait_for_binds(1)
        smsc.cut()
        smsc.wait_for_binds(2)

        assert smsc.receipt("A0") == OK

    assert SmsGateway.objects.get().last_error == "The provider closed the connection."


@pytest.mark.django_db(transaction=True)
def test_a_gateway_that_is_configured_anew_is_listened_to_anew(smsc, brisk):
    row = connect(smsc)

    with listening_now(), SmppServer() as another:
        smsc.wait_for_binds(1)
        settings = row.settings | {"port": another.port}
        SmsGateway.objects.update(settings=settings, configured_at=timezone.now())
        another.wait_for_binds(1)

        assert another.receipt("A0") == OK

    assert smsc.unbound == 1


@pytest.mark.django_db(transaction=True)
def test_a_gateway_that_is_no_longer_active_is_left_alone(smsc, brisk):
    connect(smsc)

    with listening_now():
        smsc.wait_for_binds(1)
        SmsGateway.objects.update(is_active=False)

        smsc.wait_for(lambda: smsc.unbound == 1)

    assert len(smsc.binds) == 1


@pytest.mark.django_db(transaction=True)
def test_one_provider_that_refuses_holds_up_no_other(smsc, brisk):
    connect(smsc)

    with SmppServer(bind_status=0x0E) as refusing:
        connect(refusing, code="refusing")
        with listening_now():
            smsc.wait_for_binds(1)
            wait_until(lambda: SmsGateway.objects.get(code="refusing").last_error)

            assert smsc.receipt("A0") == OK

    error = SmsGateway.objects.get(code="refusing").last_error
    assert error == "The provider refused the bind: Invalid Password (0x0E)"


@pytest.mark.django_db(transaction=True)
def test_secrets_that_cannot_be_read_are_the_operators_to_mend(smsc, brisk):
    connect(smsc, secrets="encrypted under a key that is lost")

    with listening_now():
        wait_until(lambda: SmsGateway.objects.get().last_error)

    assert "ENCRYPTION_KEYS" in SmsGateway.objects.get().last_error
    assert not smsc.binds


@contextmanager
def listener(environment):
    command = [sys.executable, "manage.py", "listen"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as process:
        try:
            assert b"Listening" in process.stdout.readline()
            yield process
        finally:
            process.kill()


@pytest.mark.django_db(transaction=True)
def test_the_command_run_twice_keeps_all_once_and_ends_when_asked(smsc, process_environment):
    connect(smsc)

    with listener(process_environment) as one, listener(process_environment) as other:
        smsc.wait_for_binds(2)
        receivers = list(smsc.binds)
        for bind in receivers:
            smsc.binds = [bind]
            assert smsc.receipt("A0") == OK
            assert smsc.deliver(b"STOP") == OK
        for process in (one, other):
            process.send_signal(signal.SIGTERM)

        assert [process.wait(PATIENCE_S) for process in (one, other)] == [0, 0]

    assert (Receipt.objects.count(), IncomingText.objects.count()) in {(1, 1), (1, 2)}  # 2: where a minute ended


@pytest.mark.django_db(transaction=True)
def test_the_command_idles_where_there_is_nothing_to_listen_to(process_environment):
    with listener(process_environment) as process:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1)
        process.send_signal(signal.SIGTERM)

        assert process.wait(PATIENCE_S) == 0
