"""The ledger's own locks: who writes to it holds it together with others, who needs a clean cut holds it alone.

A transition's id is drawn before its transaction commits, so "every id up to 100" is not yet a fact while a writer of
id 99 is open. Whoever must know it has two ways. A campaign starting "after this transition" waits here for the open
writers. A feed, which must not wait, asks how far the ledger is settled: each writer shows, as a second lock, the last
id drawn before its own, and below the lowest one shown nothing can appear any more; as a third the same of the inbox,
whose writers are the same. (Comparing the rows' `xmin` with the oldest open transaction would not do: a transaction may
begin first and still draw the higher id.)

On SQLite there is only one writer at a time, which is the same thing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, models

from orders.standing import STANDING_COLUMNS, Standing
from statuses.models import OrderStatus
from workspace.database import execute, hold, is_postgresql
from workspace.models import Workspace

# Any constant of ours; PostgreSQL's advisory locks are numbered.
LEDGER_LOCK = 6_127_001
# A writer's other locks are these plus the last id drawn before its own: room for a million million of them.
LEDGER_SHOWN, INBOX_SHOWN = LEDGER_LOCK << 40, (LEDGER_LOCK + 1) << 40

LAST_IN_LEDGER = "coalesce(pg_sequence_last_value('orders_statustransition_id_seq'::regclass), 0)"
LAST_IN_INBOX = "coalesce(pg_sequence_last_value('orders_statuschange_id_seq'::regclass), 0)"
LAST_VISIBLE = "coalesce((SELECT max(id) FROM {}), 0)"


# A setting that lives, as the locks do, until the transaction or savepoint ends: a transaction of ten thousand saves
# shows itself once, not in ten thousand locks.
HELD = f"""
CASE WHEN current_setting('orders.ledger_is_held', true) = 'yes' THEN 'yes' ELSE concat(
    pg_advisory_xact_lock_shared({LEDGER_LOCK}),
    pg_advisory_xact_lock_shared({LEDGER_SHOWN} + {LAST_IN_LEDGER}),
    pg_advisory_xact_lock_shared({INBOX_SHOWN} + {LAST_IN_INBOX}),
    set_config('orders.ledger_is_held', 'yes', true)
) END
"""
ORDERS_ARE_ON = (
    f"EXISTS (SELECT FROM {Workspace._meta.db_table} WHERE id = {Workspace.SINGLETON_ID} AND orders_enabled)"
)
HOLD = f"SELECT {ORDERS_ARE_ON}, {HELD}"

# PostgreSQL locks a row once it has worked out what it selects of it, so the ledger comes first here too.
HOLD_ORDER = f"""
SELECT {", ".join(STANDING_COLUMNS)}, {HELD}, {ORDERS_ARE_ON}{{types}}
FROM orders_order WHERE id = %s FOR NO KEY UPDATE
"""  # noqa: S608 - names of ours
TYPE_OF = f", (SELECT type FROM {OrderStatus._meta.db_table} WHERE id = %s)"  # noqa: S608 - the table's name is ours


def hold_ledger() -> bool:
    """Take the ledger together with other writers, until the transaction ends. First of all locks.

    Answers whether Orders is on, as every writer asks that next: one statement for both.
    """
    if not is_postgresql():
        return Workspace.orders_are_on()
    [(orders_on, _held)] = execute(HOLD)
    return bool(orders_on)


@dataclass(frozen=True, slots=True)
class HeldOrder:
    """An order under its lock. `types` are those of the statuses that were asked after, None where there is none."""

    orders_on: bool
    types: list[str | None]
    standing: Standing


def hold_order(order: Any, statuses: Sequence[int] = ()) -> HeldOrder:
    """Take the ledger, then lock this order, and see of which types these statuses are.

    On PostgreSQL one statement, which is written down: every save that changes a status begins with it.
    """
    if not is_postgresql():
        return _read(order, statuses)
    rows = execute(HOLD_ORDER.format(types=TYPE_OF * len(statuses)), [*statuses, order.pk])
    if not rows:
        raise type(order).DoesNotExist(f"There is no order {order.pk}.")
    row = rows[0]
    _held, orders_on, *types = row[len(STANDING_COLUMNS) :]
    return HeldOrder(orders_on, types, Standing.from_columns(dict(zip(STANDING_COLUMNS, row, strict=False))))


def _read(order: Any, statuses: Sequence[int]) -> HeldOrder:
    """On SQLite the transaction itself is the lock."""
    orders_on = Workspace.orders_are_on()
    types = {
        f"type_{place}": models.Subquery(OrderStatus.objects.filter(pk=pk).order_by().values("type"))
        for place, pk in enumerate(statuses)
    }
    row = type(order)._default_manager.filter(pk=order.pk).values(*STANDING_COLUMNS, **types).get()
    return HeldOrder(orders_on, [row[name] for name in types], Standing.from_columns(row))


def hold_ledger_alone() -> None:
    """Wait until no writer is open, and keep others out until the transaction ends."""
    hold(LEDGER_LOCK)


@dataclass(frozen=True, slots=True)
class Settled:
    """The ids up to which no row can appear any more."""

    ledger: int
    inbox: int


# Of what a lock's number tells: whose last id it shows is in its upper bits, the id in the lower forty.
SHOWN = """
SELECT min(id) FILTER (WHERE shows = %s), min(id) FILTER (WHERE shows = %s) FROM (
    SELECT classid::bigint >> 8 AS shows, (classid::bigint & 255) << 32 | objid::bigint AS id FROM pg_locks
    WHERE locktype = 'advisory' AND objsubid = 1 AND pid <> pg_backend_pid()
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
) AS held
"""


def last_ids() -> tuple[str, str]:
    """SQL for the last id drawn of the ledger, and of the inbox."""
    if is_postgresql():
        return LAST_IN_LEDGER, LAST_IN_INBOX
    return LAST_VISIBLE.format("orders_statustransition"), LAST_VISIBLE.format("orders_statuschange")


def settled() -> Settled:
    """How far ledger and inbox are settled, as of now.

    Two statements, in this order: a writer that shows itself only after we looked draws ids after those we counted.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(last_ids())}")
        drawn: tuple[int, int] = cursor.fetchone()
        if not is_postgresql():
            return Settled(*drawn)
        cursor.execute(SHOWN, [LEDGER_SHOWN >> 40, INBOX_SHOWN >> 40])
        shown: tuple[int | None, int | None] = cursor.fetchone()
    return Settled(*(last if first is None else min(last, first) for last, first in zip(drawn, shown, strict=True)))


def settled_up_to() -> int | None:
    """The id up to which no transition can appear any more; None: all that is visible is settled."""
    return settled().ledger if is_postgresql() else None
