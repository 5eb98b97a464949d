"""Hands messages to gateways: claims those that are due, lets the law rule, then calls, then writes what came of it.

The message row is first, the call after it (campaigns/sms/handover.py). A batch is claimed under a lease. One that runs
out means that a worker died: what was only claimed goes back to the queue, what was being called is sent again, under
the same reference, only where the gateway knows repeats by it. Elsewhere its fate is unknown
(campaigns/sms/settling.py). Never silently twice.
"""

from __future__ import annotations

import time
import uuid
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from functools import partial

import structlog
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from campaigns import columns
from campaigns.arrivals import find_stops
from campaigns.claiming import claim, lock_free
from campaigns.engine import NOT_MINE, readable_plans
from campaigns.models import (
    Activation,
    CampaignVersion,
    Message,
    MessageEvent,
    MessageState,
    SkipReason,
)
from campaigns.owed import owed_by_stopped, wake_runs
from campaigns.sms.breaker import BreakerBook, held_back
from campaigns.sms.caps import CapBook
from campaigns.sms.connections import Connection, Switchboard, back_at
from campaigns.sms.fates import LOOKED_UP_AFTER, Book
from campaigns.sms.handover import LEASE, LONGEST_REST_S, begin_at_once, hand_over
from campaigns.sms.law import Hold, Send, Skip, judge
from campaigns.sms.receipts import apply_kept
from campaigns.sms.texts import make_text, read_contents
from campaigns.sms.turns import in_turn
from campaigns.world import World
from customers.models import Customer
from statuses.models import OrderStatus
from workspace.batches import work_batch
from workspace.database import lock_rows, set_size, write_rows
from workspace.failpoints import reach
from workspace.models import Workspace

# A batch is worked on for so long, well within its lease; what has not been called by then goes back to the queue.
BATCH_S = 40.0

CLAIM_COLUMNS = (
    "state", "skip_reason", "due_at", "is_held", "lease", "leased_until",
    "phone", "text", "parts", "encoding", "gateway", "attempts", "called_at", "ended_at",
    "error",
)  # fmt: skip

UNREAD = (
    *columns.under("run", columns.OF_RUN),
    *columns.under("run__transition", columns.OF_TRANSITION, columns.OF_TRANSITION_BY_TEXTS),
    *columns.under("order", columns.OF_ORDER, columns.OF_ORDER_BY_TEXTS, columns.OF_ORDER_BY_MOST_TEXTS),
    *columns.under("customer", columns.OF_CUSTOMER, columns.OF_CUSTOMER_BY_MOST_TEXTS),
)

log = structlog.get_logger(__name__)


def send_due(*, limit: int | None = None) -> int:
    """Rule on one batch of due messages and send what may be sent. Answers how many were ruled on."""
    workspace = Workspace.current()
    if workspace.sending_paused_at or not workspace.orders_enabled:
        return 0
    now, began, switchboard, lease = timezone.now(), time.monotonic(), Switchboard.now(), uuid.uuid4()
    held = held_back()

    def take(ids: Sequence[int] | None) -> list[Message]:
        due, left = _to_rule_on(Message.objects.due(now).exclude(held)), _to_rule_on(Message.objects.left_by_ended())
        if ids is not None:
            some = (
                due.filter(pk__in=in_turn(now, ids, held)),
                left.filter(pk__in=ids),
                _to_rule_on(owed_by_stopped(Message)).filter(pk__in=ids),
            )
            return list({message.pk: message for rows in some for message in lock_free(rows)}.values())
        next_ones = _to_rule_on(Message.objects.due_in_any_campaign(now).exclude(held))
        claimed = claim(next_ones, _room(switchboard, limit), in_turn=partial(in_turn, now, held=held))
        rest = (rows.order_by("pk")[: limit or set_size()] for rows in (left, _to_rule_on(owed_by_stopped(Message))))
        return claimed or next(filter(None, map(lock_free, rest)), [])

    def rule(messages: list[Message]) -> list[Message]:
        return _rule(messages, switchboard, lease, workspace, timezone.now())

    ruled, claimed = work_batch(take, rule, _bury)
    reach("sending.claimed")
    deadline = time.monotonic() + BATCH_S
    for code, messages in _by_gateway(claimed).items():
        hand_over(switchboard, code, messages, lease, began, deadline)
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


def _rule(
    messages: list[Message], switchboard: Switchboard, lease: uuid.UUID, house: Workspace, now: datetime
) -> list[Message]:
    """Let the law rule on each and write what it ruled. Answers those that are to be called now."""
    versions = {message.run.version_id for message in messages}
    stopped_versions = Activation.objects.filter(version__in=versions).stopped_versions()
    plans = readable_plans(CampaignVersion.objects.filter(pk__in=versions))
    capped = {m: cap for m in messages if m.run.version_id in plans and (cap := plans[m.run.version_id].frequency_cap)}
    caps, breakers, vocabulary = CapBook(capped, now), BreakerBook(messages, now), OrderStatus.objects.in_bulk()
    runs, rules = [message.run for message in messages], {pk: plan.stop_on for pk, plan in plans.items()}
    stopped = find_stops(runs, rules, World(runs, now))
    _note_erased(messages)
    nodes = {m: plans[m.run.version_id].nodes.get(m.step) for m in messages if m.run.version_id in plans}
    params = {message: node.params for message, node in nodes.items() if node}
    read_contents({message: some["text"] for message, some in params.items()})
    for message in messages:
        is_stopped = message.run.version_id in stopped_versions
        match Skip(SkipReason.STOPPED) if is_stopped else judge(message, caps, breakers, now, house, stopped):
            case Skip(reason):
                _skip(message, reason, now)
            case Hold(until):
                message.due_at, message.is_held = until, True
            case Send() if message.run.version_id not in plans:
                message.due_at = now + NOT_MINE
            case Send() if breakers.holds(message):
                pass  # it stays as it is, and is claimed no more until a person lets it go
            case Send():
                text, sender = params[message]["text"], params[message]["sender"]
                if message.is_uncertain or _write_text(message, text, vocabulary, house.timezone, now):
                    _make_ready(message, switchboard, sender or "", lease, now)
                    caps.takes(message)
                    breakers.takes(message)
    claimed = [m for m in messages if m.state == MessageState.CLAIMED]
    begin_at_once(switchboard, claimed, now)
    breakers.write()
    write_rows(messages, CLAIM_COLUMNS)
    wake_runs((m.run_id for m in messages if m.has_ended), now)
    return claimed


def _note_erased(messages: Sequence[Message]) -> None:
    """Whoever was erased as these messages were read. From now on nobody is: who erases waits for these messages."""
    customers = {message.customer_id for message in messages if message.customer_id is not None}
    erased = dict(Customer.objects.erased().filter(pk__in=customers).values_list("pk", "erased_at"))
    for message in messages:
        if message.customer and message.customer_id in erased:
            message.customer.erased_at = erased[message.customer_id]


def _write_text(
    message: Message, template: str, vocabulary: dict[int, OrderStatus], default_zone: str, now: datetime
) -> bool:
    problem = make_text(message, template, vocabulary, default_zone)
    if problem:
        message.error = problem[:500]
        _skip(message, SkipReason.TEXT_FAILED, now)
        return False
    return True


def _make_ready(message: Message, switchboard: Switchboard, sender: str, lease: uuid.UUID, now: datetime) -> None:
    message.is_held = False
    willing = _willing(message, switchboard, sender)
    connection = next((one for one in willing if not one.is_out(now)), None)
    if connection:
        message.gateway, message.state = connection.code, MessageState.CLAIMED
        message.lease, message.leased_until = lease, now + LEASE
    elif willing:
        # Counted as tried, so that nothing of its order passes it when one of them is back before it is due.
        message.due_at, message.attempts = back_at(willing, now), max(message.attempts, 1)
    elif message.is_uncertain:
        message.state, message.due_at = MessageState.UNKNOWN, now + LOOKED_UP_AFTER
    else:
        message.state, message.ended_at = MessageState.REJECTED, now


def _willing(message: Message, switchboard: Switchboard, sender: str) -> list[Connection]:
    """Whom to ask, in order. One that may have been sent already goes to the same gateway again, while that knows
    repeats, or to nobody."""
    if message.is_uncertain:
        same = switchboard.find(message.gateway)
        return [same] if same and same.gateway.promises.is_idempotent else []
    if message.is_test:
        return [switchboard.test_phone()]
    return switchboard.willing(message.refused_by, sender)


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
    wake_runs([message.run_id] if message.has_ended else [], now)


def _by_gateway(messages: Sequence[Message]) -> dict[str, list[Message]]:
    groups: dict[str, list[Message]] = defaultdict(list)
    for message in messages:
        groups[message.gateway].append(message)
    return groups
