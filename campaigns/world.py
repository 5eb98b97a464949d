"""What steps may look at: the orders, customers and transitions of a batch of runs, read once for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property

from analytics.fields import Subject
from campaigns.models import Message, Run
from orders.models import Order, StatusTransition
from orders.standing import TYPES
from statuses.vocabulary import Words

# What no step asks for: the more columns, the dearer is an object of each row.
UNREAD_OF_ORDER = (
    *(f"{type}_heard_{what}" for type in TYPES for what in ("at", "sequence")),
    "lines",
    "delivery",
    "payment",
    "created_at",
    "updated_at",
    *(f"customer__{name}" for name in ("phone_written", "email", "sms_consent_source", "sms_consent_at")),
    *(f"customer__{name}" for name in ("refused_categories", "created_at", "updated_at")),
)
UNREAD_OF_TRANSITION = ("received_at", "source", "change", "actor_id", "silent_because", "order", "customer")
READ_OF_MESSAGE = ("run", "step", "state", "skip_reason")


class World:
    """Read-only, at one moment. Each kind of row is one query for the batch, made when first asked for."""

    def __init__(self, runs: Sequence[Run], now: datetime) -> None:
        self.runs = runs
        self.now = now

    def order(self, run: Run) -> Order | None:
        return None if run.order_id is None else self._orders[run.order_id]

    def transition(self, run: Run) -> StatusTransition | None:
        return None if run.transition_id is None else self._transitions[run.transition_id]

    def message(self, run: Run, step: str) -> Message | None:
        return self._messages.get((run.pk, step))

    def subject(self, run: Run) -> Subject:
        order = self.order(run)
        assert order is not None, "a run of this kind has an order"
        return Subject(order, self.transition(run), self.vocabulary, self.vocabulary.renamed)

    @cached_property
    def vocabulary(self) -> Words:
        return Words()

    @cached_property
    def _orders(self) -> dict[int, Order]:
        ids = {run.order_id for run in self.runs if run.order_id}
        return Order.objects.select_related("customer").defer(*UNREAD_OF_ORDER).in_bulk(ids)

    @cached_property
    def _transitions(self) -> dict[int, StatusTransition]:
        ids = {run.transition_id for run in self.runs if run.transition_id}
        return StatusTransition.objects.defer(*UNREAD_OF_TRANSITION).in_bulk(ids)

    @cached_property
    def _messages(self) -> dict[tuple[int, str], Message]:
        rows = Message.objects.filter(run__in={run.pk for run in self.runs}).only(*READ_OF_MESSAGE).order_by()
        return {(row.run_id, row.step): row for row in rows}
