"""Send SMS: owe the customer one text, and go on when its sending ended.

What may stop it (consent, number, quiet hours …) is law, decided in campaigns/sms when it is about to be sent.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from campaigns.models import Deliver, Lane, Message, Purpose, Run
from campaigns.sms.templates import TemplateProblem, check_template
from campaigns.steps.base import (
    Branch,
    Continue,
    Decision,
    Emit,
    FlagField,
    Params,
    PlainChoiceField,
    StepForm,
    StepKind,
    ValueField,
    read_duration,
)
from campaigns.world import World
from customers.categories import is_category


def _read_text(raw: Any) -> str:
    try:
        return check_template(raw)
    except TemplateProblem as problem:
        raise forms.ValidationError(str(problem), code="bad_template") from None


def _read_category(raw: Any) -> str:
    if not is_category(raw):
        raise forms.ValidationError(_("A category is 1 to 64 small letters, digits, - and _."))
    return str(raw)


class Form(StepForm):
    text = ValueField(_read_text, label=_("Text"))
    purpose = PlainChoiceField(label=_("Purpose"), choices=Purpose.choices, initial=Purpose.TRANSACTIONAL)
    deliver = PlainChoiceField(label=_("Deliver"), choices=Deliver.choices, required=False)
    category = ValueField(_read_category, label=_("Category"), required=False)
    only_if_still = FlagField(label=_("Only if the order is still in the target status"), initial=True)
    lifetime = ValueField(
        read_duration, label=_("Worth sending for"), required=False, initial={"value": 24, "unit": "hours"}
    )

    def clean_deliver(self) -> str:
        """Left out: at once if it is transactional, and never at night if it is marketing."""
        is_marketing = self.cleaned_data.get("purpose") == Purpose.MARKETING
        return self.cleaned_data["deliver"] or (Deliver.OUTSIDE_QUIET_HOURS if is_marketing else Deliver.IMMEDIATELY)


def decide(runs: Sequence[Run], step: str, params: Params, world: World) -> list[Decision]:
    return [_decide(run, step, params, world) for run in runs]


def _decide(run: Run, step: str, params: Params, world: World) -> Decision:
    message = world.message(run, step)
    if message is None:
        return Decision(Emit(_owe(run, step, params, world)))
    if message.was_sent:
        return Decision(Continue("sent"), {"message": message.pk})
    reason = message.skip_reason or message.state
    return Decision(Continue("not_sent", reason=reason), {"message": message.pk, "reason": reason})


def _owe(run: Run, step: str, params: Params, world: World) -> Message:
    transition, order = world.transition(run), world.order(run)
    lifetime: timedelta | None = params["lifetime"]
    return Message(
        run=run,
        step=step,
        campaign_id=run.campaign_id,
        order_id=run.order_id,
        customer_id=order.customer_id if order else None,
        is_test=bool(transition and transition.is_test),
        purpose=params["purpose"],
        lane=max(run.lane, Lane.URGENT if _is_urgent(params) else Lane.BULK),
        category=params["category"] or "",
        deliver=params["deliver"],
        only_if_still_id=transition.to_status_id if transition and params["only_if_still"] else None,
        expires_at=world.now + lifetime if lifetime else None,
        due_at=world.now,
        created_at=world.now,
    )


def _is_urgent(params: Params) -> bool:
    return bool(params["purpose"] == Purpose.TRANSACTIONAL)


KIND = StepKind(
    "send_sms",
    _("Send SMS"),
    Form,
    decide,
    branches=(Branch("sent", _("Sent")), Branch("not_sent", _("Not sent"), ends_when_empty=True)),
    is_urgent=_is_urgent,
)
