"""Many messages a call: each has its own answer, found by our reference, and none suffers for another."""

import json

import pytest
from aiohttp import web

from campaigns.draining import drain
from campaigns.models import Message, SmsGateway
from campaigns.sms.gateways.base import Later, Promises, Refused, Setup, Taken, Unsure
from campaigns.sms.gateways.http import HttpForm
from campaigns.sms.gateways.http_batch import KIND, HttpBatchForm
from tests.campaigns.shop import sms
from tests.campaigns.sms.gateways.saying import many
from tests.gateway import Started
from tests.servers import Server


def connect(url, connections=20, **settings):
    return KIND.connect(Setup("shop", sender="Shop", connections=connections, settings={"url": url, **settings}))


def told(heard):
    return json.loads(heard.body)["messages"]


def take_all(heard):
    return 200, json.dumps({"messages": [{"reference": m["reference"], "id": f"id-{m['to']}"} for m in told(heard)]})


def answering(status, body):
    return Server(lambda heard: web.Response(status=status, text=body if isinstance(body, str) else json.dumps(body)))


def test_messages_go_in_calls_of_so_many():
    with Server(take_all) as server:
        answers = connect(server.url, per_call=4).send(many(10))

        assert sorted(len(told(heard)) for heard in server.heard) == [2, 4, 4]
    assert answers == [Taken(f"id-+1602555{100 + number:04d}") for number in range(1, 11)]


def test_the_envelope_and_its_messages_are_templates():
    settings = {
        "body": {"batch": {"items": "{messages}"}, "test": False},
        "message": {"ref": "{reference}", "tel": "{to}", "msg": "{text}"},
    }
    with Server(lambda heard: (200, b"{}")) as server:
        connect(server.url, **settings).send(many(1))

        body = json.loads(server.heard[0].body)
    assert body == {"batch": {"items": [{"ref": "r1", "tel": "+16025550101", "msg": "Hello"}]}, "test": False}


def test_user_and_password_stand_where_the_envelope_wants_them():
    body = {"login": "{user}", "psw": "{password}", "messages": "{messages}"}
    setup = {"settings": {"username": "ada", "body": body}, "secrets": {"password": "pw"}}
    with Server(take_all) as server:
        setup["settings"]["url"] = server.url
        KIND.connect(Setup("shop", **setup)).send(many(1))

        said = json.loads(server.heard[0].body)
    assert (said["login"], said["psw"], len(said["messages"])) == ("ada", "pw", 1)


def test_each_message_has_its_own_answer_whatever_their_order():
    said = [{"reference": "r3", "id": 3}, {"reference": "r1", "error": "Bad number"}, {"reference": "r2", "ok": True}]
    with answering(200, {"messages": said}) as server:
        answers = connect(server.url).send(many(4))

    assert answers == [
        Refused("Bad number"),
        Unsure("The answer holds no id."),
        Taken("3"),
        Unsure("The answer does not speak of this message."),
    ]


def test_answers_are_read_where_the_settings_say():
    said = [{"meta": {"ref": "r1"}, "sms": {"id": "a1"}}]
    settings = {"answers_path": "", "answer_reference": "meta.ref", "id_path": "sms.id"}
    with answering(200, said) as server:
        assert connect(server.url, **settings).send(many(1)) == [Taken("a1")]


@pytest.mark.parametrize(
    ("status", "body", "answer"),
    [
        (200, "<html>", Unsure("The answer does not speak of this message.")),
        (200, {"messages": {}}, Unsure("The answer does not speak of this message.")),
        (200, {"messages": [7, None]}, Unsure("The answer does not speak of this message.")),
        (429, {"error": "Slow down"}, Later("HTTP 429: Slow down")),
        (503, "", Later("HTTP 503", is_outage=True)),
        (401, "", Later("HTTP 401", is_outage=True)),
        (404, "", Later("HTTP 404", is_outage=True)),
        (500, "", Unsure("HTTP 500")),
    ],
)
def test_an_answer_to_the_whole_call_is_each_messages(status, body, answer):
    with answering(status, body) as server:
        assert connect(server.url).send(many(3)) == [answer] * 3
        assert len(server.heard) == 1


@pytest.mark.parametrize(
    ("status", "said", "answers"),
    [
        (200, {"code": "E7"}, [Later("E7", is_outage=True)] * 2),
        (
            200,
            {"code": "E7", "messages": [{"reference": r, "id": r} for r in ("r1", "r2")]},
            [Taken("r1"), Taken("r2")],
        ),
        (403, {"code": "e7", "error": "No credit"}, [Later("e7: No credit", is_outage=True)] * 2),
        (
            200,
            {"messages": [{"reference": "r1", "code": "E5", "error": "Stop"}, {"reference": "r2", "id": 2}]},
            [Refused("E5: Stop", opted_out=True), Taken("2")],
        ),
    ],
)
def test_a_code_means_what_a_person_told_of_one_or_of_all(status, said, answers):
    settings = {"code_path": "code", "codes": {"E7": "outage", "E5": "opted_out"}}
    with answering(status, said) as server:
        assert connect(server.url, **settings).send(many(2)) == answers


def test_a_bad_message_takes_no_other_with_it():
    def answer(heard):
        if any(message["reference"] == "r5" for message in told(heard)):
            return 422, json.dumps({"error": "One number is bad"})
        return take_all(heard)

    with Server(answer) as server:
        answers = connect(server.url, per_call=8).send(many(8))
        calls = [len(told(heard)) for heard in server.heard]

    assert [type(one) for one in answers] == [Taken] * 4 + [Refused] + [Taken] * 3
    assert sorted(calls, reverse=True) == [8, 4, 4, 2, 2, 1, 1]


def test_nobody_there_is_an_outage():
    answers = connect("http://127.0.0.1:1").send(many(3))

    assert [(type(one), one.is_outage) for one in answers] == [(Later, True)] * 3


@pytest.mark.parametrize(
    ("faults", "answer"), [({"timeout_after": 1}, Unsure), ({"cut_after": 1}, Unsure), ({}, Taken)]
)
def test_a_real_provider_under_fire(tmp_path, faults, answer):
    with Started(tmp_path / "record", "--seed", "1") as provider:
        provider.call("/faults", faults)

        answers = connect(provider.url + "/batch", timeout_s=1.0).send(many(250))

        assert [type(one) for one in answers] == [answer] * 250
        assert len(provider.lines()) == 250


def test_it_looks_up_what_it_sent(tmp_path):
    with Started(tmp_path / "record") as provider:
        gateway = connect(provider.url + "/batch", look_up_url=provider.url + "/messages?reference={reference}")
        [taken] = gateway.send(many(1))

        assert gateway.look_up(many(2)) == [taken, Later("The gateway has not got it.")]


def test_what_it_promises_is_what_is_set():
    assert connect("http://g", per_call=7, knows_repeats=True).promises == Promises(
        is_idempotent=True, per_call=7, hears_texts=False
    )
    assert connect("http://g").promises == Promises(per_call=100, hears_texts=False)


@pytest.mark.parametrize(
    ("field", "written", "error"),
    [
        ("body", '{"messages": []}', "Nothing in it is {messages}."),
        ("body", '{"messages": "{messages}", "to": "{to}"}', "Nothing is known as {to}."),
        ("message", '{"to": "{to}", "text": "{text}"}', "Nothing in it is {reference}."),
        ("per_call", "0", "Ensure this value is greater than or equal to 1."),
        ("url", "gateway.example", "This is no web address. One begins with https:// or http://."),
    ],
)
def test_the_form_says_what_is_wrong(field, written, error):
    kept = HttpBatchForm.complete({"url": "https://gateway.example"})
    raw = {name: json.dumps(value) if isinstance(value, dict) else value for name, value in kept.items()}

    assert HttpBatchForm(raw).is_valid()
    assert HttpBatchForm(raw | {field: written}).errors == {field: [error]}


def test_a_header_for_one_message_is_not_asked_for():
    assert "repeat_header" in HttpForm.base_fields
    assert "repeat_header" not in HttpBatchForm.base_fields


@pytest.mark.django_db
def test_from_orders_to_the_providers_record_once(tmp_path, shop):
    shop.start(sms())
    with Started(tmp_path / "record") as provider:
        settings = {"url": provider.url + "/batch", "per_call": 10, "knows_repeats": True}
        SmsGateway.objects.create(code="shop", name="Shop", kind="http_batch", settings=settings)
        for number in range(30):
            shop.pay(f"O-{number}")
        drain()

        lines = provider.lines()

    messages = Message.objects.all()
    assert {message.state for message in messages} == {"accepted"}
    assert sorted(line["reference"] for line in lines) == sorted(str(message.reference) for message in messages)
