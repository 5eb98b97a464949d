"""People read and write times in their own zone, or in the installation's; everything else keeps UTC."""

from __future__ import annotations

from collections.abc import Callable
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from workspace.models import Workspace


class LocalTimeMiddleware:
    """Reads the settings row once for each page of the admin, as `request.workspace`, and speaks in the time zone of
    whoever asks."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.workspace = SimpleLazyObject(Workspace.current)  # type: ignore[attr-defined]
        if not request.path.startswith("/admin/"):
            return self.get_response(request)
        with timezone.override(_zone_for(request)):
            return self.get_response(request)


def _zone_for(request: HttpRequest) -> ZoneInfo:
    chosen = getattr(request.user, "timezone", "")
    return _zone(chosen or workspace_of(request).timezone)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def workspace_of(request: HttpRequest) -> Workspace:
    return request.workspace  # type: ignore[attr-defined,no-any-return]
