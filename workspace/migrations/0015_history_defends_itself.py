"""On PostgreSQL the history of actions defends itself: a trigger refuses what the code already refuses."""

from typing import Any

from django.db import migrations

REFUSE = """
CREATE FUNCTION workspace_history_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'workspace_action is append-only';
END $$;
CREATE TRIGGER workspace_history_is_append_only BEFORE UPDATE OR DELETE ON workspace_action
    FOR EACH ROW EXECUTE FUNCTION workspace_history_is_append_only();
"""
ALLOW = """
DROP TRIGGER workspace_history_is_append_only ON workspace_action;
DROP FUNCTION workspace_history_is_append_only();
"""


def refuse(_apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(REFUSE)


def allow(_apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(ALLOW)


class Migration(migrations.Migration):
    dependencies = [("workspace", "0014_history_of_actions")]
    operations = [migrations.RunPython(refuse, allow)]
