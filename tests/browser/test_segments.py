import pytest
from playwright.sync_api import expect

from analytics import counting, lists, segments
from analytics.models import Member, Segment
from statuses.models import OrderStatus
from tests.factories import CustomerFactory, OrderFactory, vocabulary

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LIST = "/admin/analytics/segment/"
GERMANS = {"combinator": "and", "rules": [{"field": "customer.language", "operator": "=", "value": "de"}]}


@pytest.fixture
def words():
    return vocabulary(
        ("payment", "awaiting_payment", "Awaiting payment"),
        ("payment", "paid", "Paid"),
        ("delivery", "at_pickup_point", "At pickup point"),
        ("delivery", "shipped", "Shipped"),
        ("general", "declined", "Declined"),
    )


def test_a_ready_made_segment_is_made_counted_and_looked_into(page, visit, shoot, words):
    for number in range(3):
        customer = CustomerFactory(external_id=f"C-{number}", first_name="Ada", last_name=f"No {number}")
        OrderFactory(external_id=f"A-{number}", customer=customer)
    visit(LIST)
    expect(page.get_by_text("There are no segments yet.")).to_be_visible()
    shoot("segments-empty")

    page.locator(".os-empty").get_by_role("link", name="Start from a ready-made one").click()
    expect(page.get_by_role("heading", name="Never ordered")).to_be_visible()
    shoot("segments-ready")
    cancelled = page.get_by_role("region", name="Cancelled twice in 90 days")
    cancelled.get_by_role("button").click()
    expect(cancelled.get_by_text("Say which status that is.")).to_be_visible()
    shoot("segments-ready-asks")
    page.get_by_role("region", name="First order in the last 30 days").get_by_role("button").click()

    expect(page.get_by_text("Waiting for a worker…")).to_be_visible()
    shoot("segment-waiting")
    counting.refresh(Segment.objects.get())
    expect(page.get_by_text("100.0 % of 3 customers")).to_be_visible()
    page.reload()
    expect(page.get_by_role("link", name="Ada No 2")).to_be_visible()
    shoot("segment")
    page.get_by_role("searchbox", name="Find a customer").fill("C-1")
    page.get_by_role("button", name="Find").click()

    expect(page.get_by_role("link", name="Ada No 1")).to_be_visible()
    expect(page.get_by_role("link", name="Ada No 2")).to_have_count(0)
    shoot("segment-customers")


def test_a_list_is_pasted_and_what_was_not_found_is_told(page, visit, shoot):
    CustomerFactory(external_id="C-1", first_name="Ada", phone_written="+1 602 555 0124")
    visit(LIST)

    page.get_by_text("Other ways").click()
    page.get_by_role("link", name="Import a list").click()
    page.get_by_label("Name").fill("Friends of the house")
    expect(page.get_by_label("Code")).to_have_value("friends-of-the-house")
    page.get_by_label("Customers").fill("(602) 555-0124\nC-99")
    shoot("segment-list-new")
    page.get_by_role("button", name="Make the list").click()

    expect(page.get_by_text("1 customer was put on it.")).to_be_visible()
    expect(page.get_by_label("1 line is no customer:")).to_have_value("C-99")
    shoot("segment-list-taken-in")
    page.get_by_role("link", name="To the segment").click()
    shoot("segment-list")
    page.get_by_role("link", name="All customers in it").click()
    page.get_by_role("button", name="Take “Ada” off the list").click()
    expect(page.get_by_text("One customer was taken off the list.")).to_be_visible()
    assert not Member.objects.exists()


def test_segments_in_use_are_shown_as_used_and_stay(page, visit, shoot):
    germans = segments.create(code="germans", name="People who speak German", rule=GERMANS)
    about = {"combinator": "and", "rules": [{"field": "customer.segments", "operator": "anyOf", "value": ["germans"]}]}
    segments.create(code="others", name="Others", rule=about)
    friends = segments.create(code="friends", name="Friends")
    CustomerFactory(external_id="C-1", language="de")
    lists.add(friends, ["C-1"])
    counting.refresh(germans)
    visit(LIST)
    shoot("segments")

    page.get_by_role("link", name="Delete “People who speak German”").click()
    expect(page.get_by_role("dialog").get_by_text("It is in use, so it stays.")).to_be_visible()
    shoot("segment-delete-used")
    page.get_by_role("dialog").get_by_role("link", name="Close").click()
    page.get_by_role("button", name="Copy “Friends”").click()

    expect(page.get_by_text("“Friends (copy)” was made.")).to_be_visible()


def test_unmarking_a_status_tells_which_segments_change(page, visit, shoot, words):
    twice = {"field": "transitions.count", "operator": ">=", "value": 2, "type": "general", "to": ["declined"]}
    segments.create(code="twice", name="Declined twice", rule={"combinator": "and", "rules": [twice]})
    visit("/admin/statuses/orderstatus/")

    page.get_by_role("switch", name="Include “Declined” in analytics").click()
    window = page.get_by_role("dialog")
    expect(window.get_by_text("Segment “Declined twice”")).to_be_visible()
    shoot("status-unmark")
    window.get_by_role("button", name="Leave it out").click()

    expect(page.get_by_role("switch", name="Include “Declined” in analytics")).not_to_be_checked()
    assert not OrderStatus.objects.get(code="declined").include_in_analytics
