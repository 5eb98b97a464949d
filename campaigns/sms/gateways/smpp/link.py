"""A connection bound to an SMSC: PDUs out, PDUs in, none of them ever half read.

smpplib knows the PDUs. Its client is not used: on a time-out it forgets what it had read of a PDU, so that all that
follows is out of step; it can keep but one request outstanding; and under TLS it checks no host name.
"""

from __future__ import annotations

import socket
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from smpplib import command_codes, consts, smpp

from campaigns.sms.gateways.smpp.account import Account

CONNECT_S = BIND_S = 4.0
CHECK_S = 3.0
WRITE_S = 3.0
UNBIND_S = 1.0
HEADER_SIZE, LARGEST_PDU = 16, 70_000
LAST_SEQUENCE = 0x7FFFFFFF
NAMES = {code: name for name, code in command_codes.commands.items()}


class LinkDown(OSError):
    """The connection cannot be used any more, or could not be bound; the message says why, for an operator."""


@dataclass(frozen=True, slots=True)
class Pdu:
    """One that came, its header read. `name` is empty for a command nobody knows."""

    name: str
    status: int
    sequence: int
    raw: bytes

    @classmethod
    def of(cls, raw: bytes) -> Pdu:
        _length, command, status, sequence = (int.from_bytes(raw[at : at + 4], "big") for at in (0, 4, 8, 12))
        return cls(NAMES.get(command, ""), status, sequence, raw)

    @property
    def is_response(self) -> bool:
        return self.raw[4] >= 0x80

    @property
    def message_id(self) -> str:
        """Of a submit_sm_resp, which some follow with TLVs, and some leave empty."""
        return self.raw[HEADER_SIZE:].partition(b"\0")[0].decode("latin-1")


class Link:
    """`heard_at` is the monotonic time of the last sign of life. Raises OSError from any verb once it is down."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket, self._unread = connected, bytearray()
        # smpplib's PDUs ask their client for these two, `sequence` and `next_sequence`.
        self.sequence = 0
        self.heard_at = time.monotonic()

    @classmethod
    def bound(cls, account: Account, role: str) -> Link:
        """`role`: bind_transmitter or bind_receiver."""
        link = cls(_connect(account))
        try:
            link._bind(account, role)
        except OSError:
            link.drop()
            raise
        return link

    def next_sequence(self) -> int:
        self.sequence = self.sequence % LAST_SEQUENCE + 1
        return self.sequence

    def request(self, name: str, **fields: Any) -> int:
        """Answers its sequence number, by which its response is known. If it raises, it never wholly left."""
        pdu = smpp.make_pdu(name, client=self, **fields)
        self._write(pdu.generate())
        return int(pdu.sequence)

    def respond(self, name: str, sequence: int, status: int = consts.SMPP_ESME_ROK) -> None:
        pdu = smpp.make_pdu(name, client=self, status=status)
        pdu.sequence = sequence
        self._write(pdu.generate())

    def read(self, wait_s: float) -> Pdu | None:
        """The next PDU, within so many seconds. The provider's questions about the link itself are answered here."""
        deadline = time.monotonic() + wait_s
        while True:
            while (pdu := self._next_whole()) is not None:
                if not self._is_about_the_link(pdu):
                    return pdu
            if not self._receive(deadline - time.monotonic()):
                return None

    def check(self) -> None:
        """Raises LinkDown unless somebody is there: a dead link would take all it is given, and answer nothing."""
        if self._answer_to(self.request("enquire_link"), CHECK_S) is None:
            raise LinkDown(_("The provider does not answer."))

    def close(self) -> None:
        with suppress(OSError):
            self._answer_to(self.request("unbind"), UNBIND_S)
        self.drop()

    def drop(self) -> None:
        """Without a word: it is down, or our parent's."""
        self._socket.close()

    def _bind(self, account: Account, role: str) -> None:
        who = {"system_id": account.system_id, "password": account.password, "system_type": account.system_type}
        answer = self._answer_to(self.request(role, **who), BIND_S)
        if answer is None:
            raise LinkDown(_("The provider does not answer the bind."))
        if answer.status:
            raise LinkDown(_("The provider refused the bind: %s") % in_words(answer.status))

    def _answer_to(self, sequence: int, wait_s: float) -> Pdu | None:
        deadline = time.monotonic() + wait_s
        while (pdu := self.read(deadline - time.monotonic())) is not None:
            if pdu.is_response and pdu.sequence == sequence:
                return pdu
        return None

    def _is_about_the_link(self, pdu: Pdu) -> bool:
        match pdu.name:
            case "enquire_link":
                self.respond("enquire_link_resp", pdu.sequence)
            case "unbind":
                self.respond("unbind_resp", pdu.sequence)
                raise LinkDown(_("The provider ended the bind."))
            case "deliver_sm":
                return False
            case _ if pdu.is_response:
                return False
            case _:
                self.respond("generic_nack", pdu.sequence, consts.SMPP_ESME_RINVCMDID)
        return True

    def _next_whole(self) -> Pdu | None:
        if len(self._unread) < HEADER_SIZE:
            return None
        length = int.from_bytes(self._unread[:4], "big")
        if not HEADER_SIZE <= length <= LARGEST_PDU:
            raise LinkDown(_("What answers there does not speak SMPP."))
        if len(self._unread) < length:
            return None
        raw = bytes(self._unread[:length])
        del self._unread[:length]
        return Pdu.of(raw)

    def _receive(self, wait_s: float) -> bool:
        """Whether anything came within so many seconds."""
        self._socket.settimeout(max(wait_s, 0.001))
        try:
            received = self._socket.recv(65536)
        except TimeoutError:
            return False
        if not received:
            raise LinkDown(_("The provider closed the connection."))
        self._unread += received
        self.heard_at = time.monotonic()
        return True

    def _write(self, raw: bytes) -> None:
        self._socket.settimeout(WRITE_S)
        self._socket.sendall(raw)


def in_words(status: int) -> str:
    """A command_status as the standard calls it; providers add their own from 0x400."""
    return f"{consts.DESCRIPTIONS.get(status, 'Status')} (0x{status:02X})"


def _connect(account: Account) -> socket.socket:
    connected = socket.create_connection((account.host, account.port), CONNECT_S)
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if not account.uses_tls:
        return connected
    try:
        return ssl.create_default_context().wrap_socket(connected, server_hostname=account.host)
    except OSError:
        connected.close()
        raise
