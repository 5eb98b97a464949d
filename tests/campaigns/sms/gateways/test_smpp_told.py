"""What an SMSC may tell, written by somebody else's SMPP."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
import smpp34
from smpp34 import Tlv

from campaigns.sms.gateways.base import BadReceipt, Delivery, Incoming
from campaigns.sms.gateways.smpp.account import Account
from campaigns.sms.gateways.smpp.told import told_of

ID, STATE, NETWORK_ERROR = smpp34.TLV_RECEIPTED_MESSAGE_ID, smpp34.TLV_MESSAGE_STATE, smpp34.TLV_NETWORK_ERROR_CODE
DATES = "submit date:2405031200 done date:2405031201"
TEXT = f"id:7F sub:001 dlvrd:001 {DATES} stat:DELIVRD err:000 text:id:9 stat:EXPIRED".encode()


def told(text=b"", *, sender="16025550199", tlvs=(), quirks=None, **fields):
    pdu = smpp34.DeliverSm(sender, "shop", text, tlvs=[Tlv(tag, value) for tag, value in tlvs], **fields)
    return told_of(pdu.encode(), Account("localhost", 2775, **quirks or {}))


def receipt(text=b"", **how):
    return told(text, esm_class=4, **how)


def in_text(stat, err="000"):
    return f"id:7F sub:001 dlvrd:000 {DATES} stat:{stat} err:{err} text:".encode()


# Receipts


@pytest.mark.parametrize(
    ("stat", "fate", "reason"),
    [
        ("DELIVRD", "delivered", ""),
        ("EXPIRED", "expired", "EXPIRED err:012"),
        ("UNDELIV", "undelivered", "UNDELIV err:012"),
        ("DELETED", "undelivered", "DELETED err:012"),
        ("REJECTD", "undelivered", "REJECTD err:012"),
        ("ACCEPTD", "accepted", "ACCEPTD err:012"),
        ("ENROUTE", "accepted", "ENROUTE err:012"),
        ("UNKNOWN", "accepted", "UNKNOWN err:012"),
        ("BUFFRED", "accepted", "BUFFRED err:012"),
    ],
)
def test_a_receipt_in_words(stat, fate, reason):
    assert receipt(in_text(stat, "012")) == Delivery(fate, "7F", reason=reason)


@pytest.mark.parametrize(
    ("state", "fate", "reason"),
    [
        (1, "accepted", "ENROUTE"),
        (2, "delivered", ""),
        (3, "expired", "EXPIRED"),
        (4, "undelivered", "DELETED"),
        (5, "undelivered", "UNDELIV"),
        (6, "accepted", "ACCEPTD"),
        (7, "accepted", "UNKNOWN"),
        (8, "undelivered", "REJECTD"),
        (77, "accepted", "77"),
    ],
)
def test_a_receipt_in_parameters(state, fate, reason):
    assert receipt(tlvs=[(ID, b"7F\0"), (STATE, bytes([state]))]) == Delivery(fate, "7F", reason=reason)


def test_the_parameters_are_believed_before_the_words():
    assert receipt(TEXT, tlvs=[(ID, b"127\0"), (STATE, b"\5")]) == Delivery(
        "undelivered", "127", reason="UNDELIV err:000"
    )


def test_what_the_parameters_leave_out_the_words_tell():
    assert receipt(TEXT, tlvs=[(ID, b"127\0")]) == Delivery("delivered", "127")


def test_the_networks_own_error_is_kept():
    tlvs = [(ID, b"7F\0"), (STATE, b"\5"), (NETWORK_ERROR, b"\x03\x00\x15")]

    assert receipt(tlvs=tlvs).reason == "UNDELIV err:021"


def test_what_the_text_itself_says_is_no_receipt():
    assert receipt(TEXT) == Delivery("delivered", "7F")


def test_a_receipt_may_come_in_other_letters_and_order():
    assert receipt(b"Stat:delivrd Id:7F") == Delivery("delivered", "7F")


def test_a_receipt_is_known_by_its_parameter_where_its_class_does_not_say_so():
    assert told(tlvs=[(ID, b"7F\0"), (STATE, b"\2")]) == Delivery("delivered", "7F")


def test_a_word_on_the_way_is_a_receipt():
    assert told(in_text("ENROUTE"), esm_class=0x20) == Delivery("accepted", "7F", reason="ENROUTE err:000")


@pytest.mark.parametrize(
    ("message_ids", "written", "read"),
    [
        ("same", "0127", "0127"),
        ("hex_then_decimal", "0127", "127"),
        ("decimal_then_hex", "7f", "127"),
        ("decimal_then_hex", "no-number", "no-number"),
    ],
)
def test_a_provider_may_write_one_id_in_two_ways(message_ids, written, read):
    told_id = receipt(f"id:{written} stat:DELIVRD".encode(), quirks={"message_ids": message_ids}).gateway_id

    assert told_id == read


def test_both_ways_of_an_id_meet():
    account = Account("localhost", 2775, message_ids="hex_then_decimal")

    assert account.id_when_taken("0000007F") == account.id_in_receipt("127") == "127"


@pytest.mark.parametrize("done", ["2405031401", "240503140100"])
def test_the_time_of_a_receipt_is_that_of_the_providers_clock(done):
    text = f"id:7F done date:{done} stat:DELIVRD".encode()

    at = receipt(text, quirks={"zone": ZoneInfo("Europe/Berlin")}).occurred_at

    assert at == datetime(2024, 5, 3, 12, 1, tzinfo=UTC)


@pytest.mark.parametrize("done", ["2413991401", "soon", "24"])
def test_a_time_that_is_none_counts_for_nothing(done):
    text = f"id:7F done date:{done} stat:DELIVRD".encode()

    assert receipt(text, quirks={"zone": ZoneInfo("UTC")}) == Delivery("delivered", "7F")


def test_a_time_whose_zone_nobody_knows_counts_for_nothing():
    assert receipt(TEXT).occurred_at is None


def test_parameters_that_nobody_expects_here_do_no_harm():
    """smpplib alone would give up at the first, and at the second."""
    tlvs = [(0x1401, b"theirs"), (smpp34.TLV_ADDITIONAL_STATUS_INFO_TEXT, b"ok\0"), (ID, b"7F\0"), (STATE, b"\2")]

    assert receipt(tlvs=tlvs) == Delivery("delivered", "7F")


@pytest.mark.parametrize("text", [b"", b"Hello", b"id:7F", b"stat:DELIVRD", b"id: stat:DELIVRD"])
def test_a_receipt_about_nothing_cannot_be_read(text):
    with pytest.raises(BadReceipt):
        receipt(text)


@pytest.mark.parametrize("octets", [17, 30, 40, 55])
def test_what_is_cut_short_cannot_be_read(octets):
    raw = smpp34.DeliverSm("16025550199", "shop", TEXT, esm_class=4, tlvs=[Tlv(STATE, b"\2")]).encode()

    with pytest.raises(BadReceipt):
        told_of(raw[:octets], Account("localhost", 2775))


# Texts


@pytest.mark.parametrize(
    ("octets", "data_coding", "text"),
    [
        (b"Hi \x00 \x1be", 0, "Hi @ €"),
        (b"f\xfcr", 0, "für"),
        (b"plain @", 1, "plain @"),
        (b"f\xfcr", 3, "für"),
        (b"\xb6\xe3\xda", 6, "Жук"),
        (b"\x04\x16\x04\x43\x04\x3a\xd8\x3d\xdc\x4d", 8, "Жук👍"),
        (b"\x04\x16\xd8\x3d", 8, "Ж\ufffd"),
        (b"", 0, ""),
    ],
)
def test_a_text_is_read_in_its_own_alphabet(octets, data_coding, text):
    assert told(octets, data_coding=data_coding).text == text


def test_a_provider_may_mean_latin_1_by_its_default_alphabet():
    assert told(b"@_", quirks={"alphabet": "latin1"}).text == "@_"


def test_no_text_holds_what_the_database_cannot():
    assert told(b"a\0b", data_coding=3).text == "ab"


def test_a_long_text_may_come_as_a_parameter():
    assert told(tlvs=[(smpp34.TLV_MESSAGE_PAYLOAD, b"x" * 300)]).text == "x" * 300


def test_what_is_no_text_is_not_kept():
    assert told(b"\x06\x05\x04", data_coding=4) is None


@pytest.mark.parametrize(
    ("sender", "ton", "phone"),
    [
        ("16025550199", 1, "+16025550199"),
        ("16025550199", 0, "+16025550199"),
        ("6025550199", 2, "6025550199"),
        ("Bank", 5, "Bank"),
        ("12345678901234567890", 1, "+123456789012345"),
    ],
)
def test_a_number_is_written_as_ours_are(sender, ton, phone):
    assert told(b"Hi", sender=sender, source_addr_ton=ton).phone == phone


def test_a_long_text_stays_in_its_parts():
    parts = [told(b"\5\0\3\7\2" + n + word, esm_class=0x40) for n, word in ((b"\1", b"One "), (b"\2", b"two"))]

    assert [part.text for part in parts] == ["One ", "two"]
    assert parts[0].gateway_id != parts[1].gateway_id


def test_a_text_told_again_at_once_is_known(clock):
    assert told(b"STOP") == told(b"STOP")
    assert isinstance(told(b"STOP"), Incoming)


def test_the_same_words_later_are_another_text(clock):
    first = told(b"STOP")
    clock.shift(60)

    assert told(b"STOP").gateway_id != first.gateway_id


@pytest.mark.parametrize("other", [{"sender": "16025550198"}, {"data_coding": 3}, {"text": b"START"}])
def test_another_text_is_another(clock, other):
    assert told(**{"text": b"STOP"} | other).gateway_id != told(b"STOP").gateway_id
