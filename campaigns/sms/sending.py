"""Hands messages to a gateway: claims those that are due, lets the law rule, then calls, then writes what came of it.

The message row is first, the call after it. A message is committed as `calling` with a lease just before the call; a
lease that runs out means that a worker died between the two. Such a message is sent again, under the same reference,
only where the gateway knows repeats by it; elsewhere its fate is unknown and a person decides. Never silently twice.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import smsutil
import structlog
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from campaigns import doorbell
from campaigns.engine import NOT_MINE, readable_plans
from campaigns.models import CampaignState, Message, MessageState, Run, SkipReason
from campaigns.sms.caps import CapBook
from campaigns.sms.gateways import GATEWAYS, TEST_GATEWAY, chosen_gateway
from campaigns.sms.gateways.base import Answer, Outgoing, Refused, Taken
from campaigns.sms.law import Hold, Send, Skip, judge
from campaigns.sms.templates import TemplateProblem, render, variables_for
from statuses.models import OrderStatus
from workspace.batches import work_batch
from workspace.database import lock_rows, set_size, write_columns
from workspace.models import Workspace
from workspace.queues import RUNS

LEASE = timedelta(minutes=2)

CLAIM_COLUMNS = (
    "state", "skip_reason", "due_at", "is_held", "lease", "leased_until",
    "phone", "text", "parts", "gateway", "ended_at", "error",
)  # fmt: skip
ANSWER_COLUMNS = ("state", "gateway_id", "error", "lease", "leased_until", "sent_at", "ended_at")

log = structlog.get_logger(__name__)


def send_due(*, limit: int | None = None) -> int:
    """Rule on one batch of due messages and send what may be sent. Answers how many were ruled on."""
    now, gateway = timezone.now(), chosen_gateway()

    def claim(ids: Sequence[int] | None) -> list[Message]:
        due = _due(now)[: limit or set_size()] if ids is None else _due(now).filter(pk__in=ids)
        return list(lock_rows(due, skip_locked=True, only_self=True))

    ruled, calling = work_batch(claim, lambda messages: _rule(messages, gateway, timezone.now()), _bury)
    for key, messages in _by_gateway(calling).items():
        _call(key, messages)
    return ruled


def recover_expired() -> int:
    """Take back messages whose worker died between its claim and its answer. Answers how many."""
    now = timezone.now()
    with transaction.atomic():
        expired = Message.objects.filter(state=MessageState.CALLING, leased_until__lt=now).order_by("pk")
        messages = list(lock_rows(expired, skip_locked=True)[: set_size()])
        for message in messages:
            gateway = GATEWAYS.get(message.gateway)
            again = gateway is not None and gateway.is_idempotent
            message.state = MessageState.PENDING if again else MessageState.UNKNOWN
            message.lease = message.leased_until = None
            message.due_at = now if again else None
        columns = ("state", "lease", "leased_until", "due_at")
        write_columns(Message, columns, [(m.pk, *(getattr(m, c) for c in columns)) for m in messages])
        return len(messages)


def _due(now: datetime) -> QuerySet[Message]:
    """Pending messages of active campaigns, and all of an ended one: the law will skip those."""
    active = Q(due_at__lte=now, campaign__state=CampaignState.ACTIVE)
    related = ("campaign", "customer", "order", "only_if_still", "run__version", "run__transition")
    return (
        Message.objects.filter(active | Q(campaign__state=CampaignState.ENDED), state=MessageState.PENDING)
        .select_related(*related)
        .order_by("due_at", "pk")
    )


def _rule(messages: list[Message], gateway: str, now: datetime) -> list[Message]:
    """Let the law rule on each and write what it ruled. Answers those that are to be called now."""
    plans = readable_plans({m.run.version for m in messages})
    capped = {m: cap for m in messages if m.run.version_id in plans and (cap := plans[m.run.version_id].frequency_cap)}
    caps, zone, vocabulary = CapBook(capped, now), Workspace.current().timezone, OrderStatus.objects.in_bulk()
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
                if message.gateway or _write_text(message, template, vocabulary, zone, now):
                    _make_ready(message, TEST_GATEWAY if message.is_test else gateway, now)
                    caps.takes(message)
    write_columns(Message, CLAIM_COLUMNS, [(m.pk, *(getattr(m, c) for c in CLAIM_COLUMNS)) for m in messages])
    _wake([m for m in messages if m.has_ended], now)
    return [m for m in messages if m.state == MessageState.CALLING]


def _write_text(
    message: Message, template: str, vocabulary: dict[int, OrderStatus], default_zone: str, now: datetime
) -> bool:
    customer, order = message.customer, message.order
    assert customer is not None, "the law found a number"
    assert order is not None, "a text speaks of an order"
    zone = ZoneInfo(customer.timezone or default_zone)
    try:
        message.text = render(template, variables_for(order, customer, message.run.transition, vocabulary, zone))
        message.error = "" if message.text else str(_("The text came out empty."))
    except TemplateProblem as problem:
        message.error = str(problem)[:500]
    if message.error:
        _skip(message, SkipReason.TEXT_FAILED, now)
        return False
    message.phone, message.parts = customer.phone, len(smsutil.split(message.text).parts)
    return True


def _make_ready(message: Message, gateway: str, now: datetime) -> None:
    """One that was called before and is to be sent again goes to the same gateway, which knows its reference."""
    message.gateway = message.gateway or gateway
    message.state, message.is_held = MessageState.CALLING, False
    message.lease, message.leased_until = uuid.uuid4(), now + LEASE


def _skip(message: Message, reason: SkipReason, now: datetime) -> None:
    """Not to be sent. Of one that was called before nobody knows whether it was."""
    message.is_held, message.due_at = False, None
    if message.gateway:
        message.state, message.error = MessageState.UNKNOWN, message.error or reason
    else:
        message.state, message.skip_reason, message.ended_at = MessageState.SKIPPED, reason, now


def _bury(message: Message, error: Exception) -> None:
    log.error("message_failed", message=message.pk, run=message.run_id, exc_info=error)
    now = timezone.now()
    message.error = type(error).__name__
    _skip(message, SkipReason.TEXT_FAILED, now)
    message.save()
    _wake([message] if message.has_ended else [], now)


def _by_gateway(messages: Sequence[Message]) -> dict[str, list[Message]]:
    groups: dict[str, list[Message]] = defaultdict(list)
    for message in messages:
        groups[message.gateway].append(message)
    return groups


def _call(gateway: str, messages: list[Message]) -> None:
    """Call, then write the answers. If the call fails as a whole, the leases run out and `recover_expired` decides."""
    outgoing = [Outgoing(str(m.reference), m.phone, m.text, m.pk) for m in messages]
    try:
        answers = dict(zip((m.pk for m in messages), GATEWAYS[gateway].send(outgoing), strict=True))
    except Exception as error:  # whatever it was, the messages of other gateways are still to be called
        log.error("gateway_failed", gateway=gateway, messages=len(messages), exc_info=error)
        return
    _write_answers(answers, {m.lease for m in messages}, timezone.now())


def _write_answers(answers: dict[int, Answer], leases: set[uuid.UUID | None], now: datetime) -> None:
    with transaction.atomic():
        held = list(lock_rows(Message.objects.filter(pk__in=answers, lease__in=leases).order_by("pk")))
        for message in held:
            _take(message, answers[message.pk], now)
        write_columns(Message, ANSWER_COLUMNS, [(m.pk, *(getattr(m, c) for c in ANSWER_COLUMNS)) for m in held])
        _wake(held, now)


def _take(message: Message, answer: Answer, now: datetime) -> None:
    match answer:
        case Taken(gateway_id):
            message.state, message.gateway_id, message.sent_at = MessageState.ACCEPTED, gateway_id, now
        case Refused(error):
            message.state, message.error = MessageState.REJECTED, error[:500]
    message.lease = message.leased_until = None
    message.ended_at = now


def _wake(messages: Sequence[Message], now: datetime) -> None:
    """The runs that waited for these go on."""
    if messages:
        Run.objects.filter(pk__in=[m.run_id for m in messages]).wake(now)
        doorbell.ring_on_commit(RUNS)
