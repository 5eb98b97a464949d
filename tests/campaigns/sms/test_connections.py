"""A gateway that cannot be connected says so where a person looks, and holds up nothing else."""

import pytest

from campaigns.draining import drain
from campaigns.models import Message, PhoneText, SmsGateway
from campaigns.sms.connections import problem_of
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
        (
            {"kind": "smpp", "settings": {"port": 2775}},
            "It cannot be connected as it is set up (ValueError). Open its form, complete it and save it.",
        ),
        (
            {"kind": "smpp", "settings": {"host": "smsc.example", "receipt_zone": "Atlantis"}},
            "It cannot be connected as it is set up (ZoneInfoNotFoundError). Open its form, complete it and save it.",
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
    broken = SmsGateway.objects.get(code="broken")
    assert (broken.last_error, problem_of(broken)) == (error, error)


@pytest.fixture
def shadow(memory):
    """Connected under a code that is built in, when the form still took it."""
    return gateway("phone", kind="memory")


def test_what_a_test_key_tells_goes_to_the_test_phone_whatever_is_connected(shop, memory, shadow):
    shop.start(sms())
    shop.order("O-1")

    shop.tell("O-1", "paid", is_test=True)
    drain()

    assert PhoneText.objects.count() == 1
    assert memory.taken == {}


def test_nothing_leaves_by_a_code_that_is_built_in_until_it_is_connected_anew(shop, memory, shadow, clock):
    shop.start(sms())
    shop.pay()
    waiting = Message.objects.get().state

    gateway("main", 2, kind="memory")
    clock.shift(31)
    drain()

    message = Message.objects.get()
    assert (waiting, message.state, message.gateway) == ("pending", "accepted", "main")
    assert not PhoneText.objects.exists()
    assert problem_of(shadow) == (
        "Its code is that of a gateway that is built in. Connect it anew under another one, then leave this."
    )
