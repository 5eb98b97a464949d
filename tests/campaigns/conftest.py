import pytest
import time_machine

from campaigns.sms.gateways import BUILTIN, KINDS
from tests.campaigns.shop import NOON, Shop
from tests.campaigns.sms import provider as signed
from tests.campaigns.webhooks.receiver import Receiver


@pytest.fixture
def clock():
    """It stands at noon, in UTC, until it is moved."""
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def memory(settings):
    """The gateway that messages go to, empty at first."""
    settings.SMS_GATEWAY = "memory"
    BUILTIN["memory"].clear()
    return BUILTIN["memory"]


@pytest.fixture
def provider(db, monkeypatch):
    """It is connected as “acme”, and signs what it tells us."""
    monkeypatch.setitem(KINDS, "signed", signed.KIND)
    return signed.Provider()


@pytest.fixture
def receiver(db, settings):
    """It takes every webhook, on loopback, and the endpoint “erp” leads to it."""
    settings.WEBHOOK_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def shop(db, clock, memory):
    return Shop()
