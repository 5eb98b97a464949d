"""Creating and changing many rows by external id: a fixed number of statements, however many rows are told of.

Two processes may tell of the same new ids at once. Each first inserts what it finds missing, in the order of the ids,
giving way to rows that are there by then, and only then locks all rows, in the order of their keys: so neither waits
for the other while it is waited for, and both find every row.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, TypeVar

from django.db import models
from django.utils.translation import gettext as _

from workspace.database import lock_rows, write_columns
from workspace.reading import Problem


class Outcome(StrEnum):
    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Upserted:
    """What became of one row, and if it was rejected why."""

    outcome: Outcome
    problem: Problem | None = None
    # Its columns, as they were (of one created: none) and as they came to be, where something was told that could be.
    before: Sequence[Any] = ()
    after: Sequence[Any] = ()


class Told(Protocol):
    """What was told of the row with this external id."""

    @property
    def external_id(self) -> str: ...


R = TypeVar("R", bound=Told)
Fold = Callable[[Any, R], Problem | None]


def upsert(
    model: type[models.Model], columns: Sequence[str], rows: Sequence[R], fold: Fold[R], now: datetime
) -> list[Upserted]:
    """Bring what `rows` tell into the table, several of one id in their order. Must be called in a transaction.

    `fold(copy, row)` sets on a copy what the row names, or sets nothing and answers why not. It may set `columns`, and
    puts new values in place of old ones, never changing a value itself. Only rows that come to differ are written.
    """
    told = _by_external_id(rows)
    drafts = _insert_missing(model, columns, told, fold)
    stored = {row.external_id: row for row in lock_rows(_named(model, told).order_by("pk"))}
    upserted: dict[str, list[Upserted]] = {}
    changed = []
    for external_id, told_of_it in told.items():
        draft, row = drafts.get(external_id), stored.get(external_id)
        if row is None or (draft and _are_same(_values(draft.copy, columns), _values(row, columns))):
            upserted[external_id] = draft.upserted if draft else [_gone()] * len(told_of_it)
            continue
        before = _values(row, columns)
        upserted[external_id] = _fold_all(row, columns, told_of_it, fold)
        if not _are_same(_values(row, columns), before):
            changed.append((row.pk, *_values(row, columns), now))
    write_columns(model, [*columns, "updated_at"], changed)
    in_turn = {external_id: iter(outcomes) for external_id, outcomes in upserted.items()}
    return [next(in_turn[row.external_id]) for row in rows]


def _gone() -> Upserted:
    """It was there when looked up, and deleted before it was locked."""
    return Upserted(Outcome.REJECTED, Problem("gone", _("It was deleted just now. Send it again.")))


@dataclass(frozen=True, slots=True)
class _Draft:
    """A row that was missing: as it is to be inserted, and what then became of all that was told of it."""

    copy: Any
    upserted: list[Upserted]


def _by_external_id(rows: Sequence[R]) -> dict[str, list[R]]:
    told = defaultdict(list)
    for row in rows:
        told[row.external_id].append(row)
    return dict(told)


def _named(model: type[models.Model], told: Mapping[str, Any]) -> models.QuerySet[Any]:
    return model._default_manager.filter(external_id__in=told)


def _insert_missing(
    model: type[models.Model], columns: Sequence[str], told: Mapping[str, Sequence[R]], fold: Fold[R]
) -> dict[str, _Draft]:
    missing = told.keys() - set(_named(model, told).order_by().values_list("external_id", flat=True))
    drafts = {}
    for external_id in sorted(missing):
        copy: Any = model(external_id=external_id)
        drafts[external_id] = _Draft(copy, _created(_fold_all(copy, columns, told[external_id], fold)))
    wanted = [draft.copy for draft in drafts.values() if _is_accepted(draft.upserted)]
    model._default_manager.bulk_create(wanted, ignore_conflicts=True)
    return drafts


def _fold_all(copy: Any, columns: Sequence[str], told: Sequence[R], fold: Fold[R]) -> list[Upserted]:
    upserted = []
    for row in told:
        before = _values(copy, columns)
        if problem := fold(copy, row):
            upserted.append(Upserted(Outcome.REJECTED, problem))
        else:
            after = _values(copy, columns)
            upserted.append(
                Upserted(Outcome.UNCHANGED if _are_same(after, before) else Outcome.CHANGED, None, before, after)
            )
    return upserted


def _created(upserted: list[Upserted]) -> list[Upserted]:
    """The first that is accepted of a missing row is the one that creates it."""
    for place, one in enumerate(upserted):
        if one.problem is None:
            return [*upserted[:place], Upserted(Outcome.CREATED, after=one.after), *upserted[place + 1 :]]
    return upserted


def _is_accepted(upserted: list[Upserted]) -> bool:
    return any(one.problem is None for one in upserted)


def _values(copy: Any, columns: Sequence[str]) -> tuple[Any, ...]:
    return tuple(getattr(copy, column) for column in columns)


def _are_same(some: Sequence[Any], others: Sequence[Any]) -> bool:
    return all(map(is_same, some, others))


def is_same(one: Any, other: Any) -> bool:
    """In JSON 1 and true are equal in Python, and two values."""
    if one != other or not isinstance(one, (dict, list)):
        return bool(one == other)
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
