"""The list form of the editor: everything by keyboard."""

import json

import pytest
from playwright.sync_api import expect

from campaigns.lifecycle import save_draft
from campaigns.models import Campaign
from tests.browser.conftest import SIZES, press
from tests.browser.editor import ADD, definition, tick, view
from tests.screens import documented_statuses, page_of, ready_for_pickup

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def statuses(db):
    return documented_statuses()


@pytest.fixture
def edit(page, visit):
    """Open a campaign's list form."""

    def edit(campaign):
        visit(page_of("campaigns_campaign", "change", campaign.pk))
        view(page, "List")

    return edit


def test_a_code_that_is_taken_is_told_beside_it_and_nothing_typed_is_lost(page, visit, statuses, shoot):
    save_draft(ready_for_pickup())
    visit(ADD)
    view(page, "List")

    page.get_by_label("Name", exact=True).fill("Ready for pickup")
    tick(page, "Target status", "Shipped")
    page.locator("[data-adds='/steps']").get_by_role("button", name="Send SMS").click()
    page.get_by_label("Category").fill("offers")
    press(page, page.get_by_role("button", name="Save draft"))

    code = page.get_by_label("Code", exact=True)
    taken = "Another campaign has the code “ready-for-pickup”. Choose another one."
    expect(page.get_by_role("alert").first).to_contain_text("2 things to mend")
    expect(code).to_have_attribute("aria-invalid", "true")
    expect(code).to_have_accessible_description(f"For files and the API. It cannot be changed later. {taken}")
    expect(page.get_by_label("Text", exact=True)).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Category")).to_have_value("offers")
    shoot("campaign-code-taken")
    code.fill("shipped")
    page.get_by_label("Text", exact=True).fill("On its way.")
    press(page, page.get_by_role("button", name="Save draft"))

    expect(page.get_by_text("The draft is saved.")).to_be_visible()
    assert Campaign.objects.get(code="shipped").draft["steps"][0]["params"]["category"] == "offers"


def test_steps_are_moved_copied_and_removed_by_keyboard(page, edit, statuses):
    campaign = save_draft(ready_for_pickup())[0]
    edit(campaign)

    press(page, page.locator("[data-adds='/steps']").get_by_role("button", name="Wait", exact=True))
    press(page, page.get_by_role("button", name="Move up: Step 3, Wait"))
    expect(page.get_by_role("button", name="Move down: Step 1, Wait")).to_be_focused()
    press(page, page.get_by_role("button", name="Duplicate: Step 1, Wait"))
    page.get_by_label("Move to: Step 2, Wait").select_option("3. Filter customers: No")
    press(page, page.get_by_role("button", name="Copy the steps of “Yes” to “No”"))
    press(page, page.get_by_role("button", name="Remove: Step 3, Send SMS"))
    press(page, page.get_by_role("button", name="Save draft"))

    expect(page.get_by_text("The draft is saved.")).to_be_visible()
    campaign.refresh_from_db()
    wait, asks = campaign.draft["steps"]
    assert (wait["key"], asks["key"]) == ("wait", "filter")
    assert asks["branches"]["yes"] == []
    assert [step["key"] for step in asks["branches"]["no"]] == ["wait-2", "send_sms"]


def test_a_select_stays_while_what_hangs_on_it_is_drawn_anew(page, edit, statuses):
    """Another in its place would take the second letter of “one” for the first of “no status yet”."""
    edit(save_draft(ready_for_pickup())[0])
    original = page.get_by_label("Original status", exact=True).and_(page.locator("select"))
    original.select_option("any")
    original.focus()
    select = original.element_handle()

    page.keyboard.press("o")

    expect(original).to_have_value("only")
    assert select.evaluate("select => select === document.activeElement")
    assert definition(page)["trigger"]["params"]["from"] == []
    tick(page, "Original status", "Shipped")
    original.focus()
    page.keyboard.press("ArrowDown")
    expect(original).to_have_value("not")
    assert definition(page)["trigger"]["params"]["from"] == {"not": ["shipped"]}


def test_the_list_and_json_are_two_views_of_one_definition(page, edit, statuses, shoot):
    edit(save_draft(ready_for_pickup())[0])

    page.get_by_label("Name", exact=True).fill("Come and get it")
    view(page, "JSON")
    typed = page.get_by_label("Definition, as JSON")
    shown = json.loads(typed.input_value())
    assert shown == ready_for_pickup(name="Come and get it")
    shoot("campaign-json")
    typed.fill("{ not JSON")
    press(page, page.get_by_role("tab", name="List"))
    expect(page.get_by_text("This is no JSON:")).to_be_visible()
    typed.fill(json.dumps(shown | {"name": "Ready"}))
    view(page, "List")

    expect(page.get_by_label("Name", exact=True)).to_have_value("Ready")
    page.get_by_label("Name", exact=True).press("Control+s")
    expect(page.get_by_text("The draft is saved.")).to_be_visible()


def test_a_second_order_that_would_stay_silent_is_warned_of(page, edit, statuses):
    edit(save_draft(ready_for_pickup())[0])

    page.get_by_label("An order enters").select_option("once_per_customer")

    expect(page.get_by_text("A customer's second order stays silent")).to_be_visible()
    assert definition(page)["reentry"] == {"mode": "once_per_customer"}


def test_how_often_the_trigger_happened_is_told(page, visit, statuses):
    campaign = save_draft(ready_for_pickup())[0]

    visit(page_of("campaigns_campaign", "change", campaign.pk))
    view(page, "List")

    expect(page.get_by_text("Nothing came to At pickup point in the last 90 days.").first).to_be_visible()


def test_a_link_to_a_place_leads_there(page, visit, statuses):
    campaign = save_draft(ready_for_pickup())[0]
    visit(page_of("campaigns_campaign", "change", campaign.pk))
    view(page, "List")

    page.evaluate("location.hash = '#at=/steps/0/branches/yes/0/params/text'")

    expect(page.get_by_label("Text", exact=True)).to_be_focused()


def test_on_a_phone_the_list_comes_first_and_both_views_fit(page, visit, statuses, shoot):
    page.set_viewport_size(SIZES["phone"])
    campaign = save_draft(ready_for_pickup())[0]

    visit(page_of("campaigns_campaign", "change", campaign.pk))
    expect(page.get_by_role("tab", name="List")).to_have_attribute("aria-selected", "true")
    for name in ("List", "Canvas"):
        view(page, name)
        assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
        shoot(f"campaign-phone-{name.lower()}")
