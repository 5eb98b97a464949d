"""The desk for messages whose fate is unknown."""

import pytest

from campaigns.models import Message, MessageEvent, Receipt, SmsGateway
from campaigns.sms import settling
from campaigns.sms.gateways.base import Delivery, Promises, Refused, Taken
from campaigns.sms.receipts import take_receipts
from campaigns.sms.sending import send_due
from tests.campaigns.shop import NOON, sms
from tests.screens import HTMX, cost, page_of, signed_in

pytestmark = pytest.mark.django_db

DESK = page_of("campaigns_message", "desk")
SETTLE = page_of("campaigns_message", "settle")


@pytest.fixture
def admin():
    return signed_in(is_superuser=True)


@pytest.fixture
def unknown(shop, memory):
    """`unknown(3)`: messages that the gateway gave no certain answer to. It can be asked, but knows no repeats."""
    shop.start(sms(text="Hello, {{ customer.first_name }}"))

    def make(number=1):
        memory.promises, memory.fails = Promises(can_look_up=True), True
        for _ in range(number):
            shop.pay(f"O-{Message.objects.count() + 1}")
        memory.fails = False
        made = list(Message.objects.order_by("pk"))[-number:]
        assert [m.state for m in made] == ["unknown"] * number
        return made

    return make


def settle(client, do, messages, **fields):
    chosen = {"do": do, "message": [m.pk for m in messages]}
    return client.post(SETTLE, chosen | fields, headers=HTMX)


def states():
    return list(Message.objects.order_by("pk").values_list("state", flat=True))


def told(client):
    """What the next page says on top."""
    return [str(message) for message in client.get(DESK).context["messages"]]


def settled_because():
    events = MessageEvent.objects.filter(what="settled").order_by("pk")
    return list(events.values_list("detail", "actor_id"))


def test_the_desk_lists_each_with_what_is_known(admin, unknown):
    [message] = unknown()

    html = admin.get(DESK).content.decode()

    for words in (str(message.customer), "O-1", "Thanks", "Memory", "ConnectionError", "can be looked up"):
        assert words in html
    assert page_of("campaigns_message", "change", message.pk) in html
    assert "Look up again" in html


def test_a_gateway_that_cannot_be_asked_is_told_so(admin, unknown, memory):
    unknown()
    memory.promises = Promises()

    html = admin.get(DESK).content.decode()

    assert "cannot be looked up" in html
    assert "Look up again" not in html


def test_an_empty_desk_says_that_all_is_known(admin):
    assert "There is nothing to settle." in admin.get(DESK).content.decode()


def test_marking_asks_first_how_one_knows(admin, unknown):
    messages = unknown(2)

    window = settle(admin, "sent", messages).content.decode()
    empty = settle(admin, "sent", messages, reason=" ").content.decode()

    assert "Mark 2 messages as sent?" in window
    assert "How do you know?" in window
    assert "This field is required." not in window
    assert "This field is required." in empty
    assert states() == ["unknown", "unknown"]


def test_messages_marked_as_sent_are_sent_with_the_reason_kept(admin, unknown):
    messages = unknown(2)

    answer = settle(admin, "sent", messages, reason="In their log")

    assert answer.headers["HX-Redirect"] == DESK
    assert states() == ["accepted", "accepted"]
    assert settled_because() == [("sent: In their log", admin.user.pk)] * 2
    assert told(admin) == ["2 messages are marked as sent."]


def test_not_sent_warns_that_it_may_double_and_sends(admin, unknown, memory):
    [message] = unknown()

    window = settle(admin, "not_sent", [message]).content.decode()
    settle(admin, "not_sent", [message], reason="Not in their log")
    send_due()

    assert "If the customer got it after all, they get it twice." in window
    assert states() == ["accepted"]
    assert [sent.text for sent in memory.taken.values()] == ["Hello, Ada"]
    assert settled_because() == [("not_sent: Not in their log", admin.user.pk)]


def test_what_somebody_else_settled_meanwhile_stays_and_is_told(admin, unknown):
    messages = unknown(3)
    settling.mark_sent([messages[0].pk], reason="By phone", actor_id=admin.user.pk)

    settle(admin, "not_sent", messages, reason="Not in their log")

    assert states() == ["accepted", "pending", "pending"]
    assert told(admin) == [
        "2 messages are on their way again.",
        "1 had been settled meanwhile, by somebody else or a receipt, and stays as it is.",
    ]


def test_looking_up_settles_what_the_gateway_knows(admin, unknown, memory):
    first, second, third = unknown(3)
    memory.knows = {str(first.reference): Taken("G-1"), str(second.reference): Refused("No such number")}

    settle(admin, "look_up", [first, second, third])

    assert states() == ["accepted", "rejected", "unknown"]
    assert told(admin) == [
        "2 messages are settled by what their gateways said.",
        "The gateway could not say what became of the message, or could not be asked.",
    ]


def test_those_whose_gateways_cannot_be_asked_are_counted_and_leave_room_for_the_others(
    admin, unknown, memory, monkeypatch
):
    monkeypatch.setattr("campaigns.sms.settling.LOOK_UPS_AT_ONCE", 1)
    first, second, third = unknown(3)
    Message.objects.filter(pk__in=[first.pk, second.pk]).update(gateway="gone")
    memory.knows = {str(third.reference): Taken("G-1")}

    settle(admin, "look_up", [first, second, third])

    assert states() == ["unknown", "unknown", "accepted"]
    assert told(admin) == [
        "1 message is settled by what its gateway said.",
        "2 were not asked about: their gateways cannot look messages up. Look in the providers’ own logs.",
    ]


def test_a_list_of_what_cannot_be_asked_about_offers_no_look_up(admin, unknown):
    first, _second = unknown(2)
    Message.objects.filter(pk=first.pk).update(gateway="gone")

    assert "Look up again" in admin.get(DESK).content.decode()
    assert "Look up again" in admin.get(DESK + "?gateway=memory").content.decode()
    assert "Look up again" not in admin.get(DESK + "?gateway=gone").content.decode()
    assert "Look up again" not in admin.get(page_of("campaigns_message", "change", first.pk)).content.decode()


def test_gateways_are_called_by_their_names(admin, unknown):
    [message, other] = unknown(2)
    SmsGateway.objects.create(code="acme", name="Main route", kind="memory")
    Message.objects.filter(pk=message.pk).update(gateway="acme")
    take_receipts("acme", [Delivery("accepted", gateway_id="G-1", occurred_at=NOON)])
    Receipt.objects.update(message=message)
    Message.objects.filter(pk=other.pk).update(gateway="gone")

    desk = admin.get(DESK)
    own = admin.get(page_of("campaigns_message", "change", message.pk))

    assert desk.context["gateways"] == [("acme", "Main route"), ("gone", "gone")]
    assert [name for _row, _at, _error, name, _askable in desk.context["rows"]] == ["Main route", "gone"]
    assert dict(own.context["facts"])["Gateway"] == "Main route"
    assert [(entry.text, entry.details) for entry in reversed(own.context["heard"])][1:] == [
        ("Handed to Main route", ()),
        ("No certain answer: ConnectionError", ("Memory",)),
        ("Receipt: Under way", ("Main route",)),
    ]


def test_all_of_a_long_list_can_be_settled_at_once_but_not_what_came_after(admin, unknown, monkeypatch):
    monkeypatch.setattr("campaigns.sms.desk.SHOWN", 2)
    unknown(3)
    page = admin.get(DESK)
    unknown(1)

    settle(admin, "sent", [], all="1", gateway="", newest=page.context["newest"], reason="In their log")

    assert "All 3, not only the oldest 2 shown here" in page.content.decode()
    assert states() == ["accepted", "accepted", "accepted", "unknown"]


def test_the_list_of_one_gateway_settles_only_its_own(admin, unknown):
    _first, second = unknown(2)
    Message.objects.filter(pk=second.pk).update(gateway="other")

    page = admin.get(DESK + "?gateway=other")
    settle(admin, "sent", [], all="1", gateway="other", newest=page.context["newest"], reason="In their log")

    assert [row.pk for row, *_ in page.context["rows"]] == [second.pk]
    assert states() == ["unknown", "accepted"]


@pytest.mark.parametrize("fields", [{}, {"message": "nonsense"}, {"message": "9" * 30}, {"all": "1", "newest": "x"}])
def test_nothing_chosen_is_told(admin, unknown, fields):
    unknown()

    admin.post(SETTLE, {"do": "sent", **fields}, headers=HTMX)

    assert states() == ["unknown"]


def test_what_is_no_verb_is_refused(admin, unknown):
    assert settle(admin, "forget", unknown()).status_code == 400


def test_without_a_script_the_question_is_a_page(admin, unknown):
    [message] = unknown()

    page = admin.post(SETTLE, {"do": "sent", "message": message.pk}).content.decode()
    answer = admin.post(SETTLE, {"do": "sent", "message": message.pk, "reason": "Seen"})

    assert "How do you know?" in page
    assert answer.url == DESK


def test_from_a_messages_own_page_one_comes_back_to_it(admin, unknown):
    [message] = unknown()
    own = page_of("campaigns_message", "change", message.pk)

    html = admin.get(own).content.decode()
    answer = settle(admin, "sent", [message], reason="Seen", **{"from": "message"})

    assert "Nobody knows whether this message was sent." in html
    assert answer.headers["HX-Redirect"] == own


def test_a_messages_page_tells_all_that_was_sent_and_heard(admin, unknown):
    [message] = unknown()
    settle(admin, "look_up", [message])
    settle(admin, "sent", [message], reason="In their log")
    message.refresh_from_db()
    take_receipts(
        "memory", [Delivery("delivered", reference=str(message.reference), reason="Handset", occurred_at=NOON)]
    )

    page = admin.get(page_of("campaigns_message", "change", message.pk))

    assert [entry.text for entry in reversed(page.context["heard"])] == [
        "It was owed",
        "Handed to Memory",
        "No certain answer: ConnectionError",
        "Looked up: the gateway cannot say",
        "Marked as sent: In their log",
        "Taken as sent",
        "Receipt: Delivered",
    ]
    assert [entry.details for entry in page.context["heard"]][2] == ("Memory", admin.user.username)
    assert "Hello, Ada" in page.content.decode()


def test_a_messages_page_costs_the_same_whoever_settled_it(admin, unknown):
    [message] = unknown()
    own = page_of("campaigns_message", "change", message.pk)
    settle(admin, "look_up", [message])
    few = cost(admin, own)

    for _ in range(5):
        settle(admin, "look_up", [message])

    assert cost(admin, own) == few


def test_the_desk_costs_the_same_for_few_and_many(admin, unknown):
    unknown(2)
    few = cost(admin, DESK)

    unknown(8)

    assert cost(admin, DESK) == few


def test_parts_and_encoding_are_shown_and_summed(admin, shop):
    shop.start(sms(text="Привет " * 15))
    shop.pay("O-1")
    shop.pay("O-2")
    message = Message.objects.first()

    own = admin.get(page_of("campaigns_message", "change", message.pk)).content.decode()
    listed = admin.get(page_of("campaigns_message")).content.decode()
    campaigns = admin.get(page_of("campaigns_campaign", "numbers")).content.decode()
    campaign = admin.get(page_of("campaigns_campaign", "change", message.campaign_id)).content.decode()

    assert "2 parts, UCS-2" in own
    assert "2 parts, UCS-2" in listed
    assert "2 messages, 4 parts" in campaigns
    assert "2 messages, 4 parts sent" in campaign


@pytest.mark.parametrize("permissions", [("campaigns.view_message",), ("campaigns.settle_message",)])
def test_the_desk_is_for_those_who_may_settle(unknown, permissions):
    [message] = unknown()
    other = signed_in(*permissions)

    assert other.get(DESK).status_code == 403
    assert settle(other, "sent", [message], reason="Seen").status_code == 403
    assert states() == ["unknown"]


def test_who_may_settle_sees_the_desk_with_its_number_and_who_may_not_does_not(unknown):
    [message] = unknown()
    clerk = signed_in("campaigns.view_message", "campaigns.settle_message")
    viewer = signed_in("campaigns.view_message")

    [item] = [item for item in items(clerk) if item["title"] == "Messages to settle"]

    assert (item["link"], item["badge"]) == (DESK, 1)
    assert "Messages to settle" not in [item["title"] for item in items(viewer)]
    own = page_of("campaigns_message", "change", message.pk)
    assert "Mark as sent" in clerk.get(own).content.decode()
    assert "Mark as sent" not in viewer.get(own).content.decode()


def items(client):
    groups = client.get("/admin/").context["sidebar_navigation"]
    return [item for group in groups for item in group["items"]]
