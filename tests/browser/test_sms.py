"""Settings > SMS, the messages to settle and the System page in a real browser, by mouse and by keyboard."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from campaigns.lifecycle import activate, save_draft
from campaigns.models import Message, SmsGateway
from campaigns.sms.gateways import BUILTIN, KINDS
from campaigns.sms.gateways.base import Promises, Refused, Taken
from tests.browser.conftest import press
from tests.campaigns.shop import Shop, definition, sms
from tests.campaigns.sms import pigeon
from tests.factories import CustomerFactory
from tests.screens import page_of
from workspace.encryption import encrypt
from workspace.heartbeats import SWEEPS, beat
from workspace.models import Workspace
from workspace.queues import QUEUES

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LIST = page_of("campaigns_smsgateway")
DESK = page_of("campaigns_message", "desk")


@pytest.fixture
def loft(monkeypatch):
    loft, kind = pigeon.kind()
    monkeypatch.setitem(KINDS, "pigeon", kind)
    return loft


@pytest.fixture
def gateways(loft):
    now = timezone.now()
    common = {"kind": "pigeon", "settings": {"url": "https://pigeons.example"}, "secrets": encrypt({"password": "x"})}
    return [
        SmsGateway.objects.create(code=name.lower(), name=name, position=place, **common | fields)
        for place, (name, fields) in enumerate(
            {
                "Hill": {"last_sent_at": now, "per_second": 30, "price_per_part": "0.045", "currency": "EUR"},
                "Valley": {
                    "out_until": now + timedelta(minutes=20),
                    "last_error": "Connection refused by pigeons.example after 3 attempts",
                    "last_error_at": now,
                },
                "Shore": {"is_active": False, "sender": "SHOP"},
            }.items(),
            start=1,
        )
    ]


@pytest.fixture
def unknown(db, settings):
    """Four messages of unknown fate, of a gateway that can be asked."""
    settings.SMS_GATEWAY = "memory"
    memory = BUILTIN["memory"]
    memory.clear()
    memory.promises, memory.fails = Promises(can_look_up=True), True
    shop = Shop()
    activate(save_draft(definition(sms(text="Your order {{ order.external_id }} is on its way.")))[0])
    for number in range(1, 5):
        shop.pay(f"DEMO-100{number}")
    memory.fails = False
    yield memory
    memory.clear()


@pytest.fixture
def shop_with_texts(db, settings):
    """As long words as a shop has, and every fate that takes room to tell."""
    settings.SMS_GATEWAY = "memory"
    BUILTIN["memory"].clear()
    shop = Shop()
    text = "Hello {{ customer.first_name }}, your order {{ order.external_id }} is ready for you at the pickup point."
    activate(save_draft(definition(sms(text=text), name="Ready for pickup at the pickup point"))[0])
    ada = CustomerFactory(first_name="Bartholomew", last_name="Featherstonehaugh", sms_consent="given")
    for number in range(1, 5):
        shop.pay(f"DEMO-100{number}", customer=ada)
    Message.objects.filter(pk=Message.objects.last().pk).update(state="skipped", skip_reason="not_mobile", text="")
    Message.objects.filter(pk=Message.objects.first().pk).update(state="unknown", is_test=True)


def is_narrow(page):
    """On a phone nothing stands out to the right."""
    page.set_viewport_size({"width": 390, "height": 844})
    beyond = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    page.set_viewport_size({"width": 1280, "height": 900})
    return beyond <= 0


def test_a_gateway_is_connected_tried_and_put_to_use_by_keyboard(page, visit, shoot, loft):
    visit(LIST)
    expect(page.get_by_text("messages go to the test phone only")).to_be_visible()
    shoot("sms-none")

    press(page, page.get_by_role("link", name="Connect a gateway"))
    expect(page.get_by_text("For those who live on a hill.")).to_be_visible()
    shoot("sms-choose")
    press(page, page.get_by_role("link", name="Carrier pigeons"))
    expect(page.get_by_label("Name", exact=True)).to_be_focused()
    page.keyboard.type("Main route, 1st")
    expect(page.get_by_label("Code", exact=True)).to_have_value("main-route-1st")
    page.get_by_label("Sender ID").fill("SHOP")
    page.get_by_label("Password").fill("hush-hush")
    page.keyboard.press("Enter")

    # Without an address it is not saved: the keyboard stands there, and all but the password is kept.
    expect(page.get_by_role("alert").first).to_contain_text("Not saved: one thing to mend.")
    expect(page.get_by_label("Address", exact=True)).to_be_focused()
    expect(page.get_by_label("Sender ID")).to_have_value("SHOP")
    expect(page.get_by_label("Password")).to_have_value("")
    shoot("sms-mend")
    page.keyboard.type("https://pigeons.example")
    page.get_by_label("Password").fill("hush-hush")
    page.keyboard.press("Enter")
    expect(page.get_by_text("“Main route, 1st” is connected.")).to_be_visible()
    assert is_narrow(page)
    shoot("sms-connected")

    press(page, page.get_by_role("link", name="Send a test"))
    window = page.get_by_role("dialog")
    expect(window.get_by_label("To")).to_be_visible()
    window.get_by_label("To").fill("+1 202 555 0143")
    loft.says = Refused("Sender SHOP is not registered")
    press(page, window.get_by_role("button", name="Send it"))
    expect(window.get_by_role("alert")).to_have_text("The gateway refused it: Sender SHOP is not registered")
    shoot("sms-test")
    loft.says = Taken("P-1")
    press(page, window.get_by_role("button", name="Send another"))
    expect(window.get_by_role("alert")).to_have_text("The gateway took it, and calls it P-1.")
    page.keyboard.press("Escape")
    expect(window).to_be_hidden()

    press(page, page.get_by_role("link", name="Let campaigns use it"))
    expect(window).to_contain_text("go to customers’ phones")
    shoot("sms-activate")
    press(page, window.get_by_role("button", name="Let campaigns use it"))
    expect(page.get_by_text("Campaigns use “Main route, 1st” from now on.")).to_be_visible()
    expect(page.get_by_text("messages go to the test phone only")).to_be_hidden()
    assert SmsGateway.objects.get().is_active


def test_a_code_that_is_built_in_is_not_suggested(page, visit, loft):
    visit(page_of("campaigns_smsgateway", "add") + "?kind=pigeon")

    page.get_by_label("Name", exact=True).press_sequentially("Phone")

    expect(page.get_by_label("Code", exact=True)).to_have_value("phone-2")


def test_gateways_change_places_by_keyboard_and_the_focus_stays(page, visit, shoot, gateways):
    visit(LIST)
    shoot("sms-list")
    assert is_narrow(page)
    up = page.get_by_role("button", name="Move up: Shore")

    press(page, up)
    expect(page.locator("#sms-list h2")).to_have_text(["Hill", "Shore", "Valley"])
    expect(up).to_be_focused()
    press(page, up)
    expect(page.locator("#sms-list h2")).to_have_text(["Shore", "Hill", "Valley"])
    expect(up).to_be_focused()
    expect(page.get_by_role("status").get_by_text("“Shore” is number 1 now.")).to_be_attached()
    press(page, up)

    expect(up).to_be_focused()
    assert list(SmsGateway.objects.values_list("name", flat=True)) == ["Shore", "Hill", "Valley"]


def test_a_gateway_is_left_and_deleted_by_mouse(page, visit, shoot, gateways):
    visit(page_of("campaigns_smsgateway", "change", gateways[0].pk))
    window = page.get_by_role("dialog")

    page.get_by_role("link", name="Stop using it").click()
    expect(window).to_contain_text("The other gateways take its messages.")
    window.get_by_role("button", name="Stop using it").click()
    expect(page.get_by_text("Campaigns no longer use “Hill”.")).to_be_visible()
    page.get_by_role("link", name="Hill").click()
    page.get_by_role("link", name="Delete").click()
    expect(window).to_contain_text("Its settings and secrets are gone then.")
    shoot("sms-delete")
    window.get_by_role("button", name="Delete").click()

    expect(page.get_by_text("“Hill” is gone.")).to_be_visible()
    assert list(SmsGateway.objects.values_list("name", flat=True)) == ["Valley", "Shore"]


def test_messages_are_settled_in_bulk_by_keyboard(page, visit, shoot, unknown):
    visit(DESK)
    expect(page.get_by_role("link", name="Messages to settle 4")).to_be_visible()
    expect(page.get_by_role("button", name="Mark as sent")).to_be_disabled()
    expect(page.get_by_text("None chosen")).to_be_visible()

    page.get_by_label("Choose the message to").first.focus()
    page.keyboard.press("Space")
    expect(page.get_by_text("1 chosen")).to_be_visible()
    shoot("desk")
    assert is_narrow(page)
    page.get_by_label("Choose all shown").focus()
    page.keyboard.press("Space")
    expect(page.get_by_text("4 chosen")).to_be_visible()
    press(page, page.get_by_role("button", name="Mark as not sent and send"))
    window = page.get_by_role("dialog")
    expect(window.get_by_label("How do you know?")).to_be_focused()
    expect(window).to_contain_text("Customers who got them after all get them twice.")
    press(page, window.get_by_role("button", name="Mark as not sent and send"))
    expect(window).to_contain_text("This field is required.")
    shoot("desk-reason")
    window.get_by_label("How do you know?").fill("Not in their log")
    press(page, window.get_by_role("button", name="Mark as not sent and send"))

    expect(page.get_by_text("4 messages are on their way again.")).to_be_visible()
    expect(page.get_by_text("There is nothing to settle.")).to_be_visible()
    shoot("desk-empty")
    assert set(Message.objects.values_list("state", flat=True)) == {"pending"}


def test_one_message_is_looked_up_and_settled_on_its_own_page(page, visit, shoot, unknown):
    message = Message.objects.order_by("pk").first()
    visit(page_of("campaigns_message", "change", message.pk))

    page.get_by_role("button", name="Look up again").click()
    expect(page.get_by_text("Looked up: the gateway cannot say")).to_be_visible()
    shoot("desk-message")
    assert is_narrow(page)
    page.get_by_role("button", name="Mark as sent").click()
    window = page.get_by_role("dialog")
    window.get_by_label("How do you know?").fill("The customer said so")
    window.get_by_role("button", name="Mark as sent").click()

    expect(page.get_by_text("Marked as sent: The customer said so")).to_be_visible()
    expect(page.get_by_role("button", name="Mark as sent")).to_be_hidden()


def test_sending_is_paused_and_resumed_and_drawing_anew_moves_no_focus(
    page,
    visit,
    shoot,
    unknown,
    gateways,
):
    for name in (*QUEUES, SWEEPS):
        beat(name)
    visit("/admin/system/")
    shoot("system")
    assert is_narrow(page)

    opener = page.get_by_role("link", name="Pause all sending")
    opener.focus()
    drawn = page.get_by_text("drawn anew every five seconds")
    expect(drawn).not_to_have_text(drawn.inner_text(), timeout=10_000)
    page.wait_for_function("!document.querySelector('.htmx-settling')")
    expect(opener).to_be_focused()
    page.keyboard.press("Enter")
    window = page.get_by_role("dialog")
    expect(window).to_contain_text("No gateway is asked to send anything")
    shoot("system-pause")
    press(page, window.get_by_role("button", name="Pause all sending"))
    expect(page.get_by_text("Orders still enter campaigns, and messages wait.")).to_be_visible()
    shoot("system-paused")
    visit(DESK)
    shoot("desk-paused")
    press(page, page.get_by_role("button", name="Resume sending"))

    expect(page.get_by_text("Messages are being sent as they become due.")).to_be_visible()
    assert Workspace.current().sending_paused_at is None


@pytest.mark.parametrize("kind", [key for key, kind in KINDS.items() if not kind.is_builtin])
def test_the_form_of_each_kind_fits_and_opens_by_keyboard(page, visit, shoot, kind):
    visit(page_of("campaigns_smsgateway", "add") + f"?kind={kind}")
    groups = page.locator("details.sms-group")

    for group in groups.all():
        press(page, group.locator("summary"))
        expect(group.locator(".os-field").first).to_be_visible()

    assert is_narrow(page)
    shoot(f"sms-kind-{kind}")


def test_the_list_of_messages_is_no_wider_than_its_card(page, visit, shoot, shop_with_texts):
    visit(page_of("campaigns_message"))
    shoot("messages")

    card = page.locator("div:has(> #result_list)")
    assert card.evaluate("card => card.scrollWidth - card.clientWidth") == 0
    assert is_narrow(page)


def test_an_address_that_somebody_may_know_is_renewed_by_keyboard(page, visit, shoot, settings):
    settings.PUBLIC_URL = "https://shop.example"
    row = SmsGateway.objects.create(
        code="acme",
        name="Main route",
        kind="http",
        settings={"url": "https://sms.example"},
        refused_call="A call without the right token.",
        refused_call_at=timezone.now(),
    )
    visit(page_of("campaigns_smsgateway", "change", row.pk))
    expect(page.get_by_text("No STOP is heard through this gateway yet.")).to_be_visible()
    shoot("gateway-renew")
    assert is_narrow(page)
    address = page.get_by_label("Address for receipts")
    old = address.input_value()

    press(page, page.get_by_role("link", name="Renew the address"))
    window = page.get_by_role("dialog")
    expect(window.get_by_role("link", name="Cancel")).to_be_focused()
    shoot("gateway-renew-window")
    press(page, window.get_by_role("button", name="Renew the address"))

    expect(page.get_by_text("The old address is refused from now on.")).to_be_visible()
    expect(address).not_to_have_value(old)
    visit(LIST)
    shoot("gateway-renew-list")
