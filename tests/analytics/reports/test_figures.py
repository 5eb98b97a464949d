"""Every figure against one counted from what happened, in plain Python."""

import statistics
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from analytics.models import Member, Rollup, RollupDay, Segment, Visit
from analytics.reports import rollups
from analytics.reports.behind import Behind
from analytics.reports.counting import Moves
from analytics.reports.filters import Filters
from analytics.reports.funnel import funnel
from analytics.reports.periods import Every, Period
from analytics.reports.statuses_over_time import statuses_over_time
from analytics.reports.time_in_status import time_in_status
from tests.analytics.reports.shop import NOW, Event, happen, open_shop, told, write

pytestmark = pytest.mark.django_db
ALL = Filters()
ZONES = ["UTC", "Europe/London", "Asia/Kathmandu"]


def percentile(values, share):
    if len(values) < 2:
        return values[0] if values else None
    return statistics.quantiles(sorted(values), n=100, method="inclusive")[round(share * 100) - 1]


def close(found, counted):
    return found == counted or abs(found - counted) < 1e-6


def last(days, zone="UTC", now=NOW):
    today = now.astimezone(ZoneInfo(zone)).date()
    return Period(today - timedelta(days=days - 1), today, ZoneInfo(zone))


def check_statuses(shop, period, filters=ALL, now=NOW, of=lambda order: True):
    report = statuses_over_time("general", period, filters, now, Every.DAY)

    def takes(order, source):
        return filters.takes(source) and of(order)

    for line in report.lines:
        pk = line.status and line.status.pk
        for part, standing, entered in zip(report.parts, line.standing, line.entered, strict=True):
            end = min(part.end, now)
            stays = [
                (status, at, left)
                for order, status, source, at, left in shop.stays()
                if takes(order, source) and (status.pk if status.include_in_analytics else None) == pk
            ]
            steps = [at for order, status, source, at, _ in shop.steps() if takes(order, source) and status.pk == pk]
            came = steps if line.status else [at for _, at, _ in stays]
            assert standing == sum(at < end and (left is None or left >= end) for _, at, left in stays)
            assert entered == sum(part.start <= at < end for at in came)


def check_stays(shop, period, filters=ALL, now=NOW, of=lambda order: True):
    report = time_in_status("general", period, filters, now)

    for stay in report.stays:
        steps = [
            (at, left)
            for order, status, source, at, left in shop.steps()
            if status == stay.status and filters.takes(source) and of(order)
        ]
        times = [
            (left - at) // timedelta(seconds=1)
            for at, left in steps
            if left and period.start <= left < min(period.end, now)
        ]
        p90 = percentile(times, 0.9)
        there = [at for at, left in steps if left is None]
        assert stay.left == len(times)
        assert close(stay.median_s, percentile(times, 0.5))
        assert close(stay.p90_s, p90)
        assert stay.there == len(there)
        assert stay.stuck == (0 if p90 is None else sum(at < now - timedelta(seconds=p90) for at in there))


def through(shop, statuses, of=lambda order: True):
    """Of each order that came to the first: when it got to each, and by which source to the first."""
    for order in shop.events:
        reached, source = [], None
        for wanted in statuses:
            later = [
                (at, by)
                for one, status, by, at, _ in shop.steps()
                if one == order and status == wanted and of(order) and (not reached or at >= reached[-1])
            ]
            if not later:
                break
            at, by = min(later)
            source = source or by
            reached.append(at)
        if reached:
            yield reached, source


def check_funnel(shop, codes, period, filters=ALL, now=NOW, of=lambda order: True):
    statuses = [shop.statuses[code] for code in codes]

    report = funnel("general", statuses, period, filters, now)

    begun = [
        reached
        for reached, source in through(shop, statuses, of)
        if period.start <= reached[0] < period.end and filters.takes(source)
    ]
    for place, step in enumerate(report.steps):
        there = [reached for reached in begun if len(reached) > place]
        times = [(reached[place] - reached[place - 1]) // timedelta(seconds=1) for reached in there if place]
        assert step.reached == len(there)
        assert close(step.median_s, percentile(times, 0.5))
        assert close(step.p90_s, percentile(times, 0.9))


def check_everything(shop, zone="UTC", filters=ALL, now=NOW, of=lambda order: True):
    for period in (last(14, zone, now), last(60, zone, now), last(20, zone, now).before()):
        check_statuses(shop, period, filters, now, of)
        check_stays(shop, period, filters, now, of)
        check_funnel(shop, ["new", "packed", "sent"], period, filters, now, of)
        check_funnel(shop, ["sent", "returned"], period, filters, now, of)


@pytest.mark.parametrize("zone", ZONES)
def test_every_figure_is_that_of_a_plain_count(zone):
    shop = open_shop(zone)
    happen(shop, 60, seed=1)

    check_everything(shop, zone)


def test_a_source_and_a_segment_narrow_every_figure():
    shop = open_shop()
    happen(shop, 60, seed=2)
    segment = Segment.objects.create(code="some", name="Some", kind=Segment.Kind.LIST)
    some = list(shop.events)[::3]
    Member.objects.bulk_create([Member(segment=segment, customer_id=order.customer_id, since=NOW) for order in some])

    check_everything(shop, filters=Filters(source=shop.sources[0]))
    check_everything(shop, filters=Filters(segment=segment.pk), of=lambda order: order in some)


def test_what_happens_later_is_added_to_the_days_that_are_kept():
    shop = open_shop()
    before = NOW - timedelta(days=6)
    happen(shop, 40, seed=3, until=before)
    check_everything(shop, now=before)

    happen(shop, 20, seed=4, days=3)
    carried_on = [order for order in list(shop.events)[:40] if order.pk % 2]
    for order in carried_on:
        shop.events[order] = [
            *shop.events[order],
            Event(NOW - timedelta(days=2), shop.statuses["sent"], shop.sources[0]),
        ]
        write(type(shop)(shop.statuses, shop.sources, {order: shop.events[order]}))

    check_everything(shop)
    assert set(Rollup.objects.values_list("closed_until", flat=True)) == {date(2026, 5, 20)}


def test_a_late_event_reopens_the_days_of_its_order():
    shop = open_shop()
    happen(shop, 40, seed=5)
    check_everything(shop)
    order, events = next((order, events) for order, events in shop.events.items() if len(events) > 2)

    late = Event(events[0].at + (events[1].at - events[0].at) / 2, shop.statuses["returned"], shop.sources[1])
    changed = [events[0], late, *events[1:]]
    shop.events[order] = changed
    write(type(shop)(shop.statuses, shop.sources, {order: changed}))

    check_everything(shop)


def test_a_mark_taken_away_and_given_back_brings_the_old_figures_back():
    shop = open_shop()
    happen(shop, 40, seed=6)
    sent = shop.statuses["sent"]
    first = statuses_over_time("general", last(30), ALL, NOW)

    for is_marked in (False, True):
        sent.include_in_analytics = is_marked
        sent.save()
        write(shop)
        check_statuses(shop, last(30))

    assert statuses_over_time("general", last(30), ALL, NOW) == first


def test_orders_told_with_a_test_key_are_left_out():
    shop = open_shop()
    happen(shop, 30, seed=7)
    Visit.objects.filter(order__in=[order.pk for order in list(shop.events)[::2]]).update(is_test=True)
    shop = type(shop)(shop.statuses, shop.sources, dict(list(shop.events.items())[1::2]))

    check_everything(shop)


def test_days_are_those_of_the_installation_when_clocks_change():
    shop = open_shop("Europe/London")
    london = ZoneInfo("Europe/London")
    for minute in (0, 59):
        told(shop, [Event(datetime(2026, 3, 29, 23, minute, tzinfo=london), shop.statuses["new"], shop.sources[0])])
    told(shop, [Event(datetime(2026, 3, 30, 0, 0, tzinfo=london), shop.statuses["new"], shop.sources[0])])

    report = statuses_over_time("general", Period(date(2026, 3, 29), date(2026, 3, 30), london), ALL, NOW, Every.DAY)

    new = next(line for line in report.lines if line.status == shop.statuses["new"])
    assert (new.entered, new.standing) == ((2, 1), (2, 3))


def test_totals_add_up_with_what_is_not_in_analytics():
    shop = open_shop()
    happen(shop, 50, seed=8)

    report = statuses_over_time("general", last(30), ALL, NOW)

    assert report.total[-1] == len(shop.events)
    assert report.lines[-1].status is None
    assert report.lines[-1].standing[-1] == sum(
        events[-1].status == shop.statuses["checked"] for events in shop.events.values()
    )


def test_nothing_happened_yet():
    open_shop()

    report = statuses_over_time("general", last(7), ALL, NOW)
    stays = time_in_status("general", last(7), ALL, NOW)

    assert {line.standing for line in report.lines} == {(0,) * 7}
    assert {(stay.left, stay.median_s, stay.stuck) for stay in stays.stays} == {(0, None, 0)}


def test_kept_days_are_read_in_a_few_queries(django_assert_num_queries):
    shop = open_shop()
    happen(shop, 30, seed=9)
    statuses = [shop.statuses[code] for code in ("new", "packed", "sent")]
    check_everything(shop)

    with django_assert_num_queries(5):  # the rollup, its days; what came, went and left by a step today
        list(rollups.read(Moves("general", ZoneInfo("UTC")), date(2026, 4, 1), NOW.date(), NOW))
    with django_assert_num_queries(3):  # the rollup, its days, today
        funnel("general", statuses, last(30), ALL, NOW)


def test_the_past_is_counted_once():
    shop = open_shop()
    happen(shop, 30, seed=10)
    check_everything(shop)
    kept = list(RollupDay.objects.order_by("pk").values_list("pk", flat=True))

    check_everything(shop)

    assert list(RollupDay.objects.order_by("pk").values_list("pk", flat=True)) == kept


def test_a_funnel_is_of_the_source_that_told_first_of_several_at_one_moment():
    shop = open_shop()
    (erp, web), (new, packed) = shop.sources, (shop.statuses[code] for code in ("new", "packed"))
    at, period = NOW - timedelta(days=1), last(30)
    told(shop, [Event(at, new, web), Event(at, packed, erp), Event(at, new, erp)])

    def begun(source):
        behind = Behind("through", "general", (new.pk,), period.start, period.end, Filters(source))
        return funnel("general", [new], period, Filters(source), NOW).steps[0].reached, behind.orders().count()

    assert (begun(web), begun(erp)) == ((1, 1), (0, 0))
