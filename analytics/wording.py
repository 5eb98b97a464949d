"""Rules in words: names of statuses, lengths of time, and what a condition asks, as a sentence."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analytics.conditions import WITHHELD
from analytics.fields import Field, Param, all_fields
from analytics.models import Segment
from analytics.values import AGES, PRESENCE, Kind
from statuses.models import OrderStatus, code_key
from workspace.local_formats import whole_moment
from workspace.models import Source
from workspace.reading import read_time
from workspace.roles import Reader, may_see_personal_data

# The name of each status, by (type, code key); of a segment and a source, by what suggests it and its code.
Names = Mapping[tuple[str, str], str]

# What stands for what is not said yet.
NOT_SAID = "…"


def rule_in_words(raw: Any, reader: Reader) -> str:
    """“number of orders is at least 2 and language is de”, as far as `reader` may see it; “” of what is no rule, or an
    empty one. Three queries.
    """
    return tell_rule(raw, all_names(), tells_personal=may_see_personal_data(reader))


def tell_rule(raw: Any, names: Names, *, tells_personal: bool = True) -> str:
    return _Sentence(names, tells_personal).group(raw)


def all_names() -> Names:
    """Three queries."""
    segments = {("segments", code): name for code, name in Segment.objects.order_by().values_list("code", "name")}
    sources = {("sources", code): name for code, name in Source.objects.order_by().values_list("code", "name")}
    return {**status_names(), **segments, **sources}


def status_names() -> Names:
    """One query."""
    rows = OrderStatus.objects.order_by().values_list("type", "code_key", "name")
    return {(type, key): name for type, key, name in rows}


def status_name(names: Names, type: str, code: str) -> str:
    """Its name, or its code in quotes where there is no such status yet."""
    return names.get((type, code_key(code)), f"“{code}”")


def one_of(words: Iterable[str]) -> str:
    shown = list(words)
    if len(shown) < 2:
        return "".join(shown) or NOT_SAID
    return _("%(some)s or %(last)s") % {"some": ", ".join(shown[:-1]), "last": shown[-1]}


def duration_in_words(written: Any) -> str:
    """Of `{"value": 2, "unit": "days"}` “2 days”."""
    value = written.get("value") if isinstance(written, Mapping) else None
    if not isinstance(value, int):
        return NOT_SAID
    match written.get("unit"):
        case "minutes":
            return ngettext("%d minute", "%d minutes", value) % value
        case "hours":
            return ngettext("%d hour", "%d hours", value) % value
        case "days":
            return days_in_words(value)
    return NOT_SAID


def length_in_words(duration: timedelta) -> str:
    """In the largest unit of which it is at least one, rounded down."""
    minutes, hours = int(duration.total_seconds() // 60), int(duration.total_seconds() // 3600)
    if hours < 1:
        return ngettext("%d minute", "%d minutes", minutes) % minutes
    if duration.days < 1:
        return ngettext("%d hour", "%d hours", hours) % hours
    return days_in_words(duration.days)


def days_in_words(days: Any) -> str:
    return ngettext("%d day", "%d days", days) % days if isinstance(days, int) else NOT_SAID


def which_orders(where: str, names: Names) -> str:
    """Of the `where` of a condition as its answer keeps it, which may be too long to be kept."""
    try:
        which = tell_rule(json.loads(where), names)
    except ValueError:
        which = ""
    return _("of orders where %s") % which if which else _("of some orders")


def operator_words() -> dict[str, str]:
    return {
        "=": _("is"),
        "!=": _("is not"),
        "in": _("is one of"),
        "notIn": _("is none of"),
        "<": _("is less than"),
        "<=": _("is at most"),
        ">": _("is more than"),
        ">=": _("is at least"),
        "between": _("is between"),
        "inLast": _("is in the last"),
        "notInLast": _("is not in the last"),
        "contains": _("contains"),
        "doesNotContain": _("does not contain"),
        "beginsWith": _("begins with"),
        "endsWith": _("ends with"),
        "anyOf": _("include any of"),
        "allOf": _("include all of"),
        "noneOf": _("include none of"),
        "null": _("is not known"),
        "notNull": _("is known"),
    }


def operator_words_of_times() -> dict[str, str]:
    return {
        "<": _("is before"),
        "<=": _("is at or before"),
        ">": _("is after"),
        ">=": _("is at or after"),
    }


def value_in_words(field: Field | None, value: Any, names: Names) -> str:
    """Of a field, as a rule asks for it or as it was seen."""
    if value is None:
        return _("not set")
    if isinstance(value, list):
        return ", ".join(value_in_words(field, one, names) for one in value)
    if isinstance(value, Mapping):
        return duration_in_words(value)
    if isinstance(value, bool):
        return _("true") if value else _("not true")
    if field is None:
        return str(value)
    if field.kind in (Kind.STATUS, Kind.STATUSES):
        return status_name(names, field.status_type, str(value))
    if field.kind is Kind.DURATION and isinstance(value, (int, float)):
        return length_in_words(timedelta(seconds=value))
    if field.kind is Kind.CODES:
        return names.get((field.suggests, str(value)), str(value))
    moment = read_time(value, "") if field.kind is Kind.TIME else None
    return whole_moment(moment) if isinstance(moment, datetime) else str(value)


@dataclass(frozen=True, slots=True)
class _Sentence:
    names: Names
    tells_personal: bool

    def group(self, raw: Any, *, is_inner: bool = False) -> str:
        rules = raw.get("rules") if isinstance(raw, Mapping) else None
        if not isinstance(raw, Mapping) or not isinstance(rules, list):
            return ""
        said = [self.condition(each) or self.group(each, is_inner=is_inner or len(rules) > 1) for each in rules]
        said = [each for each in said if each]
        joined = (_(" or ") if raw.get("combinator") == "or" else _(" and ")).join(said)
        if raw.get("not") is True and joined:
            return _("not (%s)") % _of(raw.get("of"), joined)
        return _of(raw.get("of"), f"({joined})" if is_inner and len(said) > 1 else joined)

    def condition(self, raw: Any) -> str:
        if not isinstance(raw, Mapping) or "field" not in raw:
            return ""
        key, operator = raw["field"], raw.get("operator")
        field = all_fields().get(key) if isinstance(key, str) else None
        label = self._label(raw, field, str(field.label) if field else f"“{key}”")
        verb = _verb(field, operator, raw.get("value"))
        if operator in PRESENCE:
            return f"{label} {verb}"
        when = " " + _("(at the change)") if raw.get("at") == "trigger" else ""
        return f"{label} {verb} {self._value(field, operator, raw.get('value'))}{when}"

    def _value(self, field: Field | None, operator: Any, value: Any) -> str:
        if field is not None and field.is_personal and not self.tells_personal:
            return WITHHELD
        values = value if isinstance(value, list) else [value]
        shown = [value_in_words(field, each, self.names) for each in values if each not in ("", None)]
        return _(" and ").join(shown) if operator == "between" else one_of(shown)

    def _label(self, raw: Mapping[str, Any], field: Field | None, label: str) -> str:
        """With what else the condition says, by which one knows what is meant."""
        if raw.get("name"):
            label = f"{label} “{raw['name'] if self.tells_personal else WITHHELD}”"
        said = [*self._said(raw, field), *self._which_orders(raw)]
        return f"{label} ({', '.join(said)})" if said else label

    def _said(self, raw: Mapping[str, Any], field: Field | None) -> Iterator[str]:
        for param in field.params if field else ():
            value = raw.get(param.key)
            # Statuses say of which type they are.
            is_plain = param.key == "name" or (param.key == "type" and (raw.get("from") or raw.get("to")))
            if value not in (None, "", []) and not is_plain:
                type = str((field and field.status_type) or raw.get("type"))
                yield f"{param.label} {self._param(param, value, type)}"

    def _param(self, param: Param, value: Any, type: str) -> str:
        if param.form == "duration":
            return duration_in_words(value)
        if param.form in ("status", "statuses"):
            codes = value if isinstance(value, list) else [value]
            return one_of(status_name(self.names, type, str(code)) for code in codes)
        return str(dict(param.choices).get(value, value) if isinstance(value, str) else NOT_SAID)

    def _which_orders(self, raw: Mapping[str, Any]) -> Iterator[str]:
        if which := self.group(raw.get("where")):
            yield _("of orders where %s") % which


def _verb(field: Field | None, operator: Any, value: Any) -> str:
    words = operator_words()
    if not isinstance(operator, str):
        return NOT_SAID
    if operator in ("in", "notIn") and isinstance(value, list) and len(value) == 1:
        return words["=" if operator == "in" else "!="]
    if field is not None and field.kind is Kind.TIME and operator not in AGES:
        words |= operator_words_of_times()
    return words.get(operator, operator)


def _of(scope: Any, said: str) -> str:
    """Which of the customer's orders a group is about."""
    sentences = {
        "any_order": _("one of the customer's orders: %s"),
        "another_order": _("another order of the customer: %s"),
        "last_order": _("the customer's last order: %s"),
    }
    return sentences[scope] % said if said and isinstance(scope, str) and scope in sentences else said
