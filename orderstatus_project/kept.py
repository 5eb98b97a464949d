"""What a first start made up and later ones must know: the login and the demo's key, in var/demo.env with mode 0600."""

from __future__ import annotations

import os
from pathlib import Path

from django.conf import settings


def kept_file() -> Path:
    return Path(settings.VAR_DIR) / "demo.env"


def read_kept() -> dict[str, str]:
    try:
        lines = kept_file().read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    pairs = (line.partition("=") for line in lines if "=" in line and not line.startswith("#"))
    return {name.strip(): value.strip() for name, _equals, value in pairs}


def keep(**values: str) -> None:
    """Written aside and moved into place, so that nobody ever reads half of it, nor reads it at all but its owner."""
    file = kept_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"{name}={value}\n" for name, value in {**read_kept(), **values}.items()]
    draft = file.with_suffix(f".{os.getpid()}")
    draft.touch(mode=0o600)
    draft.chmod(0o600)
    draft.write_text("".join(lines), encoding="utf-8")
    draft.replace(file)
