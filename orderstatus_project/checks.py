"""What an installation with PRODUCTION on must not be. `manage.py check` and `migrate` say it, with what to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core import checks

from campaigns.sms.gateways import BUILTIN
from workspace.database import is_postgresql

SHORTEST_SECRET_KEY = 50


def check_production(**_kwargs: Any) -> list[checks.CheckMessage]:
    if not settings.PRODUCTION:
        return []
    return [finding for is_wrong, finding in PRODUCTION_RULES if is_wrong()]


def check_gateway(**_kwargs: Any) -> list[checks.CheckMessage]:
    if settings.SMS_GATEWAY in BUILTIN:
        return []
    return [
        checks.Error(
            f"SMS_GATEWAY is {settings.SMS_GATEWAY!r}, which is no gateway.",
            hint=f"Choose one of: {', '.join(sorted(BUILTIN))}.",
            id="project.E008",
        )
    ]


PRODUCTION_RULES: list[tuple[Callable[[], bool], checks.CheckMessage]] = [
    (
        lambda: settings.DEBUG,
        checks.Error(
            "DEBUG is on, and shows the code and its settings to whoever meets an error.",
            hint="Remove DEBUG from the environment.",
            id="project.E001",
        ),
    ),
    (
        lambda: settings.DEMO,
        checks.Error(
            "DEMO is on, and would put made-up customers and a known login beside the real ones.",
            hint="Remove DEMO from the environment.",
            id="project.E002",
        ),
    ),
    (
        lambda: not settings.SECRET_KEY_IS_GIVEN,
        checks.Error(
            "SECRET_KEY is not given, so each machine would make one of its own and refuse the others' sessions.",
            hint="Give every process of the installation the same SECRET_KEY.",
            id="project.E003",
        ),
    ),
    (
        lambda: len(settings.SECRET_KEY) < SHORTEST_SECRET_KEY,
        checks.Error(
            f"SECRET_KEY has fewer than {SHORTEST_SECRET_KEY} characters.",
            hint="Make one with: python -c 'import secrets; print(secrets.token_urlsafe(50))'",
            id="project.E004",
        ),
    ),
    (
        lambda: not settings.ALLOWED_HOSTS,
        checks.Error(
            "ALLOWED_HOSTS is empty, so every request is refused.",
            hint="Name the hosts people and shops call, as in ALLOWED_HOSTS=orders.example.com",
            id="project.E005",
        ),
    ),
    (
        lambda: "*" in settings.ALLOWED_HOSTS,
        checks.Error(
            "ALLOWED_HOSTS holds '*', so a forged Host header is believed.",
            hint="Name the hosts people and shops call, as in ALLOWED_HOSTS=orders.example.com",
            id="project.E006",
        ),
    ),
    (
        lambda: any(not origin.startswith("https://") for origin in settings.CSRF_TRUSTED_ORIGINS),
        checks.Error(
            "CSRF_TRUSTED_ORIGINS holds an origin that does not start with https://.",
            hint="Write each with its scheme, as in CSRF_TRUSTED_ORIGINS=https://orders.example.com",
            id="project.E007",
        ),
    ),
    (
        lambda: not is_postgresql(),
        checks.Warning(
            "The database is SQLite: one machine, and one writer at a time.",
            hint="It carries a small shop. For several machines or busy hours give DATABASE_URL a PostgreSQL.",
            id="project.W001",
        ),
    ),
    (
        lambda: settings.REDIS_IS_BUNDLED and is_postgresql(),
        checks.Warning(
            "PostgreSQL is used with the bundled Redis, which only processes of the same machine can reach.",
            hint="Give REDIS_URL a Redis that all machines of the installation share.",
            id="project.W002",
        ),
    ),
]
