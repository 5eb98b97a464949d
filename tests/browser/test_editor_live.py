"""The editor of a live campaign: how many orders are where, on the canvas and in the list, and which they are."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import SIZES, press
from tests.browser.editor import flaws, node, view
from tests.campaigns.shop import Shop, asks, condition, sms, wait
from tests.factories import CustomerFactory
from tests.screens import page_of, signed_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def shop(settings, db):
    settings.SMS_GATEWAY = "memory"
    return Shop()


@pytest.fixture
def campaign(shop):
    """Of three orders one waits, and two took the other way, where the text was their last step."""
    campaign = shop.start(asks(condition("order.external_id", "=", "O-0"), yes=[wait("a")], no=[sms()]), name="Thanks")
    for number in range(3):
        shop.pay(f"O-{number}", customer=CustomerFactory())
    return campaign


@pytest.fixture
def open_canvas(page, visit, campaign):
    page.set_viewport_size(SIZES["desktop"])
    page.clock.install()
    visit(page_of("campaigns_campaign", "change", campaign.pk))
    expect(node(page, "/trigger")).to_contain_text("3 entered")


def test_the_canvas_shows_how_many_are_where_and_follows_them(page, open_canvas, shop, shoot):
    expect(node(page, "asked")).to_contain_text("3 came through")
    expect(node(page, "a")).to_contain_text("1 waits")
    expect(node(page, "text")).to_contain_text("2 came through")
    expect(page.locator(".ed-way-name")).to_have_text(["Yes", "No"])
    expect(page.locator(".ed-way-count")).to_have_text(["1", "2"])
    expect(page.locator("#ed-counted")).to_have_text("The numbers are of version 1, which runs.")
    assert flaws(page) == []
    shoot("live-canvas")

    shop.pay("O-3", customer=CustomerFactory())
    page.clock.run_for(4000)
    expect(node(page, "text")).to_contain_text("3 came through")
    node(page, "a").locator("text", has_text="1 waits").click()

    expect(page).to_have_url(re.compile(r"version=1&at=a&state__exact=waiting$"))
    expect(page.locator("#result_list tbody tr")).to_have_count(1)
    expect(page.locator("#result_list")).to_contain_text("O-0")


def test_the_list_shows_the_same_and_what_is_typed_counts_nobody(page, open_canvas, shoot):
    view(page, "List")
    step = page.get_by_role("region", name="Step 2, Wait")
    expect(step.get_by_role("link", name="1 waits")).to_be_visible()
    expect(page.get_by_role("heading", name="No 2 orders went this way")).to_be_visible()
    assert flaws(page) == []
    shoot("live-list")

    press(page, page.locator("[data-adds='/steps']").get_by_role("button", name="Stop", exact=True))

    expect(page.locator("#ed-counted")).to_contain_text("The draft differs from it")
    expect(page.get_by_role("region", name="Step 4, Stop").get_by_role("link")).to_have_count(0)
    view(page, "Canvas")
    expect(node(page, "stop")).not_to_contain_text("wait")
    expect(node(page, "a")).to_contain_text("1 waits")


def test_who_may_only_look_sees_them_and_a_hidden_page_asks_nothing(page, open_canvas, campaign, visit, live_server):
    viewer = signed_in("campaigns.view_campaign", "campaigns.view_run")
    cookie = {"name": "sessionid", "value": viewer.cookies["sessionid"].value, "url": live_server.url}
    page.context.add_cookies([cookie])
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "/steps/counts/" in request.url else None)
    visit(page_of("campaigns_campaign", "change", campaign.pk))
    expect(node(page, "a")).to_contain_text("1 waits")

    page.evaluate(
        "Object.defineProperty(document, 'hidden', { value: true, configurable: true });"
        "document.dispatchEvent(new Event('visibilitychange'))"
    )
    asked.clear()
    page.clock.run_for(20_000)
    assert asked == []
    page.evaluate("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")

    assert len(asked) == 1


def test_one_question_waits_for_the_answer_to_the_one_before(page, open_canvas):
    asked = []

    def leave_open(route):
        asked.append(route)

    page.route("**/steps/counts/", leave_open)

    with page.expect_request("**/steps/counts/"):
        page.clock.run_for(7_000)
    page.clock.run_for(14_000)

    assert len(asked) == 1
    asked[0].abort()
