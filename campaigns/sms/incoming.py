"""Texts that people write to us: each kept once, however often its gateway tells it."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils import timezone

from campaigns.models import IncomingText
from campaigns.sms.gateways.base import Incoming


def take_incoming(gateway: str, told: Sequence[Incoming]) -> None:
    now = timezone.now()
    rows = [
        IncomingText(
            gateway=gateway,
            gateway_id=one.gateway_id[:128],
            phone=one.phone[:16],
            text=one.text,
            meaning=IncomingText.Meaning.OTHER,
            occurred_at=one.occurred_at or now,
            received_at=now,
        )
        for one in told
    ]
    IncomingText.objects.bulk_create(rows, ignore_conflicts=True)
