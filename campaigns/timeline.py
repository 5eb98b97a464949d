"""What campaigns have to tell of an order or a customer: the campaigns it entered, and the texts it was owed."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from campaigns.models import MessageState, Run, RunState
from campaigns.story import tell_all, tell_messages
from customers.models import Customer
from orders.models import Order
from workspace.timeline import Entry, register

TONES = {
    MessageState.SKIPPED: "muted",
    MessageState.REJECTED: "bad",
    MessageState.UNDELIVERED: "bad",
    MessageState.UNKNOWN: "warning",
    MessageState.PENDING: "warning",
}


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
            details=(message.text,) if message.text else (),
            tone=TONES.get(MessageState(message.state), "good"),
            url=reverse("admin:campaigns_message_change", args=[message.pk]),
            rank=2,
        )
        for message in messages
    ]


def _after_entry(run: Run, story: list[str]) -> list[str]:
    """The change is an entry of its own, and that it entered is said above."""
    known = (1 if run.transition_id else 0) + (1 if run.step else 0)
    return story[known:]


def _verb(run: Run) -> str:
    return _("“%s” did not let it in") if run.state == RunState.DECLINED else _("Entered “%s”")


register(Order, entries_into_campaigns, needs="campaigns.view_run")
register(Order, texts, needs="campaigns.view_message")
register(Customer, texts, needs="campaigns.view_message")
