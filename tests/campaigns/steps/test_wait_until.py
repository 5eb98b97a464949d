from datetime import UTC, date, datetime, time, timedelta

import pytest

from campaigns.draining import drain
from campaigns.steps.actions.wait_until import KIND, next_moment
from tests.campaigns.shop import NOON, customer_in, ending, later, path, sms, step, wait
from workspace.models import Workspace

pytestmark = pytest.mark.django_db

NEW_YORK, TOKYO, LORD_HOWE = "America/New_York", "Asia/Tokyo", "Australia/Lord_Howe"


def until(key="until", time="09:00", **params):
    return step("wait_until", key, time=time, **params)


def utc(*moment):
    return datetime(*moment, tzinfo=UTC)


@pytest.mark.parametrize(
    ("since", "at", "zone", "moment"),
    [
        (NOON, time(13), "UTC", utc(2024, 5, 3, 13)),
        (NOON, time(12), "UTC", NOON),
        (NOON, time(11, 59), "UTC", utc(2024, 5, 4, 11, 59)),
        (NOON, time(9), TOKYO, utc(2024, 5, 4, 0)),
        (utc(2024, 5, 3, 23, 30), time(9), TOKYO, utc(2024, 5, 4, 0)),
        (NOON, time(9), NEW_YORK, utc(2024, 5, 3, 13)),
        (NOON, time(0), "UTC", utc(2024, 5, 4)),
    ],
)
def test_the_next_time_it_is_that_time_there(since, at, zone, moment):
    assert next_moment(since, at, (), None, zone) == moment


@pytest.mark.parametrize(
    ("since", "at", "weekdays", "moment"),
    [
        (NOON, time(13), {5}, utc(2024, 5, 3, 13)),  # a Friday
        (NOON, time(11), {5}, utc(2024, 5, 10, 11)),
        (NOON, time(11), {1, 3}, utc(2024, 5, 6, 11)),
        (NOON, time(13), {4}, utc(2024, 5, 9, 13)),
        (NOON, time(13), {1, 2, 3, 4, 5, 6, 7}, utc(2024, 5, 3, 13)),
    ],
)
def test_the_next_one_on_one_of_some_weekdays(since, at, weekdays, moment):
    assert next_moment(since, at, weekdays, None, "UTC") == moment


def test_a_weekday_is_the_customer_s_own():
    """It is Saturday in Tokyo already."""
    assert next_moment(utc(2024, 5, 3, 16), time(9), {6}, None, TOKYO) == utc(2024, 5, 4, 0)


def test_a_date_is_a_date_there():
    assert next_moment(NOON, time(9), (), date(2024, 12, 24), NEW_YORK) == utc(2024, 12, 24, 14)


@pytest.mark.parametrize(
    ("since", "at", "zone", "moment"),
    [
        # 02:00 to 03:00 is left out: 02:30 is 03:30.
        (utc(2024, 3, 10, 5), time(2, 30), NEW_YORK, utc(2024, 3, 10, 7, 30)),
        (utc(2024, 3, 10, 7, 31), time(2, 30), NEW_YORK, utc(2024, 3, 11, 6, 30)),
        # 01:00 to 02:00 comes twice: the first.
        (utc(2024, 11, 3, 4), time(1, 30), NEW_YORK, utc(2024, 11, 3, 5, 30)),
        # Who comes between the two waits for the next day.
        (utc(2024, 11, 3, 5, 31), time(1, 30), NEW_YORK, utc(2024, 11, 4, 6, 30)),
        # There the clock is put forward by half an hour: 02:15 is 02:45.
        (utc(2024, 10, 5, 12), time(2, 15), LORD_HOWE, utc(2024, 10, 5, 15, 45)),
        # On that day it is 09:00 an hour sooner than the day before.
        (utc(2024, 3, 10, 0), time(9), NEW_YORK, utc(2024, 3, 10, 13)),
    ],
)
def test_on_days_on_which_clocks_change(since, at, zone, moment):
    assert next_moment(since, at, (), None, zone) == moment


def test_a_run_waits_by_its_customer_s_clock(shop, clock):
    shop.start(until(), sms())
    tokyo, home = shop.pay("O-1", customer=customer_in(TOKYO)), shop.pay("O-2", customer=customer_in(""))
    assert [event.seen for event in tokyo.events.filter(outcome="waiting")] == [{"until": "2024-05-04T00:00:00+00:00"}]

    clock.move_to(utc(2024, 5, 4, 0))
    drain()

    assert (ending(tokyo)[0], ending(home)[0]) == ("finished", "waiting")


def test_without_a_customer_it_is_the_installation_s_clock(shop, clock):
    Workspace.objects.update(timezone=TOKYO)
    shop.start(until())

    run = shop.pay(customer=None)

    assert run.due_at == utc(2024, 5, 4, 0)


def test_two_open_orders_of_one_customer_wait_each_from_its_own_time(shop, clock):
    shop.start(until(time="13:00"))
    ada = customer_in("UTC")
    first = shop.pay("O-1", customer=ada)

    clock.shift(timedelta(minutes=90))
    second = shop.pay("O-2", customer=ada)

    assert (first.due_at, second.due_at) == (utc(2024, 5, 3, 13), utc(2024, 5, 4, 13))


def test_it_is_counted_from_when_the_run_came_here_however_late_it_is_asked(shop, clock):
    shop.start(until(time="13:00"), sms())
    run = shop.pay()

    later(clock, hours=30)

    assert path(run)[1:] == [("until", "waiting"), ("until", "done"), ("text", "owed"), ("text", "sent")]


def test_a_date_that_is_over_is_waited_for_no_more(shop, clock):
    shop.start(until(date="2024-05-01"), wait())

    run = shop.pay()

    assert path(run) == [("", "admitted"), ("until", "done"), ("pause", "waiting")]


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"time": "09:00"}, "Waits until it is 09:00, by the customer's clock."),
        (
            {"time": "09:00", "weekdays": [5, 1]},
            "Waits until it is 09:00 on one of Monday, Friday, by the customer's clock.",
        ),
        ({"time": "09:00", "date": "2024-05-03"}, "Waits until 09:00 on 2024-05-03, by the customer's clock."),
        ({}, ""),
        ({"time": "09:00", "weekdays": ["x"]}, "Waits until it is 09:00 on one of , by the customer's clock."),
    ],
)  # fmt: skip
def test_what_it_does_is_said(params, said):
    assert KIND.says(params, {}) == said


@pytest.mark.parametrize(
    ("params", "wrong"),
    [
        ({}, ["/time"]),
        ({"time": 9}, ["/time"]),
        ({"time": "9 o'clock"}, ["/time"]),
        ({"time": "24:00"}, ["/time"]),
        ({"time": "09:00", "weekdays": [0]}, ["/weekdays"]),
        ({"time": "09:00", "weekdays": [True]}, ["/weekdays"]),
        ({"time": "09:00", "weekdays": "1"}, ["/weekdays"]),
        ({"time": "09:00", "date": "3 May"}, ["/date"]),
        ({"time": "09:00", "date": "2024-02-30"}, ["/date"]),
        ({"time": "09:00", "weekdays": [1], "date": "2024-05-03"}, ["/date"]),
        ({"time": "23:59", "weekdays": []}, []),
    ],
)
def test_its_params_are_checked(params, wrong):
    assert [problem.field for problem in KIND.form(params).problems()] == wrong


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01", "1899-12-31", "2026-13-01", "tomorrow", 5])
def test_a_date_that_no_clock_comes_to_is_refused(day):
    assert [problem.field for problem in KIND.form({"time": "23:00", "date": day}).problems()] == ["/date"]


def test_what_is_half_typed_is_told_all_the_same():
    said = KIND.says({"time": "09:00", "weekdays": [5, "x", {}, 1]}, {})

    assert said == "Waits until it is 09:00 on one of Monday, Friday, by the customer's clock."
