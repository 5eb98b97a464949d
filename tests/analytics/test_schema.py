"""The schema of a rule allows what can be asked, and what it does not allow is refused."""

import json
import re
from pathlib import Path

import pytest
from django.conf import settings
from jsonschema import Draft202012Validator

from analytics.fields import all_fields
from analytics.rules import RuleError, read_rule
from analytics.schema import rule_schemas
from analytics.values import AGES, LISTS, OPERATORS, PRESENCE, Kind

DAYS = {"value": 2, "unit": "days"}
ONE = {
    Kind.STATUS: "paid",
    Kind.TEXT: "Ada",
    Kind.NUMBER: "12.30",
    Kind.TIME: "2024-05-03T12:00:00Z",
    Kind.DURATION: DAYS,
    Kind.FLAG: True,
    Kind.WORDS: "vip",
    Kind.STATUSES: "paid",
    Kind.CODES: "shop",
}
PARAMS = {
    "within": DAYS, "campaign": "this", "category": "offers", "name": "level", "reason": "capped", "status": "paid",
    "type": "payment", "from": ["invoiced"], "to": ["paid"],
}  # fmt: skip
PAGE = (Path(settings.BASE_DIR) / "docs" / "campaigns.md").read_text(encoding="utf-8")


PAID = {"field": "order.payment_status", "operator": "=", "value": "paid"}


def validator():
    def translated(part):
        if isinstance(part, list):
            return [translated(item) for item in part]
        if not isinstance(part, dict):
            return part
        plain = {name: translated(value) for name, value in part.items() if name != "nullable"}
        return {"anyOf": [{"type": "null"}, plain]} if part.get("nullable") is True else plain

    schemas = translated(json.loads(json.dumps(rule_schemas())))
    return Draft202012Validator({"$ref": "#/components/schemas/Rule", "components": {"schemas": schemas}})


def conditions():
    for field in all_fields().values():
        params = {param.key: PARAMS[param.key] for param in field.params}
        for operator in (*OPERATORS[field.kind], *PRESENCE):
            one = field.choices[0] if field.choices else ONE.get(field.kind, 7)
            one = "gold" if field.kind is Kind.ANY and operator in OPERATORS[Kind.TEXT].keys() - LISTS else one
            one = 7 if field.kind is Kind.ANY and operator in ("<", "<=", ">", ">=", "between") else one
            value = [one] if operator in LISTS else [one, one] if operator == "between" else one
            value = None if operator in PRESENCE else DAYS if operator in AGES else value
            where = {"where": {"combinator": "and", "rules": [PAID]}} if field.has_where else {}
            yield {"field": field.key, "operator": operator, "value": value, **params, **where}


@pytest.mark.parametrize("condition", list(conditions()), ids=lambda one: f"{one['field']} {one['operator']}")
def test_every_field_and_operator_is_allowed_and_can_be_asked(condition):
    rule = {"combinator": "and", "rules": [condition]}

    assert [error.message for error in validator().iter_errors(rule)] == []
    assert read_rule(rule)


@pytest.mark.parametrize(
    "rule",
    [
        {}, PAID, [], {"combinator": "and", "rules": []}, {"combinator": "xor", "rules": [PAID]},
        {"combinator": "and", "rules": [PAID], "of": "every_order"}, {"combinator": "and", "rules": [PAID], "x": 1},
        {"combinator": "and", "rules": [{**PAID, "field": "order.colour"}]},
        {"combinator": "and", "rules": [{**PAID, "operator": "<"}]},
        {"combinator": "and", "rules": [{**PAID, "value": 7}]},
        {"combinator": "and", "rules": [{**PAID, "of": "any_order"}]},
        {"combinator": "and", "rules": [{**PAID, "within": DAYS}]},
        {"combinator": "and", "rules": [{"field": "messages.sent", "operator": "=", "value": 1}]},
        {"combinator": "and", "rules": [{"field": "customer.attribute", "operator": "null", "name": "__class__"}]},
        {"combinator": "and", "rules": [{"field": "customer.tags", "operator": "anyOf", "value": ["VIP"]}]},
        {"combinator": "and", "rules": [{"field": "customer.first_name", "operator": "null", "at": "trigger"}]},
    ],
)  # fmt: skip
def test_what_the_schema_does_not_allow_is_refused(rule):
    assert not validator().is_valid(rule)
    with pytest.raises(RuleError):
        read_rule(rule)


def test_the_examples_of_the_page_are_rules():
    examples = re.findall(r"```json\n(.*?)```", PAGE.partition("## Rules")[2], re.DOTALL)

    assert len(examples) == 4
    for example in map(json.loads, examples):
        assert [error.message for error in validator().iter_errors(example)] == []
        assert read_rule(example)
