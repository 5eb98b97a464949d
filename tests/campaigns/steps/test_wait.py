from datetime import timedelta

import pytest

from campaigns.draining import drain
from campaigns.steps.actions.wait import KIND
from tests.campaigns.shop import NOON, ending, later, path, sms, wait

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("value", "unit", "length"),
    [(90, "minutes", timedelta(minutes=90)), (5, "hours", timedelta(hours=5)), (2, "days", timedelta(days=2))],
)
def test_a_run_goes_on_when_its_time_is_over_and_no_sooner(shop, clock, value, unit, length):
    shop.start(wait(value=value, unit=unit), sms())
    run = shop.pay()

    clock.move_to(NOON + length - timedelta(seconds=1))
    drain()
    assert path(run) == [("", "admitted"), ("pause", "waiting")]

    clock.move_to(NOON + length)
    drain()
    assert path(run)[2:] == [("pause", "done"), ("text", "owed"), ("text", "sent")]


def test_while_it_waits_it_is_a_row_with_a_time(shop):
    shop.start(wait(value=2, unit="days"), sms())

    run = shop.pay()

    assert (run.state, run.step, run.due_at) == ("waiting", "pause", NOON + timedelta(days=2))
    [event] = run.events.filter(outcome="waiting")
    assert event.seen == {"until": "2024-05-05T12:00:00+00:00"}


def test_two_waits_add_up(shop, clock):
    shop.start(wait("first"), wait("second"))
    run = shop.pay()

    later(clock, hours=1)
    assert ending(run)[0] == "waiting"

    later(clock, hours=1)
    assert ending(run) == ("finished", "")


def test_a_wait_that_ends_late_is_counted_from_when_it_ended(shop, clock):
    shop.start(wait("first"), wait("second"))
    run = shop.pay()

    later(clock, hours=10)
    later(clock, minutes=59)
    assert ending(run)[0] == "waiting"

    later(clock, minutes=1)
    assert ending(run) == ("finished", "")


def test_a_drain_in_between_changes_nothing(shop, clock):
    shop.start(wait(), sms())
    run = shop.pay()

    for _ in range(5):
        later(clock, minutes=10)

    assert path(run) == [("", "admitted"), ("pause", "waiting")]


@pytest.mark.parametrize(
    "duration",
    [
        None, {}, 5, "1 hour", [1, "hours"], {"value": 1}, {"value": 1, "unit": "hours", "more": 1},
        {"value": 0, "unit": "hours"}, {"value": -1, "unit": "hours"}, {"value": 1.5, "unit": "hours"},
        {"value": "1", "unit": "hours"}, {"value": True, "unit": "hours"}, {"value": None, "unit": "hours"},
        {"value": 10**30, "unit": "days"}, {"value": 367, "unit": "days"}, {"value": 1, "unit": "weeks"},
        {"value": 1, "unit": None}, {"value": 1, "unit": {}},
    ],
)  # fmt: skip
def test_a_duration_is_a_whole_number_of_its_units_up_to_a_year(duration):
    assert [problem.field for problem in KIND.form({"duration": duration}).problems()] == ["/duration"]


@pytest.mark.parametrize(("value", "unit"), [(366, "days"), (366 * 24, "hours"), (366 * 24 * 60, "minutes")])
def test_a_year_is_a_duration(value, unit):
    assert KIND.form({"duration": {"value": value, "unit": unit}}).problems() == []
