"""Gateways and what they answer, in the words of the screens."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns.models import Encoding, Fate, Message, MessageEvent, SkipReason, SmsGateway
from campaigns.sms.connections import problem_of
from campaigns.sms.gateways import BUILTIN, KINDS
from campaigns.sms.gateways.base import Answer, Later, NotCalled, Refused, Taken, Unsure
from workspace.local_formats import clock, exact_money, number

What = MessageEvent.What

# Words and tone, as a pill is made of.
State = tuple[str, str]


def kind_of(row: SmsGateway) -> str:
    return str(KINDS[row.kind].label) if row.kind in KINDS else row.kind


def gateway_names() -> dict[str, str]:
    """What people call each gateway, by its code, which is what messages keep. One query."""
    builtin = {code: str(KINDS[code].label) for code in BUILTIN}
    return dict(SmsGateway.objects.values_list("code", "name")) | builtin


def named(code: str, names: Mapping[str, str]) -> str:
    """One that is gone is known by its code alone."""
    return names.get(code, code)


def state_of(row: SmsGateway, now: datetime) -> State:
    if problem_of(row):
        return _("Cannot be used"), "bad"
    if not row.is_active:
        return _("Not in use"), ""
    if row.out_until and row.out_until > now:
        return _("Out of order until %s") % clock(row.out_until), "bad"
    if row.last_sent_at:
        return _("Active"), "good"
    return (_("Active, nothing sent yet"), "warning") if row.last_error else (_("Active, never used"), "info")


def speed_of(row: SmsGateway) -> str:
    """“20 calls at once, at most 30 messages a second”."""
    calls = ngettext("%d call at once", "%d calls at once", row.connections) % row.connections
    if row.per_second is None:
        return calls
    return _("%(calls)s, at most %(number)s messages a second") % {
        "calls": calls,
        "number": number(Decimal(f"{row.per_second:g}")),
    }


def price_of(row: SmsGateway) -> str:
    if row.price_per_part is None:
        return ""
    return _("%s a part") % exact_money(row.price_per_part, row.currency)


def answer_of(answer: Answer) -> State:
    """What a gateway said to a message, and what that means."""
    match answer:
        case Taken(gateway_id) if gateway_id:
            return _("The gateway took it, and calls it %s.") % gateway_id, "good"
        case Taken():
            return _("The gateway took it."), "good"
        case Refused(error):
            return _("The gateway refused it: %s") % in_our_words(error), "bad"
        case Later(error, _after_s, True):
            return _("The gateway takes no message now: %s") % in_our_words(error), "bad"
        case Later(error):
            return _("The gateway would not take it now: %s") % in_our_words(error), "warning"
        case NotCalled():
            return _("There was no time left to call the gateway. Try again."), "warning"
        case Unsure(error):
            return _("No certain answer, so the text may arrive or not: %s") % in_our_words(error), "warning"


def parts_of(message: Message) -> str:
    """“2 parts, UCS-2”; empty before its text was made."""
    if not message.parts:
        return ""
    parts = ngettext("%d part", "%d parts", message.parts) % message.parts
    return f"{parts}, {Encoding(message.encoding).label}" if message.encoding else parts


def error_of(message: Message) -> str:
    """In the gateway's words, or in ours where the law had its say about one that may have been sent."""
    is_ours = message.error in SkipReason.values
    return str(SkipReason(message.error).label) if is_ours else in_our_words(message.error)


def in_our_words(error: str) -> str:
    """An error is kept in the language of the installation, whoever made the call; it is told in the reader's where
    it is a sentence of ours. A provider's own words stay as they are."""
    return _(error) if error else ""


def told_by(event: MessageEvent) -> str:
    """One thing that befell a message, as a sentence without its end."""
    match event.what:
        case What.LOOKED_UP:
            found = {
                "taken": _("the gateway has it"),
                "no_answer": _("the gateway cannot say"),
                "not_yet": _("the gateway has not got it, and may yet get it"),
            }
            return _("Looked up: %s") % found.get(event.detail, event.detail)
        case What.SETTLED:
            fate, _colon, reason = event.detail.partition(": ")
            sentence = _("Marked as sent: %s") if fate == "sent" else _("Marked as not sent, and sent: %s")
            return sentence % reason
        case What.RECEIPT if event.detail in Fate.values:
            return _("A receipt proved that it was sent: %s") % Fate(event.detail).label
    label = str(What(event.what).label)
    return f"{label}: {in_our_words(event.detail)}" if event.detail else label
