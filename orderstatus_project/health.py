"""For whoever runs the processes: is this one up, and can it do its work?"""

from __future__ import annotations

from django.core.cache import cache
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe
from redis.exceptions import RedisError


@require_safe
def healthz(_request: HttpRequest) -> JsonResponse:
    """The process is up. Asks nothing of anything else: restarting this one would not help."""
    return JsonResponse({"status": "up"})


@require_safe
def readyz(_request: HttpRequest) -> JsonResponse:
    """503 unless the database can be reached and is migrated. Without Redis all still works, only later: "degraded"."""
    database, migrations = _database()
    redis = _redis()
    is_ready = (database, migrations) == ("ok", "ok")
    verdict = ("ready" if redis == "ok" else "degraded") if is_ready else "not ready"
    parts = {"status": verdict, "database": database, "migrations": migrations, "redis": redis}
    return JsonResponse(parts, status=200 if is_ready else 503)


def _database() -> tuple[str, str]:
    try:
        executor = MigrationExecutor(connection)
        pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return "away", "unknown"
    return "ok", "pending" if pending else "ok"


def _redis() -> str:
    try:
        cache.get("readyz")
    except RedisError:
        return "away"
    return "ok"
