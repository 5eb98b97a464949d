"""The pages of reports, their files, and the orders behind a figure."""

import csv
import io
import re
import zipfile
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.urls import reverse

from analytics.models import Bookmark
from analytics.reports.behind import Behind
from analytics.reports.registry import all_reports
from tests.analytics.reports.shop import NOW, Event, happen, open_shop, told
from tests.screens import actions, holding, signed_in, turn_orders_on
from workspace.models import Workspace

pytestmark = pytest.mark.django_db

ORDERS = "admin:orders_order_changelist"


@pytest.fixture
def shop():
    with time_machine.travel(NOW, tick=False):
        found = open_shop()
        turn_orders_on()
        # History has nothing to add to what tests write.
        Bookmark.objects.create(pk=1, order_id=None, read_at=NOW)
        yield found


def address(key, **asked):
    query = "&".join(f"{name}={value}" for name, value in asked.items())
    return f"{reverse('report', args=[key])}?{query}"


def test_there_are_pages_of_every_report(shop):
    happen(shop, 20, seed=1)
    client = signed_in(is_superuser=True)

    for report in all_reports():
        for asked in ({}, {"compare": 1}, {"period": "last_7_days"}, {"from": "2026-05-01", "to": "2026-05-10"}):
            page = client.get(address(report.key, **asked))

            assert page.status_code == 200
            assert str(report.title) in page.content.decode()


def test_an_empty_shop_is_told_what_is_missing(shop):
    page = signed_in(is_superuser=True).get(address("statuses")).content.decode()

    assert "No order has had a status of this type yet." in page
    assert "canvas" not in page
    assert "By status" not in page


@pytest.mark.parametrize("report", all_reports(), ids=lambda report: report.key)
def test_nothing_at_all_is_told_without_its_zeros(shop, report):
    page = signed_in(is_superuser=True).get(address(report.key, compare=1)).content.decode()

    assert "rp-empty" in page
    assert "rp-headlines" not in page
    assert 'id="report-campaign"' not in page  # there is none to choose


def test_nothing_now_is_told_beside_what_was_before(shop):
    told(shop, [Event(NOW - timedelta(days=10), shop.statuses["new"], shop.sources[0])])

    page = signed_in(is_superuser=True).get(address("funnel", period="last_7_days", compare=1)).content.decode()

    assert "rp-empty" in page
    assert "rp-headlines" in page


def test_days_of_another_year_are_told_with_it(shop):
    told(shop, [Event(NOW - timedelta(days=200), shop.statuses["new"], shop.sources[0])])

    page = signed_in(is_superuser=True).get(address("statuses", **{"from": "2025-12-31", "to": "2026-01-01"}))

    assert page.context["charts"][0]["labels"] == ["31 Dec 2025", "1 Jan"]


@pytest.mark.parametrize(("every", "title"), [("day", "Came on each day"), ("month", "Came in each month")])
def test_tables_say_what_they_go_by(shop, every, title):
    told(shop, [Event(NOW - timedelta(days=2), shop.statuses["new"], shop.sources[0])])

    page = signed_in(is_superuser=True).get(address("statuses", every=every)).content.decode()

    assert f"<h2>{title}</h2>" in page


def test_a_figure_leads_to_its_orders(shop):
    at = NOW - timedelta(days=3)
    new, packed, sent = (shop.statuses[code] for code in ("new", "packed", "sent"))
    web = shop.sources[1]
    went, stayed = told(
        shop,
        [Event(at, new, web), Event(at + timedelta(hours=1), packed, web), Event(at + timedelta(hours=3), sent, web)],
        [Event(at, new, web), Event(at + timedelta(hours=2), packed, web)],
    )
    client = signed_in(is_superuser=True)

    page = client.get(f"{reverse('report', args=['funnel'])}?steps=new&steps=packed&steps=sent").content.decode()
    found = re.findall(r'<td class="os-number"><a class="os-link" href="([^"]+)">\d', page)
    links = [link.replace("&amp;", "&") for link in found]
    lists = [client.get(link) for link in links]

    shown = [{order.pk for order in one.context["cl"].result_list} for one in lists]
    assert shown == [{went.pk, stayed.pk}, {went.pk, stayed.pk}, {went.pk}]
    assert "Behind the figure: New → Packed → Sent (general)" in lists[2].content.decode()


def test_figures_lead_nowhere_where_there_is_no_list_of_orders(shop):
    told(shop, [Event(NOW - timedelta(days=3), shop.statuses["new"], shop.sources[1])])
    link = '<a class="os-link" href="/admin/orders/order/?figure='

    assert link in holding("Analyst").get(address("statuses")).content.decode()
    assert link not in signed_in("analytics.read_reports").get(address("statuses")).content.decode()
    Workspace.objects.update(orders_enabled=False)
    assert link not in holding("Analyst").get(address("statuses")).content.decode()


@pytest.mark.parametrize(
    ("asked", "goes_on"),
    [
        ({"period": "last_7_days"}, True),
        ({"period": "this_month", "every": "month"}, True),
        ({"period": "last_month"}, False),
        ({"from": "2026-05-01", "to": "2026-05-19"}, False),
    ],
)
def test_what_is_not_over_is_said_to_be_counted_so_far(shop, asked, goes_on):
    told(shop, [Event(NOW - timedelta(days=40), shop.statuses["new"], shop.sources[0])])

    page = signed_in(is_superuser=True).get(address("statuses", **asked))

    drawn = {chart["key"]: chart["goes_on"] for chart in page.context["charts"]}
    assert drawn == {"standing": False, "entered": goes_on}
    assert ("is counted so far." in page.content.decode()) == goes_on


@pytest.mark.parametrize("what", ["standing", "entered", "left", "there"])
def test_the_list_behind_a_figure_has_as_many_orders(shop, what):
    at = NOW - timedelta(days=3)
    new, packed = shop.statuses["new"], shop.statuses["packed"]
    told(shop, [Event(at, new, shop.sources[0])])
    told(shop, [Event(at, new, shop.sources[0]), Event(at + timedelta(days=1), packed, shop.sources[0])])
    client = signed_in(is_superuser=True)
    written = Behind(what, "general", (new.pk,), at, NOW).written()

    page = client.get(reverse("admin:orders_order_changelist"), {"figure": written})

    assert len(page.context["cl"].result_list) == {"standing": 1, "entered": 2, "left": 1, "there": 1}[what]


def test_headlines_and_sums_lead_to_orders_of_any_status(shop):
    new, checked, sent = (shop.statuses[code] for code in ("new", "checked", "sent"))
    before, at = NOW - timedelta(days=40), NOW - timedelta(days=3)
    old, new_one, unmarked = told(
        shop,
        [Event(before, new, shop.sources[0])],
        [Event(at, new, shop.sources[0]), Event(at + timedelta(hours=1), sent, shop.sources[0])],
        [Event(at, checked, shop.sources[0])],
    )
    client = signed_in(is_superuser=True)

    def behind(report, headline):
        page = client.get(address(report)).content.decode()
        link = re.search(rf'<dt>{headline}</dt>\s*<dd><a class="os-link" href="([^"]+)">\d', page)[1]
        return {order.pk for order in client.get(link.replace("&amp;", "&")).context["cl"].result_list}

    assert behind("statuses", "Orders with a status now") == {old.pk, new_one.pk, unmarked.pk}
    assert behind("statuses", "Came to a status") == {new_one.pk, unmarked.pk}
    assert behind("time_in_status", "Left a status") == {new_one.pk}


def test_figures_of_the_period_before_lead_to_its_orders(shop):
    new, packed = shop.statuses["new"], shop.statuses["packed"]
    told(
        shop,
        [
            Event(NOW - timedelta(days=10), new, shop.sources[0]),
            Event(NOW - timedelta(days=9), packed, shop.sources[0]),
        ],
    )
    told(shop, [Event(NOW - timedelta(days=9), new, shop.sources[0])])
    client = signed_in(is_superuser=True)

    for report in ("funnel", "statuses"):
        page = client.get(address(report, period="last_7_days", compare=1))
        table = page.context["answer"].layout.tables[0]
        before = next(
            cell for row in table.cells() for column, cell in row if column.key.endswith("_before") and cell.value
        )
        shown = client.get(reverse(ORDERS), {"figure": before.behind.written()}).context["cl"].result_list

        assert len(shown) == before.value


@pytest.mark.parametrize("written", ["nonsense", "what=standing", "what=standing&type=general&end=never&statuses=1"])
def test_a_figure_that_cannot_be_read_is_said_to_be_none(shop, written):
    told(shop, [Event(NOW - timedelta(days=1), shop.statuses["new"], shop.sources[0])])

    page = signed_in(is_superuser=True).get(reverse("admin:orders_order_changelist"), {"figure": written})

    assert "This figure cannot be read." in page.content.decode()
    assert len(page.context["cl"].result_list) == 0


def test_what_cannot_be_asked_is_said_and_the_usual_shown(shop):
    page = signed_in(is_superuser=True).get(address("statuses", period="ever"))

    assert page.status_code == 422
    assert "“period” is one of: last_7_days" in page.content.decode()


def test_an_unmarked_status_is_no_step(shop):
    page = signed_in(is_superuser=True).get(address("funnel", steps="checked"))

    assert "“checked” is no status of this type that is included in analytics." in page.content.decode()


def test_a_report_as_csv(shop):
    at = datetime(2026, 5, 18, 10, tzinfo=UTC)
    told(shop, [Event(at, shop.statuses["new"], shop.sources[0]), Event(NOW, shop.statuses["sent"], shop.sources[0])])

    answer = signed_in(is_superuser=True).get(
        f"{reverse('report-file', args=['time_in_status', 'csv'])}?from=2026-05-18&to=2026-05-20"
    )

    assert answer["Content-Disposition"] == 'attachment; filename="time_in_status-2026-05-18-2026-05-20.csv"'
    lines = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert lines[1] == ["From", "2026-05-18", "to", "2026-05-20", "UTC"]
    assert ["New", "0", "", "", "1", "0"] in lines
    assert actions().last().verb == "exported"


def test_a_report_as_xlsx(shop):
    happen(shop, 20, seed=2)

    answer = signed_in(is_superuser=True).get(reverse("report-file", args=["statuses", "xlsx"]))

    book = zipfile.ZipFile(io.BytesIO(answer.content))
    assert 'name="By status"' in book.read("xl/workbook.xml").decode()
    assert "Not in analytics" in book.read("xl/sharedStrings.xml").decode()


@pytest.mark.parametrize(
    ("role", "status"), [("Analyst", 200), ("Marketer", 200), ("Operator", 403), ("Integrator", 403)]
)
def test_who_reads_reports(shop, role, status):
    assert holding(role).get(address("statuses")).status_code == status


def test_a_page_takes_the_same_queries_for_any_number_of_orders(shop, django_assert_max_num_queries):
    happen(shop, 10, seed=3)
    client = signed_in(is_superuser=True)
    client.get(address("statuses"))
    happen(shop, 60, seed=4)
    client.get(address("statuses"))

    with django_assert_max_num_queries(40):
        client.get(address("statuses"))


def test_days_are_those_of_the_installation(shop):
    Workspace.objects.update(timezone="Asia/Tokyo")

    page = signed_in(is_superuser=True).get(address("statuses", period="last_7_days"))

    assert page.context["answer"].question.period.last.isoformat() == "2026-05-21"


@pytest.mark.parametrize(
    "written",
    [
        "what=entered&type=general&statuses=1&end=2026-01-01T00:00:00Z",
        "what=nothing&type=general&end=2026-01-01T00:00:00Z",
        "what=standing&type=general&end=soon",
        "what=standing&type=general&statuses=1.x&end=2026-01-01T00:00:00Z",
        "what=standing&type=general&end=2026-01-01T00:00:00Z&statuses=" + ".".join(["1"] * 21),
    ],
)
def test_what_is_no_figure_has_no_orders(written):
    assert Behind.read(written) is None


def test_only_who_may_read_reports_comes_to_the_orders_behind_a_figure():
    turn_orders_on()
    asked = {"figure": "what=standing&type=general&end=2026-01-01T00:00:00Z"}

    def page(*permissions):
        answer = signed_in("orders.view_order", *permissions).get(reverse(ORDERS), asked, follow=True)
        return answer.content.decode()

    assert "Behind the figure: " in page("analytics.read_reports")
    assert "Behind the figure: " not in page()
