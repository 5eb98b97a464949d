"""The list of campaigns: numbers that come after it, its ways, and how a campaign begins."""

import json
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from playwright.sync_api import expect

from campaigns.models import Campaign
from tests.campaigns.shop import Shop, definition, later, sms, wait
from tests.factories import CustomerFactory, StatusFactory
from tests.screens import page_of
from workspace.models import User

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LIST = page_of("campaigns_campaign")


@pytest.fixture
def shop(settings, db):
    settings.SMS_GATEWAY = "memory"
    return Shop()


def test_the_list_tells_what_came_of_each_and_what_may_become_of_it(page, visit, shop, shoot):
    StatusFactory(type="payment", code="refunded")
    with time_machine.travel(timezone.now() - timedelta(days=4)) as clock:
        shop.start(sms(), code="thanks", name="Thanks for paying")
        shop.start(wait(), code="long", name="Напоминание о неоплаченном заказе через сутки")
        for number in range(3):
            shop.pay(f"O-{number}", customer=CustomerFactory())
        later(clock, hours=1)
        shop.tell("O-1", "refunded")

    visit(LIST)

    row = page.locator("tbody", has_text="Thanks for paying")
    expect(row.get_by_text("3 messages, 3 parts")).to_be_visible()
    expect(row.get_by_role("img", name="Last 30 days: 3 orders entered")).to_be_visible()
    expect(row.get_by_text("33 %")).to_be_visible()
    expect(page.locator("#cl-totals dd").first).to_have_text("6")
    shoot("campaigns")

    row.get_by_role("button", name="Copy “Thanks for paying”").click()
    expect(page.get_by_text("This is a copy of “Thanks for paying”.")).to_be_visible()
    visit(LIST)
    page.get_by_role("button", name="Archive “Thanks for paying (copy)”").click()
    expect(page.get_by_text("“Thanks for paying (copy)” is archived.")).to_be_visible()
    page.get_by_role("link", name="Archived").click()
    page.get_by_role("button", name="Bring back “Thanks for paying (copy)”").click()
    expect(page.get_by_text("is back in the list")).to_be_visible()


def test_the_list_needs_no_scrolling_sideways_in_either_language(page, visit, shop):
    shop.start(sms(), code="thanks", name="Напоминание о неоплаченном заказе через сутки")
    shop.pay("O-1", customer=CustomerFactory())
    for language in ("en", "ru"):
        User.objects.update(language=language)
        visit(LIST)
        expect(page.locator("#cl-totals dd").first).to_have_text("1")

        beyond = page.locator("#result_list").evaluate(
            "list => list.scrollWidth - list.closest('.simplebar-content-wrapper').clientWidth"
        )
        assert beyond <= 0, language


def test_a_campaign_begins_from_a_starter(page, visit, shop, shoot):
    visit(LIST)
    page.get_by_role("link", name="New campaign").first.click()

    expect(page.get_by_role("link", name="From scratch")).to_be_visible()
    shoot("campaigns-new")
    page.get_by_role("link", name="Thanks for paying").click()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Thanks for paying")


def test_a_file_is_looked_at_before_it_is_taken_in(page, visit, shop, shoot, tmp_path):
    shop.start(sms())
    file = tmp_path / "thanks.json"
    file.write_text(json.dumps(definition(sms(text="Thank you!"))))
    visit(LIST)
    page.get_by_role("link", name="Import").click()
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Look at it").click()

    expect(page.get_by_text("It becomes the draft of “Thanks”.")).to_be_visible()
    shoot("campaigns-import")
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_text("Taken in as a draft.")).to_be_visible()
    assert Campaign.objects.get().draft == definition(sms(text="Thank you!"))
