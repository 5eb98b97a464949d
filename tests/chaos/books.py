"""What the installation itself says, asked of its tables in plain SQL, and which providers it is told to use."""

import sqlite3
from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime

import psycopg

# What is still to be done, and anything that changes while it is.
PULSE = """
SELECT (SELECT count(*) FROM campaigns_run WHERE state = 'waiting' AND due_at IS NOT NULL),
       (SELECT count(*) FROM campaigns_message WHERE state IN ('pending', 'claimed', 'calling')),
       (SELECT count(*) FROM campaigns_message WHERE state = 'unknown'),
       (SELECT count(*) FROM campaigns_runevent),
       (SELECT count(*) FROM campaigns_messageevent),
       (SELECT count(*) FROM campaigns_receipt WHERE message_id IS NOT NULL),
       (SELECT count(*) FROM campaigns_webhookcall WHERE state IN ('pending', 'calling')),
       (SELECT sum(attempts) FROM campaigns_webhookcall)
"""
IN_HAND = """
SELECT (SELECT count(*) FROM campaigns_message WHERE state IN ('claimed', 'calling'))
     + (SELECT count(*) FROM campaigns_webhookcall WHERE state = 'calling')
"""
DUE_TO_LEAVE = """
SELECT max(at) FROM (
    SELECT max(due_at) AS at FROM campaigns_message WHERE state IN ('pending', 'unknown')
    UNION ALL SELECT max(leased_until) FROM campaigns_message WHERE state IN ('claimed', 'calling')
    UNION ALL SELECT max(due_at) FROM campaigns_webhookcall WHERE state = 'pending'
    UNION ALL SELECT max(leased_until) FROM campaigns_webhookcall WHERE state = 'calling'
    UNION ALL SELECT max(out_until) FROM campaigns_webhookendpoint
        WHERE EXISTS (SELECT 1 FROM campaigns_webhookcall WHERE state = 'pending')
) AS due
"""
DUE_TO_GO_ON = "SELECT max(due_at) FROM campaigns_run WHERE state = 'waiting'"
MESSAGES = """
SELECT m.id, m.reference, m.state, m.skip_reason, c.code, m.step, o.external_id, t.id, m.created_at, t.occurred_at
FROM campaigns_message m JOIN campaigns_campaign c ON c.id = m.campaign_id JOIN campaigns_run r ON r.id = m.run_id
JOIN orders_statustransition t ON t.id = r.transition_id JOIN orders_order o ON o.id = r.order_id
ORDER BY m.id
"""
CALLS = """
SELECT w.id, w.reference, w.state, w.skip_reason, c.code, w.step, o.external_id, t.id, w.created_at, t.occurred_at
FROM campaigns_webhookcall w JOIN campaigns_campaign c ON c.id = w.campaign_id JOIN campaigns_run r ON r.id = w.run_id
JOIN orders_statustransition t ON t.id = r.transition_id JOIN orders_order o ON o.id = r.order_id
ORDER BY w.id
"""
# One that is being ruled on is waited for.
MESSAGES_OF = """
SELECT m.id, m.state = 'pending' AND NOT m.is_uncertain, m.state, m.skip_reason
FROM campaigns_message m JOIN customers_customer c ON c.id = m.customer_id WHERE c.external_id = '{customer}'
"""
CONSENTS = "SELECT external_id, sms_consent FROM customers_customer"
TEXTS = "SELECT gateway_id FROM campaigns_incomingtext"
BEFELL = "SELECT message_id, what, gateway, detail FROM campaigns_messageevent ORDER BY id"
# Everybody else waits for us no longer than for each other.
SQLITE_PATIENCE_S = 20
# The database is away just now.
UNREADABLE = (sqlite3.Error, psycopg.Error)


@dataclass(frozen=True)
class Pulse:
    runs: int
    messages: int
    unknown: int
    run_events: int
    message_events: int
    receipts: int
    calls: int
    tries: int

    @property
    def is_quiet(self):
        return not self.runs and not self.messages and not self.calls


@dataclass(frozen=True)
class Kept:
    """One message or call as it stands in the books, of one change of its order. `befell`: what did not go well."""

    pk: int
    reference: str
    state: str
    reason: str
    campaign: str
    step: str
    order: str
    change: int
    created_at: datetime
    occurred_at: datetime
    befell: tuple = ()

    @property
    def key(self):
        return f"{self.campaign} {self.step} {self.order} {self.occurred_at:%Y-%m-%dT%H:%M:%S}"


class Books:
    """Each question opens the database anew, since it may be ended at any moment."""

    def __init__(self, database_url):
        self.url = database_url

    def pulse(self):
        return Pulse(*self._ask(PULSE)[0])

    def in_hand(self):
        return self._ask(IN_HAND)[0][0]

    def last_due(self):
        """The latest moment at which anything that waits to leave is due, or is asked about; or else whatever waits."""
        leaves = self._ask(DUE_TO_LEAVE)[0][0]
        return _moment(leaves or self._ask(DUE_TO_GO_ON)[0][0])

    def messages(self):
        befell = defaultdict(list)
        for pk, *words in self._ask(BEFELL):
            befell[pk].append(" ".join(words).strip())
        return [_kept(row, tuple(befell[row[0]])) for row in self._ask(MESSAGES)]

    def calls(self):
        return [_kept(row) for row in self._ask(CALLS)]

    def messages_of(self, customer):
        """By message: whether it is still to be ruled on, its state, and why it was not sent."""
        is_postgres = not self.url.startswith("sqlite")
        asked = MESSAGES_OF.format(customer=customer) + ("ORDER BY m.id FOR SHARE OF m" if is_postgres else "")
        return {pk: (bool(is_open), state, reason) for pk, is_open, state, reason in self._ask(asked)}

    def consents(self):
        return dict(self._ask(CONSENTS))

    def texts(self):
        return [gateway_id for (gateway_id,) in self._ask(TEXTS)]

    def use_providers(self, chosen):
        """As an operator does under Settings > SMS: these are asked from now on, in this order, and no others."""
        with self._open() as connection:
            connection.execute("UPDATE campaigns_smsgateway SET is_active = FALSE")
            for position, code in enumerate(chosen, start=1):
                how = f"is_active = TRUE, position = {position}"
                connection.execute(f"UPDATE campaigns_smsgateway SET {how} WHERE code = '{code}'")
            connection.commit()

    def _ask(self, question):
        with self._open() as connection:
            return connection.execute(question).fetchall()

    def _open(self):
        if self.url.startswith("sqlite"):
            return closing(sqlite3.connect(self.url.removeprefix("sqlite:///"), timeout=SQLITE_PATIENCE_S))
        return psycopg.connect(self.url, connect_timeout=5)


def _kept(row, befell=()):
    pk, reference, *rest, created_at, occurred_at = row
    return Kept(pk, _reference(reference), *rest, _moment(created_at), _moment(occurred_at), befell)


def _moment(value):
    """SQLite keeps times as text, in UTC."""
    if isinstance(value, str):
        return datetime.fromisoformat(value).replace(tzinfo=UTC)
    return value and value.astimezone(UTC)


def _reference(value):
    """SQLite keeps it without dashes."""
    return str(value).replace("-", "")
