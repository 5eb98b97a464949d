import pytest

from campaigns.sms.wire import close_wire


@pytest.fixture(autouse=True)
def _own_wire():
    """No connection of one test is used by the next."""
    yield
    close_wire()
