"""An SMSC to test against: real sockets, and somebody else's reading of the PDUs (smpp34's codec, not smpplib).

smpp34 has a server too, in Rust, but 1.5.0 delivers nothing on a receiver's bind and takes its process down with it;
nor can it be told to fail. So what a server does is written here, and what a PDU means is not.
"""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import smpp34
from smpp34 import Tlv

from campaigns.sms.gateways.base import Setup
from campaigns.sms.gateways.smpp.form import SmppForm

BIND_RECEIVER, BIND_TRANSMITTER, SUBMIT_SM = 1, 2, 4
UNBIND, ENQUIRE_LINK, DATA_SM = 6, 0x15, 0x103
RESPONSE = GENERIC_NACK = 0x80000000
OK, SYSTEM_ERROR, BAD_NUMBER, THROTTLED = 0, 8, 0x0B, 0x58
PATIENCE_S = 20

# What `answer` may say in place of a status.
NOTHING, CUT = "nothing", "cut"


@dataclass
class Submitted:
    """A submit_sm that came, and the id it got; empty where it was not taken."""

    pdu: smpp34.SubmitSm
    id: str = ""


@dataclass
class Bind:
    command: int
    socket: socket.socket
    system_id: str
    password: str
    system_type: str


@dataclass
class SmppServer:
    """`answers` are the next answers to submit_sm, statuses or NOTHING or CUT; after them all are taken.

    CUT and NOTHING come after taking. `refused` numbers get BAD_NUMBER. `bind_status` answers every bind, after
    `chatter`.
    """

    answers: list = field(default_factory=list)
    refused: set = field(default_factory=set)
    bind_status: int = OK
    is_mute: bool = False
    chatter: bytes = b""
    came: list[Submitted] = field(default_factory=list)
    binds: list[Bind] = field(default_factory=list)
    enquiries: int = 0
    unbound: int = 0
    most_unanswered: int = 0
    wrap: Callable = lambda connection: connection

    def __enter__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._heard, self._acknowledged, self._sequence = threading.Condition(), {}, 0
        self._sockets = []
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_error):
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    @property
    def taken(self):
        return [one for one in self.came if one.id]

    def cut(self):
        """As when a cable is pulled: nobody says goodbye."""
        for connection in self._sockets:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def wait_for(self, condition):
        with self._heard:
            assert self._heard.wait_for(condition, PATIENCE_S), "it did not come in time"

    def wait_for_binds(self, number, command=BIND_RECEIVER):
        self.wait_for(lambda: sum(bind.command == command for bind in self.binds) >= number)

    def deliver(self, text=b"", *, sender="16025550199", to="shop", tlvs=(), wait=True, **fields):
        """Tell the receiver that bound last. Answers the status it acknowledges with; without `wait` the sequence."""
        with self._heard:
            self._sequence += 1
            sequence = self._sequence
        tlvs = [Tlv(tag, value) for tag, value in tlvs]
        pdu = smpp34.DeliverSm(sender, to, text, sequence_number=sequence, tlvs=tlvs, **fields)
        self.say(pdu.encode())
        return self.acknowledged(sequence) if wait else sequence

    def say(self, raw):
        """To the receiver that bound last, whatever it is."""
        self._receiver().socket.sendall(raw)

    def acknowledged(self, sequence):
        self.wait_for(lambda: sequence in self._acknowledged)
        return self._acknowledged[sequence]

    def receipt(self, id, *, state=2, **how):
        """In parameters alone."""
        tlvs = [(smpp34.TLV_RECEIPTED_MESSAGE_ID, id.encode() + b"\0"), (smpp34.TLV_MESSAGE_STATE, bytes([state]))]
        return self.deliver(esm_class=4, tlvs=tlvs, **how)

    def text_receipt(self, id, *, stat="DELIVRD", err="000", **how):
        """In a text alone."""
        text = (
            f"id:{id} sub:001 dlvrd:001 submit date:2405031200 done date:2405031201 stat:{stat} err:{err} text:Hi id:9"
        )
        return self.deliver(text.encode(), esm_class=4, **how)

    def _receiver(self):
        return [bind for bind in self.binds if bind.command == BIND_RECEIVER][-1]

    def _accept(self):
        with suppress(OSError):
            while True:
                connection, _address = self._listener.accept()
                threading.Thread(target=self._serve, args=[connection], daemon=True).start()

    def _serve(self, connection):
        with suppress(OSError), connection, self.wrap(connection) as connection:
            self._sockets.append(connection)
            unanswered = []
            while True:
                length = _exactly(connection, 4)
                pdu = smpp34.decode(length + _exactly(connection, int.from_bytes(length, "big") - 4))
                with self._heard:
                    self._hear(connection, pdu, unanswered)
                    self._heard.notify_all()

    def _hear(self, connection, pdu, unanswered):
        if pdu.command_id == SUBMIT_SM:
            self._take(connection, pdu, unanswered)
        elif pdu.command_id in (BIND_RECEIVER, BIND_TRANSMITTER):
            who = [word.decode() for word in pdu.body.split(b"\0")[:3]]
            connection.sendall(self.chatter)
            _respond(connection, pdu, self.bind_status, b"SMSC\0")
            if not self.bind_status:
                self.binds.append(Bind(pdu.command_id, connection, *who))
        elif pdu.command_id & RESPONSE:
            self._acknowledged[pdu.sequence_number] = pdu.command_status
        elif pdu.command_id == ENQUIRE_LINK and not self.is_mute:
            self.enquiries += 1
            _respond(connection, pdu)
        elif pdu.command_id == UNBIND:
            self.unbound += 1
            _respond(connection, pdu)

    def _take(self, connection, pdu, unanswered):
        """Answered once no other comes at once, and the last first: a client may send ahead, and must match answers."""
        answer = self.answers.pop(0) if self.answers else BAD_NUMBER if pdu.destination_addr in self.refused else OK
        one = Submitted(pdu, "" if isinstance(answer, int) and answer else f"{0xA0 + len(self.came):X}")
        self.came.append(one)
        unanswered.append((pdu, answer, one.id))
        self.most_unanswered = max(self.most_unanswered, len(unanswered))
        if _has_more(connection):
            return
        for heard, status, id in reversed(unanswered):
            if status == CUT:
                raise ConnectionError
            if status != NOTHING:
                _respond(connection, heard, status, id.encode() + b"\0" if id else b"")
        unanswered.clear()


def setup_for(server, *, sender="Shop", **settings):
    """What a gateway is connected with, as an operator's form gives it."""
    said = {"host": "127.0.0.1", "port": server.port, "system_id": "esme", "password": "secret", "wants_receipts": True}
    defaults = {name: field.initial for name, field in SmppForm().fields.items() if field.initial is not None}
    form = SmppForm(defaults | said | settings)
    assert form.is_valid(), form.errors
    secrets = {"password": form.cleaned_data.pop("password")}
    return Setup(code="smsc", sender=sender, settings=form.cleaned_data, secrets=secrets)


def _exactly(connection, size):
    read = b""
    while len(read) < size:
        read += (more := connection.recv(size - len(read)))
        if not more:
            raise ConnectionError
    return read


def _has_more(connection):
    """Whether more comes within a moment."""
    connection.settimeout(0.02)
    try:
        return bool(connection.recv(1, socket.MSG_PEEK))
    except (TimeoutError, ValueError):
        return False
    finally:
        connection.settimeout(None)


def _respond(connection, pdu, status=OK, body=b""):
    connection.sendall(octets(pdu.command_id | RESPONSE, status, pdu.sequence_number, body))


def octets(command, status, sequence, body=b""):
    """A PDU written by hand."""
    return b"".join(number.to_bytes(4, "big") for number in (16 + len(body), command, status, sequence)) + body
