"""Settings as an operator gives them: read in a process of its own, for they are read once."""

import json
import os
import subprocess
import sys

import pytest
from django.conf import settings

READ = """
import json, sys
from orderstatus_project import settings
print(json.dumps([getattr(settings, name) for name in sys.argv[1:]]))
"""


def read(*names, **given):
    kept = {name: os.environ[name] for name in ("PATH", "VAR_DIR")}
    asked = subprocess.run(
        [sys.executable, "-c", READ, *names], cwd=settings.BASE_DIR, env=kept | given, capture_output=True, check=True
    )
    return json.loads(asked.stdout)


def test_production_is_https_alone_and_shows_no_demo():
    names = ["SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_SSL_REDIRECT", "SECURE_HSTS_SECONDS"]

    assert read(*names, "DEBUG", "DEMO", PRODUCTION="1") == [True, True, True, 2592000, False, False]


def test_at_home_http_and_the_demo_are_on():
    names = ["SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_SSL_REDIRECT", "SECURE_HSTS_SECONDS"]

    assert read(*names, "DEBUG", "DEMO") == [False, False, False, 0, False, True]


@pytest.mark.parametrize(
    ("given", "hosts"),
    [
        ({}, ["localhost", "127.0.0.1", "[::1]"]),
        ({"PUBLIC_URL": "https://a.example:8443/"}, ["localhost", "127.0.0.1", "[::1]", "a.example"]),
        ({"PUBLIC_URL": "https://a.example", "ALLOWED_HOSTS": "b.example"}, ["b.example"]),
        ({"PUBLIC_URL": "https://a.example", "PRODUCTION": "1"}, []),
    ],
)
def test_providers_are_let_in_where_they_are_told_to_call(given, hosts):
    assert read("ALLOWED_HOSTS", **given) == [hosts]


@pytest.mark.parametrize(
    ("given", "believed"), [({}, None), ({"BEHIND_PROXY": "1"}, ["HTTP_X_FORWARDED_PROTO", "https"])]
)
def test_the_header_of_a_proxy_is_believed_only_when_told_so(given, believed):
    assert read("SECURE_PROXY_SSL_HEADER", PRODUCTION="1", **given) == [believed]


def test_a_flag_that_is_neither_on_nor_off_is_refused():
    with pytest.raises(subprocess.CalledProcessError) as refused:
        read("DEBUG", PRODUCTION="maybe")

    assert (
        "PRODUCTION='maybe' is neither on nor off. Write PRODUCTION=1 or PRODUCTION=0." in refused.value.stderr.decode()
    )


def test_the_bundled_redis_serves_where_none_is_given():
    assert read("REDIS_URL", "REDIS_IS_BUNDLED", VAR_DIR="/srv/our orders") == [
        "unix:///srv/our%20orders/redis/redis.sock",
        True,
    ]


def test_a_redis_that_is_given_is_used():
    assert read("REDIS_URL", "REDIS_IS_BUNDLED", REDIS_URL="redis://cache:6379/2") == ["redis://cache:6379/2", False]
