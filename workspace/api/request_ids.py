"""Every request has an id: in the answer's header, in each problem, and in every line it writes to the log."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from structlog.contextvars import bind_contextvars, bound_contextvars, unbind_contextvars

WHO = ("key", "source")
HEADER = "X-Request-ID"
WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{1,64}")


class RequestIdMiddleware:
    """Take the caller's id where it is short and plain, else make one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        given = request.headers.get(HEADER, "")
        request_id = given if WELL_FORMED.fullmatch(given) else uuid.uuid4().hex
        request.request_id = request_id  # type: ignore[attr-defined]
        with bound_contextvars(request_id=request_id):
            try:
                response = self.get_response(request)
            finally:
                unbind_contextvars(*WHO)
        response[HEADER] = request_id
        return response


def say_who(*, key: int, source: int) -> None:
    """In every line that this request still writes."""
    bind_contextvars(key=key, source=source)
