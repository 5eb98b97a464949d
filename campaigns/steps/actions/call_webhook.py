"""Call webhook: owe one call to an endpoint of the shop's own systems, and go on when it was taken or given up.

Where it goes and what may be told is set up once, under Settings > Webhooks; how it is carried out: campaigns/webhooks.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.core.validators import validate_slug
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from analytics.wording import Names
from campaigns.models import Run, WebhookCall
from campaigns.steps.base import (
    ORDERS,
    STATUSES,
    Branch,
    Continue,
    Decision,
    Effect,
    Emit,
    Params,
    StepField,
    StepForm,
    StepKind,
    ValueField,
    read_duration,
)
from campaigns.webhooks.endpoints import choices
from campaigns.world import World

LONGEST_CODE = 32


class EndpointField(StepField):
    """The code of an endpoint. It need not exist yet, as a status need not: until then its calls are not made."""

    control = "choice"

    def options(self) -> dict[str, Any]:
        return {"choices": [{"key": code, "label": name} for code, name in choices()]}

    def clean(self, value: Any) -> str:
        value = super().clean(value)
        if not isinstance(value, str) or len(value) > LONGEST_CODE:
            raise forms.ValidationError(_("Name an endpoint of Settings > Webhooks by its code."))
        validate_slug(value)
        return value


class Form(StepForm):
    endpoint = EndpointField(label=_("Endpoint"))
    lifetime = ValueField(
        read_duration,
        control="duration",
        label=_("Worth calling for"),
        required=False,
        initial={"value": 24, "unit": "hours"},
    )


def decide(runs: Sequence[Run], step: str, params: Params, world: World) -> list[Decision]:
    return [_decide(run, step, params, world) for run in runs]


def _decide(run: Run, step: str, params: Params, world: World) -> Decision:
    call = world.call(run, step)
    if call is None:
        return Decision(Emit(_owe(run, step, params, world)))
    if call.was_taken:
        return Decision(Continue("sent"), {"call": call.pk})
    reason = call.skip_reason or call.state
    return Decision(Continue("not_sent", reason=reason), {"call": call.pk, "reason": reason})


def _owe(run: Run, step: str, params: Params, world: World) -> WebhookCall:
    return WebhookCall(**world.owing(run, step, params["lifetime"]), lane=run.lane, endpoint=params["endpoint"])


def _says(params: Mapping[str, Any], _names: Names) -> str:
    code = params.get("endpoint")
    return gettext("Tells “%s” of the order.") % code if code else ""


def _causes(_params: Params) -> tuple[Effect, ...]:
    """Whoever is told may tell us anything."""
    return (Effect(STATUSES), Effect(ORDERS))


# That a system did not hear of it is seldom a reason to leave a customer without the next text: `not_sent` goes on.
KIND = StepKind(
    "call_webhook",
    _("Call webhook"),
    Form,
    decide,
    branches=(Branch("sent", _("Taken")), Branch("not_sent", _("Not taken"))),
    says=_says,
    causes=_causes,
    icon="webhook",
)
