"""Makes the visits of orders from what the inbox and the ledger hold of them: docs/analytics.md, section History.

Everything is read, put in order and written by the database, whether of one order or of twenty thousand.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import BooleanField
from django.db.models.expressions import RawSQL

from analytics.models import Visit
from analytics.reports import rollups
from workspace.database import MOST_TRIES, is_postgresql

# In time, as docs/analytics.md has it.
PLACE = "PARTITION BY order_id, type ORDER BY occurred_at, sequence, received_at, kept_in, id"

# That a row of the ledger has none of the inbox is asked so that PostgreSQL finds it by its order: by what they lack it
# would read all such rows of all orders.
EVENTS = """
SELECT told.order_id, told.type, told.source_id, told.occurred_at, coalesce(told.sequence, 0) AS sequence,
       told.received_at, 0 AS kept_in, told.id,
       coalesce(reading.read_as_id, told.status_id) AS status_id, coalesce(reading.is_marked, TRUE) AS is_marked
FROM orders_statuschange AS told LEFT JOIN analytics_statusreading AS reading ON reading.status_id = told.status_id
WHERE told.{of_order} AND told.verdict IN ('moved', 'unchanged', 'late')
UNION ALL
SELECT saved.order_id, saved.type, saved.source_id, saved.occurred_at, 0,
       saved.received_at, 1, saved.id,
       coalesce(reading.read_as_id, saved.to_status_id), coalesce(reading.is_marked, TRUE)
FROM orders_statustransition AS saved
LEFT JOIN analytics_statusreading AS reading ON reading.status_id = saved.to_status_id
WHERE saved.{of_order} AND coalesce(saved.change_id, 0) = 0 AND saved.silent_because <> 'merge'
"""

VISITS = f"""
WITH event AS ({EVENTS}),
turn AS (
    SELECT event.*, lag(status_id) OVER ({PLACE}) AS from_status_id FROM event
),
stay AS (
    SELECT order_id, type, source_id, status_id, is_marked, from_status_id, occurred_at AS entered_at,
           row_number() OVER place AS ordinal, lead(occurred_at) OVER place AS left_at
    FROM turn WHERE from_status_id IS NULL OR from_status_id <> status_id WINDOW place AS ({PLACE})
),
path AS (
    SELECT stay.*, lag(status_id) OVER (PARTITION BY order_id, type, is_marked ORDER BY ordinal) AS path_from FROM stay
),
step AS (
    SELECT path.*, is_marked AND (path_from IS NULL OR path_from <> status_id) AS is_step FROM path
)
SELECT step.order_id, step.type, step.ordinal, its_order.customer_id, step.source_id, step.status_id,
       step.from_status_id, step.entered_at, step.left_at, step.is_step,
       CASE WHEN is_step THEN path_from END AS path_from_id,
       CASE WHEN is_step THEN lead(entered_at) OVER (PARTITION BY order_id, type, is_step ORDER BY ordinal) END
           AS path_left_at,
       CASE WHEN is_step THEN lead(entered_at) OVER (
           PARTITION BY order_id, type, is_step, status_id ORDER BY ordinal
       ) END AS again_at,
       its_order.total_minor, its_order.currency, its_order.is_test
FROM step JOIN orders_order AS its_order ON its_order.id = step.order_id
"""  # noqa: S608 - no values

# Orders whose visits are not those: rows that should be there, and rows that should not.
UNLIKE = """
WITH made AS ({visits}), kept AS (SELECT {columns} FROM analytics_visit WHERE {of_order})
SELECT order_id FROM (SELECT * FROM made EXCEPT SELECT * FROM kept) AS missing
UNION SELECT order_id FROM (SELECT * FROM kept EXCEPT SELECT * FROM made) AS too_many
"""

DELETE = "DELETE FROM analytics_visit WHERE id IN ({visits})"

COLUMNS = (
    "order_id, type, ordinal, customer_id, source_id, status_id, from_status_id, entered_at, left_at, is_step, "
    "path_from_id, path_left_at, again_at, total_minor, currency, is_test"
)


@dataclass(frozen=True, slots=True)
class Which:
    """Some orders, as a condition of a row by the column that says which order, or customer, it is of."""

    condition: str
    parameters: tuple[Any, ...]

    @classmethod
    def these(cls, ids: Collection[int], column: str = "order_id") -> Which:
        if is_postgresql():
            return cls(f"{column} = ANY(%s::bigint[])", (sorted(ids),))
        return cls(f"{column} IN (SELECT value FROM json_each(%s))", (json.dumps(sorted(ids)),))  # noqa: S608 - a name

    @classmethod
    def between(cls, first: int, last: int) -> Which:
        return cls("order_id BETWEEN %s AND %s", (first, last))


def make(which: Which) -> None:
    """Make their visits anew from all that is committed now. Safe beside itself: of two that make those of one order
    the second finds the first's there, and begins again.
    """
    for _nth in range(MOST_TRIES - 1):
        try:
            return _make(which)
        except IntegrityError:
            continue
    return _make(which)


def _make(which: Which) -> None:
    these = Visit.objects.filter(RawSQL(which.condition, which.parameters, BooleanField()))  # noqa: S611 - ours
    with transaction.atomic(), connection.cursor() as cursor:
        before = rollups.told(these)
        cursor.execute(DELETE.format(visits=_locked(which.condition)), which.parameters)
        visits = VISITS.format(of_order=which.condition)
        cursor.execute(f"INSERT INTO analytics_visit ({COLUMNS}) {visits} ORDER BY order_id", which.parameters * 2)
        rollups.reopen_changed(before, rollups.told(these))


def _locked(condition: str) -> str:
    """Visits in one order, so that of two that want those of several orders the second waits, and neither for ever."""
    visits = f"SELECT id FROM analytics_visit WHERE {condition}"  # noqa: S608 - ours
    return f"{visits} ORDER BY order_id, type, ordinal FOR UPDATE" if is_postgresql() else visits


def unlike(which: Which) -> set[int]:
    """Those of these orders whose visits are not what the inbox and the ledger hold of them."""
    visits = VISITS.format(of_order=which.condition)
    with connection.cursor() as cursor:
        cursor.execute(UNLIKE.format(visits=visits, columns=COLUMNS, of_order=which.condition), which.parameters * 3)
        return {order_id for (order_id,) in cursor.fetchall()}
