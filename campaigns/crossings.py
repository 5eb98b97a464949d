"""What triggers of segments share: customers who entered one, or left it, as its counts told (analytics/counting.py).

A run is about the customer's last order as it then was, which texts and filters speak of. Who had none is not let in:
that is told with the run, so nobody is left out in silence. Who was in a segment when a campaign began did not enter.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from analytics.models import Crossing, Segment
from analytics.wording import Names
from campaigns.models import Run
from campaigns.occasions import in_time_order
from campaigns.steps.base import Continue, Decision, Occasion, Params, StepField, StepForm, Stop, TriggerKind, Window
from campaigns.world import World
from workspace.database import set_size

LONGEST_CODE = 64
READ = ("has_entered", "at", "order_id", "customer_id")


class SegmentField(StepField):
    """A segment, by its code, which need not be there yet."""

    control = "choice"

    def options(self) -> dict[str, Any]:
        """One query."""
        rows = Segment.objects.values_list("code", "name")
        return {"choices": [{"key": code, "label": name} for code, name in rows]}

    def says(self, written: Any, names: Names) -> str:
        return _name(written, names)

    def clean(self, value: Any) -> str:
        value = super().clean(value)
        if not isinstance(value, str) or not 0 < len(value) <= LONGEST_CODE or not value.isprintable():
            raise forms.ValidationError(_("Give the code of a segment."))
        return value


class Form(StepForm):
    segment = SegmentField(label=_("Segment"))


def trigger_kind(
    key: str, label: Promise, *, has_entered: bool, says: Promise, tells: Promise, icon: str
) -> TriggerKind:
    """Of those who enter, or those who leave. `says` takes the segment, `tells` the `segment` and when (`at`)."""
    return TriggerKind(
        key,
        label,
        Form,
        find=partial(_find, has_entered=has_entered),
        gate=_gate,
        segment=_segment,
        crossed=partial(_crossed, has_entered=has_entered),
        says=lambda params, names: str(says) % _name(params.get("segment"), names),
        tells=lambda params, _transition, at: str(tells) % {"segment": _name(_segment(params), {}), "at": at},
        icon=icon,
    )


def _find(params: Params, window: Window, *, has_entered: bool) -> Iterator[Occasion]:
    """In order of time."""
    rows = _crossings(params, has_entered=has_entered).filter(window.of("at"), window.told("at"))
    yield from (_occasion(row) for row in in_time_order(rows, "at"))


def _crossed(params: Params, at: datetime, after: int, *, has_entered: bool) -> dict[int, Occasion]:
    """Of those at this moment the next set after this id, by their ids. One query, along the index."""
    rows = _crossings(params, has_entered=has_entered).filter(at=at, pk__gt=after).order_by("pk")
    return {row.pk: _occasion(row) for row in rows[: set_size()]}


def _gate(runs: Sequence[Run], _params: Params, _world: World) -> list[Decision]:
    return [Decision(Stop("no_order") if run.order_id is None else Continue()) for run in runs]


def _crossings(params: Params, *, has_entered: bool) -> QuerySet[Crossing]:
    segment = Segment.objects.filter(code=params["segment"]).order_by().values("pk")[:1]
    return Crossing.objects.filter(segment=segment, has_entered=has_entered).only(*READ)


def _occasion(row: Crossing) -> Occasion:
    key = "entered" if row.has_entered else "left"
    return Occasion(f"{key}:{row.pk}", row.at, row.order_id, row.customer_id)


def _segment(params: Params) -> str:
    """Its code, of params that were read or as they were written."""
    code = params.get("segment")
    return code if isinstance(code, str) else ""


def _name(code: Any, names: Names) -> str:
    return f"“{names.get(('segments', code), code)}”" if isinstance(code, str) and code else "…"
