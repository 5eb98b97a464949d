"""How long one stays signed in: until nothing was done for hours, or days after signing in, whatever was done.

A page that asks by itself, as the one that shows the queues does, is no sign that anybody is there.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import Any, TypeVar

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest, HttpResponse

BEGAN_AT, SEEN_AT = "began_at", "seen_at"
# To write at each request would cost a write for each page.
SEEN_PRECISION_S = 300

View = TypeVar("View", bound=Callable[..., Any])


def begin(session: SessionBase, now: int) -> None:
    session[BEGAN_AT] = session[SEEN_AT] = now


def polled(view: View) -> View:
    """Decorates a view that pages ask by themselves."""

    @functools.wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        request.is_polled = True  # type: ignore[attr-defined]
        return view(request, *args, **kwargs)

    return wrapper  # type: ignore[return-value]


class SessionLimits:
    """Only on pages of the admin: nothing else has sessions."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith("/admin/") or settings.SESSION_COOKIE_NAME not in request.COOKIES:
            return self.get_response(request)
        now = int(time.time())
        if SESSION_KEY in request.session and _is_over(request.session, now):
            request.session.flush()
            request.user = AnonymousUser()
        response = self.get_response(request)
        _note_seen(request, now)
        return response


def _is_over(session: SessionBase, now: int) -> bool:
    """A session from before there were limits has no beginning, and ends here."""
    began, seen = (session.get(name, 0) for name in (BEGAN_AT, SEEN_AT))
    return bool(now - began >= settings.SESSION_LONGEST_S or now - seen >= settings.SESSION_COOKIE_AGE)


def _note_seen(request: HttpRequest, now: int) -> None:
    """What is written to the session also puts off its end in the database and in the browser."""
    if getattr(request, "is_polled", False) or SESSION_KEY not in request.session:
        return
    if now - request.session.get(SEEN_AT, 0) >= SEEN_PRECISION_S:
        request.session[SEEN_AT] = now
