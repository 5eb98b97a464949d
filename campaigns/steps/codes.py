"""Codes of statuses, as params name them."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from campaigns.arrivals import StopOn
from statuses.models import StatusType, code_key
from workspace.text import is_storable


def read_codes(raw: Any) -> frozenset[str]:
    """A list of codes. Raises ValidationError."""
    if not isinstance(raw, list) or not 0 < len(raw) <= 200 or not all(_is_code(code) for code in raw):
        raise forms.ValidationError(_("Give a list of status codes."))
    return frozenset(code_key(code) for code in raw)


def _is_code(raw: Any) -> bool:
    return isinstance(raw, str) and 0 < len(raw.strip()) <= 64 and is_storable(raw)


def read_stop_on(raw: Any) -> StopOn:
    """`[{"type": "payment", "to": ["refunded"]}, …]`, each type once. Raises ValidationError."""
    written = _("Write [{“type”: “payment”, “to”: [codes]}], with each type once.")
    if not isinstance(raw, list) or not all(isinstance(one, Mapping) and set(one) == {"type", "to"} for one in raw):
        raise forms.ValidationError(written)
    types = [one["type"] for one in raw]
    if not all(isinstance(type, str) and type in StatusType.values for type in types) or len(set(types)) < len(types):
        raise forms.ValidationError(written)
    return {one["type"]: read_codes(one["to"]) for one in raw}
