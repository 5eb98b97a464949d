"""What the OpenAPI schema says of a campaign's parts that no serializer describes: made of the kinds and fields there
are, so it never tells of others.
"""

from __future__ import annotations

from typing import Any

from django import forms

from analytics.schema import DURATION, rule_schemas
from campaigns.steps import STEPS, TRIGGERS
from campaigns.steps.base import PlainChoiceField, StepForm, StepKind, TriggerKind, ValueField

TRIGGER, STEP = "CampaignTrigger", "CampaignStep"

_CODES = {"type": "array", "items": {"type": "string"}}
# By the control that takes a param. Of any other it can be anything: docs/campaigns.md says what.
_SHAPES: dict[str, dict[str, Any]] = {
    "line": {"type": "string"},
    "text_message": {"type": "string"},
    "choice": {"type": "string"},
    "number": {"type": "integer"},
    "flag": {"type": "boolean"},
    "duration": DURATION,
    "time": {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"},
    "date": {"type": "string", "format": "date"},
    "moment": {"type": "string", "format": "date-time"},
    "weekdays": {"type": "array", "items": {"type": "integer", "minimum": 1, "maximum": 7}},
    "choice_many": _CODES,
    "statuses": _CODES,
    "rule": {"$ref": "#/components/schemas/Rule"},
}
_ENDS = {"min": "minimum", "max": "maximum", "max_length": "maxLength"}


def describe_parts(result: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
    """A drf-spectacular hook: triggers and steps of every kind, and rules with every field that can be asked for."""
    result.setdefault("components", {}).setdefault("schemas", {}).update(rule_schemas() | _kinds())
    return result


def _kinds() -> dict[str, Any]:
    triggers = {_name("Trigger", kind): _trigger(kind) for kind in TRIGGERS.values()}
    steps = {_name("Step", kind): _step(kind) for kind in STEPS.values()}
    return {TRIGGER: _one_of(triggers), STEP: _one_of(steps), **triggers, **steps}


def _name(what: str, kind: TriggerKind | StepKind) -> str:
    return what + kind.key.title().replace("_", "")


def _one_of(names: dict[str, Any]) -> dict[str, Any]:
    return {"oneOf": [{"$ref": f"#/components/schemas/{name}"} for name in names]}


def _trigger(kind: TriggerKind) -> dict[str, Any]:
    return _object({"kind": _just(kind.key), "params": _params(kind.form)}, ["kind"], str(kind.label))


def _step(kind: StepKind) -> dict[str, Any]:
    steps = {"type": "array", "items": {"$ref": f"#/components/schemas/{STEP}"}}
    branches = _object({branch.key: steps for branch in kind.branches}, [], "")
    if kind.branches_from:
        branches = {"type": "object", "additionalProperties": steps}
    key = {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"}
    parts = {"key": key, "kind": _just(kind.key), "params": _params(kind.form), "branches": branches}
    return _object(parts, ["key", "kind"], str(kind.label))


def _just(word: str) -> dict[str, Any]:
    return {"type": "string", "enum": [word]}


def _params(form: type[StepForm]) -> dict[str, Any]:
    fields = form.base_fields
    return _object(
        {key: _param(field) for key, field in fields.items()},
        [key for key, field in fields.items() if field.required],
        "",
    )


def _param(field: forms.Field) -> dict[str, Any]:
    shape = dict(_SHAPES.get(getattr(field, "control", ""), {}))
    if isinstance(field, PlainChoiceField):
        shape["enum"] = [key for key, _label in field.choices]
    if isinstance(field, ValueField):
        shape |= {_ENDS[name]: end for name, end in field.known.items() if name in _ENDS and "type" in shape}
    words = " ".join(str(part) for part in (field.label, field.help_text) if part)
    return shape if "$ref" in shape else {**shape, "description": words}


def _object(properties: dict[str, Any], required: list[str], description: str) -> dict[str, Any]:
    described = {"description": description} if description else {}
    needed = {"required": required} if required else {}
    return {"type": "object", **described, **needed, "properties": properties, "additionalProperties": False}
