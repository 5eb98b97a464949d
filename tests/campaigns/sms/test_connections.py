"""A gateway that cannot be connected says so where a person looks, and holds up nothing else."""

import pytest

from campaigns.draining import drain
from campaigns.models import Message, SmsGateway
from tests.campaigns.shop import sms

pytestmark = pytest.mark.django_db


def gateway(code, position=1, **fields):
    return SmsGateway.objects.create(code=code, name=code, position=position, **fields)


@pytest.mark.parametrize(
    ("broken", "error"),
    [
        ({"kind": "carrier_pigeon"}, "This version knows no gateway of the kind “carrier_pigeon”."),
        (
            {"kind": "http", "secrets": "gAAAA"},
            "The secrets kept here cannot be read with ENCRYPTION_KEYS. Add the former key, or enter them again.",
        ),
    ],
)
def test_a_broken_gateway_says_why_and_the_next_takes_over(shop, memory, clock, broken, error):
    gateway("broken", **broken)
    gateway("spare", 2, kind="memory")
    shop.start(sms())

    shop.pay()
    assert Message.objects.get().state == "pending"
    clock.shift(10)
    drain()

    message = Message.objects.get()
    assert (message.state, message.gateway) == ("accepted", "spare")
    assert SmsGateway.objects.get(code="broken").last_error == error
