"""What makes an order's visits untrue without a new row of the ledger or the inbox, noted by the database itself.

An order's customer and total are written by many: saves, sets, a copy that was read before somebody else changed it.
Only the row knows that they changed. So does a change that was parked in the inbox, and turned out to be late or no
change at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connection, connections, transaction

from analytics.models import Bookmark


@dataclass(frozen=True, slots=True)
class _Watch:
    """A row's order is stale once one of these columns came to differ, `where` it matters."""

    name: str
    table: str
    columns: tuple[str, ...]
    order: str
    where: str = ""

    def written(self, statement: str, differs: str) -> str:
        """`differs` is how the database says it of two values."""
        changed = " OR ".join(f"NEW.{column} {differs} OLD.{column}" for column in self.columns)
        return statement.format(
            name=self.name,
            table=self.table,
            columns=", ".join(self.columns),
            order=self.order,
            when=f"({changed}){self.where}",
        )


WATCHES = (
    _Watch("analytics_order_changed", "orders_order", ("customer_id", "total_minor", "currency", "is_test"), "id"),
    _Watch(
        "analytics_parked_was_applied",
        "orders_statuschange",
        ("verdict",),
        "order_id",
        where=" AND NEW.verdict IN ('unchanged', 'late')",
    ),
)

# What installations have that ran earlier migrations.
FORMER = ("analytics_customer_changed",)

POSTGRESQL = """
CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO analytics_staleorder (order_id) VALUES (NEW.{order});
    RETURN NULL;
END $$;
CREATE TRIGGER {name} AFTER UPDATE OF {columns} ON {table} FOR EACH ROW
    WHEN ({when}) EXECUTE FUNCTION {name}();
"""
SQLITE = """
CREATE TRIGGER IF NOT EXISTS {name} AFTER UPDATE OF {columns} ON {table} FOR EACH ROW
    WHEN {when}
    BEGIN INSERT INTO analytics_staleorder (order_id) VALUES (NEW.{order}); END
"""


def watch(_apps: Any, schema_editor: Any) -> None:
    _watch(schema_editor.connection)


def unwatch(_apps: Any, schema_editor: Any) -> None:
    _unwatch(schema_editor.connection)


def look_away(*, using: str, **_kwargs: Any) -> None:
    """Receives `pre_migrate`. SQLite changes a table by making another, and minds triggers that speak of it."""
    database = connections[using]
    if database.vendor == "sqlite":
        if _is_blind(database):
            _forget_what_was_read(database)
        _unwatch(database)


def look_again(*, using: str, **_kwargs: Any) -> None:
    """Receives `post_migrate`."""
    database = connections[using]
    if database.vendor == "sqlite" and "analytics_staleorder" in database.introspection.table_names():
        _watch(database)


def look_after_all() -> None:
    """Where a migrate failed or was killed, nobody told SQLite to look again. Asked by whoever follows history."""
    if connection.vendor == "sqlite" and _is_blind(connection):
        with transaction.atomic():
            _watch(connection)
            _forget_what_was_read(connection)


def _is_blind(database: Any) -> bool:
    """Whether orders may have changed unseen: history was read once, and not every trigger is there."""
    with database.cursor() as cursor:
        cursor.execute("SELECT name FROM sqlite_master WHERE name = %s", [Bookmark._meta.db_table])
        is_read = cursor.fetchone() is not None
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        return is_read and not {one.name for one in WATCHES} <= {name for (name,) in cursor.fetchall()}


def _forget_what_was_read(database: Any) -> None:
    """Whoever catches up makes the visits of all orders anew."""
    with database.cursor() as cursor:
        cursor.execute(f"DELETE FROM {Bookmark._meta.db_table}")  # noqa: S608 - a name of ours


def _watch(connection: Any) -> None:
    is_postgresql = connection.vendor == "postgresql"
    written = (POSTGRESQL, "IS DISTINCT FROM") if is_postgresql else (SQLITE, "IS NOT")
    with connection.cursor() as cursor:
        for one in WATCHES:
            cursor.execute(one.written(*written))


def _unwatch(connection: Any) -> None:
    drop = "DROP FUNCTION IF EXISTS {}() CASCADE" if connection.vendor == "postgresql" else "DROP TRIGGER IF EXISTS {}"
    with connection.cursor() as cursor:
        for name in (*(one.name for one in WATCHES), *FORMER):
            cursor.execute(drop.format(name))
