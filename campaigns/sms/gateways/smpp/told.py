"""What a deliver_sm tells: a receipt, or a text that somebody wrote."""

from __future__ import annotations

import hashlib
import re
import struct
from datetime import datetime

from django.utils import timezone
from smpplib import command, consts

from campaigns.models import Fate
from campaigns.sms.gateways.base import BadReceipt, Delivery, Incoming, Told
from campaigns.sms.gateways.smpp.account import Account
from campaigns.sms.gateways.smpp.texts import decode

# esm_class: a receipt of the SMSC, or its word on the way there.
RECEIPT_BITS = 0x04 | 0x20
TLV = consts.OPTIONAL_PARAMS

# SMPP 3.4, 5.2.28; the last two are of 5.0. Of what the SMSC does not know itself we know that it took it.
STATES = {
    0: "SCHEDULED", 1: "ENROUTE", 2: "DELIVRD", 3: "EXPIRED", 4: "DELETED", 5: "UNDELIV", 6: "ACCEPTD",
    7: "UNKNOWN", 8: "REJECTD", 9: "SKIPPED",
}  # fmt: skip
FATES = {
    "DELIVRD": Fate.DELIVERED,
    "EXPIRED": Fate.EXPIRED,
    "DELETED": Fate.UNDELIVERED,
    "UNDELIV": Fate.UNDELIVERED,
    "REJECTD": Fate.UNDELIVERED,
    "SKIPPED": Fate.UNDELIVERED,
}
# SMPP 3.4, appendix B: `id:… sub:… dlvrd:… submit date:… done date:… stat:… err:… text:…`, each optional in practice.
SAID = re.compile(r"\b(id|done date|stat|err):\s*([^\s:]+)(?=\s|$)", re.IGNORECASE)
TEXT = re.compile(r"\btext:", re.IGNORECASE)


class DeliverSm(command.DeliverSM):
    """With its optional parameters as they came: smpplib gives up at one that it does not expect here."""

    def __init__(self, raw: bytes) -> None:
        super().__init__("deliver_sm", need_sequence=False)
        self.tlvs: dict[int, bytes] = {}
        self.parse(raw)

    def parse_optional_params(self, data: bytes) -> None:
        while data:
            tag, length = struct.unpack(">HH", data[:4])
            self.tlvs[tag], data = data[4 : 4 + length], data[4 + length :]

    @property
    def body(self) -> bytes:
        return self.tlvs.get(TLV["message_payload"]) or self.short_message or b""


def told_of(raw: bytes, account: Account) -> Told | None:
    """None: nothing that we keep. Raises BadReceipt."""
    try:
        pdu = DeliverSm(raw)
    except (struct.error, TypeError, ValueError) as error:
        raise BadReceipt(type(error).__name__) from error
    if pdu.source_addr is None or pdu.data_coding is None:
        raise BadReceipt("cut short")
    if pdu.esm_class & RECEIPT_BITS or TLV["receipted_message_id"] in pdu.tlvs:
        return _receipt(pdu, account)
    return _incoming(pdu, account)


def _receipt(pdu: DeliverSm, account: Account) -> Delivery:
    """Its parameters say it plainly; the text is each provider's own, and only fills what they leave out."""
    written = TEXT.split(pdu.body.decode("latin-1"), maxsplit=1)[0]
    said = {name.lower(): value for name, value in SAID.findall(written)}
    told_id = _text(pdu, "receipted_message_id") or said.get("id", "")
    state = pdu.tlvs.get(TLV["message_state"], b"")
    word = STATES.get(state[0], str(state[0])) if state else said.get("stat", "").upper()
    if not told_id or not word:
        raise BadReceipt("no id, or no state")
    fate = FATES.get(word, Fate.ACCEPTED)
    reason = "" if fate == Fate.DELIVERED else " ".join(filter(None, (word, _error(pdu, said.get("err", "")))))
    return Delivery(
        fate,
        gateway_id=account.id_in_receipt(told_id),
        reason=reason,
        occurred_at=_done_at(said.get("done date", ""), account),
    )


def _error(pdu: DeliverSm, said: str) -> str:
    """The network's own code: of three octets the first names the network's kind."""
    code = pdu.tlvs.get(TLV["network_error_code"], b"")
    return f"err:{int.from_bytes(code[1:], 'big'):03}" if len(code) == 3 else said and f"err:{said}"


def _done_at(said: str, account: Account) -> datetime | None:
    """YYMMDDhhmm, with seconds or without, by a clock whose zone only the provider knows."""
    if account.zone is None or not re.fullmatch(r"\d{10}(\d{2})?", said):
        return None
    try:
        return datetime.strptime(said.ljust(12, "0"), "%y%m%d%H%M%S").replace(tzinfo=account.zone)
    except ValueError:
        return None


def _incoming(pdu: DeliverSm, account: Account) -> Incoming | None:
    """A long text stays in its parts, as they come: the next may be told only after this one is answered."""
    header, data = _apart(pdu)
    text = decode(data, pdu.data_coding, alphabet=account.alphabet)
    return None if text is None else Incoming(_id_of(pdu, header), _phone(pdu), text)


def _apart(pdu: DeliverSm) -> tuple[bytes, bytes]:
    """The header that joins it with others, and the text."""
    if not pdu.esm_class & consts.SMPP_GSMFEAT_UDHI or not pdu.body:
        return b"", pdu.body
    size = pdu.body[0] + 1
    return pdu.body[:size], pdu.body[size:]


def _phone(pdu: DeliverSm) -> str:
    """Providers leave out the plus, and often the type of number."""
    written = pdu.source_addr.decode("latin-1")
    is_national = pdu.source_addr_ton == consts.SMPP_TON_NATNL
    return f"+{written}"[:16] if written.isdecimal() and not is_national else written[:16]


def _id_of(pdu: DeliverSm, header: bytes) -> str:
    """SMPP gives an incoming text no id. Told again it is the same octets; so is a second STOP, after a START.

    So the minute belongs to it. A repeat in a later minute is kept twice, which harms nobody; nobody writes STOP,
    START and STOP within one.
    """
    sar = b"".join(pdu.tlvs.get(TLV[name], b"") for name in ("sar_msg_ref_num", "sar_segment_seqnum"))
    minute = timezone.now().strftime("%Y%m%d%H%M").encode()
    told = (minute, pdu.source_addr, pdu.destination_addr, bytes([pdu.data_coding]), header, sar, pdu.body)
    return hashlib.sha256(b"\0".join(told)).hexdigest()


def _text(pdu: DeliverSm, name: str) -> str:
    return pdu.tlvs.get(TLV[name], b"").rstrip(b"\0").decode("latin-1")
