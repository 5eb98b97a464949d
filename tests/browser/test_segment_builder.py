"""A segment is built: by mouse and by keyboard alone, read back as a sentence, counted as it stands, and saved."""

import re

import pytest
from playwright.sync_api import expect

from analytics import segments
from analytics.models import Segment
from tests.browser.conftest import press
from tests.browser.editor import flaws
from tests.factories import CustomerFactory, OrderFactory, vocabulary

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

ADD = "/admin/analytics/segment/add/"
GERMANS = {"field": "customer.language", "operator": "=", "value": "de"}
WITH_PHONE = {"field": "customer.has_phone", "operator": "=", "value": True}
MANY = {"field": "orders.count", "operator": ">=", "value": "2"}


@pytest.fixture
def shop_of_three(db):
    """Two Germans of whom one ordered twice, and somebody else."""
    words = vocabulary(("payment", "awaiting", "Awaiting payment"), ("payment", "paid", "Paid"))
    for name, language, orders in (("Ada", "de", 2), ("Bo", "de", 1), ("Cy", "en", 0)):
        customer = CustomerFactory(external_id=name, first_name=name, last_name="", language=language)
        for number in range(orders):
            OrderFactory(external_id=f"{name}-{number}", customer=customer, payment_status=words["paid"])


@pytest.fixture
def edit(visit):
    """Open the builder of a segment with these conditions."""

    def edit(*rules):
        segment = segments.create(code="mine", name="Mine", rule={"combinator": "and", "rules": list(rules)})
        visit(f"/admin/analytics/segment/{segment.pk}/edit/")
        return segment

    return edit


def adds(page, at="/rule"):
    return page.locator(f"[data-adds='{at}']").get_by_role("combobox")


def sentence(page):
    return page.locator("#sb-sentence")


def saved(page):
    press(page, page.get_by_role("button", name="Save", exact=True))
    expect(page).to_have_url(re.compile(r"/segment/\d+/change/"))
    return Segment.objects.get().rule


def handle(page, name):
    return page.get_by_role("button", name=f"Move: {name}", exact=True)


def test_a_segment_is_built_by_mouse(page, visit, shop_of_three, shoot):
    visit(ADD)
    expect(page.get_by_label("Name")).to_be_focused()
    page.get_by_label("Name").fill("Loyal Germans")
    expect(page.get_by_label("Code")).to_have_value("loyal-germans")

    adds(page).click()
    page.get_by_role("option", name="language").click()
    page.get_by_label("Value").fill("de")
    expect(page.locator("[data-figure=count]")).to_contain_text("2")
    adds(page).fill("number of orders")
    page.get_by_role("option", name="number of orders").click()
    page.get_by_label("Value").last.fill("2")
    page.get_by_role("button", name="only some orders").click()
    adds(page, "/rule/rules/1/where").fill("paid")
    page.get_by_role("option", name="payment status Paid", exact=True).click()

    expect(sentence(page)).to_contain_text("payment status is Paid")
    expect(page.locator("[data-figure=count]")).to_contain_text("33.3 % of 3")
    expect(page.locator("[data-figure=orders]")).to_contain_text("2")
    expect(page.get_by_role("link", name="Ada")).to_be_visible()
    expect(page.locator("#sb-preview [data-status]")).to_contain_text("As of")
    assert flaws(page) == []
    shoot("segment-builder")
    only_paid = {"combinator": "and", "rules": [{"field": "order.payment_status", "operator": "in", "value": ["paid"]}]}
    assert saved(page) == {"combinator": "and", "rules": [GERMANS, MANY | {"where": only_paid}]}


def test_a_segment_is_built_by_keyboard_alone(page, visit, shop_of_three):
    visit(ADD)
    page.keyboard.type("Paid")
    adds(page).focus()
    page.keyboard.type("awaiting")
    expect(page.get_by_role("option").first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Escape")
    expect(page.get_by_role("option")).to_have_count(0)
    page.keyboard.type("customer lang")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Value")).to_be_focused()
    page.keyboard.type("de")
    press(page, page.get_by_role("button", name="Add group"))
    expect(adds(page, "/rule/rules/1")).to_be_focused()
    page.keyboard.type("has a phone")
    page.keyboard.press("Enter")
    expect(handle(page, "language")).to_be_visible()

    handle(page, "language").focus()
    page.keyboard.press("ArrowRight")
    expect(handle(page, "language")).to_be_focused()
    expect(page.get_by_role("status").filter(has_text="Moved to place 1 of 2.")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    expect(handle(page, "language")).to_be_focused()
    press(page, page.get_by_role("button", name="More to do: language"))
    page.get_by_role("menuitem", name="Say the opposite").focus()
    page.keyboard.press("Enter")

    not_german = GERMANS | {"operator": "!="}
    assert saved(page) == {"combinator": "and", "rules": [{"combinator": "or", "rules": [WITH_PHONE, not_german]}]}


def test_conditions_are_grouped_copied_undone_and_dragged(page, edit):
    edit(GERMANS, WITH_PHONE, MANY)

    for name in ("language", "has a phone number"):
        page.get_by_role("checkbox", name=f"Select: {name}").check()
    page.get_by_role("button", name="Group the selected").click()
    expect(sentence(page)).to_contain_text(" or ")
    page.get_by_role("button", name="Undo").click()
    expect(sentence(page)).not_to_contain_text(" or ")
    page.get_by_role("button", name="Redo").click()
    expect(sentence(page)).to_contain_text(" or ")
    one, group = handle(page, "number of orders").bounding_box(), handle(page, "language").bounding_box()
    page.mouse.move(one["x"] + 8, one["y"] + 8)
    page.mouse.down()
    page.mouse.move(one["x"] + 8, one["y"] - 20, steps=4)
    page.mouse.move(group["x"] + 40, group["y"] + 2, steps=6)
    page.mouse.up()
    page.get_by_role("button", name="More to do: language").click()
    page.get_by_role("menuitem", name="Duplicate").click()

    inner = {"combinator": "or", "rules": [MANY, GERMANS, GERMANS, WITH_PHONE]}
    assert saved(page) == {"combinator": "and", "rules": [inner]}


def test_what_is_wrong_is_told_at_its_place_and_nothing_is_lost(page, edit):
    edit(MANY)

    page.get_by_label("Value").fill("many")
    expect(page.get_by_label("Value")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Value")).to_have_accessible_description("Give a number.")
    press(page, page.get_by_role("button", name="Save", exact=True))

    expect(page.get_by_role("alert")).to_contain_text("Give a number.")
    expect(page.get_by_label("Value")).to_have_value("many")


def test_a_server_that_is_away_loses_nothing(page, edit, complaints):
    edit(GERMANS)
    expect(page.locator("#sb-preview [data-status]")).to_contain_text("As of")
    for address in ("**/check/", "**/preview/", "**/save/"):
        page.route(address, lambda route: route.abort())

    page.get_by_label("Value").fill("en")
    expect(page.locator("#sb-preview [data-status]")).to_contain_text("does not answer")
    press(page, page.get_by_role("button", name="Save", exact=True))
    expect(page.locator("#sb-saved")).to_contain_text("Nothing you typed is lost")
    for address in ("**/check/", "**/preview/", "**/save/"):
        page.unroute(address)

    expect(page.locator("#sb-preview [data-status]")).to_contain_text("As of", timeout=20_000)
    assert saved(page)["rules"] == [GERMANS | {"value": "en"}]
    complaints.clear()  # the browser tells of the lost connection


def test_an_old_answer_does_not_take_the_place_of_a_newer_one(page, edit, shop_of_three):
    edit(GERMANS)
    figure = page.locator("[data-figure=count]")
    expect(figure).to_contain_text("of 3")
    held = []
    page.route(
        "**/preview/", lambda route: held.append(route) if "%22en%22" in route.request.post_data else route.continue_()
    )
    page.get_by_label("Value").fill("en")
    expect(page.locator("#sb-preview [data-status]")).to_have_text("counting…")
    page.wait_for_timeout(1000)

    page.get_by_label("Value").fill("de")
    expect(figure).to_contain_text("66.7 % of 3")
    for route in held:
        route.continue_()
    page.wait_for_timeout(500)
    expect(figure).to_contain_text("66.7 % of 3")


def test_the_second_of_two_editors_is_told_and_sees_both(page, edit, shoot):
    segment = edit(GERMANS)
    segments.change(segment, name="Theirs", rule={"combinator": "and", "rules": [WITH_PHONE]})

    page.get_by_label("Name").fill("Ours")
    press(page, page.get_by_role("button", name="Save", exact=True))
    both = page.get_by_role("region", name="Both versions")
    expect(both).to_contain_text("Theirs")
    expect(both).to_contain_text("Ours")
    expect(page.get_by_role("alert")).to_be_focused()
    shoot("segment-conflict")
    press(page, page.get_by_role("button", name="Replace their version with mine"))

    expect(page.get_by_role("heading", name="Ours").or_(page.get_by_text("Ours").first)).to_be_visible()
    assert Segment.objects.get().rule["rules"] == [GERMANS]


def test_leaving_with_something_unsaved_asks(page, edit):
    edit(GERMANS)
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))

    page.get_by_label("Name").fill("Not saved")
    page.get_by_role("link", name="Close").click()

    page.wait_for_timeout(300)
    assert asked == ["beforeunload"]
    expect(page.get_by_label("Name")).to_have_value("Not saved")
