"""Codes that nobody has said the meaning of: counted as they come, and given a meaning by a person.

What waits for one is the inbox's (verdict parked). This is the list of what somebody has to decide, which also tells of
what was refused and kept nowhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone

from orders.models import StatusChange, StatusChangeQuerySet, UnknownCode
from orders.said import Said
from statuses.models import OrderStatus, StatusAlias, code_key
from statuses.vocabulary import read_vocabulary
from workspace.database import lock_rows, write_rows
from workspace.models import Source

# Of one call at most so many spellings are noted: what sends more sends no codes.
MOST_NOTED = 50


def note_unknown(said: Iterable[Said], source: Source, now: datetime) -> None:
    """Count these in, whose codes say nothing to us yet. A few queries, and none for a batch that is understood."""
    seen: dict[tuple[str, str], UnknownCode] = {}
    for item in said:
        place = (item.type, item.code_key)
        if place not in seen and len(seen) == MOST_NOTED:
            continue
        noted = seen.setdefault(place, _first(item, source, now))
        noted.times, noted.order_external_id = noted.times + 1, item.order
    if not seen:
        return
    rows = UnknownCode.objects.filter(source=source, code_key__in={key for _type, key in seen}).order_by("pk")
    known = {(row.type, row.code_key): row for row in lock_rows(rows) if (row.type, row.code_key) in seen}
    for place, row in known.items():
        row.times, row.last_seen_at = row.times + seen[place].times, now
        row.order_external_id = seen[place].order_external_id
    write_rows(known.values(), ("times", "last_seen_at", "order_external_id"))
    new = [seen[place] for place in sorted(seen) if place not in known]
    UnknownCode.objects.bulk_create(new, ignore_conflicts=True)  # whoever notes it at the same time counts once


def _first(item: Said, source: Source, now: datetime) -> UnknownCode:
    return UnknownCode(
        source=source,
        type=item.type,
        code=item.code,
        code_key=item.code_key,
        times=0,
        first_seen_at=now,
        last_seen_at=now,
    )


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many changes wait for a code, and how many of them may start campaigns once they are applied."""

    changes: int
    firing: int


NOTHING_WAITS = Waiting(0, 0)


def waiting_for(unknown: UnknownCode) -> Waiting:
    return waiting_for_each([unknown])[unknown.pk]


def waiting_for_each(unknowns: Sequence[UnknownCode]) -> dict[int, Waiting]:
    """The same for many, by primary key. One query."""
    sources, types = {unknown.source_id for unknown in unknowns}, {unknown.type for unknown in unknowns}
    parked = StatusChange.objects.parked(timezone.now()).filter(source__in=sources, type__in=types)
    counts = parked.order_by().values_list("source", "type", "code")
    waiting: dict[tuple[int, str, str], Waiting] = {}
    for source, type, code, changes, firing in counts.annotate(Count("pk"), fire=Count("pk", filter=Q(fires=True))):
        place = (source, type, code_key(code))
        before = waiting.get(place, NOTHING_WAITS)
        waiting[place] = Waiting(before.changes + changes, before.firing + firing)
    return {
        unknown.pk: waiting.get((unknown.source_id, unknown.type, unknown.code_key), NOTHING_WAITS)
        for unknown in unknowns
    }


def give_meaning(unknown: UnknownCode, status: OrderStatus | None, *, silently: bool) -> StatusAlias:
    """Say what the code means when this source sends it: a status, or (None) nothing at all.

    What waits for it is applied in order of time once this is committed; `silently`: without starting a campaign.
    """
    with transaction.atomic():
        _settle(unknown, silently=silently)
        return StatusAlias.objects.create(source=unknown.source, type=unknown.type, code=unknown.code, status=status)


def create_status(unknown: UnknownCode, status: OrderStatus, *, silently: bool) -> OrderStatus:
    """Save a new status that has this code, for every source."""
    with transaction.atomic():
        _settle(unknown, silently=silently)
        status.save()
        return status


def forget_understood(type: str, key: str, source_id: int | None) -> None:
    """Somebody said what it means: it is on the list no more."""
    of_source = Q() if source_id is None else Q(source=source_id)
    UnknownCode.objects.filter(of_source, type=type, code_key=key).delete()


def forget_all_understood(understood: Iterable[OrderStatus | StatusAlias]) -> None:
    """The same for many, which all sources may say. A query for each type."""
    keys: dict[str, set[str]] = {}
    for row in understood:
        keys.setdefault(row.type, set()).add(row.code_key)
    for type, some in keys.items():
        UnknownCode.objects.filter(type=type, code_key__in=some).delete()


def forget_left_over() -> None:
    """A source that was speaking while somebody said what a code means may have noted it once more, after that."""
    rows = list(UnknownCode.objects.order_by().values_list("pk", "source", "type", "code"))
    vocabulary = read_vocabulary({code for *_row, code in rows})
    UnknownCode.objects.filter(
        pk__in=[pk for pk, source_id, type, code in rows if vocabulary.knows(source_id, type, code)]
    ).delete()


def _settle(unknown: UnknownCode, *, silently: bool) -> None:
    if silently:
        waiting = _parked(unknown)
        waiting.hold_orders()
        waiting.update(fires=False)


def _parked(unknown: UnknownCode) -> StatusChangeQuerySet:
    """Codes are compared in Python, where case means the same in every script."""
    waiting = StatusChange.objects.parked(timezone.now()).filter(source=unknown.source_id, type=unknown.type)
    codes = {
        code
        for code in waiting.order_by().values_list("code", flat=True).distinct()
        if code_key(code) == unknown.code_key
    }
    return waiting.filter(code__in=codes)
