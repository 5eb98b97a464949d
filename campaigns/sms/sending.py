"""Hands messages to gateways: claims those that are due, lets the law rule, then calls, then writes what came of it.

The message row is first, the call after it. A batch is claimed under a lease; just before each call as many messages as
the gateway takes at once are committed as `calling`. A lease that runs out means that a worker died: what was only
claimed goes back to the queue, what was being called is sent again, under the same reference, only where the gateway
knows repeats by it. Elsewhere its fate is unknown (campaigns/sms/settling.py). Never silently twice.
"""

from __future__ import annotations

import time
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import smsutil
import structlog
from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from campaigns import measures
from campaigns.claiming import claim, lock_free
from campaigns.engine import NOT_MINE, readable_plans
from campaigns.models import (
    CampaignState,
    CampaignVersion,
    Encoding,
    Fate,
    Lane,
    Message,
    MessageEvent,
    MessageState,
    Run,
    SkipReason,
)
from campaigns.sms.caps import CapBook
from campaigns.sms.connections import Connection, Switchboard, is_out_of_order, note_answers, reserve
from campaigns.sms.fates import LOOKED_UP_AFTER, Book, wake_runs
from campaigns.sms.gateways.base import Answer, Delivery, Later, NotCalled, Outgoing, Refused, Taken, Unsure
from campaigns.sms.law import Hold, Send, Skip, judge
from campaigns.sms.receipts import apply_kept, take_receipts
from campaigns.sms.templates import TemplateProblem, render, variables_for
from orders.standing import TYPES
from statuses.models import OrderStatus
from workspace.batches import work_batch
from workspace.database import in_sets, insert_rows, lock_rows, reconnect, set_size, write_rows
from workspace.failpoints import reach
from workspace.models import Workspace

LEASE = timedelta(minutes=2)
# A batch is worked on for so long, well within its lease; what has not been called by then goes back to the queue.
BATCH_S = 40.0
# No worker sits and waits longer than this for its turn with a gateway that is limited to so many a second.
LONGEST_REST_S = 5.0
# A gateway that knows repeats may be handed so many times what it takes at once: a crash makes nothing of it unknown.
ROUNDS_IF_IDEMPOTENT = 5
# Among so many urgent ones that are due one may go, or they all wait for others of their orders.
SEEN_IN_A_HURRY = 20
# Among the changes of an order, none of which has a negative key.
BEFORE_ALL = -1
# A worker that was stopped for longer before its call may have lost its lease: others may have called meanwhile.
CALLED_WITHIN_S = 60.0
# What was answered only this worker knows: while the database is away it waits for it, well within its lease.
RECONNECTED_WITHIN_S = 45.0
# How soon a message is looked at again while every gateway that might take it is out of order.
OUTAGE_POLL = timedelta(seconds=5)

CLAIM_COLUMNS = (
    "state", "skip_reason", "due_at", "is_held", "lease", "leased_until",
    "phone", "text", "parts", "encoding", "gateway", "attempts", "ended_at", "error",
)  # fmt: skip

# By smsutil's names.
ENCODINGS = {"gsm0338": Encoding.GSM_7, "utf_16_be": Encoding.UCS_2}

# What neither the law nor a text looks at, of the rows that a message is read with: a fifth of reading them.
UNREAD = (
    *(f"run__{name}" for name in (
        "occasion", "lane", "state", "step", "step_at", "due_at", "reason", "event_count", "entered_at", "ended_at",
    )),
    *(f"run__transition__{name}" for name in (
        "order", "received_at", "source", "change", "actor_id", "silent_because", "is_test", "customer",
        "general_status", "delivery_status", "payment_status", "total_minor", "currency",
    )),
    *(f"order__{type}_heard_{what}" for type in TYPES for what in ("at", "sequence")),
    *(f"{who}__{name}" for who in ("order", "customer") for name in ("created_at", "updated_at")),
    *(f"customer__{name}" for name in ("phone_written", "email", "sms_consent_source", "sms_consent_at")),
)  # fmt: skip

log = structlog.get_logger(__name__)


def send_due(*, limit: int | None = None) -> int:
    """Rule on one batch of due messages and send what may be sent. Answers how many were ruled on."""
    workspace = Workspace.current()
    if workspace.sending_paused_at:
        return 0
    now, switchboard, lease = timezone.now(), Switchboard.now(), uuid.uuid4()

    def take(ids: Sequence[int] | None) -> list[Message]:
        due, left = _to_rule_on(Message.objects.due(now)), _to_rule_on(Message.objects.left_by_ended())
        if ids is not None:
            return lock_free(due.filter(pk__in=_in_turn(now, ids))) + lock_free(left.filter(pk__in=ids))
        next_ones = _to_rule_on(Message.objects.due_in_any_campaign(now))
        claimed = claim(next_ones, _room(switchboard, limit), in_turn=partial(_in_turn, now))
        return claimed or lock_free(left.order_by("pk")[: limit or set_size()])

    def rule(messages: list[Message]) -> list[Message]:
        return _rule(messages, switchboard, lease, workspace.timezone, timezone.now())

    ruled, claimed = work_batch(take, rule, _bury)
    reach("sending.claimed")
    deadline = time.monotonic() + BATCH_S
    for code, messages in _by_gateway(claimed).items():
        _call_all(switchboard, code, messages, lease, deadline)
    return ruled


def recover_expired() -> int:
    """Take back messages whose worker died between its claim and its answer. Answers how many."""
    now, switchboard = timezone.now(), Switchboard.now()
    with transaction.atomic():
        # One that is further ahead than a lease can be was given before the clock was set back.
        is_over = Q(leased_until__lt=now) | Q(leased_until__gt=now + 2 * LEASE)
        expired = Message.objects.filter(is_over, state__in=Message.IN_HAND).order_by("pk")
        messages = list(lock_rows(expired, skip_locked=True)[: set_size()])
        book = Book(now)
        for message in messages:
            if message.state == MessageState.CLAIMED:
                book.release(message)
            else:
                book.note(message, MessageEvent.What.EXPIRED_CALL)
                book.unsure(message, _("Whoever was sending it died."), switchboard.find(message.gateway), again_at=now)
        book.write()
        apply_kept(messages, now)
    reach("sending.recovered")
    return len(messages)


def _room(switchboard: Switchboard, limit: int | None) -> int:
    """No more than can be sent soon: what is claimed behind a slow gateway could not be overtaken."""
    most = limit or set_size()
    if any(one.per_second is None for one in switchboard.in_order):
        return most
    per_second = sum(one.per_second or 0 for one in switchboard.in_order)
    return max(1, min(most, int(per_second * LONGEST_REST_S)))


def _to_rule_on(messages: QuerySet[Message]) -> QuerySet[Message]:
    """With all that rules on them. Of campaigns and statuses there are few: each is one object for all its messages."""
    rows = messages.select_related("customer", "order", "run__transition").defer(*UNREAD)
    return rows.prefetch_related("campaign", "only_if_still")


def _in_turn(now: datetime, keys: Sequence[int]) -> list[int]:
    """Of an order one message is in flight, in the order of its changes."""
    change = Coalesce("run__transition_id", 0)
    asked = Message.objects.filter(pk__in=keys).order_by("due_at", "pk")
    rows = list(asked.values_list("order", "lane", change, "pk"))
    orders = {order for order, *_rest in rows if order}
    first, owing = _first_on_their_way(orders, now), _about_to_owe(orders, now)
    return [
        pk
        for order, lane, change, pk in rows
        if (change, pk) <= first.get(order, (change, pk)) and change <= owing.get((order, lane), change)
    ]


def _first_on_their_way(orders: Iterable[int], now: datetime) -> dict[int, tuple[int, int]]:
    """Of each order the change, and the key, of the first message on its way; before all others one that is in hand.
    One that waits for the morning or a person holds up none."""
    waits = Q(due_at__lte=now) | Q(attempts__gt=0, is_held=False)
    is_going = Q(state__in=Message.IN_HAND) | Q(campaign__state=CampaignState.ACTIVE) & waits
    going = Message.objects.filter(is_going, order__in=orders, state__in=Message.ON_ITS_WAY).order_by()
    first: dict[int, tuple[int, int]] = {}
    for order, state, change, pk in going.values_list("order", "state", Coalesce("run__transition_id", 0), "pk"):
        place = (BEFORE_ALL if state in Message.IN_HAND else change, pk)
        first[order] = min(first.get(order, place), place)
    return first


def _about_to_owe(orders: Iterable[int], now: datetime) -> dict[tuple[int, int], int]:
    """By order and lane the first change whose run is due just now, in another worker's hands: it may owe one as well.
    A text waits for no run that is less urgent."""
    due = Run.objects.due_in_any_campaign(now).filter(order__in=orders, campaign__state=CampaignState.ACTIVE)
    first: dict[tuple[int, int], int] = {}
    for order, lane, change in due.exclude(transition=None).order_by().values_list("order", "lane", "transition"):
        for waiting in range(lane, max(Lane.values) + 1):
            first[order, waiting] = min(first.get((order, waiting), change), change)
    return first


def _rule(
    messages: list[Message], switchboard: Switchboard, lease: uuid.UUID, zone: str, now: datetime
) -> list[Message]:
    """Let the law rule on each and write what it ruled. Answers those that are to be called now."""
    plans = readable_plans(CampaignVersion.objects.filter(pk__in={message.run.version_id for message in messages}))
    capped = {m: cap for m in messages if m.run.version_id in plans and (cap := plans[m.run.version_id].frequency_cap)}
    caps, vocabulary = CapBook(capped, now), OrderStatus.objects.in_bulk()
    for message in messages:
        match judge(message, caps, now, zone):
            case Skip(reason):
                _skip(message, reason, now)
            case Hold(until):
                message.due_at, message.is_held = until, True
            case Send() if message.run.version_id not in plans:
                message.due_at = now + NOT_MINE
            case Send():
                template = plans[message.run.version_id].nodes[message.step].params["text"]
                if message.is_uncertain or _write_text(message, template, vocabulary, zone, now):
                    _make_ready(message, switchboard, lease, now)
                    caps.takes(message)
    write_rows(messages, CLAIM_COLUMNS)
    wake_runs([m for m in messages if m.has_ended], now)
    return [m for m in messages if m.state == MessageState.CLAIMED]


def _write_text(
    message: Message, template: str, vocabulary: dict[int, OrderStatus], default_zone: str, now: datetime
) -> bool:
    customer, order = message.customer, message.order
    assert customer is not None, "the law found a number"
    assert order is not None, "a text speaks of an order"
    zone = ZoneInfo(customer.timezone or default_zone)
    try:
        message.text = render(template, variables_for(order, customer, message.run.transition, vocabulary, zone))
        problem = "" if message.text else str(_("The text came out empty."))
    except TemplateProblem as error:
        problem = str(error)
    if problem:
        message.error = problem[:500]
        _skip(message, SkipReason.TEXT_FAILED, now)
        return False
    parts = smsutil.split(message.text)
    message.phone, message.parts = customer.phone, len(parts.parts)
    message.encoding = ENCODINGS[parts.encoding]
    return True


def _make_ready(message: Message, switchboard: Switchboard, lease: uuid.UUID, now: datetime) -> None:
    message.is_held = False
    connection = _choose(message, switchboard, now)
    if connection:
        message.gateway, message.state = connection.code, MessageState.CLAIMED
        message.lease, message.leased_until = lease, now + LEASE
    elif message.is_uncertain:
        message.state, message.due_at = MessageState.UNKNOWN, now + LOOKED_UP_AFTER
    elif not switchboard.willing(message.refused_by):
        message.state, message.ended_at = MessageState.REJECTED, now
    else:
        # Counted as tried, so that nothing of its order passes it when one of them is back before it is due.
        message.due_at, message.attempts = now + OUTAGE_POLL, max(message.attempts, 1)


def _choose(message: Message, switchboard: Switchboard, now: datetime) -> Connection | None:
    """One that may have been sent already goes to the same gateway again, while that knows repeats, or to nobody."""
    if message.is_uncertain:
        same = switchboard.find(message.gateway)
        return same if same and same.gateway.promises.is_idempotent else None
    if message.is_test:
        return switchboard.test_phone()
    return switchboard.next_for(message.refused_by, now)


def _skip(message: Message, reason: SkipReason, now: datetime) -> None:
    """Not to be sent. Of one that may have been sent already nobody knows whether it was."""
    message.is_held = False
    if message.is_uncertain:
        message.state, message.error, message.due_at = MessageState.UNKNOWN, reason, now + LOOKED_UP_AFTER
    else:
        message.state, message.skip_reason, message.due_at = MessageState.SKIPPED, reason, None
        message.ended_at = now


def _bury(message: Message, error: Exception) -> None:
    log.error("message_failed", message=message.pk, run=message.run_id, exc_info=error)
    now = timezone.now()
    message.error = type(error).__name__
    _skip(message, SkipReason.TEXT_FAILED, now)
    message.save()
    wake_runs([message] if message.has_ended else [], now)


def _by_gateway(messages: Sequence[Message]) -> dict[str, list[Message]]:
    groups: dict[str, list[Message]] = defaultdict(list)
    for message in messages:
        groups[message.gateway].append(message)
    return groups


def _call_all(switchboard: Switchboard, code: str, messages: list[Message], lease: uuid.UUID, deadline: float) -> None:
    """Call chunk by chunk. The answers to one are written in the transaction that marks the next as being called; or at
    once, where the next has to wait for its turn: a worker that dies meanwhile must not take them with it."""
    connection = switchboard.find(code)
    assert connection is not None, "it was found a moment ago"
    answered, left = _Answered(), dict.fromkeys(messages)
    for chunk in _chunks(connection, messages, deadline):
        with transaction.atomic():
            _write_answers(switchboard, connection, answered, lease)
            calling = _begin(chunk, lease)
        for message in chunk:
            del left[message]
        begun = time.monotonic()
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
    for chunk in in_sets(messages, _chunk_size(connection)):
        is_crowd = all(message.lane == Lane.BULK for message in chunk)
        gives_way = is_crowd and crowd_had_its_turn and _is_somebody_in_a_hurry()
        if gives_way or Workspace.sending_is_paused() or time.monotonic() > deadline:
            return
        if not _has_turn(connection, len(chunk)):
            return
        yield chunk
        crowd_had_its_turn = crowd_had_its_turn or is_crowd


def _is_somebody_in_a_hurry() -> bool:
    now = timezone.now()
    urgent = Message.objects.due(now).filter(lane=Lane.URGENT).order_by("due_at", "pk").values_list("pk", flat=True)
    return bool(_in_turn(now, list(urgent[:SEEN_IN_A_HURRY])))


def _chunk_size(connection: Connection) -> int:
    rounds = ROUNDS_IF_IDEMPOTENT if connection.gateway.promises.is_idempotent else 1
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
    """Commit that these are being called now. Answers those that are still ours to call."""
    ours = Message.objects.filter(pk__in=[m.pk for m in chunk], lease=lease, state=MessageState.CLAIMED)
    now = timezone.now()
    begun = ours.update(state=MessageState.CALLING, called_at=now, leased_until=now + LEASE)
    if begun < len(chunk):
        calling = Message.objects.filter(pk__in=[m.pk for m in chunk], lease=lease, state=MessageState.CALLING)
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
    asked = Message.objects.filter(pk__in=[m.pk for m in answered.answers], lease=lease).order_by("pk")
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
    """What was claimed and not called goes back to the queue, and hears what was told of an earlier call meanwhile."""
    left = Message.objects.filter(pk__in=[m.pk for m in messages], lease=lease, state=MessageState.CLAIMED)
    if messages and left.update(state=MessageState.PENDING, lease=None, leased_until=None):
        apply_kept(messages, timezone.now())
