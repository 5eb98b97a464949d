from datetime import UTC, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from campaigns import numbers
from campaigns.models import Campaign
from campaigns.numbers import Counted, WentOn
from campaigns.sms.gateways.base import Delivery
from campaigns.sms.receipts import take_receipts
from orders.models import Order
from statuses.models import OrderStatus
from tests.campaigns.shop import later, sms, wait
from tests.factories import CustomerFactory, StatusFactory

pytestmark = pytest.mark.django_db


def counted():
    return numbers.count(Campaign.objects.all())


def recent(campaign, zone=UTC):
    return numbers.recent([campaign.pk], timezone.now(), zone)[campaign.pk]


def test_orders_not_let_in_did_not_enter(shop):
    campaign = shop.start(sms(), reentry={"mode": "once_per_order"})
    shop.pay("O-1")
    shop.pay("O-1")

    assert campaign.runs.count() == 2
    assert counted() == {campaign.pk: Counted(entered=1, sent=1, parts=1)}


def test_only_what_a_gateway_took_was_sent(shop):
    campaign = shop.start(sms(purpose="marketing"))
    shop.pay("O-given", customer=CustomerFactory(sms_consent="given"))
    shop.pay("O-unknown")

    assert counted() == {campaign.pk: Counted(entered=2, sent=1, parts=1)}


def test_what_reached_the_phone_was_delivered(shop):
    campaign = shop.start(sms())
    message = shop.pay("O-1").messages.get()
    shop.pay("O-2")
    take_receipts(message.gateway, [Delivery("delivered", reference=str(message.reference))])

    assert counted() == {campaign.pk: Counted(entered=2, sent=2, delivered=1, parts=2)}


def test_campaigns_are_counted_each_for_itself_and_added_up(shop):
    first, second = shop.start(sms(), code="first"), shop.start(wait(), code="second")
    shop.pay("O-1")

    assert counted() == {first.pk: Counted(1, 1, 0, 1), second.pk: Counted(entered=1)}
    assert numbers.total(counted().values()) == Counted(entered=2, sent=1, delivered=0, parts=1)


def test_days_are_those_of_the_reader(shop, clock):
    campaign = shop.start(sms())
    shop.pay("O-1")
    clock.shift(timedelta(hours=11))  # 23:00 in London summer is a new day
    shop.pay("O-2")

    assert recent(campaign).by_day[-2:] == [0, 2]
    assert recent(campaign, ZoneInfo("Europe/Moscow")).by_day[-2:] == [1, 1]


def test_what_entered_more_than_thirty_days_ago_is_not_lately(shop, clock):
    campaign = shop.start(sms())
    shop.pay("O-1")
    clock.shift(timedelta(days=29))
    first_day = recent(campaign).by_day
    clock.shift(timedelta(days=1))

    assert first_day == [1] + 29 * [0]
    assert recent(campaign).by_day == 30 * [0]


def refund(shop, *names):
    for name in names:
        shop.tell(name, "refunded")


@pytest.fixture
def refunded(shop):
    return StatusFactory(type="payment", code="refunded")


def test_an_order_went_on_when_it_reached_another_status_after_its_text(shop, clock, refunded):
    campaign = shop.start(sms())
    shop.pay("O-1")
    shop.pay("O-2")
    later(clock, days=3)
    refund(shop, "O-2")

    assert recent(campaign).went_on == WentOn(asked=2, reached=1)
    assert recent(campaign).went_on.percent == 50


def test_before_its_window_is_over_a_text_is_not_asked_about(shop, clock, refunded):
    campaign = shop.start(sms())
    shop.pay("O-1")
    later(clock, hours=71)
    refund(shop, "O-1")

    assert recent(campaign).went_on is None


@pytest.mark.parametrize(("hours", "reached"), [(47, 1), (48, 1), (49, 0)])
def test_the_window_is_the_campaigns_own(shop, clock, refunded, hours, reached):
    campaign = shop.start(sms(), attribution_window={"value": 2, "unit": "days"})
    shop.pay("O-1")
    later(clock, hours=hours)
    refund(shop, "O-1")
    later(clock, hours=2)

    assert recent(campaign).went_on == WentOn(asked=1, reached=reached)


def test_each_campaign_is_counted_by_the_window_of_its_newest_version(shop, clock, refunded):
    first = shop.start(sms(), code="first", attribution_window={"value": 30, "unit": "days"})
    shop.start(sms(), code="first", attribution_window={"value": 1, "unit": "days"})
    second = shop.start(sms(), code="second")
    shop.pay("O-1")
    later(clock, days=2)
    refund(shop, "O-1")
    later(clock, days=2)

    told = numbers.recent([first.pk, second.pk], timezone.now(), UTC)

    assert told[first.pk].went_on == WentOn(asked=1, reached=0)
    assert told[second.pk].went_on == WentOn(asked=1, reached=1)


def test_what_moved_before_the_text_is_not_its_doing(shop, clock, refunded):
    campaign = shop.start(wait(), sms())
    shop.pay("O-1")
    clock.shift(timedelta(minutes=30))
    refund(shop, "O-1")
    later(clock, minutes=30)
    later(clock, days=3)

    assert recent(campaign).went_on == WentOn(asked=1, reached=0)


def test_the_window_begins_with_the_first_text(shop, clock, refunded):
    campaign = shop.start(sms(), wait(value=2, unit="days"), sms("again"))
    shop.pay("O-1")
    later(clock, days=2)
    later(clock, days=2)
    refund(shop, "O-1")
    later(clock, days=4)

    assert recent(campaign).went_on == WentOn(asked=1, reached=0)


def test_who_got_no_text_is_not_asked(shop, clock, refunded):
    campaign = shop.start(sms(purpose="marketing"))
    shop.pay("O-1")
    later(clock, hours=1)
    refund(shop, "O-1")
    later(clock, days=4)

    assert recent(campaign).went_on is None


def test_a_change_of_another_type_leads_nowhere(shop, clock):
    campaign = shop.start(sms())
    shop.pay("O-1")
    later(clock, days=3)
    shop.tell("O-1", "shipped")

    assert recent(campaign).went_on == WentOn(asked=1, reached=0)


def test_a_merge_moves_nobody_on(shop, clock):
    campaign = shop.start(sms())
    shop.pay("O-1")
    later(clock, days=3)
    order = Order.objects.get()
    paid, invoiced = (OrderStatus.objects.get(code=code) for code in ("paid", "invoiced"))
    last = order.transitions.first()
    last.pk, last.from_status, last.to_status, last.silent_because = None, paid, invoiced, "merge"
    last.change_id, last._state.adding, last.occurred_at = None, True, timezone.now()
    last.save()

    assert recent(campaign).went_on == WentOn(asked=1, reached=0)


def test_of_many_the_last_are_asked(shop, clock, refunded, monkeypatch):
    monkeypatch.setattr(numbers, "MOST_ASKED", 2)
    campaign = shop.start(sms())
    for name in ("O-1", "O-2", "O-3"):
        shop.pay(name)
        clock.shift(timedelta(minutes=1))
    refund(shop, "O-1", "O-3")
    later(clock, days=3)

    assert recent(campaign).went_on == WentOn(asked=2, reached=1)


def test_a_campaign_that_nothing_entered_has_no_numbers(shop):
    campaign = shop.start(sms())

    assert counted() == {}
    assert numbers.total([]) == Counted()
    assert recent(campaign).went_on is None


@pytest.mark.parametrize("campaigns", [3, 10])
def test_numbers_cost_the_same_for_any_number_of_campaigns(shop, campaigns, django_assert_num_queries):
    made = [shop.start(sms(), code=f"c-{n}") for n in range(campaigns)]
    shop.pay("O-1")

    with django_assert_num_queries(6):
        counted()
        numbers.recent([campaign.pk for campaign in made], timezone.now(), UTC)
