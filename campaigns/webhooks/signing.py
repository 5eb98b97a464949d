"""Signatures by the Standard Webhooks specification 1.0.0 (github.com/standard-webhooks/standard-webhooks, spec/).

"Signature scheme": what is signed is `{msg_id}.{timestamp}.{payload}`, by HMAC-SHA256, under a secret of 24 to 64
random bytes that is written as `whsec_` and base64. "Webhook headers": `webhook-signature` is a list parted by spaces,
each `v1,` and base64, so that while a secret is being replaced both sign, and the receiver takes either.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Sequence

PREFIX = "whsec_"
SECRET_BYTES = 32


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def signed_headers(webhook_id: str, timestamp: int, body: bytes, keys: Sequence[str]) -> dict[str, str]:
    """The three headers. `timestamp` is that of the attempt, in whole seconds, not that of the event."""
    content = f"{webhook_id}.{timestamp}.".encode() + body
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(_sign(content, key) for key in keys),
    }


def _sign(content: bytes, secret: str) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    return "v1," + base64.b64encode(hmac.digest(key, content, "sha256")).decode()
