"""What a look-up finds settles a message, unless it is another one's."""

import pytest

from campaigns.models import Message
from campaigns.sms.gateways.base import Promises, Taken
from campaigns.sms.settling import look_up
from tests.campaigns.shop import sms

pytestmark = pytest.mark.django_db


@pytest.fixture
def unknown(shop, memory):
    """Two messages whose fate is unknown, and one that was sent as `known`."""
    memory.promises = Promises(can_look_up=True)
    shop.start(sms())
    for name in ("O-1", "O-2", "O-3"):
        shop.pay(name)
    sent = Message.objects.latest("pk")
    Message.objects.filter(pk=sent.pk).update(gateway_id="known")
    Message.objects.exclude(pk=sent.pk).update(state="unknown", ended_at=None, gateway_id="")
    return list(Message.objects.filter(state="unknown").order_by("pk"))


@pytest.mark.parametrize(
    ("found", "states"),
    [
        (["a", "b"], ["accepted", "accepted"]),
        (["a", "known"], ["accepted", "unknown"]),
        (["a", "a"], ["unknown", "unknown"]),
        (["", ""], ["accepted", "accepted"]),
    ],
)
def test_what_is_anothers_settles_nothing(unknown, memory, found, states):
    memory.knows = {str(message.reference): Taken(id) for message, id in zip(unknown, found, strict=True)}

    look_up(unknown)

    assert [Message.objects.get(pk=message.pk).state for message in unknown] == states
