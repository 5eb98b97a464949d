"""Settings > SMS: connecting, ordering, trying and leaving gateways; secrets go in and never come out."""

import logging
import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from campaigns.lifecycle import save_draft
from campaigns.models import Message, SmsGateway
from campaigns.sms import admin as screen
from campaigns.sms.connections import Switchboard, address_for_receipts
from campaigns.sms.gateways import KINDS
from campaigns.sms.gateways.base import Later, Refused, Taken, Unsure
from campaigns.sms.sending import send_due
from tests.campaigns.shop import definition, sms
from tests.campaigns.sms import pigeon
from tests.screens import HTMX, actions, cost, done, page_of, signed_in
from workspace.encryption import decrypt, encrypt

pytestmark = pytest.mark.django_db

MODEL = "campaigns_smsgateway"
LIST = page_of(MODEL)
CONNECT = page_of(MODEL, "add") + "?kind=pigeon"
TYPED = {
    "name": "Main route",
    "code": "main-route",
    "sender": "SHOP",
    "connections": "5",
    "per_second": "",
    "price_per_part": "0.045",
    "currency": "EUR",
    "own-url": "https://pigeons.example",
    "own-password": "hush-hush",
    "own-signature": "",
}


@pytest.fixture
def admin():
    return signed_in(is_superuser=True)


@pytest.fixture
def loft(monkeypatch):
    """The kind that can be connected here: its birds."""
    loft, kind = pigeon.kind()
    monkeypatch.setitem(KINDS, "pigeon", kind)
    return loft


@pytest.fixture
def connected(loft):
    """`connected("B", is_active=False)`: a gateway with a password."""

    def connect(name="Main route", **fields):
        code = name.lower().replace(" ", "-")
        row = {
            "kind": "pigeon",
            "position": SmsGateway.objects.count() + 1,
            "settings": {"url": "https://pigeons.example", "is_fast": False},
            "secrets": encrypt({"password": "hush-hush"}),
        }
        return SmsGateway.objects.create(name=name, code=code, **row | fields)

    return connect


def change(client, row, **typed):
    fields = {name: value for name, value in TYPED.items() if name != "code"}
    return client.post(page_of(MODEL, "change", row.pk), fields | {"own-password": ""} | typed)


def verb(client, name, row, **fields):
    return client.post(page_of(MODEL, name, row.pk), fields, headers=HTMX)


def names_in_order():
    return list(SmsGateway.objects.values_list("name", flat=True))


def names_asked():
    return [one.code for one in Switchboard.now().in_order]


# Connecting


def test_only_kinds_that_reach_people_are_offered(admin, loft):
    page = admin.get(page_of(MODEL, "add"))

    offered = [kind.key for kind in page.context["kinds"]]
    assert "pigeon" in offered
    assert not {"phone", "console", "memory"} & set(offered)
    assert "For those who live on a hill." in page.content.decode()


def test_what_is_connected_is_kept_and_its_secrets_are_encrypted(admin, loft):
    answer = admin.post(CONNECT, TYPED)

    row = SmsGateway.objects.get()
    assert answer.url == page_of(MODEL, "change", row.pk)
    assert (row.name, row.code, row.kind, row.sender) == ("Main route", "main-route", "pigeon", "SHOP")
    assert (row.connections, row.per_second, row.price_per_part, row.currency) == (5, None, Decimal("0.045"), "EUR")
    assert row.settings == {"url": "https://pigeons.example", "is_fast": False}
    assert "hush" not in row.secrets
    assert decrypt(row.secrets) == {"password": "hush-hush"}


def test_a_new_gateway_comes_last_and_is_not_in_use_yet(admin, connected):
    connected("First")

    admin.post(CONNECT, TYPED)

    row = SmsGateway.objects.get(name="Main route")
    assert (row.position, row.is_active) == (2, False)


def test_mistakes_are_told_beside_their_fields_and_what_was_typed_is_kept(admin, loft):
    typed = TYPED | {"name": "", "connections": "0", "currency": "", "own-url": "no address"}

    page = admin.post(CONNECT, typed)

    forms, html = page.context["forms"], page.content.decode()
    assert list(forms.common.errors) == ["name", "currency", "connections"]
    assert list(forms.own.errors) == ["url"]
    assert "Not saved: 4 things to mend." in html
    assert 'value="SHOP"' in html
    assert 'value="no address"' in html
    assert not SmsGateway.objects.exists()


def test_a_secret_typed_in_vain_is_not_shown_back_and_asked_for_again(admin, loft):
    html = admin.post(CONNECT, TYPED | {"name": ""}).content.decode()

    assert "hush-hush" not in html
    assert "Write it again: what is secret is not shown back." in html


def test_a_code_that_is_taken_is_told_beside_the_code(admin, connected):
    connected("Main route")

    page = admin.post(CONNECT, TYPED)

    assert list(page.context["forms"].common.errors) == ["code"]


@pytest.mark.parametrize("code", ["phone", "Phone", "console", "memory"])
def test_a_code_that_is_built_in_is_refused(admin, loft, code):
    page = admin.post(CONNECT, TYPED | {"code": code})

    assert page.context["forms"].common.errors == {
        "code": [f"“{code}” is the code of a gateway that is built in and reaches nobody. Choose another."]
    }
    assert 'data-reserved="console memory phone"' in page.content.decode()
    assert not SmsGateway.objects.exists()


# Changing


def test_a_secret_left_empty_is_the_one_that_is_kept(admin, connected):
    row = connected()

    change(admin, row, **{"own-is_fast": "on"})

    row.refresh_from_db()
    assert row.settings == {"url": "https://pigeons.example", "is_fast": True}
    assert decrypt(row.secrets) == {"password": "hush-hush"}


def test_a_secret_that_is_written_replaces_the_one_that_is_kept(admin, connected):
    row = connected()

    change(admin, row, **{"own-password": "louder", "own-signature": "sealed"})

    row.refresh_from_db()
    assert decrypt(row.secrets) == {"password": "louder", "signature": "sealed"}


def test_a_secret_that_need_not_be_there_can_be_forgotten(admin, connected):
    row = connected(secrets=encrypt({"password": "hush-hush", "signature": "sealed"}))

    change(admin, row, **{"own-forget_signature": "on"})

    row.refresh_from_db()
    assert decrypt(row.secrets) == {"password": "hush-hush"}
    assert set(row.settings) == {"url", "is_fast"}


def test_secrets_are_in_no_page_no_history_and_no_log(admin, connected, caplog):
    caplog.set_level(logging.DEBUG)
    row = connected(secrets=encrypt({"password": "hush-hush", "signature": "sealed"}))

    change(admin, row, **{"own-password": "louder"})
    pages = [admin.get(address).content.decode() for address in (LIST, page_of(MODEL, "change", row.pk))]
    wrong = change(admin, row, name="").content.decode()
    history = admin.get(page_of(MODEL, "history", row.pk)).content.decode()

    for text in (*pages, wrong, history, caplog.text, str(done())):
        assert not any(secret in text for secret in ("hush-hush", "louder", "sealed"))


def test_the_history_tells_what_was_changed_but_no_secret(admin, connected):
    row = connected(sender="SHOP", price_per_part=Decimal("0.045"), currency="EUR", connections=5)

    change(admin, row, sender="STORE", **{"own-password": "louder"})
    change(admin, row, sender="STORE")

    assert done() == [("changed", {"sender": ["SHOP", "STORE"], "secrets.password": None})]


@pytest.mark.parametrize(
    "typed",
    [
        {"sender": "STORE"},
        {"connections": "7"},
        {"own-password": "louder"},
        {"own-url": "https://other.example"},
    ],
)
def test_what_is_saved_is_connected_anew(admin, connected, typed):
    row = connected()
    before = Switchboard.now().find(row.code).gateway

    change(admin, row, **typed)

    after = Switchboard.now().find(row.code).gateway
    assert after is not before
    assert after.setup.sender == typed.get("sender", "SHOP")
    assert after.setup.connections == int(typed.get("connections", 5))
    assert after.setup.secrets == {"password": typed.get("own-password", "hush-hush")}
    assert after.setup.settings["url"] == typed.get("own-url", "https://pigeons.example")


def test_saving_ends_an_outage_and_keeps_what_workers_wrote_meanwhile(admin, connected, monkeypatch):
    row = connected(out_until=timezone.now() + timedelta(minutes=1))
    found = screen.GatewayScreen.found

    def found_and_then_used(self, *args, **kwargs):
        row = found(self, *args, **kwargs)
        SmsGateway.objects.update(last_error="Busy")
        return row

    monkeypatch.setattr(screen.GatewayScreen, "found", found_and_then_used)
    change(admin, row)

    row.refresh_from_db()
    assert (row.out_until, row.last_error) == (None, "Busy")


def test_the_code_stays_as_it_is(admin, connected):
    row = connected()

    change(admin, row, code="other")

    row.refresh_from_db()
    assert row.code == "main-route"


def test_secrets_that_cannot_be_read_are_told_and_asked_for_again(admin, connected, settings):
    row = connected()
    settings.ENCRYPTION_KEYS = ["another key"]

    page = admin.get(page_of(MODEL, "change", row.pk)).content.decode()
    refused = change(admin, row)
    change(admin, row, **{"own-password": "louder", "own-signature": "sealed"})

    assert "cannot be read with ENCRYPTION_KEYS" in page
    assert list(refused.context["forms"].own.errors) == ["password", "start_without"]
    row.refresh_from_db()
    assert decrypt(row.secrets) == {"password": "louder", "signature": "sealed"}


def test_a_secret_that_cannot_be_read_is_not_lost_without_a_word(admin, connected, settings):
    row = connected(secrets=encrypt({"password": "hush-hush", "signature": "sealed"}))
    kept, settings.ENCRYPTION_KEYS = row.secrets, ["another key"]

    refused = change(admin, row, **{"own-password": "louder"})
    row.refresh_from_db()
    stands = row.secrets == kept
    change(admin, row, **{"own-password": "louder", "own-start_without": "on"})

    assert refused.context["forms"].own.errors == {
        "start_without": ["Enter each secret again. Tick this if the gateway never had those that you leave empty."]
    }
    assert stands
    row.refresh_from_db()
    assert decrypt(row.secrets) == {"password": "louder"}
    assert set(row.settings) == {"url", "is_fast"}


def test_secrets_that_can_be_read_are_not_asked_for_again(admin, connected):
    row = connected()

    page = admin.get(page_of(MODEL, "change", row.pk)).content.decode()

    assert "start_without" not in page


def test_a_gateway_that_cannot_be_connected_does_not_stop_the_others(admin, shop, connected, settings, loft):
    connected("Broken")
    settings.ENCRYPTION_KEYS = ["another key"]
    connected("Good")
    shop.start(sms())

    shop.pay()
    later = timezone.now() + timedelta(seconds=10)
    Message.objects.update(due_at=timezone.now())
    send_due()

    assert Message.objects.get().gateway == "good"
    assert Message.objects.get().state == "accepted"
    broken = SmsGateway.objects.get(name="Broken")
    assert "ENCRYPTION_KEYS" in broken.last_error
    assert broken.out_until > later
    assert "Cannot be used" in admin.get(LIST).content.decode()


# Their order


def test_a_gateway_is_moved_up_and_down(admin, connected):
    rows = [connected(name) for name in ("A", "B", "C")]

    verb(admin, "move", rows[2], to="up")
    assert names_in_order() == ["A", "C", "B"]
    verb(admin, "move", rows[0], to="down")

    assert names_in_order() == ["C", "A", "B"]
    assert names_asked() == ["c", "a", "b"]
    assert done() == [("changed", {"position": [3, 2]}), ("changed", {"position": [1, 2]})]


def test_the_first_cannot_be_moved_up(admin, connected):
    rows = [connected(name) for name in ("A", "B")]

    answer = verb(admin, "move", rows[0], to="up")

    assert answer.status_code == 200
    assert names_in_order() == ["A", "B"]
    assert done() == []


def test_the_list_says_how_each_stands(admin, connected):
    now = timezone.now()
    connected("Busy", last_sent_at=now, per_second=30, price_per_part=Decimal("0.0450"), currency="EUR", connections=1)
    connected("Fresh")
    connected("Down", out_until=now + timedelta(minutes=5), last_error="Connection refused", last_error_at=now)
    connected("Gone", is_active=False)
    connected("Strange", kind="telegraph", refused_call="A call without the right token.", refused_call_at=now)

    page = admin.get(LIST)

    states = [state for _row, _facts, state in page.context["rows"]]
    for state, words in zip(
        states, ["Active", "Active, never used", "Out of order until", "Not in use", "Cannot be used"], strict=True
    ):
        assert words in state
    html = page.content.decode()
    assert "1 call at once, at most 30 messages a second" in html
    assert "€0.045 a part" in html
    assert "Connection refused" in html
    assert html.count("Refused call") == 1
    assert "A call without the right token." in html
    assert "Messages go to the first gateway." in html


def test_the_list_costs_the_same_for_one_and_many(admin, connected):
    connected("A")
    one = cost(admin, LIST)

    for name in "BCDEF":
        connected(name)

    assert cost(admin, LIST) == one


# A test


@pytest.mark.parametrize(
    ("says", "words"),
    [
        (Taken("P-1"), "The gateway took it, and calls it P-1."),
        (Refused("No such bird"), "The gateway refused it: No such bird"),
        (Later("No wind", is_outage=True), "The gateway takes no message now: No wind"),
        (Later("Too many"), "The gateway would not take it now: Too many"),
        (Unsure("No answer"), "No certain answer, so the text may arrive or not: No answer"),
        (RuntimeError("https://user:hush-hush@pigeons.example"), "the text may arrive or not: RuntimeError"),
    ],
)
def test_a_test_tells_what_the_gateway_said(admin, connected, loft, says, words):
    row = connected(sender="SHOP", is_active=False)
    loft.says = says

    html = verb(admin, "test", row, to="+1 202 555 0143", text="Hello").content.decode()

    assert words in html
    assert loft.sent == [("+12025550143", "Hello", "SHOP", {"password": "hush-hush"})]
    said = "Unsure" if isinstance(says, Exception) else type(says).__name__
    assert done() == [("tested", {"answer": [None, said]})]


def test_after_a_test_there_is_nothing_to_cancel(admin, connected, loft):
    row = connected()

    before = admin.get(page_of(MODEL, "test", row.pk), headers=HTMX).content.decode()
    after = admin.post(page_of(MODEL, "test", row.pk), {"to": "+12025550143", "text": "Hi"}, headers=HTMX)

    assert ">Cancel<" in before
    assert ">Cancel<" not in after.content.decode()
    assert ">Close</a>" in after.content.decode()


def test_a_test_makes_no_message_and_notes_how_it_went(admin, connected, loft):
    row = connected()
    loft.says = Refused("No such bird")

    verb(admin, "test", row, to="+12025550143", text="Hello")

    row.refresh_from_db()
    assert (row.last_error, row.last_sent_at) == ("No such bird", None)
    assert not Message.objects.exists()


def test_a_test_warns_that_it_costs_a_message(admin, connected):
    html = admin.get(page_of(MODEL, "test", connected().pk), headers=HTMX).content.decode()

    assert "This is a real message" in html
    assert "A test from Order Status Engine." in html


def test_a_number_that_cannot_be_read_is_told_and_nothing_is_sent(admin, connected, loft):
    html = verb(admin, "test", connected(), to="12", text="Hello").content.decode()

    assert "This cannot be read as a phone number." in html
    assert loft.sent == ()


def test_a_test_needs_the_token_against_forged_requests(admin, connected, loft):
    admin.handler.enforce_csrf_checks = True

    answer = verb(admin, "test", connected(), to="+12025550143", text="Hello")

    assert answer.status_code == 403
    assert loft.sent == ()


def test_the_log_of_a_test_has_neither_number_nor_text(admin, connected, loft, caplog):
    caplog.set_level(logging.DEBUG)
    loft.says = RuntimeError("to +12025550143")

    verb(admin, "test", connected(), to="+12025550143", text="A secret text")

    assert "A secret text" not in caplog.text + str(done())


# Receipts


ADDRESS = "https://shop.example/api/v1/receipts/main-route/"


def test_the_address_for_receipts_is_shown_to_be_copied(admin, connected, settings):
    settings.PUBLIC_URL = "https://shop.example"
    signed = {"kind": "http", "settings": {"url": "https://sms.example"}, "secrets": encrypt({"signing_secret": "s"})}

    html = admin.get(page_of(MODEL, "change", connected(**signed).pk)).content.decode()

    assert f'value="{ADDRESS}"' in html
    assert "token" not in html.replace("csrfmiddlewaretoken", "")


def test_where_nothing_is_signed_the_address_holds_a_token_for_who_may_change_it(admin, connected, settings):
    settings.PUBLIC_URL = "https://shop.example"
    change_page = page_of(MODEL, "change", connected().pk)

    html = admin.get(change_page).content.decode()
    viewed = signed_in("campaigns.view_smsgateway").get(change_page).content.decode()

    assert re.search(rf'value="{ADDRESS}\?token=[0-9a-f]{{32}}"', html)
    assert "Nothing this provider sends is signed." in html
    assert ADDRESS not in viewed


@pytest.mark.parametrize("kind", ["http", "http_batch"])
def test_a_gateway_over_http_says_that_it_hears_no_stop_until_it_is_told_where_words_stand(admin, connected, kind):
    url = {"url": "https://sms.example"}
    deaf, hearing = (
        connected("A", kind=kind, settings=url),
        connected("B", kind=kind, settings={**url, "incoming_text": "text"}),
    )

    pages = [admin.get(page_of(MODEL, "change", row.pk)).content.decode() for row in (deaf, hearing)]

    assert ["No STOP is heard through this gateway yet." in page for page in pages] == [True, False]


def test_an_address_is_renewed_by_who_may_change_it_and_is_in_no_history(admin, connected, settings):
    settings.PUBLIC_URL = "https://shop.example"
    row = connected()
    old = address_for_receipts(row)

    window = admin.get(page_of(MODEL, "renew", row.pk), headers=HTMX).content.decode()
    refused = verb(signed_in("campaigns.view_smsgateway"), "renew", row)
    kept = address_for_receipts(SmsGateway.objects.get())
    answer = verb(admin, "renew", row)
    new = address_for_receipts(SmsGateway.objects.get())

    assert "The old address is refused at once." in window
    assert (refused.status_code, kept) == (403, old)
    assert answer.headers["HX-Redirect"] == page_of(MODEL, "change", row.pk)
    assert re.fullmatch(rf"{ADDRESS}\?token=[0-9a-f]{{32}}", new)
    assert new != old
    assert done() == [("changed", {"receipts_salt": None})]


def test_without_a_public_address_it_is_said_what_to_do(admin, connected, settings):
    settings.PUBLIC_URL = ""

    html = admin.get(page_of(MODEL, "change", connected().pk)).content.decode()

    assert "PUBLIC_URL=https://your.address" in html


def test_where_receipts_come_on_a_line_no_address_is_shown_for_them(admin, connected, settings):
    settings.PUBLIC_URL = "https://shop.example"

    html = admin.get(page_of(MODEL, "change", connected(kind="smpp").pk)).content.decode()

    assert ADDRESS not in html
    assert "manage.py listen" in html.split('id="receipts"')[1]


# In use, or not


def test_who_activates_the_first_is_told_that_people_get_texts_from_now_on(admin, connected):
    row = connected(is_active=False)

    html = admin.get(page_of(MODEL, "activate", row.pk), headers=HTMX).content.decode()
    answer = verb(admin, "activate", row)

    assert "go to customers’ phones" in html
    assert "What a test key tells, as that of the demo shop does, stays on the test phone." in html
    assert answer.headers["HX-Redirect"] == LIST
    assert names_asked() == ["main-route"]


def test_who_stops_the_last_is_told_that_nobody_gets_texts_from_now_on(admin, connected):
    first, second = connected("A"), connected("B")

    one_of_two = admin.get(page_of(MODEL, "deactivate", first.pk), headers=HTMX).content.decode()
    verb(admin, "deactivate", first)
    last = admin.get(page_of(MODEL, "deactivate", second.pk), headers=HTMX).content.decode()

    assert "It is the only one in use." not in one_of_two
    assert "It is the only one in use." in last
    assert names_asked() == ["b"]
    assert done() == [("deactivated", {"is_active": [True, False]})]


def test_a_gateway_that_no_message_names_can_be_deleted(admin, connected):
    row = connected()

    verb(admin, "delete", row)

    assert not SmsGateway.objects.exists()
    assert actions().get().object_label == "Main route"


def test_a_gateway_that_a_message_names_stays_and_can_be_left(admin, shop, connected):
    row = connected("Main route")
    shop.start(sms())
    shop.pay()

    html = admin.get(page_of(MODEL, "delete", row.pk), headers=HTMX).content.decode()
    verb(admin, "delete", row)

    assert "name this gateway, so it stays" in html
    assert "Stop using it" in html
    assert SmsGateway.objects.exists()


# With none connected


def test_with_none_in_use_the_screens_say_that_the_test_phone_gets_it_all(admin, shop, connected):
    campaign = save_draft(definition(sms()))[0]
    addresses = [page_of("campaigns_campaign", verb, campaign.pk) for verb in ("activate", "change")]
    row = connected(is_active=False)

    before = [admin.get(address).content.decode() for address in addresses]
    lists = admin.get(LIST).content.decode()
    verb(admin, "activate", row)
    after = [admin.get(address).content.decode() for address in (*addresses, LIST)]

    for html in before:
        assert "messages go to the test phone only" in html
        assert f'href="{LIST}"' in html
    assert "messages go to the test phone only" in lists
    assert not any("messages go to the test phone only" in html for html in after)


# Who may


def test_who_may_only_look_changes_nothing(connected, loft):
    row, viewer = connected(), signed_in("campaigns.view_smsgateway")

    page = viewer.get(page_of(MODEL, "change", row.pk)).content.decode()

    assert "Send a test" not in viewer.get(LIST).content.decode() + page
    assert change(viewer, row, sender="X").status_code == 200
    for name in ("move", "test", "activate", "deactivate", "delete"):
        assert verb(viewer, name, row, to="+12025550143", text="Hello").status_code == 403
    assert viewer.get(CONNECT).status_code == 403
    assert loft.sent == ()
    row.refresh_from_db()
    assert row.sender == ""


def test_others_see_none_of_it(connected):
    row, stranger = connected(), signed_in("campaigns.view_message")

    for address in (LIST, page_of(MODEL, "change", row.pk), page_of(MODEL, "test", row.pk)):
        assert stranger.get(address).status_code == 403
    assert "SMS" not in [
        item["title"] for group in stranger.get("/admin/").context["sidebar_navigation"] for item in group["items"]
    ]


def test_a_price_is_in_a_currency_that_is_paid_with_today(admin, connected):
    fresh = admin.get(page_of(MODEL, "add") + "?kind=http").content.decode()
    kept = admin.get(page_of(MODEL, "change", connected(currency="DEM").pk)).content.decode()

    assert "EUR · Euro" in fresh
    assert "DEM" not in fresh
    assert "XTS" not in fresh
    assert '<option value="DEM" selected>' in kept


# The kinds that come with it

BY_HTTP = {
    "own-url": "https://sms.example/send",
    "own-format": "json",
    "own-body": '{"to": "{to}", "text": "{text}"}',
    "own-receipt_status": "status",
    "own-receipt_words": '{"ok": "delivered"}',
    "own-signature_header": "X-Signature",
    "own-auth_header": "Authorization",
    "own-auth_value": "Bearer hush-hush",
    "own-timeout_s": "10",
}
BY_TWILIO = {
    "own-account_sid": "AC" + "0" * 32,
    "own-auth_token": "hush-hush",
    "own-base_url": "https://api.twilio.com",
}


@pytest.mark.parametrize(
    ("kind", "own", "secrets"),
    [
        ("http", BY_HTTP, {"auth_value": "Bearer hush-hush"}),
        ("twilio", BY_TWILIO, {"auth_token": "hush-hush"}),
    ],
)
def test_a_real_kind_is_connected_and_saved_again_unchanged(admin, kind, own, secrets):
    typed = {name: value for name, value in TYPED.items() if not name.startswith("own-")}
    admin.post(page_of(MODEL, "add") + f"?kind={kind}", typed | own)
    row = SmsGateway.objects.get()
    before = row.settings

    shown = admin.get(page_of(MODEL, "change", row.pk)).context["forms"]
    again = {field.html_name: field.value() for form in (shown.common, shown.own) for field in form if field.value()}
    admin.post(page_of(MODEL, "change", row.pk), again)

    row.refresh_from_db()
    assert (row.kind, decrypt(row.secrets), row.settings) == (kind, secrets, before)
    assert Switchboard.now().find("main-route") is not None
    assert [verb for verb, _changes in done()] == ["created"]


@pytest.mark.parametrize(
    ("kind", "first"),
    [
        ("http", ["url", "format", "body", "auth_header", "auth_value"]),
        ("http_batch", ["url", "per_call", "body", "message", "auth_header"]),
    ],
)
def test_what_is_posted_stands_beside_where_it_is_posted_to(admin, kind, first):
    page = admin.get(page_of(MODEL, "add") + f"?kind={kind}").content.decode()

    fields = re.findall(r'name="own-(\w+)"', page)
    assert fields[:5] == first


def test_what_most_people_leave_as_it_is_is_folded_away_until_it_is_wrong(admin):
    connect = page_of(MODEL, "add") + "?kind=http"

    fresh = admin.get(connect).context["forms"].sections()
    wrong = admin.post(connect, TYPED | BY_HTTP | {"own-receipt_words": "{"}).context["forms"].sections()

    assert [str(section.heading) for section in fresh] == [
        "",
        "Answers",
        "Repeats and look-up",
        "Receipts",
        "Texts people write",
    ]
    assert [section.is_wrong for section in wrong] == [False, False, False, True, False]
