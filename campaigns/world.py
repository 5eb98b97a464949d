"""What steps may look at: the orders, customers and transitions of a batch of runs, read once for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property

from analytics.fields import Subject
from campaigns import columns
from campaigns.models import Message, Run
from orders.models import Order, StatusTransition
from statuses.vocabulary import Words

UNREAD_OF_ORDER = (
    *columns.OF_ORDER,
    *columns.OF_ORDER_BY_STEPS,
    *columns.under("customer", columns.OF_CUSTOMER, columns.OF_CUSTOMER_BY_STEPS),
)
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
        return StatusTransition.objects.defer(*columns.OF_TRANSITION).in_bulk(ids)

    @cached_property
    def _messages(self) -> dict[tuple[int, str], Message]:
        rows = Message.objects.filter(run__in={run.pk for run in self.runs}).only(*READ_OF_MESSAGE).order_by()
        return {(row.run_id, row.step): row for row in rows}
