"""What steps may look at: the orders, customers and transitions of a batch of runs, read once for all of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple

from django.db.models import Exists

from analytics.subjects import Batch, Subject
from campaigns import columns
from campaigns.models import Campaign, Message, Run, WebhookCall
from campaigns.occasions import later_moves, later_orders
from orders.models import Order, OrderDate, StatusTransition
from statuses.vocabulary import Words
from workspace.models import Workspace

UNREAD_OF_ORDER = (
    *columns.OF_ORDER,
    *columns.OF_ORDER_BY_STEPS,
    *columns.under("customer", columns.OF_CUSTOMER, columns.OF_CUSTOMER_BY_STEPS),
)
READ_OF_MESSAGE = READ_OF_CALL = ("run", "step", "state", "skip_reason")


class Moved(NamedTuple):
    """A transition as steps ask about an order's past."""

    pk: int
    type: str
    from_id: int | None
    to_id: int
    occurred_at: datetime

    def told(self, words: Words) -> dict[str, str]:
        """As it is written down with a decision."""
        return {"type": self.type, "to": words[self.to_id].code, "occurred_at": self.occurred_at.isoformat()}


class World:
    """Read-only, at one moment. Each kind of row is one query for the batch, made when first asked for.

    `told_by`: of moves those alone that were told by then; None: all that are known. `stood_at`: by run the step at
    which it stood before any was asked, empty at the gate: at one that it only comes to, it owes nothing yet. None:
    that is asked of each.
    """

    def __init__(
        self,
        runs: Sequence[Run],
        now: datetime,
        *,
        told_by: datetime | None = None,
        stood_at: Mapping[int, str] | None = None,
    ) -> None:
        self.runs = runs
        self.now = now
        self._told_by = told_by
        self._stood_at = stood_at
        self._moves: dict[str, dict[int, list[Moved]]] = {}

    def order(self, run: Run) -> Order | None:
        return None if run.order_id is None else self._orders[run.order_id]

    def transition(self, run: Run) -> StatusTransition | None:
        return None if run.transition_id is None else self._transitions[run.transition_id]

    def has_left(self, run: Run) -> bool:
        """Whether its order went on from where its transition led."""
        return run.pk in self._left

    def has_ordered_again(self, run: Run) -> bool:
        """Whether the customer of its order has placed a later one."""
        return run.pk in self._ordered_again

    def date(self, run: Run, name: str) -> OrderDate | None:
        """The date of its order by that name (`custom.appointment`)."""
        return self._dates.get((run.order_id, name))

    def message(self, run: Run, step: str) -> Message | None:
        return self._messages.get((run.pk, step)) if self._may_owe(run, step) else None

    def call(self, run: Run, step: str) -> WebhookCall | None:
        return self._calls.get((run.pk, step)) if self._may_owe(run, step) else None

    def moves(self, run: Run, type: str) -> Sequence[Moved]:
        """All moves of the run's own order, of one type, in the order of the ledger. One query for each type."""
        if run.order_id is None:
            return ()
        if type not in self._moves:
            self._moves[type] = self._read_moves(type)
        return self._moves[type][run.order_id]

    def subject(self, run: Run) -> Subject:
        order = self.order(run)
        assert order is not None, "a run of this kind has an order"
        words = self.vocabulary
        return Subject(order, self.transition(run), words, self._batch, words.renamed, run.campaign_id)

    def owing(self, run: Run, step: str, lifetime: timedelta | None) -> dict[str, Any]:
        """The columns that all has in common that a run owes to the outside."""
        order = self.order(run)
        told = self.transition(run) or order
        return {
            "run_id": run.pk,
            "step": step,
            "campaign_id": run.campaign_id,
            "order_id": run.order_id,
            "customer_id": order.customer_id if order else None,
            "is_test": bool(told and told.is_test),
            "expires_at": self.now + lifetime if lifetime else None,
            "due_at": self.now,
            "created_at": self.now,
        }

    def zone(self, run: Run) -> str:
        """The customer's, or the installation's own."""
        order = self.order(run)
        return (order and order.customer and order.customer.timezone) or self.home_zone

    def code_of(self, run: Run) -> str:
        """The code of the run's campaign."""
        return self._codes[run.campaign_id]

    @cached_property
    def _codes(self) -> dict[int, str]:
        ids = {run.campaign_id for run in self.runs}
        return dict(Campaign.objects.filter(pk__in=ids).order_by().values_list("pk", "code"))

    @cached_property
    def vocabulary(self) -> Words:
        return Words()

    @cached_property
    def _batch(self) -> Batch:
        return Batch(self._orders.values(), self.now)

    @cached_property
    def home_zone(self) -> str:
        """The installation's own."""
        return Workspace.current().timezone

    @cached_property
    def _left(self) -> set[int]:
        ids = {run.pk for run in self.runs if run.transition_id}
        return set(Run.objects.filter(Exists(later_moves("transition__")), pk__in=ids).values_list("pk", flat=True))

    @cached_property
    def _ordered_again(self) -> set[int]:
        ids = {run.pk for run in self.runs if run.order_id}
        return set(Run.objects.filter(Exists(later_orders("order__")), pk__in=ids).values_list("pk", flat=True))

    @cached_property
    def _dates(self) -> dict[tuple[int | None, str], OrderDate]:
        rows = OrderDate.objects.filter(order__in={run.order_id for run in self.runs if run.order_id}).order_by()
        return {(row.order_id, row.name): row for row in rows}

    @cached_property
    def _orders(self) -> dict[int, Order]:
        ids = {run.order_id for run in self.runs if run.order_id}
        return Order.objects.select_related("customer").defer(*UNREAD_OF_ORDER).in_bulk(ids)

    @cached_property
    def _transitions(self) -> dict[int, StatusTransition]:
        ids = {run.transition_id for run in self.runs if run.transition_id}
        return StatusTransition.objects.defer(*columns.OF_TRANSITION).in_bulk(ids)

    def _read_moves(self, type: str) -> dict[int, list[Moved]]:
        ids = {run.order_id for run in self.runs if run.order_id}
        rows = StatusTransition.objects.filter(order__in=ids, type=type).order_by("order_id", "pk")
        if self._told_by is not None:
            rows = rows.filter(received_at__lte=self._told_by)
        moves: dict[int, list[Moved]] = defaultdict(list)
        for order_id, *row in rows.values_list("order_id", "pk", "type", "from_status", "to_status", "occurred_at"):
            moves[order_id].append(Moved._make(row))
        return moves

    def _may_owe(self, run: Run, step: str) -> bool:
        return self._stood_at is None or self._stood_at[run.pk] == step

    @cached_property
    def _inside(self) -> set[int]:
        """The runs that may owe something."""
        return {run.pk for run in self.runs if self._stood_at is None or self._stood_at[run.pk]}

    @cached_property
    def _messages(self) -> dict[tuple[int, str], Message]:
        rows = Message.objects.filter(run__in=self._inside).only(*READ_OF_MESSAGE).order_by()
        return {(row.run_id, row.step): row for row in rows}

    @cached_property
    def _calls(self) -> dict[tuple[int, str], WebhookCall]:
        rows = WebhookCall.objects.filter(run__in=self._inside).only(*READ_OF_CALL).order_by()
        return {(row.run_id, row.step): row for row in rows}
