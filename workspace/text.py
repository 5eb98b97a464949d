"""What no text may hold: PostgreSQL stores no NUL, and a lone surrogate is not UTF-8."""

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _


def is_storable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\x00" not in text


def is_storable_throughout(value: Any) -> bool:
    """Whether every text inside can be stored, at whatever depth of lists and dicts it hides."""
    inside = [value]
    while inside:
        value = inside.pop()
        if isinstance(value, str):
            if not is_storable(value):
                return False
        elif isinstance(value, dict):
            inside += value.keys()
            inside += value.values()
        elif isinstance(value, list):
            inside += value
    return True


def validate_text(text: str) -> None:
    if not is_storable(text):
        raise ValidationError(
            _("The text holds a NUL or half a surrogate pair. Send it as clean UTF-8."), code="bad_text"
        )


def storable(text: str) -> str:
    """The text with a mark in place of what cannot be stored: for what nobody can be asked to send again."""
    return printable(text).replace("\x00", "\ufffd")


def printable(text: str) -> str:
    """The text with a mark in place of what is not UTF-8, to be quoted back to whoever sent it."""
    return text.encode(errors="replace").decode()
