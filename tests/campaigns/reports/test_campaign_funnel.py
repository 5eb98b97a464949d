from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from analytics.reports.filters import ALL, Filters
from analytics.reports.periods import Period
from campaigns.reports.campaign_funnel import campaign_funnel, campaigns_offered
from campaigns.sms.gateways.base import Delivery
from campaigns.sms.receipts import take_receipts
from tests.campaigns.shop import later, sms, wait
from tests.factories import SourceFactory, StatusFactory

pytestmark = pytest.mark.django_db
MONTH = Period(date(2024, 4, 20), date(2024, 5, 20), ZoneInfo("UTC"))


def counted(campaign, filters=ALL, period=MONTH):
    return campaign_funnel(campaign, period, filters, timezone.now() + timedelta(seconds=1))


def test_it_tells_who_came_to_each_step(shop, clock):
    campaign = shop.start(sms("first"), wait("pause", 1, "hours"), sms("second"))
    shop.pay("O-1")
    later(clock, hours=2)
    shop.pay("O-2")

    report = counted(campaign)

    assert report.entered == 2
    assert [(step.key, step.orders) for step in report.steps] == [("first", 2), ("pause", 2), ("second", 1)]
    assert (report.sent, report.texted, report.delivered) == (3, 2, 0)


def test_orders_that_moved_after_their_text_went_on(shop, clock):
    StatusFactory(type="payment", code="refunded")
    campaign = shop.start(sms())
    message = shop.pay("O-1").messages.get()
    shop.pay("O-2")
    take_receipts(message.gateway, [Delivery("delivered", reference=str(message.reference))])
    clock.shift(timedelta(hours=1))
    shop.tell("O-1", "refunded")

    report = counted(campaign)

    assert (report.texted, report.delivered, report.went_on) == (2, 1, 1)


def test_who_was_not_let_in_or_came_before_is_left_out(shop, clock):
    campaign = shop.start(sms(), reentry={"mode": "once_per_order"})
    shop.pay("O-1")
    shop.pay("O-1")
    clock.shift(timedelta(days=30))
    shop.pay("O-2")

    assert counted(campaign).entered == 1
    assert counted(campaign, Filters(source=SourceFactory().pk)).entered == 0


def test_campaigns_that_ran_are_offered_the_newest_first(shop):
    shop.start(sms(), code="old")
    shop.start(sms(), code="new")

    assert [code for code, _name in campaigns_offered()] == ["new", "old"]


def test_it_takes_the_same_queries_however_many_entered(shop, django_assert_num_queries):
    campaign = shop.start(sms("first"), wait(), sms("second"))
    for name in ("O-1", "O-2", "O-3"):
        shop.pay(name)

    with django_assert_num_queries(7):
        counted(campaign)
