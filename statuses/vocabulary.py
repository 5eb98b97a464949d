"""What a code means, and to whom: the one place where the codes that sources send become statuses."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import BigIntegerField, BooleanField, F, QuerySet, Value
from django.db.models.functions import Cast, Coalesce

from statuses.models import OrderStatus, StatusAlias, code_key

# PostgreSQL asks of a union what kind of nothing it is.
NO_SOURCE = Cast(Value(None), BigIntegerField())

# The source (None: any), the type, and what the code is compared by.
Spelling = tuple[int | None, str, str]


@dataclass(frozen=True, slots=True)
class Meaning:
    """`status_id` None: it says nothing to us. Not `is_taken`: its status is retired, and refused from sources."""

    status_id: int | None
    is_taken: bool = True


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What some codes mean. A source's own word comes first, then statuses' codes, then aliases for every source."""

    meanings: Mapping[Spelling, Meaning] = field(default_factory=dict)

    def find(self, source_id: int, type: str, code: str) -> Meaning | None:
        """None: nobody has said yet what it means."""
        key = code_key(code)
        return self.meanings.get((source_id, type, key)) or self.meanings.get((None, type, key))

    def knows(self, source_id: int, type: str, code: str) -> bool:
        return self.find(source_id, type, code) is not None


def read_vocabulary(codes: Iterable[str]) -> Vocabulary:
    """What these codes mean, whoever sends them. One query."""
    keys = {code_key(code) for code in codes}
    if not keys:
        return Vocabulary()
    aliases = _rows(StatusAlias.objects.filter(code_key__in=keys), F("source_id"), "status__", "status")
    codes_of_statuses = _rows(OrderStatus.objects.filter(code_key__in=keys), NO_SOURCE, "", "pk")
    meanings: dict[Spelling, Meaning] = {}
    for source_id, type, key, status_id, is_taken, is_alias in aliases.union(codes_of_statuses, all=True):
        if is_alias:
            meanings.setdefault((source_id, type, key), Meaning(status_id, is_taken))
        else:
            meanings[None, type, key] = Meaning(status_id, is_taken)
    return Vocabulary(meanings)


def _rows(rows: QuerySet[Any], source: Any, of: str, status: str) -> QuerySet[Any, tuple[Any, ...]]:
    """The source, type, key, the status meant today, whether sources may say it, and whether it is an alias.

    `of` is the way from these rows to a status. What was merged away means what it was merged into.
    """
    into = f"{of}merged_into"
    is_taken = Coalesce(f"{into}__is_taken_from_sources", f"{of}is_taken_from_sources", Value(value=True))
    return rows.order_by().values_list(
        source,
        "type",
        "code_key",
        Coalesce(into, status, output_field=BigIntegerField()),
        Coalesce(is_taken, Value(value=True), output_field=BooleanField()),
        Value(value=bool(of), output_field=BooleanField()),
    )


class Words(dict[int, OrderStatus]):
    """Every status by its key, read once for many questions. One query."""

    def __init__(self) -> None:
        super().__init__(OrderStatus.objects.in_bulk())
        # What is merged away is asked for by its old code still: by (type, code key), the key of what it means today.
        self.renamed = {
            (status.type, status.code_key): self[status.merged_into_id].code_key
            for status in self.values()
            if status.merged_into_id
        }

    def meant(self, type: str, keys: Collection[str]) -> frozenset[int]:
        """The statuses of a type that these codes (`code_key`) mean today, and those that are or are being merged into
        them: their orders are taken there, and come from nowhere else."""
        wanted = {self.renamed.get((type, key), key) for key in keys}
        of_type = (status for status in self.values() if status.type == type)
        return frozenset(s.pk for s in of_type if self[s.merging_into_id or s.stands_for_id].code_key in wanted)
