from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from analytics.reports.periods import BadPeriod, Every, Period

LONDON = ZoneInfo("Europe/London")
NOW = datetime(2026, 3, 30, 23, 30, tzinfo=UTC)  # in London it is the 31st


def days(period):
    return period.first.isoformat(), period.last.isoformat()


@pytest.mark.parametrize(
    ("name", "first", "last", "before"),
    [
        ("last_7_days", "2026-03-25", "2026-03-31", ("2026-03-18", "2026-03-24")),
        ("last_30_days", "2026-03-02", "2026-03-31", ("2026-01-31", "2026-03-01")),
        ("this_month", "2026-03-01", "2026-03-31", ("2026-02-01", "2026-02-28")),
        ("last_month", "2026-02-01", "2026-02-28", ("2026-01-01", "2026-01-31")),
        ("this_year", "2026-01-01", "2026-03-31", ("2025-01-01", "2025-03-31")),
        ("last_365_days", "2025-04-01", "2026-03-31", ("2024-04-01", "2025-03-31")),
    ],
)
def test_a_relative_period_is_told_from_today_in_the_zone(name, first, last, before):
    period = Period.relative(name, NOW, LONDON)

    assert days(period) == (first, last)
    assert days(period.before()) == before


def test_a_month_under_way_is_compared_with_the_same_days_of_the_month_before():
    period = Period.relative("this_month", datetime(2026, 5, 12, tzinfo=UTC), LONDON)

    assert days(period.before()) == ("2026-04-01", "2026-04-12")


def test_the_day_clocks_go_forward_has_twenty_three_hours():
    day = Period(date(2026, 3, 29), date(2026, 3, 29), LONDON)

    assert (day.start, day.end) == (
        datetime(2026, 3, 29, 0, tzinfo=UTC),
        datetime(2026, 3, 29, 23, tzinfo=UTC),
    )


def test_where_there_is_no_midnight_a_day_begins_when_clocks_are_put_forward():
    day = Period(date(2025, 9, 7), date(2025, 9, 7), ZoneInfo("America/Santiago"))

    assert day.start == datetime(2025, 9, 7, 4, tzinfo=UTC)


def test_weeks_begin_on_monday_and_end_with_the_period():
    period = Period(date(2026, 3, 4), date(2026, 3, 17), LONDON)

    assert [days(part) for part in period.parts(Every.WEEK)] == [
        ("2026-03-04", "2026-03-08"),
        ("2026-03-09", "2026-03-15"),
        ("2026-03-16", "2026-03-17"),
    ]


def test_a_period_that_ends_before_it_begins_is_refused():
    with pytest.raises(BadPeriod, match="ends on the day it begins"):
        Period(date(2026, 3, 4), date(2026, 3, 3), LONDON)
