"""Holdout: keeps a share of customers out, always the same ones, to compare with those who went on."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics.wording import Names
from campaigns.chance import chance_of
from campaigns.models import Run
from campaigns.steps.base import Branch, Continue, Decision, Params, StepForm, StepKind, ValueField, read_whole
from campaigns.world import World


class Form(StepForm):
    percent = ValueField(
        read_whole(1, 99),
        control="number",
        options={"min": 1, "max": 99},
        label=gettext_lazy("Held out, in %"),
        initial=10,
    )


def decide(runs: Sequence[Run], step: str, params: Params, world: World) -> list[Decision]:
    return [_decide(chance_of(run, step, world), params) for run in runs]


def _decide(chance: float, params: Params) -> Decision:
    is_held_out = chance * 100 < params["percent"]
    return Decision(Continue("held_out", reason="held_out") if is_held_out else Continue("in"))


def says(params: Params, names: Names) -> str:
    percent = params.get("percent")
    if not isinstance(percent, int):
        return ""
    return _("%d %% of customers, always the same, are kept out for comparison.") % percent


def tells(outcome: str, seen: Mapping[str, Any], names: Names) -> str:
    sentences = {
        "held_out": _("It is in the control group, which is kept out."),
        "in": _("It is not in the control group."),
    }
    return sentences.get(outcome, "")


KIND = StepKind(
    "holdout",
    gettext_lazy("Holdout"),
    Form,
    decide,
    branches=(
        Branch("in", gettext_lazy("Goes on")),
        Branch("held_out", gettext_lazy("Held out"), ends_when_empty=True),
    ),
    says=says,
    tells=tells,
    icon="science",
)
