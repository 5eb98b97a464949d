"""What differs between PostgreSQL and SQLite stands here, and nowhere else."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from operator import attrgetter
from typing import Any, TypeVar

from django.core.management.color import no_style
from django.db import DatabaseError, connection, models, transaction

# SQLite takes 32,766 in one statement unless it was built to take more.
MOST_PARAMETERS = 30_000

# SQLSTATE: serialization failure, deadlock, and unique violation (two processes told the same thing at once).
LOST_RACES = frozenset({"40001", "40P01", "23505"})
MOST_TRIES = 5

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


def retry_lost_races(write: Callable[[], T]) -> T:
    """Do a whole transaction again that lost a race to another. Inside one only its owner could, so there it raises."""
    if connection.in_atomic_block:
        return write()
    for tries in range(1, MOST_TRIES):
        try:
            return write()
        except DatabaseError as error:
            if getattr(error.__cause__, "sqlstate", None) not in LOST_RACES:
                raise
            time.sleep(random.uniform(0, 0.05 * tries))  # noqa: S311 - spreads the losers, hides nothing
    return write()


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


def write_columns(model: type[models.Model], columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """`UPDATE model SET columns … FROM rows`: other values for each row, one statement for thousands of rows.

    `rows` hold the primary key, then a value for each of `columns` (attribute names), of the type the column has.
    Django's own `bulk_update` does the same with a CASE for each row and column, at a fifth of the speed.
    """
    fields: list[Any] = [model._meta.pk, *map(model._meta.get_field, columns)]
    write_some = _write_arrays if is_postgresql() else _write_values
    for some in in_sets(rows, MOST_PARAMETERS // len(fields)):
        write_some(model, fields, some)


def write_rows(rows: Iterable[models.Model], columns: Sequence[str]) -> None:
    """Write these columns (attribute names) of rows of one model, as they now stand in memory."""
    rows = list(rows)
    if rows:
        write_columns(type(rows[0]), columns, [(row.pk, *(getattr(row, name) for name in columns)) for row in rows])


def insert_rows(rows: Sequence[models.Model], *, ignore_conflicts: bool = False) -> None:
    """`bulk_create` of rows of one model, column by column: on PostgreSQL at a third of what that costs in Python.

    Their keys are set, unless conflicts are ignored. Values are of the types the columns have; nothing is derived from
    them (`auto_now` and the like).
    """
    if not rows:
        return
    if not is_postgresql():
        rows[0]._meta.model._default_manager.bulk_create(rows, ignore_conflicts=ignore_conflicts)
        return
    meta, quote = rows[0]._meta, connection.ops.quote_name
    fields: list[Any] = [field for field in meta.concrete_fields if not field.primary_key]
    columns = ", ".join(quote(field.column) for field in fields)
    arrays = [_prepared(field, map(attrgetter(field.attname), rows)) for field in fields]
    source = f"SELECT * FROM unnest({', '.join(map(_array, fields))})"  # noqa: S608 - names of ours
    end = "ON CONFLICT DO NOTHING" if ignore_conflicts else f"RETURNING {quote(str(meta.pk.column))}"
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {quote(meta.db_table)} ({columns}) {source} {end}", arrays)
        if not ignore_conflicts:
            for row, (pk,) in zip(rows, cursor.fetchall(), strict=True):
                row.pk, row._state.adding = pk, False


def _write_arrays(model: type[models.Model], fields: Sequence[Any], rows: Sequence[Sequence[Any]]) -> None:
    """A parameter for each column, not for each value: a tenth of the work to bind, and to parse."""
    arrays = [_prepared(field, values) for field, values in zip(fields, zip(*rows, strict=True), strict=True)]
    _update_from(model, fields, f"unnest({', '.join(_array(field) for field in fields)})", arrays)


def _write_values(model: type[models.Model], fields: Sequence[Any], rows: Sequence[Sequence[Any]]) -> None:
    row = f"({', '.join(['%s'] * len(fields))})"
    values = [f.get_db_prep_save(value, connection) for row in rows for f, value in zip(fields, row, strict=True)]
    _update_from(model, fields, f"(VALUES {', '.join([row] * len(rows))})", values)


def _update_from(model: type[models.Model], fields: Sequence[Any], rows: str, parameters: Sequence[Any]) -> None:
    quote = connection.ops.quote_name
    table, key, *columns = (quote(name) for name in (model._meta.db_table, *(field.column for field in fields)))
    names = [f"column{place}" for place in range(1, len(fields) + 1)]
    sets = ", ".join(f"{column} = v.{name}" for column, name in zip(columns, names[1:], strict=True))
    # SQLite names the columns of VALUES like this by itself, and cannot be told to.
    v = f"v ({', '.join(names)})" if is_postgresql() else "v"
    statement = f"UPDATE {table} SET {sets} FROM {rows} AS {v} WHERE {table}.{key} = v.column1"  # noqa: S608 - names of ours
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def _prepared(field: Any, values: Iterable[Any]) -> list[Any]:
    """Most kinds of value psycopg knows; JSON it has to be told of."""
    if isinstance(field, models.JSONField):
        return [field.get_db_prep_save(value, connection) for value in values]
    return list(values)


def _array(field: Any) -> str:
    """Its type, without a length: a cast would cut what is too long, and an assignment refuses it."""
    type = field.rel_db_type(connection) if field.is_relation or field.primary_key else field.db_type(connection)
    return f"%s::{type.partition('(')[0]}[]"
