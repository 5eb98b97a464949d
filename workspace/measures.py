"""What workers count and time, added up over every process of the installation in one hash in Redis.

Workers serve no pages and may run on several machines, or in containers whose processes all have the same numbers, so
neither a registry in memory nor prometheus_client's files by process id would add them up. What is counted here is
asked of any web process. A Redis that was emptied begins at zero, which Prometheus takes for a restart; while it is
away nothing is counted, and nobody waits.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import accumulate

import structlog
from django.conf import settings
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

PATIENCE_S = 0.2
LEFT_ALONE_S = 5.0
# Stands between a measure's name and its labels, which are codes and words of ours.
SEPARATOR = "|"

log = structlog.get_logger(__name__)

# Fields of the hash, and by how much each grows.
Growth = dict[str, float]

_left_alone_until = 0.0


@dataclass(frozen=True, slots=True)
class Counter:
    """How often something happened. Labels take few values, known beforehand or made by an operator."""

    name: str
    help: str
    labels: tuple[str, ...] = ()

    def by(self, amount: float, *labels: str) -> Growth:
        return {_field(self.name, *labels): amount}

    def family(self, kept: Mapping[str, float]) -> Metric:
        family = CounterMetricFamily(self.name, self.help, labels=self.labels)
        for labels, amount in _of(self.name, kept):
            family.add_metric(labels, amount)
        return family


@dataclass(frozen=True, slots=True)
class Histogram:
    """How long something took, in seconds, by upper bounds in ascending order."""

    name: str
    help: str
    labels: tuple[str, ...] = ()
    bounds: tuple[float, ...] = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

    def took(self, seconds: float, *labels: str) -> Growth:
        bound = self._bounds()[bisect_left(self.bounds, seconds)]
        return {_field(self.name, *labels, bound): 1, _field(self.name, *labels, "sum"): seconds}

    def family(self, kept: Mapping[str, float]) -> Metric:
        family = HistogramMetricFamily(self.name, self.help, labels=self.labels)
        series: dict[tuple[str, ...], dict[str, float]] = defaultdict(dict)
        for (*labels, part), amount in _of(self.name, kept):
            series[tuple(labels)][part] = amount
        for found, parts in series.items():
            up_to = accumulate(parts.get(bound, 0) for bound in self._bounds())
            family.add_metric(found, list(zip(self._bounds(), up_to, strict=True)), parts.get("sum", 0))
        return family

    def _bounds(self) -> list[str]:
        return [*map(str, self.bounds), "+Inf"]


def record(*growths: Growth) -> None:
    """Add these up with what every other process recorded: one trip to Redis."""
    global _left_alone_until  # noqa: PLW0603 - what this process knows of Redis
    if time.monotonic() < _left_alone_until:
        return
    try:
        with _redis().pipeline(transaction=False) as pipeline:
            for growth in growths:
                for field, amount in growth.items():
                    pipeline.hincrbyfloat(_key(), field, amount)
            pipeline.execute()
    except RedisError as error:
        _left_alone_until = time.monotonic() + LEFT_ALONE_S
        log.warning("measures_are_not_kept", error=type(error).__name__)


def kept() -> dict[str, float]:
    """All that was recorded, by field; nothing while Redis is away."""
    try:
        return {str(field): float(amount) for field, amount in _redis().hgetall(_key()).items()}
    except RedisError:
        return {}


def _of(name: str, kept: Mapping[str, float]) -> Iterator[tuple[list[str], float]]:
    for field, amount in sorted(kept.items()):
        found, *labels = field.split(SEPARATOR)
        if found == name:
            yield labels, amount


def _field(*parts: str) -> str:
    return SEPARATOR.join(parts)


def _key() -> str:
    return f"{settings.REDIS_PREFIX}:measures"


@cache
def _redis() -> Redis:
    return Redis.from_url(
        settings.REDIS_URL,
        decode_responses=True,
        socket_timeout=PATIENCE_S,
        socket_connect_timeout=PATIENCE_S,
        retry=Retry(NoBackoff(), 0),
    )
