"""From where a request comes, as far as that can be known."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

from django.conf import settings


def address_of(request: Any) -> str | None:
    """The caller's IP address. None: nobody can say, as behind a proxy on a socket that does not tell.

    A proxy adds the address it was called from at the end of X-Forwarded-For; all before that is what the caller sent.
    """
    told = request.META.get("REMOTE_ADDR", "")
    if settings.BEHIND_PROXY:
        told = request.META.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2] or told
    try:
        return str(ip_address(told.strip()))
    except ValueError:
        return None
