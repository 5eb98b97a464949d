"""The test phone: texts arrive in the database and are shown on a screen. It reaches nobody."""

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from campaigns.models import PhoneText
from campaigns.sms.gateways.base import Answer, GatewayKind, Outgoing, Promises, SendsOnly, Setup, Taken


class Phone(SendsOnly):
    promises = Promises(is_idempotent=True)

    def send(self, messages: Sequence[Outgoing]) -> list[Answer]:
        PhoneText.objects.bulk_create(
            [PhoneText(reference=message.reference, to=message.to, text=message.text) for message in messages],
            ignore_conflicts=True,
        )
        return [Taken(message.reference) for message in messages]


def connect(setup: Setup) -> Phone:
    return Phone()


KIND = GatewayKind("phone", _("Test phone"), connect, is_builtin=True)
