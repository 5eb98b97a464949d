"""On PostgreSQL the ledger defends itself: a trigger refuses what the code already refuses."""

from typing import Any

from django.db import migrations

REFUSE = """
CREATE FUNCTION orders_ledger_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'orders_statustransition is append-only';
END $$;
CREATE TRIGGER orders_ledger_is_append_only BEFORE UPDATE OR DELETE ON orders_statustransition
    FOR EACH ROW EXECUTE FUNCTION orders_ledger_is_append_only();
"""
ALLOW = """
DROP TRIGGER orders_ledger_is_append_only ON orders_statustransition;
DROP FUNCTION orders_ledger_is_append_only();
"""


def refuse(_apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(REFUSE)


def allow(_apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(ALLOW)


class Migration(migrations.Migration):
    dependencies = [("orders", "0001_initial")]
    operations = [migrations.RunPython(refuse, allow)]
