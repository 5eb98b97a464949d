"""A/B split: divides orders among variants by their weights, always the same customer to the same one.

Who gets which is worked out from the campaign's code, the step's key and the customer, so nothing is kept, another
order of the customer goes the same way, and another split of the same customers is independent of this one.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics.wording import Names
from campaigns.chance import chance_of
from campaigns.models import Run
from campaigns.steps.base import Continue, Decision, Params, StepForm, StepKind, ValueField, read_whole
from campaigns.world import World
from workspace.text import is_storable

KEYS = ("a", "b", "c", "d", "e")
LONGEST_NAME = 60
_read_weight = read_whole(0, 1000)
Variants = tuple[tuple[str, int], ...]


def read_variants(raw: Any) -> Variants:
    """`[{"key": "a", "name": "Short text", "weight": 50}, …]`. Raises ValidationError."""
    rows = raw if isinstance(raw, list) else []
    if not all(isinstance(row, Mapping) and {"key", "weight"} <= set(row) <= {"key", "name", "weight"} for row in rows):
        raise forms.ValidationError(_("A variant is {“key”: “a”, “name”: …, “weight”: 50}."))
    if not 2 <= len(rows) <= len(KEYS):
        raise forms.ValidationError(_("Give from 2 to 5 variants."))
    keys = [row["key"] for row in rows]
    if not all(key in KEYS for key in keys) or len(set(keys)) < len(keys):
        raise forms.ValidationError(_("The keys of variants are a, b, c, d and e, each once."))
    if not all(_is_name(row.get("name", "")) for row in rows):
        raise forms.ValidationError(_("The name of a variant has at most %d characters.") % LONGEST_NAME)
    variants = tuple((row["key"], _read_weight(row["weight"])) for row in rows)
    if not any(weight for _key, weight in variants):
        raise forms.ValidationError(_("At least one variant has a weight of more than 0."))
    return variants


def _is_name(raw: Any) -> bool:
    return isinstance(raw, str) and len(raw) <= LONGEST_NAME and is_storable(raw)


class Form(StepForm):
    variants = ValueField(
        read_variants,
        control="weights",
        options={"keys": KEYS, "min": 2, "max": len(KEYS)},
        label=gettext_lazy("Variants"),
        initial=[{"key": "a", "weight": 50}, {"key": "b", "weight": 50}],
    )


def decide(runs: Sequence[Run], step: str, params: Params, world: World) -> list[Decision]:
    return [Decision(Continue(choose(params["variants"], chance_of(run, step, world)))) for run in runs]


def choose(variants: Variants, chance: float) -> str:
    """The variant whose share of the weights, laid end to end, holds this chance from 0 up to 1."""
    left = chance * sum(weight for _key, weight in variants)
    for key, weight in variants:
        if left < weight:
            return key
        left -= weight
    return next(key for key, weight in reversed(variants) if weight)


def says(params: Params, names: Names) -> str:
    rows = params.get("variants") or []
    try:
        weights = dict(read_variants(rows))
    except forms.ValidationError:
        return ""
    shares = (
        _("%(share)s %% go to %(name)s") % {"share": _percent(weights[row["key"]], weights), "name": _name_of(row)}
        for row in rows
    )
    return _("By chance, but always the same for a customer: %s.") % ", ".join(shares)


def _percent(weight: int, weights: Mapping[str, int]) -> str:
    return f"{100 * weight / sum(weights.values()):.3g}"


def _name_of(row: Mapping[str, Any]) -> str:
    return str(row.get("name") or row["key"].upper())


def tells(outcome: str, seen: Mapping[str, Any], names: Names) -> str:
    return _("It went to variant %s.") % outcome.upper() if outcome in KEYS else ""


KIND = StepKind(
    "split",
    gettext_lazy("A/B split"),
    Form,
    decide,
    branches_from="variants",
    says=says,
    tells=tells,
    icon="call_split",
)
