import logging

import pytest

from customers.models import Customer
from orderstatus_project.demo import seed as seeding
from orderstatus_project.demo.shop import ARRIVED, DONE, NEW, PAID, SHIPPED
from tests.campaigns.conftest import clock, memory, provider, shop  # noqa: F401 - fixtures
from tests.everything import one_of_everything


def pytest_ignore_collect(collection_path, config):
    """Its cases are made as it is collected, which takes seconds: only where proofs are asked for."""
    is_left_out = collection_path.name == "test_api_schema_at_length.py" and config.option.markexpr == "not proof"
    return True if is_left_out else None


@pytest.fixture
def var_dir(tmp_path, settings):
    settings.VAR_DIR = tmp_path
    return tmp_path


@pytest.fixture
def small_demo(db, var_dir, settings, monkeypatch):
    """The demo with a handful of everything, which tells as much in a fraction of the time. Answers its key."""
    settings.DEMO = True
    monkeypatch.setattr(seeding, "CUSTOMERS", 30)
    monkeypatch.setattr(seeding, "ORDERS", {DONE: 6, ARRIVED: 4, SHIPPED: 8, PAID: 4, NEW: 6})
    seeding.seed()
    return seeding.ensure_key()


@pytest.fixture
def everyone_consents(small_demo):
    Customer.objects.update(sms_consent="given", phone="+12025550100", phone_kind="unknown")


@pytest.fixture
def things(shop, settings, caplog):  # noqa: F811
    caplog.set_level(logging.CRITICAL, "django.request")  # each refusal would be told
    settings.DEMO = True
    return one_of_everything(shop)
