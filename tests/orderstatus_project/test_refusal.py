"""What no manage.py starts, and so no check of Django's holds up: web processes, workers and beat."""

import os
import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured

from orderstatus_project.refusal import refuse_to_start_wrongly

CELERY = ("celery", "--app", "orderstatus_project")
PROCESSES = {
    "web": ("gunicorn", "orderstatus_project.wsgi", "--bind", "127.0.0.1:0", "--no-control-socket"),
    "worker": (*CELERY, "worker", "--concurrency", "1"),
    "beat": (*CELERY, "beat", "--scheduler", "celery.beat.Scheduler", "--pidfile", ""),
}


def start(name, **environment):
    """What it said, once it has ended by itself."""
    kept = {name: value for name, value in os.environ.items() if name not in {"SECRET_KEY", "ALLOWED_HOSTS"}}
    command = [sys.executable, "-m", *PROCESSES[name]]
    return subprocess.run(command, env=kept | environment, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("name", PROCESSES)
def test_a_production_set_up_wrongly_does_not_start_and_says_what_to_do(name):
    ended = start(name, PRODUCTION="1", DEBUG="1", CELERY_SKIP_CHECKS="1")

    assert ended.returncode != 0
    assert "DEBUG is on, and shows the code" in ended.stderr
    assert "Remove DEBUG from the environment." in ended.stderr
    assert "ALLOWED_HOSTS is empty" in ended.stderr


def test_all_that_is_wrong_is_said_at_once(settings):
    settings.PRODUCTION, settings.DEBUG, settings.SMS_GATEWAY = True, True, "carrier_pigeon"

    with pytest.raises(ImproperlyConfigured, match=r"(?s)DEBUG is on.*SMS_GATEWAY is “carrier_pigeon”.*Choose one of"):
        refuse_to_start_wrongly()


def test_warnings_let_it_start(settings):
    settings.PRODUCTION, settings.DEMO, settings.SMS_GATEWAY = True, False, "memory"
    settings.SECRET_KEY, settings.SECRET_KEY_IS_GIVEN = "0123456789abcdefghijklmnopqrstuvwxyz-0123456789-xyz", True
    settings.ENCRYPTION_KEYS_ARE_GIVEN = True
    settings.ALLOWED_HOSTS = ["orders.example.com"]

    refuse_to_start_wrongly()


def test_outside_production_it_starts(settings):
    settings.PRODUCTION, settings.ALLOWED_HOSTS = False, []

    refuse_to_start_wrongly()
