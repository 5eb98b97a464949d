"""Secrets at rest: what a provider gave us is kept encrypted, under keys that come from the environment.

The first of ENCRYPTION_KEYS encrypts, all of them decrypt: put a new one in front, save what is kept, drop the old.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.utils.translation import gettext as _


class CannotDecrypt(ValueError):
    """What is kept was encrypted under a key that is not among ENCRYPTION_KEYS."""


def encrypt(secrets: Mapping[str, str]) -> str:
    return _box(tuple(settings.ENCRYPTION_KEYS)).encrypt(json.dumps(dict(secrets)).encode()).decode()


def decrypt(kept: str) -> dict[str, str]:
    """Raises CannotDecrypt."""
    if not kept:
        return {}
    try:
        secrets: dict[str, str] = json.loads(_box(tuple(settings.ENCRYPTION_KEYS)).decrypt(kept.encode()))
    except InvalidToken:
        raise CannotDecrypt(
            _("The secrets kept here cannot be read with ENCRYPTION_KEYS. Add the former key, or enter them again.")
        ) from None
    return secrets


@lru_cache(maxsize=8)
def _box(keys: tuple[str, ...]) -> MultiFernet:
    """Any text is a key: Fernet's own are 32 bytes, which SHA-256 makes of it."""
    return MultiFernet([Fernet(base64.urlsafe_b64encode(hashlib.sha256(key.encode()).digest())) for key in keys])
