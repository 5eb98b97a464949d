"""Working through a queue that is a table: a batch at a time, and a row that cannot be worked on fails alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from django.db import InterfaceError, OperationalError, models, transaction

R = TypeVar("R", bound=models.Model)

Claim = Callable[[Sequence[int] | None], list[R]]
Work = Callable[[list[R]], list[R]]
Bury = Callable[[R, Exception], None]


def work_batch(claim: Claim[R], work: Work[R], bury: Bury[R]) -> tuple[int, list[R]]:
    """Claim rows and work on them in one transaction. Answers how many were claimed, and which rows `work` answered
    to be gone on with: only those whose transaction was committed.

    `claim(None)` locks and answers the next rows, `claim(ids)` those of them that are still there to be had. If `work`
    fails, nothing of it stays and the batch is halved down to the row that does it, which `bury` marks as failed.
    When the database itself is away (OperationalError) nobody is to blame: it is raised, and the batch remains due.
    """
    claimed: list[R] = []
    try:
        with transaction.atomic():
            claimed = claim(None)
            ready = work(claimed)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:  # noqa: BLE001 - whatever one row makes a step or a text do must not stop the others
        ready = _work_apart([row.pk for row in claimed], error, claim, work, bury)
    return len(claimed), ready


def _work_apart(ids: Sequence[int], error: Exception, claim: Claim[R], work: Work[R], bury: Bury[R]) -> list[R]:
    if not ids:
        raise error
    if len(ids) == 1:
        with transaction.atomic():
            for row in claim(ids):
                bury(row, error)
        return []
    ready: list[R] = []
    for half in (ids[: len(ids) // 2], ids[len(ids) // 2 :]):
        try:
            with transaction.atomic():
                ready_of_half = work(claim(half))
        except (OperationalError, InterfaceError):
            raise
        except Exception as error_of_half:  # noqa: BLE001
            ready_of_half = _work_apart(half, error_of_half, claim, work, bury)
        ready += ready_of_half
    return ready
