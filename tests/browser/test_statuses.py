"""Settings > Order Statuses, by mouse and by keyboard."""

import re

import pytest
from playwright.sync_api import expect

from campaigns.lifecycle import save_draft
from orders.models import Order, UnknownCode
from orders.said import Said
from orders.transitions import hear
from statuses import lifecycle
from statuses.models import OrderStatus
from tests.browser.conftest import press, settle
from tests.factories import OrderFactory, SourceFactory, StatusFactory
from tests.screens import documented_statuses, page_of, ready_for_pickup

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LIST = "/admin/statuses/orderstatus/"


@pytest.fixture
def payments(db):
    return [StatusFactory(type="payment", code=name.lower(), name=name) for name in ("Invoiced", "Paid", "Refunded")]


def in_order(type="payment"):
    return list(OrderStatus.objects.of_type(type).values_list("name", flat=True))


def shown(page):
    return page.locator(".field-name_shown .os-name").all_inner_texts()


def drag(page, name, to):
    handle = page.get_by_role("button", name=f"Move “{name}”")
    target = page.get_by_role("button", name=f"Move “{to}”").bounding_box()
    handle.hover()
    page.mouse.down()
    page.mouse.move(target["x"] + 5, target["y"] + target["height"] - 2, steps=8)
    page.mouse.up()


def test_statuses_are_put_in_order_by_mouse_and_by_keyboard(page, visit, payments, shoot):
    StatusFactory(type="general", name="New")
    for number in range(3):
        OrderFactory(external_id=f"O-{number}", payment_status=payments[1])
    visit(LIST)
    expect(page.get_by_role("link", name="3 orders stand in it")).to_have_text("3")
    shoot("statuses")

    drag(page, "Invoiced", to="Refunded")
    expect(page.get_by_role("status").filter(has_text="“Invoiced” is now 3 of 3 in Payment.")).to_be_attached()
    assert in_order() == ["Paid", "Refunded", "Invoiced"]
    handle = page.get_by_role("button", name="Move “Invoiced”")
    handle.focus()
    page.keyboard.press("Alt+ArrowUp")
    page.keyboard.press("Alt+ArrowUp")
    page.keyboard.press("Alt+ArrowUp")  # it is the first of its type already
    expect(page.get_by_role("status").filter(has_text="“Invoiced” is now 1 of 3 in Payment.")).to_be_attached()

    expect(handle).to_be_focused()
    assert shown(page) == ["New", "Invoiced", "Paid", "Refunded"]
    assert in_order() == ["Invoiced", "Paid", "Refunded"]


def test_a_code_is_offered_in_latin_letters_and_checked_as_it_is_typed(page, visit, shoot):
    StatusFactory(type="payment", code="oplachen", name="Paid")
    visit(f"{LIST}?type__exact=payment")

    press(page, page.get_by_role("link", name="Add status"))
    window = page.get_by_role("dialog", name="Status property")
    name, code = window.get_by_label("Name"), window.get_by_label("Status code")
    expect(name).to_be_focused()
    settle(page)
    page.keyboard.type("Оплачен")
    expect(code).to_have_value("oplachen")
    expect(window.get_by_text("A status of this type already has this code.")).to_be_visible()
    shoot("code-taken")
    name.fill("Zrušená œuvre / Ёж")
    expect(code).to_have_value("zrusena_oeuvre_ezh")
    expect(window.get_by_text("A status of this type already has this code.")).to_be_hidden()
    name.fill("🎉")
    expect(window.get_by_text("No code could be made of this name. Write one.")).to_be_visible()
    code.fill("any")
    expect(window.get_by_text("“any” means something of its own in campaigns.")).to_be_visible()
    code.fill("x" * 65)
    expect(window.get_by_text("at most 64 characters")).to_be_visible()
    code.fill("all gone")
    expect(window.get_by_text("It has a space within, which integrations must send too.")).to_be_visible()
    window.get_by_title("Green").click()
    page.keyboard.press("Enter")

    expect(window).to_be_hidden()
    added = OrderStatus.objects.get(code="all gone")
    assert (added.name, added.type, added.colour, added.include_in_analytics) == ("🎉", "payment", "green", True)


def test_of_two_who_edit_a_status_the_second_sees_both(page, visit, payments, shoot):
    invoiced, paid, _refunded = payments
    OrderFactory(payment_status=paid)
    visit(LIST)

    press(page, page.get_by_role("link", name="Paid", exact=True))
    window = page.get_by_role("dialog", name="Status property")
    expect(window.get_by_label("Name")).to_be_focused()
    expect(window.get_by_label("Type")).to_be_disabled()
    expect(window.get_by_label("Status code")).to_be_disabled()
    expect(window.get_by_role("link", name="1 order stands in it")).to_be_visible()
    shoot("status-in-use")
    lifecycle.change(paid, {"name": "Settled", "colour": "green"})
    window.get_by_label("Name").fill("Paid up")
    window.get_by_role("button", name="Save").click()
    told = window.get_by_role("alert")
    expect(told).to_contain_text("Name is now “Settled”; you wrote “Paid up”.")
    expect(told).to_contain_text("Colour is now “Green”.")
    expect(window.get_by_label("Name")).to_have_value("Paid up")
    settle(page)
    shoot("changed-by-two")
    page.keyboard.press("Enter")
    expect(page.get_by_text("“Paid up” was saved.")).to_be_visible()

    paid.refresh_from_db()
    assert (paid.name, paid.code, paid.colour) == ("Paid up", "paid", "green")
    page.get_by_role("link", name="Invoiced", exact=True).click()
    expect(window.get_by_text("Nothing uses this status yet")).to_be_visible()
    window.get_by_label("Status code").fill("PAID")
    expect(window.get_by_text("A status of this type already has this code.")).to_be_visible()
    page.keyboard.press("Escape")
    invoiced.refresh_from_db()
    assert invoiced.code == "invoiced"


def test_what_is_not_wanted_any_more_is_deleted_retired_or_merged(page, visit, payments, shoot):
    order = OrderFactory(payment_status=payments[1])
    visit(LIST)
    window = page.get_by_role("dialog")

    page.get_by_role("link", name="Delete “Refunded”").click()
    expect(window.get_by_text("Nothing uses it.")).to_be_visible()
    window.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("“Refunded” was deleted.")).to_be_visible()
    press(page, page.get_by_role("link", name="Delete “Paid”"))
    expect(window.get_by_text("It is in use, so it stays")).to_be_visible()
    expect(window.get_by_role("link", name="1 order stands in it")).to_be_visible()
    shoot("delete-in-use")
    expect(window.get_by_role("link", name="Retire", exact=True)).to_be_focused()
    press(page, window.get_by_role("link", name="Retire", exact=True))
    expect(window.get_by_role("heading", name="Retire “Paid”?")).to_be_visible()
    window.get_by_text("Refuse it, and tell them so").click()
    shoot("retire")
    window.get_by_role("button", name="Retire").click()
    expect(page.get_by_text("Retired, and refused")).to_be_visible()
    press(page, page.get_by_role("link", name="Merge “Paid”"))
    expect(window.get_by_label("Merge it into")).to_be_focused()
    settle(page)
    page.keyboard.press("I")
    shoot("merge")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.get_by_text("Merged into “Invoiced”")).to_be_visible()
    order.refresh_from_db()
    assert order.payment_status == payments[0]


def test_a_long_merge_tells_how_far_it_is(page, visit, payments, shoot):
    for number in range(3):
        OrderFactory(external_id=f"O-{number}", payment_status=payments[0])
    OrderStatus.objects.filter(pk=payments[0].pk).update(merging_into=payments[1], retired_at="2026-05-01T12:00Z")
    visit(LIST)

    expect(page.get_by_text("Being merged into “Paid”: 3 orders to go")).to_be_visible()
    shoot("merging")
    order = Order.objects.first()
    order.payment_status = payments[1]
    order.save()
    expect(page.get_by_text("Being merged into “Paid”: 2 orders to go")).to_be_visible()
    OrderStatus.objects.filter(pk=payments[0].pk).update(merging_into=None, merged_into=payments[1])

    expect(page.get_by_text("Merged into “Paid”")).to_be_visible()


def test_a_code_that_nobody_knows_is_mapped_made_a_status_or_ignored(page, visit, shoot):
    sent = StatusFactory(type="delivery", code="sent", name="Sent")
    OrderFactory(external_id="O-1", customer=None)
    shop = SourceFactory(name="Web shop")
    hear([Said("O-1", "delivery", word, event_id=word) for word in ("lost", "dispatched", "junk")], shop)
    visit("/admin/orders/unknowncode/")
    window = page.get_by_role("dialog")
    expect(page.get_by_role("link", name=re.compile("Order Statuses"))).to_contain_text("3")
    shoot("unknown-codes")

    page.get_by_role("row", name="dispatched").get_by_role("link", name="Map").click()
    expect(window.get_by_text("Changes that wait for it: 1, of which 1 may start campaigns.")).to_be_visible()
    expect(window.get_by_label("Name of the new status")).to_be_hidden()
    window.get_by_label("The status").select_option(label="Sent")
    shoot("map")
    window.get_by_role("button", name="Save").click()
    expect(page.get_by_text("“dispatched” is understood from now on.")).to_be_visible()
    press(page, page.get_by_role("row", name="lost").get_by_role("link", name="Create"))
    expect(window.get_by_label("The status")).to_be_hidden()
    expect(window.get_by_label("Name of the new status")).to_have_value("Lost")
    expect(window.get_by_label("Name of the new status")).to_be_focused()
    settle(page)
    shoot("create-from-code")
    page.keyboard.press("Enter")
    expect(page.get_by_text("“lost” is understood from now on.")).to_be_visible()
    press(page, page.get_by_role("row", name="junk").get_by_role("link", name="Ignore"))
    expect(window.get_by_role("button", name="Save")).to_be_focused()
    settle(page)
    page.keyboard.press("Enter")
    expect(page.get_by_text("“junk” is understood from now on.")).to_be_visible()

    assert not UnknownCode.objects.exists()
    assert OrderStatus.objects.get(code="lost").name == "Lost"
    assert sent.aliases.get().code == "dispatched"


def test_a_campaign_is_offered_a_retired_status_only_where_it_names_one(page, visit, shoot):
    statuses = documented_statuses()
    campaign, _is_new = save_draft(ready_for_pickup())
    gone = StatusFactory(type="delivery", code="lost", name="Lost")
    for status in (gone, statuses["shipped"]):
        lifecycle.retire(status, is_taken=True)
    visit(page_of("campaigns_campaign", "change", campaign.pk))
    page.get_by_role("tab", name="List").click()

    retired = page.get_by_label("Shipped (retired)")
    expect(retired.first).to_be_checked()
    assert page.get_by_label("Lost").count() == 0
    shoot("retired-in-campaign")
