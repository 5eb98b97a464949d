"""Our SMPP against somebody else's reading of it, over real sockets."""

import multiprocessing
import ssl
import threading
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from campaigns.models import SmsGateway
from campaigns.sms.gateways.base import Later, Outgoing, Refused, Setup, Taken, Unsure
from campaigns.sms.gateways.smpp import KIND, connect, sending
from campaigns.sms.gateways.smpp.account import Account
from campaigns.sms.gateways.smpp.form import SmppForm
from tests.smpp_server import (
    BAD_NUMBER,
    BIND_TRANSMITTER,
    CUT,
    GENERIC_NACK,
    NOTHING,
    OK,
    SYSTEM_ERROR,
    THROTTLED,
    SmppServer,
    octets,
    setup_for,
)

PHONE = "+16025550100"
LONG = "x" * 161


@pytest.fixture
def smsc():
    with SmppServer() as server:
        yield server


@pytest.fixture
def connected(smsc):
    """`connected(window=2)`: a gateway with these settings, whose connection ends with the test."""
    gateways = []

    def make(**settings):
        gateways.append(connect(setup_for(smsc, **settings)))
        return gateways[-1]

    yield make
    for gateway in gateways:
        if gateway._own.link:
            gateway._own.link.close()


@pytest.fixture
def impatient(monkeypatch):
    """What would take seconds takes moments."""
    monkeypatch.setattr(sending, "ANSWER_S", 0.3)
    monkeypatch.setattr(sending, "BREATH_S", 0.05)
    monkeypatch.setattr(sending, "LONGEST_S", 1.0)


def texts(number, text="Hello", to=PHONE):
    return [Outgoing(f"00000000-0000-0000-0000-{n:012}", to, text, n) for n in range(number)]


def send_one(gateway, text="Hello", to=PHONE):
    return gateway.send(texts(1, text, to))[0]


# What a submit_sm says


def test_a_message_says_who_writes_to_whom(smsc, connected):
    assert send_one(connected()) == Taken("A0")

    [one] = smsc.came
    assert (one.pdu.source_addr, one.pdu.source_addr_ton, one.pdu.source_addr_npi) == ("Shop", 5, 0)
    assert (one.pdu.destination_addr, one.pdu.dest_addr_ton, one.pdu.dest_addr_npi) == ("16025550100", 1, 1)
    assert (one.pdu.esm_class, one.pdu.registered_delivery, one.pdu.tlvs) == (0, 1, [])


@pytest.mark.parametrize(
    ("sender", "written"),
    [
        ("Shop", ("Shop", 5, 0)),
        ("+16025550123", ("16025550123", 1, 1)),
        ("16025550123", ("16025550123", 1, 1)),
        ("80123", ("80123", 3, 0)),
        ("", ("", 0, 0)),
    ],
)
def test_the_kind_of_sender_is_told_by_its_looks(smsc, connected, sender, written):
    send_one(connected(sender=sender))

    [one] = smsc.came
    assert (one.pdu.source_addr, one.pdu.source_addr_ton, one.pdu.source_addr_npi) == written


def test_a_provider_may_want_the_kind_of_sender_otherwise(smsc, connected):
    send_one(connected(sender="80123", source_ton=0, source_npi=1))

    [one] = smsc.came
    assert (one.pdu.source_addr_ton, one.pdu.source_addr_npi) == (0, 1)


def test_a_message_of_its_own_may_have_another_sender(smsc, connected):
    connected().send([Outgoing("r", PHONE, "Hello", 1, sender="Other")])

    assert smsc.came[0].pdu.source_addr == "Other"


@pytest.mark.parametrize(
    ("text", "data_coding", "octets"),
    [
        ("Hi @ {5} €", 0, b"Hi \x00 \x1b(5\x1b) \x1be"),
        ("für §1", 0, b"f\x7er \x5f1"),
        ("жук", 8, b"\x04\x36\x04\x43\x04\x3a"),
        ("ok 👍", 8, b"\x00o\x00k\x00 \xd8\x3d\xdc\x4d"),
    ],
)
def test_a_text_is_gsm_7_if_it_can_be_and_else_ucs_2(smsc, connected, text, data_coding, octets):
    send_one(connected(), text)

    assert (smsc.came[0].pdu.data_coding, smsc.came[0].pdu.short_message) == (data_coding, octets)


@pytest.mark.parametrize(
    ("text", "data_coding", "octets"), [("für @", 0, b"f\xfcr @"), ("5 €", 8, b"\x005\x00 \x20\xac")]
)
def test_a_provider_may_mean_latin_1_by_its_default_alphabet(smsc, connected, text, data_coding, octets):
    send_one(connected(alphabet="latin1"), text)

    assert (smsc.came[0].pdu.data_coding, smsc.came[0].pdu.short_message) == (data_coding, octets)


def test_a_provider_may_be_asked_for_no_receipts(smsc, connected):
    send_one(connected(wants_receipts=False))

    assert smsc.came[0].pdu.registered_delivery == 0


# Parts


@pytest.mark.parametrize(
    ("text", "lengths"),
    [
        ("x" * 160, [160]),
        ("x" * 161, [6 + 153, 6 + 8]),
        ("x" * 152 + "€" + "x" * 10, [6 + 152, 6 + 12]),
        ("ж" * 70, [140]),
        ("ж" * 71, [6 + 134, 6 + 8]),
        ("ж" * 66 + "👍" + "ж" * 10, [6 + 132, 6 + 24]),
    ],
)
def test_a_long_text_is_cut_between_characters(smsc, connected, text, lengths):
    send_one(connected(), text)

    assert [len(one.pdu.short_message) for one in smsc.came] == lengths


def test_parts_are_joined_by_a_header(smsc, connected):
    assert send_one(connected(), LONG) == Taken("A1")

    first, last = [one.pdu for one in smsc.came]
    assert (first.short_message[:3], first.short_message[4:6], first.esm_class) == (b"\x05\x00\x03", b"\x02\x01", 0x40)
    assert (last.short_message[:3], last.short_message[4:6], last.esm_class) == (b"\x05\x00\x03", b"\x02\x02", 0x40)
    assert first.short_message[3] == last.short_message[3]


def test_parts_may_be_joined_by_parameters(smsc, connected):
    send_one(connected(join_by="sar"), LONG)

    tlvs = [{tlv.tag: tlv.value for tlv in one.pdu.tlvs} for one in smsc.came]
    assert [(one[0x20E], one[0x20F]) for one in tlvs] == [(b"\x02", b"\x01"), (b"\x02", b"\x02")]
    assert tlvs[0][0x20C] == tlvs[1][0x20C]
    assert [one.pdu.esm_class for one in smsc.came] == [0, 0]


def test_a_text_sent_again_has_the_same_mark_on_its_parts(smsc, connected):
    gateway = connected()

    gateway.send(texts(2, LONG))
    gateway.send(texts(2, LONG))

    marks = [one.pdu.short_message[3] for one in smsc.came]
    assert (marks[:2], marks[2:4]) == (marks[4:6], marks[6:8])
    assert len(set(marks)) == 2


def test_only_the_last_part_asks_for_a_receipt_and_its_id_is_the_messages(smsc, connected):
    assert send_one(connected(), "x" * 400) == Taken("A2")

    assert [one.pdu.registered_delivery for one in smsc.came] == [0, 0, 1]


def test_a_number_that_is_refused_is_refused_before_its_other_parts_leave(smsc, connected):
    smsc.refused.add("16025550100")

    assert send_one(connected(), LONG) == Refused("Invalid Destination Address (0x0B)")
    assert len(smsc.came) == 1


def test_a_part_refused_after_others_were_taken_is_of_unknown_fate(smsc, connected):
    smsc.answers = [OK, BAD_NUMBER]

    assert send_one(connected(), "x" * 400) == Unsure(
        "1 of 3 parts were taken, then: Invalid Destination Address (0x0B)"
    )


def test_a_part_for_which_we_are_too_fast_goes_again(smsc, connected, impatient):
    smsc.answers = [OK, THROTTLED, THROTTLED]

    assert send_one(connected(), LONG) == Taken("A3")
    assert [one.pdu.short_message[5] for one in smsc.taken] == [1, 2]


def test_a_part_for_which_we_are_too_fast_for_ever_is_of_unknown_fate(smsc, connected, impatient):
    smsc.answers = [OK, *[THROTTLED] * 100]

    assert send_one(connected(), LONG) == Unsure("1 of 2 parts were taken, then: The provider did not answer in time.")


def test_between_tries_of_a_part_we_draw_breath(smsc, connected, impatient):
    smsc.answers = [OK, *[THROTTLED] * 100]

    send_one(connected(), LONG)

    assert 5 < len(smsc.came) < 25


def test_a_text_that_no_phone_could_join_is_refused(smsc, connected):
    assert send_one(connected(), "x" * (153 * 255 + 1)) == Refused("The text takes more than 255 parts.")
    assert not smsc.came


# Many at once


def test_answers_are_matched_by_sequence_number(smsc, connected):
    """The server answers the last first."""
    smsc.refused.add("16025550107")
    messages = [*texts(7), *texts(1, to="+16025550107"), *texts(2)]

    answers = connected().send(messages)

    assert [isinstance(answer, Taken) for answer in answers] == [True] * 7 + [False] + [True] * 2
    ids = {answer.gateway_id for answer in answers if isinstance(answer, Taken)}
    assert ids == {one.id for one in smsc.taken}
    assert len(ids) == 9


@pytest.mark.parametrize("window", [1, 4])
def test_the_window_is_filled_and_never_passed(smsc, connected, window):
    connected(window=window).send(texts(12))

    assert len(smsc.taken) == 12
    assert smsc.most_unanswered == window


def test_long_texts_fill_the_window_too(smsc, connected):
    answers = connected(window=4).send(texts(8, LONG))

    assert all(isinstance(answer, Taken) for answer in answers)
    assert smsc.most_unanswered == 4
    assert len(smsc.taken) == 16


# What answers mean


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (BAD_NUMBER, Refused("Invalid Destination Address (0x0B)")),
        (0x01, Refused("Message Length is invalid (0x01)")),
        (0x0A, Refused("Invalid Source Address (0x0A)")),
        (0x65, Refused("ESME received Permanent App Error Code (0x65)")),
        (0x45A, Refused("Status (0x45A)")),
        (THROTTLED, Later("Throttling error (ESME has exceeded allowed message limits) (0x58)", after_s=5.0)),
        (0x14, Later("Message Queue is full (0x14)", after_s=30.0)),
        (0x64, Later("ESME received Temporary App Error Code (0x64)", after_s=30.0)),
        (SYSTEM_ERROR, Unsure("System Error (0x08)")),
        (0xFF, Unsure("Unknown Error (0xFF)")),
        (0x04, Later("Incorrect BIND Status for given command (0x04)", is_outage=True)),
    ],
)
def test_what_a_status_means(smsc, connected, status, answer):
    smsc.answers = [status]

    assert send_one(connected()) == answer


def test_too_fast_puts_off_those_that_wait_too(smsc, connected):
    smsc.answers = [THROTTLED]

    answers = connected(window=1).send(texts(3))

    assert [type(answer) for answer in answers] == [Later, Later, Later]
    assert [answer.is_outage for answer in answers] == [False] * 3
    assert len(smsc.came) == 1


def test_an_id_may_be_hexadecimal_when_taken(smsc, connected):
    assert send_one(connected(message_ids="hex_then_decimal")) == Taken("160")


# No answer


def test_what_goes_unanswered_is_of_unknown_fate_and_what_was_not_written_goes_later(smsc, connected, impatient):
    smsc.answers = [NOTHING, NOTHING]

    answers = connected(window=2).send(texts(3))

    why = "The provider did not answer in time."
    assert answers == [Unsure(why), Unsure(why), Later(why, is_outage=True)]


def test_one_that_goes_unanswered_makes_no_other_unsure(smsc, connected, impatient):
    smsc.answers = [OK, NOTHING, OK]

    answers = connected().send(texts(3))

    assert [type(answer) for answer in answers] == [Taken, Unsure, Taken]


def test_a_part_that_goes_unanswered_says_how_many_were_taken(smsc, connected, impatient):
    smsc.answers = [OK, NOTHING]

    assert send_one(connected(), LONG) == Unsure("1 of 2 parts were taken, then: The provider did not answer in time.")


def test_a_connection_that_is_cut_after_taking_leaves_the_fate_unknown(smsc, connected):
    smsc.answers = [OK, CUT]

    answers = connected(window=1).send(texts(3))

    why = "The provider closed the connection."
    assert answers == [Taken("A0"), Unsure(why), Later(why, is_outage=True)]


def test_the_next_call_binds_anew(smsc, connected):
    gateway = connected()
    smsc.answers = [CUT]
    send_one(gateway)

    assert send_one(gateway) == Taken("A1")
    assert len(smsc.binds) == 2


# The bind


def test_one_bind_serves_many_calls(smsc, connected):
    gateway = connected(system_type="shop")

    for _call in range(3):
        send_one(gateway)

    [bind] = smsc.binds
    assert (bind.command, bind.system_id, bind.password, bind.system_type) == (
        BIND_TRANSMITTER,
        "esme",
        "secret",
        "shop",
    )


def test_what_is_said_before_the_bind_is_answered_is_not_its_answer(smsc, connected):
    smsc.chatter = octets(GENERIC_NACK, 3, 99)

    assert send_one(connected()) == Taken("A0")


def test_connecting_calls_nobody(smsc, connected):
    connected()

    assert not smsc.binds


def test_a_refused_bind_is_an_outage_that_says_why(smsc, connected):
    smsc.bind_status = 0x0E

    assert send_one(connected()) == Later("The provider refused the bind: Invalid Password (0x0E)", is_outage=True)


def test_nobody_there_is_an_outage(smsc, connected):
    gateway = connected()
    smsc.__exit__()

    answer = send_one(gateway)

    assert isinstance(answer, Later)
    assert answer.is_outage


def test_a_link_that_was_cut_meanwhile_is_given_nothing(smsc, connected):
    gateway = connected()
    send_one(gateway)
    smsc.cut()

    assert send_one(gateway) == Taken("A1")
    assert len(smsc.binds) == 2


def test_a_link_that_has_rested_is_asked_first(smsc, connected, monkeypatch):
    gateway = connected()
    send_one(gateway)
    monkeypatch.setattr(sending, "RESTED_S", 0.0)

    send_one(gateway)

    assert (smsc.enquiries, len(smsc.binds)) == (1, 1)


def test_a_link_that_does_not_answer_is_given_nothing(smsc, connected, monkeypatch):
    gateway = connected()
    send_one(gateway)
    monkeypatch.setattr(sending, "RESTED_S", 0.0)
    monkeypatch.setattr("campaigns.sms.gateways.smpp.link.CHECK_S", 0.1)
    smsc.is_mute = True

    assert send_one(gateway) == Taken("A1")
    assert len(smsc.binds) == 2


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")  # the server's threads are not the child's
def test_a_child_binds_for_itself_and_leaves_its_parents_connection_alone(smsc, connected):
    gateway = connected()
    send_one(gateway)
    child = multiprocessing.get_context("fork").Process(target=send_one, args=[gateway])

    child.start()
    child.join(10)

    assert child.exitcode == 0
    assert send_one(gateway) == Taken("A2")
    assert len(smsc.binds) == 2


def test_threads_take_turns(smsc, connected):
    gateway = connected()
    threads = [threading.Thread(target=gateway.send, args=[texts(20)]) for _ in range(4)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert (len(smsc.taken), len(smsc.binds)) == (80, 1)


@pytest.fixture
def tls(smsc, tmp_path, monkeypatch):
    """The server speaks TLS, under a certificate for 127.0.0.1 that this machine trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "smsc")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ) + certificate.public_bytes(serialization.Encoding.PEM)
    file = tmp_path / "smsc.pem"
    file.write_bytes(pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    smsc.wrap = lambda connection: context.wrap_socket(connection, server_side=True)
    return file


def test_tls_is_spoken_with_whom_this_machine_trusts(smsc, tls, connected, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(tls))

    assert send_one(connected(uses_tls=True)) == Taken("A0")


def test_tls_is_not_spoken_with_a_stranger(smsc, tls, connected):
    answer = send_one(connected(uses_tls=True))

    assert isinstance(answer, Later)
    assert "certificate verify failed" in answer.error
    assert answer.is_outage


# What it promises, and what an operator may say


def test_it_knows_no_repeats_and_cannot_be_asked(smsc, connected):
    gateway = connected()

    assert (gateway.promises.is_idempotent, gateway.promises.can_look_up) == (False, False)
    assert gateway.look_up(texts(1)) == [None]


def test_the_password_is_a_secret():
    assert SmppForm.secret_fields == {"password"}


@pytest.mark.parametrize(
    ("field", "value"),
    [("password", "nine-long"), ("system_id", "жук"), ("port", 0), ("window", 0), ("receipt_zone", "Mars/Olympus")],
)
def test_what_the_standard_has_no_room_for_is_refused_by_the_form(smsc, field, value):
    form = SmppForm({"host": "localhost", "port": 2775, "system_id": "esme", "password": "secret", field: value})

    form.is_valid()

    assert field in form.errors


@pytest.mark.django_db
def test_the_settings_can_be_kept_as_they_are_cleaned(smsc):
    settings = setup_for(smsc, receipt_zone="Europe/Berlin").settings

    row = SmsGateway.objects.create(code="smsc", name="SMSC", kind=KIND.key, settings=settings)

    row.refresh_from_db()
    assert row.settings == settings


def test_an_account_kept_by_an_older_version_is_complete():
    account = Account.of(Setup("smsc", settings={"host": "smsc.example", "alphabet": "latin1"}))

    assert (account.host, account.port, account.alphabet) == ("smsc.example", 2775, "latin1")
    assert (account.source, account.destination, account.wants_receipts, account.zone) == (None, (1, 1), True, None)
