"""What an installation with PRODUCTION on must not be. `manage.py check` and `migrate` say it, with what to do.

Web processes, workers and beat, which no manage.py starts, refuse to start by them: refusal.py.
Only what is asked with `check --database default` looks into the database.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.conf import settings
from django.core import checks
from django.db import connection
from django.utils.translation import gettext as _

from campaigns.models import SmsGateway
from campaigns.sms.connections import reaches_nobody
from campaigns.sms.gateways import BUILTIN
from orderstatus_project.catalogue import stale
from workspace.database import is_postgresql

SHORTEST_SECRET_KEY = 50
SHORTEST_METRICS_TOKEN = 32


def check_production(**_kwargs: Any) -> list[checks.CheckMessage]:
    if not settings.PRODUCTION:
        return []
    return [say() for is_wrong, say in PRODUCTION_RULES if is_wrong()]


def check_gateway(**_kwargs: Any) -> list[checks.CheckMessage]:
    if settings.SMS_GATEWAY in BUILTIN:
        return []
    return [
        checks.Error(
            _("SMS_GATEWAY is “%s”, which is no gateway.") % settings.SMS_GATEWAY,
            hint=_("Choose one of: %s.") % ", ".join(sorted(BUILTIN)),
            id="project.E008",
        )
    ]


def check_somebody_is_reached(databases: Sequence[str] | None = None, **_kwargs: Any) -> list[checks.CheckMessage]:
    """Gateways are connected by rows, which a database that is not migrated yet does not have."""
    if not settings.PRODUCTION or not databases:
        return []
    if SmsGateway._meta.db_table not in connection.introspection.table_names() or not reaches_nobody():
        return []
    return [
        checks.Warning(
            _("No SMS gateway is connected: messages reach the test phone at most, and no customer."),
            hint=_("Connect one under Settings > SMS."),
            id="project.W003",
        )
    ]


# Said when it is asked, in the language of then.
PRODUCTION_RULES: list[tuple[Callable[[], bool], Callable[[], checks.CheckMessage]]] = [
    (
        lambda: settings.DEBUG,
        lambda: checks.Error(
            _("DEBUG is on, and shows the code and its settings to whoever meets an error."),
            hint=_("Remove DEBUG from the environment."),
            id="project.E001",
        ),
    ),
    (
        lambda: settings.DEMO,
        lambda: checks.Error(
            _("DEMO is on, and would put made-up customers and a known login beside the real ones."),
            hint=_("Remove DEMO from the environment."),
            id="project.E002",
        ),
    ),
    (
        lambda: not settings.SECRET_KEY_IS_GIVEN,
        lambda: checks.Error(
            _("SECRET_KEY is not given, so each machine would make one of its own and refuse the others' sessions."),
            hint=_("Give every process of the installation the same SECRET_KEY."),
            id="project.E003",
        ),
    ),
    (
        lambda: len(settings.SECRET_KEY) < SHORTEST_SECRET_KEY,
        lambda: checks.Error(
            _("SECRET_KEY has fewer than %d characters.") % SHORTEST_SECRET_KEY,
            hint=_("Make one with: python -c 'import secrets; print(secrets.token_urlsafe(50))'"),
            id="project.E004",
        ),
    ),
    (
        lambda: not settings.ALLOWED_HOSTS,
        lambda: checks.Error(
            _("ALLOWED_HOSTS is empty, so every request is refused."),
            hint=_("Name the hosts people and shops call, as in ALLOWED_HOSTS=orders.example.com"),
            id="project.E005",
        ),
    ),
    (
        lambda: "*" in settings.ALLOWED_HOSTS,
        lambda: checks.Error(
            _("ALLOWED_HOSTS holds '*', so a forged Host header is believed."),
            hint=_("Name the hosts people and shops call, as in ALLOWED_HOSTS=orders.example.com"),
            id="project.E006",
        ),
    ),
    (
        lambda: any(not origin.startswith("https://") for origin in settings.CSRF_TRUSTED_ORIGINS),
        lambda: checks.Error(
            _("CSRF_TRUSTED_ORIGINS holds an origin that does not start with https://."),
            hint=_("Write each with its scheme, as in CSRF_TRUSTED_ORIGINS=https://orders.example.com"),
            id="project.E007",
        ),
    ),
    (
        lambda: not settings.ENCRYPTION_KEYS_ARE_GIVEN,
        lambda: checks.Error(
            _(
                "ENCRYPTION_KEYS is not given, so the secrets of gateways are encrypted with SECRET_KEY, "
                "and lost with it."
            ),
            hint=_(
                "Make one with: python -c 'import secrets; print(secrets.token_urlsafe(50))'. Of an installation that "
                "has gateways, name the SECRET_KEY after it: ENCRYPTION_KEYS=new,the-secret-key"
            ),
            id="project.E009",
        ),
    ),
    (
        lambda: bool(settings.PUBLIC_URL) and not settings.PUBLIC_URL.startswith("https://"),
        lambda: checks.Error(
            _("PUBLIC_URL does not start with https://, so providers would send receipts, and texts, in the open."),
            hint=_("Write where the outside reaches this installation, as in PUBLIC_URL=https://orders.example.com"),
            id="project.E010",
        ),
    ),
    (
        lambda: 0 < len(settings.METRICS_TOKEN) < SHORTEST_METRICS_TOKEN,
        lambda: checks.Error(
            _("METRICS_TOKEN has fewer than %d characters.") % SHORTEST_METRICS_TOKEN,
            hint=_(
                "Make one with: python -c 'import secrets; print(secrets.token_urlsafe(32))'. Without one /metrics "
                "answers only the machine itself."
            ),
            id="project.E011",
        ),
    ),
    (
        lambda: bool(settings.FAILPOINT_FILE),
        lambda: checks.Error(
            _("FAILPOINT_FILE is given, and lets a file end processes."),
            hint=_("Remove FAILPOINT_FILE from the environment: it is for `make chaos`."),
            id="project.E012",
        ),
    ),
    (
        lambda: not is_postgresql(),
        lambda: checks.Warning(
            _("The database is SQLite: one machine, and one writer at a time."),
            hint=_("It carries a small shop. For several machines or busy hours give DATABASE_URL a PostgreSQL."),
            id="project.W001",
        ),
    ),
    (
        lambda: settings.REDIS_IS_BUNDLED and is_postgresql(),
        lambda: checks.Warning(
            _("PostgreSQL is used with the bundled Redis, which only processes of the same machine can reach."),
            hint=_("Give REDIS_URL a Redis that all machines of the installation share."),
            id="project.W002",
        ),
    ),
    (
        lambda: bool(stale()),
        lambda: checks.Warning(
            _("Translations are not compiled, so everybody reads English, or older words."),
            hint=_("Run: python -m orderstatus_project.catalogue compile"),
            id="project.W004",
        ),
    ),
]
