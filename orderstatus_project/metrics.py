"""`/metrics`, for Prometheus: how the installation does, as any of its web processes can tell.

What workers count is kept in Redis (workspace/measures.py) and what waits stands in the database, so of those every web
process answers the same for the whole installation. Of requests (django_http_*) each machine's gunicorn counts its own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from datetime import datetime
from hmac import compare_digest
from http import HTTPStatus
from ipaddress import ip_address
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_safe
from django_prometheus.middleware import Metrics, PrometheusAfterMiddleware
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from campaigns import measures
from campaigns.ages import ages
from campaigns.models import Audit, SmsGateway
from workspace.measures import kept
from workspace.models import Heartbeat, Workspace

# Headers by which a proxy says that somebody else asks.
FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    if not _may_ask(request):
        return HttpResponse(
            "Send METRICS_TOKEN as “Authorization: Bearer …”, or ask from the machine itself where none is set.\n",
            status=HTTPStatus.UNAUTHORIZED,
            content_type="text/plain; charset=utf-8",
            headers={"WWW-Authenticate": 'Bearer realm="metrics"'},
        )
    return HttpResponse(generate_latest(_registry()), content_type=CONTENT_TYPE_LATEST)


def _may_ask(request: HttpRequest) -> bool:
    if settings.METRICS_TOKEN:
        scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
        return scheme.lower() == "bearer" and compare_digest(token.strip().encode(), settings.METRICS_TOKEN.encode())
    # A proxy on this machine asks from here too, for whoever it is.
    is_proxied = settings.SECURE_PROXY_SSL_HEADER or any(name in request.headers for name in FORWARDED)
    return not is_proxied and _is_loopback(request.META.get("REMOTE_ADDR", ""))


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:  # a Unix socket, behind which is a proxy
        return False


def _registry() -> CollectorRegistry:
    registry = CollectorRegistry()
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        ProcessCollector(registry=registry)
    else:
        registry.register(REGISTRY)
    registry.register(Installation())
    return registry


class Installation(Collector):
    """All of it that is not about requests. Times are seconds."""

    def collect(self) -> Iterator[Metric]:
        now = timezone.now()
        yield from self._waiting(now)
        yield from self._working(now)
        yield from self._books(now)
        counted = kept()
        for measure in measures.KEPT:
            yield measure.family(counted)

    def _waiting(self, now: datetime) -> Iterator[Metric]:
        found = ages(now)
        yield _by("oldest_due_run_seconds", "How long the oldest due run has waited.", "lane", found.due_run)
        yield _by(
            "oldest_due_message_seconds", "How long the oldest due message has waited.", "lane", found.due_message
        )
        yield _gauge("oldest_due_webhook_seconds", "How long the oldest due webhook call has waited.", found.due_call)
        yield _gauge(
            "oldest_message_put_off_seconds",
            "How long ago the oldest message was owed that gateways have not taken yet.",
            found.put_off,
        )
        yield _gauge(
            "oldest_message_in_hand_seconds", "How long a worker has had the oldest message.", found.message_in_hand
        )
        yield _gauge(
            "oldest_unknown_seconds", "How long ago the oldest message of unknown fate was called.", found.unknown
        )
        yield _gauge("unknown_messages", "Messages whose fate is unknown.", found.unknowns)
        yield _gauge("overdue_runs", "Runs due for over two minutes, up to 10,000.", found.overdue_runs)
        yield _gauge("overdue_messages", "Messages due for over two minutes, up to 10,000.", found.overdue_messages)

    def _working(self, now: datetime) -> Iterator[Metric]:
        signs = {name: (now - at).total_seconds() for name, at in Heartbeat.objects.values_list("name", "at")}
        yield _by("worker_silent_seconds", "Since a queue's workers gave a sign of life.", "queue", signs)
        paused = Workspace.objects.filter(sending_paused_at__isnull=False).exists()
        yield _gauge("sending_paused", "1 while a person has paused all sending.", paused)
        outs = SmsGateway.objects.filter(is_active=True).values_list("code", "out_until")
        is_out = {code: float(until is not None and now < until) for code, until in outs}
        yield _by("gateway_out", "1 while a gateway is out of order.", "gateway", is_out)

    def _books(self, now: datetime) -> Iterator[Metric]:
        if audit := Audit.last():
            yield _gauge("unaccounted", "Breaches that the last audit found.", audit.unaccounted)
            yield _gauge("last_audit_age_seconds", "Since the last audit.", (now - audit.at).total_seconds())
            yield _gauge("last_audit_seconds", "How long the last audit took.", audit.seconds)


def _gauge(name: str, help: str, value: float) -> Metric:
    return GaugeMetricFamily(f"orderstatus_{name}", help, value)


def _by(name: str, help: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(f"orderstatus_{name}", help, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


class RequestMetrics(Metrics):
    """django-prometheus's, with the status beside each latency."""

    def register_metric(
        self, metric_cls: Any, name: str, documentation: str, labelnames: Any = (), **kwargs: Any
    ) -> Any:
        if name == "django_http_requests_latency_seconds_by_view_method":
            labelnames = [*labelnames, "status"]
        return super().register_metric(metric_cls, name, documentation, labelnames=labelnames, **kwargs)


class RequestsTimed(PrometheusAfterMiddleware):
    """Around everything else. A method is anything a caller writes: in labels only those there are."""

    metrics_cls = RequestMetrics

    def label_metric(self, metric: Any, request: HttpRequest, response: Any = None, **labels: str) -> Any:
        if metric is self.metrics.requests_latency_by_view_method:
            labels |= {"method": self._method(request), "status": str(response.status_code)}
        return super().label_metric(metric, request, response, **labels)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        """It is measured as the answer that becomes of it."""
