"""What a provider's own error codes mean, as a person told: a path to the code, and each code with one of our words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from campaigns.sms.gateways.base import Answer, Later, Refused
from campaigns.sms.replies import find_text

# By what a provider says of it, and after how many seconds it wants to be asked again.
MEANINGS: dict[str, Callable[[str, float | None], Answer]] = {
    "refused": lambda error, _after_s: Refused(error),
    "later": Later,
    "outage": lambda error, after_s: Later(error, after_s, is_outage=True),
    "opted_out": lambda error, _after_s: Refused(error, opted_out=True),
}


def read_code(data: Any, settings: Mapping[str, Any], words: str, after_s: float | None = None) -> Answer | None:
    """None: it holds no code, or none that a person told of. Without regard to case."""
    code = find_text(data, settings["code_path"])
    meanings = {known.casefold(): meaning for known, meaning in (settings["codes"] or {}).items()}
    meaning = meanings.get(code.casefold())
    if not meaning:
        return None
    error = words if words == code else f"{code}: {words}".removesuffix(": ")
    return MEANINGS[meaning](error, after_s)


def checked_codes(written: Any) -> dict[str, str]:
    """Raises ValidationError."""
    codes = written or {}
    if not isinstance(codes, dict) or not all(isinstance(word, str) and word in MEANINGS for word in codes.values()):
        raise ValidationError(_('Write {"their code": "refused"}, with one of: %s.') % ", ".join(MEANINGS))
    if any(not code.strip() for code in codes):
        raise ValidationError(_("A code is empty. An answer without a code says nothing of itself: take it out."))
    return {code.strip(): meaning for code, meaning in codes.items()}
