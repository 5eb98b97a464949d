"""Days that are kept for the first time while history changes beside it."""

from threading import Event as Signal
from threading import Thread
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction

from analytics.models import RollupDay
from analytics.reports import rollups
from analytics.reports.statuses_over_time import Moves
from tests.analytics.reports.shop import NOW, Event, happen, open_shop, told

pytestmark = [
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time"),
    pytest.mark.django_db(transaction=True),
]

LATE = NOW.replace(day=10)
# Long enough for a reader that does not wait to have kept its days.
COMMITTED_AFTER_S = 1.0


def test_a_report_that_is_first_asked_for_beside_a_late_event_does_not_miss_it():
    shop = open_shop()
    happen(shop, 10, seed=1)
    is_written, was_read = Signal(), Signal()
    writer = Thread(target=write_and_commit_late, args=(shop, is_written, was_read))
    writer.start()
    is_written.wait(10)

    read_moves()
    was_read.set()
    writer.join()

    kept = read_moves()
    RollupDay.objects.all().delete()
    assert kept == read_moves()


def write_and_commit_late(shop, is_written, was_read):
    try:
        with transaction.atomic():
            told(shop, [Event(LATE, shop.statuses["new"], shop.sources[0])])
            is_written.set()
            was_read.wait(COMMITTED_AFTER_S)
    finally:
        connection.close()


def read_moves():
    first = NOW.date().replace(day=1)
    return rollups.read(Moves("general", ZoneInfo("UTC")), first, NOW.date(), NOW)
