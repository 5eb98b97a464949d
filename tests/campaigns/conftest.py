import pytest
import time_machine
from django.db import connection

from campaigns.sms.connections import _live
from campaigns.sms.gateways import BUILTIN
from tests.campaigns.shop import NOON, Shop
from tests.processes import Pair


@pytest.fixture
def clock():
    """It stands at noon, in UTC, until it is moved."""
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture(autouse=True)
def _no_live_gateways_left_behind():
    """Rows of two tests may have one key, and under a standing clock one time."""
    yield
    _live.cache_clear()


@pytest.fixture
def memory(settings):
    """The gateway that messages go to, empty at first."""
    settings.SMS_GATEWAY = "memory"
    BUILTIN["memory"].clear()
    return BUILTIN["memory"]


@pytest.fixture
def shop(db, clock, memory):
    return Shop()


@pytest.fixture(scope="module")
def pair(django_db_setup, django_db_blocker):
    """Two processes on the test's database."""
    pair = Pair({"NAME": connection.settings_dict["NAME"]})
    yield pair
    pair.close()
