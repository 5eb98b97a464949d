"""Wait: stay here for a time, counted from when the run came to this step."""

from collections.abc import Sequence

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from analytics.wording import Names, duration_in_words
from campaigns.models import Run
from campaigns.steps.base import Continue, Decision, Params, StepForm, StepKind, ValueField, Wait, read_duration
from campaigns.world import World


class Form(StepForm):
    duration = ValueField(read_duration, control="duration", label=_("For"), initial={"value": 1, "unit": "hours"})


def decide(runs: Sequence[Run], step: str, params: Params, world: World) -> list[Decision]:
    return [_decide(run, params, world) for run in runs]


def _decide(run: Run, params: Params, world: World) -> Decision:
    until = run.step_at + params["duration"]
    return Decision(Continue()) if world.now >= until else Decision(Wait(until), {"until": until.isoformat()})


def says(params: Params, _names: Names) -> str:
    return gettext("Waits for %s.") % duration_in_words(params.get("duration"))


KIND = StepKind("wait", _("Wait"), Form, decide, says=says, rank=30, icon="hourglass_empty")
