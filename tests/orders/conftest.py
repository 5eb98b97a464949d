import pytest

from tests.factories import SourceFactory
from workspace.models import Workspace


@pytest.fixture
def orders_on(db):
    Workspace.objects.update(orders_enabled=True)


@pytest.fixture
def shop(db):
    return SourceFactory(code="shop")
