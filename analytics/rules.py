"""The rule language: groups of conditions as JSON, in the shape of react-querybuilder.

    {"combinator": "and", "not": false, "rules": [
        {"field": "order.payment_status", "operator": "in", "value": ["paid"], "at": "now"}, …]}

`at` is "trigger" (as the change found the order) or "now" (when the step runs, the default). Reading a rule checks it
whole and raises RuleError with every problem; a rule once read cannot fail, loop, or reach beyond its declared fields.
A missing value equals nothing: `=`, `in`, `<` … are false of it, `!=`, `notIn`, `doesNotContain`, `null` hold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _

from analytics.fields import Field, Kind, Subject, Value, all_fields
from statuses.models import code_key
from workspace.reading import BadDocument, DocumentReader, read_time
from workspace.text import is_storable

DEEPEST = 8
MOST_CONDITIONS = 200
MOST_VALUES = 1000

AT_TRIGGER, NOW = "trigger", "now"

# Told in place of what is personal: answers are kept where nothing personal may be.
WITHHELD = "…"

Test = Callable[[Any, Any], bool]

_EQUALITY: dict[str, Test] = {
    "=": lambda seen, wanted: seen == wanted,
    "!=": lambda seen, wanted: seen != wanted,
    "in": lambda seen, wanted: seen in wanted,
    "notIn": lambda seen, wanted: seen not in wanted,
}
_ORDER: dict[str, Test] = {
    "<": lambda seen, wanted: seen < wanted,
    "<=": lambda seen, wanted: seen <= wanted,
    ">": lambda seen, wanted: seen > wanted,
    ">=": lambda seen, wanted: seen >= wanted,
    "between": lambda seen, wanted: wanted[0] <= seen <= wanted[1],
}
_TEXT: dict[str, Test] = {
    "contains": lambda seen, wanted: wanted in seen,
    "doesNotContain": lambda seen, wanted: wanted not in seen,
    "beginsWith": lambda seen, wanted: seen.startswith(wanted),
    "endsWith": lambda seen, wanted: seen.endswith(wanted),
}
_PRESENCE = ("null", "notNull")
_LISTS = ("in", "notIn")
_TRUE_OF_NOTHING = frozenset({"!=", "notIn", "doesNotContain", "null"})

OPERATORS: dict[Kind, dict[str, Test]] = {
    Kind.STATUS: _EQUALITY,
    Kind.TEXT: _EQUALITY | _TEXT,
    Kind.NUMBER: _EQUALITY | _ORDER,
    Kind.TIME: _ORDER,
    Kind.CHOICE: _EQUALITY,
    Kind.FLAG: {"=": _EQUALITY["="]},
}


class RuleError(BadDocument):
    """What is wrong with a rule."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether a rule holds, and each value it looked at, by `field` or `field@trigger`; personal ones are withheld."""

    holds: bool
    seen: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Condition:
    field: Field
    operator: str
    wanted: Any
    at_trigger: bool

    def test(self, subject: Subject, seen: dict[str, Any]) -> bool:
        value = self._read(subject)
        told = WITHHELD if self.field.is_personal and value is not None else _plain(value)
        seen[f"{self.field.key}@trigger" if self.at_trigger else self.field.key] = told
        if self.operator in _PRESENCE or value is None:
            return (value is None) == (self.operator in _TRUE_OF_NOTHING)
        wanted = self.wanted
        if self.field.kind is Kind.STATUS and subject.renamed:
            wanted = subject.meant(self.field.status_type, wanted)
        return OPERATORS[self.field.kind][self.operator](_comparable(self.field.kind, value), wanted)

    def _read(self, subject: Subject) -> Value:
        if not self.at_trigger:
            return self.field.read(subject)
        if self.field.read_past is None or subject.transition is None:
            return None
        return self.field.read_past(subject, subject.transition)


@dataclass(frozen=True, slots=True)
class Group:
    combinator: str
    is_negated: bool
    parts: tuple[Group | Condition, ...]

    def test(self, subject: Subject, seen: dict[str, Any]) -> bool:
        """Every part is looked at, so that what was seen can be told whole."""
        answers = [part.test(subject, seen) for part in self.parts]
        return (all(answers) if self.combinator == "and" else any(answers)) != self.is_negated


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that was read and is right."""

    root: Group

    def ask(self, subject: Subject) -> Answer:
        seen: dict[str, Any] = {}
        return Answer(self.root.test(subject, seen), seen)


def read_rule(raw: Any) -> Rule:
    """Check a rule and make it ready to ask. Raises RuleError naming every problem with its place."""
    reader = _Reader()
    root = reader.group(raw, "", 1)
    if reader.problems or root is None:
        raise RuleError(reader.problems)
    return Rule(root)


@dataclass(slots=True)
class _Reader(DocumentReader):
    count: int = 0

    def group(self, raw: Any, at: str, depth: int) -> Group | None:
        if not isinstance(raw, Mapping):
            self.refuse(at, "not_a_group", _("A rule is a group: {“combinator”: “and”, “rules”: […]}."))
            return None
        if depth > DEEPEST:
            self.refuse(at, "too_deep", _("Groups are nested more than %d deep.") % DEEPEST)
            return None
        self.refuse_unknown(raw, ("combinator", "not", "rules", "id"), at)
        if raw.get("combinator") not in ("and", "or"):
            self.refuse(f"{at}/combinator", "unknown_combinator", _("The combinator is “and” or “or”."))
            return None
        if not isinstance(raw.get("not", False), bool):
            self.refuse(f"{at}/not", "not_a_flag", _("“not” is true or false."))
            return None
        rules = raw.get("rules")
        if not isinstance(rules, list) or not rules:
            self.refuse(f"{at}/rules", "empty_group", _("The group is empty. Add a condition or remove it."))
            return None
        parts = [self._part(part, f"{at}/rules/{place}", depth) for place, part in enumerate(rules)]
        return Group(raw["combinator"], raw.get("not", False), tuple(part for part in parts if part is not None))

    def _part(self, raw: Any, at: str, depth: int) -> Group | Condition | None:
        if isinstance(raw, Mapping) and "field" in raw:
            return self._condition(raw, at)
        return self.group(raw, at, depth + 1)

    def _condition(self, raw: Mapping[str, Any], at: str) -> Condition | None:
        self.count += 1
        if self.count > MOST_CONDITIONS:
            self.refuse(at, "too_many", _("A rule has at most %d conditions.") % MOST_CONDITIONS)
            return None
        self.refuse_unknown(raw, ("field", "operator", "value", "at", "id"), at)
        field = all_fields().get(raw["field"]) if isinstance(raw["field"], str) else None
        if field is None:
            self.refuse(f"{at}/field", "unknown_field", _("There is no field “%s”.") % str(raw["field"])[:80])
            return None
        operator = raw.get("operator")
        if not isinstance(operator, str) or operator not in (*OPERATORS[field.kind], *_PRESENCE):
            choices = ", ".join((*OPERATORS[field.kind], *_PRESENCE))
            self.refuse(f"{at}/operator", "unknown_operator", _("Choose one of: %s.") % choices)
            return None
        moment = raw.get("at", NOW)
        if moment not in (AT_TRIGGER, NOW):
            self.refuse(f"{at}/at", "unknown_moment", _("“at” is “trigger” or “now”."))
            return None
        if moment == AT_TRIGGER and field.read_past is None:
            self.refuse(
                f"{at}/at", "past_unknown", _("What “%s” was at the trigger is not kept. Ask for it now.") % field.key
            )
            return None
        if operator in _PRESENCE:
            if raw.get("value") not in (None, ""):
                self.refuse(f"{at}/value", "bad_value", _("“%s” compares with nothing.") % operator)
                return None
            return Condition(field, operator, None, moment == AT_TRIGGER)
        try:
            return Condition(field, operator, _wanted(field, operator, raw.get("value")), moment == AT_TRIGGER)
        except ValueError as error:
            self.refuse(f"{at}/value", "bad_value", str(error))
            return None


def _wanted(field: Field, operator: str, raw: Any) -> Any:
    """The value a condition compares with, ready to compare. Raises ValueError with a sentence."""
    if operator == "between":
        if not isinstance(raw, list) or len(raw) != 2:
            raise ValueError(_("Give the two ends: [from, to]."))
        return tuple(_one(field, value) for value in raw)
    if operator in _LISTS:
        values = raw if isinstance(raw, list) else [raw]
        if not 0 < len(values) <= MOST_VALUES:
            raise ValueError(_("Give between 1 and %d values.") % MOST_VALUES)
        return frozenset(_one(field, value) for value in values)
    return _one(field, raw)


def _one(field: Field, raw: Any) -> Value:
    return _READ_VALUE[field.kind](field, raw)


def _read_text(_field: Field, raw: Any) -> str:
    if not isinstance(raw, str) or not raw or not is_storable(raw) or len(raw) > 500:
        raise ValueError(_("Give a text of 1 to 500 characters."))
    return raw


def _read_status(field: Field, raw: Any) -> str:
    return code_key(_read_text(field, raw))


def _read_choice(field: Field, raw: Any) -> str:
    if raw not in field.choices:
        raise ValueError(_("Choose one of: %s.") % ", ".join(field.choices))
    return str(raw)


def _read_number(_field: Field, raw: Any) -> Decimal:
    try:
        number = Decimal(str(raw)) if isinstance(raw, (int, float, str)) and not isinstance(raw, bool) else None
    except InvalidOperation:
        number = None
    if number is None or not number.is_finite():
        raise ValueError(_("Give a number."))
    return number


def _read_moment(_field: Field, raw: Any) -> datetime:
    moment = read_time(raw)
    if isinstance(moment, datetime):
        return moment
    raise ValueError(moment.detail if moment else _("Give a time."))


def _read_flag(_field: Field, raw: Any) -> bool:
    if not isinstance(raw, bool):
        raise ValueError(_("Give true or false."))
    return raw


_READ_VALUE: dict[Kind, Callable[[Field, Any], Value]] = {
    Kind.STATUS: _read_status,
    Kind.TEXT: _read_text,
    Kind.NUMBER: _read_number,
    Kind.TIME: _read_moment,
    Kind.CHOICE: _read_choice,
    Kind.FLAG: _read_flag,
}


def _comparable(kind: Kind, value: Value) -> Value:
    return code_key(value) if kind is Kind.STATUS and isinstance(value, str) else value


def _plain(value: Value) -> str | bool | None:
    """As it can be kept in JSON and read by a person."""
    if value is None or isinstance(value, bool):
        return value
    return value.isoformat() if isinstance(value, datetime) else str(value)
