"""The only writer of the inbox and the ledger, for one change or ten thousand.

A batch and the same changes one by one leave the same inbox and the same ledger. Locks are taken in one order
everywhere: the ledger, orders by primary key, the inbox, the ledger's new rows, runs.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from operator import attrgetter
from typing import Any

import structlog
from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from orders.ledger import hold_ledger
from orders.models import (
    InboxVerdict,
    Move,
    NewOrder,
    Order,
    SilentBecause,
    StatusChange,
    StatusChangeQuerySet,
    StatusTransition,
)
from orders.said import Said
from orders.signals import orders_created, statuses_changed
from orders.standing import STANDING_COLUMNS, Standing, Verdict
from orders.unknown_codes import note_unknown
from statuses.models import OrderStatus
from statuses.vocabulary import Meaning, Vocabulary, read_vocabulary
from workspace import logged
from workspace.database import in_sets, insert_rows, lock_rows, retry_lost_races, write_columns, write_rows
from workspace.failpoints import reach
from workspace.models import Source
from workspace.reading import Problem, check_not_ahead

log = structlog.get_logger(__name__)

PARKED_FOR = timedelta(days=7)

# What a change that was parked for too long gets anew when it is told again.
RETOLD_COLUMNS = (
    "order_id", "status_id", "occurred_at", "sequence", "received_at", "actor_id", "fires", "is_test", "verdict",
    "parked_until",
)  # fmt: skip

# What a parked change learns when it is applied.
APPLIED_COLUMNS = ("order_id", "status_id", "verdict", "parked_until")

# What the writer reads of an order, beside its standing.
READ_OF_ORDER = (
    "external_id", "pk", "customer_id", "total_minor", "currency", "updated_at", "placed_at", "silent_because",
)  # fmt: skip

# What names no time happens as it is heard, after all that names one.
NOW_OR_LATER = datetime.max.replace(tzinfo=UTC)

# Answers that are no inbox verdict: nothing was kept.
DUPLICATE = "duplicate"
REJECTED = "rejected"

# How answers to a batch or a file count each of them. What is ignored changes nothing.
COUNTED_AS = {
    InboxVerdict.MOVED: "transitions",
    InboxVerdict.UNCHANGED: "unchanged",
    InboxVerdict.IGNORED: "unchanged",
    InboxVerdict.LATE: "late",
    DUPLICATE: "duplicates",
    InboxVerdict.PARKED: "parked",
    REJECTED: "rejected",
}


@dataclass(frozen=True, slots=True)
class Heard:
    """What became of one thing said: an inbox verdict, `duplicate`, or `rejected` with its problem."""

    verdict: str
    problem: Problem | None = None
    change: StatusChange | None = None
    transition: StatusTransition | None = None


@dataclass(frozen=True, slots=True)
class Started:
    """Something that a transition set going, told by a receiver of `statuses_changed`."""

    transition_id: int
    campaign: str


@dataclass(frozen=True, slots=True)
class Hearing:
    """The answer to a batch: one `Heard` for each thing said, in their order, and what it all set going."""

    heard: list[Heard]
    started: list[Started]


def hear(
    said: Sequence[Said],
    source: Source,
    *,
    fires: bool | None = None,
    actor_id: int | None = None,
    is_test: bool = False,
    arrived: Collection[str] = (),
) -> Hearing:
    """Take in what `source` says, in the order said, in one transaction. `fires` None: as the source's mode is.

    `arrived` are orders (external ids) that the caller has just created in its transaction: what is said of such a one
    is applied together with what was parked for it, in order of time.
    Deadlocks, serialization failures and races for one event id are tried again, unless the caller holds a transaction.
    """
    voice = _Voice(source, source.fires if fires is None else fires, actor_id, is_test)
    hearing = retry_lost_races(lambda: _hear(said, voice, arrived))
    reach("hearing.heard")
    return hearing


def apply_parked(**which: Any) -> int:
    """Apply parked changes that can be understood by now, in order of time, and return how many.

    `which` narrows them by fields of StatusChange. Those of one order are applied together: name whole orders.
    """
    understood = _understood(which)
    if understood and connection.in_atomic_block:
        # The caller's transaction keeps what each set locks, so all of it is locked in one order.
        StatusChange.objects.filter(pk__in=set(understood)).hold_orders()
    applied = sum(retry_lost_races(partial(_apply, ids)) for ids in in_sets(understood))
    reach("hearing.parked_applied")
    return applied


def move_silently(external_ids: Collection[str], status: OrderStatus, to_id: int) -> int:
    """Move those of these orders that still stand in `status` to another of its type, as a merge does: nothing was told
    of them, so what they heard last stays what it was, and they came where they are when they came there.

    Answers how many. One transaction, or a part of the caller's.
    """
    if not external_ids:
        return 0
    with transaction.atomic():
        batch = _Batch.lock(external_ids)
        for row in sorted(batch.orders.values(), key=attrgetter("pk")):
            if row.standing.status[status.type] == status.pk:
                batch.transitions.append(_moved_by_merge(row, status, to_id, batch.now))
        batch.write()
        return len(batch.transitions)


def record_saved(order: Order) -> None:
    """Write the ledger for an order just saved with `moves`: the post_save receiver calls it, in that transaction."""
    now, row = timezone.now(), _Row.saved(order)
    _write_ledger([_transition_saved(order, row, move, now) for move in order.moves])


def record_created(order: Order) -> bool:
    """As `record_saved`, for an order just inserted; True if changes were parked for it, so that its row differs.

    A save speaks of now: what was parked comes before the statuses the order was saved with, which move it from there.
    """
    _tell_created([NewOrder(order.pk, order.customer_id, order.placed_at, order.silent_because)])
    batch = _Batch(timezone.now(), order.orders_on, {order.external_id: _Row.saved(order)})
    batch.wake(_parked(batch.now, order_external_id=order.external_id))
    if not batch.waiting:
        record_saved(order)
        return False
    for change in batch.waiting:
        batch.apply(change)
    batch.take_saved(order)
    batch.write()
    return True


@dataclass(frozen=True, slots=True)
class _Voice:
    """Who says a batch, and how loud."""

    source: Source
    fires: bool
    actor_id: int | None
    is_test: bool


@dataclass(slots=True)
class _Row:
    """An order under the writer's lock: what of it goes into the ledger, and its standing as changes move it."""

    pk: int
    customer_id: int | None
    total_minor: int | None
    currency: str
    updated_at: datetime
    placed_at: datetime
    silent_because: str
    standing: Standing = field(default_factory=Standing)
    was_heard: bool = False

    def as_new(self) -> NewOrder:
        return NewOrder(self.pk, self.customer_id, self.placed_at, self.silent_because)

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> _Row:
        return cls(
            row["pk"],
            row["customer_id"],
            row["total_minor"],
            row["currency"],
            row["updated_at"],
            row["placed_at"],
            row["silent_because"],
            Standing.from_columns(row),
        )

    @classmethod
    def saved(cls, order: Order) -> _Row:
        """An order just saved, whose statuses its `moves` tell."""
        told = (order.placed_at, order.silent_because)
        return cls(order.pk, order.customer_id, order.total_minor, order.currency, order.updated_at, *told)


@dataclass(slots=True)
class _Batch:
    """What one transaction knows and is about to write."""

    now: datetime
    orders_on: bool
    orders: dict[str, _Row]
    vocabulary: Vocabulary = field(default_factory=Vocabulary)
    # Parked changes that can be understood by now, in order of time.
    waiting: list[StatusChange] = field(default_factory=list)
    transitions: list[StatusTransition] = field(default_factory=list)

    @classmethod
    def lock(cls, orders: Iterable[str]) -> _Batch:
        orders_on = hold_ledger()
        return cls(timezone.now(), orders_on, _lock_orders(set(orders)))

    def wake(self, parked: Iterable[StatusChange], codes: Iterable[str] = ()) -> None:
        """Take on what was parked for these orders, and learn the words for it and for what else is said."""
        parked = list(parked)
        self.vocabulary = read_vocabulary([*codes, *(change.code for change in parked)])
        self.waiting = [
            change for change in parked if change.order_external_id in self.orders and self.meaning_of(change)
        ]

    def meaning_of(self, change: StatusChange) -> Meaning | None:
        return self.vocabulary.find(change.source_id, change.type, change.code)

    def apply(self, change: StatusChange) -> None:
        """Let a parked change that is understood by now move its order. That its status was retired since is no
        matter: it was taken before."""
        meaning = self.meaning_of(change)
        assert meaning is not None, "it would not be waited for"
        _fold(change, self.orders[change.order_external_id], meaning.status_id, self)

    def take_saved(self, order: Order) -> None:
        """The statuses an order was saved with, from where what was parked for it has left it."""
        row = self.orders[order.external_id]
        for move in order.moves:
            from_id, at = row.standing.status[move.type], row.standing.next_moment(move.type, move.occurred_at)
            row.was_heard = True
            if row.standing.hear(move.type, move.to_id, at, None) is Verdict.MOVED:
                here = Move(move.type, from_id, move.to_id, at, dict(row.standing.status))
                self.transitions.append(_transition_saved(order, row, here, self.now))

    def write(self) -> list[Started]:
        """Write parked changes applied, orders, ledger, and whatever follows from it.

        New rows of the inbox are written before: the ledger points at them.
        """
        values = [(change.pk, *(getattr(change, name) for name in APPLIED_COLUMNS)) for change in self.waiting]
        write_columns(StatusChange, APPLIED_COLUMNS, values)
        heard = [(row.pk, row.updated_at, *row.standing.columns()) for row in self.orders.values() if row.was_heard]
        write_columns(Order, ("updated_at", *STANDING_COLUMNS), heard)
        return _write_ledger(self.transitions)


@dataclass(frozen=True, slots=True)
class _Known:
    """An event told before. One that was parked for too long stands no more: its row waits to be told again."""

    content: tuple[str, str, str, str]
    pk: int | None = None
    stands: bool = True

    def is_told_by(self, item: Said) -> bool:
        """The time is compared only where this telling names one."""
        told = item.content()
        return told[:3] == self.content[:3] and (item.occurred_at is None or told == self.content)


def _hear(said: Sequence[Said], voice: _Voice, arrived: Collection[str]) -> Hearing:
    began = time.monotonic()
    with transaction.atomic():
        batch = _Batch.lock([*(item.order for item in said), *arrived])
        _tell_created([batch.orders[order].as_new() for order in dict.fromkeys(arrived) if order in batch.orders])
        batch.wake(_parked(batch.now, order_external_id__in=arrived), (item.code for item in said))
        known = _known_events(said, voice.source, batch.now)
        retold = {before.pk for before in known.values() if not before.stands}
        heard: dict[int, Heard] = {}
        for place, turn in _in_turn(said, arrived, batch.waiting):
            if isinstance(turn, StatusChange):
                batch.apply(turn)
            else:
                heard[place] = _hear_one(turn, batch, known, voice)
        in_order = [heard[place] for place in range(len(said))]
        note_unknown(_not_understood(said, in_order, batch, source_id=voice.source.pk), voice.source, batch.now)
        _write_inbox([one.change for one in in_order if one.change], retold)
        hearing = Hearing(in_order, batch.write())
        # Once it is committed: of a dry run nothing is told.
        transaction.on_commit(partial(_log, hearing, voice, logged.since(began)), robust=True)
        return hearing


def _log(hearing: Hearing, voice: _Voice, seconds: float) -> None:
    """How many of each verdict, and the orders that moved."""
    moved = [one.transition for one in hearing.heard if one.transition]
    orders, transitions = logged.ids(t.order_id for t in moved), logged.ids(t.pk for t in moved)
    verdicts = Counter(str(one.verdict) for one in hearing.heard)
    told = {"orders": orders, "transitions": transitions, **verdicts}
    log.info("changes_heard", source=voice.source.pk, seconds=seconds, **told)


def _in_turn(
    said: Sequence[Said], arrived: Collection[str], waiting: Sequence[StatusChange]
) -> Iterator[tuple[int, Said | StatusChange]]:
    """All there is to take in, what is said with its place: in the order said, but of an order that has arrived, when
    it is first spoken of, everything in order of time. Of one time what was parked was there first."""
    turns: dict[str, list[tuple[int, Said | StatusChange]]] = {order: [] for order in arrived}
    for change in waiting:
        turns[change.order_external_id].append((-1, change))
    spoken_of = {item.order for item in said} & turns.keys()
    for place, item in enumerate(said):
        if item.order in spoken_of:
            turns[item.order].append((place, item))
    for place, item in enumerate(said):
        if item.order not in spoken_of:
            yield place, item
        elif item.order in turns:
            yield from sorted(turns.pop(item.order), key=_time_of_turn)
    for changes in turns.values():
        yield from changes


def _time_of_turn(turn: tuple[int, Said | StatusChange]) -> datetime:
    return turn[1].occurred_at or NOW_OR_LATER


def _hear_one(item: Said, batch: _Batch, known: dict[str, _Known], voice: _Voice) -> Heard:
    identity = item.identity()
    before = None if identity is None else known.get(identity)
    if before and (before.stands or not before.is_told_by(item)):
        return _repeat(item, before)
    order = batch.orders.get(item.order)
    meaning = batch.vocabulary.find(voice.source.pk, item.type, item.code)
    if problem := _refusal(item, order, meaning, voice, batch.now):
        return Heard(REJECTED, problem)
    status_id = meaning.status_id if meaning else None
    change = StatusChange(
        pk=before.pk if before else None,
        source_id=voice.source.pk,
        event_id=identity,
        order_external_id=item.order,
        type=item.type,
        code=item.code,
        occurred_at=item.occurred_at or _moment(order, item.type, status_id, batch.now),
        sequence=item.sequence,
        received_at=batch.now,
        actor_id=voice.actor_id,
        fires=voice.fires,
        is_test=voice.is_test,
    )
    if identity is not None:
        known[identity] = _Known(_content(change))
    if order is None or meaning is None:
        change.order_id, change.status_id = order.pk if order else None, status_id
        change.verdict, change.parked_until = InboxVerdict.PARKED, batch.now + PARKED_FOR
        return Heard(change.verdict, change=change)
    transition = _fold(change, order, status_id, batch)
    return Heard(change.verdict, change=change, transition=transition)


def _repeat(item: Said, before: _Known) -> Heard:
    if before.is_told_by(item):
        return Heard(DUPLICATE)
    return Heard(REJECTED, Problem("event_id_conflict", _("This event id was used for another change."), "event_id"))


def _refusal(item: Said, order: _Row | None, meaning: Meaning | None, voice: _Voice, now: datetime) -> Problem | None:
    if problem := check_not_ahead(item.occurred_at, now):
        return problem
    named = {"type": item.type, "code": item.code}
    if meaning and not meaning.is_taken:
        retired = _("The %(type)s status “%(code)s” is retired here and taken no more. Send another.") % named
        return Problem("status_retired", retired, "code")
    if voice.source.keeps_unknown(is_test=voice.is_test):
        return None
    if order is None:
        return Problem("unknown_order", _("There is no order “%s”. Send the order first.") % item.order, "order")
    if meaning is None:
        return Problem("unknown_status", _("There is no %(type)s status with the code “%(code)s”.") % named, "code")
    return None


def _not_understood(said: Sequence[Said], heard: Sequence[Heard], batch: _Batch, *, source_id: int) -> Iterator[Said]:
    """What was new, and was kept or refused because nobody has said what its code means."""
    for item, became in zip(said, heard, strict=True):
        is_new = became.verdict == InboxVerdict.PARKED or (became.problem and became.problem.code == "unknown_status")
        if is_new and not batch.vocabulary.knows(source_id, item.type, item.code):
            yield item


def _moment(order: _Row | None, type: str, status_id: int | None, now: datetime) -> datetime:
    """When a change happened that names no time. One that says what was known says nothing newer than that either:
    a shop that repeats its whole record must not make an event that is under way look late."""
    if order is None:
        return now
    known = order.standing.heard_at[type]
    return known if known and order.standing.status[type] == status_id else order.standing.next_moment(type, now)


def _fold(change: StatusChange, order: _Row, status_id: int | None, batch: _Batch) -> StatusTransition | None:
    """Let one understood change move its order; the change learns its verdict, the batch its transition."""
    if status_id is None:
        change.order_id, change.verdict, change.parked_until = order.pk, InboxVerdict.IGNORED.value, None
        return None
    from_id = order.standing.status[change.type]
    verdict = order.standing.hear(change.type, status_id, change.occurred_at, change.sequence)
    change.order_id, change.status_id, change.verdict, change.parked_until = order.pk, status_id, verdict.value, None
    order.was_heard = order.was_heard or verdict is not Verdict.LATE
    if verdict is not Verdict.MOVED:
        return None
    order.updated_at = batch.now
    transition = _transition(
        order,
        Move(change.type, from_id, status_id, change.occurred_at, dict(order.standing.status)),
        SilentBecause.of(fires=change.fires, orders_on=batch.orders_on),
        received_at=change.received_at,
        source_id=change.source_id,
        actor_id=change.actor_id,
        is_test=change.is_test,
    )
    transition.change = change
    batch.transitions.append(transition)
    return transition


def _transition_saved(order: Order, row: _Row, move: Move, now: datetime) -> StatusTransition:
    """A move that a save made, on the word of its speaker."""
    speaker = order.speaker
    return _transition(
        row,
        move,
        SilentBecause.of(fires=speaker.fires, orders_on=order.orders_on),
        received_at=now,
        source_id=speaker.source_id,
        actor_id=speaker.actor_id,
        is_test=speaker.is_test,
    )


def _moved_by_merge(row: _Row, status: OrderStatus, to_id: int, now: datetime) -> StatusTransition:
    row.standing.status[status.type], row.was_heard, row.updated_at = to_id, True, now
    move = Move(status.type, status.pk, to_id, row.standing.heard_at[status.type] or now, dict(row.standing.status))
    return _transition(
        row, move, SilentBecause.MERGE, received_at=now, source_id=Source.ADMIN_ID, actor_id=None, is_test=False
    )


def _transition(
    order: _Row, move: Move, silent: str, *, received_at: datetime, source_id: int, actor_id: int | None, is_test: bool
) -> StatusTransition:
    return StatusTransition(
        order_id=order.pk,
        type=move.type,
        from_status_id=move.from_id,
        to_status_id=move.to_id,
        occurred_at=move.occurred_at,
        received_at=received_at,
        source_id=source_id,
        actor_id=actor_id,
        is_test=is_test,
        silent_because=silent,
        customer_id=order.customer_id,
        total_minor=order.total_minor,
        currency=order.currency,
        **{f"{type}_status_id": status_id for type, status_id in move.statuses.items()},
    )


def _tell_created(orders: list[NewOrder]) -> None:
    if orders:
        orders_created.send(Order, orders=orders)


def _write_ledger(transitions: list[StatusTransition]) -> list[Started]:
    if not transitions:
        return []
    for row in transitions:
        row.change_id = row.change.pk if row.change else None
    insert_rows(transitions)
    answers: list[tuple[Any, Any]] = statuses_changed.send(StatusTransition, transitions=transitions)
    return [started for _receiver, answer in answers for started in answer or ()]


def _lock_orders(external_ids: set[str]) -> dict[str, _Row]:
    columns = (*READ_OF_ORDER, *STANDING_COLUMNS)
    rows = lock_rows(Order.objects.filter(external_id__in=external_ids).order_by("pk")).values(*columns)
    return {row["external_id"]: _Row.of(row) for row in rows}


def _known_events(said: Sequence[Said], source: Source, now: datetime) -> dict[str, _Known]:
    """Those events that this source told before, by event id. Read under the orders' locks."""
    identities = {identity for item in said if (identity := item.identity()) is not None}
    rows = StatusChange.objects.filter(source=source, event_id__in=identities).order_by()
    columns = ("event_id", "order_external_id", "type", "code", "occurred_at", "parked_until")
    return {
        str(row.event_id): _Known(_content(row), row.pk, stands=row.parked_until is None or row.parked_until > now)
        for row in rows.only(*columns)
    }


def _write_inbox(changes: list[StatusChange], retold: set[int | None]) -> None:
    insert_rows([change for change in changes if change.pk not in retold])
    write_rows([change for change in changes if change.pk in retold], RETOLD_COLUMNS)


def _content(change: StatusChange) -> tuple[str, str, str, str]:
    return Said(change.order_external_id, change.type, change.code, change.occurred_at).content()


def _parked(now: datetime, **which: Any) -> StatusChangeQuerySet:
    """In order of time."""
    parked = StatusChange.objects.parked(now).filter(**which)
    return parked.order_by("occurred_at", F("sequence").asc(nulls_first=True), "pk")


def _understood(which: dict[str, Any]) -> list[int]:
    """Ids of parked changes whose order and status exist by now, oldest first."""
    exists = Exists(Order.objects.filter(external_id=OuterRef("order_external_id")))
    rows = list(_parked(timezone.now(), **which).filter(exists).values_list("pk", "source", "type", "code"))
    vocabulary = read_vocabulary({code for *_row, code in rows})
    return [pk for pk, source_id, type, code in rows if vocabulary.knows(source_id, type, code)]


def _apply(ids: Sequence[int]) -> int:
    with transaction.atomic():
        names = StatusChange.objects.filter(pk__in=ids).order_by().values_list("order_external_id", flat=True)
        batch = _Batch.lock(names)
        # Read under the orders' locks: another process may have applied some meanwhile.
        batch.wake(_parked(batch.now, pk__in=ids))
        for change in batch.waiting:
            batch.apply(change)
        batch.write()
        return len(batch.waiting)
