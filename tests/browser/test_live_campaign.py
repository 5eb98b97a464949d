"""A live campaign as its people see it: where its orders are, what is done to them, and its versions."""

import pytest
from playwright.sync_api import expect

from campaigns.draining import drain
from campaigns.lifecycle import save_draft
from campaigns.models import Campaign, Run
from tests.browser.conftest import SIZES, press
from tests.campaigns.conftest import clock, memory, shop  # noqa: F401 - fixtures
from tests.campaigns.shop import definition, sms, wait
from tests.campaigns.test_interventions import entered
from tests.screens import page_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

BEYOND = "document.documentElement.scrollWidth - window.innerWidth"


def steps_of(campaign):
    return page_of("campaigns_campaign", "steps", campaign.pk)


def test_orders_at_a_step_are_held_by_keyboard_while_others_come(page, visit, shop, shoot):  # noqa: F811
    campaign = shop.start(wait("a"), sms())
    entered(shop, "O-1")
    drain()
    visit(steps_of(campaign))
    row = page.get_by_role("row", name="Wait a")

    row.get_by_role("link", name="Hold").focus()
    entered(shop, "O-2")
    drain()
    expect(row.get_by_role("cell").first).to_have_text("2")
    expect(row.get_by_role("link", name="Hold")).to_be_focused()
    press(page, row.get_by_role("link", name="Hold"))
    window = page.get_by_role("dialog")
    expect(window.get_by_label("Why?")).to_be_focused()
    entered(shop, "O-3")
    drain()
    expect(page.locator("td", has_text="3").first).to_be_attached()
    page.keyboard.press("Escape")
    expect(row.get_by_role("link", name="Hold")).to_be_focused()
    press(page, row.get_by_role("link", name="Hold"))
    expect(window.get_by_label("Why?")).to_be_focused()
    shoot("campaign-hold")
    page.keyboard.type("The depot is shut")
    page.keyboard.press("Enter")

    expect(row.get_by_role("link", name="Release")).to_be_visible()
    assert Run.objects.filter(due_at=None).count() == 3
    shoot("campaign-steps")


def test_an_orders_page_follows_its_text_and_leaves_the_focus_where_it_is(page, visit, shop, shoot):  # noqa: F811
    shop.start(sms())
    run = entered(shop, "O-1")
    visit(page_of("orders_order", "change", run.order_id))
    link = page.get_by_role("link", name="Entered “Thanks”")
    link.focus()

    drain()

    expect(page.get_by_role("link", name="Thanks: Sent")).to_be_visible(timeout=15_000)
    expect(link).to_be_focused()
    shoot("order-under-way")


@pytest.mark.parametrize("size", SIZES)
def test_each_version_has_a_card_of_its_own_and_fits(page, visit, shop, size):  # noqa: F811
    shop.start(wait("a"), sms())
    entered(shop, "O-1")
    drain()
    campaign = shop.start(wait("a"), wait("b"), sms())
    page.set_viewport_size(SIZES[size])

    visit(steps_of(campaign))

    newest, former = (card.bounding_box() for card in page.locator("section.os-card").all())
    assert former["y"] - (newest["y"] + newest["height"]) >= 16
    hold = page.get_by_role("link", name="Hold").bounding_box()
    assert hold["x"] + hold["width"] <= SIZES[size]["width"]
    assert page.evaluate(BEYOND) <= 0


def test_a_version_becomes_the_draft_again_by_keyboard_after_it_is_told_what_is_lost(page, visit, shop, shoot):  # noqa: F811
    shop.start(sms(text="one"))
    campaign = shop.start(sms(text="two"))
    save_draft(definition(sms(text="three")))
    visit(page_of("campaigns_campaign", "version", campaign.pk, 1))
    shoot("campaign-version")

    press(page, page.get_by_role("link", name="Make it the draft again"))
    window = page.get_by_role("dialog")
    expect(window).to_contain_text("was “three”, and is “one”")
    expect(window.get_by_role("button", name="Make it the draft again")).to_be_focused()
    shoot("campaign-restore")
    page.keyboard.press("Enter")

    expect(page.get_by_text("The draft is version 1 again.")).to_be_visible()
    assert Campaign.objects.get().draft == definition(sms(text="one"))
