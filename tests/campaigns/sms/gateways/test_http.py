"""A provider described by settings: what it is sent, and what each of its answers means."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from urllib.parse import parse_qs

import pytest
import time_machine
from aiohttp import web

from campaigns.draining import drain
from campaigns.models import Message, SmsGateway
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
from campaigns.sms.gateways.http import KIND, HttpForm
from tests.campaigns.shop import sms
from tests.campaigns.sms.gateways.saying import called, many, outgoing
from tests.gateway import Started
from tests.servers import Server
from workspace.encryption import encrypt

HEARD_AT = datetime(2024, 5, 3, 12, 0, tzinfo=UTC)
UNSTORABLE = "\x00 \ud800"


def connect(url="http://127.0.0.1:1", secrets=None, connections=20, **settings):
    return KIND.connect(
        Setup("shop", connections=connections, settings={"url": url, **settings}, secrets=secrets or {})
    )


def answering(status, body, **headers):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Server(lambda heard: web.Response(status=status, body=raw, headers=headers))


def answer_to(status, body, *, headers=None, message=None, **settings):
    with answering(status, body, **(headers or {})) as server:
        [answer] = connect(server.url, timeout_s=1.0, **settings).send([message or outgoing()])
        return answer


# What it is told


def test_the_body_is_the_template_filled_in():
    with answering(200, {"id": 1}) as server:
        connect(server.url).send([outgoing(text="Paid {to} you, “Ada”")])

        [heard] = server.heard
    assert json.loads(heard.body) == {
        "reference": "r1",
        "to": "+16025550101",
        "from": "Shop",
        "text": "Paid {to} you, “Ada”",
    }
    assert heard.headers["Content-Type"] == "application/json"


def test_a_template_may_nest_and_hold_more_than_placeholders():
    body = {"messages": [{"to": ["tel:{to}"], "text": "{text}", "ttl": 60}], "flag": True}
    with answering(200, {"id": 1}) as server:
        connect(server.url, body=body).send([outgoing()])

        told = json.loads(server.heard[0].body)
    assert told == {"messages": [{"to": ["tel:+16025550101"], "text": "Hello", "ttl": 60}], "flag": True}


def test_a_form_is_posted_as_one():
    with answering(200, {"id": 1}) as server:
        connect(server.url, format="form", body={"phone": "{to}", "msg": "{text}"}).send([outgoing(text="Ж & =")])

        [heard] = server.heard
    assert parse_qs(heard.body.decode()) == {"phone": ["+16025550101"], "msg": ["Ж & ="]}
    assert heard.headers["Content-Type"] == "application/x-www-form-urlencoded; charset=utf-8"


@pytest.mark.parametrize(
    ("settings", "secrets", "name", "value"),
    [
        ({}, {"auth_value": "Bearer k"}, "Authorization", "Bearer k"),
        ({"auth_header": "X-Key"}, {"auth_value": "k"}, "X-Key", "k"),
        (
            {"username": "ada"},
            {"password": "pä"},
            "Authorization",
            "Basic " + base64.b64encode("ada:pä".encode()).decode(),
        ),
        ({"headers": {"X-Shop": "7"}}, {}, "X-Shop", "7"),
        ({"repeat_header": "Idempotency-Key"}, {}, "Idempotency-Key", "r1"),
    ],
)
def test_headers_carry_what_is_set(settings, secrets, name, value):
    with answering(200, {"id": 1}) as server:
        connect(server.url, secrets, **settings).send([outgoing()])

        assert server.heard[0].headers[name] == value


def test_user_and_password_stand_where_the_body_wants_them():
    body = {"login": "{user}", "psw": "{password}", "phones": "{to}", "mes": "{text}"}
    with answering(200, {"id": 1}) as server:
        gateway = connect(server.url, {"password": "p&w"}, username="ada", body=body, format="form")
        gateway.send([outgoing(text="{password}?")])

        [heard] = server.heard
    posted = {name: values for name, values in parse_qs(heard.body.decode()).items() if name != "phones"}
    assert posted == {"login": ["ada"], "psw": ["p&w"], "mes": ["{password}?"]}
    assert "Authorization" not in heard.headers


def test_user_and_password_stand_where_a_header_wants_them():
    with answering(200, {"id": 1}) as server:
        connect(server.url, {"password": "pw"}, username="ada", headers={"X-Key": "{user}/{password}"}).send(
            [outgoing()]
        )

        [heard] = server.heard
    assert heard.headers["X-Key"] == "ada/pw"
    assert "Authorization" not in heard.headers


def test_a_secret_that_a_gateway_says_back_is_not_kept():
    with answering(403, {"error": "No such login: ada, hush-hush"}) as server:
        [answer] = connect(server.url, {"password": "hush-hush"}, username="ada").send([outgoing()])

    assert answer == Refused("HTTP 403: No such login: ada, …")


def test_so_many_messages_are_under_way_and_answers_keep_their_order():
    def answer(heard):
        return 200, json.dumps({"id": json.loads(heard.body)["reference"]}).encode()

    with Server(answer) as server:
        answers = connect(server.url, connections=3).send(many(30))

        assert answers == [Taken(f"r{number}") for number in range(1, 31)]
        assert len(server.connections) == 3


# What its answers mean


@pytest.mark.parametrize(
    ("status", "body", "answer"),
    [
        (200, {"id": "a1"}, Taken("a1")),
        (201, {"id": 17}, Taken("17")),
        (202, {"id": "a1", "error": ""}, Taken("a1")),
        (200, {"error": "Bad number"}, Refused("Bad number")),
        (200, {"ok": True}, Unsure("The answer holds no id.")),
        (200, {"id": None}, Unsure("The answer holds no id.")),
        (200, b"<html>OK", Unsure("The answer holds no id.")),
        (204, b"", Unsure("The answer holds no id.")),
        (400, {"error": "Bad number"}, Refused("HTTP 400: Bad number")),
        (400, {"error": {"code": 5}}, Refused('HTTP 400: {"code": 5}')),
        (403, b"Forbidden", Refused("HTTP 403: Forbidden")),
        (422, b"", Refused("HTTP 422")),
        (401, b"Who are you?", Later("HTTP 401: Who are you?", is_outage=True)),
        (402, b"No credit", Later("HTTP 402: No credit", is_outage=True)),
        (404, b"No such page", Later("HTTP 404: No such page", is_outage=True)),
        (405, b"", Later("HTTP 405", is_outage=True)),
        (415, b"", Later("HTTP 415", is_outage=True)),
        (307, b"", Later("HTTP 307", is_outage=True)),
        (303, b"", Unsure("HTTP 303")),
        (408, b"", Unsure("HTTP 408")),
        (409, b"", Refused("HTTP 409")),
        (425, b"", Later("HTTP 425")),
        (429, b"Slow down", Later("HTTP 429: Slow down")),
        (503, b"", Later("HTTP 503", is_outage=True)),
        (500, b"Oops", Unsure("HTTP 500: Oops")),
        (502, b"", Unsure("HTTP 502")),
        (504, b"", Unsure("HTTP 504")),
    ],
)
def test_an_answer_means(status, body, answer):
    assert answer_to(status, body) == answer


CODES = {"no credit": "outage", "21610": "opted_out", "Slow": "later", "9": "refused"}


@pytest.mark.parametrize(
    ("status", "body", "answer"),
    [
        (200, {"error": {"code": "No Credit"}}, Later('No Credit: {"code": "No Credit"}', is_outage=True)),
        (200, {"error": {"code": 21610}}, Refused('21610: {"code": 21610}', opted_out=True)),
        (200, {"id": "a1", "error": {"code": 9}}, Refused('9: {"code": 9}')),
        (200, {"id": "a1", "error": {"code": 0}}, Taken("a1")),
        (400, {"error": {"code": "slow"}}, Later('slow: {"code": "slow"}', after_s=7.0)),
        (404, {"error": {"code": 9}}, Refused('9: {"code": 9}')),
        (400, {"error": {"code": 8}}, Refused('HTTP 400: {"code": 8}')),
        (500, {"error": {"code": None}}, Unsure('HTTP 500: {"code": null}')),
    ],
)
def test_a_code_means_what_a_person_told(status, body, answer):
    assert answer_to(status, body, headers={"Retry-After": "7"}, code_path="error.code", codes=CODES) == answer


def test_a_word_alone_is_told_once():
    answer = answer_to(200, {"error": "no credit"}, code_path="error", codes=CODES)

    assert answer == Later("no credit", is_outage=True)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize(
    ("location", "said"),
    [
        ("https://ada:pw@new.example:8443/v2/send?key=s3cret#top", "https://new.example:8443/v2/send"),
        ("/v2/send?key=s3cret", "/v2/send"),
        ("//new.example/", "//new.example/"),
    ],
)
def test_a_redirection_says_which_address_to_put_into_the_form(status, location, said):
    answer = answer_to(status, b"Moved", headers={"Location": location})

    words = f"HTTP {status}: it redirects to {said}: put that address into the form"
    assert answer == Later(words, is_outage=True)


def test_a_redirection_to_nowhere_is_told_as_it_is():
    answer = answer_to(302, b"Moved", headers={"Location": "https://[new/"})

    assert answer == Later("HTTP 302: Moved", is_outage=True)


@pytest.mark.parametrize(
    ("asked", "after_s"),
    [
        ("7", 7.0),
        ("Fri, 03 May 2024 12:00:30 GMT", 30.0),
        ("Fri, 03 May 2024 11:00:00 GMT", 0.0),
        ("99999999", 86400.0),
        ("soon", None),
        ("-5", None),
        ("", None),
    ],
)
def test_it_says_when_to_ask_again(asked, after_s):
    with time_machine.travel(HEARD_AT, tick=False):
        answer = answer_to(429, b"", headers={"Retry-After": asked})

    assert answer == Later("HTTP 429", after_s=after_s)


def test_one_that_is_down_may_say_for_how_long():
    answer = answer_to(503, b"", headers={"Retry-After": "120"})

    assert answer == Later("HTTP 503", after_s=120.0, is_outage=True)


def test_a_conflict_may_be_with_our_own_call_where_repeats_are_known():
    assert answer_to(409, b"", knows_repeats=True) == Unsure("HTTP 409")


def test_answers_without_ids_are_taken_at_their_status():
    assert answer_to(200, b"OK", id_path="") == Taken()


def test_paths_lead_into_the_answer():
    body = {"data": [{"sms": {"id": "a1"}}]}

    assert answer_to(200, body, id_path="data.0.sms.id") == Taken("a1")


def test_words_that_are_kept_hold_no_number_and_no_text():
    said = {"error": "Not sent to +1 602-555-0101, code 42: See you at noon"}

    answer = answer_to(400, said, message=outgoing(text="See you at noon"))

    assert answer == Refused("HTTP 400: Not sent to …, code 42: …")


@pytest.mark.parametrize(
    ("faults", "answer", "taken"),
    [
        ({"refuse": 1}, Refused, 0),
        ({"busy": 1}, Later, 0),
        ({"unavailable": 1}, Later, 0),
        ({"error_before": 1}, Unsure, 0),
        ({"error_after": 1}, Unsure, 1),
        ({"timeout_before": 1}, Unsure, 0),
        ({"timeout_after": 1}, Unsure, 1),
        ({"cut_after": 1}, Unsure, 1),
        ({"nonsense": 1}, Unsure, 1),
        ({"stall": 1}, Taken, 1),
    ],
)
def test_a_real_provider_under_fire(tmp_path, faults, answer, taken):
    with Started(tmp_path / "record", "--seed", "1") as provider:
        provider.call("/faults", faults)

        [said] = connect(provider.url + "/send", timeout_s=1.7).send([outgoing()])

        assert isinstance(said, answer)
        assert len(provider.lines()) == taken


def test_nobody_there_is_an_outage():
    [answer] = connect().send([outgoing()])

    assert isinstance(answer, Later)
    assert answer.is_outage


# Looking up


@pytest.mark.parametrize(
    ("status", "body", "settings", "answer"),
    [
        (200, {"messages": [{"id": "a1"}]}, {}, Taken("a1")),
        (200, {"messages": []}, {}, Later("The gateway has not got it.")),
        (200, [], {"look_up_id": "0.id"}, Later("The gateway has not got it.")),
        (200, {"id": "a1"}, {"look_up_id": "id"}, Taken("a1")),
        (200, {"messages": None}, {}, None),
        (200, {"id": None}, {"look_up_id": "id"}, None),
        (200, b"<html>", {}, None),
        (404, b"", {}, None),
        (404, b"", {"look_up_404": True}, Later("The gateway has not got it.")),
        (500, {"messages": []}, {}, None),
        (401, {"messages": []}, {}, None),
    ],
)
def test_a_look_up_tells(status, body, settings, answer):
    with answering(status, body) as server:
        url = server.url + "/messages?reference={reference}"

        assert connect(look_up_url=url, **settings).look_up([outgoing()]) == [answer]
        assert (server.heard[0].method, server.heard[0].path) == ("GET", "/messages?reference=r1")


def test_what_it_promises_is_what_is_set():
    assert connect().promises == Promises(hears_texts=False)
    assert connect(knows_repeats=True, look_up_url="http://g/{reference}").promises == Promises(
        is_idempotent=True, can_look_up=True, hears_texts=False
    )


# What it tells

SIGNED = {"signing_secret": "s3cret"}


def signature(body, secret="s3cret"):
    return hmac.new(secret.encode(), body, hashlib.sha256)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"id": "a", "status": "delivered"}, Delivery("delivered", "a")),
        ({"reference": "r1", "status": "DELIVRD"}, Delivery("delivered", reference="r1")),
        ({"id": 7, "status": "failed", "reason": "Off"}, Delivery("undelivered", "7", reason="Off")),
        ({"id": "a", "status": "expired"}, Delivery("expired", "a")),
        ({"id": "a", "status": "Sent"}, Delivery("accepted", "a", reason="Sent")),
        ({"id": "a", "status": "odd", "reason": "x"}, Delivery("accepted", "a", reason="odd x")),
        (
            {"id": "a", "status": "delivered", "at": "2024-05-03T14:00:00+02:00"},
            Delivery("delivered", "a", occurred_at=HEARD_AT),
        ),
        ({"id": "a", "status": "delivered", "at": 1714737600}, Delivery("delivered", "a", occurred_at=HEARD_AT)),
        ({"id": "a", "status": "delivered", "at": "1714737600000"}, Delivery("delivered", "a", occurred_at=HEARD_AT)),
        (
            {"id": "a", "status": "delivered", "at": "2024-05-03 12:00"},
            Delivery("delivered", "a", occurred_at=datetime(2024, 5, 3, 12, 0)),  # noqa: DTZ001 - it names no zone
        ),
        ({"id": "a", "status": "delivered", "at": "yesterday"}, Delivery("delivered", "a")),
    ],
)
def test_a_receipt_tells(said, told):
    assert connect().hear(called(said)) == [told]
    assert connect().hear(called([said])) == [told]


def test_receipts_are_read_where_the_settings_say():
    settings = {
        "receipt_list": "data.items",
        "receipt_id": "sms.uid",
        "receipt_status": "st",
        "receipt_words": {"7": "undelivered"},
    }

    heard = connect(**settings).hear(called({"data": {"items": [{"sms": {"uid": "a"}, "st": 7}]}}))

    assert heard == [Delivery("undelivered", "a")]


def test_a_form_tells_as_well(rf):
    heard = connect().hear(rf.post("/receipts/", {"id": "a", "status": "delivered"}))

    assert heard == [Delivery("delivered", "a")]


def test_texts_that_people_write_come_in_the_same_call():
    said = [{"id": "b", "from": "16025550101", "body": "STOP", "at": 1714737600}, {"id": "a", "status": "delivered"}]

    heard = connect(incoming_text="body").hear(called(said))

    assert heard == [Incoming("b", "+16025550101", "STOP", HEARD_AT), Delivery("delivered", "a")]


def test_a_text_without_an_id_is_given_none():
    said = {"from": "+16025550101", "body": "STOP", "at": 1714737600}

    heard = connect(incoming_text="body").hear(called(said))

    assert heard == [Incoming("", "+16025550101", "STOP", HEARD_AT)]


@pytest.mark.parametrize(
    "sign",
    [
        lambda digest: digest.hexdigest(),
        lambda digest: digest.hexdigest().upper(),
        lambda digest: "sha256=" + digest.hexdigest(),
        lambda digest: base64.b64encode(digest.digest()).decode(),
    ],
)
def test_a_signed_call_is_heard(sign):
    body = b'{"id": "a", "status": "delivered"}'

    heard = connect(secrets=SIGNED).hear(called(body, **{"X-Signature": sign(signature(body))}))

    assert heard == [Delivery("delivered", "a")]


@pytest.mark.parametrize("given", ["", "0" * 64, "sha256=", "ключ", signature(b"{}", "other").hexdigest()])
def test_a_call_without_the_right_signature_is_refused(given):
    with pytest.raises(BadSignature):
        connect(secrets=SIGNED).hear(called(b"{}", **{"X-Signature": given}))


@pytest.mark.parametrize("said", [b"<html>", b"7", b"[7]", {}, {"id": "a"}, {"status": "delivered"}, b"[" * 100_000])
def test_what_cannot_be_read_is_refused(said):
    with pytest.raises(BadReceipt):
        connect().hear(called(said))


def test_one_that_cannot_be_read_keeps_no_other_from_being_heard():
    assert connect().hear(called([{"id": "a", "status": "delivered"}, {"odd": 1}])) == [Delivery("delivered", "a")]


def test_the_test_provider_speaks_the_default_format(tmp_path):
    def answer(heard):
        return 200, b""

    with Server(answer) as ours, Started(tmp_path / "record") as provider:
        provider.call("/receipts", {"url": ours.url, "secret": "s3cret", "first": True})
        [taken] = connect(provider.url + "/send").send([outgoing()])
        [heard] = ours.heard

    request = called(heard.body, **{"X-Signature": heard.headers["X-Signature"]})
    [told] = connect(secrets=SIGNED).hear(request)
    assert (told.fate, told.gateway_id, told.reference) == ("delivered", taken.gateway_id, "r1")


# The form


def form(**data):
    kept = HttpForm.complete({})
    raw = {name: json.dumps(value) if isinstance(value, dict) else value for name, value in kept.items()}
    return HttpForm(raw | {"url": "https://gateway.example/send"} | data)


def test_the_form_fills_in_what_the_test_provider_speaks():
    filled = form()

    assert filled.is_valid(), filled.errors
    assert filled.cleaned_data["body"] == {"reference": "{reference}", "to": "{to}", "from": "{from}", "text": "{text}"}
    json.dumps(filled.cleaned_data)


@pytest.mark.parametrize(
    ("field", "written", "error"),
    [
        ("url", "gateway.example", "This is no web address. One begins with https:// or http://."),
        ("url", "ftp://gateway.example", "This is no web address. One begins with https:// or http://."),
        ("url", "http://", "This is no web address. One begins with https:// or http://."),
        ("url", "http://gate way/", "This is no web address. One begins with https:// or http://."),
        ("url", "http://g:99999/", "This is no web address. One begins with https:// or http://."),
        (
            "url",
            "https://ada:pw@gateway.example",
            "Enter user and password in their own fields, where they are kept encrypted.",
        ),
        ("body", '{"to": "{to}"}', "Nothing in it is {text}."),
        ("body", '{"to": "{phone}", "t": "{text}{to}"}', "Nothing is known as {phone}."),
        ("body", '["{to}", "{text}"]', 'Write an object, such as {"to": "{to}", "text": "{text}"}.'),
        ("body", "{to}", "Enter a valid JSON."),
        ("headers", '{"Bad Name": "x"}', "“Bad Name” is no name of a header."),
        ("headers", '{"X": "a\\nb"}', "A header holds no line breaks."),
        ("headers", '{"X": 1}', 'Write {"Name": "value"}.'),
        ("auth_value", "a\nb", "A header holds no line breaks."),
        ("look_up_url", "https://g.example/", "Nothing in it is {reference}."),
        (
            "receipt_words",
            '{"ok": "done"}',
            'Write {"their word": "delivered"}, with one of: accepted, delivered, undelivered, expired.',
        ),
        (
            "codes",
            '{"5": "maybe"}',
            'Write {"their code": "refused"}, with one of: refused, later, outage, opted_out.',
        ),
        (
            "codes",
            "[5]",
            'Write {"their code": "refused"}, with one of: refused, later, outage, opted_out.',
        ),
        ("codes", '{"5": "later"}', "Say under “Answer: error code” where in an answer they stand."),
        ("timeout_s", "60", "Ensure this value is less than or equal to 10.0."),
    ],
)
def test_the_form_says_what_is_wrong(field, written, error):
    assert form(**{field: written}).errors == {field: [error]}


@pytest.mark.parametrize("url", ["http://smsgate:8080/send", "https://10.0.0.7/x?y=1", "https://шлюз.example/"])
def test_the_form_takes_addresses_within_the_house(url):
    assert form(url=url).is_valid()


def test_a_provider_that_knows_repeats_must_be_told_the_reference():
    body = '{"to": "{to}", "text": "{text}"}'

    assert form(body=body, knows_repeats=True).errors == {"body": ["Nothing in it is {reference}."]}
    assert form(body=body, knows_repeats=True, repeat_header="Idempotency-Key").is_valid()


def test_what_a_template_or_header_wants_is_to_be_entered():
    body = '{"to": "{to}", "text": "{text}", "login": "{user}"}'
    headers = '{"X-Key": "{password}"}'

    assert form(body=body, headers=headers).errors == {
        "username": ["{user} stands in what is posted or in a header: enter it."],
        "password": ["{password} stands in what is posted or in a header: enter it."],
    }
    assert form(body=body, headers=headers, username="ada", password="pw").is_valid()


def test_a_form_post_holds_no_lists():
    body = '{"to": "{to}", "text": "{text}", "more": [1]}'

    assert form(format="form", body=body).errors == {
        "body": ["A form field holds one text. Take lists and objects out."]
    }


# The whole path


@pytest.mark.django_db
def test_from_an_order_to_the_providers_record_once(tmp_path, shop):
    shop.start(sms())
    with Started(tmp_path / "record") as provider:
        SmsGateway.objects.create(
            code="shop",
            name="Shop",
            kind="http",
            sender="Shop",
            settings={"url": provider.url + "/send", "knows_repeats": True},
            secrets=encrypt({"auth_value": "Bearer k"}),
        )
        for number in range(30):
            shop.pay(f"O-{number}")
        drain()

        lines = provider.lines()

    messages = Message.objects.all()
    assert {message.state for message in messages} == {"accepted"}
    assert sorted(line["reference"] for line in lines) == sorted(str(message.reference) for message in messages)
    assert {line["reference"]: line["id"] for line in lines} == {str(m.reference): m.gateway_id for m in messages}
    assert len(lines) == 30


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("status", "body", "state", "kept"),
    [
        (200, {"id": "a" + UNSTORABLE}, "accepted", "a\ufffd ?"),
        (400, {"error": "no" + UNSTORABLE}, "rejected", "HTTP 400: no\ufffd ?"),
        (400, {"error": {"said": UNSTORABLE}}, "rejected", 'HTTP 400: {"said": "\\u0000 ?"}'),
        (400, "no".encode("utf-16-le"), "rejected", "HTTP 400: n\ufffdo\ufffd"),
    ],
)
def test_what_no_database_takes_loses_no_answer_of_a_chunk(shop, status, body, state, kept):
    shop.start(sms(text="Dear {{ customer.first_name }}"))
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()

    def answer(heard):
        return (status, raw) if b"Odd" in heard.body else (200, b'{"id": 1}')

    with Server(answer) as server:
        SmsGateway.objects.create(code="shop", name="Shop", kind="http", settings={"url": server.url})
        for number, name in ((1, "Odd"), (2, "Even")):
            shop.order(f"O-{number}", customer__first_name=name)
            shop.tell(f"O-{number}", "paid")
        drain()

    odd, other = Message.objects.order_by("pk")
    assert (odd.state, odd.gateway_id or odd.error) == (state, kept)
    assert (other.state, other.gateway_id) == ("accepted", "1")
