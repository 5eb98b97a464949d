"""Order status changed: the order's status of one type went from one of these to one of those."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from campaigns.models import From
from campaigns.steps.base import Params, PlainChoiceField, StepForm, TriggerKind, ValueField, Watched
from statuses.models import StatusType, code_key
from workspace.text import is_storable

_WORDS = {"any": From.ANY, "any_existing": From.ANY_EXISTING, "none": From.NONE}


def read_codes(raw: Any) -> frozenset[str]:
    if not isinstance(raw, list) or not 0 < len(raw) <= 200 or not all(_is_code(code) for code in raw):
        raise forms.ValidationError(_("Give a list of status codes."))
    return frozenset(code_key(code) for code in raw)


def _is_code(raw: Any) -> bool:
    return isinstance(raw, str) and 0 < len(raw.strip()) <= 64 and is_storable(raw)


def read_from(raw: Any) -> tuple[From, frozenset[str]]:
    """`"any"` (also none), `"any_existing"`, `"none"`, `[codes]`, or `{"not": [codes]}` (also none)."""
    if isinstance(raw, str) and raw in _WORDS:
        return _WORDS[raw], frozenset()
    if isinstance(raw, dict) and set(raw) == {"not"}:
        return From.EXCEPT, read_codes(raw["not"])
    if isinstance(raw, list):
        return From.ONLY, read_codes(raw)
    raise forms.ValidationError(_("“from” is “any”, “any_existing”, “none”, a list of codes, or {“not”: [codes]}."))


def read_to(raw: Any) -> frozenset[str]:
    """`"any"` (answers nothing to narrow by) or `[codes]`."""
    return frozenset() if raw == "any" else read_codes(raw)


class Form(StepForm):
    type = PlainChoiceField(label=_("Type"), choices=StatusType.choices)


# `from` is a word of Python's.
Form.base_fields["from"] = ValueField(read_from, label=_("Original status"), initial="any")
Form.base_fields["to"] = ValueField(read_to, label=_("Target status"))


def watched(params: Params) -> Watched:
    from_mode, from_codes = params["from"]
    # "any" is an empty set, which a form's field reads as nothing given.
    return Watched(params["type"], params["to"], from_mode, from_codes)


KIND = TriggerKind("order_status_changed", _("Order status changed"), Form, watched)
