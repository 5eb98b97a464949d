"""What gateways call us with, read as a person told: fields found by paths, words by a table, under a signature."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

import structlog
from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.models import Fate
from campaigns.sms.gateways.base import BadReceipt, BadSignature, Delivery, GatewayForm, Groups, Incoming, Told
from campaigns.sms.replies import find, find_text, quote, read_json

# As most providers say it, and as SMPP does (3.4, appendix B). Without regard to case.
WORDS = {
    "delivered": "delivered",
    "delivrd": "delivered",
    "read": "delivered",
    "undelivered": "undelivered",
    "undeliv": "undelivered",
    "undeliverable": "undelivered",
    "failed": "undelivered",
    "rejected": "undelivered",
    "rejectd": "undelivered",
    "deleted": "undelivered",
    "expired": "expired",
}
# A date in seconds after this is in milliseconds.
MOST_SECONDS = 1e11

log = structlog.get_logger(__name__)


class ReceiptsForm(GatewayForm):
    """How to read what the gateway calls us with. A path is `data.items.0.id`: names of fields, or places in a list."""

    secret_fields = frozenset({"signing_secret"})
    groups: ClassVar[Groups] = (
        (
            gettext_lazy("Receipts"),
            (
                "receipt_list",
                "receipt_id",
                "receipt_reference",
                "receipt_status",
                "receipt_words",
                "receipt_reason",
                "receipt_time",
                "signature_header",
                "signing_secret",
            ),
        ),
        (gettext_lazy("Texts people write"), ("incoming_text", "incoming_phone")),
    )

    receipt_list = forms.CharField(
        label=gettext_lazy("Receipts: where the list is"),
        required=False,
        help_text=gettext_lazy("Path to the receipts in a call. Empty: the call is one receipt, or a list of them."),
    )
    receipt_id = forms.CharField(label=gettext_lazy("Receipts: gateway's id"), required=False, initial="id")
    receipt_reference = forms.CharField(
        label=gettext_lazy("Receipts: our reference"), required=False, initial="reference"
    )
    receipt_status = forms.CharField(label=gettext_lazy("Receipts: status"), initial="status")
    receipt_words = forms.JSONField(
        label=gettext_lazy("Receipts: what their statuses mean"),
        initial=WORDS,
        help_text=gettext_lazy(
            "Each of their words with accepted, delivered, undelivered or expired. Others: accepted."
        ),
    )
    receipt_reason = forms.CharField(label=gettext_lazy("Receipts: reason"), required=False, initial="reason")
    receipt_time = forms.CharField(
        label=gettext_lazy("Receipts: time"),
        required=False,
        initial="at",
        help_text=gettext_lazy(
            "As ISO 8601 writes it, or in seconds since 1970. A time without an offset counts as the moment it comes."
        ),
    )
    incoming_text = forms.CharField(
        label=gettext_lazy("Texts people write: text"),
        required=False,
        help_text=gettext_lazy(
            "Path to the words, such as text. What has this field is a text that somebody wrote to you. Empty: none "
            "are heard, and no STOP."
        ),
    )
    incoming_phone = forms.CharField(label=gettext_lazy("Texts people write: number"), required=False, initial="from")
    signature_header = forms.CharField(
        label=gettext_lazy("Signature header"),
        initial="X-Signature",
        help_text=gettext_lazy("It holds the HMAC-SHA256 of the call's body, as hexadecimal digits or base64."),
    )
    signing_secret = forms.CharField(
        label=gettext_lazy("Signing secret"),
        required=False,
        widget=forms.PasswordInput,
        help_text=gettext_lazy(
            "Calls without a right signature are refused. Empty: the address for receipts holds a token, and whoever "
            "knows it is believed."
        ),
    )

    def clean_receipt_words(self) -> dict[str, str]:
        words = self.cleaned_data["receipt_words"]
        if not isinstance(words, dict) or not all(fate in Fate.values for fate in words.values()):
            raise ValidationError(_('Write {"their word": "delivered"}, with one of: %s.') % ", ".join(Fate.values))
        return words


def hear_json(request: HttpRequest, settings: Mapping[str, Any], secret: str) -> list[Told]:
    """What a call says, as `settings` of ReceiptsForm read it. What of a list cannot be read is left out."""
    if secret:
        check_signature(request.body, request.headers.get(settings["signature_header"], ""), secret)
    said = _items(request, settings["receipt_list"])
    told = [one for item in said if (one := _told(item, settings))]
    if said and not told:
        raise BadReceipt(_("Nothing in it has an id or reference and a status where the gateway's settings say."))
    if len(told) < len(said):
        log.warning("receipts_not_read", items=len(said) - len(told))
    return told


def check_signature(body: bytes, signature: str, secret: str) -> None:
    """Raises BadSignature. `sha256=` may stand before it."""
    digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    given = signature.strip().removeprefix("sha256=").encode()
    right = digest.hex().encode(), base64.b64encode(digest)
    if not any([hmac.compare_digest(given.lower(), right[0]), hmac.compare_digest(given, right[1])]):
        raise BadSignature(_("The signature is missing, or is not that of the secret entered here."))


def e164(written: str) -> str:
    """A number as a gateway writes it, in full and perhaps without its plus. Empty: it is no number."""
    digits = "".join(filter(str.isdecimal, written)).removeprefix("00")
    return f"+{digits}" if digits.isascii() and 7 <= len(digits) <= 15 else ""


def _items(request: HttpRequest, path: str) -> list[Any]:
    is_form = request.content_type in ("application/x-www-form-urlencoded", "multipart/form-data")
    data = request.POST.dict() if is_form else read_json(request.body)
    found = find(data, path)
    if isinstance(found, dict):
        return [found]
    if isinstance(found, list):
        return found
    raise BadReceipt(_("There is no JSON object or list where the gateway's settings say."))


def _told(item: Any, settings: Mapping[str, Any]) -> Told | None:
    text = find_text(item, settings["incoming_text"]) if settings["incoming_text"] else ""
    return _incoming(item, text, settings) if text else _delivery(item, settings)


def _incoming(item: Any, text: str, settings: Mapping[str, Any]) -> Incoming | None:
    phone = e164(find_text(item, settings["incoming_phone"]))
    gateway_id, at = _named(item, settings["receipt_id"]), _moment(item, settings["receipt_time"])
    return Incoming(gateway_id, phone, text, at) if phone else None


def _delivery(item: Any, settings: Mapping[str, Any]) -> Delivery | None:
    gateway_id, reference = _named(item, settings["receipt_id"]), _named(item, settings["receipt_reference"])
    word = _named(item, settings["receipt_status"])
    if not word or not (gateway_id or reference):
        return None
    meanings = {known.casefold(): fate for known, fate in settings["receipt_words"].items()}
    fate, reason = meanings.get(word.casefold()), quote(_named(item, settings["receipt_reason"]))
    if fate is None:
        fate, reason = Fate.ACCEPTED.value, f"{quote(word)} {reason}".strip()
    return Delivery(fate, gateway_id, reference, reason, _moment(item, settings["receipt_time"]))


def _named(item: Any, path: str) -> str:
    return find_text(item, path) if path else ""


def _moment(item: Any, path: str) -> datetime | None:
    """None: it does not say, or not in a way that we know. A time without a zone is nobody's: it keeps none, and is not
    believed (workspace/reading.py)."""
    written = _named(item, path)
    try:
        return _from_seconds(float(written)) if written.replace(".", "", 1).isdecimal() else parse_datetime(written)
    except (ValueError, OverflowError, OSError):
        return None


def _from_seconds(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds / 1000 if seconds > MOST_SECONDS else seconds, UTC)
