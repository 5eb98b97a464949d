"""A test message straight through one gateway: no campaign, no law, no row. It tells whether the settings are right."""

from __future__ import annotations

import uuid

import structlog
from django.conf import settings
from django.utils import timezone, translation

from campaigns.models import SmsGateway
from campaigns.sms.connections import connection_of, note_answers
from campaigns.sms.gateways.base import Answer, Outgoing, Unsure

log = structlog.get_logger(__name__)


def send_test(row: SmsGateway, to: str, text: str) -> Answer:
    """Answers what the gateway said. What it said is noted with the gateway, as of any message."""
    connection = connection_of(row)
    outgoing = Outgoing(str(uuid.uuid4()), to, text, message_id=0, sender=connection.sender)
    try:
        with translation.override(settings.LANGUAGE_CODE):  # what it says is kept
            [answer] = connection.gateway.send([outgoing])
    except Exception as error:  # noqa: BLE001 - whatever it was, the text may be on its way
        # Not the error itself: its words may hold the number, or an address with a secret in it.
        log.error("test_message_failed", gateway=row.code, error=type(error).__name__)
        answer = Unsure(type(error).__name__)
    log.info("test_message", gateway=row.code, answer=type(answer).__name__)
    note_answers(connection, [answer], timezone.now())
    return answer
