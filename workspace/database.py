"""What differs between PostgreSQL and SQLite stands here, and nowhere else."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
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
    """`UPDATE model SET columns … FROM (VALUES …)`: other values for each row, one statement for thousands of rows.

    `rows` hold the primary key, then a value for each of `columns` (attribute names). Django's own `bulk_update`
    does the same with a CASE for each row and column, at a fifth of the speed.
    """
    for some in in_sets(rows, MOST_PARAMETERS // (len(columns) + 1)):
        _write_some(model, columns, some)


def write_rows(rows: Iterable[models.Model], columns: Sequence[str]) -> None:
    """Write these columns (attribute names) of rows of one model, as they now stand in memory."""
    rows = list(rows)
    if rows:
        write_columns(type(rows[0]), columns, [(row.pk, *(getattr(row, name) for name in columns)) for row in rows])


def _write_some(model: type[models.Model], columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    quote = connection.ops.quote_name
    fields: list[Any] = [model._meta.get_field(name) for name in columns]
    sets = ", ".join(f"{quote(f.column)} = {_typed(f'v.column{place}', f)}" for place, f in enumerate(fields, start=2))
    row = f"({', '.join(['%s'] * (len(fields) + 1))})"
    table = quote(model._meta.db_table)
    same_row = f"{table}.{quote(str(model._meta.pk.column))} = v.column1"
    statement = f"UPDATE {table} SET {sets} FROM (VALUES {', '.join([row] * len(rows))}) AS v WHERE {same_row}"  # noqa: S608 - names of ours
    parameters: list[Any] = []
    for pk, *values in rows:
        parameters.append(pk)
        parameters += [f.get_db_prep_save(value, connection) for f, value in zip(fields, values, strict=True)]
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def _typed(expression: str, field: Any) -> str:
    """PostgreSQL reads a column of bare NULLs as text and wants its type said; SQLite keeps what it is given."""
    if not is_postgresql():
        return expression
    type = field.rel_db_type(connection) if field.is_relation else field.db_type(connection)
    return f"CAST({expression} AS {type})"
