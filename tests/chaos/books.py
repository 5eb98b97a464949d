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
       (SELECT count(*) FROM campaigns_receipt WHERE message_id IS NOT NULL)
"""
IN_HAND = "SELECT count(*) FROM campaigns_message WHERE state IN ('claimed', 'calling')"
DUE = """
SELECT max(at) FROM (
    SELECT max(due_at) AS at FROM campaigns_run WHERE state = 'waiting'
    UNION ALL SELECT max(due_at) FROM campaigns_message WHERE state IN ('pending', 'unknown')
    UNION ALL SELECT max(leased_until) FROM campaigns_message WHERE state IN ('claimed', 'calling')
) AS due
"""
MESSAGES = """
SELECT m.id, m.reference, m.state, c.code, m.step, o.external_id, t.id, m.created_at, t.occurred_at
FROM campaigns_message m JOIN campaigns_campaign c ON c.id = m.campaign_id JOIN campaigns_run r ON r.id = m.run_id
JOIN orders_statustransition t ON t.id = r.transition_id JOIN orders_order o ON o.id = r.order_id
ORDER BY m.id
"""
BEFELL = "SELECT message_id, what, gateway, detail FROM campaigns_messageevent ORDER BY id"
# Everybody else waits for us no longer than for each other.
SQLITE_PATIENCE_S = 20


@dataclass(frozen=True)
class Pulse:
    runs: int
    messages: int
    unknown: int
    run_events: int
    message_events: int
    receipts: int

    @property
    def is_quiet(self):
        return not self.runs and not self.messages


@dataclass(frozen=True)
class Kept:
    """One message as it stands in the books, of one change of its order. `befell`: what was not plain sailing."""

    pk: int
    reference: str
    state: str
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
        """The latest moment at which anything that waits is due, or is asked about."""
        return _moment(self._ask(DUE)[0][0])

    def messages(self):
        befell = defaultdict(list)
        for pk, *words in self._ask(BEFELL):
            befell[pk].append(" ".join(words).strip())
        return [
            Kept(pk, _reference(reference), *rest, _moment(created_at), _moment(occurred_at), tuple(befell[pk]))
            for pk, reference, *rest, created_at, occurred_at in self._ask(MESSAGES)
        ]

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


def _moment(value):
    """SQLite keeps times as text, in UTC."""
    if isinstance(value, str):
        return datetime.fromisoformat(value).replace(tzinfo=UTC)
    return value and value.astimezone(UTC)


def _reference(value):
    """SQLite keeps it without dashes."""
    return str(value).replace("-", "")
