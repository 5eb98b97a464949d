"""Send SMS: owe the customer one text, and go on when its sending ended.

What may stop it (consent, number, quiet hours …) is law, decided in campaigns/sms when it is about to be sent.
"""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.text import Truncator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from analytics.wording import Names
from campaigns.models import Deliver, Lane, Message, Purpose, Run
from campaigns.sms.connections import senders
from campaigns.sms.rehearsing import rehearse, try_on
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
    Trigger,
    ValueField,
    read_duration,
)
from campaigns.world import World
from customers.categories import is_category
from workspace.text import is_storable

LONGEST_SENDER = 32


def _read_text(raw: Any) -> str:
    try:
        return check_template(raw)
    except TemplateProblem as problem:
        raise forms.ValidationError(str(problem), code="bad_template") from None


def _read_sender(raw: Any) -> str:
    if not isinstance(raw, str) or not is_storable(raw) or len(raw) > LONGEST_SENDER:
        raise forms.ValidationError(_("A sender ID is a text of 1 to %d characters.") % LONGEST_SENDER)
    return raw


class SenderField(ValueField):
    """One of those that gateways in use send under; a file may name one that none has any more."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(_read_sender, control="choice", required=False, **kwargs)

    def options(self) -> dict[str, Any]:
        return {
            "choices": [{"key": sender, "label": sender} for sender in senders()],
            "empty": str(_("As the gateway is set up")),
        }


def _read_category(raw: Any) -> str:
    if not is_category(raw):
        raise forms.ValidationError(_("A category is 1 to 64 small letters, digits, - and _."))
    return str(raw)


class Form(StepForm):
    text = ValueField(_read_text, control="text_message", label=_("Text"))
    purpose = PlainChoiceField(label=_("Purpose"), choices=Purpose.choices, initial=Purpose.TRANSACTIONAL)
    deliver = PlainChoiceField(
        label=_("Deliver"),
        choices=Deliver.choices,
        required=False,
        empty=_("As the purpose asks"),
        help_text=_("The purpose asks for at once, and for marketing by day."),
    )
    category = ValueField(
        _read_category,
        control="line",
        label=_("Category"),
        help_text=_("Small letters and digits, such as “offers”. A customer can refuse one kind of message."),
        required=False,
    )
    sender = SenderField(
        label=_("Sender ID"),
        help_text=_("Gateways that send under it are asked first. If they cannot, the others send under their own."),
    )
    only_if_still = FlagField(
        label=_("Only if the order is still in the target status"),
        label_with_target=_("Only if the order is still in %s"),
        initial=True,
    )
    lifetime = ValueField(
        read_duration,
        control="duration",
        label=_("Worth sending for"),
        required=False,
        initial={"value": 24, "unit": "hours"},
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
    transition = world.transition(run)
    return Message.new(
        **world.owing(run, step, params["lifetime"]),
        purpose=params["purpose"],
        lane=max(run.lane, Lane.URGENT if _is_urgent(params) else Lane.BULK),
        category=params["category"] or "",
        deliver=params["deliver"],
        only_if_still_id=transition.to_status_id if transition and params["only_if_still"] else None,
    )


def _cautions(params: Params, trigger: Trigger) -> str:
    if not params["only_if_still"] or trigger.kind.has_change:
        return ""
    return gettext(
        "“Only if the order is still in the target status” asks nothing here: this trigger leads to no status."
    )


def _is_urgent(params: Params) -> bool:
    return bool(params["purpose"] == Purpose.TRANSACTIONAL)


_LONGEST_SAID = 90


def says(params: Params, _names: Names) -> str:
    text = params.get("text")
    if not isinstance(text, str) or not text.strip():
        return gettext("Sends nothing yet: write its text.")
    return gettext("Sends “%s”") % Truncator(" ".join(text.split())).chars(_LONGEST_SAID)


KIND = StepKind(
    "send_sms",
    _("Send SMS"),
    Form,
    decide,
    branches=(
        Branch("sent", _("Sent"), is_seldom=True),
        Branch("not_sent", _("Not sent"), ends_when_empty=True, is_seldom=True),
    ),
    is_urgent=_is_urgent,
    rehearse=rehearse,
    try_on=try_on,
    cautions=_cautions,
    says=says,
    rank=20,
    icon="sms",
)
