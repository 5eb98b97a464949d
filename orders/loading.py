"""What `manage.py load` does with the rows of each kind of file: the same as the API does with the same rows.

An empty cell says nothing: what it would be about stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from django.utils.translation import gettext as _

from customers import upserts as customers
from customers.categories import split_categories
from orders import upserts as orders
from orders.contents import LINES, OBJECTS
from orders.said import FIELDS as SAID_FIELDS
from orders.said import Said, read_said
from orders.standing import TYPES
from orders.transitions import COUNTED_AS, Heard, hear
from statuses.models import OrderStatus
from workspace.api.parsing import read_json
from workspace.api.problems import Refusal
from workspace.models import Source
from workspace.reading import Problem
from workspace.upserts import Outcome, Upserted

Cells = Mapping[str, str]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Manner:
    """On whose word a file is loaded, and how."""

    source: Source
    fires: bool = False
    creates_statuses: bool = False


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one row: the counts it adds to, and why if it was rejected."""

    counts: Sequence[str]
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of file. `take_in` takes a set of rows in one transaction, and has one answer for each."""

    take_in: Callable[[Sequence[Cells], Manner], list[Taken]]
    required: Sequence[str]
    optional: Sequence[str]
    counts: Sequence[str]
    has_statuses: bool = True


def take_customers(rows: Sequence[Cells], manner: Manner) -> list[Taken]:
    def take_in(good: Sequence[customers.CustomerRow]) -> Iterable[Taken]:
        return map(_of_upsert, customers.upsert_customers(good, told_by=manner.source.code))

    return _each([_read_customer(cells) for cells in rows], take_in)


def take_orders(rows: Sequence[Cells], manner: Manner) -> list[Taken]:
    def take_in(good: Sequence[orders.OrderRow]) -> Iterable[Taken]:
        if manner.creates_statuses:
            codes = (pair for row in good for pair in row.statuses.items())
            OrderStatus.objects.add_missing(codes, manner.source)
        return map(_of_upsert, orders.upsert_orders(good, manner.source, fires=manner.fires))

    return _each([_read_order(cells) for cells in rows], take_in)


def take_status_changes(rows: Sequence[Cells], manner: Manner) -> list[Taken]:
    def take_in(good: Sequence[Said]) -> Iterable[Taken]:
        if manner.creates_statuses:
            OrderStatus.objects.add_missing(((said.type, said.code) for said in good), manner.source)
        return map(_of_change, hear(good, manner.source, fires=manner.fires).heard)

    return _each([_read_change(cells) for cells in rows], take_in)


# How files write a consent, besides the words of the API.
CONSENTS = {"1": "given", "0": "unknown"}

KINDS = {
    "customers": Kind(
        take_customers,
        required=["external_id"],
        optional=customers.FIELDS[1:],
        counts=list(Outcome),
        has_statuses=False,
    ),
    "orders": Kind(
        take_orders,
        required=["external_id"],
        optional=[name for name in orders.FIELDS[1:] if name not in {LINES, *OBJECTS}],
        counts=list(Outcome),
    ),
    "status_changes": Kind(
        take_status_changes,
        required=SAID_FIELDS[:3],
        optional=SAID_FIELDS[3:],
        counts=[
            "transitions",
            *(f"transitions_{type}" for type in TYPES),
            *list(dict.fromkeys(COUNTED_AS.values()))[1:],
        ],
    ),
}


def _each(read: Sequence[T | Problem], take_in: Callable[[Sequence[T]], Iterable[Taken]]) -> list[Taken]:
    """Take in what could be read; one answer for each, in their order."""
    answers = iter(take_in([item for item in read if not isinstance(item, Problem)]))
    return [Taken(["rejected"], item) if isinstance(item, Problem) else next(answers) for item in read]


def _read_customer(cells: Cells) -> customers.CustomerRow | Problem:
    named: dict[str, Any] = {**_filled(cells)}
    if "sms_consent" in named:
        named["sms_consent"] = CONSENTS.get(named["sms_consent"], named["sms_consent"])
    for name in {customers.REFUSED_CATEGORIES, customers.TAGS} & named.keys():
        named[name] = split_categories(named[name])
    if customers.ATTRIBUTES in named:
        try:
            named[customers.ATTRIBUTES] = read_json(named[customers.ATTRIBUTES])
        except Refusal as refusal:
            return Problem("not_json", str(refusal.detail), customers.ATTRIBUTES)
    return _or_first_problem(customers.read_customer(named))


def _read_order(cells: Cells) -> orders.OrderRow | Problem:
    row = _or_first_problem(orders.read_order(_filled(cells)))
    if isinstance(row, Problem) or not row.statuses:
        return row
    if row.occurred_at is None:
        row = replace(row, occurred_at=row.named.get("ordered_at"))
    if row.occurred_at is None and row.event_id is None:
        return _no_identity(
            _("A status needs occurred_at, ordered_at or event_id to be known when it is loaded again.")
        )
    return row


def _read_change(cells: Cells) -> Said | Problem:
    said = read_said(cells)
    if isinstance(said, Problem):
        return said
    if said.identity() is None:
        return _no_identity(_("A change needs occurred_at or event_id to be known when it is loaded again."))
    return said


def _no_identity(detail: str) -> Problem:
    return Problem("no_identity", detail, "occurred_at")


def _filled(cells: Cells) -> dict[str, str]:
    return {name: value for name, value in cells.items() if value.strip()}


def _or_first_problem(read: T | list[Problem]) -> T | Problem:
    """A line of --errors has room for one; whoever mends it is told the next."""
    return read[0] if isinstance(read, list) else read


def _of_upsert(upserted: Upserted) -> Taken:
    return Taken([upserted.outcome], upserted.problem)


def _of_change(heard: Heard) -> Taken:
    counted_as = COUNTED_AS[heard.verdict]
    if heard.transition is None:
        return Taken([counted_as], heard.problem)
    return Taken([counted_as, f"{counted_as}_{heard.transition.type}"])
