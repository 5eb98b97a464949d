"""Who speaks: `Authorization: Bearer os_live_…`, looked up by its hash."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from workspace.api.request_ids import say_who
from workspace.models import ApiKey, digest

# "Last used" is for a person who wonders whether a key is still in use: no write for each request.
LAST_USED_PRECISION = timedelta(minutes=1)


class KeyAuthentication(BaseAuthentication):
    """`request.auth` is then the ApiKey, with its source. There is no user: a source speaks, not a person."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, ApiKey] | None:
        scheme, _space, secret = request.headers.get("Authorization", "").partition(" ")
        if not scheme:
            return None
        if scheme.lower() != "bearer" or not secret.strip():
            raise AuthenticationFailed(_("Send the key as “Authorization: Bearer os_live_…”."), code="bad_scheme")
        key = ApiKey.objects.usable().select_related("source").filter(digest=digest(secret.strip())).first()
        if key is None:
            raise AuthenticationFailed(_("This key is not known, or was revoked."), code="unknown_key")
        _note_use(key)
        say_who(key=key.pk, source=key.source_id)
        return AnonymousUser(), key

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


def _note_use(key: ApiKey) -> None:
    now = timezone.now()
    stale = now - LAST_USED_PRECISION
    if key.last_used_at is not None and key.last_used_at > stale:
        return
    unnoted = Q(last_used_at=None) | Q(last_used_at__lte=stale)
    ApiKey.objects.filter(unnoted, pk=key.pk).update(last_used_at=now)
