"""What is typed is kept, and two who edit at once see both versions."""

import re

import pytest
from playwright.sync_api import expect

from campaigns.lifecycle import save_draft
from campaigns.models import Campaign, Unfinished
from tests.browser.conftest import press
from tests.browser.editor import ADD, kept, view
from tests.screens import documented_statuses, page_of, ready_for_pickup

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def campaign(db):
    documented_statuses()
    return save_draft(ready_for_pickup())[0]


@pytest.fixture
def edit(page, visit, campaign):
    visit(page_of("campaigns_campaign", "change", campaign.pk))
    view(page, "List")


def test_what_is_half_done_is_kept_and_found_again(page, edit, campaign):
    page.get_by_label("Text", exact=True).fill("")
    kept(page)
    press(page, page.get_by_role("link", name="Close"))
    expect(page).to_have_url(re.compile(r"/campaign/$"))

    assert Campaign.objects.get().draft == ready_for_pickup()
    page.go_back()
    page.reload()
    expect(page.get_by_text("These are your changes of")).to_be_visible()
    expect(page.get_by_label("Text", exact=True)).to_have_value("")
    press(page, page.get_by_role("button", name="Back to the draft as it was saved"))
    expect(page.get_by_label("Text", exact=True)).to_have_value("{{ order.external_id }} is ready.")
    assert not Unfinished.objects.exists()


def test_leaving_saves_what_is_right(page, edit, campaign, live_server):
    page.get_by_label("Text", exact=True).fill("At once")

    page.goto(live_server.url + "/admin/")

    expect(page.get_by_role("link", name="Campaigns").first).to_be_visible()
    page.wait_for_timeout(300)
    assert Campaign.objects.get().draft["steps"][0]["branches"]["yes"][0]["params"]["text"] == "At once"
    assert not Unfinished.objects.exists()


def test_a_new_campaign_is_kept_before_it_is_one(page, visit, campaign):
    visit(ADD)
    view(page, "List")

    page.get_by_label("Name", exact=True).fill("Half")
    kept(page)
    press(page, page.get_by_role("link", name="Close"))
    expect(page).to_have_url(re.compile(r"/campaign/$"))
    visit(ADD)
    press(page, page.get_by_role("link", name="Go on with it"))

    expect(page.get_by_label("Name", exact=True)).to_have_value("Half")
    assert Campaign.objects.count() == 1


def test_without_a_connection_it_says_so_and_tries_again(page, edit, complaints):
    page.route("**/keep/", lambda route: route.abort())
    page.get_by_label("Name", exact=True).fill("Offline")
    expect(page.get_by_text("Not saved: no connection.")).to_be_visible()
    page.unroute("**/keep/")

    expect(page.locator("#ed-kept")).to_contain_text("Saved", timeout=15_000)
    complaints.clear()  # the browser tells of the lost connection


def test_activating_saves_first(page, edit, campaign):
    page.get_by_label("Name", exact=True).fill("Just typed")

    press(page, page.get_by_role("link", name="Activate"))

    expect(page.get_by_role("dialog")).to_contain_text("Starts with changes after")
    assert Campaign.objects.get().name == "Just typed"


def test_activating_what_is_wrong_shows_what_to_mend(page, edit, campaign):
    page.get_by_label("Text", exact=True).fill("")

    press(page, page.get_by_role("link", name="Activate"))

    expect(page.get_by_role("link", name="Send SMS, Text:")).to_be_visible()
    expect(page.get_by_role("dialog")).to_be_hidden()


@pytest.mark.parametrize(("choice", "name"), [("Replace their version with mine", "Mine"), ("Take theirs", "Theirs")])
def test_two_who_edit_at_once_see_both_versions(page, edit, campaign, shoot, choice, name):
    page.get_by_label("Name", exact=True).fill("Mine")
    save_draft(ready_for_pickup(name="Theirs"))

    press(page, page.get_by_role("button", name="Save draft"))
    expect(page.get_by_text("saved this campaign while you worked on it.")).to_be_visible()
    expect(page.get_by_role("row", name="Name Theirs Mine")).to_be_visible()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Mine")
    shoot("campaign-stale")
    press(page, page.get_by_role("button", name=choice))

    expect(page.get_by_role("heading", name="What starts it")).to_be_visible()
    expect(page.get_by_label("Name", exact=True)).to_have_value(name)
    expect(page.get_by_text("Somebody else, or you")).to_be_hidden()
    assert Campaign.objects.get().name == name


def test_that_somebody_else_saved_is_told_while_one_types(page, edit, campaign):
    save_draft(ready_for_pickup(name="Theirs"))

    page.get_by_label("Name", exact=True).fill("Mine")
    press(page, page.get_by_role("button", name="See both versions"))

    expect(page.get_by_role("row", name="Name Theirs Mine")).to_be_visible()
