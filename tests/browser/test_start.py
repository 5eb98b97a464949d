import pytest
from playwright.sync_api import expect

from campaigns.draining import drain
from orders.models import Order
from orders.said import Said
from orders.transitions import hear
from tests.orderstatus_project.conftest import small_demo, var_dir  # noqa: F401 - fixtures
from workspace.models import Source

pytestmark = pytest.mark.browser


@pytest.fixture
def start(small_demo, visitor, live_server):  # noqa: F811
    visitor.goto(f"{live_server.url}/admin/")
    return visitor


def bring_to_pickup():
    order = Order.objects.filter(delivery_status__code="shipped", customer__sms_consent="given").last()
    hear([Said(order.external_id, "delivery", "at_pickup_point")], Source.objects.get(code="demo-shop"), is_test=True)
    drain()
    return order.external_id


def test_a_text_arrives_while_one_watches(start, picture):
    expect(start.get_by_text("The first text is on its way.")).to_be_visible()

    order = bring_to_pickup()

    expect(start.locator("#st-phone .st-got")).to_contain_text(f"your order {order} is ready for pickup")
    expect(start.locator("#st-strip li").first).to_contain_text("sent in")
    picture("start")


def test_moving_an_order_oneself_then_why_then_again(start, picture):
    start.get_by_role("button", name="Move it").click()
    expect(start.locator("#st-answer")).to_contain_text("Shipped → At pickup point")
    drain()

    expect(start.locator("#st-phone .st-got")).to_contain_text("Hi Ada, your order DEMO-1001 is ready for pickup")
    expect(start.locator("#st-stands")).to_contain_text("At pickup point")
    start.get_by_role("link", name="Why did she get this?").click()
    window = start.get_by_role("dialog")
    expect(window.locator("li")).to_have_count(5)
    picture("start-why")
    start.keyboard.press("Escape")
    expect(window).to_be_hidden()
    start.get_by_role("button", name="Send the same event again").click()
    expect(start.locator("#st-said")).to_have_text("Duplicate, no second text.")
    expect(start.locator("#st-phone .st-got")).to_have_count(1)


def test_it_can_all_be_done_from_the_keyboard(start):
    start.get_by_label("Status", exact=True).focus()
    start.keyboard.press("Tab")
    start.keyboard.press("Enter")
    expect(start.locator("#st-answer")).to_contain_text("Shipped → At pickup point")
    drain()

    link = start.locator("#st-phone .st-text").first
    expect(link).to_be_visible()
    link.focus()
    start.keyboard.press("Enter")

    expect(start.get_by_role("dialog")).to_be_visible()


def test_pause_and_faster_stay_as_they_were_set(start):
    start.get_by_role("button", name="Pause").click()
    start.get_by_role("button", name="Faster").click()
    expect(start.locator("#st-live")).to_have_text("Paused")

    start.reload()

    expect(start.get_by_role("button", name="Resume")).to_have_attribute("aria-pressed", "true")
    expect(start.get_by_role("button", name="Faster")).to_have_attribute("aria-pressed", "true")


def test_a_hidden_page_asks_nothing(start):
    asked = []
    start.on("request", lambda request: asked.append(request.url))
    start.evaluate(
        "Object.defineProperty(document, 'hidden', { value: true });"
        "document.dispatchEvent(new Event('visibilitychange'))"
    )
    start.wait_for_timeout(300)
    asked.clear()

    start.wait_for_timeout(3500)

    assert asked == []


def test_the_api_page_has_the_test_key_filled_in(start, small_demo):  # noqa: F811
    start.get_by_role("link", name="Try the API").click()
    start.get_by_role("button", name="Authorize").click()

    expect(start.get_by_role("button", name="Remove authorization")).to_be_visible()


def test_it_fits_a_phone(start):
    bring_to_pickup()
    start.set_viewport_size({"width": 390, "height": 844})
    start.reload()
    expect(start.locator("#st-phone .st-got")).to_be_visible()

    assert start.evaluate("document.documentElement.scrollWidth") == 390


def test_without_the_demo_a_checklist(visitor, live_server, settings, picture):
    settings.DEMO = False
    visitor.goto(f"{live_server.url}/admin/")

    expect(visitor.get_by_text("0 of 5 done")).to_be_visible()
    expect(visitor.get_by_role("link", name="Open the settings")).to_be_visible()
    picture("start-checklist")
