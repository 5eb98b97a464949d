"""What a kind of step is, what it may decide, and what it may look at.

A kind decides for a batch: all runs that stand at one step of one version, at a given time, over a read-only world. It
writes nothing, asks no clock, and makes no query of its own, so the same code rehearses the past.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from workspace.reading import Problem

if TYPE_CHECKING:
    from campaigns.models import From, Run
    from campaigns.world import World

Params = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Continue:
    """Go on: by a branch, or to the next step. `reason` is told if that way ends here."""

    branch: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Wait:
    """Come back to this step at `until`."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Emit:
    """Owe this row (a message, a call) to the outside, and come back to this step when its sending ended."""

    row: models.Model


@dataclass(frozen=True, slots=True)
class Stop:
    """End the run here."""

    reason: str


Outcome = Continue | Wait | Emit | Stop


@dataclass(frozen=True, slots=True)
class Decision:
    outcome: Outcome
    seen: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Branch:
    """A way out of a step. `ends_when_empty`: who takes it while it holds no steps has reached the end."""

    key: str
    label: str | Promise
    ends_when_empty: bool = False


@dataclass(frozen=True, slots=True)
class StepKind:
    """`decide(runs, step key, params, world)` answers one Decision for each run, in their order.

    `is_urgent(params)`: whether somebody waits for what this step does, so that its campaign goes before the crowd.
    """

    key: str
    label: str | Promise
    form: type[StepForm]
    decide: Callable[[Sequence[Run], str, Params, World], list[Decision]]
    branches: tuple[Branch, ...] = ()
    is_urgent: Callable[[Params], bool] = lambda _params: False


@dataclass(frozen=True, slots=True)
class Watched:
    """A trigger as matching reads it. Codes are keys (`code_key`); `to` empty: any status."""

    type: str
    to: frozenset[str]
    from_mode: From
    from_codes: frozenset[str]


@dataclass(frozen=True, slots=True)
class TriggerKind:
    key: str
    label: str | Promise
    form: type[StepForm]
    watched: Callable[[Params], Watched]


class StepForm(forms.Form):
    """The params of a kind, checked alike for files, API and editor. Its `initial` is what the editor fills in."""

    def problems(self) -> list[Problem]:
        """What is wrong, with JSON pointers within the params."""
        unknown = [
            Problem("unknown_field", str(_("There is no “%s” here.") % name), f"/{name}") for name in self._extra()
        ]
        return unknown + [
            Problem((error.code or "invalid"), " ".join(error.messages), f"/{name}{getattr(error, 'pointer', '')}")
            for name, errors in self.errors.as_data().items()
            for error in errors
        ]

    def _extra(self) -> list[str]:
        return [name for name in self.data if name not in self.fields]


class ValueWidget(forms.Widget):
    """Takes a JSON value as it is. The editor's own inputs are drawn elsewhere."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        return data.get(name)


class ValueField(forms.Field):
    """A field whose value is JSON, checked by `read`, which raises ValidationError."""

    widget = ValueWidget

    def __init__(self, read: Callable[[Any], Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.read = read

    def clean(self, value: Any) -> Any:
        value = super().clean(value)
        return None if value in self.empty_values else self.read(value)


class PlainChoiceField(forms.Field):
    """One of a few words; anything else, of whatever JSON type, is refused with the words there are. Left out: ""."""

    widget = ValueWidget

    def __init__(self, *, choices: Sequence[tuple[str, Any]], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.choices = list(choices)

    def to_python(self, value: Any) -> str:
        return "" if value is None else value

    def validate(self, value: Any) -> None:
        super().validate(value)
        if value != "" and value not in [key for key, _label in self.choices]:
            raise forms.ValidationError(_("Choose one of: %s.") % ", ".join(key for key, _label in self.choices))


class FlagField(forms.Field):
    """True or false; left out: false."""

    widget = ValueWidget

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, **kwargs)

    def to_python(self, value: Any) -> bool:
        if not (value is None or isinstance(value, bool)):
            raise forms.ValidationError(_("Write true or false."))
        return bool(value)


_UNITS = ("minutes", "hours", "days")
LONGEST_DURATION = timedelta(days=366)


def read_duration(raw: Any) -> timedelta:
    """`{"value": 2, "unit": "days"}`; units are minutes, hours and days; at most a year. Raises ValidationError."""
    if not isinstance(raw, Mapping) or set(raw) != {"value", "unit"}:
        raise forms.ValidationError(_("Write a duration such as {“value”: 2, “unit”: “days”}."))
    value, unit = raw["value"], raw["unit"]
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= 366 * 24 * 60:
        raise forms.ValidationError(_("The number of a duration is whole and more than 0."))
    if not isinstance(unit, str) or unit not in _UNITS:
        raise forms.ValidationError(_("The unit of a duration is minutes, hours or days."))
    duration = timedelta(**{unit: value})
    if duration > LONGEST_DURATION:
        raise forms.ValidationError(_("A duration is at most a year."))
    return duration
