"""What becomes of a message once it was claimed: the one place where an answer, a receipt or a person changes it.

A Book gathers what one transaction decides about messages that it holds locked, and writes it at once.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy

from campaigns.models import Fate, Message, MessageEvent, MessageState, Receipt
from campaigns.owed import wake_runs
from campaigns.sms.connections import Connection
from campaigns.sms.gateways.base import Later
from customers.consent import ByPhone, name_proof, tell_consents
from customers.models import Consent
from workspace.database import insert_rows, write_rows

What = MessageEvent.What

# A gateway may know of a message a while after it took it, and a call that we gave up may still arrive.
LOOKED_UP_AFTER = timedelta(seconds=60)

FIRST_PAUSE_S, LONGEST_PAUSE_S = 5.0, 900.0
LONGEST_ASKED_S = 24 * 3600.0
# A little over three hours of trying.
MOST_ATTEMPTS = 20

COLUMNS = (
    "state", "skip_reason", "due_at", "lease", "leased_until", "attempts", "refused_by", "gateway", "is_uncertain",
    "gateway_id", "error", "sent_at", "ended_at", "receipt_at", "receipt_reason",
)  # fmt: skip

# A receipt moves a message only forward. What was sent may be told of twice, and the better news stands.
RANK = {
    MessageState.UNKNOWN: 0,
    MessageState.PENDING: 0,
    MessageState.ACCEPTED: 1,
    MessageState.UNDELIVERED: 2,
    MessageState.DELIVERED: 3,
}
LEADS_TO = {
    Fate.ACCEPTED: MessageState.ACCEPTED,
    Fate.DELIVERED: MessageState.DELIVERED,
    Fate.UNDELIVERED: MessageState.UNDELIVERED,
    Fate.EXPIRED: MessageState.UNDELIVERED,
}


@dataclass(slots=True)
class Book:
    """What is decided at `now` about messages under lock."""

    now: datetime
    messages: dict[int, Message] = field(default_factory=dict)
    events: list[MessageEvent] = field(default_factory=list)
    ended: list[Message] = field(default_factory=list)
    opted_out: list[ByPhone] = field(default_factory=list)

    def accept(self, message: Message, gateway_id: str = "") -> None:
        """The gateway owes it to the phone now."""
        message.gateway_id = message.gateway_id or gateway_id[:128]
        message.state, message.error, message.sent_at = MessageState.ACCEPTED, "", message.sent_at or self.now
        self._end(message)

    def refuse(self, message: Message, error: str, *, has_another: bool = False, opted_out: bool = False) -> None:
        """The gateway will not take it: another may be asked, or it ends here."""
        self.note(message, What.REFUSED, error)
        message.error = error[:500]
        if opted_out:
            self._opt_out(message, self.now)
        self._give_up(message, has_another=has_another)

    def put_off(self, message: Message, answer: Later, *, has_another: bool = False) -> None:
        """The gateway did not take it this time, and may later: asked often enough, that is as good as a refusal."""
        self.note(message, What.PUT_OFF, answer.error)
        message.error = answer.error[:500]
        if answer.is_outage:
            message.attempts = max(message.attempts, 1)
            self._free(message, MessageState.PENDING, self.now + timedelta(seconds=FIRST_PAUSE_S))
        elif message.attempts + 1 >= MOST_ATTEMPTS:
            self._give_up(message, has_another=has_another)
        else:
            message.attempts += 1
            self._free(message, MessageState.PENDING, self.now + _pause(message.attempts, answer.after_s))

    def unsure(
        self, message: Message, error: str, connection: Connection | None, *, again_at: datetime | None = None
    ) -> None:
        """Nobody knows whether the gateway has it. One that knows repeats is asked again; else it is to be settled."""
        self.note(message, What.UNSURE, error)
        message.error, message.is_uncertain = error[:500], True
        knows_repeats = connection is not None and connection.gateway.promises.is_idempotent
        if knows_repeats and message.attempts + 1 < MOST_ATTEMPTS:
            message.attempts += 1
            self._free(message, MessageState.PENDING, again_at or self.now + _pause(message.attempts))
        else:
            self._free(message, MessageState.UNKNOWN, self.now + LOOKED_UP_AFTER)

    def send_again(self, message: Message) -> None:
        """It was not sent after all: it goes back to the queue as if new, and any gateway may be asked."""
        message.is_uncertain, message.refused_by, message.attempts = False, [], 0
        self._free(message, MessageState.PENDING, self.now)

    def release(self, message: Message) -> None:
        """It was claimed and not called."""
        self._free(message, MessageState.PENDING, message.due_at or self.now)

    def tell(self, message: Message, receipt: Receipt) -> None:
        """A receipt moves the message, unless better news stands. Of an unknown fate it tells that it was sent."""
        to = LEADS_TO[Fate(receipt.fate)]
        if receipt.opted_out:
            self._opt_out(message, receipt.occurred_at)
        if not _is_news(message, to):
            return
        if message.sent_at is None:
            self.note(message, What.RECEIPT, receipt.fate)
            self.accept(message)
        message.gateway_id = message.gateway_id or receipt.gateway_id
        message.state, message.receipt_at, message.receipt_reason = to, receipt.occurred_at, _reason(receipt)
        self.messages[message.pk] = message

    def note(self, message: Message, what: MessageEvent.What, detail: str = "", actor_id: int | None = None) -> None:
        self.messages[message.pk] = message
        self.events.append(
            MessageEvent(
                message=message,
                at=self.now,
                what=what,
                gateway=message.gateway,
                detail=detail[:500],
                actor_id=actor_id,
            )
        )

    def write(self) -> None:
        insert_rows(self.events)
        write_rows(self.messages.values(), COLUMNS)
        if self.opted_out:
            tell_consents(self.opted_out)
        wake_runs((message.run_id for message in self.ended), self.now)

    def _opt_out(self, message: Message, at: datetime) -> None:
        """Told by its gateway, which is the proof."""
        told_by = f"gateway:{message.gateway}:{message.pk}"
        self.opted_out.append(ByPhone(message.phone, Consent.REFUSED, told_by, at))

    def _give_up(self, message: Message, *, has_another: bool) -> None:
        """Its gateway is asked no more. No to this call says nothing of an earlier one that nobody knows the end of."""
        message.refused_by = [*message.refused_by, message.gateway]
        if has_another and not message.is_uncertain:
            message.attempts = 0
            self._free(message, MessageState.PENDING, self.now)
        elif message.is_uncertain:
            self._free(message, MessageState.UNKNOWN, self.now + LOOKED_UP_AFTER)
        else:
            message.state = MessageState.REJECTED
            self._end(message)

    def _end(self, message: Message) -> None:
        if message.ended_at is None:
            message.ended_at = self.now
            self.ended.append(message)
        message.is_uncertain = False
        self._free(message, MessageState(message.state), message.due_at)

    def _free(self, message: Message, state: MessageState, due_at: datetime | None) -> None:
        message.state, message.due_at = state, due_at
        message.lease = message.leased_until = None
        self.messages[message.pk] = message


def _is_news(message: Message, to: MessageState) -> bool:
    """Of what a gateway certainly has not taken, its “not delivered” says nothing new, and the next is still asked."""
    state = MessageState(message.state)
    if state == MessageState.PENDING and not message.is_uncertain and to == MessageState.UNDELIVERED:
        return False
    return state in RANK and RANK[state] < RANK[to]


def _reason(receipt: Receipt) -> str:
    """A message has one word for “not delivered”; whether its time was over stands in the reason."""
    if receipt.fate != Fate.EXPIRED:
        return receipt.reason
    return f"{Fate.EXPIRED.value}: {receipt.reason}"[:200] if receipt.reason else Fate.EXPIRED.value


def _pause(attempts: int, asked_s: float | None = None) -> timedelta:
    """Twice as long each time, spread so that a crowd does not come back at once; never sooner than asked."""
    usual_s = min(FIRST_PAUSE_S * 2 ** (attempts - 1), LONGEST_PAUSE_S)
    spread_s = usual_s * random.uniform(0.8, 1.2)  # noqa: S311 - spreads, hides nothing
    return timedelta(seconds=max(spread_s, min(asked_s or 0, LONGEST_ASKED_S)))


name_proof("gateway", gettext_lazy("a gateway that they told so"))
