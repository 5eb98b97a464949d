from datetime import UTC, datetime

import pytest
import time_machine
from django.core.cache import cache

from tests.callers import Caller
from tests.factories import SourceFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(settings):
    settings.API_REQUESTS_PER_MINUTE = 2
    return Caller.of(SourceFactory())


@pytest.fixture
def shared_cache(settings):
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "throttle"}}
    cache.clear()


@time_machine.travel(datetime(2026, 5, 3, 12, 0, 48, tzinfo=UTC), tick=False)
def test_who_asks_too_often_is_told_when_to_come_back(api, shared_cache):
    assert [api.get("statuses/").status_code for _ in range(2)] == [200, 200]

    answer = api.get("statuses/")

    assert (answer.status_code, answer.json()["code"]) == (429, "throttled")
    assert 12 <= int(answer["Retry-After"]) <= 13


def test_another_minute_is_another_count(api, shared_cache):
    with time_machine.travel(datetime(2026, 5, 3, 12, 0, 59, tzinfo=UTC), tick=False) as clock:
        for _ in range(3):
            api.get("statuses/")
        clock.move_to(datetime(2026, 5, 3, 12, 1, tzinfo=UTC))

        assert api.get("statuses/").status_code == 200


def test_keys_are_counted_apart(api, shared_cache):
    other = Caller.of(SourceFactory())

    assert [api.get("statuses/").status_code for _ in range(3)] == [200, 200, 429]
    assert other.get("statuses/").status_code == 200


def test_while_redis_is_away_everyone_passes(api, settings):
    settings.CACHES = {
        "default": {**settings.CACHES["default"], "LOCATION": "unix:///nowhere/redis.sock"},
    }

    assert [api.get("statuses/").status_code for _ in range(3)] == [200, 200, 200]
