"""`manage.py make_history`: fill an empty database with the past of a shop that never was, to try out and to measure.

Rows are written as the writer would have left them, told as history, so that no campaign starts. All in one
transaction: interrupted, it leaves nothing.
"""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import count
from random import Random
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection, models, transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from analytics import history
from analytics.made_up import (
    AREAS,
    CITIES,
    FIRST_NAMES,
    LANGUAGES,
    PERSON,
    SOURCES,
    WORDS,
    ZONES,
    Bought,
    Buyer,
    Plan,
    Telling,
    happenings,
)
from customers.models import Consent, Customer
from orders.ledger import hold_ledger_alone
from orders.models import Order, SilentBecause, StatusChange, StatusTransition
from orders.standing import STANDING_COLUMNS, STATUS_FIELDS, TYPES, Verdict
from statuses.models import OrderStatus
from statuses.writing import add_together
from workspace.database import copy_rows, draw_keys_after_the_highest, is_postgresql, trust_rows
from workspace.models import Source, Workspace
from workspace.progress import Progress

# How many rows are kept before they are written.
KEPT_ROWS = 50_000

CUSTOMER = (
    "id", "external_id", "first_name", "last_name", "phone", "phone_written", "phone_kind", "email", "timezone",
    "language", "sms_consent", "sms_consent_source", "sms_consent_at", "refused_categories", "attributes", "tags",
    "created_at", "updated_at",
)  # fmt: skip
ORDER = (
    "id", "external_id", "customer_id", "total_minor", "currency", "ordered_at", "placed_at", "silent_because",
    "is_test", "lines", "delivery", "payment", "custom", "created_at", "updated_at", *STANDING_COLUMNS,
)  # fmt: skip
CHANGE = (
    "id", "source_id", "event_id", "order_id", "order_external_id", "type", "code", "status_id", "occurred_at",
    "sequence", "received_at", "fires", "is_test", "verdict",
)  # fmt: skip
TRANSITION = (
    "id", "order_id", "type", "from_status_id", "to_status_id", "occurred_at", "received_at", "source_id", "change_id",
    "silent_because", "is_test", "customer_id", *(f"{field}_id" for field in STATUS_FIELDS.values()), "total_minor",
    "currency",
)  # fmt: skip
COLUMNS: Mapping[type[models.Model], Sequence[str]] = {
    Customer: CUSTOMER,
    Order: ORDER,
    StatusChange: CHANGE,
    StatusTransition: TRANSITION,
}

Row = tuple[str | int | None, ...]


class Command(BaseCommand):
    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.description = _("Fill an empty database with the past of a made-up shop. The same seed makes the same.")
        parser.add_argument("--orders", type=int, default=10_000, metavar="N")
        parser.add_argument("--customers", type=int, metavar="N", help=_("A fifth of the orders, unless told."))
        parser.add_argument("--transitions", type=int, metavar="N", help=_("About so many; three to an order."))
        parser.add_argument("--days", type=int, default=730, metavar="N", help=_("How long it took. Two years."))
        parser.add_argument("--until", type=_day, default=None, metavar="DATE", help=_("When it ends. Today."))
        parser.add_argument("--seed", type=int, default=1, metavar="N")
        parser.add_argument("--beside", action="store_true", help=_("Though there are orders already."))

    def handle(self, **options: Any) -> None:
        if Order.objects.exists() and not options["beside"]:
            raise CommandError(_("There are orders here already. To make more beside them, say --beside."))
        plan = _plan(options)
        if Order.objects.filter(external_id__startswith=f"M{plan.seed}-").exists():
            raise CommandError(_("What seed %d makes is here already. Choose another --seed.") % plan.seed)
        progress = Progress(self._write_progress, is_terminal=self.stderr.isatty())
        with transaction.atomic():
            trust_rows()
            hold_ledger_alone()
            ledger = _Ledger(plan)
            for happening in happenings(plan):
                ledger.take(happening)
                progress.tell(ledger.share, ledger.written)
            ledger.finish()
        progress.clear()
        _analyze()
        self.stdout.write(_("%(orders)s orders and %(transitions)s transitions are made.") % ledger.counts())
        visited = Progress(self._write_progress, is_terminal=self.stderr.isatty())
        history.rebuild(tell=lambda done, orders: visited.tell(done / orders, done))
        visited.clear()
        _analyze()
        self.stdout.write(_("Their history is read."))

    def _write_progress(self, text: str) -> None:
        self.stderr.write(text, ending="")
        self.stderr.flush()


def _analyze() -> None:
    """Autovacuum would take its time, and until then PostgreSQL takes large tables for empty ones."""
    if is_postgresql():
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


def _day(text: str) -> datetime:
    day = parse_date(text)
    if day is None:
        raise ValueError(text)
    return datetime(day.year, day.month, day.day, tzinfo=timezone.get_default_timezone())


def _plan(options: Mapping[str, Any]) -> Plan:
    orders = options["orders"]
    customers = orders // 5 if options["customers"] is None else options["customers"]
    transitions = orders * 3 if options["transitions"] is None else options["transitions"]
    until = options["until"] or timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    return Plan(options["seed"], orders, min(customers, orders), transitions, options["days"], until)


class _Ledger:
    """Folds what is told into rows as the writer leaves them, and writes them a great many at a time."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._random = Random(plan.seed)  # noqa: S311 - a game
        self._statuses, self._sources = _vocabulary(), _sources()
        self._currency = Workspace.current().currency
        first = {model: (model.objects.aggregate(last=Max("pk"))["last"] or 0) + 1 for model in COLUMNS}  # type: ignore[attr-defined]
        self._customers, self._orders = first[Customer], first[Order]
        self._changes, self._transitions = count(first[StatusChange]), count(first[StatusTransition])
        self._rows: dict[type[models.Model], list[Row]] = {model: [] for model in COLUMNS}
        self._counts = dict.fromkeys(COLUMNS, 0)
        self.written, self.share = 0, 0.0

    def take(self, happening: Buyer | Telling) -> None:
        if isinstance(happening, Buyer):
            self._keep(Customer, self._customer(happening))
        else:
            self._hear(happening)

    def finish(self) -> None:
        for model in COLUMNS:
            self._write(model)
            draw_keys_after_the_highest(model)

    def counts(self) -> dict[str, str]:
        named = {"orders": Order, "transitions": StatusTransition}
        return {name: f"{self._counts[model]:,}" for name, model in named.items()}

    def _hear(self, told: Telling) -> None:
        order, status = told.order, self._statuses[told.type, told.code]
        self.share = order.number / self._plan.orders
        from_id, change = order.standing.status[told.type], None
        if told.told_by == PERSON:
            occurred_at = order.standing.next_moment(told.type, told.received_at)
            verdict = order.standing.hear(told.type, status, occurred_at, None)
        else:
            occurred_at = told.occurred_at
            verdict = order.standing.hear(told.type, status, occurred_at, told.sequence)
            change = next(self._changes)
            self._keep(StatusChange, self._change(change, told, status, verdict))
        if verdict is Verdict.MOVED:
            order.updated_at = told.received_at
            self._keep(StatusTransition, self._transition(told, from_id, status, occurred_at, change))
        order.to_come -= 1
        if not order.to_come:
            self._keep(Order, self._order(order))

    def _keep(self, model: type[models.Model], row: Row) -> None:
        rows = self._rows[model]
        rows.append(row)
        if len(rows) == KEPT_ROWS:
            self._write(model)

    def _write(self, model: type[models.Model]) -> None:
        # For each customer that comes after what points at it SQLite looks through all the ledger.
        if model is not Customer and self._rows[Customer]:
            self._write(Customer)
        rows, self._rows[model] = self._rows[model], []
        copy_rows(model, COLUMNS[model], rows)
        self._counts[model] += len(rows)
        self.written += len(rows)

    def _customer(self, buyer: Buyer) -> Row:
        random, at = self._random, _text(buyer.first_at)
        name = random.choice(FIRST_NAMES)
        phone = f"+1{random.choice(AREAS)}5550{random.randrange(100, 200)}" if random.random() < 0.92 else ""
        consent = random.choices(Consent.values, (6, 3, 1))[0]
        attributes = f'{{"city": "{random.choice(CITIES)}", "points": {random.randrange(500)}}}'
        tags = '["vip"]' if random.random() < 0.05 else "[]"
        told = ("", None) if consent == Consent.UNKNOWN else (SOURCES["shop"], at)
        return (
            self._customers + buyer.number - 1, f"M{self._plan.seed}-C{buyer.number}", name, "", phone, phone,
            "unknown" if phone else "", "", random.choice(ZONES), random.choice(LANGUAGES), consent, *told, "[]",
            attributes, tags, at, at,
        )  # fmt: skip

    def _order(self, order: Bought) -> Row:
        standing = [_text(value) if isinstance(value, datetime) else value for value in order.standing.columns()]
        at = _text(order.placed_at)
        return (
            self._key(order), self._name(order), self._buyer(order), order.total_minor, self._currency, at, at,
            SilentBecause.HISTORY.value, int(order.is_test), "[]", "{}", "{}", "{}", at, _text(order.updated_at),
            *standing,
        )  # fmt: skip

    def _change(self, key: int, told: Telling, status: int, verdict: Verdict) -> Row:
        return (
            key, self._sources[told.told_by], f"M{self._plan.seed}-{told.number}", self._key(told.order),
            self._name(told.order), told.type, told.code, status, _text(told.occurred_at), told.sequence,
            _text(told.received_at), 0, int(told.order.is_test), verdict.value,
        )  # fmt: skip

    def _transition(
        self, told: Telling, from_id: int | None, status: int, occurred_at: datetime, change: int | None
    ) -> Row:
        order = told.order
        return (
            next(self._transitions), self._key(order), told.type, from_id, status, _text(occurred_at),
            _text(told.received_at), self._sources[told.told_by], change, SilentBecause.HISTORY.value,
            int(order.is_test), self._buyer(order), *(order.standing.status[type] for type in TYPES),
            order.total_minor, self._currency,
        )  # fmt: skip

    def _key(self, order: Bought) -> int:
        return self._orders + order.number - 1

    def _name(self, order: Bought) -> str:
        return f"M{self._plan.seed}-{order.number}"

    def _buyer(self, order: Bought) -> int | None:
        return None if order.buyer is None else self._customers + order.buyer.number - 1


def _text(at: datetime) -> str:
    """Whole seconds, in UTC."""
    return str(at)[:19]


def _vocabulary() -> dict[tuple[str, str], int]:
    known = set(OrderStatus.objects.values_list("type", "code_key"))
    add_together(
        [
            OrderStatus(type=type, code=code, name=name, colour=colour, include_in_analytics=is_marked)
            for type, code, name, colour, is_marked in WORDS
            if (type, code) not in known
        ]
    )
    wanted = {(type, code) for type, code, *_rest in WORDS}
    rows = OrderStatus.objects.order_by().values_list("type", "code_key", "pk", "merged_into")
    return {(type, key): into or pk for type, key, pk, into in rows if (type, key) in wanted}


def _sources() -> dict[str, int]:
    named = {
        code: Source.objects.get_or_create(code=code, defaults={"name": name, "mode": Source.Mode.LIVE})[0].pk
        for code, name in SOURCES.items()
    }
    return {**named, PERSON: Source.ADMIN_ID}
