"""One call: many messages under way on one bind, the parts of each one after the other."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from smpplib import consts

from campaigns.sms.gateways.base import (
    Answer,
    Later,
    Outgoing,
    Refused,
    SendsOnly,
    Taken,
    Unsure,
)
from campaigns.sms.gateways.smpp.account import Account
from campaigns.sms.gateways.smpp.link import Link, LinkDown, Pdu, in_words
from campaigns.sms.gateways.smpp.texts import TextTooLong, parts_of

# So long without an answer to anything that is out; and so long a whole call may take.
ANSWER_S, LONGEST_S = 10.0, 15.0
# How long a thread waits for its turn: web processes, whose people send test messages, have several.
TURN_S = 3.0
# A bind that has rested so long may have died unnoticed.
RESTED_S = 5.0
# After "too fast", the parts of a text begun wait so long; whole messages are put off longer.
BREATH_S, THROTTLED_S = 1.0, 5.0
FULL_S = 30.0

# What a status other than these says is final: it is about this message, or this contract.
LATER_S = {
    consts.SMPP_ESME_RTHROTTLED: THROTTLED_S,
    consts.SMPP_ESME_RMSGQFUL: FULL_S,
    consts.SMPP_ESME_RX_T_APPN: FULL_S,
}
# The SMSC failed, before it took the message or after.
UNSURE = {consts.SMPP_ESME_RSYSERR, consts.SMPP_ESME_RUNKNOWNERR}


@dataclass(slots=True)
class _Own:
    """What one process holds. A child of a fork begins anew, and leaves its parent's connection alone."""

    pid: int = field(default_factory=os.getpid)
    turn: threading.Lock = field(default_factory=threading.Lock)
    link: Link | None = None


class Smpp(SendsOnly):
    def __init__(self, account: Account) -> None:
        self._account, self._own = account, _Own()

    def send(self, messages: Sequence[Outgoing]) -> list[Answer]:
        own = self._of_this_process()
        if not own.turn.acquire(timeout=TURN_S):
            return [Later(_("The connection is in use."), after_s=TURN_S) for _message in messages]
        try:
            return self._send(own, [_Sending.of(message, self._account) for message in messages])
        finally:
            own.turn.release()

    def _of_this_process(self) -> _Own:
        if self._own.pid != os.getpid():
            inherited, self._own = self._own.link, _Own()
            if inherited:
                inherited.drop()
        return self._own

    def _send(self, own: _Own, batch: list[_Sending]) -> list[Answer]:
        why = ""
        try:
            link = own.link = self._ready(own)
            _Call(link, self._account, deque(one for one in batch if one.answer is None)).run()
        except OSError as error:
            why = str(error)
            if own.link:
                own.link.drop()
                own.link = None
        return [one.in_the_end(why) for one in batch]

    def _ready(self, own: _Own) -> Link:
        """Nothing is entrusted to a link that may be dead."""
        link, own.link = own.link, None
        if link:
            try:
                if time.monotonic() - link.heard_at > RESTED_S:
                    link.check()
                while link.read(0):
                    """Answers that came too late."""
            except OSError:
                link.drop()
            else:
                return link
        return Link.bound(self._account, "bind_transmitter")


@dataclass(slots=True)
class _Sending:
    """One message on its way: how many of its parts were taken, and whether the next is out and unanswered."""

    parts: list[dict[str, Any]]
    taken: int = 0
    is_out: bool = False
    answer: Answer | None = None

    @classmethod
    def of(cls, message: Outgoing, account: Account) -> _Sending:
        try:
            texts = parts_of(message.text, message.reference, alphabet=account.alphabet, by_sar=account.joins_by_sar)
        except TextTooLong:
            return cls([], answer=Refused(_("The text takes more than 255 parts.")))
        parts = [_addresses(message, account) | text for text in texts]
        parts[-1]["registered_delivery"] = int(account.wants_receipts)
        return cls(parts)

    def in_the_end(self, why: str) -> Answer:
        """Its answer, or what the lack of one means, once the call ended because of `why`."""
        if self.answer:
            return self.answer
        if self.is_out or self.taken:
            return self._half_sent(why) if self.taken else Unsure(why)
        return Later(why, is_outage=True)

    def take(self, pdu: Pdu, account: Account) -> None:
        """The answer to the part that was out. A later part that may go another time is left to go again."""
        self.is_out = False
        words = in_words(pdu.status)
        if pdu.status == consts.SMPP_ESME_ROK:
            self.taken += 1
            if self.taken == len(self.parts):
                self.answer = Taken(account.id_when_taken(pdu.message_id))
        elif pdu.status in UNSURE:
            self.answer = self._half_sent(words) if self.taken else Unsure(words)
        elif pdu.status not in LATER_S:
            self.answer = self._half_sent(words) if self.taken else Refused(words)
        elif not self.taken:
            self.answer = Later(words, after_s=LATER_S[pdu.status])

    def _half_sent(self, why: str) -> Unsure:
        said = {"taken": self.taken, "parts": len(self.parts), "why": why}
        return Unsure(_("%(taken)d of %(parts)d parts were taken, then: %(why)s") % said)


@dataclass(slots=True)
class _Call:
    """One call: messages that wait, and those out by the sequence number their answer will have."""

    link: Link
    account: Account
    waiting: deque[_Sending]
    out: dict[int, _Sending] = field(default_factory=dict)
    quiet_since: float = 0.0
    resumes_at: float = 0.0

    def run(self) -> None:
        """Until each message has its answer. Raises OSError when no more will come."""
        ends = time.monotonic() + LONGEST_S
        while self.waiting or self.out:
            self._write()
            pdu = self.link.read(self._patience(ends))
            if pdu:
                self._take(pdu)
            elif time.monotonic() >= ends or (self.out and time.monotonic() >= self.quiet_since + ANSWER_S):
                raise LinkDown(_("The provider did not answer in time."))

    def _write(self) -> None:
        while self.waiting and len(self.out) < self.account.window and time.monotonic() >= self.resumes_at:
            one = self.waiting[0]
            sequence = self.link.request("submit_sm", **one.parts[one.taken])
            one.is_out, self.out[sequence] = True, self.waiting.popleft()
            self.quiet_since = time.monotonic()

    def _patience(self, ends: float) -> float:
        now = time.monotonic()
        until = min(ends, self.quiet_since + ANSWER_S) if self.out else ends
        if self.waiting and self.resumes_at > now:
            until = min(until, self.resumes_at)
        return until - now

    def _take(self, pdu: Pdu) -> None:
        one = self.out.pop(pdu.sequence, None) if pdu.is_response else None
        if one is None:
            return
        self.quiet_since = time.monotonic()
        if pdu.status == consts.SMPP_ESME_RINVBNDSTS:
            one.is_out = False
            raise LinkDown(in_words(pdu.status))
        one.take(pdu, self.account)
        if one.answer is None:
            self.waiting.appendleft(one)
        if pdu.status in LATER_S and (one.answer is None or pdu.status == consts.SMPP_ESME_RTHROTTLED):
            self._slow_down(pdu.status)

    def _slow_down(self, status: int) -> None:
        """Texts begun are finished when we have drawn breath. Others are put off: to insist would be punished."""
        self.resumes_at = time.monotonic() + BREATH_S
        for one in self.waiting:
            if not one.taken:
                one.answer = Later(in_words(status), after_s=LATER_S[status])
        self.waiting = deque(one for one in self.waiting if one.answer is None)


def _addresses(message: Outgoing, account: Account) -> dict[str, Any]:
    sender = message.sender or account.sender
    source_ton, source_npi = account.source or _kind_of(sender)
    return {
        "source_addr_ton": source_ton,
        "source_addr_npi": source_npi,
        "source_addr": sender.removeprefix("+").encode("ascii", "replace").decode(),
        "dest_addr_ton": account.destination[0],
        "dest_addr_npi": account.destination[1],
        "destination_addr": message.to.removeprefix("+"),
    }


def _kind_of(sender: str) -> tuple[int, int]:
    """A name, a short number of the network, a full number; nothing: the provider's own choice."""
    if not sender:
        return consts.SMPP_TON_UNK, consts.SMPP_NPI_UNK
    digits = sender.removeprefix("+")
    if not digits.isdecimal():
        return consts.SMPP_TON_ALNUM, consts.SMPP_NPI_UNK
    is_short = digits == sender and len(digits) <= 8
    return (consts.SMPP_TON_NWSPEC, consts.SMPP_NPI_UNK) if is_short else (consts.SMPP_TON_INTL, consts.SMPP_NPI_ISDN)
