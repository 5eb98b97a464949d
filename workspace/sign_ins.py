"""Who signs in and out, and who tries to: told in the history of actions. How often one may try is django-axes' part.

A name that is nobody's is not kept: it may be a password typed into the wrong field.
"""

from __future__ import annotations

import time
from typing import Any

from axes.signals import user_locked_out
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from workspace import history
from workspace.api.throttling import MinuteThrottle
from workspace.callers import address_of
from workspace.models import User, Verb
from workspace.sessions import begin

MOST_TOLD_A_MINUTE = 30


class _Told(MinuteThrottle):
    """Who floods us with attempts shall not flood the history, which keeps everything."""

    def limit(self) -> int:
        return MOST_TOLD_A_MINUTE

    def who(self, request: Any) -> str:
        return f"sign-ins-told:{address_of(request)}"


@receiver(user_logged_in, dispatch_uid="workspace.signed_in")
def signed_in(request: HttpRequest, user: User, **_kwargs: Any) -> None:
    begin(request.session, int(time.time()))
    history.record(request, Verb.SIGNED_IN, user)


@receiver(user_logged_out, dispatch_uid="workspace.signed_out")
def signed_out(request: HttpRequest, user: User | None, **_kwargs: Any) -> None:
    if user is not None:
        history.record(request, Verb.SIGNED_OUT, user)


@receiver(user_login_failed, dispatch_uid="workspace.sign_in_failed")
def sign_in_failed(credentials: dict[str, Any], request: HttpRequest | None = None, **_kwargs: Any) -> None:
    # Whoever is locked out was told of once.
    if request is not None and not getattr(request, "axes_locked_out", False):
        _tell(request, Verb.SIGN_IN_FAILED, credentials.get("username"))


@receiver(user_locked_out, dispatch_uid="workspace.locked_out")
def locked_out(request: HttpRequest, username: str | None, **_kwargs: Any) -> None:
    """Axes says so again at each further try; the count is there only at the one that was too many."""
    if getattr(request, "axes_failures_since_start", None):
        _tell(request, Verb.LOCKED_OUT, username)


def _tell(request: HttpRequest, verb: Verb, username: Any) -> None:
    if not _Told().allow_request(request, None):  # type: ignore[arg-type]
        return
    user = User.objects.filter(username=username).first() if isinstance(username, str) else None
    who = history.Who(address=address_of(request), request_id=getattr(request, "request_id", ""))
    history.record(who, verb, user)


def answer_locked_out(request: HttpRequest, _answer: HttpResponse | None, _credentials: Any) -> HttpResponse:
    """What axes shows in place of the login: why, and what to do."""
    minutes = int(settings.AXES_COOLOFF_TIME.total_seconds() // 60)
    context = {**admin.site.each_context(request), "title": "", "minutes": minutes}
    page = render(request, "workspace/locked_out.html", context, status=429)
    page.headers["Retry-After"] = str(minutes * 60)
    return page
