"""Which rows of a queue a worker takes next: the urgent ones first, and always some of the others."""

from __future__ import annotations

from typing import TypeVar

from django.db import models

from campaigns.models import Lane
from workspace.database import lock_rows, set_size

R = TypeVar("R", bound=models.Model)

# Of a batch, at least this share is left to the bulk lane: a steady stream of urgent work starves nobody.
SHARE_OF_BULK = 5
# A batch of bulk is small, since an urgent row that comes meanwhile waits for its end.
LARGEST_BULK = 500


def claim(due: models.QuerySet[R], limit: int | None = None) -> list[R]:
    """Lock the next due rows that nobody else holds, at most about `limit` (by default what the database likes)."""
    limit = limit or set_size()
    urgent = lock_free(_next(due, Lane.URGENT)[:limit])
    room = min(LARGEST_BULK, max(limit - len(urgent), limit // SHARE_OF_BULK, 1))
    return urgent + lock_free(_next(due, Lane.BULK)[:room])


def lock_free(rows: models.QuerySet[R]) -> list[R]:
    return list(lock_rows(rows, skip_locked=True, only_self=True))


def _next(due: models.QuerySet[R], lane: Lane) -> models.QuerySet[R]:
    return due.filter(lane=lane).order_by("due_at", "pk")
