"""What an activation that reaches back looks along: changes or orders by their ids, or moments of the clock by their
time, as its trigger starts. It takes a set of them after another; how far it came, its back-fill keeps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from itertools import islice
from operator import or_
from typing import Any, Protocol

from django.db.models import Q, QuerySet

from campaigns.definitions import trigger_of
from campaigns.matching import change_of, creation_of, in_time, not_started
from campaigns.models import Activation, BackFill, Watch
from campaigns.steps.base import Occasion, Trigger, Window
from orders.models import Order, SilentBecause, StatusTransition
from workspace.database import in_sets, set_size

NEXT = timedelta(microseconds=1)
# How far it is counted what is left, so that a page which asks every few seconds costs little.
MOST_COUNTED = 10_000


@dataclass(frozen=True, slots=True)
class Taken:
    """The occasions of a set. `looked_at`: how much that took; 0 and not the last: it cannot be told here and now."""

    occasions: Sequence[Occasion]
    looked_at: int
    is_last: bool


class Way(Protocol):
    def take(self, back_fill: BackFill) -> Taken:
        """The next set. Moves the back-fill on, which somebody else saves."""

    def left(self, back_fill: BackFill) -> int:
        """How many it has not looked at, as far as they are counted: MOST_COUNTED are so many or more."""


def way_of(activation: Activation) -> Way:
    """As its trigger stands, with what became known since."""
    if activation.swept_to is not None:
        return Moments(trigger_of(activation.version.definition))
    return _rows(list(activation.watches.all()))


@dataclass(frozen=True, slots=True)
class Rows:
    """Changes or orders. `at`: when each came."""

    rows: QuerySet[Any]
    at: str
    as_occasion: Callable[[Any], Occasion]

    def take(self, back_fill: BackFill) -> Taken:
        rows = list(self._ahead(back_fill).order_by("pk")[: set_size()])
        is_last = len(rows) < set_size()
        back_fill.done_up_to = back_fill.upto if is_last else rows[-1].pk
        return Taken([self.as_occasion(row) for row in rows], len(rows), is_last)

    def left(self, back_fill: BackFill) -> int:
        return self._ahead(back_fill)[:MOST_COUNTED].count()

    def _ahead(self, back_fill: BackFill) -> QuerySet[Any]:
        rows, since = self.rows, back_fill.activation.effective_from
        if since is not None:
            rows = rows.filter(**{f"{self.at}__gte": since})
        return rows.filter(pk__gt=back_fill.done_up_to, pk__lte=back_fill.upto)


def _rows(watches: Sequence[Watch]) -> Rows:
    if any(watch.type == Watch.CREATED for watch in watches):
        orders = Order.objects.filter(silent_because=SilentBecause.FIRES).only("placed_at", "customer_id")
        return Rows(orders.order_by(), "placed_at", creation_of)
    asked: Q = reduce(or_, (watch.as_question() for watch in watches), Q(pk__in=[]))
    return Rows(StatusTransition.objects.loud().filter(asked).order_by(), "occurred_at", change_of)


@dataclass(frozen=True, slots=True)
class Moments:
    """What the clock would have brought, as far as it still stands. `trigger` None: this worker cannot read it."""

    trigger: Trigger | None

    def take(self, back_fill: BackFill) -> Taken:
        activation, since = back_fill.activation, _since(back_fill)
        until = self._as_far_as_a_set_goes(since, activation.activated_at)
        new: list[Occasion] = []
        looked_at = 0
        for found in in_sets(self._find(since, until)):
            new += not_started(activation.campaign_id, found)
            looked_at += len(found)
            if len(new) > set_size():
                return Taken(in_time(new[: set_size()]), looked_at, is_last=False)
        if self.trigger is not None:
            back_fill.reached_at = until
        return Taken(in_time(new), looked_at, is_last=back_fill.reached_at == activation.activated_at)

    def left(self, back_fill: BackFill) -> int:
        ahead = self._find(_since(back_fill), back_fill.activation.activated_at)
        return sum(1 for _occasion in islice(ahead, MOST_COUNTED))

    def _as_far_as_a_set_goes(self, since: datetime | None, until: datetime) -> datetime:
        """Or as one moment does, if more than a set came at once. What is found first need not have come first, as
        where customers live in several zones: then it is narrowed by halves."""
        most = set_size()
        while len(times := self._some_times(since, until)) > set_size():
            earlier = [at for at in times[:most] if at < until]
            if not earlier:
                break
            until, most = earlier[-1], set_size() // 2
        return until

    def _some_times(self, since: datetime | None, until: datetime) -> list[datetime]:
        """One more than a set has, if there are so many."""
        return sorted(each.at for each in islice(self._find(since, until), set_size() + 1))

    def _find(self, since: datetime | None, until: datetime) -> Iterator[Occasion]:
        return self.trigger.find(Window(since, until)) if self.trigger else iter(())


def _since(back_fill: BackFill) -> datetime | None:
    reached_at = back_fill.reached_at
    return back_fill.activation.effective_from if reached_at is None else reached_at + NEXT
