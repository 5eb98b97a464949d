"""What differs between the two databases, and must not be noticed above."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, DataError, IntegrityError, OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext

from orders.models import Order
from tests.factories import OrderFactory, StatusFactory
from workspace.database import (
    execute,
    in_sets,
    insert_columns,
    insert_rows,
    kept_aside,
    lock_rows,
    reconnect,
    snapshot,
    write_columns,
    write_rows,
)
from workspace.models import Heartbeat, Source

pytestmark = pytest.mark.django_db

COLUMNS = ("general_status_id", "general_heard_at", "general_heard_sequence")
NOON = datetime(2024, 5, 3, 12, 0, tzinfo=UTC)


def written(order):
    return Order.objects.values_list(*COLUMNS).get(pk=order.pk)


def test_each_row_gets_its_own_values():
    one, other, status = OrderFactory(), OrderFactory(), StatusFactory()

    write_columns(Order, COLUMNS, [(one.pk, status.pk, NOON, 7), (other.pk, None, None, None)])

    assert written(one) == (status.pk, NOON, 7)
    assert written(other) == (None, None, None)


def test_a_column_may_hold_nothing_but_nulls():
    order = OrderFactory()
    write_columns(Order, COLUMNS, [(order.pk, None, NOON, 7)])

    write_columns(Order, COLUMNS, [(order.pk, None, None, None)])

    assert written(order) == (None, None, None)


def test_rows_that_are_not_named_are_left_alone():
    named, left = OrderFactory(), OrderFactory()

    write_columns(Order, ["total_minor"], [(named.pk, 1)])

    assert Order.objects.get(pk=left.pk).total_minor == 1230


def test_no_rows_are_no_statement(django_assert_num_queries):
    with django_assert_num_queries(0):
        write_columns(Order, COLUMNS, [])


def test_rows_are_written_as_they_stand_in_memory_and_only_the_columns_named():
    one, other = OrderFactory(total_minor=100), OrderFactory(total_minor=200)
    one.total_minor, one.currency, other.total_minor = 101, "USD", None

    write_rows([one, other], ["total_minor"])

    assert list(Order.objects.order_by("pk").values_list("total_minor", "currency")) == [(101, "EUR"), (None, "EUR")]


def test_no_rows_in_memory_are_no_statement(django_assert_num_queries):
    with django_assert_num_queries(0):
        write_rows([], ["total_minor"])


def test_thousands_of_rows_are_cut_below_what_a_statement_takes():
    with CaptureQueriesContext(connection) as queries:
        write_columns(Order, ["total_minor"], [(pk, 1) for pk in range(20_000)])

    assert len(queries) == 2


def test_a_value_too_long_for_its_column_is_refused():
    """A cast would have cut it, and nobody would have known."""
    order = OrderFactory()

    if connection.vendor == "postgresql":
        with pytest.raises(DataError), transaction.atomic():
            write_columns(Order, ["currency"], [(order.pk, "EUROS")])

    order.refresh_from_db()
    assert order.currency == "EUR"


def test_json_is_written_as_json():
    order = OrderFactory()

    write_columns(Order, ["custom", "lines"], [(order.pk, {"gift": None}, [[1, 2], []])])

    order.refresh_from_db()
    assert (order.custom, order.lines) == ({"gift": None}, [[1, 2], []])


def test_words_are_written_as_they_are():
    words = ["", "NULL", "null", '"', "\\", "\\N", "{}", "a,b", " a ", "a\nb", "Ё😀", "%s", "'"]

    insert_columns(Heartbeat, ["name", "at"], [(name, NOON) for name in words])

    assert sorted(Heartbeat.objects.values_list("name", flat=True)) == sorted(words)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite keeps no plans for us")
def test_a_plan_is_kept_of_what_is_asked_all_the_time():
    for number in range(10):
        assert execute("SELECT %s + 1 AS kept", [number]) == [(number + 1,)]

    assert execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE 'SELECT $1 + 1 AS kept'") == [(1,)]


def test_inserted_rows_get_their_keys_in_order():
    signs = [Heartbeat(name=name, at=NOON) for name in ("z", "a", "m")]

    insert_rows(signs)

    assert [Heartbeat.objects.get(pk=sign.pk).name for sign in signs] == ["z", "a", "m"]
    assert not any(sign._state.adding for sign in signs)


def test_rows_that_are_there_are_passed_over_if_asked():
    Heartbeat.objects.create(name="a", at=NOON)

    insert_columns(
        Heartbeat, ["name", "at"], [(name, NOON + timedelta(hours=1)) for name in "ab"], ignore_conflicts=True
    )

    assert Heartbeat.objects.get(name="a").at == NOON
    assert Heartbeat.objects.get(name="b").at == NOON + timedelta(hours=1)


def test_a_key_that_is_taken_is_refused_unless_asked():
    Heartbeat.objects.create(name="a", at=NOON)

    with pytest.raises(IntegrityError), transaction.atomic():
        insert_columns(Heartbeat, ["name", "at"], [("b", NOON), ("a", NOON)])

    assert Heartbeat.objects.count() == 1


def test_values_of_json_that_python_takes_for_equal_stay_what_they_are():
    one, other = OrderFactory(), OrderFactory()

    write_columns(Order, ["custom", "lines"], [(one.pk, {"gift": True}, []), (other.pk, {"gift": 1}, [])])

    assert [order.custom["gift"] is True for order in Order.objects.order_by("pk")] == [True, False]


@pytest.mark.parametrize("time", [NOON, NOON.replace(microsecond=70_000), datetime(1948, 1, 26, 23, 59, tzinfo=UTC)])
def test_times_are_read_in_utc(time):
    beat = Heartbeat.objects.create(name="a", at=time)

    read = Heartbeat.objects.get(pk=beat.pk).at

    assert read == time
    assert read.tzinfo is UTC


def test_no_rows_are_inserted_without_a_statement(django_assert_num_queries):
    with django_assert_num_queries(0):
        insert_rows([])


def test_a_stream_is_cut_into_sets_one_at_a_time():
    stream = iter(range(5))

    first = next(in_sets(stream, 2))

    assert first == [0, 1]
    assert list(in_sets(stream, 2)) == [[2, 3], [4]]


def test_an_empty_stream_has_no_sets():
    assert list(in_sets([])) == []


def test_locked_rows_can_be_read_on_either_database():
    order = OrderFactory()

    with transaction.atomic():
        assert list(lock_rows(Order.objects.filter(pk=order.pk))) == [order]


def test_what_went_wrong_beside_keys_kept_aside_is_what_is_told():
    """PostgreSQL does nothing more in a transaction that failed, nor does it drop a table."""
    Source.objects.create(code="shop", name="Shop")

    with pytest.raises(IntegrityError), transaction.atomic(), kept_aside(Source.objects.all(), within_s=5):
        Source.objects.create(code="shop", name="Another")


@pytest.mark.django_db(transaction=True)
def test_keys_kept_aside_outlast_transactions_and_leave_no_table():
    source = Source.objects.create(code="shop", name="Shop")

    with pytest.raises(RuntimeError), kept_aside(Source.objects.filter(code="shop"), within_s=5) as table:
        with transaction.atomic():
            assert execute(f"SELECT id FROM {table}") == [(source.pk,)]
        raise RuntimeError("somebody else's")

    with pytest.raises(DatabaseError):
        execute(f"SELECT id FROM {table}")


@pytest.mark.django_db(transaction=True)
def test_a_snapshot_holds_up_nobody_who_writes():
    with snapshot():
        before = Source.objects.count()
        with ThreadPoolExecutor() as other:
            other.submit(_add_a_source).result(timeout=10)

        assert Source.objects.count() == before

    assert Source.objects.count() == before + 1


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no server to lose")
@pytest.mark.django_db(transaction=True)
def test_a_connection_that_was_cut_is_made_again():
    with pytest.raises(OperationalError), connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    reconnect(within_s=5)

    assert not Heartbeat.objects.exists()


def test_a_connection_that_holds_is_left_alone():
    kept = connection.connection

    reconnect(within_s=0)

    assert connection.connection is kept


def _add_a_source():
    Source.objects.create(code="meanwhile", name="Meanwhile")
    connection.close()


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite is a file")
@pytest.mark.django_db(transaction=True)
def test_a_connection_that_was_lost_between_two_requests_is_noticed_by_whoever_asks_first():
    execute("SELECT 1")
    with pytest.raises(OperationalError), connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    connection.errors_occurred = False  # as where the server ended it while nobody asked anything

    connection.close_if_unusable_or_obsolete()  # as a request begins

    assert execute("SELECT 1") == [(1,)]
