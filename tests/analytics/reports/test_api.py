import pytest
import time_machine

from analytics.models import Bookmark
from analytics.reports.registry import all_reports
from tests.analytics.reports.shop import NOW, Event, happen, open_shop, told
from tests.callers import Caller
from tests.factories import SourceFactory
from tests.screens import turn_orders_on

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop():
    with time_machine.travel(NOW, tick=False):
        found = open_shop()
        turn_orders_on()
        Bookmark.objects.create(pk=1, order_id=None, read_at=NOW)
        yield found


@pytest.fixture
def api(shop):
    return Caller.of(SourceFactory(), "reports:read")


def test_reports_are_listed_with_what_they_can_be_asked(api):
    answer = api.get("reports/")

    reports = answer.json()["results"]
    assert [report["report"] for report in reports] == [
        "statuses",
        "funnel",
        "time_in_status",
        "campaign",
        "messages",
    ]
    assert reports[1]["parameters"] == ["compare", "from", "period", "segment", "source", "steps", "to", "type"]


def test_a_funnel_is_told_in_numbers(api, shop):
    from_web = shop.sources[1]
    told(
        shop,
        [
            Event(NOW.replace(hour=1), shop.statuses["new"], from_web),
            Event(NOW.replace(hour=3), shop.statuses["sent"], from_web),
        ],
        [Event(NOW.replace(hour=2), shop.statuses["new"], from_web)],
    )

    answer = api.get("reports/funnel/?steps=new&steps=sent&period=last_7_days&compare=1")

    assert answer.status_code == 200
    assert answer.json()["period"] == {"from": "2026-05-14", "to": "2026-05-20", "time_zone": "UTC"}
    assert answer.json()["compared_with"] == {"from": "2026-05-07", "to": "2026-05-13", "time_zone": "UTC"}
    assert answer.json()["as_of"] == "2026-05-20T15:30:00Z"
    assert answer.json()["tables"][0]["rows"][1] == {
        "step": "Sent",
        "reached": 1,
        "reached_before": 0,
        "of_previous": 0.5,
        "of_previous_before": None,
        "of_first": 0.5,
        "median": 7200.0,
        "p90": 7200.0,
    }


def test_every_report_answers(api, shop):
    happen(shop, 20, seed=1)

    for report in all_reports():
        answer = api.get(f"reports/{report.key}/?from=2026-05-01&to=2026-05-10")

        assert answer.status_code == 200
        assert answer.json()["tables"] or report.key == "campaign"


@pytest.mark.parametrize(
    ("asked", "pointer"),
    [
        ("period=ever", "?period"),
        ("from=2026-05-10&to=2026-05-01", "?to"),
        ("from=soon", "?from"),
        ("from=2026-05-01&period=last_month", "?period"),
        ("from=1026-05-01&to=2026-05-01", "?from"),
        ("from=2006-05-01", "?to"),
        ("type=colour", "?type"),
        ("steps=checked", "?steps"),
        ("steps=new&steps=NEW", "?steps"),
        ("source=nobody", "?source"),
        ("segment=nobody", "?segment"),
        ("every=day", "?every"),
        ("campaign=x", "?campaign"),
        ("compare=perhaps", "?compare"),
    ],
)
def test_what_cannot_be_asked_of_a_funnel_is_refused(api, asked, pointer):
    answer = api.get(f"reports/funnel/?{asked}")

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_more_rows_than_anybody_reads_are_refused(api):
    answer = api.get("reports/statuses/?period=last_365_days&every=day")

    assert answer.json()["errors"][0]["detail"] == (
        "That makes more than 190 rows. Choose weeks or months, or fewer days."
    )


def test_there_is_no_such_report(api):
    assert api.get("reports/weather/").status_code == 404


def test_a_key_needs_the_scope(shop):
    assert Caller.of(SourceFactory(), "orders:read").get("reports/").status_code == 403
