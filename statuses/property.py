"""“Status property”: the form of a status, and what is said when two people edit one at once."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget, UnfoldBooleanSwitchWidget

from statuses.models import Colour, OrderStatus, StatusType

EDITED = ("name", "type", "code", "include_in_analytics", "colour")

# Asks about the code as it is typed or suggested, and again for another type.
ASKS = {
    "hx-trigger": "input delay:250ms, os:suggested delay:250ms, change from:#id_type",
    "hx-target": "#id_code_told",
    "hx-include": "closest form",
    "hx-sync": "this:replace",
}


class StatusForm(forms.ModelForm):  # type: ignore[type-arg]
    """A status property. What integrations and orders already rely on cannot be changed any more."""

    # What whoever fills it in saw before them, so that they are told of what changed meanwhile.
    revision = forms.IntegerField(required=False, widget=forms.HiddenInput)
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = OrderStatus
        fields = EDITED
        widgets = {
            "colour": forms.RadioSelect(),
            "name": UnfoldAdminTextInputWidget(
                attrs={"autofocus": True, "data-suggests": "id_code", "autocomplete": "off"}
            ),
            "type": UnfoldAdminSelectWidget(),
            "code": UnfoldAdminTextInputWidget(
                attrs={"data-suggested": "ascii_", "autocomplete": "off", "spellcheck": "false"}
            ),
            "include_in_analytics": UnfoldBooleanSwitchWidget(),
        }

    def __init__(self, *args: Any, fixed: tuple[str, ...] = (), check_at: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["type"].choices = StatusType.choices
        fields["colour"].required = False
        # Too long is told, not cut off.
        fields["code"].widget.attrs.pop("maxlength", None)
        for name in fixed:
            fields[name].disabled = True
        if check_at and "code" not in fixed:
            fields["code"].widget.attrs |= {**ASKS, "hx-get": check_at}
        if self.instance.pk:
            del fields["name"].widget.attrs["data-suggests"]
            self.initial.update(revision=self.instance.revision, seen=written(self.instance))

    def clean_colour(self) -> str:
        """Left out, it stays as it is."""
        return str(self.cleaned_data["colour"] or self.instance.colour)

    def _post_clean(self) -> None:
        """That a code is taken is said beside the code."""
        super()._post_clean()  # type: ignore[misc]
        taken = self.errors.pop("__all__", None)
        if taken:
            self.add_error("code", taken.as_data())

    def said(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in EDITED}

    def describe(self) -> StatusForm:
        """Ties errors to their fields for whoever does not see them."""
        for name in self.errors:
            if name in self.fields:
                self.fields[name].widget.attrs |= {"aria-describedby": f"id_{name}_error", "aria-invalid": "true"}
        return self


@dataclass(frozen=True, slots=True)
class Difference:
    """What somebody else changed meanwhile: how it is now, and, if this person changed it too, what they wrote."""

    label: str
    now: str
    yours: str | None


def written(status: OrderStatus) -> str:
    """How it stands, for a form to bring along."""
    return json.dumps({name: getattr(status, name) for name in EDITED})


def read_seen(text: str) -> dict[str, Any]:
    """What a form brought along; nothing, if that cannot be read."""
    try:
        seen = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    return seen if isinstance(seen, dict) else {}


def differences(status: OrderStatus, seen: Mapping[str, Any], said: Mapping[str, Any]) -> Iterator[Difference]:
    """Between how it stands now and what was seen of it before."""
    for name in EDITED:
        now = getattr(status, name)
        if name in seen and now != seen[name]:
            yours = None if said[name] in (seen[name], now) else _in_words(name, said[name])
            yield Difference(_label(name), _in_words(name, now), yours)


def brought_together(status: OrderStatus, seen: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """What this person changed as they wrote it, all else as it stands now: to be looked at before it is saved."""
    both = {name: said[name] if said[name] != seen.get(name) else getattr(status, name) for name in EDITED}
    return {**both, "revision": status.revision, "seen": written(status)}


def _label(name: str) -> str:
    label = str(OrderStatus._meta.get_field(name).verbose_name)  # type: ignore[union-attr]
    return label[:1].upper() + label[1:]


def _in_words(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return str(Colour(value).label) if name == "colour" else str(value)
