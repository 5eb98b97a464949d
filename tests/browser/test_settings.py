"""The switch Orders, people with their roles, and what each may do, as people go about them."""

import re

import pytest
from playwright.sync_api import expect

from campaigns.lifecycle import activate, save_draft
from campaigns.models import Campaign
from tests.browser.conftest import press
from tests.factories import OrderFactory
from tests.screens import documented_statuses, holding, page_of, ready_for_pickup
from workspace.models import Source, User, Workspace

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def draft(db):
    documented_statuses()
    return save_draft(ready_for_pickup())[0]


@pytest.fixture
def as_role(visit, page, live_server):
    """Go to an address as somebody else, who has this role."""

    def go(role, address):
        session = holding(role).cookies["sessionid"].value
        page.context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
        visit(address)

    return go


def test_a_source_gets_a_code_by_itself_and_then_a_key(page, visit):
    visit(page_of("workspace_source", "add"))

    page.get_by_label("Name").fill("Web shop")
    expect(page.get_by_role("textbox", name="Code")).to_have_value("web-shop")
    page.keyboard.press("Enter")
    press(page, page.get_by_role("link", name="Create a key"))

    source = Source.objects.get(code="web-shop")
    expect(page.get_by_label("Source")).to_have_value(str(source.pk))


def test_orders_is_turned_off_and_on_by_keyboard(page, visit, draft, shoot):
    activate(draft)
    visit(page_of("workspace_workspace", "change", 1))

    press(page, page.get_by_role("link", name="Turn Orders off"))
    window = page.get_by_role("dialog", name="Turn Orders off?")
    expect(window.get_by_text(draft.name)).to_be_visible()
    shoot("orders-off")
    press(page, window.get_by_role("button", name="Turn Orders off"))
    expect(page.get_by_text("Orders is off. What goes through campaigns stands still")).to_be_visible()
    assert not Workspace.orders_are_on()

    press(page, page.get_by_role("link", name="Turn Orders on").first)
    press(page, page.get_by_role("dialog", name="Turn Orders on?").get_by_role("button", name="Turn Orders on"))
    expect(page.get_by_text("Orders is on.")).to_be_visible()
    assert Workspace.orders_are_on()


def test_a_person_is_added_with_a_role(page, visit, shoot):
    visit(page_of("workspace_user", "add"))

    page.get_by_label("Username").fill("grace")
    for field in ("Password", "Password confirmation"):
        page.get_by_label(field, exact=True).fill("a-password-of-some-length")
    page.get_by_label("Analyst").check()
    shoot("person")
    press(page, page.get_by_role("button", name="Save", exact=True))

    expect(page).to_have_url(re.compile("/change/$"))
    assert [role.name for role in User.objects.get(username="grace").groups.all()] == ["Analyst"]


def test_a_marketer_asks_and_a_senior_marketer_activates(page, as_role, draft, shoot):
    address = page_of("campaigns_campaign", "change", draft.pk)
    as_role("Marketer", address)
    press(page, page.get_by_role("button", name="Ask for activation"))
    expect(page.get_by_text("Activation asked for by").first).to_be_visible()

    as_role("Senior marketer", address)
    shoot("asked-for")
    press(page, page.get_by_role("link", name="Activate"))
    press(page, page.get_by_role("dialog").get_by_role("button", name="Activate"))

    expect(page.get_by_text("Active").first).to_be_visible()
    assert Campaign.objects.get().state == "active"


def test_an_analyst_takes_a_list_away_without_names_and_numbers(page, as_role):
    OrderFactory(external_id="O-7", customer__first_name="Grace", customer__phone="+16025550142")
    as_role("Analyst", page_of("customers_customer"))

    with page.expect_download() as taken:
        press(page, page.get_by_role("link", name="Export"))

    told = taken.value.path().read_text(encoding="utf-8-sig")
    assert told.startswith("external_id,")
    assert "Grace" not in told
    assert "5550142" not in told
