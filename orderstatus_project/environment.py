"""The one place that reads the process's environment. Everything else asks `django.conf.settings`."""

import os
import secrets
from contextlib import suppress
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, "").strip() or default


def flag(name: str, *, default: bool = False) -> bool:
    value = text(name, "1" if default else "0").lower()
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise ImproperlyConfigured(f"{name}={value!r} is neither on nor off. Write {name}=1 or {name}=0.")


def number(name: str, default: int) -> int:
    value = text(name, str(default))
    try:
        return int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name}={value!r} is not a whole number.") from None


def words(name: str, default: str = "") -> list[str]:
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def networks(name: str) -> list[str]:
    """As in 10.1.0.0/16,127.0.0.1/32."""
    try:
        return [str(ip_network(word)) for word in words(name)]
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} holds what is no network: {error}.") from None


def folder(name: str, default: Path) -> Path:
    return Path(text(name, str(default))).resolve()


def secret_key(var_dir: Path) -> str:
    """SECRET_KEY from the environment, or one made once and kept with mode 0600 beside the data."""
    given = text("SECRET_KEY")
    if given:
        return given
    kept = var_dir / "secret_key"
    if not kept.exists():
        var_dir.mkdir(parents=True, exist_ok=True)
        draft = var_dir / f"secret_key.{os.getpid()}"
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(50))
        with suppress(FileExistsError):  # the first of several processes starting at once wins
            os.link(draft, kept)
        draft.unlink()
    return kept.read_text()


def broker_url(redis_url: str) -> str:
    """REDIS_URL as kombu writes it: `unix:///path?db=1` is `redis+socket:///path?virtual_host=1` there."""
    parts = urlsplit(redis_url)
    if parts.scheme != "unix":
        return redis_url
    login = f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else ""
    query = "&".join(part.replace("db=", "virtual_host=", 1) for part in parts.query.split("&") if part)
    return f"redis+socket://{login}{parts.path}" + (f"?{query}" if query else "")
