"""Hands claimed messages to their gateway, and writes what came of it.

Just before each call as many messages as the gateway takes at once are committed as `calling`. Whatever happens to this
worker from then on, they are with the gateway for all that anybody knows, until it said otherwise.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

import structlog
from django.db import transaction
from django.utils import timezone

from campaigns import measures
from campaigns.models import Fate, Lane, Message, MessageEvent, MessageState
from campaigns.sms.connections import Connection, Switchboard, is_out_of_order, note_answers, reserve
from campaigns.sms.fates import Book
from campaigns.sms.gateways.base import Answer, Delivery, Later, NotCalled, Outgoing, Refused, Taken, Unsure
from campaigns.sms.receipts import apply_kept, take_receipts
from campaigns.sms.turns import is_somebody_in_a_hurry
from workspace.database import in_sets, insert_rows, lock_rows, reconnect
from workspace.failpoints import reach
from workspace.models import Workspace

LEASE = timedelta(minutes=2)
# No worker sits and waits longer than this for its turn with a gateway that is limited to so many a second.
LONGEST_REST_S = 5.0
# A gateway that knows repeats may be handed so many times what it takes at once: a crash makes nothing of it unknown.
# Of a crowd less, since who is in a hurry waits for the end.
ROUNDS_IF_IDEMPOTENT = {Lane.URGENT: 20, Lane.BULK: 5}
# A worker that was stopped for longer before its call may have lost its lease: others may have called meanwhile.
CALLED_WITHIN_S = 60.0
# What was answered only this worker knows: while the database is away it waits for it, well within its lease.
RECONNECTED_WITHIN_S = 45.0

log = structlog.get_logger(__name__)


def begin_at_once(switchboard: Switchboard, claimed: list[Message], now: datetime) -> None:
    """Of what is being claimed, let that be called already which is called as soon as the claim is committed: one
    write instead of two. Where one gateway has to wait for another or for its turn, or a call is a repeat, each call is
    begun on its own."""
    codes = {message.gateway for message in claimed}
    connection = switchboard.find(codes.pop()) if len(codes) == 1 else None
    if connection is None or connection.per_second is not None:
        return
    lane = min(Lane(message.lane) for message in claimed)
    first = [message for message in claimed if message.lane == lane][: _chunk_size(connection, lane)]
    if not any(message.is_uncertain for message in first):
        for message in first:
            message.state, message.called_at = MessageState.CALLING, now


def hand_over(
    switchboard: Switchboard, code: str, messages: list[Message], lease: uuid.UUID, claimed_at: float, deadline: float
) -> None:
    """Call chunk by chunk. The answers to one are written in the transaction that marks the next as being called; or at
    once, where the next has to wait for its turn: a worker that dies meanwhile must not take them with it."""
    connection = switchboard.find(code)
    assert connection is not None, "it was found a moment ago"
    answered, left = _Answered(), dict.fromkeys(messages)
    for chunk in _chunks(connection, messages, deadline):
        are_begun = all(message.state == MessageState.CALLING for message in chunk)
        with transaction.atomic():
            _write_answers(switchboard, connection, answered, lease)
            calling = _begin(chunk, lease)
        for message in chunk:
            del left[message]
        begun = claimed_at if are_begun else time.monotonic()
        reach("sending.calling")
        answered = _call(connection, calling, begun)
        reach("sending.called")
        reconnect(within_s=RECONNECTED_WITHIN_S)
        if answered.is_outage:
            break
        if connection.per_second is not None:
            with transaction.atomic():
                _write_answers(switchboard, connection, answered, lease)
            answered = _Answered()
    with transaction.atomic():
        _write_answers(switchboard, connection, answered, lease)
        _release(list(left), lease)
    reach("sending.answered")


def _chunks(connection: Connection, messages: list[Message], deadline: float) -> Iterator[list[Message]]:
    """As many as may leave at once, while there is time. After one chunk the crowd gives way to who is in a hurry."""
    crowd_had_its_turn = False
    for lane in Lane:
        for chunk in in_sets((m for m in messages if m.lane == lane), _chunk_size(connection, lane)):
            gives_way = crowd_had_its_turn and is_somebody_in_a_hurry(timezone.now())
            if gives_way or Workspace.sending_is_paused() or time.monotonic() > deadline:
                return
            if not _has_turn(connection, len(chunk)):
                return
            yield chunk
            crowd_had_its_turn = lane == Lane.BULK


def _chunk_size(connection: Connection, lane: Lane) -> int:
    rounds = ROUNDS_IF_IDEMPOTENT[lane] if connection.gateway.promises.is_idempotent else 1
    size = connection.at_once * rounds
    return size if connection.per_second is None else max(1, min(size, int(connection.per_second)))


def _has_turn(connection: Connection, messages: int) -> bool:
    """Wait until so many may leave; False: not soon."""
    if connection.per_second is None:
        return True
    rest_s = reserve(connection.code, messages, connection.per_second, timezone.now(), LONGEST_REST_S)
    time.sleep(LONGEST_REST_S if rest_s is None else rest_s)
    return rest_s is not None


def _begin(chunk: list[Message], lease: uuid.UUID) -> list[Message]:
    """Commit that these are being called now, but for those that are already. Answers those that are ours to call."""
    claimed = {m.pk for m in chunk if m.state == MessageState.CLAIMED}
    if not claimed:
        return chunk
    ours = Message.objects.filter(pk__in=claimed, lease=lease, state=MessageState.CLAIMED)
    now = timezone.now()
    begun = ours.update(state=MessageState.CALLING, called_at=now, leased_until=now + LEASE)
    if begun < len(claimed):
        calling = Message.objects.filter(pk__in={m.pk for m in chunk}, lease=lease, state=MessageState.CALLING)
        still = set(calling.values_list("pk", flat=True))
        chunk = [m for m in chunk if m.pk in still]
    insert_rows([_repeat(message, now) for message in chunk if message.is_uncertain])
    return chunk


def _repeat(message: Message, now: datetime) -> MessageEvent:
    return MessageEvent(message=message, at=now, what=MessageEvent.What.SENT_AGAIN, gateway=message.gateway)


@dataclass(frozen=True, slots=True)
class _Answered:
    """What became of one call."""

    answers: dict[Message, Answer] = field(default_factory=dict)

    @property
    def is_outage(self) -> bool:
        return is_out_of_order(self.answers.values())

    def to(self, message: Message) -> Answer:
        """The gateway's. What it would not take while it took others is only put off."""
        answer = self.answers[message]
        return replace(answer, is_outage=self.is_outage) if isinstance(answer, Later) and answer.is_outage else answer


def _call(connection: Connection, messages: list[Message], begun: float) -> _Answered:
    if not messages:
        return _Answered()
    if time.monotonic() - begun > CALLED_WITHIN_S:
        return _Answered(dict.fromkeys(messages, NotCalled()))
    outgoing = [Outgoing(str(m.reference), m.phone, m.text, m.pk, connection.sender) for m in messages]
    try:
        answers = measures.send(connection, outgoing)
        return _Answered(dict(zip(messages, answers, strict=True)))
    except Exception as error:  # whatever it was, these may have been sent and the others are still to be called
        log.error("gateway_failed", gateway=connection.code, messages=len(messages), exc_info=error)
        return _Answered(dict.fromkeys(messages, Unsure(type(error).__name__)))


def _write_answers(switchboard: Switchboard, connection: Connection, answered: _Answered, lease: uuid.UUID) -> None:
    """While a message is leased nobody else changes it, so it is as we know it."""
    if not answered.answers:
        return
    now = timezone.now()
    asked = Message.objects.filter(pk__in={m.pk for m in answered.answers}, lease=lease).order_by("pk")
    ours = set(lock_rows(asked).values_list("pk", flat=True))
    held = [message for message in answered.answers if message.pk in ours]
    _tell_late(connection, {m: answer for m, answer in answered.answers.items() if m.pk not in ours})
    book = Book(now)
    for message in held:
        _take(message, answered.to(message), switchboard, connection, book)
    book.write()
    apply_kept(held, now)
    note_answers(connection, answered.answers.values(), now)


def _tell_late(connection: Connection, answers: Mapping[Message, Answer]) -> None:
    """Who lost its lease decides nothing any more. But what was taken was taken, which is told as a receipt would."""
    taken = [
        Delivery(Fate.ACCEPTED, gateway_id=answer.gateway_id, reference=str(message.reference))
        for message, answer in answers.items()
        if isinstance(answer, Taken)
    ]
    if taken:
        transaction.on_commit(partial(take_receipts, connection.code, taken), robust=True)


def _take(message: Message, answer: Answer, switchboard: Switchboard, connection: Connection, book: Book) -> None:
    others = () if message.is_test else switchboard.willing([*message.refused_by, connection.code])
    match answer:
        case Taken(gateway_id):
            book.accept(message, gateway_id)
        case Refused(error, opted_out):
            book.refuse(message, error, has_another=bool(others) and not opted_out, opted_out=opted_out)
        case Later():
            book.put_off(message, answer, has_another=bool(others))
        case Unsure(error):
            book.unsure(message, error, connection)
        case NotCalled():
            book.release(message)


def _release(messages: list[Message], lease: uuid.UUID) -> None:
    """What was not called after all goes back to the queue, and hears what was told of an earlier call meanwhile."""
    left = Message.objects.filter(pk__in={m.pk for m in messages}, lease=lease, state__in=Message.IN_HAND)
    if messages and left.update(state=MessageState.PENDING, lease=None, leased_until=None):
        apply_kept(messages, timezone.now())
