"""What campaigns have to tell of an order or a customer: the campaigns it entered, the texts it was owed, and those
that somebody wrote to us; and of a message all that was done with it and heard of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from campaigns.models import Fate, IncomingText, Message, MessageEvent, MessageState, Receipt, Run, RunState
from campaigns.sms.wording import gateway_names, named, told_by
from campaigns.story import tell_all, tell_messages
from customers.models import Customer
from orders.models import Order
from workspace.models import User
from workspace.timeline import Entry, register

Meaning = IncomingText.Meaning

TONES = {
    MessageState.SKIPPED: "muted",
    MessageState.REJECTED: "bad",
    MessageState.UNDELIVERED: "bad",
    MessageState.UNKNOWN: "warning",
    MessageState.PENDING: "warning",
}

UNSENT = (MessageState.PENDING, MessageState.CLAIMED, MessageState.CALLING)
# Receipts that come at all mostly come so soon.
RECEIPTS_WITHIN = timedelta(minutes=10)

INCOMING_TONES = {Meaning.STOP: "bad", Meaning.START: "good"}
What = MessageEvent.What
# Icon and tone.
EVENTS = {
    What.PUT_OFF: ("schedule", "warning"),
    What.REFUSED: ("block", "bad"),
    What.UNSURE: ("question_mark", "warning"),
    What.EXPIRED_CALL: ("power_off", "warning"),
    What.SENT_AGAIN: ("replay", "info"),
    What.LOOKED_UP: ("search", "info"),
    What.RECEIPT: ("receipt_long", "info"),
    What.SETTLED: ("person", "info"),
}
RECEIPTS = {Fate.ACCEPTED: "info", Fate.DELIVERED: "good", Fate.UNDELIVERED: "bad", Fate.EXPIRED: "bad"}


def entries_into_campaigns(order: Order, most: int) -> list[Entry]:
    runs = list(order.runs.select_related("campaign").order_by("-pk")[:most])
    stories = tell_all(runs)
    return [
        Entry(
            at=run.entered_at,
            icon="campaign",
            text=_verb(run) % run.campaign,
            details=tuple(_after_entry(run, stories[run.pk])),
            tone="muted" if run.state == RunState.DECLINED else "",
            url=reverse("admin:campaigns_run_change", args=[run.pk]),
            rank=1,
            goes_on=run.state == RunState.WAITING,
        )
        for run in runs
    ]


def texts(of: Order | Customer, most: int) -> list[Entry]:
    messages = list(of.messages.select_related("campaign").order_by("-pk")[:most])
    told = tell_messages(messages)
    return [
        Entry(
            at=message.sent_at or message.ended_at or message.created_at,
            icon="sms",
            text=f"{message.campaign}: {told[message.pk]}",
            words=message.text,
            tone=TONES.get(MessageState(message.state), "good"),
            url=reverse("admin:campaigns_message_change", args=[message.pk]),
            rank=2,
            goes_on=_goes_on(message),
        )
        for message in messages
    ]


def texts_from(customer: Customer, most: int) -> list[Entry]:
    return [
        Entry(
            at=text.occurred_at,
            icon="chat",
            text=_("Wrote to us") if text.meaning == Meaning.OTHER else text.get_meaning_display(),
            words=text.text,
            tone=INCOMING_TONES.get(Meaning(text.meaning), ""),
            url=reverse("admin:campaigns_incomingtext_change", args=[text.pk]),
            rank=3,
        )
        for text in customer.incoming_texts.order_by("-pk")[:most]
    ]


def sending(message: Message, most: int) -> list[Entry]:
    """What we did with a message, and what its gateway and people said of it."""
    events, receipts = list(message.events.order_by("-pk")[:most]), list(message.receipts.order_by("-pk")[:most])
    names = {user.pk: str(user) for user in User.objects.filter(pk__in={e.actor_id for e in events if e.actor_id})}
    gateways = gateway_names()
    return [
        *_milestones(message, gateways),
        *(_event(event, gateways, names.get(event.actor_id or 0, "")) for event in events),
        *(_receipt(receipt, gateways) for receipt in receipts),
    ]


def _milestones(message: Message, gateways: Mapping[str, str]) -> list[Entry]:
    """What stands in the message itself."""
    entries = [Entry(message.created_at, "edit_note", _("It was owed"))]
    if message.called_at:
        handed = _("Handed to %s") % named(message.gateway, gateways)
        entries.append(Entry(message.called_at, "call_made", handed, rank=1))
    if message.sent_at:
        entries.append(Entry(message.sent_at, "check", _("Taken as sent"), tone="good", rank=3))
    return entries


def _event(event: MessageEvent, gateways: Mapping[str, str], actor: str) -> Entry:
    icon, tone = EVENTS[MessageEvent.What(event.what)]
    details = tuple(detail for detail in (named(event.gateway, gateways), actor) if detail)
    return Entry(event.at, icon, told_by(event), details, tone, rank=2)


def _receipt(receipt: Receipt, gateways: Mapping[str, str]) -> Entry:
    text = _("Receipt: %s") % Fate(receipt.fate).label
    details = tuple(detail for detail in (receipt.reason, named(receipt.gateway, gateways)) if detail)
    return Entry(receipt.occurred_at, "receipt_long", text, details, RECEIPTS[Fate(receipt.fate)], rank=4)


def _after_entry(run: Run, story: list[str]) -> list[str]:
    """The change is an entry of its own, and that it entered is said above."""
    known = (1 if run.is_about_a_change else 0) + (1 if run.step else 0)
    return story[known:]


def _goes_on(message: Message) -> bool:
    if message.state == MessageState.ACCEPTED:
        return message.sent_at is not None and timezone.now() - message.sent_at < RECEIPTS_WITHIN
    return message.state in UNSENT


def _verb(run: Run) -> str:
    return _("“%s” did not let it in") if run.state == RunState.DECLINED else _("Entered “%s”")


register(Order, entries_into_campaigns, needs="campaigns.view_run")
register(Order, texts, needs="campaigns.view_message")
register(Customer, texts, needs="campaigns.view_message")
register(Customer, texts_from, needs="campaigns.view_incomingtext")
register(Message, sending, needs="campaigns.view_message")
