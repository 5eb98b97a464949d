"""What makes an order's visits untrue without a new row of the ledger or the inbox, noted by the database itself.

An order's customer is written by many: saves, sets, a copy that was read before somebody else changed it. Only the row
knows that it changed. So does a change that was parked in the inbox, and turned out to be late or no change at all.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from django.db import connections


@dataclass(frozen=True, slots=True)
class _Watch:
    """A row's order is stale once `column` came to differ, `where` it matters."""

    name: str
    table: str
    column: str
    order: str
    where: str = ""


WATCHES = (
    _Watch("analytics_customer_changed", "orders_order", "customer_id", "id"),
    _Watch(
        "analytics_parked_was_applied", "orders_statuschange", "verdict", "order_id",
        where=" AND NEW.verdict IN ('unchanged', 'late')",
    ),
)  # fmt: skip

POSTGRESQL = """
CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO analytics_staleorder (order_id) VALUES (NEW.{order});
    RETURN NULL;
END $$;
CREATE TRIGGER {name} AFTER UPDATE OF {column} ON {table} FOR EACH ROW
    WHEN (NEW.{column} IS DISTINCT FROM OLD.{column}{where}) EXECUTE FUNCTION {name}();
"""
SQLITE = """
CREATE TRIGGER IF NOT EXISTS {name} AFTER UPDATE OF {column} ON {table} FOR EACH ROW
    WHEN NEW.{column} IS NOT OLD.{column}{where}
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
    statement = POSTGRESQL if connection.vendor == "postgresql" else SQLITE
    with connection.cursor() as cursor:
        for one in WATCHES:
            cursor.execute(statement.format(**asdict(one)))


def _unwatch(connection: Any) -> None:
    with connection.cursor() as cursor:
        for one in WATCHES:
            if connection.vendor == "postgresql":
                cursor.execute(f"DROP TRIGGER {one.name} ON {one.table}; DROP FUNCTION {one.name}()")
            else:
                cursor.execute(f"DROP TRIGGER IF EXISTS {one.name}")
