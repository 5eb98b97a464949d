"""What the history of actions tells of campaigns and gateways: never a message's text, a filter's rule or a secret."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext_lazy

from campaigns.lifecycle import Activated
from campaigns.models import Campaign, Message, Run, SmsGateway, WebhookEndpoint
from campaigns.sms.gateways import KINDS
from workspace import history
from workspace.encryption import CannotDecrypt, decrypt
from workspace.models import Verb


def _read_secrets(gateway: SmsGateway) -> Mapping[str, str]:
    """Only to be compared: the same secrets are encrypted otherwise each time they are saved."""
    try:
        return decrypt(gateway.secrets)
    except CannotDecrypt:
        return {"": gateway.secrets}


def _labels() -> Iterator[tuple[str, Any]]:
    """What forms of gateways call their settings and secrets."""
    for kind in KINDS.values():
        yield from ((name, field.label) for name, field in kind.form.base_fields.items() if field.label)


def note_activated(by: Any, activated: Activated) -> None:
    activation = activated.activation
    history.record_changed(by, activation.campaign, Verb.ACTIVATED, version=[None, activation.version.number])


history.declare(
    Campaign,
    label=str,
    values=("name", "code", "state", "revision", "archived_at"),
    parts={"draft": lambda campaign: campaign.draft},
    words={
        "draft.format": gettext_lazy("Format"),
        "draft.name": gettext_lazy("Name"),
        "draft.code": gettext_lazy("Code"),
        "draft.trigger": gettext_lazy("Trigger"),
        "draft.steps": gettext_lazy("Steps"),
        "draft.reentry": gettext_lazy("Re-entry"),
        "draft.max_age": gettext_lazy("Maximum age"),
        "draft.frequency_cap": gettext_lazy("Frequency cap"),
        "draft.hourly_limit": gettext_lazy("Texts an hour"),
        "sent": gettext_lazy("Let go"),
        "not_sent": gettext_lazy("Not sent"),
        "draft.stop_on": gettext_lazy("Stops when the order enters"),
        "draft.starts_at": gettext_lazy("Starts"),
        "draft.ends_at": gettext_lazy("Ends"),
        "draft.attribution_window": gettext_lazy("A text counts for"),
        "version": gettext_lazy("Version"),
        "revision": gettext_lazy("Revision"),
    },
)
history.declare(
    SmsGateway,
    label=str,
    values=(
        "name",
        "code",
        "kind",
        "is_active",
        "position",
        "sender",
        "connections",
        "per_second",
        "price_per_part",
        "currency",
    ),
    parts={"settings": lambda gateway: gateway.settings, "secrets": _read_secrets},
    words={
        **{f"settings.{name}": label for name, label in _labels()},
        **{f"secrets.{name}": label for name, label in _labels()},
        "answer": gettext_lazy("Answer"),
        "receipts_salt": gettext_lazy("Address for receipts"),
    },
)
# An address may hold a token, so only that it changed is told.
history.declare(
    WebhookEndpoint,
    label=str,
    values=("name", "code", "off_because", "customer_fields", "takes_tests", "at_once"),
    words={"secret": gettext_lazy("Secret")},
)
history.declare(
    Message,
    label=lambda message: f"#{message.pk}",
    words={"sent": gettext_lazy("Marked as sent"), "not_sent": gettext_lazy("Marked as not sent, and sent")},
)
# Nobody changes it; people take the list of them away as a file.
history.declare(Run)
