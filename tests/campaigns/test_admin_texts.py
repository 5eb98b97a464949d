import json

import pytest

from campaigns.models import SmsGateway
from campaigns.sms.gateways import KINDS
from campaigns.sms.gateways.base import GatewayKind, SendsOnly, Taken
from tests.campaigns.shop import PAID
from tests.factories import CustomerFactory
from tests.screens import done, page_of, signed_in

pytestmark = pytest.mark.django_db

TEXT, TEST = page_of("campaigns_campaign", "text"), page_of("campaigns_campaign", "text_test")


@pytest.fixture
def admin():
    return signed_in(is_superuser=True)


class Pigeon(SendsOnly):
    """It keeps what it was given."""

    def __init__(self):
        self.sent = []

    def send(self, messages):
        self.sent += [(message.to, message.text, message.sender) for message in messages]
        return [Taken() for _message in messages]


@pytest.fixture
def pigeon(monkeypatch):
    pigeon = Pigeon()
    monkeypatch.setitem(KINDS, "pigeon", GatewayKind("pigeon", "Pigeon", lambda _setup: pigeon))
    SmsGateway.objects.create(
        code="first", name="First", kind="pigeon", position=1, price_per_part="0.05", currency="EUR"
    )
    return pigeon


@pytest.fixture
def paid(shop):
    shop.order("O-1", customer=CustomerFactory(first_name="Ada", timezone="Asia/Tokyo", sms_consent="given"))
    shop.tell("O-1", "paid")


def ask(client, address=TEXT, **said):
    raw = {"text": "Hello", "trigger": PAID, "purpose": "transactional"} | said
    return client.post(address, json.dumps(raw), content_type="application/json")


def shown(preview):
    return {"order": preview["order_id"], "change": preview["change"]}


def test_a_look_tells_all_in_words(admin, paid, pigeon):
    told = ask(admin, text="“{{ customer.first_name }}” " + "x" * 90).json()

    [preview] = told["previews"]
    assert preview["text"] == "“Ada” " + "x" * 90
    assert (preview["order"], preview["size"]) == ("O-1", "2 parts, 96 characters, UCS-2, €0.10")
    assert (told["problem"], told["longest"], told["near"]) == (None, 0, "")
    assert told["dear"][0] == {"sign": "“", "name": "left double quotation mark", "places": [0], "plain": '"'}
    assert told["offer"] == "Written plainly, 1 of these texts would have fewer parts."
    assert told["consent"] == "Transactional goes to all who did not refuse. Of the last 1 people it would have met: 1."
    assert told["hours"] == "It goes at once, also at night."


@pytest.mark.parametrize(
    ("hour", "said", "expected"),
    [
        (12, "outside_quiet_hours", "Now this would wait until 09:00 for 1 person."),
        (
            3,
            "outside_quiet_hours",
            "Now it would go to all of them at once; at night it waits until 09:00 where they are.",
        ),
        (12, "immediately", "It goes at once, also at night."),
    ],
)
def test_who_would_wait_for_the_morning_is_told(admin, paid, clock, hour, said, expected):
    clock.move_to(f"2024-05-03 {hour}:30:00+00:00")

    assert ask(admin, deliver=said).json()["hours"].startswith(expected)


def test_what_is_wrong_is_told_with_its_place(admin, paid):
    problem = ask(admin, text="{{ oops }}").json()["problem"]

    assert (problem["line"], problem["column"]) == (1, 4)


@pytest.mark.parametrize(
    "body", ["", "{", "[]", '{"text": 5}', '{"text": "\\ud800"}', json.dumps({"text": "x" * 4001})]
)
def test_what_is_no_text_is_refused(admin, shop, body):
    for address in (TEXT, TEST):
        assert admin.post(address, body, content_type="application/json").status_code == 422


@pytest.mark.parametrize(
    "said", [{"trigger": []}, {"purpose": 5}, {"deliver": {}}, {"trigger": {"kind": [], "params": 1}}]
)
def test_settings_half_done_are_borne(admin, paid, said):
    assert ask(admin, **said).status_code == 200


def test_looking_writes_nothing(admin, paid):
    ask(admin)

    assert done() == []


def test_a_test_reaches_the_phone_that_is_named(admin, paid, pigeon):
    [preview] = ask(admin).json()["previews"]

    told = ask(admin, TEST, text="Hi {{ customer.first_name }}", **shown(preview), to="+1 602 555 0143").json()

    assert pigeon.sent == [("+16025550143", "Hi Ada", "")]
    assert told["tone"] == "good"
    assert done() == [("tested", {"answer": [None, "Taken"]})]


def test_a_test_goes_by_the_gateway_of_its_sender(admin, paid, pigeon):
    SmsGateway.objects.create(code="second", name="Second", kind="pigeon", position=2, sender="ACME")
    [preview] = ask(admin).json()["previews"]

    ask(admin, TEST, **shown(preview), to="+16025550143", sender="ACME")
    ask(admin, TEST, **shown(preview), to="+16025550143", sender="gone")

    assert [sender for _to, _text, sender in pigeon.sent] == ["ACME", ""]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"to": "nobody"}, "phone number"),
        ({"order": 999}, "Choose an order"),
        ({"order": None}, "Choose an order"),
        ({"change": 999}, "Choose an order"),
        ({"change": "1"}, "Choose an order"),
        ({"change": True}, "Choose an order"),
        ({"text": "{{ oops"}, "Line 1"),
        ({"text": "{{ customer.last_name }}"}, "empty"),
        ({"text": "x" * 1999}, "14 parts"),
    ],
)
def test_a_test_that_cannot_be_sent_says_why(admin, paid, pigeon, said, told):
    [preview] = ask(admin).json()["previews"]

    answer = ask(admin, TEST, **({"to": "+16025550143", **shown(preview)} | said))

    assert answer.status_code == 422
    assert told in answer.json()["detail"]
    assert pigeon.sent == []


def test_without_a_gateway_nothing_is_sent(admin, paid):
    [preview] = ask(admin).json()["previews"]

    assert "No SMS gateway" in ask(admin, TEST, to="+16025550143", **shown(preview)).json()["detail"]


def test_so_many_tests_an_hour_and_no_more(admin, paid, pigeon, clock, monkeypatch):
    monkeypatch.setattr("campaigns.admin.texts.MOST_TESTS", 2)
    [preview] = ask(admin).json()["previews"]

    answers = [ask(admin, TEST, to="+16025550143", **shown(preview)).status_code for _each in range(3)]
    clock.shift(3601)

    assert answers == [200, 200, 429]
    assert ask(admin, TEST, to="+16025550143", **shown(preview)).status_code == 200


def test_looking_and_testing_are_for_those_who_may(paid):
    reader, drafter = (
        signed_in("campaigns.view_campaign"),
        signed_in("campaigns.view_campaign", "campaigns.add_campaign"),
    )

    assert ask(reader).status_code == 403
    assert ask(drafter).status_code == 200
    assert ask(drafter, TEST).status_code == 403


def test_who_may_not_see_names_sends_none(paid, pigeon):
    tester = signed_in("campaigns.view_campaign", "campaigns.change_campaign", "campaigns.test_campaign")
    [preview] = ask(tester).json()["previews"]

    ask(tester, TEST, text="Hi {{ customer.first_name }}!", to="+16025550143", **shown(preview))

    assert pigeon.sent[0][1] == "Hi !"
