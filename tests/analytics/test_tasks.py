"""What the background does where something fails."""

import pytest
from django.db import OperationalError, connection
from django.utils import timezone
from structlog.testing import capture_logs

from analytics import counting, segments, tasks
from analytics.models import Member, Segment
from analytics.signals import segment_changed
from tests.factories import CustomerFactory

pytestmark = pytest.mark.django_db

GERMANS = {"combinator": "and", "rules": [{"field": "customer.language", "operator": "=", "value": "de"}]}
only_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer: nobody loses")


def in_segment(code):
    return {"combinator": "and", "rules": [{"field": "customer.segments", "operator": "anyOf", "value": [code]}]}


def lose_a_race():
    """PostgreSQL says it as of a real one, and Django as of what was told by PostgreSQL."""
    with connection.cursor() as cursor:
        cursor.execute("DO $$ BEGIN RAISE EXCEPTION 'deadlock detected' USING ERRCODE = '40P01'; END $$")


@pytest.fixture
def three():
    """Due in this order: who comes is news, as they were counted before."""
    made = [segments.create(code=code, name=code, rule=GERMANS) for code in "abc"]
    tasks.refresh_segments()
    CustomerFactory(external_id="anna", language="de")
    Segment.objects.update(count_asked_at=timezone.now())
    return made


@pytest.fixture
def failing_of_b():
    """`failing_of_b(how)`: whoever hears of a count of “b” fails so."""
    receivers = []

    def fail(how):
        def receiver(*, segment, **_kwargs):
            if segment.code == "b":
                how()

        segment_changed.connect(receiver)
        receivers.append(receiver)

    yield fail
    for receiver in receivers:
        segment_changed.disconnect(receiver)


def counted():
    return set(Member.objects.values_list("segment__code", flat=True))


def test_a_segment_that_fails_keeps_no_other_from_being_counted(three, failing_of_b):
    def fail():
        raise RuntimeError("it cannot be done")

    failing_of_b(fail)
    with capture_logs() as lines:
        tasks.refresh_segments()

    assert counted() == {"a", "c"}
    assert [line["segment"] for line in lines if line["event"] == "segment_failed"] == [three[1].pk]


@only_postgresql
def test_a_count_that_lost_a_race_says_so_and_is_due_again_at_once(three, failing_of_b):
    failing_of_b(lose_a_race)
    with capture_logs() as lines:
        tasks.refresh_segments()

    assert counted() == {"a", "c"}
    assert [line["event"] for line in lines if line["log_level"] != "info"] == ["segment_lost_a_race"]
    assert counting.due_segments() == [three[1]]


def test_while_the_database_is_away_no_other_segment_is_tried(three, failing_of_b):
    def fail():
        raise OperationalError("server closed the connection unexpectedly")

    failing_of_b(fail)
    with capture_logs() as lines:
        tasks.refresh_segments()

    assert counted() == {"a"}
    assert [line["event"] for line in lines if line["log_level"] != "info"] == ["database_is_away"]


@only_postgresql
@pytest.mark.django_db(transaction=True)
def test_other_work_that_lost_a_race_is_not_said_to_have_no_database(monkeypatch):
    monkeypatch.setattr(tasks.history, "follow", lambda **_kwargs: lose_a_race())

    with capture_logs() as lines:
        tasks.follow_history()

    assert [line["event"] for line in lines] == ["lost_a_race"]


def test_a_circle_that_got_in_by_hand_keeps_no_other_from_being_counted(three):
    """“a” and “b” ask about each other, “d” about one of them, and “c” about neither."""
    asking = segments.create(code="d", name="d", rule=in_segment("a"))
    for code, other in ("ab", "ba"):
        Segment.objects.filter(code=code).update(rule=in_segment(other), rule_changed_at=timezone.now())

    tasks.refresh_segments()

    assert counted() == {"c"}
    assert dict(Segment.objects.values_list("code", "problem")) == {"a": "rule", "b": "rule", "c": "", "d": ""}
    asking.refresh_from_db()
    assert asking.members_count == 0
    assert counting.due_segments() == []
