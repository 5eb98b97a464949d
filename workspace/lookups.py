"""`__in` of many keys as one array on PostgreSQL: placeholders were an eighth of what a batch costs in Python."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models.fields.related_lookups import RelatedIn
from django.db.models.lookups import In

# Below that it makes no difference.
MANY = 20


def register() -> None:
    models.IntegerField.register_lookup(_KeysIn)
    models.ForeignKey.register_lookup(_RelatedKeysIn)


class _AsArray:
    rhs: Any

    def get_prep_lookup(self) -> Any:
        return self.rhs if _are_many_keys(self.rhs) else super().get_prep_lookup()  # type: ignore[misc]

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        lookup: Any = self
        if not _are_many_keys(self.rhs):
            sql: tuple[str, list[Any]] = lookup.as_sql(compiler, connection)
            return sql
        column, parameters = lookup.process_lhs(compiler, connection)
        return f"{column} = ANY(%s::bigint[])", [*parameters, f"{{{','.join(map(str, self.rhs))}}}"]


class _KeysIn(_AsArray, In):
    pass


class _RelatedKeysIn(_AsArray, RelatedIn):
    pass


def _are_many_keys(values: Any) -> bool:
    """Whole numbers and nothing else, as they are: what is to be checked or looked up is left to Django."""
    return (
        isinstance(values, list | tuple | set | frozenset) and len(values) >= MANY and set(map(type, values)) == {int}
    )
