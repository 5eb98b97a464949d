"""Twilio by its public REST API: one message a call, receipts and texts by webhook, no SDK.

Facts are from Twilio's own pages: Messages resource, error and warning dictionary, webhooks security. It knows no
repeats, so a call that broke off stays unknown until a receipt, a look-up or a person tells.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote as quote_url
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.models import Fate
from campaigns.sms.calls import FORM, checked_url
from campaigns.sms.gateways.base import (
    Answer,
    BadReceipt,
    BadSignature,
    Delivery,
    GatewayForm,
    GatewayKind,
    Incoming,
    Later,
    Outgoing,
    Promises,
    Refused,
    Setup,
    Taken,
    Told,
    Unsure,
)
from campaigns.sms.replies import find, find_text, is_success, judge_failure, quote, read_json
from campaigns.sms.wire import Call, Heard, Reply, call_all

# Attempt to send to an unsubscribed recipient.
OPTED_OUT = {"21610"}
# SMS send rate limit exceeded; Too many requests; 'From' has too many queued; Queue overflow; Rate limits exceeded;
# Account exceeded the daily messages limit.
NOT_NOW = {"14107", "20429", "21611", "30001", "30022", "63038"}
# Account is not active; Authentication error; Account not active; Account suspended; Account is not active.
ACCOUNT = {"10001", "20003", "20005", "30002", "90010"}
# Validity period expired.
EXPIRED = "30036"

FATES = {
    "accepted": Fate.ACCEPTED,
    "scheduled": Fate.ACCEPTED,
    "queued": Fate.ACCEPTED,
    "sending": Fate.ACCEPTED,
    "sent": Fate.ACCEPTED,
    "delivered": Fate.DELIVERED,
    "read": Fate.DELIVERED,
    "undelivered": Fate.UNDELIVERED,
    "failed": Fate.UNDELIVERED,
    "canceled": Fate.UNDELIVERED,
}
# What receipts tell by number alone.
REASONS = {
    "21610": "Unsubscribed recipient",
    "30003": "Unreachable destination handset",
    "30004": "Message blocked",
    "30005": "Unknown destination handset",
    "30006": "Landline or unreachable carrier",
    "30007": "Message filtered",
    "30008": "Unknown error",
    "30036": "Validity period expired",
}

# How far its clock and ours may be apart, and how long a call may be under way.
LOOKED_AROUND = timedelta(minutes=2)
LISTED = 200


class TwilioForm(GatewayForm):
    secret_fields = frozenset({"auth_token"})

    account_sid = forms.RegexField(
        r"^AC[0-9a-fA-F]{32}$", label=gettext_lazy("Account SID"), help_text=gettext_lazy("From Twilio’s console: AC…")
    )
    auth_token = forms.CharField(
        label=gettext_lazy("Auth token"),
        widget=forms.PasswordInput,
        help_text=gettext_lazy("It also proves that receipts come from Twilio."),
    )
    messaging_service_sid = forms.RegexField(
        r"^MG[0-9a-fA-F]{32}$",
        label=gettext_lazy("Messaging service SID"),
        required=False,
        help_text=gettext_lazy("MG… It chooses the sender. Empty: messages are sent from the sender ID."),
    )
    base_url = forms.CharField(
        label=gettext_lazy("Address of Twilio’s API"),
        initial="https://api.twilio.com",
        help_text=gettext_lazy("Another one only for a region of your own, or a test."),
    )

    def clean_base_url(self) -> str:
        return checked_url(self.cleaned_data["base_url"]).rstrip("/")


class Twilio:
    promises = Promises(can_look_up=True, is_signed=True)

    def __init__(self, setup: Setup) -> None:
        self.setup, self.settings = setup, TwilioForm.complete(setup.settings)
        self.token = setup.secrets.get("auth_token", "")
        pair = f"{self.settings['account_sid']}:{self.token}".encode()
        self.headers = {"Authorization": "Basic " + base64.b64encode(pair).decode()}
        self.url = f"{self.settings['base_url']}/2010-04-01/Accounts/{self.settings['account_sid']}/Messages.json"

    def send(self, messages: Sequence[Outgoing]) -> list[Answer]:
        heard = self._call_all([self._call(message) for message in messages])
        return [_answer(message, one) for message, one in zip(messages, heard, strict=True)]

    def look_up(self, messages: Sequence[Outgoing]) -> list[Answer | None]:
        """By number, text and time: Twilio keeps no reference. What is not listed may be under way all the same."""
        heard = self._call_all([self._list_call(message) for message in messages])
        return [_found(message, one) for message, one in zip(messages, heard, strict=True)]

    def hear(self, request: HttpRequest) -> list[Told]:
        self._check_signature(request)
        said = request.POST
        if status := said.get("MessageStatus"):
            return [_delivery(status, said.get("MessageSid", ""), request.GET.get("reference", ""), said)]
        if said.get("MessageSid") and said.get("From") and "Body" in said:
            return [Incoming(said["MessageSid"], said["From"], said["Body"])]
        raise BadReceipt(_("It is neither a status of a message nor a text that somebody wrote."))

    def _call_all(self, calls: Sequence[Call]) -> list[Heard]:
        return call_all(calls, at_once=self.setup.connections)

    def _call(self, message: Outgoing) -> Call:
        said = {"To": message.to, "Body": message.text}
        if self.settings["messaging_service_sid"]:
            said["MessagingServiceSid"] = self.settings["messaging_service_sid"]
        else:
            said["From"] = message.sender
        if self.setup.receipts_url:
            said["StatusCallback"] = f"{self.setup.receipts_url}?reference={quote_url(message.reference)}"
        return Call(self.url, urlencode(said).encode(), self.headers | FORM)

    def _list_call(self, message: Outgoing) -> Call:
        asked = {"To": message.to, "PageSize": LISTED}
        if message.called_at:
            asked["DateSent>"] = (message.called_at - LOOKED_AROUND).date().isoformat()
        return Call(f"{self.url}?{urlencode(asked)}", headers=self.headers)

    def _check_signature(self, request: HttpRequest) -> None:
        """Twilio signs the address it was given, whatever a proxy made of that since."""
        url = self.setup.receipts_url or request.build_absolute_uri(request.path)
        if query := request.META.get("QUERY_STRING"):
            url = f"{url}?{query}"
        if not hmac.compare_digest(
            sign(self.token, url, request.POST.lists()).encode(),
            request.headers.get("X-Twilio-Signature", "").encode(),
        ):
            raise BadSignature(_("This was not signed with the auth token entered here, for the address it came to."))


def sign(token: str, url: str, fields: Iterable[tuple[str, Sequence[str]]]) -> str:
    """HMAC-SHA1 of the address and then each field's name and values, by name. `fields`: pairs of name and values."""
    said = url + "".join(name + value for name, values in sorted(fields) for value in sorted(set(values)))
    return base64.b64encode(hmac.new(token.encode(), said.encode(), hashlib.sha1).digest()).decode()


def _answer(message: Outgoing, heard: Heard) -> Answer:
    data = read_json(heard.body) if isinstance(heard, Reply) else None
    code, words = find_text(data, "code"), quote(find_text(data, "message"), [message.text])
    if is_success(heard):
        sid = find_text(data, "sid")
        return Taken(sid) if sid else Unsure(_("The answer holds no id."))
    judged, said = judge_failure(heard, f"{code} {words}".strip()), f"{code}: {words}"
    if not isinstance(judged, Refused):
        return judged
    if code in NOT_NOW:
        return Later(said)
    if code in ACCOUNT:
        return Later(said, is_outage=True)
    return Refused(said, opted_out=code in OPTED_OUT) if code else judged


def _found(message: Outgoing, heard: Heard) -> Answer | None:
    listed = find(read_json(heard.body), "messages") if is_success(heard) else None
    alike = [one for one in listed if _is_it(message, one)] if isinstance(listed, list) else []
    return Taken(find_text(alike[0], "sid")) if len(alike) == 1 else None


def _is_it(message: Outgoing, listed: Any) -> bool:
    if not find_text(listed, "direction").startswith("outbound") or find(listed, "body") != message.text:
        return False
    created = find_text(listed, "date_created")
    if not message.called_at or not created:
        return False
    return abs(parsedate_to_datetime(created) - message.called_at) < LOOKED_AROUND


def _delivery(status: str, sid: str, reference: str, said: Mapping[str, str]) -> Delivery:
    code = said.get("ErrorCode", "")
    reason = f"{code} {said.get('ErrorMessage') or REASONS.get(code, '')}".strip() if code not in ("", "0") else ""
    fate = FATES.get(status)
    if fate is None:
        return Delivery(Fate.ACCEPTED.value, sid, reference, f"{quote(status)} {quote(reason)}".strip())
    if code == EXPIRED:
        fate = Fate.EXPIRED
    return Delivery(fate.value, sid, reference, quote(reason), opted_out=code in OPTED_OUT)


KIND = GatewayKind(
    "twilio",
    "Twilio",
    Twilio,
    TwilioForm,
    summary=gettext_lazy("An account SID and an auth token are all it needs; receipts and STOP come by themselves."),
)
