"""What differs between PostgreSQL and SQLite stands here; what differs of the ledger's lock in orders/ledger.py."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import islice
from operator import attrgetter
from typing import Any, TypeVar

from django.core.management.color import no_style
from django.db import DatabaseError, Error, OperationalError, connection, models, transaction
from psycopg import Cursor
from psycopg.abc import Buffer
from psycopg.adapt import Loader

# SQLite takes 32,766 in one statement unless it was built to take more.
MOST_PARAMETERS = 30_000

# SQLSTATE: serialization failure, deadlock, unique violation (two processes told the same thing at once), and foreign
# key violation (what a row was to point at, as a status never used before, was deleted before the row was committed).
LOST_RACES = frozenset({"40001", "40P01", "23505", "23503"})
# What PostgreSQL says of a statement that ran out of its time.
CANCELLED = "57014"
# How many of its instructions SQLite goes on between two looks at the clock: about a millisecond's.
STEPS_BETWEEN_LOOKS = 20_000
MOST_TRIES = 5
COPIED_AT_ONCE = 5_000
RECONNECT_EVERY_S = 0.2

T = TypeVar("T")


def is_postgresql() -> bool:
    return connection.vendor == "postgresql"


def set_size() -> int:
    """How many rows one set-based statement takes. SQLite holds its only write lock meanwhile, so less."""
    return 1000 if is_postgresql() else 500


def in_sets(items: Iterable[T], size: int | None = None) -> Iterator[list[T]]:
    """Cut a stream into lists of `size` (by default what the database likes), holding one list at a time."""
    iterator = iter(items)
    while batch := list(islice(iterator, size or set_size())):
        yield batch


def lock_rows(
    queryset: models.QuerySet[Any], *, skip_locked: bool = False, only_self: bool = False
) -> models.QuerySet[Any]:
    """Lock the rows read, but let others point foreign keys at them. On SQLite the transaction itself is the lock.

    `only_self`: not the rows joined to them. It takes whole rows, no `values()`.
    """
    if not is_postgresql():
        return queryset
    return queryset.select_for_update(no_key=True, skip_locked=skip_locked, of=("self",) if only_self else ())


def hold(number: int, *, shared: bool = False) -> None:
    """An advisory lock until the transaction ends: together with others, or alone. On SQLite who writes is alone."""
    if is_postgresql():
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT pg_advisory_xact_lock{'_shared' if shared else ''}(%s)", [number])


def try_to_hold(number: int) -> bool:
    """The same alone, and without waiting: whoever waits for it in `hold` comes first."""
    return not is_postgresql() or execute("SELECT pg_try_advisory_xact_lock(%s)", [number]) == [(True,)]


def retry_lost_races(write: Callable[[], T]) -> T:
    """Do a whole transaction again that lost a race to another. Inside one only its owner could, so there it raises."""
    if connection.in_atomic_block:
        return write()
    for tries in range(1, MOST_TRIES):
        try:
            return write()
        except DatabaseError as error:
            if not lost_race(error):
                raise
            time.sleep(random.uniform(0, 0.05 * tries))  # noqa: S311 - spreads the losers, hides nothing
    return write()


def lost_race(error: Exception) -> bool:
    """Whether it is of a transaction that another beat: done again, it may well go through."""
    return getattr(error.__cause__, "sqlstate", None) in LOST_RACES


class _TimeLoader(Loader):
    """A `timestamptz` of a connection in UTC. Django's loader parses it in Python, a tenth of what reading rows costs;
    Django asks a loader for its `timezone`.
    """

    timezone = UTC

    def load(self, data: Buffer) -> datetime:
        return datetime.fromisoformat(str(data, "ascii"))


def read_times_quickly(connection: Any, **_kwargs: Any) -> None:
    """Receives `connection_created`."""
    if connection.vendor == "postgresql" and connection.timezone == UTC:
        connection.connection.adapters.register_loader("timestamptz", _TimeLoader)


def reconnect(*, within_s: float) -> None:
    """Where the connection was lost, as when the server restarted, get another, or raise OperationalError."""
    deadline = time.monotonic() + within_s
    while not connection.is_usable():
        connection.close()
        try:
            connection.connect()
        except OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(RECONNECT_EVERY_S)


def draw_keys_after_the_highest(model: type[models.Model]) -> None:
    """Rows made with keys of their own do not move PostgreSQL's sequence, and the next key drawn would be taken."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), [model]):
            cursor.execute(statement)


@contextmanager
def snapshot() -> Iterator[None]:
    """Read many things as of one moment, and hold up nobody who writes. Within a transaction: as that one sees them."""
    if connection.in_atomic_block:
        yield
        return
    if is_postgresql():
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield
        return
    connection.ensure_connection()
    sqlite: Any = connection  # whose transactions are IMMEDIATE, as they write
    mode, sqlite.transaction_mode = sqlite.transaction_mode, "DEFERRED"
    try:
        with transaction.atomic():
            yield
    finally:
        sqlite.transaction_mode = mode


class TookTooLong(Exception):
    """A question was not answered within the time it was given."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Within this many seconds a statement is to be answered, or TookTooLong is raised. What it wrote is undone.

    On PostgreSQL it has more memory than usual: `NOT IN` of more keys than fit would be looked through row by row. And
    it may read whole indexes: as pages cost by default, tables are read instead, at four times the work. It does so
    alone: its helpers would each find anew what a condition looks rows up in.
    """
    try:
        with _limited_by_postgresql(seconds) if is_postgresql() else _limited_by_sqlite(seconds):
            yield
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", "") == CANCELLED or str(error) == "interrupted":
            raise TookTooLong from error
        raise


READING_MUCH = {
    "work_mem": "'64MB'",
    "random_page_cost": "1.1",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
}


@contextmanager
def _limited_by_postgresql(seconds: float) -> Iterator[None]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = %s", [max(1, int(seconds * 1000))])
        for name, value in READING_MUCH.items():
            cursor.execute(f"SET LOCAL {name} = {value}")
        yield
        for name in ("statement_timeout", *READING_MUCH):
            cursor.execute(f"SET LOCAL {name} TO DEFAULT")


@contextmanager
def _limited_by_sqlite(seconds: float) -> Iterator[None]:
    connection.ensure_connection()
    sqlite: Any = connection.connection
    deadline = time.monotonic() + seconds
    sqlite.set_progress_handler(lambda: time.monotonic() > deadline, STEPS_BETWEEN_LOOKS)
    try:
        yield
    finally:
        sqlite.set_progress_handler(None, 0)


@contextmanager
def kept_aside(rows: models.QuerySet[Any], *, within_s: float) -> Iterator[str]:
    """The keys (`id`) that a query finds, asked once, in a table that this connection alone sees: yields its name.
    Raises TookTooLong. It may outlast transactions: a pooler before PostgreSQL pools sessions.
    """
    table = f"aside_{random.getrandbits(48):x}"
    statement, parameters = _keys(rows)
    try:
        with time_limit(within_s), connection.cursor() as cursor:
            cursor.execute(f"CREATE TEMPORARY TABLE {table} AS {statement}", parameters)
            cursor.execute(f"ANALYZE {table}" if is_postgresql() else f"CREATE INDEX temp.{table}_id ON {table} (id)")
        yield table
    except BaseException:
        with suppress(Error):  # where the transaction is broken the table goes with it, and what broke it is told
            _drop_aside(table)
        raise
    _drop_aside(table)


def _drop_aside(table: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {table}")


def ask_of_found(rows: models.QuerySet[Any], question: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """What a statement says of the keys that a query finds: they are `found(id)`, and are looked for once, whatever is
    asked of them. Left to itself, PostgreSQL would ask the query of each row that the statement comes to.
    """
    statement, given = _keys(rows)
    with connection.cursor() as cursor:
        cursor.execute(f"WITH found AS MATERIALIZED ({statement}) {question}", [*given, *parameters])
        return list(cursor.fetchall())


def _keys(rows: models.QuerySet[Any]) -> tuple[str, tuple[Any, ...]]:
    query = rows.order_by().values_list("id").query
    statement, parameters = query.get_compiler(connection=connection, elide_empty=False).as_sql()
    return statement, tuple(parameters)


def execute(statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """What is asked all the time in the same words: PostgreSQL keeps how to go about it, which is half of what a small
    statement costs. Answers its rows.
    """
    with _preparing_cursor() if is_postgresql() else connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall() if cursor.description else []


def _preparing_cursor() -> Any:
    django: Any = connection
    django.close_if_health_check_failed()
    django.ensure_connection()
    return django._prepare_cursor(_PreparingCursor(django.connection))


class _PreparingCursor(Cursor[Any]):
    """Django's own cursor writes parameters into the statement, so that no two are the same. Here they travel beside
    it, and psycopg prepares what was asked a few times (`prepare_threshold` in the settings).
    """

    def _convert_query(self, *args: Any, **kwargs: Any) -> Any:
        self._query = super()._convert_query(*args, **kwargs)  # which Django logs
        return self._query


def write_columns(model: type[models.Model], columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """`UPDATE model SET columns … FROM rows`: other values for each row, one statement for thousands of rows.

    `rows` hold the primary key, then a value for each of `columns` (attribute names), of the type the column has.
    Django's own `bulk_update` does the same with a CASE for each row and column, at a fifth of the speed.
    """
    fields: list[Any] = [model._meta.pk, *map(model._meta.get_field, columns)]
    table, key, *names = _quoted(model, fields)
    for some in in_sets(rows, MOST_PARAMETERS // len(fields)):
        table_of = _arrays if is_postgresql() else _values
        given = table_of(fields, some)
        sets = ", ".join(f"{name} = {value}" for name, value in zip(names, given.columns[1:], strict=True))
        where = f"{table}.{key} = {given.columns[0]}"
        execute(f"UPDATE {table} SET {sets} FROM {given.rows} WHERE {where}", given.parameters)  # noqa: S608 - names of ours


def write_rows(rows: Iterable[models.Model], columns: Sequence[str]) -> None:
    """Write these columns (attribute names) of rows of one model, as they now stand in memory."""
    rows = list(rows)
    if rows:
        write_columns(type(rows[0]), columns, list(map(attrgetter("pk", *columns), rows)))


def insert_columns(
    model: type[models.Model], columns: Sequence[str], rows: Sequence[Sequence[Any]], *, ignore_conflicts: bool = False
) -> None:
    """Insert rows whose keys nobody asks for, without making an object of each: most of what `bulk_create` costs.

    `columns` are all of the model's but the key (attribute names); values are of the types the columns have.
    """
    if not rows:
        return
    if is_postgresql():
        end = "ON CONFLICT DO NOTHING" if ignore_conflicts else ""
        _insert(model, [model._meta.get_field(name) for name in columns], rows, end)
        return
    objects = (model(**dict(zip(columns, row, strict=True))) for row in rows)
    model._default_manager.bulk_create(objects, ignore_conflicts=ignore_conflicts)


def insert_rows(rows: Sequence[models.Model]) -> None:
    """`bulk_create` of rows of one model, column by column: on PostgreSQL at a third of what that costs in Python.

    Their keys are set. Values are of the types the columns have; nothing is derived from them, as `auto_now` would be.
    """
    if not rows:
        return
    model: Any = type(rows[0])
    if not is_postgresql():
        model._default_manager.bulk_create(rows)
        return
    fields = [field for field in model._meta.concrete_fields if not field.primary_key]
    values = list(map(attrgetter(*(field.attname for field in fields)), rows))
    for row, (pk,) in zip(rows, _insert(model, fields, values, f"RETURNING {model._meta.pk.column}"), strict=True):
        row.pk, row._state.adding = pk, False


def copy_rows(model: type[models.Model], columns: Sequence[str], rows: Sequence[Sequence[str | int | None]]) -> None:
    """Insert very many rows with keys of their own, as they are: texts are free of tabs and backslashes, times are in
    UTC and without their zone. On PostgreSQL by COPY.
    """
    table, *names = _quoted(model, [model._meta.get_field(name) for name in columns])
    into = f"{table} ({', '.join(names)})"
    if not is_postgresql():
        marks = ", ".join(["%s"] * len(names))
        with connection.cursor() as cursor:
            cursor.executemany(f"INSERT INTO {into} VALUES ({marks})", rows)  # noqa: S608 - names of ours
        return
    with connection.cursor() as cursor, cursor.copy(f"COPY {into} FROM STDIN") as copy:
        for some in in_sets(rows, COPIED_AT_ONCE):
            copy.write("".join([_line(row) for row in some]))


def _line(row: Sequence[str | int | None]) -> str:
    return "\t".join(["\\N" if value is None else str(value) for value in row]) + "\n"


def trust_rows() -> None:
    """Until the transaction ends nobody looks up whether what rows point at is there, if this user may say so: for very
    many rows that are known to be right.
    """
    if is_postgresql() and execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user") == [(True,)]:
        execute("SET LOCAL session_replication_role = replica")


@dataclass(frozen=True, slots=True)
class _Given:
    """Rows of values as a statement reads them: `FROM rows`, with an expression for each field in `columns`."""

    rows: str
    columns: list[str]
    parameters: list[Any]


def _insert(model: Any, fields: Sequence[Any], rows: Sequence[Sequence[Any]], end: str = "") -> list[tuple[Any, ...]]:
    table, *names = _quoted(model, fields)
    into = f"INTO {table} ({', '.join(names)})"
    if len(rows) == 1:  # said so, it costs PostgreSQL half
        marks = ", ".join(["%s"] * len(fields))
        return execute(f"INSERT {into} VALUES ({marks}) {end}", _one(fields, rows[0]))  # noqa: S608 - names of ours
    given = _arrays(fields, rows)
    return execute(f"INSERT {into} SELECT {', '.join(given.columns)} FROM {given.rows} {end}", given.parameters)  # noqa: S608 - names of ours


def _one(fields: Sequence[Any], row: Sequence[Any]) -> list[Any]:
    return [prepared for field, value in zip(fields, row, strict=True) for prepared in _prepared(field, [value])]


def _arrays(fields: Sequence[Any], rows: Sequence[Sequence[Any]]) -> _Given:
    """A parameter for each column, not for each value: a tenth of the work to bind, and to parse.

    What is the same in every row, as most of a batch is, is one value. The first field tells how many rows there are.
    """
    columns, names, arrays, same, varied = [], [], [], [], []
    for place, (field, values) in enumerate(zip(fields, zip(*rows, strict=True), strict=True), 1):
        type = _type(field)
        if place > 1 and _are_same(field, values):
            columns.append(f"%s::{type}")
            same += _prepared(field, values[:1])
        else:
            columns.append(f"v.column{place}")
            names.append(f"column{place}")
            arrays.append(f"%s::{type}[]")
            varied.append(_array(_prepared(field, values)))
    return _Given(f"unnest({', '.join(arrays)}) AS v ({', '.join(names)})", columns, [*same, *varied])


def _array(values: Iterable[Any]) -> str:
    """As PostgreSQL reads one, whatever it is of. psycopg would look at each value for what to do with it."""
    return f"{{{','.join(map(_element, values))}}}"


def _element(value: Any) -> str:
    if value is None:
        return "NULL"
    if not isinstance(value, str):
        return f'"{value}"'
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _values(fields: Sequence[Any], rows: Sequence[Sequence[Any]]) -> _Given:
    """SQLite names the columns of VALUES by itself, and cannot be told to."""
    row = f"({', '.join(['%s'] * len(fields))})"
    values = [f.get_db_prep_save(value, connection) for row in rows for f, value in zip(fields, row, strict=True)]
    columns = [f"v.column{place}" for place in range(1, len(fields) + 1)]
    return _Given(f"(VALUES {', '.join([row] * len(rows))}) AS v", columns, values)


def _are_same(field: Any, values: Sequence[Any]) -> bool:
    """In JSON 1 and true are equal in Python, and two values: there only what is empty is taken for the same."""
    first = values[0]
    is_plain = not isinstance(field, models.JSONField) or first in ([], {})
    return is_plain and values.count(first) == len(values)


def _prepared(field: Any, values: Iterable[Any]) -> list[Any]:
    """Most kinds of value psycopg knows; JSON is text, and of a batch much is empty."""
    if isinstance(field, models.JSONField):
        return [None if value is None else "{}" if value == {} else json.dumps(value) for value in values]
    return list(values)


@cache
def _type(field: Any) -> str:
    """Without a length: a cast would cut what is too long, and an assignment refuses it."""
    type = field.rel_db_type(connection) if field.is_relation or field.primary_key else field.db_type(connection)
    return str(type.partition("(")[0])


def _quoted(model: type[models.Model], fields: Iterable[Any]) -> list[str]:
    return [_quote(name) for name in (model._meta.db_table, *(field.column for field in fields))]


@cache
def _quote(name: str) -> str:
    return str(connection.ops.quote_name(name))
