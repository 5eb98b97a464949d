"""How keys are looked up.

`__in` of many is one array on PostgreSQL: placeholders were an eighth of what a batch costs in Python. A number that
no key can be, as somebody may write into the address of a list, is nobody's; Django says so of a table's own numbers
alone.
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import models
from django.db.models.fields.related_lookups import RelatedExact, RelatedIn
from django.db.models.lookups import In

# Below that it makes no difference.
MANY = 20
HIGHEST_KEY = models.BigIntegerField.MAX_BIGINT


def register() -> None:
    models.IntegerField.register_lookup(_KeysIn)
    models.ForeignKey.register_lookup(_RelatedKeysIn)
    models.ForeignKey.register_lookup(_RelatedKeyIs)


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


class _RelatedKeyIs(RelatedExact):
    def process_rhs(self, compiler: Any, connection: Any) -> Any:
        if isinstance(self.rhs, int) and abs(self.rhs) > HIGHEST_KEY:
            raise EmptyResultSet
        return super().process_rhs(compiler, connection)


def _are_many_keys(values: Any) -> bool:
    """Whole numbers and nothing else, as they are: what is to be checked or looked up is left to Django."""
    return (
        isinstance(values, list | tuple | set | frozenset) and len(values) >= MANY and set(map(type, values)) == {int}
    )
