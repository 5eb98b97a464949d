"""Filter customers: asks a rule about the run's own order and its customer; yes goes on, no goes its own way."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from analytics.rules import Rule, RuleError, read_rule
from analytics.wording import Names, tell_rule
from campaigns.models import Run
from campaigns.steps.base import Branch, Continue, Decision, Params, StepForm, StepKind, ValueField
from campaigns.world import World


def _read(raw: Any) -> Rule:
    try:
        return read_rule(raw)
    except RuleError as error:
        raise forms.ValidationError(
            [_at(problem.field, problem.detail, problem.code) for problem in error.problems]
        ) from None


def _at(pointer: str, detail: str, code: str) -> forms.ValidationError:
    error = forms.ValidationError(detail, code=code)
    error.pointer = pointer  # type: ignore[attr-defined]
    return error


# What the editor begins with, still to be filled in.
NEW_RULE = {"combinator": "and", "rules": [{"field": "order.payment_status", "operator": "in", "value": []}]}


class Form(StepForm):
    rule = ValueField(_read, control="rule", label=_("Which orders pass"), initial=NEW_RULE, says=tell_rule)


def decide(runs: Sequence[Run], step: str, params: Params, world: World) -> list[Decision]:
    rule: Rule = params["rule"]
    decisions = []
    for run in runs:
        answer = rule.ask(world.subject(run))
        outcome = Continue("yes") if answer.holds else Continue("no", reason="filtered_out")
        decisions.append(Decision(outcome, answer.seen))
    return decisions


def says(params: Params, names: Names) -> str:
    rule = tell_rule(params.get("rule"), names)
    return gettext("Yes, if %s.") % rule if rule else gettext("Asks nothing yet: add a condition.")


KIND = StepKind(
    "filter_customers",
    _("Filter customers"),
    Form,
    decide,
    branches=(Branch("yes", _("Yes")), Branch("no", _("No"), ends_when_empty=True)),
    says=says,
    rank=10,
    icon="filter_alt",
)
