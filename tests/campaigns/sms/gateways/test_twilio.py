"""Twilio as its public pages describe it, spoken with over a server of our own."""

import base64
import json
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlencode

import pytest
from django.test import RequestFactory

from campaigns.sms.gateways.base import (
    BadReceipt,
    BadSignature,
    Delivery,
    Incoming,
    Later,
    Promises,
    Refused,
    Setup,
    Taken,
    Unsure,
)
from campaigns.sms.gateways.twilio import KIND, TwilioForm, sign
from tests.campaigns.sms.gateways.saying import many, outgoing
from tests.servers import Server

SID = "AC" + "0" * 32
SERVICE = "MG" + "1" * 32
MESSAGE = "SM" + "2" * 32
TOKEN = "made-up-token"
RECEIPTS = "https://shop.example/api/v1/receipts/twilio/"
CALLED_AT = datetime(2024, 5, 3, 12, 0, tzinfo=UTC)


def connect(url="http://127.0.0.1:1", sender="Shop", receipts_url=RECEIPTS, **settings):
    settings = {"account_sid": SID, "base_url": url, **settings}
    return KIND.connect(Setup("twilio", sender, 5, settings, {"auth_token": TOKEN}, receipts_url))


def answering(status, body):
    return Server(lambda heard: (status, body if isinstance(body, bytes) else json.dumps(body).encode()))


def error(code, message="No."):
    return {"code": code, "message": message, "more_info": f"https://twilio.example/{code}", "status": 400}


# Sending


def test_a_message_is_posted_as_twilio_wants_it():
    with answering(201, {"sid": MESSAGE, "status": "queued"}) as server:
        [answer] = connect(server.url).send([outgoing(text="Ж & you")])
        [heard] = server.heard

    assert answer == Taken(MESSAGE)
    assert (heard.method, heard.path) == ("POST", f"/2010-04-01/Accounts/{SID}/Messages.json")
    assert heard.headers["Authorization"] == "Basic " + base64.b64encode(f"{SID}:{TOKEN}".encode()).decode()
    assert parse_qs(heard.body.decode()) == {
        "To": ["+16025550101"],
        "From": ["Shop"],
        "Body": ["Ж & you"],
        "StatusCallback": [RECEIPTS + "?reference=r1"],
    }


def test_a_messaging_service_chooses_the_sender():
    with answering(201, {"sid": MESSAGE}) as server:
        connect(server.url, messaging_service_sid=SERVICE, receipts_url="").send([outgoing()])
        told = parse_qs(server.heard[0].body.decode())

    assert told == {"To": ["+16025550101"], "Body": ["Hello"], "MessagingServiceSid": [SERVICE]}


@pytest.mark.parametrize(
    ("status", "body", "answer"),
    [
        (400, error(21211, "Invalid 'To' Phone Number: +16025550101"), Refused("21211: Invalid 'To' Phone Number: …")),
        (400, error(21614), Refused("21614: No.")),
        (400, error(21610), Refused("21610: No.", opted_out=True)),
        (400, error(21611), Later("21611: No.")),
        (400, error(30001), Later("30001: No.")),
        (403, error(10001), Later("10001: No.", is_outage=True)),
        (401, error(20003), Later("HTTP 401: 20003 No.", is_outage=True)),
        (429, error(20429), Later("HTTP 429: 20429 No.")),
        (503, error(20503), Later("HTTP 503: 20503 No.", is_outage=True)),
        (404, b"", Later("HTTP 404", is_outage=True)),
        (500, error(20500), Unsure("HTTP 500: 20500 No.")),
        (502, b"<html>", Unsure("HTTP 502")),
        (201, {"status": "queued"}, Unsure("The answer holds no id.")),
        (201, b"<html>", Unsure("The answer holds no id.")),
    ],
)
def test_an_answer_means(status, body, answer):
    with answering(status, body) as server:
        assert connect(server.url).send([outgoing()]) == [answer]


def test_it_promises_no_more_than_twilio_does():
    assert connect().promises == Promises(is_idempotent=False, can_look_up=True, per_call=1, is_signed=True)


def test_only_so_many_calls_are_under_way():
    with answering(201, {"sid": MESSAGE}) as server:
        answers = connect(server.url).send(many(20))

        assert answers == [Taken(MESSAGE)] * 20
        assert len(server.connections) <= 5


# Looking up


def listed(sid=MESSAGE, body="Hello", direction="outbound-api", at="Fri, 03 May 2024 12:00:05 +0000"):
    return {"sid": sid, "body": body, "direction": direction, "date_created": at, "to": "+16025550101"}


@pytest.mark.parametrize(
    ("messages", "answer"),
    [
        ([listed()], Taken(MESSAGE)),
        ([listed(body="Other"), listed(direction="inbound"), listed()], Taken(MESSAGE)),
        ([listed(at="Fri, 03 May 2024 11:00:00 +0000"), listed()], Taken(MESSAGE)),
        ([], None),
        ([listed(body="Other")], None),
        ([listed(at="Fri, 03 May 2024 11:00:00 +0000")], None),
        ([listed(), listed(sid="SM" + "3" * 32)], None),
        ([listed(at=None), 7], None),
        (None, None),
    ],
)
def test_a_look_up_finds_one_by_number_time_and_text(messages, answer):
    with answering(200, {"messages": messages}) as server:
        found = connect(server.url).look_up([outgoing(called_at=CALLED_AT)])

        asked = parse_qs(server.heard[0].path.partition("?")[2])
    assert found == [answer]
    assert asked == {"To": ["+16025550101"], "PageSize": ["200"], "DateSent>": ["2024-05-03"]}


def test_a_look_up_that_fails_tells_nothing():
    with answering(500, {"messages": [listed()]}) as server:
        assert connect(server.url).look_up([outgoing(called_at=CALLED_AT)]) == [None]


# Its webhooks


def call(fields, *, query="", token=TOKEN, url=RECEIPTS, signature=None):
    """What Twilio posts: form fields, signed for the address that it knows."""
    signed = sign(token, url + query, [(name, [value]) for name, value in fields.items()])
    return RequestFactory().post(
        f"/api/v1/receipts/twilio/{query}",
        urlencode(fields),
        content_type="application/x-www-form-urlencoded",
        headers={"X-Twilio-Signature": signed if signature is None else signature},
    )


@pytest.mark.parametrize(
    ("caller", "signature"),
    [("+14158675309", "RSOYDt4T1cUTdK1PDd93/VVr8B8="), ("+14158675310", "GvWf1cFY/Q7PnoempGyD5oXAezc=")],
)
def test_the_signature_is_that_of_twilios_own_examples(caller, signature):
    fields = {"To": "+18005551212", "CallSid": "CA1234567890ABCDE", "Caller": caller, "Digits": "1234", "From": caller}

    signed = sign("12345", "https://mycompany.com/myapp.php?foo=1&bar=2", [(k, [v]) for k, v in fields.items()])

    assert signed == signature


@pytest.mark.parametrize(
    ("fields", "fate", "reason"),
    [
        ({"MessageStatus": "queued"}, "accepted", ""),
        ({"MessageStatus": "sent"}, "accepted", ""),
        ({"MessageStatus": "delivered"}, "delivered", ""),
        ({"MessageStatus": "read"}, "delivered", ""),
        ({"MessageStatus": "canceled"}, "undelivered", ""),
        (
            {"MessageStatus": "undelivered", "ErrorCode": "30003"},
            "undelivered",
            "30003 Unreachable destination handset",
        ),
        ({"MessageStatus": "failed", "ErrorCode": "39999"}, "undelivered", "39999"),
        ({"MessageStatus": "failed", "ErrorCode": "1", "ErrorMessage": "Odd"}, "undelivered", "1 Odd"),
        ({"MessageStatus": "failed", "ErrorCode": "30036"}, "expired", "30036 Validity period expired"),
        ({"MessageStatus": "beamed"}, "accepted", "beamed"),
    ],
)
def test_a_status_callback_tells(fields, fate, reason):
    heard = connect().hear(call({"MessageSid": MESSAGE, **fields}, query="?reference=r1"))

    assert heard == [Delivery(fate, MESSAGE, "r1", reason)]


def test_a_status_callback_may_tell_that_they_opted_out():
    fields = {"MessageSid": MESSAGE, "MessageStatus": "failed", "ErrorCode": "21610"}

    heard = connect().hear(call(fields, query="?reference=r1"))

    assert heard == [Delivery("undelivered", MESSAGE, "r1", "21610 Unsubscribed recipient", opted_out=True)]


def test_a_text_that_somebody_wrote_is_heard():
    fields = {"MessageSid": MESSAGE, "SmsStatus": "received", "From": "+16025550101", "To": "+1602", "Body": "STOP"}

    assert connect().hear(call(fields)) == [Incoming(MESSAGE, "+16025550101", "STOP")]


@pytest.mark.parametrize(
    "forged",
    [
        {"token": "another"},
        {"signature": ""},
        {"signature": "ключ"},
        {"url": "https://elsewhere.example/"},
    ],
)
def test_what_twilio_did_not_sign_is_refused(forged):
    with pytest.raises(BadSignature):
        connect().hear(call({"MessageSid": MESSAGE, "MessageStatus": "delivered"}, **forged))


def test_a_changed_reference_is_refused():
    request = call({"MessageSid": MESSAGE, "MessageStatus": "delivered"}, query="?reference=r1")
    request.META["QUERY_STRING"] = "reference=r2"

    with pytest.raises(BadSignature):
        connect().hear(request)


def test_a_signed_call_that_says_nothing_is_refused():
    with pytest.raises(BadReceipt):
        connect().hear(call({"AccountSid": SID}))


def test_without_a_public_address_it_is_the_one_it_came_to():
    fields = {"MessageSid": MESSAGE, "MessageStatus": "delivered"}
    request = call(fields, url="http://testserver/api/v1/receipts/twilio/")

    assert connect(receipts_url="").hear(request) == [Delivery("delivered", MESSAGE)]


# The form


@pytest.mark.parametrize(
    ("field", "written"),
    [("account_sid", "AC12"), ("messaging_service_sid", SID), ("base_url", "api.twilio.com"), ("auth_token", "")],
)
def test_the_form_refuses(field, written):
    given = {"account_sid": SID, "auth_token": TOKEN, "base_url": "https://api.twilio.com/"}

    assert list(TwilioForm(given | {field: written}).errors) == [field]


def test_the_form_cleans():
    form = TwilioForm({"account_sid": SID, "auth_token": TOKEN, "base_url": "https://api.twilio.com/"})

    assert form.is_valid()
    assert form.cleaned_data == {
        "account_sid": SID,
        "auth_token": TOKEN,
        "messaging_service_sid": "",
        "base_url": "https://api.twilio.com",
    }


def test_a_call_made_long_ago_is_not_looked_for_today():
    with answering(200, {"messages": [listed()]}) as server:
        assert connect(server.url).look_up([outgoing(called_at=CALLED_AT + timedelta(days=1))]) == [None]
