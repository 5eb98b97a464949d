"""What would become of a text: the law and the template are asked as when it is sent, and nothing is written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from campaigns.models import Encoding, Message, MessageState, Run, SkipReason
from campaigns.sms.caps import CapBook, FrequencyCap
from campaigns.sms.law import Hold, Skip, judge
from campaigns.sms.texts import make_text

if TYPE_CHECKING:
    from campaigns.rehearsal import RehearsedWorld


class RehearsedCaps(CapBook):
    """A cap on what is sent within a rehearsal, as if nobody had got anything before."""

    def __init__(self, cap: FrequencyCap | None, now: datetime) -> None:
        super().__init__({}, now)
        self._cap = cap

    def cap_of(self, message: Message) -> FrequencyCap | None:
        assert message.due_at is not None
        self._now = message.due_at
        return self._cap


def rehearse(message: Message, params: Mapping[str, Any], world: RehearsedWorld) -> datetime | None:
    """Let its sending end in memory, as its step will read it; or answer until when it is held."""
    message.due_at = world.now
    _begin(message, world)
    ruling = judge(message, world.caps, world.breakers, world.now, world.house)
    if isinstance(ruling, Hold):
        message.is_held = True
        return ruling.until
    if isinstance(ruling, Skip):
        message.state, message.skip_reason = MessageState.SKIPPED, ruling.reason
    elif problem := make_text(message, params["text"], world.statuses, world.house.timezone):
        message.state, message.skip_reason, message.error = MessageState.SKIPPED, SkipReason.TEXT_FAILED, problem
    else:
        message.state, message.sent_at = MessageState.ACCEPTED, world.now
        world.caps.takes(message)
    message.ended_at = world.now
    return None


def try_on(run: Run, params: Mapping[str, Any], world: RehearsedWorld) -> str:
    """What is wrong with the text for this order, whether or not it would come to it; empty: nothing."""
    message = Message(run=run)
    _begin(message, world)
    return make_text(message, params["text"], world.statuses, world.house.timezone) if message.customer else ""


def _begin(message: Message, world: RehearsedWorld) -> None:
    message.campaign, message.order = world.campaign, world.order(message.run)
    message.customer = message.order.customer if message.order else None
    message.only_if_still = world.statuses.get(message.only_if_still_id or 0)
    message.encoding = message.encoding or Encoding.GSM_7
