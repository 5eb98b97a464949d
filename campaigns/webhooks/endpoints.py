"""An endpoint's address and secrets: made by us, shown once, replaced without a gap; and a call to try it.

The specification, "Webhook headers": while a secret is replaced, calls are signed by the new one and the old one.
"""

from __future__ import annotations

import uuid
from contextlib import closing
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Any
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from campaigns.models import WebhookEndpoint
from campaigns.webhooks.bodies import body_of_test
from campaigns.webhooks.guard import Network, is_public, read_networks
from campaigns.webhooks.signing import new_secret, signed_headers
from campaigns.webhooks.verdicts import Verdict, judge
from campaigns.webhooks.wire import TIMEOUT_S, Line, Post
from workspace.encryption import decrypt, encrypt

# Both secrets sign for so long.
ROTATION = timedelta(hours=24)

CURRENT, FORMER = "current", "former"
# Below 1024 stand services that are no web servers and may do what a line of a POST says, such as mail.
LOWEST_PORT, WEB_PORTS = 1024, frozenset({80, 443})


def checked_address(written: str) -> str:
    """Raises ValidationError. Where a name leads is asked when it is called, and each time."""
    parts = _parts(written)
    if parts is None or not parts.hostname:
        raise ValidationError(_("This is no web address. One begins with https://."))
    if parts.username is not None or parts.password is not None:
        raise ValidationError(_("No user or password goes into the address: calls are signed instead."))
    if parts.fragment:
        raise ValidationError(_("Leave out what begins with #: no server is told of it."))
    allowed = read_networks(settings.WEBHOOK_ALLOWED_NETWORKS)
    if parts.scheme != "https" and not allowed:
        raise ValidationError(_("Webhooks are encrypted: the address begins with https://."))
    if parts.port is not None and parts.port < LOWEST_PORT and parts.port not in WEB_PORTS:
        raise ValidationError(_("Port %d is no web server's. Use 443, or one from 1024 on.") % parts.port)
    if _is_inside(parts.hostname, allowed):
        raise ValidationError(
            _("This address is inside a network: webhooks only go out. An operator can allow it by %s.")
            % "WEBHOOK_ALLOWED_NETWORKS"
        )
    return written


def _parts(written: str) -> SplitResult | None:
    try:
        parts = urlsplit(written)
        (parts.hostname or "").encode("idna")
        is_one = parts.scheme in ("http", "https") and parts.port != 0
    except ValueError:
        return None
    is_plain = written.isprintable() and not any(sign.isspace() or sign == "\\" for sign in written)
    return parts if is_one and is_plain else None


def _is_inside(host: str, allowed: tuple[Network, ...]) -> bool:
    """Of a name nobody can tell yet."""
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return not is_public(address) and not any(address in network for network in allowed)


def renew_secret(endpoint: WebhookEndpoint, now: datetime) -> str:
    """Give it a new secret, which is to be shown once. The one it had counts on for a day. Does not save."""
    kept = _kept(endpoint)
    secrets = {CURRENT: new_secret()}
    endpoint.former_until = None
    if CURRENT in kept:
        secrets[FORMER] = kept[CURRENT]
        endpoint.former_until = now + ROTATION
    endpoint.secrets = encrypt(secrets)
    return secrets[CURRENT]


def forget_former(endpoint: WebhookEndpoint) -> None:
    """It leaked, say: from now on only the current one signs. Does not save. Raises CannotDecrypt."""
    endpoint.secrets, endpoint.former_until = encrypt({CURRENT: decrypt(endpoint.secrets)[CURRENT]}), None


def signing_keys(endpoint: WebhookEndpoint, now: datetime) -> list[str]:
    """Raises CannotDecrypt."""
    secrets = decrypt(endpoint.secrets)
    is_rotating = endpoint.former_until is not None and now < endpoint.former_until
    return [secrets[CURRENT], *([secrets[FORMER]] if is_rotating and FORMER in secrets else [])]


def _kept(endpoint: WebhookEndpoint) -> dict[str, str]:
    """Those that cannot be read any more are as good as gone."""
    try:
        return decrypt(endpoint.secrets)
    except ValueError:
        return {}


def post_to(endpoint: WebhookEndpoint, webhook_id: str, body: bytes, now: datetime) -> Post:
    """Raises CannotDecrypt."""
    signed = signed_headers(webhook_id, int(now.timestamp()), body, signing_keys(endpoint, now))
    return Post(endpoint.url, body, {"Content-Type": "application/json", **signed})


def try_out(endpoint: WebhookEndpoint, now: datetime) -> Verdict:
    """One call that speaks of no order, whether the endpoint is on or off. Raises CannotDecrypt."""
    post = post_to(endpoint, f"msg_{uuid.uuid4().hex}", body_of_test(endpoint, now), now)
    with closing(Line()) as own:  # web processes have threads, which share no line
        own.begin(0, post)
        return judge(own.answered(2 * TIMEOUT_S)[0])


def choices() -> list[tuple[str, Any]]:
    """Those that a step may name, as a person sees them. One query."""
    return list(WebhookEndpoint.objects.filter(off_because="").values_list("code", "name"))
