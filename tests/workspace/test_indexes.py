"""An index is added while others write, and again after that was interrupted."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.apps import apps
from django.db import OperationalError, connection, transaction
from django.db.migrations import AddIndex
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState

from orders.models import Order
from tests.factories import OrderFactory
from workspace.indexes import AddIndexConcurrently

ADD = AddIndexConcurrently(
    "order", next(index for index in Order._meta.indexes if index.name == "orders_told_by_test_keys")
)
PATIENCE_S = 20

# What shops, campaigns and history write, and the last migrations that locked them out.
WRITTEN_ALL_THE_TIME = {
    "customers": {"customer"},
    "orders": {"order", "statuschange", "statustransition"},
    "campaigns": {"run", "runevent", "message", "webhookcall"},
    "analytics": {"visit", "crossing", "member"},
}
LOCKED_OUT = {"customers": 4, "orders": 7, "campaigns": 29, "analytics": 4}


@pytest.fixture
def _no_index(transactional_db):
    """It is not there before, and is after."""
    take_away()
    yield
    take_away()
    add()


def take_away():
    do(ADD.database_backwards)


def add():
    do(ADD.database_forwards)


def do(act):
    state = ProjectState.from_apps(apps)
    with connection.schema_editor(atomic=False) as editor:
        act("orders", editor, state, state)


def is_whole():
    return ADD._is_whole(connection)


@pytest.mark.usefixtures("_no_index")
def test_it_is_added_once_however_often_it_is_asked_for():
    assert is_whole() is None

    add()
    add()

    assert is_whole() is True


@pytest.mark.processes
@pytest.mark.usefixtures("_no_index")
def test_orders_are_written_while_an_index_is_built():
    busy = OrderFactory()
    with ThreadPoolExecutor(2) as others:
        with transaction.atomic():
            Order.objects.filter(pk=busy.pk).update(total_minor=1)
            building = begin_to_add(others)

            others.submit(in_a_connection, write_an_order).result(PATIENCE_S)

            assert is_whole() is False
        building.result(PATIENCE_S)

    assert is_whole() is True


@pytest.mark.processes
@pytest.mark.usefixtures("_no_index")
def test_what_was_left_of_an_interrupted_building_is_made_anew():
    busy = OrderFactory()
    with ThreadPoolExecutor() as others:
        with transaction.atomic():
            Order.objects.filter(pk=busy.pk).update(total_minor=1)
            building = begin_to_add(others)
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_cancel_backend(%s)", [building.pid])
        with pytest.raises(OperationalError, match="user request"):
            building.result(PATIENCE_S)
    assert is_whole() is False

    add()

    assert is_whole() is True


def begin_to_add(others):
    """In a connection of its own, until it waits for those who were writing."""
    pids = []
    building = others.submit(in_a_connection, add, pids)
    deadline = time.monotonic() + PATIENCE_S
    while not (pids and is_waiting(pids[0])):
        assert time.monotonic() < deadline, "it waits for nobody"
        time.sleep(0.01)
    building.pid = pids[0]
    return building


def is_waiting(pid):
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE pid = %s AND NOT granted)", [pid])
        return cursor.fetchone()[0]


def in_a_connection(act, pids=None):
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            (pids if pids is not None else []).append(cursor.fetchone()[0])
        act()
    finally:
        connection.close()


def write_an_order():
    """Whoever is locked out says so after a second."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '1s'")
        OrderFactory()


def test_no_newer_migration_locks_out_those_who_write():
    newer = [
        (app, migration)
        for (app, name), migration in MigrationLoader(None).disk_migrations.items()
        if app in LOCKED_OUT and int(name[:4]) > LOCKED_OUT[app]
    ]
    indexing = [
        (migration, operation)
        for app, migration in newer
        for operation in migration.operations
        if isinstance(operation, AddIndex) and operation.model_name_lower in WRITTEN_ALL_THE_TIME[app]
    ]

    assert indexing
    for migration, operation in indexing:
        assert isinstance(operation, AddIndexConcurrently), f"{migration} locks out who writes"
        assert (migration.atomic, len(migration.operations)) == (False, 1), f"{migration} is not one index alone"
