"""Counts that add up over processes: kept in Redis, told in Prometheus's own words, and never waited for."""

import multiprocessing
import time

import django
import pytest
from prometheus_client import CollectorRegistry, generate_latest
from redis import Redis
from redis.exceptions import ConnectionError as NoConnection

from workspace import measures
from workspace.measures import Counter, Histogram, kept, record

DOORS = Counter("doors", "How often a door was opened.", ("door",))
WAITS = Histogram("waits_seconds", "How long people waited.", ("door",), bounds=(0.5, 2))


class Shown:
    def __init__(self, *measures):
        self.measures = measures

    def collect(self):
        return [measure.family(kept()) for measure in self.measures]


def told(*measures):
    registry = CollectorRegistry()
    registry.register(Shown(*measures))
    return [line for line in generate_latest(registry).decode().splitlines() if not line.startswith("#")]


def test_what_was_counted_is_told_by_label():
    record(DOORS.by(1, "front"), DOORS.by(2, "back"))
    record(DOORS.by(1, "front"))

    assert told(DOORS) == ['doors_total{door="back"} 2.0', 'doors_total{door="front"} 2.0']


def test_a_time_is_counted_under_every_bound_above_it():
    for seconds in (0.25, 0.5, 1, 4):
        record(WAITS.took(seconds, "front"))

    assert told(WAITS) == [
        'waits_seconds_bucket{door="front",le="0.5"} 2.0',
        'waits_seconds_bucket{door="front",le="2"} 3.0',
        'waits_seconds_bucket{door="front",le="+Inf"} 4.0',
        'waits_seconds_count{door="front"} 4.0',
        'waits_seconds_sum{door="front"} 5.75',
    ]


def test_nothing_counted_is_nothing_told():
    assert told(DOORS, WAITS) == []


def open_doors(times):
    django.setup()
    for _ in range(times):
        record(DOORS.by(1, "front"), WAITS.took(1, "front"))


def test_what_several_processes_count_at_once_adds_up():
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=open_doors, args=(200,)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)

    assert told(DOORS) == ['doors_total{door="front"} 400.0']
    assert 'waits_seconds_count{door="front"} 400.0' in told(WAITS)


@pytest.fixture
def no_redis(monkeypatch):
    tries = []

    class Away(Redis):
        def execute_command(self, *_args, **_options):
            raise NoConnection("away")

        def pipeline(self, *_args, **_options):
            tries.append(time.monotonic())
            raise NoConnection("away")

    monkeypatch.setattr(measures, "_redis", Away)
    return tries


def test_while_redis_is_away_it_is_asked_once_and_nothing_is_counted(no_redis):
    for _ in range(100):
        record(DOORS.by(1, "front"))

    assert len(no_redis) == 1
    assert kept() == {}
