"""Stop: the order's way through the campaign ends here, whatever comes after."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics.wording import Names
from campaigns.models import Run
from campaigns.steps.base import Decision, Params, StepForm, StepKind, Stop, ValueField
from campaigns.world import World
from workspace.text import is_storable

LONGEST = 200


def read_note(raw: Any) -> str:
    if not isinstance(raw, str) or len(raw) > LONGEST or not is_storable(raw):
        raise forms.ValidationError(_("Give a text of at most %d characters.") % LONGEST)
    return raw.strip()


class Form(StepForm):
    note = ValueField(
        read_note,
        control="line",
        label=gettext_lazy("Why"),
        required=False,
        help_text=gettext_lazy("Told in the story of each order that stops here."),
    )


def decide(runs: Sequence[Run], step: str, params: Params, world: World) -> list[Decision]:
    seen = {"reason": "stopped_here", "note": params["note"] or ""}
    return [Decision(Stop("stopped_here"), dict(seen)) for _run in runs]


def says(params: Params, names: Names) -> str:
    note = params.get("note")
    return _("Ends here: %s") % note if isinstance(note, str) and note.strip() else _("Ends here.")


def tells(outcome: str, seen: Mapping[str, Any], names: Names) -> str:
    if outcome != "stopped" or seen.get("reason") != "stopped_here":
        return ""
    return (
        _("It came to the end of its way: %s") % seen["note"] if seen["note"] else _("It came to the end of its way.")
    )


KIND = StepKind("stop", gettext_lazy("Stop"), Form, decide, says=says, tells=tells, icon="stop_circle", ends=True)
