"""Days closed by beat, ahead of readers."""

from datetime import date, timedelta

import pytest
import time_machine

from analytics.models import Bookmark, Rollup
from analytics.reports.closing import close_reports
from analytics.reports.filters import ALL
from analytics.reports.funnel import funnel
from analytics.tasks import close_report_days
from tests.analytics.reports.shop import NOW, happen, open_shop
from tests.analytics.reports.test_figures import check_everything, last

pytestmark = pytest.mark.django_db


def kept():
    return {
        about.partition(":")[0] for about in Rollup.objects.filter(days__isnull=False).values_list("about", flat=True)
    }


def test_the_night_keeps_the_days_that_are_over():
    shop = open_shop()
    happen(shop, 30, seed=1)

    list(close_reports(NOW))

    assert kept() == {"moves", "funnel"}
    assert set(Rollup.objects.values_list("closed_until", flat=True)) == {date(2026, 5, 20)}
    check_everything(shop)


def test_a_day_is_closed_an_hour_after_its_end():
    happen(open_shop(), 10, seed=2)

    list(close_reports(NOW.replace(hour=0, minute=59)))
    before = set(Rollup.objects.values_list("closed_until", flat=True))
    list(close_reports(NOW.replace(hour=1, minute=0)))

    assert before == {date(2026, 5, 19)}
    assert set(Rollup.objects.values_list("closed_until", flat=True)) == {date(2026, 5, 20)}


def test_a_funnel_that_nobody_asks_for_is_forgotten():
    shop = open_shop()
    happen(shop, 10, seed=3)
    with time_machine.travel(NOW, tick=False):
        funnel("general", [shop.statuses["sent"], shop.statuses["new"]], last(7), ALL, NOW)
        list(close_reports(NOW))
    asked = Rollup.objects.count()

    list(close_reports(NOW + timedelta(days=31)))

    assert Rollup.objects.count() == asked - 1


def test_beat_closes_days():
    happen(open_shop(), 10, seed=4)
    with time_machine.travel(NOW, tick=False):
        Bookmark.objects.create(pk=1, order_id=None, read_at=NOW)

        close_report_days()

    assert kept() == {"moves", "funnel"}
