import pytest

from statuses.usages import read_by_analytics
from tests.analytics.reports.shop import NOW, Event, open_shop, told
from tests.screens import holding

pytestmark = pytest.mark.django_db


def test_whoever_takes_a_mark_away_is_told_that_reports_change():
    shop = open_shop()
    told(shop, [Event(NOW, shop.statuses["new"], shop.sources[0])])
    analyst, operator = holding("Analyst").user, holding("Operator").user

    assert [use.text for use in read_by_analytics(shop.statuses["new"], analyst)] == [
        "Reports of orders by general status"
    ]
    assert read_by_analytics(shop.statuses["sent"], analyst) == []
    assert read_by_analytics(shop.statuses["new"], operator) == []
