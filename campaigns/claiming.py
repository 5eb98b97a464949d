"""Which rows of a queue a worker takes next: the urgent ones first, and always some of the others.

Joined in one statement, PostgreSQL sorts the whole queue until it has statistics of it, as on the first day of a big
campaign. So first a page of keys is locked, along the index of what is due, then those rows are read by key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from django.db import models
from django.db.models import Q

from campaigns.models import Campaign, Lane
from workspace.database import lock_rows, set_size

R = TypeVar("R", bound=models.Model)

# Of some rows (primary keys, in their order) those whose turn it is.
Turn = Callable[[Sequence[int]], Sequence[int]]

# Of a batch, at least this share is left to the bulk lane: a steady stream of urgent work starves nobody.
SHARE_OF_BULK = 5
# A batch of bulk is small, since an urgent row that comes meanwhile waits for its end.
LARGEST_BULK = 500


def claim(due: models.QuerySet[R], limit: int | None = None, *, in_turn: Turn = lambda keys: keys) -> list[R]:
    """Lock the next rows of active campaigns that nobody else holds, at most about `limit` (by default what the
    database likes). `due`: those of whatever campaign.
    """
    limit = limit or set_size()
    due = of_active(due)
    urgent = _take(due.filter(lane=Lane.URGENT), limit, in_turn)
    room = min(LARGEST_BULK, max(limit - len(urgent), limit // SHARE_OF_BULK, 1))
    return urgent + _take(due.filter(lane=Lane.BULK), room, in_turn)


def of_active(rows: models.QuerySet[R]) -> models.QuerySet[R]:
    """Those of active campaigns. A list of the others, not a join: see above."""
    return rows.exclude(campaign__in=list(Campaign.objects.inactive().values_list("pk", flat=True)))


def next_page(due: models.QuerySet[R]) -> list[int]:
    """Primary keys of what is due first, as many as the database likes, for whoever only looks."""
    return list(due.order_by("due_at", "pk").values_list("pk", flat=True)[: set_size()])


def lock_free(rows: models.QuerySet[R]) -> list[R]:
    return list(lock_rows(rows, skip_locked=True, only_self=True))


def _take(due: models.QuerySet[R], limit: int, in_turn: Turn) -> list[R]:
    """Of the first pages some may not have their turn yet: they are let go again with the transaction."""
    taken: list[R] = []
    for page in _pages(due, limit):
        keys = in_turn(page)[: limit - len(taken)]
        taken += due.filter(pk__in=set(keys)).order_by("due_at", "pk")
        if len(taken) == limit:
            break
    return taken


def _pages(due: models.QuerySet[R], size: int) -> Iterator[list[int]]:
    """Their primary keys, in the order in which they are due, locked as they are read: between reading and locking
    another worker could claim them, and would wait for us to let them go."""
    free = lock_rows(due.order_by("due_at", "pk").values_list("due_at", "pk"), skip_locked=True)
    page = list(free[:size])
    while page:
        yield [pk for _due_at, pk in page]
        if len(page) < size:
            return
        due_at, pk = page[-1]
        size = max(size, set_size())
        page = list(free.filter(Q(due_at__gt=due_at) | Q(pk__gt=pk), due_at__gte=due_at)[:size])
