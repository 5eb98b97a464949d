"""The rule language as JSON Schema: made of the fields and operators there are, so it never tells of others."""

from __future__ import annotations

from typing import Any

from analytics.fields import MOST_CODES, Field, Param, all_fields
from analytics.kinds import LONGEST_CODE, LONGEST_TEXT, MOST_VALUES
from analytics.other_orders import Scope
from analytics.values import AGES, LISTS, OPERATORS, PRESENCE, Kind
from workspace.durations import UNITS

GROUP, CONDITION = "Rule", "RuleCondition"

_TEXT = {"type": "string", "minLength": 1, "maxLength": LONGEST_TEXT}
_NUMBER = {"oneOf": [{"type": "number"}, {"type": "string", "description": "A decimal, as in 12.30."}]}
DURATION = {
    "type": "object",
    "required": ["value", "unit"],
    "properties": {"value": {"type": "integer", "minimum": 1}, "unit": {"type": "string", "enum": list(UNITS)}},
    "description": "At most a year.",
}
_WORD = {"type": "string", "pattern": "^[a-z0-9_-]{1,64}$"}
_VALUES: dict[Kind, dict[str, Any]] = {
    Kind.STATUS: {**_TEXT, "description": "The code of a status, without regard to case."},
    Kind.TEXT: _TEXT,
    Kind.NUMBER: _NUMBER,
    Kind.TIME: {"type": "string", "format": "date-time"},
    Kind.DURATION: DURATION,
    Kind.FLAG: {"type": "boolean"},
    Kind.WORDS: _WORD,
    Kind.STATUSES: {**_TEXT, "description": "The code of a status, without regard to case."},
    Kind.CODES: {"type": "string", "minLength": 1, "maxLength": LONGEST_CODE},
    Kind.ANY: {"oneOf": [_TEXT, {"type": "number"}, {"type": "boolean"}]},
}
_CODE = {"type": "string", "minLength": 1, "maxLength": LONGEST_CODE}
_PARAMS: dict[str, dict[str, Any]] = {
    "duration": DURATION,
    "status": _CODE,
    "statuses": {"oneOf": [_CODE, {"type": "array", "minItems": 1, "maxItems": MOST_CODES, "items": _CODE}]},
    "word": _WORD,
    "name": {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,63}$"},
}


_WHERE = {
    "allOf": [{"$ref": f"#/components/schemas/{GROUP}"}],
    "nullable": True,
    "description": "Which orders are meant: a group about an order. Left out: all.",
}


def rule_schemas() -> dict[str, Any]:
    """Named schemas: a rule is a group; a condition is one of those of each field."""
    conditions = {_name(field): _condition(field) for field in all_fields().values()}
    references = [{"$ref": f"#/components/schemas/{name}"} for name in conditions]
    return {GROUP: _group(), CONDITION: {"oneOf": references}, **conditions}


def _group() -> dict[str, Any]:
    parts = [{"$ref": f"#/components/schemas/{name}"} for name in (GROUP, CONDITION)]
    return {
        "type": "object",
        "description": "A group of conditions and groups, 8 deep and 200 conditions at most. See docs/campaigns.md.",
        "required": ["combinator", "rules"],
        "properties": {
            "combinator": {"type": "string", "enum": ["and", "or"]},
            "not": {"type": "boolean", "default": False},
            "of": {
                "type": "string",
                "enum": list(Scope),
                "default": Scope.THIS.value,
                "description": "Which order of the customer it speaks of. One and the same meets the whole group.",
            },
            "rules": {"type": "array", "minItems": 1, "items": {"oneOf": parts}},
            "id": {"description": "The editor's own."},
        },
        "additionalProperties": False,
    }


def _condition(field: Field) -> dict[str, Any]:
    moments = ["now", "trigger"] if field.read_past else ["now"]
    return {
        "type": "object",
        "description": str(field.label),
        "required": ["field", "operator", *(param.key for param in field.params if param.is_required)],
        "properties": {
            "field": {"type": "string", "enum": [field.key]},
            "operator": {"type": "string", "enum": [*OPERATORS[field.kind], *PRESENCE]},
            "value": _value(field),
            "at": {"type": "string", "enum": moments, "default": "now"},
            **{param.key: _param(param) for param in field.params},
            **({"where": _WHERE} if field.has_where else {}),
            "id": {"description": "The editor's own."},
        },
        "additionalProperties": False,
    }


def _value(field: Field) -> dict[str, Any]:
    """What it may be depends on the operator: one, several (for `in` and its like, and the two ends), or none."""
    one = {"type": "string", "enum": list(field.choices)} if field.kind is Kind.CHOICE else _VALUES[field.kind]
    operators = OPERATORS[field.kind].keys()
    several = [{"type": "array", "maxItems": MOST_VALUES, "items": one}] if {*LISTS, "between"} & operators else []
    ages = [DURATION] if AGES & operators else []
    return {"nullable": True, "oneOf": [one, *several, *ages]} if several or ages else {**one, "nullable": True}


def _param(param: Param) -> dict[str, Any]:
    if param.choices:
        return {"type": "string", "enum": [key for key, _label in param.choices], "description": str(param.label)}
    return {**_PARAMS[param.form], "description": str(param.label)}


def _name(field: Field) -> str:
    return "RuleOf" + "".join(word.capitalize() for word in field.key.replace(".", "_").split("_"))
