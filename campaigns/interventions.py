"""What a person does about orders under way: hold, release, try again, stop. One or many, each with its reason kept.

Each is a decision like those of steps, taken down by the same book under the run's lock. Nobody is waited for while a
lock is held: a run that a worker has in hand just now is asked again a moment later.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from campaigns import doorbell, waking
from campaigns.claiming import lock_free
from campaigns.engine import Book
from campaigns.models import (
    CallSkip,
    CallState,
    CampaignState,
    Message,
    MessageState,
    Run,
    RunState,
    SkipReason,
    WebhookCall,
)
from campaigns.owed import OWED
from workspace.database import set_size, write_rows
from workspace.queues import CALLS, RUNS, SENDING

LONGEST_REASON = 200
# So long the asker waits; what is not done by then is asked for again.
PATIENCE_S = 20.0
PAUSE_S = 0.1
BY_PERSON = "by_person"


@dataclass(frozen=True, slots=True)
class Why:
    """A reason in a person's words, and the person; None: a key or a command."""

    reason: str
    by: int | None = None

    def seen(self) -> dict[str, Any]:
        return {"why": self.reason[:LONGEST_REASON], "by": self.by}


@dataclass(frozen=True, slots=True)
class Done:
    """`left`: how many were not come to, as workers had them in hand or there were too many for once."""

    done: int
    left: int


Change = Callable[[Book, list[Run], Why], None]


def hold(runs: QuerySet[Run], why: Why) -> Done:
    """Nothing is done about them until they are released; a text that is not with a gateway yet waits with them."""
    return _each(runs.filter(state=RunState.WAITING, held_at=None), _hold, why)


def release(runs: QuerySet[Run], why: Why) -> Done:
    return _each(runs.filter(state=RunState.WAITING, held_at__isnull=False), _release, why)


def retry(runs: QuerySet[Run], why: Why) -> Done:
    """What failed goes on from the step that failed."""
    failed = runs.filter(state=RunState.FAILED).exclude(campaign__state=CampaignState.ENDED)
    return _each(failed, _retry, why)


def stop(runs: QuerySet[Run], why: Why) -> Done:
    """They get no further text, but one that is being sent just now."""
    return _each(runs.filter(state=RunState.WAITING), _stop, why)


VERBS: dict[str, Callable[[QuerySet[Run], Why], Done]] = {
    "hold": hold,
    "release": release,
    "retry": retry,
    "stop": stop,
}


def _hold(book: Book, runs: list[Run], why: Why) -> None:
    for run in runs:
        book.note(run, "held", why.seen())
        book.hold(run)


def _release(book: Book, runs: list[Run], why: Why) -> None:
    ids = [run.pk for run in runs]
    owing = set(
        chain(*(kind.objects.filter(run__in=ids, ended_at=None).values_list("run", flat=True) for kind in OWED))
    )
    for run in runs:
        book.note(run, "released", why.seen())
        book.release(run, wakes=run.pk not in owing)
    _let_go(Message.objects.filter(run__in=ids, state=MessageState.PENDING, is_held=True), book.now)
    _let_go(WebhookCall.objects.filter(run__in=ids, state=CallState.PENDING), book.now)
    _ring()


def _let_go(held: QuerySet[Message] | QuerySet[WebhookCall], now: datetime) -> None:
    rows: list[Any] = lock_free(held.order_by("pk"))
    for row in rows:
        row.due_at = now
    write_rows(rows, ("due_at",))


def _retry(book: Book, runs: list[Run], why: Why) -> None:
    for run in runs:
        book.begin_again(run)
        book.note(run, "retried", why.seen())
    _ring()


def _stop(book: Book, runs: list[Run], why: Why) -> None:
    for run in runs:
        book.note(run, "stopped", {"reason": BY_PERSON, **why.seen()})
        book.end(run, RunState.STOPPED, BY_PERSON)
    ids = [run.pk for run in runs]
    # Who has one locked asks whether it may leave, and knows of this once we are through.
    texts = lock_free(
        Message.objects.filter(run__in=ids, state=MessageState.PENDING, is_uncertain=False).order_by("pk")
    )
    for text in texts:
        text.state, text.skip_reason, text.is_held = MessageState.SKIPPED, SkipReason.STOPPED, False
        text.due_at, text.ended_at = None, book.now
    write_rows(texts, ("state", "skip_reason", "is_held", "due_at", "ended_at"))
    calls = lock_free(WebhookCall.objects.filter(run__in=ids, state=CallState.PENDING).order_by("pk"))
    for call in calls:
        call.state, call.skip_reason, call.due_at, call.ended_at = CallState.SKIPPED, CallSkip.STOPPED, None, book.now
    write_rows(calls, ("state", "skip_reason", "due_at", "ended_at"))
    waking.expect(dict.fromkeys(runs, ()), book.now)


def _ring() -> None:
    doorbell.ring_on_commit(RUNS)
    doorbell.ring_on_commit(SENDING)
    doorbell.ring_on_commit(CALLS)


def _each(runs: QuerySet[Run], change: Change, why: Why) -> Done:
    """Round after round, until none is left that was there at first, or the asker has waited long enough."""
    deadline, done = time.monotonic() + PATIENCE_S, 0
    newest = runs.order_by("-pk").values_list("pk", flat=True).first() or 0
    asked = runs.filter(pk__lte=newest).order_by("pk")
    while True:
        done_now = 0
        for ids in _pages(asked, deadline):
            done_now += _change(asked, ids, change, why)
        done += done_now
        left = asked.count()
        if not left or time.monotonic() > deadline:
            return Done(done, left)
        if not done_now:
            time.sleep(PAUSE_S)


def _pages(runs: QuerySet[Run], deadline: float) -> Iterator[list[int]]:
    last = 0
    while time.monotonic() < deadline:
        page = list(runs.filter(pk__gt=last).values_list("pk", flat=True)[: set_size()])
        if not page:
            return
        yield page
        last = page[-1]


def _change(runs: QuerySet[Run], ids: Sequence[int], change: Change, why: Why) -> int:
    with transaction.atomic():
        mine = lock_free(runs.filter(pk__in=ids))
        book = Book(timezone.now())
        change(book, mine, why)
        book.write()
    return len(mine)
