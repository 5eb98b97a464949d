import json

import pytest
from playwright.sync_api import expect

from campaigns.draining import drain
from campaigns.lifecycle import activate, save_draft
from campaigns.models import Campaign, Message, Run
from orders.by_hand import change_status
from orders.models import Order
from statuses.models import OrderStatus
from tests.browser.conftest import SIZES, press
from tests.factories import OrderFactory, SourceFactory, StatusFactory
from tests.screens import documented_statuses, page_of, ready_for_pickup
from workspace.models import ApiKey

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def statuses(db):
    return documented_statuses()


def test_a_status_is_added_by_keyboard(page, visit, shoot):
    StatusFactory(type="delivery", name="Shipped", code="shipped")
    visit("/admin/statuses/orderstatus/?type__exact=delivery")

    page.get_by_role("link", name="Add status").focus()
    page.keyboard.press("Enter")
    window = page.get_by_role("dialog", name="Status property")
    expect(window.get_by_label("Name")).to_be_focused()
    expect(window.get_by_label("Type")).to_have_value("delivery")
    expect(window.get_by_label("Include in analytics")).to_be_checked()
    page.keyboard.type("Shipped")
    expect(window.get_by_label("Status code")).to_have_value("shipped")
    shoot("status-property")
    page.keyboard.press("Enter")
    expect(window.get_by_text("A status of this type already has this code.")).to_be_visible()
    expect(window.get_by_label("Status code")).to_be_focused()
    expect(window.get_by_label("Name")).to_have_value("Shipped")
    shoot("status-property-error")
    window.get_by_label("Status code").fill("at_pickup_point")
    window.get_by_label("Name").fill("At pickup point")
    expect(window.get_by_label("Status code")).to_have_value("at_pickup_point")
    page.keyboard.press("Enter")

    expect(window).to_be_hidden()
    expect(page.get_by_role("link", name="At pickup point")).to_be_visible()
    assert page.url.endswith("?type__exact=delivery")


def test_one_status_after_another(page, visit):
    visit("/admin/statuses/orderstatus/")

    page.get_by_role("link", name="Add status").click()
    window = page.get_by_role("dialog")
    window.get_by_label("Name").fill("Packed")
    window.get_by_role("button", name="Save and add another").click()
    expect(window.get_by_text("“Packed” was added to General.")).to_be_visible()
    expect(window.get_by_label("Name")).to_be_focused()
    page.keyboard.press("Escape")

    expect(page.get_by_role("link", name="Packed")).to_be_visible()


def test_escape_closes_the_window_and_gives_the_focus_back(page, visit):
    visit("/admin/statuses/orderstatus/")
    opener = page.get_by_role("link", name="Add status")

    opener.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")

    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(opener).to_be_focused()
    assert not OrderStatus.objects.exists()


def test_analytics_is_switched_in_the_list(page, visit):
    StatusFactory(name="Packed")
    visit("/admin/statuses/orderstatus/")
    switch = page.get_by_role("switch", name="Include “Packed” in analytics")

    switch.focus()
    page.keyboard.press("Space")

    expect(switch).to_have_attribute("aria-checked", "false")
    assert not OrderStatus.objects.get().include_in_analytics


def test_who_changes_a_status_is_told_that_it_moved_meanwhile(page, visit, statuses, shoot):
    order = OrderFactory(external_id="DEMO-1001", payment_status=statuses["invoice_issued"])
    refunded = StatusFactory(type="payment", name="Refunded")
    visit(page_of("orders_order", "change", order.pk))

    page.get_by_role("link", name="Change status Payment").click()
    window = page.get_by_role("dialog")
    window.get_by_label("New status").select_option(label="Refunded")
    change_status(order.pk, statuses["paid"], seen=statuses["invoice_issued"].pk, actor_id=None)
    window.get_by_role("button", name="Change status").click()
    expect(window.get_by_role("alert")).to_contain_text("This order is now Paid; you saw Invoice issued.")
    shoot("change-status-conflict")
    assert Order.objects.get().payment_status == statuses["paid"]
    window.get_by_role("button", name="Change status").click()

    expect(page.get_by_text("Payment is now Refunded.")).to_be_visible()
    assert Order.objects.get().payment_status == refunded
    shoot("order")


def test_the_documented_campaign_is_written_and_activated_by_keyboard(page, visit, statuses, settings, shoot):
    settings.SMS_GATEWAY = "memory"
    visit("/admin/campaigns/campaign/add/")

    expect(page.get_by_label("Name", exact=True)).to_be_focused()
    page.keyboard.type("Ready for pickup")
    expect(page.get_by_label("Code")).to_have_value("ready-for-pickup")
    page.get_by_label("It goes from").select_option("only")
    expect(page.get_by_label("It goes from", exact=True).first).to_be_focused()
    tick(page, "It goes from", "Shipped")
    tick(page, "to", "At pickup point")
    expect(page.locator("#ed-sentence")).to_have_text("When delivery goes from Shipped to At pickup point")
    press(page, page.locator("[data-adds='/steps']").get_by_role("button", name="Filter customers"))
    step = page.get_by_role("region", name="Step 1, Filter customers")
    expect(step).to_be_visible()
    tick(step, "Value", "Paid")
    press(page, step.locator("[data-adds$='/yes']").get_by_role("button", name="Send SMS"))
    text = page.get_by_label("Text")
    expect(text).to_be_focused()
    press(page, page.get_by_role("button", name="Save draft"))

    # Without a text it is not saved; the problem stands beside the text, and nothing typed is lost.
    expect(page.get_by_role("alert").first).to_contain_text("Not saved: one thing to mend.")
    expect(text).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Name", exact=True)).to_have_value("Ready for pickup")
    shoot("campaign-problem")
    text.fill("Order {{ order.external_id }} is ready.")
    press(page, page.get_by_role("button", name="Save draft"))
    expect(page.get_by_text("The draft is saved.")).to_be_visible()
    shoot("campaign")

    press(page, page.get_by_role("link", name="Activate"))
    window = page.get_by_role("dialog")
    expect(window).to_contain_text("Starts with changes after")
    expect(window).to_contain_text("messages go to the test phone only")
    shoot("campaign-activate")
    press(page, window.get_by_role("button", name="Activate"))
    expect(page.get_by_text("“Ready for pickup” is active.")).to_be_visible()

    order = OrderFactory(delivery_status=statuses["shipped"], payment_status=statuses["paid"])
    change_status(order.pk, statuses["at_pickup_point"], seen=statuses["shipped"].pk, actor_id=None)
    drain()
    assert Message.objects.get().text == f"Order {order.external_id} is ready."


def test_a_code_that_is_taken_is_told_beside_it_and_nothing_typed_is_lost(page, visit, statuses, shoot):
    save_draft(ready_for_pickup())
    visit("/admin/campaigns/campaign/add/")

    page.get_by_label("Name", exact=True).fill("Ready for pickup")
    tick(page, "to", "Shipped")
    page.locator("[data-adds='/steps']").get_by_role("button", name="Send SMS").click()
    page.get_by_label("Category").fill("offers")
    press(page, page.get_by_role("button", name="Save draft"))

    code = page.get_by_label("Code", exact=True)
    taken = "Another campaign has the code “ready-for-pickup”. Choose another one."
    expect(page.get_by_role("alert").first).to_contain_text("Not saved: 2 things to mend.")
    expect(code).to_have_attribute("aria-invalid", "true")
    expect(page.locator(f"#{code.get_attribute('aria-describedby')}")).to_have_text(taken)
    expect(page.get_by_label("Text")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Category")).to_have_value("offers")
    shoot("campaign-code-taken")
    code.fill("shipped")
    page.get_by_label("Text").fill("On its way.")
    press(page, page.get_by_role("button", name="Save draft"))

    expect(page.get_by_text("The draft is saved.")).to_be_visible()
    assert Campaign.objects.get(code="shipped").draft["steps"][0]["params"]["category"] == "offers"


def test_steps_are_moved_and_removed_by_keyboard(page, visit, statuses):
    campaign = save_draft(ready_for_pickup())[0]
    visit(page_of("campaigns_campaign", "change", campaign.pk))

    press(page, page.locator("[data-adds='/steps']").get_by_role("button", name="Wait"))
    press(page, page.get_by_role("button", name="Move up: Step 2, Wait"))
    expect(page.get_by_role("region", name="Step 1, Wait")).to_be_visible()
    press(page, page.get_by_role("button", name="Remove: Step 1, Send SMS"))
    press(page, page.get_by_role("button", name="Save draft"))

    expect(page.get_by_text("The draft is saved.")).to_be_visible()
    campaign.refresh_from_db()
    assert [step["kind"] for step in campaign.draft["steps"]] == ["wait", "filter_customers"]
    assert campaign.draft["steps"][1]["branches"]["yes"] == []


def test_form_and_json_are_two_views_of_one_definition(page, visit, statuses, shoot):
    campaign = save_draft(ready_for_pickup())[0]
    visit(page_of("campaigns_campaign", "change", campaign.pk))

    page.get_by_label("Name", exact=True).fill("Come and get it")
    page.get_by_role("tab", name="JSON").click()
    typed = page.get_by_label("Definition, as JSON")
    shown = json.loads(typed.input_value())
    assert shown == ready_for_pickup(name="Come and get it")
    shoot("campaign-json")
    typed.fill("{ not JSON")
    page.get_by_role("tab", name="Form").click()
    expect(page.get_by_text("This is no JSON:")).to_be_visible()
    typed.fill(json.dumps(shown | {"name": "Ready"}))
    page.get_by_role("tab", name="Form").click()

    expect(page.get_by_label("Name", exact=True)).to_have_value("Ready")


def test_a_draft_saved_by_two_is_not_lost(page, visit, statuses, shoot):
    campaign = save_draft(ready_for_pickup())[0]
    visit(page_of("campaigns_campaign", "change", campaign.pk))
    page.get_by_label("Name", exact=True).fill("Mine")
    save_draft(ready_for_pickup(name="Theirs"))

    page.get_by_role("button", name="Save draft").click()
    expect(page.get_by_text("Somebody else saved this campaign while you worked on it.")).to_be_visible()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Mine")
    shoot("campaign-stale")
    page.get_by_role("button", name="Replace their version with mine").click()

    expect(page.get_by_text("The draft is saved.")).to_be_visible()
    assert Campaign.objects.get().name == "Mine"


TOLD = {
    "lines": [
        {"sku": "MUG-1", "name": "Mug, hand-made, blue", "quantity": 2, "price": "29.95"},
        {"sku": "TEA-250-EARL-GREY-ORGANIC", "name": "Earl Grey", "quantity": 1, "price": "1249.00"},
        {"name": "Gift card <b>bold</b>", "quantity": 0.5},
    ],
    "delivery": {
        "method": "pickup",
        "point": {"name": "Station", "address": {"street": "Bahnhofstrasse 1", "city": "Zürich"}},
        "windows": ["9–12", {"from": "14:00", "to": "18:00"}],
        "tracking_url": "https://carrier.example/track?id=" + "0123456789" * 12,
    },
    "payment": {"method": "card", "last_digits": "4242", "settled": True, "refund": None},
    "custom": {"note": "Please ring\ntwice. " + "Thank you. " * 60, **{f"field_{n}": n for n in range(80)}},
}
WILD = {
    "lines": [{f"column_{n}": "x" * 200 for n in range(12)}] * 60,
    "delivery": {"in": {"W" * 60: {"W" * 60: "W" * 60}}},
    "custom": {"W" * 400: "W" * 4000, "a": [[[[[1]]]]]},
}


def test_an_orders_page_shows_what_the_shop_told(page, visit, statuses, shoot):
    order = OrderFactory(external_id="DEMO-1001", payment_status=statuses["paid"], **TOLD)
    visit(page_of("orders_order", "change", order.pk))

    lines = page.get_by_role("region", name="Lines").get_by_role("table")
    expect(lines.get_by_role("row")).to_have_count(4)
    expect(lines.get_by_role("row").nth(3)).to_have_text("–Gift card <b>bold</b>0.5–")
    expect(page.get_by_role("region", name="Delivery")).to_contain_text("Bahnhofstrasse 1")
    expect(page.get_by_role("region", name="Custom fields")).to_contain_text("Not shown: 41 more values.")
    shoot("order-told")


@pytest.mark.parametrize("told", [TOLD, WILD])
@pytest.mark.parametrize("size", SIZES)
def test_whatever_a_shop_told_fits_the_page(page, visit, told, size, shoot):
    page.set_viewport_size(SIZES[size])

    visit(page_of("orders_order", "change", OrderFactory(**told).pk))

    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    shoot(f"order-{len(told)}")


SCREENS = {
    "statuses": "/admin/statuses/orderstatus/",
    "orders": page_of("orders_order"),
    "received": page_of("orders_statuschange"),
    "history": page_of("orders_statustransition"),
    "customers": page_of("customers_customer"),
    "campaigns": page_of("campaigns_campaign"),
    "entered": page_of("campaigns_run"),
    "messages": page_of("campaigns_message"),
    "general": page_of("workspace_workspace", "change", 1),
    "sources": page_of("workspace_source"),
    "keys": page_of("workspace_apikey"),
    "issue-key": page_of("workspace_apikey", "add"),
    "people": page_of("workspace_user"),
    "add-person": page_of("workspace_user", "add"),
    "roles": page_of("auth_group"),
}


def test_every_screen_is_quiet_and_fits_wide_and_narrow(page, visit, statuses, settings, shoot):
    settings.SMS_GATEWAY = "memory"
    ApiKey.objects.issue(name="Production", source=SourceFactory(), scopes=[])
    activate(save_draft(ready_for_pickup())[0])
    order = OrderFactory(delivery_status=statuses["shipped"], payment_status=statuses["paid"])
    change_status(order.pk, statuses["at_pickup_point"], seen=statuses["shipped"].pk, actor_id=None)
    drain()
    details = {
        "customer": page_of("customers_customer", "change", order.customer_id),
        "order-that-entered": page_of("campaigns_run", "change", Run.objects.get().pk),
        "message": page_of("campaigns_message", "change", Message.objects.get().pk),
        "status": page_of("statuses_orderstatus", "change", statuses["paid"].pk),
    }

    for name, address in (SCREENS | details).items():
        visit(address)
        shoot(name)
        page.set_viewport_size({"width": 390, "height": 844})
        beyond = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert beyond <= 0, f"{name} is {beyond} px wider than a phone"
        page.set_viewport_size({"width": 1280, "height": 900})


def tick(place, group, choice):
    box = place.get_by_role("group", name=group, exact=True).get_by_label(choice, exact=True)
    box.focus()
    box.press("Space")
    expect(box).to_be_checked()
