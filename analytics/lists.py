"""Lists: customers that somebody named, a line for each. What was not found is told, and nothing is guessed.

A line holds a customer's id or a phone number; of a CSV file a column headed so counts, else the first.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from analytics import members
from analytics.models import Member, Segment
from customers.models import Customer
from customers.phones import read_phone
from workspace.database import in_sets, kept_aside, lock_rows
from workspace.files import BadFile
from workspace.models import Workspace

MOST_LINES = 50_000
MOST_BYTES = 5 * 1024 * 1024
HEADINGS = ("external_id", "customer", "customer_id", "id", "phone")
FOUND_WITHIN_S = 20.0


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What became of the lines: `entered` customers are new on the list, `left` are off it; `not_found` as written."""

    entered: int
    left: int
    there_already: int
    not_found: Sequence[str]


def read_lines(text: str) -> list[str]:
    """The ids and numbers of a pasted text or a file, each once, in their order. Raises BadFile."""
    lines = text.removeprefix("\ufeff").splitlines()
    if len(lines) > MOST_LINES:
        raise BadFile(_("At most %d lines at a time. Bring the rest afterwards.") % MOST_LINES)
    try:
        rows = [row for row in csv.reader(io.StringIO("\n".join(lines)), delimiter=_delimiter(lines)) if any(row)]
    except csv.Error:
        raise BadFile(_("A line has an open quote. Look at its quotes.")) from None
    place = _column(rows)
    told = rows if place is None else rows[1:]
    written = (row[place or 0].strip() for row in told if len(row) > (place or 0))
    return list(dict.fromkeys(one for one in written if one))


def add(segment: Segment, written: Sequence[str], *, replaces: bool = False, by_phone: bool = True) -> TakenIn:
    """Put those who are found on the list. `replaces`: take all others off it. `by_phone`: numbers may be asked for."""
    ids, not_found = _find(written, by_phone=by_phone)
    at = timezone.now()
    with transaction.atomic():
        segment = lock_rows(Segment.objects.filter(pk=segment.pk)).get()
        entered = sum(_enter(segment, some, at) for some in in_sets(ids))
        left = _leave_but(segment, set(ids), at) if replaces else 0
        _keep(segment, at, is_news=bool(entered or left))
    return TakenIn(entered, left, len(ids) - entered, not_found)


def take_off(segment: Segment, written: Sequence[str]) -> TakenIn:
    """Take those with these ids off the list."""
    ids, not_found = _find(written, by_phone=False)
    return TakenIn(0, remove(segment, ids), 0, not_found)


def remove(segment: Segment, customers: Sequence[int]) -> int:
    """Take these off the list. Answers how many were on it."""
    at = timezone.now()
    with transaction.atomic():
        segment = lock_rows(Segment.objects.filter(pk=segment.pk)).get()
        left = sum(_leave(segment, some, at) for some in in_sets(customers))
        _keep(segment, at, is_news=bool(left))
    return left


def _find(written: Sequence[str], *, by_phone: bool) -> tuple[list[int], list[str]]:
    """Customers by their id, of what is none by their number: of one number it is all who have it. A few queries for
    each thousand lines."""
    ids: dict[int, None] = {}
    not_found: list[str] = []
    country = Workspace.current().default_country
    for some in in_sets(written):
        known = dict(Customer.objects.filter(external_id__in=some, erased_at=None).values_list("external_id", "pk"))
        ids |= dict.fromkeys(known.values())
        others = [one for one in some if one not in known]
        numbers = {one: read_phone(one, country).e164 for one in others} if by_phone else {}
        rows = Customer.objects.filter(phone__in=filter(None, numbers.values())).values_list("phone", "pk")
        by_number = list(rows.order_by("pk"))
        ids |= dict.fromkeys(pk for _number, pk in by_number)
        there = {number for number, _pk in by_number}
        not_found += [one for one in others if numbers.get(one) not in there]
    return list(ids), not_found


def _delimiter(lines: Sequence[str]) -> str:
    """Tables are saved with commas, semicolons or tabs; ids hold none of the latter two."""
    first = lines[0] if lines else ""
    return next((sign for sign in ("\t", ";") if sign in first), ",")


def _column(rows: Sequence[Sequence[str]]) -> int | None:
    """Which one a first line that names columns means; None: it names none."""
    names = [name.strip().lower() for name in rows[0]] if rows else []
    return next((names.index(heading) for heading in HEADINGS if heading in names), None)


def _enter(segment: Segment, customers: Sequence[int], at: datetime) -> int:
    with kept_aside(Customer.objects.filter(pk__in=customers), within_s=FOUND_WITHIN_S) as found:
        return members.enter(segment, found, at, is_news=True)


def _leave(segment: Segment, customers: Sequence[int], at: datetime) -> int:
    with kept_aside(Customer.objects.filter(pk__in=customers), within_s=FOUND_WITHIN_S) as found:
        return members.leave(segment, found, at)


def _leave_but(segment: Segment, staying: set[int], at: datetime) -> int:
    there = Member.objects.filter(segment=segment).values_list("customer", flat=True)
    return sum(_leave(segment, some, at) for some in in_sets([pk for pk in there if pk not in staying]))


def _keep(segment: Segment, at: datetime, *, is_news: bool) -> None:
    segment.counted_at, segment.members_count = at, Member.objects.filter(segment=segment).count()
    segment.save(update_fields=["counted_at", "members_count"])
    if is_news:
        members.tell(segment, at)
