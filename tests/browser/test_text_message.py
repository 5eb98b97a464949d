"""The text of a message while it is written: what is wrong, how it comes out, what makes it dear."""

import pytest
from playwright.sync_api import expect

from campaigns.lifecycle import save_draft
from campaigns.models import Campaign
from tests.browser.conftest import press
from tests.browser.editor import flaws, view
from tests.campaigns.shop import Shop, definition, sms
from tests.factories import CustomerFactory
from tests.screens import page_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TEXT = "Hello “{{ customer.first_name }}” – order {{ order.external_id }} is paid. " + "Thank you! " * 5


@pytest.fixture
def opened(page, visit, db):
    """The list view of a campaign, in a shop where two orders were paid."""
    shop = Shop()
    for name, first_name in (("O-1", "Bartholomew the Second of His Name"), ("O-2", "Ada")):
        shop.order(name, customer=CustomerFactory(first_name=first_name, sms_consent="given"))
        shop.tell(name, "paid")
    campaign = save_draft(definition(sms(text=TEXT)))[0]
    visit(page_of("campaigns_campaign", "change", campaign.pk))
    view(page, "List")
    return page.locator(".tm")


def test_a_text_is_shown_as_it_comes_out_for_real_orders(page, opened, shoot):
    expect(opened.locator(".os-bubble")).to_contain_text("Hello “Ada” – order O-2 is paid.")
    expect(opened).to_contain_text("1 of 2")
    expect(opened).to_contain_text("2 parts")
    expect(opened).to_contain_text("Transactional goes to all who did not refuse.")
    assert flaws(page) == []
    opened.scroll_into_view_if_needed()
    shoot("text")

    press(page, opened.get_by_role("button", name="Next order"))
    expect(opened.locator(".os-bubble")).to_contain_text("Bartholomew")
    expect(opened).to_contain_text("the longest")
    expect(opened.get_by_role("button", name="Previous order")).to_be_focused()


def test_dear_signs_are_written_plainly_at_a_press(page, opened):
    press(page, opened.get_by_role("button", name="Write them plainly"))

    expect(opened.locator(".os-bubble")).to_contain_text('Hello "Ada" - order O-2 is paid.')
    expect(opened).to_contain_text("1 part,")
    expect(opened.get_by_role("button", name="Write them plainly")).to_have_count(0)


def test_what_is_wrong_is_told_and_led_to(page, opened):
    text = opened.get_by_label("Text", exact=True)
    text.fill("Hello\n{{ customer.phone }}")

    expect(opened.get_by_text("Line 2, column 4: There is no variable “customer.phone”.")).to_be_visible()
    press(page, opened.get_by_role("button", name="Go there"))
    expect(text).to_be_focused()
    assert text.evaluate("area => area.selectionStart") == 9


def test_what_can_be_named_is_put_in_by_a_press(page, opened):
    text = opened.get_by_label("Text", exact=True)
    text.fill("Paid: ")
    press(page, opened.get_by_role("button", name="order total").first)

    expect(text).to_have_value("Paid: {{ order.total | money }}")
    expect(opened.locator(".os-bubble")).to_contain_text("Paid: €12.30")
    page.get_by_role("button", name="Save draft").click()
    expect(page.get_by_text("The draft is saved.")).to_be_visible()
    assert Campaign.objects.get().draft["steps"][0]["params"]["text"] == "Paid: {{ order.total | money }}"
