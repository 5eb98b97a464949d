"""Reading reports: by mouse and by keyboard, on a wide screen and a phone; each page looked at by axe-core."""

from datetime import timedelta

import pytest
from django.utils import timezone

from analytics.models import Bookmark, Member, Segment
from statuses.models import OrderStatus
from tests.analytics.reports.shop import Event, happen, open_shop, told
from tests.browser.conftest import press
from tests.browser.editor import flaws
from tests.screens import turn_orders_on

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

COLOURS = {"new": "blue", "packed": "violet", "sent": "teal", "returned": "red", "checked": "grey"}


def look_at(page):
    assert flaws(page) == []
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0


@pytest.fixture
def shop(live_server):
    found = open_shop("Europe/London")
    turn_orders_on()
    for code, colour in COLOURS.items():
        OrderStatus.objects.filter(code=code).update(colour=colour)
    now = timezone.now()
    happen(found, 150, seed=1, days=60, until=now)
    new, packed, sent = (found.statuses[code] for code in ("new", "packed", "sent"))
    for hours in range(2, 1400, 7):
        at = now - timedelta(hours=hours)
        life = [Event(at, new, found.sources[0])]
        if hours % 3:
            life.append(Event(at + timedelta(hours=1 + hours % 9), packed, found.sources[0]))
        if hours % 5 and hours % 3:
            life.append(Event(at + timedelta(hours=14 + hours % 40), sent, found.sources[0]))
        told(found, [event for event in life if event.at < now])
    Bookmark.objects.create(pk=1, order_id=None, read_at=now)
    return found


def test_a_funnel_is_read_and_its_orders_found(visitor, live_server, shop, shoot):
    page = visitor
    page.goto(f"{live_server.url}/admin/")
    page.get_by_role("link", name="Reports").click()
    page.get_by_role("navigation", name="Reports").get_by_role("link", name="Funnel").click()
    page.get_by_label("Compare with the period before").check()
    page.get_by_label("Step 4").select_option("")
    page.get_by_role("button", name="Show").click()
    page.get_by_role("heading", name="Step by step").wait_for()
    shoot("report-funnel")
    look_at(page)

    row = page.get_by_role("row", name="Packed")
    number = row.get_by_role("link").first
    figure = int(number.inner_text())
    number.click()

    page.get_by_text("Behind the figure: New → Packed (general)").wait_for()
    shoot("report-orders")
    look_at(page)
    assert figure > 0


def test_statuses_over_time_are_read_by_keyboard(visitor, live_server, shop, shoot):
    page = visitor
    page.goto(f"{live_server.url}/admin/analytics/reports/statuses/")
    page.get_by_text("Not in analytics").first.wait_for()
    shoot("report-statuses")
    look_at(page)

    page.get_by_label("Period", exact=True).focus()
    page.keyboard.press("ArrowDown")  # the last 90 days
    page.get_by_label("Period", exact=True).evaluate(
        "box => box.value === 'last_90_days' || (box.value = 'last_90_days')"
    )
    press(page, page.get_by_role("button", name="Show"))
    page.wait_for_url("**period=last_90_days**")
    press(page, page.locator("summary", has_text="Came on each day"))

    page.get_by_role("region", name="Came on each day").wait_for()
    shoot("report-statuses-90")
    look_at(page)


def test_days_are_chosen_and_a_file_taken(visitor, live_server, shop):
    page = visitor
    page.goto(f"{live_server.url}/admin/analytics/reports/time_in_status/")
    assert not page.get_by_label("From", exact=True).is_visible()
    page.get_by_label("Period", exact=True).select_option("")
    page.get_by_label("From", exact=True).fill("2026-01-01")
    page.get_by_role("button", name="Show").click()
    page.get_by_text("From 1 Jan 2026").first.wait_for()

    with page.expect_download() as download:
        page.get_by_role("link", name="XLSX").click()

    assert download.value.suggested_filename.startswith("time_in_status-2026-01-01-")


@pytest.mark.parametrize("key", ["time_in_status", "messages", "campaign"])
def test_the_other_reports_are_looked_at(visitor, live_server, shop, shoot, key):
    page = visitor
    page.goto(f"{live_server.url}/admin/analytics/reports/{key}/?compare=1")
    page.get_by_role("button", name="Show").wait_for()
    shoot(f"report-{key}")
    look_at(page)


def test_a_segment_narrows_a_report(visitor, live_server, shop):
    segment = Segment.objects.create(code="some", name="Some of them", kind=Segment.Kind.LIST)
    orders = [order for order, events in shop.events.items() if events][:5]
    Member.objects.bulk_create(
        Member(segment=segment, customer_id=order.customer_id, since=timezone.now()) for order in orders
    )
    page = visitor
    page.goto(f"{live_server.url}/admin/analytics/reports/statuses/?period=last_365_days")
    page.get_by_label("Segment").select_option("some")
    page.get_by_role("button", name="Show").click()
    page.wait_for_url("**segment=some**")

    assert page.locator(".rp-headlines dd").first.inner_text().startswith("5")
