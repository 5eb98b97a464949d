import gc
import os
from urllib.parse import urlsplit

import hypothesis
import pytest
from django.conf import settings
from django.core.signals import setting_changed
from django.db import connection
from django.test import TransactionTestCase
from django.test.client import ClientHandler
from redis import Redis

from campaigns import doorbell
from campaigns.sms.connections import _live
from campaigns.webhooks.wire import close_line
from tests import databases
from tests.processes import Pair
from workspace import measures
from workspace.api.throttling import MinuteThrottle


def pytest_configure():
    """Passwords of tests are no secrets: a hash of the product's takes a third of a second."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *settings.PASSWORD_HASHERS]
    # How long an example takes says how busy the machine is.
    patient = {"deadline": None, "suppress_health_check": [hypothesis.HealthCheck.too_slow]}
    hypothesis.settings.register_profile("patient", hypothesis.settings(), **patient)
    hypothesis.settings.load_profile("patient")


def pytest_xdist_auto_num_workers(config):
    """One more than there are processors: a quarter of the time tests wait, for browsers and processes of theirs."""
    return len(os.sched_getaffinity(0)) + 1


def pytest_collection_modifyitems(items):
    if connection.vendor == "postgresql":
        return
    skip = pytest.mark.skip(reason="real processes race on PostgreSQL: give DATABASE_URL to run this")
    for item in items:
        if item.get_closest_marker("processes"):
            item.add_marker(skip)


def pytest_collection_finish():
    """What is loaded by now stays: out of the collector's sight it is not looked through again and again."""
    gc.freeze()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_blocker):
    """A database of this process alone."""
    connection.settings_dict["TEST"]["NAME"] = databases.name()
    creation = type(connection.creation)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(creation, "create_test_db", databases.made_once(creation.create_test_db))
        yield
    with django_db_blocker.unblock():
        databases.clear_away()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        is_allowed = databases.may_be_put_back()
    with pytest.MonkeyPatch.context() as patch:
        if is_allowed:
            patch.setattr(TransactionTestCase, "_fixture_teardown", databases.put_back)
        yield


@pytest.fixture(scope="session", autouse=True)
def _middleware_is_loaded_once():
    """Each Client would load it for itself, which takes as long as a quick request; only settings make a difference."""
    kept, load = {}, ClientHandler.load_middleware

    def load_once(handler):
        if not kept:
            load(handler)
            kept.update({name: value for name, value in vars(handler).items() if "middleware" in name})
        vars(handler).update(kept)

    def forget(**_):
        kept.clear()

    setting_changed.connect(forget)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ClientHandler, "load_middleware", load_once)
        yield
    setting_changed.disconnect(forget)


@pytest.fixture
def process_environment(transactional_db):
    """The environment in which a process of its own works on the test's database and Redis."""
    name = connection.settings_dict["NAME"]
    if connection.vendor == "sqlite":
        return os.environ | {"DATABASE_URL": f"sqlite:///{name}"}
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}")
    return os.environ | {"DATABASE_URL": url.geturl()}


@pytest.fixture(scope="session")
def redis():
    with Redis.from_url(settings.REDIS_URL) as client:
        yield client


@pytest.fixture(scope="session")
def pair(django_db_setup, django_db_blocker):
    """Two processes that work on the test database."""
    pair = Pair({"NAME": connection.settings_dict["NAME"]})
    yield pair
    pair.close()


@pytest.fixture(autouse=True)
def _redis_is_trusted(monkeypatch):
    """No test leaves Redis alone because one before it had none."""
    for holder in (MinuteThrottle, measures, doorbell):
        monkeypatch.setattr(holder, "_left_alone_until", 0.0)


@pytest.fixture(autouse=True)
def _no_keys_left_behind(redis):
    """Requests counted and bells rung by one test are not heard by the next."""
    yield
    keys = list(redis.scan_iter(f"{settings.REDIS_PREFIX}*", count=1000))
    if keys:
        redis.delete(*keys)


@pytest.fixture(autouse=True)
def _no_live_gateways_left_behind():
    """Rows of two tests may have one key, and under a standing clock one time. Webhooks keep connections open."""
    yield
    _live.cache_clear()
    close_line()
