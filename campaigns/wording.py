"""Campaigns in words: names of statuses, and what a marketer would say of params as they are written."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analytics.fields import Field, Kind, all_fields
from statuses.models import OrderStatus, StatusType, code_key
from workspace.local_formats import whole_moment
from workspace.reading import read_time

# The name of each status, by (type, code key).
Names = Mapping[tuple[str, str], str]

# What stands for what is not said yet.
NOT_SAID = "…"


def status_names() -> Names:
    """One query."""
    rows = OrderStatus.objects.order_by().values_list("type", "code_key", "name")
    return {(type, key): name for type, key, name in rows}


def status_name(names: Names, type: str, code: str) -> str:
    """Its name, or its code in quotes where there is no such status yet."""
    return names.get((type, code_key(code)), f"“{code}”")


def type_in_words(type: Any) -> str:
    return str(StatusType(type).label).lower() if type in StatusType.values else NOT_SAID


def either(codes: Any, type: Any, names: Names) -> str:
    """“Paid, Settled or Refunded”."""
    return one_of(status_name(names, str(type), str(code)) for code in codes) if isinstance(codes, list) else NOT_SAID


def the_one(codes: Any, type: Any, names: Names) -> str:
    """“Paid”, if it is one alone that is named."""
    return status_name(names, str(type), str(codes[0])) if isinstance(codes, list) and len(codes) == 1 else ""


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


def moment_in_words(written: Any) -> str:
    """Of "2026-05-04T09:00:00+03:00" the moment as the reader's clock has it."""
    moment = read_time(written, "")
    return whole_moment(moment) if isinstance(moment, datetime) else NOT_SAID


def written_in_words(written: Any) -> str:
    """What stands in a definition, where no field says it better: “yes”, “2 days”, “Hello”."""
    if isinstance(written, bool):
        return _("yes") if written else _("no")
    if isinstance(written, Mapping) and set(written) == {"value", "unit"}:
        return duration_in_words(written)
    return written if isinstance(written, str) else json.dumps(written, ensure_ascii=False)


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


def rule_in_words(raw: Any, names: Names, *, is_inner: bool = False) -> str:
    """“payment status is Paid and order total is at least 50”; “” of what is no rule, or an empty one."""
    rules = raw.get("rules") if isinstance(raw, Mapping) else None
    if not isinstance(raw, Mapping) or not isinstance(rules, list):
        return ""
    said = [_condition(each, names) or rule_in_words(each, names, is_inner=True) for each in rules]
    said = [each for each in said if each]
    joined = (_(" or ") if raw.get("combinator") == "or" else _(" and ")).join(said)
    joined = _of(raw.get("of"), joined)
    if raw.get("not") is True and joined:
        return _("not (%s)") % joined
    return f"({joined})" if is_inner and len(said) > 1 else joined


def _of(scope: Any, said: str) -> str:
    """Which of the customer's orders a group is about."""
    sentences = {
        "any_order": _("one of the customer's orders: (%s)"),
        "another_order": _("another order of the customer: (%s)"),
        "last_order": _("the customer's last order: (%s)"),
    }
    return sentences[scope] % said if said and isinstance(scope, str) and scope in sentences else said


def _condition(raw: Any, names: Names) -> str:
    if not isinstance(raw, Mapping) or "field" not in raw:
        return ""
    field, operator, value = raw["field"], raw.get("operator"), raw.get("value")
    known = all_fields().get(field) if isinstance(field, str) else None
    label = _label(raw, str(known.label) if known else f"“{field}”")
    words = operator_words()
    verb = words.get(operator, operator) if isinstance(operator, str) else NOT_SAID
    if operator in ("null", "notNull"):
        return f"{label} {verb}"
    values = value if isinstance(value, list) else [value]
    shown = [value_in_words(known, each, names) for each in values if each not in ("", None)]
    if operator in ("in", "notIn") and len(shown) == 1:
        verb = words["=" if operator == "in" else "!="]
    joined = _(" and ").join(shown) if operator == "between" else one_of(shown)
    when = " " + _("(at the change)") if raw.get("at") == "trigger" else ""
    return f"{label} {verb} {joined}{when}"


def _label(raw: Mapping[str, Any], label: str) -> str:
    """With the parameters of its field that say which one is meant."""
    if raw.get("name"):
        label = f"{label} “{raw['name']}”"
    return f"{label} ({duration_in_words(raw['within'])})" if raw.get("within") else label


def value_in_words(field: Field | None, value: Any, names: Names) -> str:
    """Of a field, as a rule asks for it or as it was seen."""
    if value is None:
        return _("not set")
    if isinstance(value, Mapping):
        return duration_in_words(value)
    if isinstance(value, bool):
        return _("true") if value else _("not true")
    if field is not None and field.kind is Kind.STATUS:
        return status_name(names, field.status_type, str(value))
    if field is not None and field.kind is Kind.DURATION and isinstance(value, (int, float)):
        return length_in_words(timedelta(seconds=value))
    moment = read_time(value, "") if field is not None and field.kind is Kind.TIME else None
    return whole_moment(moment) if isinstance(moment, datetime) else str(value)
