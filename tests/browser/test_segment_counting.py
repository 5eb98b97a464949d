"""The count beside a segment's rule is that of the rule as it stands, and edits can be undone."""

import pytest
from playwright.sync_api import expect

from analytics import segments
from tests.browser.conftest import press
from tests.factories import CustomerFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

GERMANS = {"field": "customer.language", "operator": "=", "value": "de"}
WITH_PHONE = {"field": "customer.has_phone", "operator": "=", "value": True}


@pytest.fixture
def edit(visit):
    for language in ("de", "de", "en"):
        CustomerFactory(language=language)

    def edit(*rules):
        segment = segments.create(code="mine", name="Mine", rule={"combinator": "and", "rules": list(rules)})
        visit(f"/admin/analytics/segment/{segment.pk}/edit/")

    return edit


def test_an_old_answer_does_not_take_the_place_of_a_newer_one(page, edit):
    edit(GERMANS)
    figures, status = page.locator("#sb-preview [data-figures]"), page.locator("#sb-preview [data-status]")
    expect(figures).to_contain_text("of 3")
    held = []

    def hold(route):
        if "%22en%22" in route.request.post_data:
            held.append(route)
        else:
            route.continue_()

    page.route("**/preview/", hold)
    page.get_by_label("Value").fill("en")
    expect(status).to_have_text("counting…")
    page.wait_for_timeout(1000)
    assert len(held) == 1

    page.get_by_label("Value").fill("de")
    expect(status).to_contain_text("As of")
    expect(figures).to_contain_text("Customers2")
    held[0].continue_()
    page.wait_for_timeout(500)
    expect(figures).to_contain_text("Customers2")


def test_grouping_is_undone_and_done_again(page, edit):
    edit(GERMANS, WITH_PHONE)
    said = page.locator("#sb-sentence")
    expect(said).to_have_text("Language is de and has a phone number is true")

    for name in ("language", "has a phone number"):
        page.get_by_role("checkbox", name=f"Select: {name}").check()
    page.get_by_role("button", name="Group the selected").click()
    expect(said).to_contain_text("language is de or has a phone number is true", ignore_case=True)
    page.get_by_role("button", name="Undo").click()
    expect(said).to_have_text("Language is de and has a phone number is true")
    press(page, page.get_by_role("button", name="Redo"))

    expect(said).to_contain_text("language is de or has a phone number is true", ignore_case=True)
