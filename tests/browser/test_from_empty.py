"""The documented example from an installation that holds nothing but its administrator: once by mouse on the canvas,
once by keyboard alone in the list form. Each page on the way is looked at by axe-core."""

import pytest
from playwright.sync_api import expect

from campaigns.draining import drain
from campaigns.models import Campaign
from customers.models import Customer
from orders.models import Order
from statuses.models import OrderStatus
from tests.browser.conftest import press, settle
from tests.browser.editor import ADD, drag, flaws, gap, node, settings, tick, tool, view
from tests.callers import Caller
from tests.factories import SourceFactory
from tests.screens import page_of
from workspace.models import Workspace

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

STATUSES = [("Shipped", "Delivery"), ("At pickup point", "Delivery"), ("Paid", "Payment")]


def click(_page, control):
    control.click()


def choose_by_mouse(control, label):
    control.select_option(label=label)


def choose_by_keyboard(control, label):
    """Arrows go through a list that is closed."""
    control.focus()
    for _ in range(control.locator("option").count()):
        if control.evaluate("select => select.selectedOptions[0].text") == label:
            return
        control.press("ArrowDown")
    raise AssertionError(f"“{label}” is not offered")


class Visit:
    """Somebody who comes to an empty installation, and how they press and choose."""

    def __init__(self, page, address, press, choose, shoot):
        self.page, self.address, self.act, self.choose, self.shoot = page, address, press, choose, shoot
        page.set_default_timeout(10_000)

    def go(self, address):
        self.page.goto(self.address + address)

    def press(self, control):
        self.act(self.page, control)

    def looked_at(self, name):
        settle(self.page)
        assert flaws(self.page) == []
        self.shoot(f"empty-{name}")

    def add_statuses(self):
        page, window = self.page, self.page.get_by_role("dialog")
        self.go(page_of("statuses_orderstatus"))
        self.press(page.get_by_role("link", name="Add status").first)
        for number, (name, type) in enumerate(STATUSES, start=1):
            expect(window.get_by_label("Name")).to_be_focused()
            expect(window.get_by_label("Name")).to_have_value("")
            settle(page)
            page.keyboard.type(name)
            self.choose(window.get_by_label("Type"), type)
            expect(window.get_by_label("Status code")).to_have_value(name.lower().replace(" ", "_"))
            if number == 1:
                self.looked_at("status")
            self.press(
                window.get_by_role(
                    "button", name="Save and add another" if number < len(STATUSES) else "Save", exact=True
                )
            )
            if number < len(STATUSES):
                expect(window.get_by_text(f"“{name}” was added to {type}.")).to_be_visible()
        expect(page.get_by_role("link", name="Paid", exact=True)).to_be_visible()
        self.looked_at("statuses")

    def turn_orders_on(self):
        """By the banner that says it is off."""
        page = self.page
        self.press(page.get_by_role("button", name="Turn Orders on"))
        expect(page.get_by_text("Orders is on.")).to_be_visible(timeout=15_000)
        self.looked_at("orders-on")

    def activate(self):
        page, window = self.page, self.page.get_by_role("dialog")
        expect(page.get_by_text("The draft is saved.")).to_be_visible()
        self.press(page.get_by_role("link", name="Activate"))
        expect(window).to_contain_text("Starts with changes after")
        expect(window.get_by_text("Nothing matched: no order would have entered.")).to_be_visible()
        self.looked_at("activate")
        self.press(window.get_by_role("button", name="Activate"))
        expect(page.get_by_text("“Ready for pickup” is active.")).to_be_visible()

    def move_an_order(self):
        """The shop tells of two orders; a person moves the paid one."""
        page, window = self.page, self.page.get_by_role("dialog")
        shop = Caller.of(SourceFactory())
        shop.put("customers/C-1/", {"first_name": "Ada", "phone": "+16025550142", "sms_consent": "given"})
        told = {"customer": "C-1", "total": "20", "currency": "USD", "delivery_status": "shipped"}
        assert shop.put("orders/O-1/", {**told, "payment_status": "paid"}).status_code == 201
        self.go(page_of("orders_order"))
        self.press(page.get_by_role("link", name="O-1", exact=True))
        self.press(page.get_by_role("link", name="Change status Delivery"))
        self.choose(window.get_by_label("New status"), "At pickup point")
        self.press(window.get_by_role("button", name="Change status"))
        expect(page.get_by_text("Delivery is now At pickup point.")).to_be_visible()
        drain()

    def read_what_came_of_it(self):
        page = self.page
        page.reload()
        expect(page.get_by_text("Order O-1 is ready.")).to_be_visible()
        self.looked_at("order")
        self.press(page.get_by_role("link", name="Entered “Ready for pickup”"))
        expect(page.locator(".os-story li")).to_have_count(5)
        self.looked_at("path")
        changed, entered, passed, sent, _ended = page.locator(".os-story li").all_inner_texts()
        assert changed.startswith("Delivery went from Shipped to At pickup point ")
        assert entered == "It entered “Ready for pickup”."
        assert passed == "Payment status was Paid: it passed “Filter customers”."
        assert sent.startswith("SMS sent in ")

    def read_the_text(self):
        """On the test phone, which is what an installation without a gateway sends to."""
        page = self.page
        self.go(page_of("campaigns_message"))
        self.press(page.locator("#result_list tbody a").first)
        expect(page.locator(".os-bubble")).to_have_text("Order O-1 is ready.")
        expect(page.get_by_text("Handed to Test phone")).to_be_visible()
        self.looked_at("text")


@pytest.fixture
def empty(db):
    """Nothing but the administrator, who signs in next."""
    assert not any(model.objects.exists() for model in (OrderStatus, Order, Customer, Campaign))
    assert not Workspace.orders_are_on()


@pytest.fixture
def by_mouse(empty, visitor, live_server, shoot):
    return Visit(visitor, live_server.url, click, choose_by_mouse, shoot)


@pytest.fixture
def by_keyboard(empty, visitor, live_server, shoot):
    return Visit(visitor, live_server.url, press, choose_by_keyboard, shoot)


def test_by_mouse_on_the_canvas(by_mouse, page):
    by_mouse.add_statuses()
    by_mouse.turn_orders_on()

    by_mouse.go(ADD)
    panel = settings(page)
    expect(panel.get_by_label("Name", exact=True)).to_be_focused()
    page.keyboard.type("Ready for pickup")
    node(page, "/trigger").click()
    panel.get_by_label("Original status", exact=True).select_option(label="one of these")
    panel.get_by_role("group", name="Original status").get_by_text("Shipped").click()
    panel.get_by_role("group", name="Target status").get_by_text("At pickup point").click()
    expect(node(page, "/trigger")).to_contain_text("to At pickup point")
    drag(page, tool(page, "Filter customers"), gap(page, "/steps/0"))
    panel.get_by_text("Paid", exact=True).click()
    expect(node(page, "filter_customers")).to_contain_text("Yes, if payment status is Paid.")
    expect(page.locator(".ed-ends")).to_have_count(2)
    tool(page, "Send SMS").click()
    expect(page.get_by_text("Choose where “Send SMS” goes.")).to_be_visible()
    gap(page, "/steps/0/branches/yes/0").click()
    panel.get_by_label("Text", exact=True).fill("Order ")
    panel.get_by_role("button", name="order number").click()
    page.keyboard.type(" is ready.")
    expect(node(page, "send_sms")).to_contain_text("Sends “Order")
    expect(panel.get_by_label("Only if the order is still in At pickup point")).to_be_checked()
    by_mouse.looked_at("canvas")
    page.get_by_role("button", name="Save draft").click()
    by_mouse.activate()
    expect(node(page, "send_sms")).to_contain_text("0 came through")

    by_mouse.move_an_order()

    by_mouse.read_the_text()
    by_mouse.go(page_of("orders_order", "change", Order.objects.get().pk))
    by_mouse.read_what_came_of_it()


def test_by_keyboard_alone_in_the_list(by_keyboard, page):
    by_keyboard.add_statuses()
    by_keyboard.turn_orders_on()

    by_keyboard.go(ADD)
    view(page, "List")
    page.get_by_label("Name", exact=True).focus()
    page.keyboard.type("Ready for pickup")
    expect(page.get_by_label("Code")).to_have_value("ready-for-pickup")
    choose_by_keyboard(page.get_by_label("Original status", exact=True).first, "one of these")
    expect(page.get_by_label("Original status", exact=True).first).to_be_focused()
    tick(page, "Original status", "Shipped")
    tick(page, "Target status", "At pickup point")
    expect(page.locator(".ed-sentence")).to_have_text("When delivery goes from Shipped to At pickup point")
    press(page, page.locator("[data-adds='/steps']").get_by_role("button", name="Filter customers"))
    step = page.get_by_role("region", name="Step 1, Filter customers")
    tick(step, "Value", "Paid")
    press(page, step.locator("[data-adds$='/yes']").get_by_role("button", name="Send SMS"))
    text = page.get_by_label("Text", exact=True)
    expect(text).to_be_focused()
    press(page, page.get_by_role("button", name="Save draft"))

    # Without a text it is not saved; the problem stands beside the text, and nothing typed is lost.
    expect(page.get_by_role("alert").first).to_contain_text("1 thing to mend")
    expect(text).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Name", exact=True)).to_have_value("Ready for pickup")
    press(page, page.get_by_role("link", name="Send SMS, Text:"))
    expect(text).to_be_focused()
    page.keyboard.type("Order ")
    press(page, page.get_by_role("button", name="order number"))
    page.keyboard.type(" is ready.")
    expect(text).to_have_value("Order {{ order.external_id }} is ready.")
    expect(page.get_by_text("Sends “Order {{ order.external_id }} is ready.”")).to_be_visible()
    expect(page.get_by_role("alert").first).to_be_hidden()
    expect(page.get_by_label("Only if the order is still in At pickup point")).to_be_checked()
    by_keyboard.looked_at("list")
    press(page, page.get_by_role("button", name="Save draft"))
    by_keyboard.activate()

    by_keyboard.move_an_order()

    by_keyboard.read_the_text()
    by_keyboard.go(page_of("orders_order", "change", Order.objects.get().pk))
    by_keyboard.read_what_came_of_it()
