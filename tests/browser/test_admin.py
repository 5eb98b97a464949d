import pytest
from playwright.sync_api import expect

from orders.by_hand import change_status
from orders.models import Order
from statuses.models import OrderStatus
from tests.browser.conftest import SIZES
from tests.factories import OrderFactory, StatusFactory
from tests.screens import documented_statuses, page_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def statuses(db):
    return documented_statuses()


def test_a_status_is_added_by_keyboard(page, visit, shoot):
    StatusFactory(type="delivery", name="Shipped", code="shipped")
    visit("/admin/statuses/orderstatus/?type__exact=delivery")

    page.get_by_role("link", name="Add status").first.focus()
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
    expect(page.get_by_role("link", name="At pickup point", exact=True)).to_be_visible()
    assert page.url.endswith("?type__exact=delivery")


def test_one_status_after_another(page, visit):
    visit("/admin/statuses/orderstatus/")

    page.get_by_role("link", name="Add status").first.click()
    window = page.get_by_role("dialog")
    window.get_by_label("Name").fill("Packed")
    window.get_by_role("button", name="Save and add another").click()
    expect(window.get_by_text("“Packed” was added to General.")).to_be_visible()
    expect(window.get_by_label("Name")).to_be_focused()
    page.keyboard.press("Escape")

    expect(page.get_by_role("link", name="Packed", exact=True)).to_be_visible()


def test_whoever_listens_hears_no_names_of_icons(page, visit):
    visit("/admin/")

    expect(page.get_by_role("link", name="Start", exact=True)).to_be_visible()


def test_escape_closes_the_window_and_gives_the_focus_back(page, visit):
    visit("/admin/statuses/orderstatus/")
    opener = page.get_by_role("link", name="Add status").first

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
