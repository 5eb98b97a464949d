"""The same work by hand: the statements that somebody would write who wants nothing but speed, on our schema.

They leave the same rows. They lock and dedupe as ours do, since a batch that does not is another, easier task.
"""

from __future__ import annotations

import json
import os
import sys
import time
import uuid
from collections.abc import Sequence
from datetime import datetime
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import UUID

import psycopg

if TYPE_CHECKING:
    from orders.said import Said

# Inbox, orders, ledger and runs in one statement: each part feeds the next, and no row is seen by the client.
HEAR = """
WITH said AS MATERIALIZED (
    SELECT * FROM unnest(%(orders)s::text[], %(codes)s::text[], %(times)s::timestamptz[], %(events)s::text[])
    AS said (external_id, code, occurred_at, event_id)
), locked AS MATERIALIZED (
    SELECT id, external_id, customer_id, total_minor, currency, general_status_id, delivery_status_id,
           payment_status_id, payment_heard_at
    FROM orders_order WHERE external_id = ANY(%(orders)s) ORDER BY id FOR NO KEY UPDATE
), moved AS MATERIALIZED (
    SELECT locked.*, said.occurred_at, said.event_id, said.code, status.id AS to_id
    FROM said JOIN locked USING (external_id)
    JOIN statuses_orderstatus status ON status.type = 'payment' AND status.code_key = lower(said.code)
    WHERE status.id IS DISTINCT FROM locked.payment_status_id
      AND (locked.payment_heard_at IS NULL OR said.occurred_at >= locked.payment_heard_at)
), inbox AS (
    INSERT INTO orders_statuschange (source_id, event_id, order_id, order_external_id, type, code, status_id,
        occurred_at, received_at, fires, is_test, verdict)
    SELECT %(source)s, event_id, id, external_id, 'payment', code, to_id, occurred_at, %(now)s, true, false, 'moved'
    FROM moved ON CONFLICT (source_id, event_id) DO NOTHING
    RETURNING id, order_id
), standing AS (
    UPDATE orders_order SET payment_status_id = moved.to_id, payment_heard_at = moved.occurred_at, updated_at = %(now)s
    FROM moved JOIN inbox ON inbox.order_id = moved.id WHERE orders_order.id = moved.id
), ledger AS (
    INSERT INTO orders_statustransition (order_id, type, from_status_id, to_status_id, occurred_at, received_at,
        source_id, change_id, silent_because, is_test, customer_id, general_status_id, delivery_status_id,
        payment_status_id, total_minor, currency)
    SELECT moved.id, 'payment', payment_status_id, to_id, occurred_at, %(now)s, %(source)s, inbox.id, '', false,
        customer_id, general_status_id, delivery_status_id, to_id, total_minor, currency
    FROM moved JOIN inbox ON inbox.order_id = moved.id
    RETURNING id, order_id, customer_id, to_status_id, occurred_at
)
INSERT INTO campaigns_run (campaign_id, version_id, occasion, transition_id, order_id, customer_id, lane, state, step,
    step_at, due_at, reason, event_count, entered_at)
SELECT activation.campaign_id, activation.version_id, 't:' || ledger.id, ledger.id, order_id, customer_id,
    activation.lane, 'waiting', '', %(now)s, %(now)s, '', 0, %(now)s
FROM ledger
JOIN campaigns_watch watch ON watch.type = 'payment'
 AND (watch.to_status_id IS NULL OR watch.to_status_id = ledger.to_status_id)
JOIN campaigns_activation activation ON activation.id = watch.activation_id AND activation.until_transition IS NULL
WHERE activation.effective_from IS NULL OR ledger.occurred_at >= activation.effective_from
ON CONFLICT (campaign_id, occasion) DO NOTHING
"""


def hear(connection: psycopg.Connection[Any], said: Sequence[Said], source_id: int, now: datetime) -> int:
    """Take in changes of payment statuses, one for each order, in one transaction. Answers how many runs began."""
    with connection.transaction():
        cursor = connection.execute(
            HEAR,
            {
                "orders": [item.order for item in said],
                "codes": [item.code for item in said],
                "times": [item.occurred_at for item in said],
                "events": [item.event_id for item in said],
                "source": source_id,
                "now": now,
            },
        )
        return cursor.rowcount


def connect() -> psycopg.Connection[Any]:
    return psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)


# Runs at the gate that are due: what ours reads in several queries, joined.
CLAIM = """
SELECT run.id, run.campaign_id, run.order_id, run.customer_id, run.lane, transition.to_status_id,
       customer.first_name, customer.phone, orders.total_minor, orders.currency, orders.external_id
FROM campaigns_run run
JOIN campaigns_campaign campaign ON campaign.id = run.campaign_id AND campaign.state = 'active'
JOIN orders_statustransition transition ON transition.id = run.transition_id
JOIN orders_order orders ON orders.id = run.order_id
JOIN customers_customer customer ON customer.id = run.customer_id
WHERE run.state = 'waiting' AND run.due_at <= now()
ORDER BY run.lane, run.due_at, run.id LIMIT %s FOR NO KEY UPDATE OF run SKIP LOCKED
"""
# Each run passes the gate and the filter, and owes a text.
NOTE = """
INSERT INTO campaigns_runevent (run_id, number, step, at, outcome, seen)
SELECT run_id, event.number, event.step, now(), event.outcome, event.seen::jsonb
FROM unnest(%s::bigint[]) AS run_id, (VALUES (1, '', 'admitted', '{}'),
    (2, 'asked', 'yes', '{"order.currency": "EUR"}'), (3, 'text', 'owed', '{}')) AS event (number, step, outcome, seen)
"""
OWE = """
INSERT INTO campaigns_message (run_id, step, campaign_id, order_id, customer_id, is_test, lane, purpose, category,
    deliver, only_if_still_id, state, skip_reason, is_held, attempts, refused_by, reference, phone, text, parts,
    encoding, gateway, is_uncertain, gateway_id, error, created_at, called_at, receipt_reason)
SELECT run_id, 'text', campaign_id, order_id, customer_id, false, lane, 'transactional', '', 'immediately', status_id,
    'calling', '', false, 0, '[]', reference, phone, text, 1, 'gsm_7', 'raw', true, '', '', now(), now(), ''
FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::int[], %s::bigint[], %s::uuid[], %s::text[],
    %s::text[]) AS owed (run_id, campaign_id, order_id, customer_id, lane, status_id, reference, phone, text)
"""
PARK = "UPDATE campaigns_run SET step = 'text', step_at = now(), due_at = NULL, event_count = 3 WHERE id = ANY(%s)"
ACCEPT = """
UPDATE campaigns_message message
SET state = 'accepted', gateway_id = answer.id, sent_at = now(), ended_at = now(), is_uncertain = false
FROM unnest(%s::uuid[], %s::text[]) AS answer (reference, id) WHERE message.reference = answer.reference
"""
FINISH = """
WITH finished AS (UPDATE campaigns_run SET state = 'finished', ended_at = now(), event_count = 4 WHERE id = ANY(%s))
INSERT INTO campaigns_runevent (run_id, number, step, at, outcome, seen)
SELECT run_id, 4, 'text', now(), 'sent', '{}' FROM unnest(%s::bigint[]) AS run_id
"""


def carry(connection: psycopg.Connection[Any], gateway: Batches, size: int = 1000) -> int:
    """Carry so many due runs from the gate to their end: decide, owe, call, write what came of it."""
    with connection.transaction():
        rows = connection.execute(CLAIM, [size]).fetchall()
        if not rows:
            return 0
        ids = [row[0] for row in rows]
        references = [uuid.uuid4() for _ in rows]
        texts = [f"Hello {row[6]}, we have {row[8] / 100:.2f} {row[9]} for {row[10]}." for row in rows]
        runs, campaigns, orders, customers, lanes, statuses, _names, phones, *_ = zip(*rows, strict=True)
        connection.execute(NOTE, [ids])
        owed = (runs, campaigns, orders, customers, lanes, statuses, references, phones, texts)
        connection.execute(OWE, [list(column) for column in owed])
        connection.execute(PARK, [ids])
    answers = gateway.send(references, phones, texts)
    with connection.transaction():
        connection.execute(ACCEPT, [list(answers), list(answers.values())])
        connection.execute(FINISH, [ids, ids])
    return len(rows)


class Batches:
    """The provider's call for many messages, on one connection that is kept."""

    def __init__(self, url: str, per_call: int = 100) -> None:
        parts = urlsplit(url)
        self.connection, self.per_call = HTTPConnection(str(parts.hostname), parts.port), per_call

    def send(self, references: Sequence[UUID], phones: Sequence[str], texts: Sequence[str]) -> dict[str, str]:
        messages = [
            {"reference": str(reference), "to": phone, "from": "", "text": text}
            for reference, phone, text in zip(references, phones, texts, strict=True)
        ]
        answers: dict[str, str] = {}
        for begin in range(0, len(messages), self.per_call):
            some = messages[begin : begin + self.per_call]
            self.connection.request("POST", "/batch", json.dumps({"messages": some}))
            told = json.loads(self.connection.getresponse().read())["messages"]
            answers |= {one["reference"]: one["id"] for one in told}
        return answers


def work(url: str) -> None:
    """A process that waits for due runs and carries them, for ever."""
    gateway = Batches(url)
    with connect() as connection:
        print("ready", flush=True)
        while True:
            if not carry(connection, gateway):
                time.sleep(0.01)


if __name__ == "__main__":
    work(sys.argv[1])
