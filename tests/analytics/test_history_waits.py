"""Who reads history while somebody else is at it waits only so long."""

import time
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Event, Thread

import pytest
import time_machine
from django.db import connection, transaction

from analytics import history
from analytics.models import Visit
from orders.said import Said
from orders.transitions import hear
from tests.factories import OrderFactory, SourceFactory, StatusFactory
from workspace.database import hold

pytestmark = [
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time"),
    pytest.mark.django_db(transaction=True),
]

NOON = datetime(2024, 5, 3, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def something_new():
    """Since noon, when all was read."""
    StatusFactory(code="a")
    OrderFactory(external_id="O-1")
    with time_machine.travel(NOON, tick=False):
        history.catch_up()
    hear([Said("O-1", "general", "a", NOON)], SourceFactory())


def test_a_reader_waits_no_longer_than_it_is_given_and_reads_as_of_before():
    with somebody_at_it():
        began = time.monotonic()
        read_at = history.catch_up(within_s=0.3)
        waited = time.monotonic() - began

    assert read_at == NOON
    assert not Visit.objects.exists()
    assert 0.3 <= waited < 5


def test_a_reader_is_done_as_soon_as_somebody_else_is():
    with somebody_at_it(history._read_on, for_s=0.3):
        began = time.monotonic()
        read_at = history.catch_up(within_s=30)
        waited = time.monotonic() - began

    assert read_at > NOON
    assert Visit.objects.exists()
    assert waited < 10


def test_the_background_waits_for_its_turn():
    with somebody_at_it(for_s=0.3):
        assert history.follow(within_s=0.1) > NOON


@contextmanager
def somebody_at_it(read=lambda: None, for_s=30.0):
    """Holds the lock so long, or until it is left, and then reads."""
    has_it, is_left = Event(), Event()
    thread = Thread(target=_hold_it, args=(has_it, is_left, for_s, read))
    thread.start()
    try:
        assert has_it.wait(10)
        yield
    finally:
        is_left.set()
        thread.join()


def _hold_it(has_it, is_left, for_s, read):
    try:
        with transaction.atomic():
            hold(history.HISTORY_LOCK)
            has_it.set()
            is_left.wait(for_s)
            read()
    finally:
        connection.close()
