from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from analytics.models import Member, Segment
from analytics.reports.filters import ALL, Filters
from analytics.reports.periods import Every, Period
from campaigns.models import Message
from campaigns.reports.messages import Fates, messages
from campaigns.sms.gateways.base import Delivery
from campaigns.sms.receipts import take_receipts
from tests.campaigns.shop import sms, wait
from tests.factories import CustomerFactory, SourceFactory

pytestmark = pytest.mark.django_db
WEEK = Period(date(2024, 4, 27), date(2024, 5, 3), ZoneInfo("UTC"))


def counted(filters=ALL, period=WEEK):
    return messages(period, filters, timezone.now() + timedelta(seconds=1))


def told(message, state):
    take_receipts(message.gateway, [Delivery(state, reference=str(message.reference))])


def test_each_message_has_one_fate(shop):
    shop.start(sms(purpose="marketing"))
    for name in ("delivered", "failed", "sent"):
        shop.pay(name, customer=CustomerFactory(sms_consent="given"))
    shop.pay("no consent")
    told(Message.objects.get(order__external_id="delivered"), "delivered")
    told(Message.objects.get(order__external_id="failed"), "undelivered")

    report = counted()

    assert report.total == Fates(owed=4, sent=3, delivered=1, failed=1, skipped=1, under_way=0, parts=3)
    assert report.skipped == {"no_consent": 1}


def test_they_are_told_by_the_day_they_were_owed(shop, clock):
    shop.start(sms())
    shop.pay("O-1")
    clock.shift(timedelta(days=1))
    shop.pay("O-2")
    shop.pay("O-3")

    report = counted(period=Period(date(2024, 5, 3), date(2024, 5, 5), ZoneInfo("UTC")))

    assert [(part.first.day, fates.owed) for part, fates in zip(report.parts, report.fates, strict=True)] == [
        (3, 1),
        (4, 2),
    ]


def test_days_are_those_of_the_zone(shop):
    shop.start(sms())
    shop.pay("O-1")

    auckland = ZoneInfo("Pacific/Auckland")  # where it is midnight
    report = messages(
        Period(date(2024, 5, 3), date(2024, 5, 4), auckland), ALL, timezone.now() + timedelta(1), Every.DAY
    )

    assert [fates.owed for fates in report.fates] == [0, 1]


def test_a_source_and_a_segment_narrow_them(shop):
    shop.start(sms())
    one = shop.pay("O-1")
    shop.pay("O-2")
    segment = Segment.objects.create(code="one", name="One", kind=Segment.Kind.LIST)
    Member.objects.create(segment=segment, customer_id=one.customer_id, since=timezone.now())

    assert counted(Filters(segment=segment.pk)).total.owed == 1
    assert counted(Filters(source=shop.source.pk)).total.owed == 2
    assert counted(Filters(source=SourceFactory().pk)).total.owed == 0


def test_tests_are_left_out(shop):
    shop.start(sms())
    shop.order("O-1")
    shop.tell("O-1", "paid", is_test=True)

    assert counted().total == Fates()


def test_it_takes_two_queries_however_many_there_are(shop, django_assert_num_queries):
    shop.start(wait(), sms())
    for name in ("O-1", "O-2", "O-3"):
        shop.pay(name)

    with django_assert_num_queries(2):
        counted()
