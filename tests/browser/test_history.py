import pytest
from playwright.sync_api import expect

from tests.browser.conftest import SIZES
from tests.factories import CustomerFactory, SourceFactory
from tests.screens import page_of
from workspace import history
from workspace.models import ApiKey, User, Verb, Workspace

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def acted():
    ann = history.Who("ann", user_id=1, address="192.0.2.7", request_id="r-1")
    shop = SourceFactory(code="web-shop", name="Web shop")
    key = ApiKey.objects.issue(name="Web shop, production", source=shop, scopes=["orders:write"])[0]
    by_key = history.Who(key.name, key_id=key.pk, source_id=shop.pk, address="2001:db8::17")
    history.record_created(ann, shop)
    history.record(ann, Verb.CHANGED, shop, changes={"mode": ["history", "live"]})
    history.record_created(ann, key, Verb.ISSUED)
    history.record(ann, Verb.CHANGED, CustomerFactory(), changes={"sms_consent": ["unknown", "given"], "phone": None})
    long = ["STOP, END, QUIT, CANCEL, UNSUBSCRIBE, STOPALL", "STOP, END, QUIT, CANCEL, UNSUBSCRIBE, STOPALL, HALT, WEG"]
    many = {"stop_words": long, "currency": ["EUR", "GBP"], "timezone": ["UTC", "Europe/London"]}
    more = {"organisation": ["", "Shop Ltd"], "default_country": ["US", "GB"], "start_words": ["START", "START, JA"]}
    history.record(ann, Verb.CHANGED, Workspace.current(), changes=many | more)
    history.record(by_key, Verb.WRITTEN, CustomerFactory._meta.model, counts={"created": 1204, "changed": 17})
    history.record(history.Who(address="203.0.113.9"), Verb.SIGN_IN_FAILED, User.objects.first())
    history.record(ann, Verb.PAUSED, Workspace.current())
    return shop


def test_what_was_done_is_read_filtered_and_taken_along(page, visit, acted, shoot):
    visit(page_of("workspace_action"))
    expect(page.get_by_text("Mode: History: starts no campaign → Live: starts campaigns")).to_be_visible()
    shoot("history")

    page.get_by_role("button", name="Filters").click()
    shoot("history-filters")
    page.get_by_label("What was done").select_option("Issued")
    page.get_by_label("From").fill("2020-01-01")
    page.get_by_role("button", name="Apply Filters").click()

    expect(page.locator("#result_list tbody tr")).to_have_count(1)
    with page.expect_download() as download:
        page.get_by_role("link", name="Export").click()
    assert download.value.path().read_text(encoding="utf-8-sig").count("\n") == 2


def test_the_history_of_one_object_is_a_step_away(page, visit, acted, shoot):
    visit(page_of("workspace_source", "change", acted.pk))
    shoot("history-way")

    page.get_by_role("link", name="History", exact=True).click()

    expect(page.locator("#result_list tbody tr")).to_have_count(2)
    page.locator("#result_list a").first.click()
    expect(page.get_by_text("r-1")).to_be_visible()
    shoot("history-one")


def test_the_login_says_who_guesses_too_often_to_wait(page, live_server, visit, shoot, complaints):
    User.objects.create_user("ann", password="a-password-of-some-length", is_staff=True)
    visit("/admin/")
    page.context.clear_cookies()
    page.goto(live_server.url + "/admin/login/")
    for _each in range(5):
        page.get_by_label("Username").fill("ann")
        page.get_by_label("Password").fill("wrong")
        page.get_by_role("button", name="Log in").click()

    expect(page.get_by_text("Wait 15 minutes")).to_be_visible()
    shoot("locked-out")
    # Chromium writes of every page that is answered with an error.
    (said,) = complaints
    assert "429" in said
    complaints.clear()


def test_one_signs_out_everywhere_from_the_menu(page, visit, shoot):
    visit("/admin/")

    page.locator("[x-on\\:click*='openUserLinks'], [x-on\\:click*='userLinksOpen']").first.click()
    page.get_by_role("link", name="Sign out everywhere").click()
    shoot("sign-out")
    page.get_by_role("button", name="Sign out everywhere").click()

    expect(page.get_by_label("Username")).to_be_visible()


def test_the_documentation_of_the_api_is_drawn_under_its_policy(page, live_server, complaints):
    page.set_viewport_size(SIZES["desktop"])
    page.goto(live_server.url + "/api/docs/")

    expect(page.get_by_text("List what people and keys did")).to_be_visible(timeout=20_000)
