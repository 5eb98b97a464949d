"""Limit participants: lets so many orders pass, in all or in each hour, day or week of the installation's zone.

Orders are let pass in the order in which what led them here occurred, as far as they come together.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from analytics.wording import Names
from campaigns.models import Run
from campaigns.steps.base import (
    Branch,
    Continue,
    Decision,
    Params,
    PlainChoiceField,
    Reserve,
    StepForm,
    StepKind,
    ValueField,
    read_whole,
)
from campaigns.world import World

MOST = 1_000_000_000
_NUMBER = {"min": 1, "max": MOST}


read_limit = read_whole(1, MOST)


class Form(StepForm):
    total = ValueField(
        read_limit,
        control="number",
        options=_NUMBER,
        label=gettext_lazy("In all, at most"),
        required=False,
        initial=100,
    )
    per_period = ValueField(
        read_limit, control="number", options=_NUMBER, label=gettext_lazy("In each period, at most"), required=False
    )
    period = PlainChoiceField(
        label=gettext_lazy("Period"),
        choices=[("hour", gettext_lazy("hour")), ("day", gettext_lazy("day")), ("week", gettext_lazy("week"))],
        required=False,
    )

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        is_bad = {"total", "per_period", "period"} & self.errors.keys()
        if not is_bad and given.get("total") is None and given.get("per_period") is None:
            self.add_error("total", forms.ValidationError(_("Say how many, in all or in each period.")))
        if not is_bad and (given.get("per_period") is None) == bool(given.get("period")):
            self.add_error("period", forms.ValidationError(_("A number in each period and its period go together.")))
        return given


def decide(runs: Sequence[Run], step: str, params: Params, world: World) -> list[Decision]:
    period = period_of(params["period"], world.now, world.home_zone) if params["period"] else ""
    passes, full = Continue("yes"), Continue("no", reason="limit_reached")
    return [Decision(Reserve(params["total"], period, params["per_period"], passes, full)) for _run in runs]


def period_of(period: str, moment: datetime, zone: str) -> str:
    """The hour, day or week of a zone in which a moment lies: “day 2024-05-03”. An hour that comes twice is two."""
    there = moment.astimezone(ZoneInfo(zone))
    match period:
        case "hour":
            return f"hour {there:%Y-%m-%dT%H%z}"
        case "day":
            return f"day {there:%Y-%m-%d}"
    return f"week {there:%G-W%V}"


def says(params: Params, names: Names) -> str:
    said = [_total_said(params.get("total")), _period_said(params.get("per_period"), params.get("period"))]
    return " ".join(sentence for sentence in said if sentence)


def _total_said(total: Any) -> str:
    if not isinstance(total, int):
        return ""
    return ngettext("Lets %d order pass in all.", "Lets %d orders pass in all.", total) % total


def _period_said(number: Any, period: Any) -> str:
    if not isinstance(number, int) or not isinstance(period, str):
        return ""
    sentences = {
        "hour": ngettext("At most %d in an hour.", "At most %d in an hour.", number),
        "day": ngettext("At most %d in a day.", "At most %d in a day.", number),
        "week": ngettext("At most %d in a week.", "At most %d in a week.", number),
    }
    return f"{sentences[period] % number}" if period in sentences else ""


def tells(outcome: str, seen: Mapping[str, Any], names: Names) -> str:
    match outcome, seen.get("full"):
        case "yes", _none:
            return _("It took place %d.") % int(seen.get("of_total", seen.get("of_period", 0)))
        case "no", "total":
            return _("All places were taken.")
        case "no", _period:
            return _("All places of that time were taken.")
    return ""


KIND = StepKind(
    "limit_participants",
    gettext_lazy("Limit participants"),
    Form,
    decide,
    branches=(Branch("yes", gettext_lazy("Yes")), Branch("no", gettext_lazy("No"), ends_when_empty=True)),
    says=says,
    tells=tells,
    is_limited=True,
    icon="group",
)
