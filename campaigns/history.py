"""What the history of actions tells of campaigns and gateways: never a message's text, a filter's rule or a secret."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from campaigns.lifecycle import Activated
from campaigns.models import Campaign, Message, SmsGateway
from workspace import history
from workspace.encryption import CannotDecrypt, decrypt
from workspace.models import Verb


def _read_secrets(gateway: SmsGateway) -> Mapping[str, str]:
    """Only to be compared: the same secrets are encrypted otherwise each time they are saved."""
    try:
        return decrypt(gateway.secrets)
    except CannotDecrypt:
        return {"": gateway.secrets}


def note_activated(by: Any, activated: Activated) -> None:
    activation = activated.activation
    history.record_changed(by, activation.campaign, Verb.ACTIVATED, version=[None, activation.version.number])


history.declare(
    Campaign, label=str, values=("name", "code", "state", "revision"), parts={"draft": lambda campaign: campaign.draft}
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
)
history.declare(Message, label=lambda message: f"#{message.pk}")
