"""Which gateways messages go to now, in which order, and how fast.

With none connected there is one built in, which reaches nobody (settings.SMS_GATEWAY: the test phone).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.urls import reverse
from django.utils.crypto import get_random_string, salted_hmac
from django.utils.translation import gettext as _

from campaigns.models import SmsGateway
from campaigns.sms.gateways import BUILTIN, KINDS, TEST_GATEWAY
from campaigns.sms.gateways.base import (
    Answer,
    Gateway,
    GatewayKind,
    Later,
    NotCalled,
    Outgoing,
    Refused,
    SendsOnly,
    Setup,
    Taken,
    Unsure,
)
from workspace.database import lock_rows
from workspace.encryption import CannotDecrypt, decrypt

# After an outage the others are asked first for so long, or everybody waits.
OUT_FOR = timedelta(seconds=30)
SEEN_AGAIN_AFTER = timedelta(seconds=5)
# Nobody waits so long for a turn, so nobody books it.
NEVER_BOOKED_AHEAD = timedelta(minutes=5)
# Whatever it asks for: it may be back sooner, and nobody would notice.
LONGEST_OUT = timedelta(minutes=15)
# So many messages in doubt, and no other, are no accident.
A_CROWD = 5
# Where nobody limits it, calls to a built-in gateway take this many messages.
BUILTIN_AT_ONCE = 1000
TOKEN_LENGTH, SALT_LENGTH = 32, 16
FOR_EVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Connection:
    """A gateway as the sender uses it. `at_once`: how many messages may be under way in it. `per_second` None: any."""

    code: str
    gateway: Gateway
    sender: str = ""
    at_once: int = BUILTIN_AT_ONCE
    per_second: float | None = None
    out_until: datetime | None = None
    failed_at: datetime | None = None

    def is_out(self, now: datetime) -> bool:
        """What failed only later by our clock failed before that was set back, and says nothing of how long to wait."""
        if self.out_until is None or (self.failed_at and now < self.failed_at):
            return False
        return now < self.out_until


@dataclass(frozen=True, slots=True)
class Switchboard:
    """The connections of one moment, in the order in which they are asked. `others` may be asked only of the past."""

    in_order: tuple[Connection, ...]
    others: dict[str, Connection]

    @classmethod
    def now(cls) -> Switchboard:
        """One query."""
        rows = list(SmsGateway.objects.order_by("position", "pk"))
        connected = tuple(connection_of(row) for row in rows if row.is_active)
        others = {row.code: connection_of(row) for row in rows if not row.is_active}
        builtin = {code: Connection(code, gateway) for code, gateway in BUILTIN.items()}
        return cls(connected or (builtin[_fallback()],), others | builtin)

    def find(self, code: str) -> Connection | None:
        """A built-in one first: what is owed to the test phone reaches nobody, whatever codes are connected."""
        return self.others.get(code) or next((one for one in self.in_order if one.code == code), None)

    def test_phone(self) -> Connection:
        return self.others[TEST_GATEWAY]

    def willing(self, refused_by: Collection[str], sender: str = "") -> list[Connection]:
        """Who has not refused a message yet, in order; those who send under this sender ID first."""
        willing = [one for one in self.in_order if one.code not in refused_by]
        return sorted(willing, key=lambda one: one.sender != sender) if sender else willing


def back_at(out: Sequence[Connection], now: datetime) -> datetime:
    """When to see whether one of these, all out of order, is back. A person may have mended it long before it said."""
    soonest = min(one.out_until or now for one in out)
    return min(max(soonest, now + SEEN_AGAIN_AFTER), now + OUT_FOR)


def connection_of(row: SmsGateway) -> Connection:
    """One that cannot be connected is out of order, and holds up no other."""
    if row.code in BUILTIN:
        return Connection(row.code, OutOfOrder(problem_of(row)), out_until=FOR_EVER)
    try:
        gateway = _live(row.pk, row.configured_at)
    except (CannotDecrypt, CannotConnect) as error:
        gateway = OutOfOrder(str(error))
    at_once = row.connections * gateway.promises.per_call
    return Connection(row.code, gateway, row.sender, at_once, row.per_second, row.out_until, row.last_error_at)


class CannotConnect(ValueError):
    """A newer version of this program set it up, or its kind can make nothing of its settings."""


@dataclass(frozen=True, slots=True)
class OutOfOrder(SendsOnly):
    """It takes nothing until a person mends it; the error says how."""

    error: str

    def send(self, messages: Sequence[Outgoing]) -> list[Answer]:
        return [Later(self.error, is_outage=True)] * len(messages)


def setup_of(row: SmsGateway) -> Setup:
    """Raises CannotDecrypt."""
    return Setup(
        code=row.code,
        sender=row.sender,
        connections=row.connections,
        settings=row.settings,
        secrets=decrypt(row.secrets),
        receipts_url=receipts_url(row.code),
    )


def problem_of(row: SmsGateway) -> str:
    """Why this gateway cannot be connected at all; empty if it can."""
    if row.code in BUILTIN:
        return _("Its code is that of a gateway that is built in. Connect it anew under another one, then leave this.")
    try:
        _connected(row)
    except (CannotDecrypt, CannotConnect) as error:
        return str(error)
    return ""


def reaches_nobody() -> bool:
    """Whether no gateway is connected, so that messages go to the test phone at most."""
    return not SmsGateway.objects.filter(is_active=True).exists()


def senders() -> list[str]:
    """Under which sender IDs gateways in use send."""
    return sorted({*SmsGateway.objects.filter(is_active=True).exclude(sender="").values_list("sender", flat=True)})


def reserve(code: str, messages: int, per_second: float, now: datetime, most_s: float) -> float | None:
    """Book room for so many messages with a gateway: after how many seconds they may leave. None: later than `most_s`.

    All workers book in one row, so together they stay under the limit.
    """
    with transaction.atomic():
        row = lock_rows(SmsGateway.objects.filter(code=code)).get()
        starts = max(row.free_at or now, now)
        if starts > now + NEVER_BOOKED_AHEAD + timedelta(seconds=1 / per_second):
            starts = now  # the clock was set back
        rest_s = (starts - now).total_seconds()
        if rest_s > most_s:
            return None
        SmsGateway.objects.filter(pk=row.pk).update(free_at=starts + timedelta(seconds=messages / per_second))
        return rest_s


def note_answers(connection: Connection, answers: Collection[Answer], now: datetime) -> None:
    """Keep what an operator asks first of a gateway: its last success and error, and whether it is out of order."""
    changes: dict[str, Any] = {}
    errors = [answer for answer in answers if isinstance(answer, Refused | Later | Unsure)]
    if any(isinstance(answer, Taken) for answer in answers):
        changes = {"last_sent_at": now, "out_until": None}
    if errors:
        changes |= {"last_error": errors[-1].error[:500], "last_error_at": now}
    if is_out_of_order(answers):
        changes |= {"out_until": now + _out_for(answers)}
    SmsGateway.objects.filter(code=connection.code).update(**changes)


def is_out_of_order(answers: Collection[Answer]) -> bool:
    """It takes nothing, or nobody knows of any that it took anything: whatever it is given now may end in doubt.

    One that took some and says 503 to others is in a hurry: those are put off, and it goes on. One message in doubt
    says little of the next: only a crowd of them keeps others from it.
    """
    if any(isinstance(answer, Taken) for answer in answers):
        return False
    is_down = any(isinstance(answer, Later) and answer.is_outage for answer in answers)
    called = [answer for answer in answers if not isinstance(answer, NotCalled)]
    return is_down or (len(called) >= A_CROWD and all(isinstance(answer, Unsure) for answer in called))


def _out_for(answers: Collection[Answer]) -> timedelta:
    asked_s = max((answer.after_s or 0 for answer in answers if isinstance(answer, Later)), default=0)
    return min(max(OUT_FOR, timedelta(seconds=asked_s)), LONGEST_OUT)


def receipts_url(code: str) -> str:
    """Where a provider reaches us; empty while PUBLIC_URL is not given."""
    return settings.PUBLIC_URL + reverse("receipts", args=[code]) if settings.PUBLIC_URL else ""


def address_for_receipts(row: SmsGateway) -> str:
    """What its provider is to be given. A code is soon guessed: where nothing is signed, a token shows who calls."""
    url = receipts_url(row.code)
    is_signed = connection_of(row).gateway.promises.is_signed
    return url if is_signed or not url else f"{url}?token={receipts_token(row)}"


def receipts_token(row: SmsGateway) -> str:
    """A code is a slug, so that no code with a salt is another one."""
    said = f"{row.code}:{row.receipts_salt}" if row.receipts_salt else row.code
    return salted_hmac("campaigns.sms.receipts", said, algorithm="sha256").hexdigest()[:TOKEN_LENGTH]


def renew_address(row: SmsGateway) -> None:
    """From now on only its new address for receipts is right."""
    row.receipts_salt = get_random_string(SALT_LENGTH)
    row.save(update_fields=["receipts_salt"])


@lru_cache(maxsize=64)
def _live(pk: int, configured_at: datetime) -> Gateway:
    """One for each process and configuration, which keeps its connections open."""
    return _connected(SmsGateway.objects.get(pk=pk))


def _connected(row: SmsGateway) -> Gateway:
    kind, setup = _kind_of(row), setup_of(row)
    try:
        return kind.connect(setup)
    except Exception as error:  # whatever a kind stumbles over, messages leave by the others
        # Not the error's own words: they may quote a secret.
        problem = _("It cannot be connected as it is set up (%(error)s). Open its form, complete it and save it.")
        raise CannotConnect(problem % {"error": type(error).__name__}) from error


def _kind_of(row: SmsGateway) -> GatewayKind:
    kind = KINDS.get(row.kind)
    if kind is None:
        raise CannotConnect(_("This version knows no gateway of the kind “%(kind)s”.") % {"kind": row.kind})
    return kind


def _fallback() -> str:
    key = str(settings.SMS_GATEWAY)
    if key not in BUILTIN:
        raise ImproperlyConfigured(f"SMS_GATEWAY={key!r} is no gateway. Choose one of: {', '.join(BUILTIN)}.")
    return key
