"""What makes an order's visits untrue without a new row of the ledger or the inbox, noted by the database itself.

An order's customer and total are written by many: saves, sets, a copy that was read before somebody else changed it.
Only the row knows that they changed. So does a change that was parked in the inbox, and turned out to be late or no
change at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connections


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
    if connections[using].vendor == "sqlite":
        _unwatch(connections[using])


def look_again(*, using: str, **_kwargs: Any) -> None:
    """Receives `post_migrate`."""
    connection = connections[using]
    if connection.vendor == "sqlite" and "analytics_staleorder" in connection.introspection.table_names():
        _watch(connection)


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
