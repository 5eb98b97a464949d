"""What the start page and the shop simulator tell each other: a few values in the shared cache, lost without harm."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any, Self

from django.core.cache import cache
from redis.exceptions import RedisError

CONTROLS, LOOKED_AT, REPEATS = "demo:controls", "demo:looked_at", "demo:repeats"
MOST_REPEATS = 5


@dataclass(frozen=True, slots=True)
class Controls:
    is_paused: bool = False
    is_fast: bool = False

    @classmethod
    def read(cls) -> Self:
        return cls(**(_get(CONTROLS) or {}))

    def save(self) -> None:
        _set(CONTROLS, asdict(self))


def page_is_open() -> None:
    """Somebody looks at the start page just now."""
    _set(LOOKED_AT, time.time())


def looked_at() -> float:
    """When somebody last did, in seconds of the epoch; 0: nobody."""
    return float(_get(LOOKED_AT) or 0)


def tell_repeat(order: str, code: str) -> None:
    """The shop told something a second time. It leaves no row, so the strip of the start page is told of it here."""
    repeats = [{"at": time.time(), "order": order, "code": code}, *last_repeats()]
    _set(REPEATS, repeats[:MOST_REPEATS])


def last_repeats() -> list[dict[str, Any]]:
    return _get(REPEATS) or []


def _get(name: str) -> Any:
    try:
        return cache.get(name)
    except RedisError:
        return None


def _set(name: str, value: Any) -> None:
    with suppress(RedisError):
        cache.set(name, value, timeout=24 * 3600)
