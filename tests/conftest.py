import os
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import connection
from redis import Redis

from tests.surroundings import NAME, VAR_DIR


def pytest_collection_modifyitems(items):
    if connection.vendor == "postgresql":
        return
    skip = pytest.mark.skip(reason="real processes race on PostgreSQL: give DATABASE_URL to run this")
    for item in items:
        if item.get_closest_marker("processes"):
            item.add_marker(skip)


@pytest.fixture(scope="session")
def django_db_modify_db_settings():
    """A database of this process alone; on SQLite a file, for a database in memory has no WAL and one process."""
    test = connection.settings_dict["TEST"]
    test["NAME"] = str(VAR_DIR / "test.sqlite3") if connection.vendor == "sqlite" else NAME


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


@pytest.fixture(autouse=True)
def _no_keys_left_behind(redis):
    """Requests counted and bells rung by one test are not heard by the next."""
    yield
    keys = list(redis.scan_iter(f"{settings.REDIS_PREFIX}*", count=1000))
    if keys:
        redis.delete(*keys)
