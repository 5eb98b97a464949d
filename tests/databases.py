"""The database of a test process: made once in each run, and as it was made again after every test that commits.

Migrations take some seconds, so of several processes one runs them, and the others copy what came of it.

What stands from the beginning, such as roles, Django would let be made anew after each test that commits: a tenth of a
second, and on PostgreSQL one more, as TRUNCATE gives each of some sixty tables new files. These hold little: deleted
row by row and copied back it takes some milliseconds.
"""

import fcntl
import os
import shutil
from contextlib import contextmanager

from django.conf import settings
from django.db import connection, transaction

from tests.surroundings import NAME, RUN_DIR, VAR_DIR

# Where a copy of a table stands.
COPY = "as_it_was_made_"
MADE_BY = RUN_DIR / "database_made_by"


def name():
    """On SQLite a file, for a database in memory has no WAL and one process."""
    return str(VAR_DIR / "test.sqlite3") if connection.vendor == "sqlite" else NAME


def template():
    return str(RUN_DIR / "template.sqlite3") if connection.vendor == "sqlite" else f"{RUN_DIR.name}_template"


def made_once(create):
    """In place of a DatabaseCreation's `create_test_db`."""

    def create_or_copy(creation, **how):
        with one_at_a_time():
            if MADE_BY.exists():
                copy(template(), name())
                settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = name()
            else:
                create(creation, **how)
                keep()
                connection.close()
                if "PYTEST_XDIST_WORKER" in os.environ:
                    copy(name(), template())
                    MADE_BY.write_text(NAME)
        if connection.vendor == "postgresql":
            # Only the server's own death could lose what was committed.
            ask_the_server(f'ALTER DATABASE "{name()}" SET synchronous_commit = off')
        connection.ensure_connection()
        return name()

    return create_or_copy


def clear_away():
    """Whoever comes later makes it again."""
    with one_at_a_time():
        if MADE_BY.exists() and MADE_BY.read_text() == NAME:
            MADE_BY.unlink()
            if connection.vendor == "postgresql":
                ask_the_server(f'DROP DATABASE "{template()}"')


@contextmanager
def one_at_a_time():
    with (RUN_DIR / "database.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def copy(source, target):
    if connection.vendor == "sqlite":
        shutil.copy(source, target)
    else:
        ask_the_server(f'CREATE DATABASE "{target}" TEMPLATE "{source}"')


def ask_the_server(statement):
    with connection._nodb_cursor() as cursor:
        cursor.execute(statement)


def keep():
    """Copy what stands in the tables into others beside them."""
    with transaction.atomic(), connection.cursor() as cursor:
        for table in _tables(cursor):
            cursor.execute(f'SELECT EXISTS (SELECT 1 FROM "{table}")')
            if cursor.fetchone()[0]:
                cursor.execute(f'CREATE TABLE "{COPY}{table}" AS SELECT * FROM "{table}"')


def may_be_put_back():
    """To a superuser of PostgreSQL neither foreign keys nor append-only tables object to it."""
    if connection.vendor == "sqlite":
        return True
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('is_superuser')")
        return cursor.fetchone() == ("on",)


def put_back(_test):
    """In place of what a TransactionTestCase does in the end."""
    with transaction.atomic(), connection.cursor() as cursor:
        tables = _tables(cursor)
        own = [f'"{table}"' for table in tables if not table.startswith(COPY)]
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute(f"LOCK TABLE {', '.join(own)}")  # whoever is still writing comes first
        for table in own:
            cursor.execute(f"DELETE FROM {table}")
        for table in tables:
            if table.startswith(COPY):
                cursor.execute(f'INSERT INTO "{table.removeprefix(COPY)}" SELECT * FROM "{table}"')


def _tables(cursor):
    """All but the list of migrations, which no test changes."""
    return [table for table in connection.introspection.table_names(cursor) if table != "django_migrations"]
