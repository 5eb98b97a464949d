"""The ground the tests stand on: nothing of it is an installation's or another test process's."""

import json
import subprocess
import sys

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection

from tests.surroundings import NAME, VAR_DIR
from workspace.models import Workspace


def test_state_is_kept_apart_from_the_installation():
    assert settings.VAR_DIR == VAR_DIR
    assert VAR_DIR != settings.BASE_DIR / "var"


def test_keys_in_redis_bear_the_name_of_the_test_process(redis):
    cache.set("rung", 1)

    assert list(redis.scan_iter(f"{NAME}*")) == [f"{NAME}:1:rung".encode()]


@pytest.mark.parametrize("time", ["first", "second"])
def test_no_test_finds_the_keys_of_another(time):
    assert cache.add("rung", time)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="only SQLite has these")
@pytest.mark.django_db
def test_sqlite_is_tested_in_the_modes_it_runs_in():
    with connection.cursor() as cursor:
        modes = [cursor.execute(f"PRAGMA {name}").fetchone() for name in ("journal_mode", "synchronous")]

    assert modes == [("wal",), (1,)]


def test_a_process_of_its_own_works_on_the_test_database(process_environment):
    Workspace.objects.update(organisation="Kiosk")

    asked = subprocess.run(
        [sys.executable, "manage.py", "dumpdata", "workspace.workspace"],
        cwd=settings.BASE_DIR,
        env=process_environment,
        capture_output=True,
        check=True,
    )

    assert [row["fields"]["organisation"] for row in json.loads(asked.stdout)] == ["Kiosk"]
