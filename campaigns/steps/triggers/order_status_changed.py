"""Order status changed: the order's status of one type went from one of these to one of those."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics.wording import Names
from campaigns.models import From
from campaigns.steps.base import STATUSES, Params, PlainChoiceField, StepForm, TriggerKind, ValueField, Watched
from campaigns.steps.codes import read_codes
from campaigns.wording import either, the_one, type_in_words
from statuses.models import StatusType

_WORDS = {"any": From.ANY, "any_existing": From.ANY_EXISTING, "none": From.NONE}


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
    type = PlainChoiceField(label=gettext_lazy("Type"), choices=StatusType.choices)


# `from` is a word of Python's.
Form.base_fields["from"] = ValueField(
    read_from, control="statuses_from", label=gettext_lazy("Original status"), initial="any"
)
Form.base_fields["to"] = ValueField(read_to, control="statuses_to", label=gettext_lazy("Target status"))


def watched(params: Params) -> Watched:
    from_mode, from_codes = params["from"]
    # "any" is an empty set, which a form's field reads as nothing given.
    return Watched(params["type"], params["to"], from_mode, from_codes)


def statuses(params: Params) -> frozenset[tuple[str, str]]:
    return frozenset((params["type"], code) for code in params["to"] | params["from"][1])


def says(params: Params, names: Names) -> str:
    """“When payment goes from Invoice issued to Paid”."""
    type = params.get("type")
    if type not in StatusType.values:
        return _("When it is not said what starts it")
    to = params.get("to")
    words = {
        "type": type_in_words(type),
        "from": _origin(params.get("from"), type, names),
        "to": either(to, type, names) if isinstance(to, list) else _("any status"),
    }
    return _("When %(type)s goes%(from)s to %(to)s") % words


def target(params: Params, names: Names) -> str:
    return the_one(params.get("to"), params.get("type"), names)


def _origin(raw: Any, type: str, names: Names) -> str:
    if isinstance(raw, list):
        return " " + _("from %s") % either(raw, type, names)
    if isinstance(raw, Mapping):
        return " " + _("from any but %s") % either(raw.get("not", []), type, names)
    return {"none": " " + _("from no status"), "any_existing": " " + _("from any status")}.get(str(raw), "")


KIND = TriggerKind(
    "order_status_changed",
    gettext_lazy("Order status changed"),
    Form,
    listens_to=STATUSES,
    watched=watched,
    has_change=True,
    statuses=statuses,
    target=target,
    says=says,
    icon="sync_alt",
)
