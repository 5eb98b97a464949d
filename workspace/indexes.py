"""Indexes of large tables, which a migration builds while the code that is being replaced goes on writing.

`AddIndex` locks writers out until every row is read: of some million orders that is minutes in which shops are not
heard. A migration that adds an index to a large table says this one instead, with `atomic = False`, and does nothing
else: if it is interrupted, what it has done stands, and it is done again.
"""

from __future__ import annotations

from typing import Any

from django.contrib.postgres import operations
from django.db.migrations import AddIndex

# One row if there is an index of that name, which says whether it is whole.
IS_WHOLE = {
    "postgresql": "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)",
    "sqlite": "SELECT true FROM sqlite_master WHERE type = 'index' AND name = %s",
}


class AddIndexConcurrently(AddIndex):
    """On SQLite, where whoever writes is alone anyway, a plain `AddIndex`. It may be done again: an index that is whole
    is left, and one whose building was interrupted, which costs every write and answers nobody, is made anew.
    """

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        is_whole = self._is_whole(schema_editor.connection)
        if is_whole is False:
            self.database_backwards(app_label, schema_editor, to_state, from_state)
        if not is_whole:
            self._of(schema_editor).database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        self._of(schema_editor).database_backwards(app_label, schema_editor, from_state, to_state)

    def _of(self, schema_editor: Any) -> AddIndex:
        is_postgresql = schema_editor.connection.vendor == "postgresql"
        return (operations.AddIndexConcurrently if is_postgresql else AddIndex)(self.model_name, self.index)

    def _is_whole(self, connection: Any) -> bool | None:
        """None if there is none of that name."""
        with connection.cursor() as cursor:
            cursor.execute(IS_WHOLE[connection.vendor], [self.index.name])
            row = cursor.fetchone()
        return row and bool(row[0])
