"""Messages whose fate is unknown: looked up where the gateway can be asked, else settled by a person who says why."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation

from campaigns import doorbell
from campaigns.models import Message, MessageEvent, MessageState
from campaigns.sms.connections import Connection, Switchboard
from campaigns.sms.fates import LOOKED_UP_AFTER, Book
from campaigns.sms.gateways.base import Answer, Later, Outgoing, Refused, Taken
from workspace.database import lock_rows, write_columns
from workspace.failpoints import reach
from workspace.queues import SENDING

What = MessageEvent.What

# After so long, from the call on, only a person asks again.
LOOKED_UP_FOR = timedelta(hours=1)
LOOK_UPS_AT_ONCE = 100
BOX_S = 10.0

log = structlog.get_logger(__name__)


def look_up_unknown() -> int:
    """Ask gateways that can tell about messages whose fate is unknown, each less and less often. Answers how many were
    settled."""
    settled, deadline = 0, time.monotonic() + BOX_S
    while time.monotonic() < deadline and (messages := _take_due(timezone.now())):
        settled += look_up(messages)
    return settled


def look_up(messages: Sequence[Message], actor_id: int | None = None) -> int:
    """Ask their gateways what became of these. Answers how many were settled by it."""
    switchboard = Switchboard.now()
    by_gateway: dict[str, list[Message]] = defaultdict(list)
    for message in messages:
        by_gateway[message.gateway].append(message)
    return sum(
        _look_up(connection, some, actor_id)
        for code, some in by_gateway.items()
        if (connection := switchboard.find(code)) and connection.gateway.promises.can_look_up
    )


def mark_sent(ids: Sequence[int], *, reason: str, actor_id: int) -> int:
    """A person knows that these were sent. Answers how many were still unknown."""
    return _settle(ids, "sent", reason, actor_id)


def mark_not_sent_and_send(ids: Sequence[int], *, reason: str, actor_id: int) -> int:
    """A person knows that these were not sent: they go back to the queue. Answers how many were still unknown."""
    settled = _settle(ids, "not_sent", reason, actor_id)
    if settled:
        doorbell.ring(SENDING)
    return settled


def _settle(ids: Sequence[int], fate: str, reason: str, actor_id: int) -> int:
    with transaction.atomic():
        book = Book(timezone.now())
        unknown = _lock_unknown(ids)
        for message in unknown:
            book.note(message, What.SETTLED, f"{fate}: {reason}", actor_id)
            if fate == "sent":
                book.accept(message)
            else:
                book.send_again(message)
        book.write()
        return len(unknown)


def _look_up(connection: Connection, messages: Sequence[Message], actor_id: int | None) -> int:
    early = {message.pk for message in messages if _is_early(message, timezone.now())}
    outgoing = [Outgoing(str(m.reference), m.phone, m.text, m.pk, connection.sender, m.called_at) for m in messages]
    try:
        with translation.override(settings.LANGUAGE_CODE):  # what it says is kept
            found = connection.gateway.look_up(outgoing)
    except Exception as error:  # nothing was learned, and nothing is lost
        log.error("look_up_failed", gateway=connection.code, messages=len(messages), exc_info=error)
        return 0
    with transaction.atomic():
        book = Book(timezone.now())
        answers = dict(zip((m.pk for m in messages), _own(connection, found), strict=True))
        settled = sum(
            _take(message, answers[message.pk], book, actor_id, is_early=message.pk in early)
            for message in _lock_unknown(list(answers))
        )
        book.write()
    reach("settling.looked_up")
    return settled


def _own(connection: Connection, found: Sequence[Answer | None]) -> list[Answer | None]:
    """A gateway without our references finds messages by their looks: what is another one's is not this one's."""
    ids = Counter(answer.gateway_id for answer in found if isinstance(answer, Taken) and answer.gateway_id)
    known = Message.objects.filter(gateway=connection.code, gateway_id__in=ids).exclude(state=MessageState.UNKNOWN)
    taken = set(known.values_list("gateway_id", flat=True)) | {id for id, times in ids.items() if times > 1}
    return [None if isinstance(answer, Taken) and answer.gateway_id in taken else answer for answer in found]


def _is_early(message: Message, now: datetime) -> bool:
    """Its first look-up is still to come, so that “I have not got it” may yet change."""
    return message.due_at is not None and now < message.due_at <= now + LOOKED_UP_AFTER


def _take(message: Message, answer: Answer | None, book: Book, actor_id: int | None, *, is_early: bool) -> bool:
    """Answers whether its fate is known now."""
    match answer:
        case Taken(gateway_id):
            book.note(message, What.LOOKED_UP, "taken", actor_id)
            book.accept(message, gateway_id)
        case Refused(error):
            book.note(message, What.LOOKED_UP, error, actor_id)
            message.is_uncertain = False
            book.refuse(message, error)
        case Later() if is_early:
            book.note(message, What.LOOKED_UP, "not_yet", actor_id)
            return False
        case Later(error):
            book.note(message, What.LOOKED_UP, error, actor_id)
            book.send_again(message)
        case _ if actor_id:
            book.note(message, What.LOOKED_UP, "no_answer", actor_id)
            return False
        case _:
            return False
    return True


def _take_due(now: datetime) -> list[Message]:
    """The next to be looked up. They are asked about again in as long as it has been by now, or no more: whatever comes
    of it, nobody else asks at the same time."""
    with transaction.atomic():
        due = Message.objects.unknown().filter(due_at__lte=now).order_by("due_at", "pk")
        messages = list(lock_rows(due, skip_locked=True)[:LOOK_UPS_AT_ONCE])
        write_columns(Message, ("due_at",), [(message.pk, _next_look_up(message, now)) for message in messages])
        return messages


def _next_look_up(message: Message, now: datetime) -> datetime | None:
    since = now - (message.called_at or now)
    return now + max(since, LOOKED_UP_AFTER) if since < LOOKED_UP_FOR else None


def _lock_unknown(ids: Sequence[int]) -> list[Message]:
    return list(lock_rows(Message.objects.filter(pk__in=ids, state=MessageState.UNKNOWN).order_by("pk")))
