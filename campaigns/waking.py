"""Runs that wait for their order's status to change are woken by the change.

Who writes the ledger never updates a run: it leaves a wake, which the engine takes before its next batch. A wake can be
missed only by a run that decided to wait while the change was written, each unseen by the other: so whoever waits is
looked after too, for as long as such a change could still be open. What happened is read from the ledger, in
campaigns/arrivals.py; a wake too many costs a question.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Coalesce

from campaigns import doorbell
from campaigns.claiming import lock_free
from campaigns.models import Awaited, CampaignState, Message, MessageState, Run, RunState, Wake
from orders.models import StatusTransition
from workspace.database import execute, insert_columns, lock_rows, set_size, write_rows
from workspace.failpoints import reach
from workspace.queues import RUNS, SENDING

# When a run that waits is looked after, counted each from the one before. No transaction that began before the run
# waited is open by the last.
LOOKS = (timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=10), timedelta(hours=1), timedelta(hours=12))


IS_ANY = f"""
SELECT EXISTS (SELECT 1 FROM {Wake._meta.db_table})
    OR EXISTS (SELECT 1 FROM {Awaited._meta.db_table} WHERE look_at <= %s)
"""  # noqa: S608 - names of ours


def wake(runs: Collection[int]) -> None:
    """Let the engine ask these runs again once this transaction is committed."""
    if runs:
        insert_columns(Wake, ("run_id",), [(run,) for run in sorted(runs)])
        doorbell.ring_on_commit(RUNS)


def rouse(now: datetime) -> bool:
    """Make due whom a change has woken, and who is to be looked after. Answers whether some are in other hands just
    now, which may not have seen the change: they are left for later."""
    if not _is_any(now):
        return False
    in_hand = _rouse(now)
    reach("waking.roused")
    return in_hand


def _is_any(now: datetime) -> bool:
    """Every batch asks this first, mostly to hear that there is none: one statement, and no transaction."""
    [(is_any,)] = execute(IS_ANY, [now])
    return bool(is_any)


@transaction.atomic
def _rouse(now: datetime) -> bool:
    wakes = dict(lock_rows(Wake.objects.order_by("pk"), skip_locked=True).values_list("pk", "run")[: set_size()])
    looks = list(lock_rows(_to_look_after(now), skip_locked=True)[: set_size()])
    if not wakes and not looks:
        return False
    in_hand = _make_due({*wakes.values(), *_changed(looks)}, now) | _ask_held_again(set(wakes.values()), now)
    Wake.objects.filter(pk__in=[pk for pk, run in wakes.items() if run not in in_hand]).delete()
    _look_again([row for row in looks if row.run_id not in in_hand], now)
    return bool(in_hand)


def expect(wanted: Mapping[Run, Collection[str]], now: datetime) -> None:
    """Let exactly these types of status wake these runs."""
    if not wanted:
        return
    there = {(row.run_id, row.type): row.pk for row in Awaited.objects.filter(run__in=wanted)}
    missing, first = {(run.pk, type): run for run, types in wanted.items() for type in types}, now + LOOKS[0]
    rows = [(pk, run.order_id, type, 0, first) for (pk, type), run in missing.items() if (pk, type) not in there]
    insert_columns(Awaited, ("run_id", "order_id", "type", "looks", "look_at"), rows)
    if needless := [pk for place, pk in there.items() if place not in missing]:
        Awaited.objects.filter(pk__in=needless).delete()


def _to_look_after(now: datetime) -> QuerySet[Awaited]:
    return Awaited.objects.filter(look_at__lte=now).order_by("look_at")


def _changed(looks: Collection[Awaited]) -> Collection[int]:
    """Of runs that are looked after, those whose order has changed since they entered: most have not, and need not be
    asked. Changes of one order are written one after another, so one that was unseen has a higher id than the run's.
    """
    since = Coalesce(OuterRef("run__transition"), 0)
    moves = StatusTransition.objects.filter(order=OuterRef("order"), type=OuterRef("type"), pk__gt=since)
    rows = Awaited.objects.filter(Exists(moves), pk__in=[row.pk for row in looks])
    return rows.values_list("run", flat=True) if looks else ()


def _make_due(runs: Collection[int], now: datetime) -> set[int]:
    """Answers those that another worker has in hand. Nobody is waited for, so that nobody waits for each other."""
    if not runs:
        return set()
    waiting = Run.objects.filter(pk__in=runs, state=RunState.WAITING, due_at__isnull=False, held_at=None)
    free = [run.pk for run in lock_free(waiting.only("pk"))]
    Run.objects.filter(pk__in=free, due_at__gt=now).update(due_at=now)
    return set(waiting.exclude(pk__in=free).values_list("pk", flat=True))


def _ask_held_again(runs: Collection[int], now: datetime) -> set[int]:
    """A run whose text is held for the morning is asked through that: the law rules on it once more, and would anyway
    before it leaves. Not while its campaign is paused: as if it were due then, it might be dropped later."""
    waiting = Message.objects.filter(run__in=runs, state=MessageState.PENDING, is_held=True, due_at__gt=now)
    held = waiting.filter(campaign__state=CampaignState.ACTIVE)
    free = [message.pk for message in lock_free(held.only("pk"))] if runs else []
    if free:
        Message.objects.filter(pk__in=free).update(due_at=now)
        doorbell.ring_on_commit(SENDING)
    return set(held.exclude(pk__in=free).values_list("run", flat=True)) if runs else set()


def _look_again(rows: Collection[Awaited], now: datetime) -> None:
    for row in rows:
        row.looks += 1
        row.look_at = now + LOOKS[row.looks] if row.looks < len(LOOKS) else None
    write_rows(rows, ("looks", "look_at"))
