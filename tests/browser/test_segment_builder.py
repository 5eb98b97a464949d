"""A segment is built by mouse and by keyboard: found by typing, grouped, denied, nested, counted and saved."""

import json
import re

import pytest
from playwright.sync_api import expect

from analytics import segments
from analytics.models import Segment
from statuses.models import OrderStatus
from tests.browser.conftest import press
from tests.browser.editor import flaws
from tests.factories import CustomerFactory, OrderFactory, vocabulary

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

ADD = "/admin/analytics/segment/add/"
LANGUAGE = {"field": "customer.language", "operator": "=", "value": "de"}


@pytest.fixture
def shop(db):
    vocabulary(
        ("payment", "awaiting_payment", "Awaiting payment"), ("payment", "paid", "Paid"), ("payment", "lost", "Lost")
    )
    OrderStatus.objects.filter(code="lost").update(include_in_analytics=False)
    for number, language in enumerate(["de", "de", "en", "fr"]):
        customer = CustomerFactory(external_id=f"C-{number}", first_name=f"Ada {number}", language=language)
        for order in range(number):
            OrderFactory(external_id=f"A-{number}-{order}", customer=customer, total_minor=1000)


@pytest.fixture
def germans(shop):
    return segments.create(code="germans", name="Germans", rule={"combinator": "and", "rules": [LANGUAGE]})


@pytest.fixture
def edit(visit, germans):
    visit(f"/admin/analytics/segment/{germans.pk}/edit/")


def find(page, typed, place=0):
    """Add a condition, found by typing."""
    line = page.get_by_role("combobox", name="Add condition").nth(place)
    line.fill(typed)
    line.press("Enter")


def act(page, name, what):
    """Do something to a part, by the menu behind it."""
    page.get_by_role("button", name=f"More to do: {name}").click()
    page.get_by_role("menuitem", name=what).click()


def rule(page):
    return json.loads(page.locator("textarea[name=rule]").input_value())


def counted(page, customers):
    expect(page.locator("#sb-preview")).to_have_attribute("data-state", "counted")
    expect(page.locator(".sb-figure").first).to_contain_text(f"Customers{customers}")


def sentence(page, said):
    expect(page.locator("#sb-sentence")).to_have_text(said)


def save(page):
    page.get_by_role("button", name="Save", exact=True).click()


@pytest.fixture
def many(shop):
    """More statuses than are shown at once."""
    vocabulary(*(("payment", f"plan_{number}", f"Plan {number}") for number in range(1, 21)))


def test_of_many_statuses_some_are_found_by_typing_and_taken_away_by_keyboard(visit, visitor, many):
    visit(ADD)
    page = visitor
    find(page, "payment status")
    page.get_by_role("combobox", name="How").select_option("in")
    chosen = page.get_by_role("group", name="Value")
    line = chosen.get_by_role("combobox", name="Value: add another: type its name")

    expect(chosen.get_by_role("checkbox")).to_have_count(0)
    line.press_sequentially("plan 17")
    line.press("Enter")
    line.press_sequentially("pai")
    line.press("Enter")

    expect(line).to_be_focused()
    expect(line).to_have_value("")
    expect(chosen.get_by_role("button")).to_have_count(2)
    assert rule(page)["rules"][0]["rules"][0]["value"] == ["plan_17", "paid"]
    line.press_sequentially("plan 17")
    expect(page.get_by_role("option", name="Nothing is called like that.")).to_be_visible()
    line.press("Escape")
    assert flaws(page) == []
    press(page, chosen.get_by_role("button", name="Take away: Plan 17"))
    expect(chosen.get_by_role("button", name="Take away: Paid")).to_be_focused()
    page.keyboard.press("Enter")
    expect(line).to_be_focused()
    assert rule(page)["rules"][0]["rules"][0]["value"] == []


def test_of_a_dozen_statuses_each_is_ticked(visit, visitor, shop):
    visit(ADD)
    page = visitor
    find(page, "payment status")
    page.get_by_role("combobox", name="How").select_option("in")

    expect(page.get_by_role("group", name="Value").get_by_role("checkbox")).to_have_count(2)


def test_a_segment_is_built_by_mouse(page, visit, shop, shoot):
    visit(ADD)
    page.get_by_label("Name", exact=True).fill("Spenders")
    expect(page.get_by_label("Code", exact=True)).to_have_value("spenders")
    find(page, "number of orders")
    page.get_by_label("Value").fill("2")
    sentence(page, "Number of orders is at least 2")
    counted(page, 2)
    sample = page.get_by_role("listitem").filter(has=page.get_by_role("link", name="Ada 3"))
    expect(sample.get_by_label("Why")).to_have_text("number of orders: 3")

    page.get_by_role("button", name="only some orders").click()
    find(page, "order total")
    page.get_by_role("group", name="order total").get_by_label("Value").fill("5")
    find(page, "language", place=1)
    page.get_by_role("group", name="language").get_by_label("Value").fill("fr")
    counted(page, 1)
    act(page, "language", "Say the opposite")
    sentence(page, "Number of orders (of orders where order total is at least 5) is at least 2 and language is not fr")
    counted(page, 1)
    for name in ("number of orders", "language"):
        page.get_by_role("checkbox", name=f"Select: {name}").click()
    page.get_by_role("button", name="Group the selected").click()
    act(page, "Group", "Say the opposite")
    counted(page, 0)
    shoot("segment-builder-group")
    assert flaws(page) == []
    save(page)

    expect(page.get_by_role("heading", name="Spenders")).to_be_visible()
    total = {"field": "order.total", "operator": ">=", "value": "5"}
    orders = {"field": "orders.count", "operator": ">=", "value": "2", "where": {"combinator": "and", "rules": [total]}}
    assert Segment.objects.get().rule == {
        "combinator": "and",
        "rules": [{"combinator": "or", "not": True, "rules": [orders, {**LANGUAGE, "operator": "!=", "value": "fr"}]}],
    }


def test_a_segment_is_built_by_keyboard_alone(page, visit, shop):
    visit(ADD)
    expect(page.get_by_label("Name", exact=True)).to_be_focused()
    keys = page.keyboard
    keys.type("Waiting")
    keys.press("Tab")
    keys.press("Tab")
    for _ in range(12):
        if page.evaluate("document.activeElement.getAttribute('aria-label')") == "Add condition":
            break
        keys.press("Tab")
    keys.type("awaiting")
    expect(page.locator(".found-option[aria-selected=true]")).to_contain_text("payment status")
    keys.press("Enter")
    assert rule(page)["rules"][0]["of"] == "any_order"
    expect(page.get_by_role("checkbox", name="Awaiting payment")).to_be_focused()
    expect(page.get_by_role("checkbox", name="Awaiting payment")).to_be_checked()
    keys.press("Tab")
    keys.press("Space")
    sentence(page, "One of the customer's orders: payment status is one of Awaiting payment or Paid")

    adds = page.get_by_role("combobox", name="Add condition")
    adds.last.focus()
    keys.type("language")
    keys.press("Enter")
    keys.type("de")
    handle = page.get_by_role("button", name="Move: language", exact=True)
    handle.focus()
    keys.press("ArrowUp")
    assert rule(page)["rules"][0]["field"] == "customer.language"
    expect(handle).to_be_focused()
    press(page, page.get_by_role("button", name="More to do: language"))
    keys.press("ArrowDown")
    keys.press("Enter")
    assert rule(page)["rules"][0] == {**LANGUAGE, "operator": "!="}
    press(page, page.get_by_role("button", name="More to do: language"))
    keys.press("Enter")
    assert [each["field"] for each in rule(page)["rules"][:2]] == ["customer.language", "customer.language"]
    press(page, page.get_by_role("button", name="Remove: language").nth(1))
    keys.press("Control+s")

    expect(page.get_by_role("heading", name="Waiting")).to_be_visible()
    assert Segment.objects.get().rule["rules"][1]["rules"][0]["value"] == ["awaiting_payment", "paid"]


def test_only_statuses_in_analytics_are_offered(page, visit, shop):
    visit(ADD)
    find(page, "payment status")

    chips = page.get_by_role("group", name="Value")
    expect(chips.get_by_label("Paid")).to_be_visible()
    expect(chips.get_by_label("Lost")).to_have_count(0)


def test_a_way_between_statuses_is_asked_about(page, visit, shop):
    visit(ADD)
    find(page, "times orders went")
    condition = page.locator(".rule-condition")
    condition.get_by_label("type of status").select_option("payment")
    condition.get_by_role("button", name="to", exact=True).click()
    condition.get_by_role("group", name="to", exact=True).get_by_label("Paid").click()
    condition.get_by_role("button", name="in the last").click()
    condition.get_by_label("Value").fill("1")
    counted(page, 0)

    assert rule(page)["rules"][0] == {
        "field": "transitions.count",
        "operator": ">=",
        "value": "1",
        "type": "payment",
        "to": ["paid"],
        "within": {"value": 30, "unit": "days"},
    }


def test_a_part_is_dragged_into_a_group(page, edit):
    page.set_viewport_size({"width": 1280, "height": 1400})  # at the edge of the screen the page would scroll
    find(page, "number of orders")
    page.get_by_role("button", name="Add group").click()
    find(page, "first name")
    page.get_by_role("group", name="first name").get_by_label("Value").fill("No")

    grip = page.get_by_role("button", name="Move: number of orders", exact=True).bounding_box()
    page.mouse.move(grip["x"] + 8, grip["y"] + 8)
    page.mouse.down()
    page.mouse.move(grip["x"] + 8, grip["y"] + 30, steps=3)
    expect(page.locator(".rule-lifted")).to_have_count(1)
    target = page.get_by_role("group", name="first name")
    for _ in range(2):  # the mark of where it would land, and what was said of the part left, move what is under them
        box = target.bounding_box()
        page.mouse.move(box["x"] + 60, box["y"] + box["height"] - 4, steps=6)
    expect(page.get_by_role("group", name="Group").last.locator(".rule-drop")).to_have_count(1)
    page.mouse.up()

    assert [each["field"] for each in rule(page)["rules"][1]["rules"]] == ["customer.first_name", "orders.count"]
    page.get_by_role("button", name="Undo").click()
    assert rule(page)["rules"][1]["field"] == "orders.count"


def test_what_is_wrong_is_told_at_its_place(page, visit, shop, complaints):
    visit(ADD)
    page.get_by_label("Name", exact=True).fill("Half")
    find(page, "payment status")
    expect(page.get_by_text("Give between 1 and 1000 values.")).to_have_count(0)
    save(page)

    told = page.get_by_role("alert").filter(has_text="Not saved. Mend this first:")
    expect(told).to_be_focused()
    told.get_by_role("link", name="payment status: Give between 1 and 1000 values.").click()
    paid = page.get_by_label("Awaiting payment")
    expect(paid).to_be_focused()
    expect(page.locator(".rule-value").get_by_text("Give between 1 and 1000 values.")).to_be_visible()
    assert flaws(page) == []
    paid.press("Space")
    expect(told).to_be_hidden()
    save(page)
    expect(page.get_by_role("heading", name="Half")).to_be_visible()
    complaints.clear()  # the browser tells of the refusal


def test_two_who_edit_at_once_see_what_the_other_saved(page, edit, germans, complaints, shoot):
    french = {"combinator": "and", "rules": [{**LANGUAGE, "value": "fr"}]}
    segments.change(germans, name="French", rule=french, revision=germans.revision)
    page.get_by_label("Value").fill("en")
    save(page)

    expect(page.get_by_role("alert")).to_be_focused()
    both = page.get_by_role("region", name="Both versions")
    expect(both).to_contain_text("language is fr")
    expect(both).to_contain_text("language is en")
    shoot("segment-conflict")
    expect(page.get_by_label("Value")).to_have_value("en")
    assert flaws(page) == []
    page.get_by_role("button", name="Replace their version with mine").click()

    expect(page).to_have_url(re.compile(r"/change/$"))
    germans.refresh_from_db()
    assert germans.rule["rules"][0]["value"] == "en"
    complaints.clear()  # the browser tells of the conflict


def test_who_leaves_with_something_unsaved_is_asked(page, edit):
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.get_by_label("Value").fill("en")

    page.get_by_role("link", name="Close").click()

    expect(page).to_have_url(re.compile(r"/change/$"))
    assert asked == ["beforeunload"]


def test_while_the_server_is_away_nothing_is_lost(page, edit, complaints):
    page.route("**/segment/**", lambda route: route.abort())
    page.get_by_label("Value").fill("en")
    expect(page.get_by_text("The server does not answer.")).to_be_visible()
    save(page)
    expect(page.get_by_text("Not saved: the server does not answer.")).to_be_visible()
    page.unroute("**/segment/**")

    counted(page, 1)
    save(page)
    expect(page).to_have_url(re.compile(r"/change/$"))
    complaints.clear()  # the browser tells of the lost connection


def test_a_list_is_given_another_name(page, visit):
    friends = segments.create(code="friends", name="Friends")
    visit(f"/admin/analytics/segment/{friends.pk}/edit/")

    page.get_by_label("Name", exact=True).fill("Good friends")
    save(page)

    expect(page.get_by_role("heading", name="Good friends")).to_be_visible()


def test_segments_there_are_are_offered_by_name(page, visit, germans):
    visit(ADD)
    find(page, "germans")

    expect(page.get_by_role("group", name="Value").get_by_label("Germans")).to_be_checked()
    sentence(page, "Segments they are in include any of Germans")
