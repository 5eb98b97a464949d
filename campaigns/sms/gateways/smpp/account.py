"""A contract with an SMPP provider: where it is, who we are there, and which of its customs it follows."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from campaigns.sms.gateways.base import Setup
from campaigns.sms.gateways.smpp.form import SmppForm

# How a provider may write one and the same message id: bases when it is taken, and in its receipt.
BASES: dict[str, tuple[int | None, int | None]] = {
    "same": (None, None),
    "hex_then_decimal": (16, 10),
    "decimal_then_hex": (10, 16),
}


@dataclass(frozen=True, slots=True)
class Account:
    """`alphabet` is what data_coding 0 means there; `source` the sender's TON and NPI, None: told by its looks.

    `zone` is that of the times in receipts; None: unknown, so they count from when they are heard.
    """

    host: str
    port: int
    uses_tls: bool = False
    system_id: str = ""
    password: str = ""
    system_type: str = ""
    sender: str = ""
    source: tuple[int, int] | None = None
    destination: tuple[int, int] = (1, 1)
    alphabet: str = "gsm7"
    joins_by_sar: bool = False
    wants_receipts: bool = True
    message_ids: str = "same"
    zone: ZoneInfo | None = None
    window: int = 10

    @classmethod
    def of(cls, setup: Setup) -> Account:
        """Raises ValueError: it is no account."""
        said = SmppForm.complete(setup.settings)
        if not said["host"]:
            raise ValueError("an SMPP account without a host")  # an empty one would be this machine
        ton, npi = said["source_ton"], said["source_npi"]
        return cls(
            host=said["host"],
            port=said["port"],
            uses_tls=said["uses_tls"],
            system_id=said["system_id"],
            password=setup.secrets.get("password", ""),
            system_type=said["system_type"],
            sender=setup.sender,
            source=None if ton is None or npi is None else (ton, npi),
            destination=(said["dest_ton"], said["dest_npi"]),
            alphabet=said["alphabet"],
            joins_by_sar=said["join_by"] == "sar",
            wants_receipts=said["wants_receipts"],
            message_ids=said["message_ids"],
            zone=ZoneInfo(said["receipt_zone"]) if said["receipt_zone"] else None,
            window=said["window"],
        )

    def id_when_taken(self, written: str) -> str:
        return _as_decimal(written, BASES[self.message_ids][0])

    def id_in_receipt(self, written: str) -> str:
        return _as_decimal(written, BASES[self.message_ids][1])


def _as_decimal(written: str, base: int | None) -> str:
    """One spelling for a number that the provider writes in two."""
    try:
        return str(int(written, base)) if base else written
    except ValueError:
        return written
