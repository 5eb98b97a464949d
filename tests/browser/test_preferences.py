"""A language and a zone of one's own, by keyboard; and that times are written in that zone wherever the browser is."""

import pytest
from playwright.sync_api import expect

from campaigns.lifecycle import save_draft
from campaigns.models import Campaign
from tests.browser.editor import view
from tests.screens import documented_statuses, page_of, ready_for_pickup
from workspace.models import User

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_language_and_zone_are_chosen_by_keyboard(page, visit, shoot):
    visit("/admin/preferences/")

    page.get_by_label("Русский").focus()
    page.keyboard.press("Space")
    page.get_by_role("combobox").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("Tokyo")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Save").focus()
    page.keyboard.press("Enter")

    expect(page.get_by_text("Сохранено.")).to_be_visible()
    expect(page.get_by_text("Время указано по часовому поясу Asia/Tokyo, UTC+09:00.")).to_be_visible()
    shoot("preferences")


def test_a_time_in_a_filter_is_read_and_written_in_ones_own_zone(page, visit):
    documented_statuses()
    early = {"field": "order.ordered_at", "operator": "<", "value": "2026-05-03T11:05:00.000Z"}
    draft = ready_for_pickup()
    draft["steps"][0]["params"]["rule"]["rules"] = [early]
    campaign = save_draft(draft)[0]
    User.objects.update(timezone="Europe/Moscow")
    visit(page_of("campaigns_campaign", "change", campaign.pk))

    view(page, "List")
    field = page.get_by_label("Value")
    expect(field).to_have_value("2026-05-03T14:05")
    expect(field).to_have_accessible_description("Europe/Moscow, UTC+03:00")
    field.fill("2026-05-03T15:00")
    page.get_by_role("button", name="Save draft").click()

    expect(page.get_by_text("The draft is saved.")).to_be_visible()
    [rule] = Campaign.objects.get().draft["steps"][0]["params"]["rule"]["rules"]
    assert rule["value"] == "2026-05-03T12:00:00.000Z"
