"""Wait for status: go on as “arrived” once the order is in one of these statuses, or as “timed out” after a time.

An order that is there already has arrived. Whether it came before its time was over is judged by when it came, not by
when that was told or asked.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics.wording import Names, duration_in_words, status_name
from campaigns.arrivals import find_arrival
from campaigns.models import Run
from campaigns.steps.base import (
    Branch,
    Continue,
    Decision,
    Params,
    PlainChoiceField,
    StepForm,
    StepKind,
    ValueField,
    Wait,
    read_duration,
)
from campaigns.steps.codes import read_codes
from campaigns.wording import either, type_in_words
from campaigns.world import World
from statuses.models import StatusType, code_key
from workspace.local_formats import whole_moment


class Form(StepForm):
    type = PlainChoiceField(label=gettext_lazy("Type"), choices=StatusType.choices)
    to = ValueField(read_codes, control="statuses", options={"type_from": "type"}, label=gettext_lazy("Status"))
    duration = ValueField(
        read_duration, control="duration", label=gettext_lazy("For at most"), initial={"value": 24, "unit": "hours"}
    )


def decide(runs: Sequence[Run], step: str, params: Params, world: World) -> list[Decision]:
    return [_decide(run, params, world) for run in runs]


def _decide(run: Run, params: Params, world: World) -> Decision:
    until = run.step_at + params["duration"]
    arrival = find_arrival(run, params["type"], params["to"], run.step_at, until, world)
    if arrival:
        return Decision(Continue("arrived"), {**arrival.moved.told(world.vocabulary), "was_there": arrival.was_there})
    if world.now >= until:
        return Decision(Continue("timed_out"))
    return Decision(Wait(until), {"until": until.isoformat()})


def awaits(params: Params) -> Collection[str]:
    return (params["type"],)


def statuses(params: Params) -> Iterable[tuple[str, str]]:
    return [(params["type"], code_key(code)) for code in params["to"]]


def says(params: Params, names: Names) -> str:
    if params.get("type") not in StatusType.values or not isinstance(params.get("to"), list):
        return ""
    words = {
        "type": type_in_words(params["type"]),
        "statuses": either(params["to"], params["type"], names),
        "duration": duration_in_words(params.get("duration")),
    }
    return _("Waits until %(type)s is %(statuses)s, for at most %(duration)s.") % words


def tells(outcome: str, seen: Mapping[str, Any], names: Names) -> str:
    if outcome == "timed_out":
        return _("The time was over before the status came.")
    if outcome != "arrived":
        return ""
    words = {
        "status": status_name(names, seen["type"], seen["to"]),
        "at": whole_moment(datetime.fromisoformat(seen["occurred_at"])),
    }
    if seen["was_there"]:
        return _("The order was already in %(status)s, since %(at)s.") % words
    return _("The order came to %(status)s on %(at)s.") % words


KIND = StepKind(
    "wait_for_status",
    gettext_lazy("Wait for status"),
    Form,
    decide,
    branches=(Branch("arrived", gettext_lazy("Arrived")), Branch("timed_out", gettext_lazy("Timed out"))),
    says=says,
    tells=tells,
    statuses=statuses,
    awaits=awaits,
    rank=40,
    icon="hourglass_top",
)
