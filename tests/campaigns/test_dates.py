"""A campaign may have a start and an end: what occurred before or after lets nobody in."""

from datetime import UTC, datetime, timedelta

import pytest

from campaigns.definitions import DefinitionError, read_plan
from campaigns.draining import drain
from campaigns.models import Run
from campaigns.story import tell
from tests.campaigns.shop import NOON, definition, ending, path, sms, wait

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("moment", "outcome"),
    [
        (NOON + timedelta(minutes=59), ("declined", "before_start")),
        (NOON + timedelta(hours=1), ("finished", "")),
        (NOON + timedelta(hours=2), ("finished", "")),
        (NOON + timedelta(hours=3), ("declined", "after_end")),
    ],
)
def test_what_occurred_between_start_and_end_lets_in(shop, clock, moment, outcome):
    shop.start(sms(), starts_at="2024-05-03T13:00:00Z", ends_at="2024-05-03T17:00:00+02:00")
    clock.move_to(moment)

    assert ending(shop.pay()) == outcome


def test_it_is_judged_by_when_it_occurred_not_by_when_it_was_told(shop, clock):
    shop.start(sms(), ends_at="2024-05-03T13:00:00Z")
    clock.move_to(datetime(2024, 5, 3, 14, tzinfo=UTC))
    shop.order()

    shop.tell("O-1", "paid", minutes_ago=61)
    drain()

    assert ending(Run.objects.get()) == ("finished", "")


def test_who_is_under_way_at_the_end_goes_on(shop, clock):
    shop.start(wait(), ends_at="2024-05-03T12:30:00Z")
    run = shop.pay()

    clock.shift(timedelta(hours=1))
    drain()

    assert ending(run) == ("finished", "")


def test_an_entry_refused_for_its_time_does_not_count(shop, clock):
    shop.start(sms(), starts_at="2024-05-03T13:00:00Z", reentry={"mode": "once_per_order"})
    early = shop.pay()
    clock.shift(timedelta(hours=1))

    later = shop.pay()

    assert (ending(early), ending(later)) == (("declined", "before_start"), ("finished", ""))
    assert path(early) == [("", "declined")]
    assert "It was not let in: the campaign had not started then." in tell(early)


@pytest.mark.parametrize(
    ("keys", "wrong"),
    [
        ({"starts_at": "tomorrow"}, ["/starts_at"]),
        ({"ends_at": "2024-05-03T13:00:00"}, ["/ends_at"]),
        ({"attribution_window": {"value": 2, "unit": "moons"}}, ["/attribution_window"]),
        ({"attribution_window": 3}, ["/attribution_window"]),
        ({"starts_at": 5}, ["/starts_at"]),
        ({"starts_at": "2024-05-03T13:00:00Z", "ends_at": "2024-05-03T13:00:00Z"}, ["/ends_at"]),
    ],
)
def test_dates_are_times_with_their_zone_the_end_after_the_start(keys, wrong):
    with pytest.raises(DefinitionError) as error:
        read_plan(definition(sms(), **keys))

    assert [problem.field for problem in error.value.problems] == wrong
