"""Each key may ask so often a minute, counted in the shared cache so that all web processes count together."""

from __future__ import annotations

import time
from typing import ClassVar

from django.conf import settings
from django.core.cache import cache
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from workspace.models import ApiKey

WINDOW_S = 60
# While Redis is away, ask it again only so often: a request need not wait for its time-out each time.
LEFT_ALONE_S = 5.0


class KeyThrottle(BaseThrottle):
    """A limit protects the others. So when the counter itself is away, everyone passes."""

    _left_alone_until: ClassVar[float] = 0.0

    def allow_request(self, request: Request, view: APIView) -> bool:
        limit = settings.API_REQUESTS_PER_MINUTE
        if not limit or not isinstance(request.auth, ApiKey):
            return True
        return self._count(request.auth) <= limit

    def wait(self) -> float:
        return WINDOW_S - time.time() % WINDOW_S

    def _count(self, key: ApiKey) -> int:
        if time.monotonic() < KeyThrottle._left_alone_until:
            return 0
        name = f"api-requests:{key.pk}:{int(time.time()) // WINDOW_S}"
        try:
            return 1 if cache.add(name, 1, timeout=2 * WINDOW_S) else cache.incr(name)
        except RedisError:
            KeyThrottle._left_alone_until = time.monotonic() + LEFT_ALONE_S
        except ValueError:  # the counter was evicted between the two calls
            pass
        return 0
