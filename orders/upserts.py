"""Creating and changing orders by external id, one or thousands, with the statuses they come with."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any, Protocol

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from customers.models import Customer
from orders.contents import LINES, OBJECTS, check_lines, check_object, merge_patch
from orders.dates import BLOCKS, dates_of
from orders.ledger import hold_ledger
from orders.models import InboxVerdict, Order, OrderDate, SilentBecause
from orders.said import LONGEST, Said
from orders.standing import STATUS_FIELDS
from orders.transitions import Heard, Hearing, hear
from statuses.models import check_code
from workspace.database import retry_lost_races
from workspace.failpoints import reach
from workspace.models import Source, Workspace
from workspace.money import BadMoney, is_currency, is_decimal, to_minor
from workspace.reading import Problem, check_fields, check_text, read_time
from workspace.upserts import Outcome, Upserted, upsert

PLAIN = ("customer", "total", "currency", LINES, *OBJECTS)
FIELDS = ("external_id", *PLAIN, "ordered_at", *STATUS_FIELDS.values(), "occurred_at", "event_id")
COLUMNS = ("customer_id", "total_minor", "currency", "ordered_at", LINES, *OBJECTS)


class Speak(Protocol):
    """The writer, told already on whose word."""

    def __call__(self, said: Sequence[Said], *, arrived: Collection[str]) -> Hearing: ...


@dataclass(frozen=True, slots=True)
class OrderRow:
    """What somebody told of an order: fields named with their values, and codes by type where it names statuses."""

    external_id: str
    named: Mapping[str, Any]
    statuses: Mapping[str, str]
    occurred_at: datetime | None = None
    event_id: str | None = None

    def said(self) -> list[Said]:
        return [
            Said(self.external_id, type, code, self.occurred_at, _event_id(self.event_id, type, self.statuses))
            for type, code in self.statuses.items()
        ]


@dataclass(frozen=True, slots=True)
class OrderUpserted(Upserted):
    """What became of one order told, and of each status it came with."""

    heard: Sequence[Heard] = ()


def read_order(row: Any) -> OrderRow | list[Problem]:
    """Read what JSON, or a line of a file made into the same, says of an order. Null empties a plain field.

    What depends on the stored order (a total without its currency) or on other tables is found by `upsert_orders`.
    """
    if not isinstance(row, Mapping):
        return [Problem("not_an_object", _("An order is an object with an external_id."))]
    problems = check_fields(row, FIELDS) + _find_problems(row)
    ordered_at, occurred_at = (read_time(row.get(name), name) for name in ("ordered_at", "occurred_at"))
    problems += [moment for moment in (ordered_at, occurred_at) if isinstance(moment, Problem)]
    if problems or isinstance(ordered_at, Problem) or isinstance(occurred_at, Problem):
        return problems
    named = {name: row[name] for name in PLAIN if name in row}
    if "ordered_at" in row:
        named["ordered_at"] = ordered_at
    statuses = {type: row[field].strip() for type, field in STATUS_FIELDS.items() if field in row}
    return OrderRow(row["external_id"], named, statuses, occurred_at, row.get("event_id"))


def upsert_orders(
    rows: Sequence[OrderRow],
    source: Source,
    *,
    fires: bool | None = None,
    actor_id: int | None = None,
    is_test: bool = False,
    merging: bool = False,
) -> list[OrderUpserted]:
    """Bring the rows in, in their order, in one transaction; one answer for each.

    A row is taken whole or not at all: if one of its statuses is rejected, nothing of it stays. `fires` None: as the
    source's mode is. `merging`: objects are merged into those stored (RFC 7396) instead of taking their place.
    """
    fires = source.fires if fires is None else fires
    speak = partial(hear, source=source, fires=fires, actor_id=actor_id, is_test=is_test)
    manner = _Manner(fires, is_test, merging)
    upserted = retry_lost_races(partial(_upsert, rows, speak, manner))
    reach("hearing.upserted")
    return upserted


@dataclass(frozen=True, slots=True)
class _Manner:
    """How rows are told: whether new orders may start campaigns, and whether objects are merged."""

    fires: bool
    is_test: bool
    merging: bool


def _upsert(rows: Sequence[OrderRow], speak: Speak, manner: _Manner) -> list[OrderUpserted]:
    """Only the writer can say that a status is rejected, with the order written: all is then done without that row."""
    rejected: dict[int, OrderUpserted] = {}
    while True:
        kept = {place: row for place, row in enumerate(rows) if place not in rejected}
        with transaction.atomic():
            upserted = dict(zip(kept, _write(list(kept.values()), speak, manner), strict=True))
            found = {place: no for place, one in upserted.items() if (no := _refused(rows[place], one.heard))}
            if found:
                transaction.set_rollback(True)
        if not found:
            return [rejected.get(place) or upserted[place] for place in range(len(rows))]
        rejected |= found


def _write(rows: Sequence[OrderRow], speak: Speak, manner: _Manner) -> list[OrderUpserted]:
    now, silent = timezone.now(), SilentBecause.of(fires=manner.fires, orders_on=hold_ledger())
    beginning = {"placed_at": now, "silent_because": silent, "is_test": manner.is_test}
    fold = _Fold(_find_customers(rows), Workspace.current().currency, manner.merging, beginning)
    upserted = upsert(Order, COLUMNS, rows, fold, now)
    _keep_dates(rows, upserted)
    created = [row.external_id for row, one in zip(rows, upserted, strict=True) if one.outcome is Outcome.CREATED]
    said = [row.said() if one.problem is None else [] for row, one in zip(rows, upserted, strict=True)]
    heard = iter(speak([change for changes in said for change in changes], arrived=created).heard)
    return [_answer(one, [next(heard) for _change in changes]) for one, changes in zip(upserted, said, strict=True)]


def _keep_dates(rows: Sequence[OrderRow], upserted: Sequence[Upserted]) -> None:
    """Of orders whose dates came to differ. The upsert has them locked."""
    changed = {}
    for row, one in zip(rows, upserted, strict=True):
        after = dates_of(_blocks(one.after))
        if one.problem is None and (after != dates_of(_blocks(one.before)) or row.external_id in changed):
            changed[row.external_id] = after
    if changed:
        keys = Order.objects.filter(external_id__in=changed).order_by().values_list("pk", "external_id")
        OrderDate.objects.keep({pk: changed[external_id] for pk, external_id in keys})


def _blocks(values: Sequence[Any]) -> dict[str, Any]:
    return {name: values[COLUMNS.index(name)] for name in BLOCKS} if values else {}


def _answer(upserted: Upserted, heard: list[Heard]) -> OrderUpserted:
    has_moved = any(one.verdict == InboxVerdict.MOVED for one in heard)
    is_changed = has_moved and upserted.outcome is Outcome.UNCHANGED
    outcome = Outcome.CHANGED if is_changed else upserted.outcome
    return OrderUpserted(outcome, upserted.problem, upserted.before, upserted.after, heard)


def _refused(row: OrderRow, heard: Sequence[Heard]) -> OrderUpserted | None:
    """The problem of the first status rejected, told of the field that named it."""
    for type, one in zip(row.statuses, heard, strict=False):
        if one.problem is not None:
            field = STATUS_FIELDS[type] if one.problem.field == "code" else one.problem.field
            return OrderUpserted(Outcome.REJECTED, replace(one.problem, field=field))
    return None


def _find_customers(rows: Sequence[OrderRow]) -> dict[str, int]:
    named = {external_id for row in rows if (external_id := row.named.get("customer")) is not None}
    return dict(Customer.objects.filter(external_id__in=named).order_by().values_list("external_id", "pk"))


@dataclass(frozen=True, slots=True)
class _Fold:
    """Sets on an order what a row names, or says why that cannot be."""

    customers: Mapping[str, int]
    default_currency: str
    merging: bool
    beginning: Mapping[str, Any]

    def __call__(self, order: Order, row: OrderRow) -> Problem | None:
        values: dict[str, Any] = {}
        for read in (self._customer, self._money, self._contents):
            found = read(order, row.named)
            if isinstance(found, Problem):
                return found
            values |= found
        if "ordered_at" in row.named:
            values["ordered_at"] = row.named["ordered_at"]
        if order._state.adding:
            ordered_at = values.get("ordered_at") or order.ordered_at
            values |= {**self.beginning, **({"placed_at": ordered_at} if ordered_at else {})}
        for column, value in values.items():
            setattr(order, column, value)
        return None

    def _customer(self, _order: Order, named: Mapping[str, Any]) -> dict[str, Any] | Problem:
        if "customer" not in named:
            return {}
        external_id = named["customer"]
        if external_id is None or external_id in self.customers:
            return {"customer_id": self.customers.get(external_id)}
        detail = _("There is no customer “%s”. Send the customer first.") % external_id
        return Problem("unknown_customer", detail, "customer")

    def _money(self, order: Order, named: Mapping[str, Any]) -> dict[str, Any] | Problem:
        """A currency named alone keeps the amount: 12.30 EUR may become 12.30 USD, but not 1230 JPY."""
        if "total" not in named and "currency" not in named:
            return {}
        total = named.get("total", order.total)
        currency = named.get("currency") or order.currency
        if total is None:
            return {"total_minor": None, "currency": currency}
        currency = currency or self.default_currency
        minor = _read_total(total, currency)
        return minor if isinstance(minor, Problem) else {"total_minor": minor, "currency": currency}

    def _contents(self, order: Order, named: Mapping[str, Any]) -> dict[str, Any] | Problem:
        values: dict[str, Any] = {}
        if LINES in named:
            values[LINES] = named[LINES] or []
        for name in OBJECTS:
            if name in named:
                merged = merge_patch(getattr(order, name) if self.merging else {}, named[name])
                if problem := check_object(name, merged):
                    return problem
                values[name] = merged or {}
        return values


def _read_total(total: str | Decimal, currency: str) -> int | Problem:
    try:
        return to_minor(total, currency)
    except BadMoney as error:
        return Problem("invalid_total", str(error), "total")


def _find_problems(row: Mapping[Any, Any]) -> list[Problem]:
    named = [field for field in STATUS_FIELDS.values() if field in row]
    longest_event_id = LONGEST["event_id"] - (_LONGEST_SUFFIX if len(named) > 1 else 0)
    checked = (
        check_text("external_id", row.get("external_id"), LONGEST["order"]),
        _check_optional_text("customer", row.get("customer"), LONGEST["order"]),
        _check_money(row.get("total"), row.get("currency")),
        check_lines(row.get(LINES)),
        *(check_object(name, row.get(name)) for name in OBJECTS),
        *(_check_status(field, row[field]) for field in named),
        _check_optional_text("event_id", row.get("event_id"), longest_event_id),
    )
    return [problem for problem in checked if problem]


def _check_optional_text(name: str, value: Any, longest: int) -> Problem | None:
    return None if value is None else check_text(name, value, longest)


def _check_money(total: Any, currency: Any) -> Problem | None:
    if currency is not None and not (isinstance(currency, str) and is_currency(currency)):
        return Problem("unknown_currency", _("A currency is an ISO 4217 code such as EUR."), "currency")
    if total is None:
        return None
    if not isinstance(total, str):
        return Problem("not_text", _('“total” is a decimal in quotes, such as "12.30".'), "total")
    if currency is not None:
        minor = _read_total(total, currency)
        return minor if isinstance(minor, Problem) else None
    return None if is_decimal(total) else Problem("invalid_total", _("“total” is no decimal number."), "total")


def _check_status(field: str, code: Any) -> Problem | None:
    if code is None:
        return Problem("null_status", _("A status is never taken away: leave it out, or name another."), field)
    return check_code(field, code)


def _event_id(event_id: str | None, type: str, statuses: Collection[str]) -> str | None:
    """Each status told is an event of its own."""
    return event_id if event_id is None or len(statuses) == 1 else f"{event_id}:{type}"


_LONGEST_SUFFIX = max(len(f":{type}") for type in STATUS_FIELDS)
