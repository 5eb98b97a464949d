"""So many requests a minute, counted in the shared cache so that all web processes count together."""

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


class MinuteThrottle(BaseThrottle):
    """A limit protects the others. So when the counter itself is away, everyone passes."""

    _left_alone_until: ClassVar[float] = 0.0

    def limit(self) -> int:
        """0: none."""
        raise NotImplementedError

    def who(self, request: Request) -> str | None:
        """Who is counted, in the name of a cache key. None: nobody."""
        raise NotImplementedError

    def allow_request(self, request: Request, view: APIView) -> bool:
        limit, who = self.limit(), self.who(request)
        return not limit or who is None or self._count(who) <= limit

    def wait(self) -> float:
        return WINDOW_S - time.time() % WINDOW_S

    def _count(self, who: str) -> int:
        if time.monotonic() < MinuteThrottle._left_alone_until:
            return 0
        name = f"{who}:{int(time.time()) // WINDOW_S}"
        try:
            return 1 if cache.add(name, 1, timeout=2 * WINDOW_S) else cache.incr(name)
        except RedisError:
            MinuteThrottle._left_alone_until = time.monotonic() + LEFT_ALONE_S
        except ValueError:  # the counter was evicted between the two calls
            pass
        return 0


class KeyThrottle(MinuteThrottle):
    """Each key for itself."""

    def limit(self) -> int:
        return int(settings.API_REQUESTS_PER_MINUTE)

    def who(self, request: Request) -> str | None:
        return f"api-requests:{request.auth.pk}" if isinstance(request.auth, ApiKey) else None
