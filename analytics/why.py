"""Why somebody is in a segment: what its rule saw of them, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from analytics.conditions import OTHER_ORDERS, Answer, Condition
from analytics.fields import Kind
from analytics.rules import SegmentRule
from orders.models import Order
from statuses.models import code_key
from workspace.local_formats import number, whole_moment
from workspace.screens import age

MOST_REASONS = 8

# By type and code key.
Names = Mapping[tuple[str, str], str]


def why_in_words(rule: SegmentRule, answers: Sequence[Answer], *, names_orders: bool) -> list[list[str]]:
    """Of each answer a few sentences such as “payment status: Awaiting payment”. Two queries. `names_orders`: the
    reader may see orders.
    """
    conditions = {one.told_as: one for one in rule.root.conditions()}
    names: Names = {(one.type, one.code_key): one.name for one in rule.words.values()}
    orders = _orders_of(answers) if names_orders else None
    return [list(_reasons(answer.seen, conditions, names, orders))[:MOST_REASONS] for answer in answers]


def _orders_of(answers: Sequence[Answer]) -> dict[int, str]:
    ids = {told["order"] for answer in answers for told in answer.seen.get(OTHER_ORDERS, ()) if told["order"]}
    return dict(Order.objects.filter(pk__in=ids).values_list("pk", "external_id")) if ids else {}


def _reasons(
    seen: Mapping[str, Any], conditions: Mapping[str, Condition], names: Names, orders: Mapping[int, str] | None
) -> Iterator[str]:
    for key, value in seen.items():
        if key in conditions:
            yield _reason(conditions[key], value, names)
    for told in seen.get(OTHER_ORDERS, ()):
        of_it = ", ".join(_reason(conditions[key], value, names) for key, value in told.items() if key in conditions)
        if orders is None:
            yield _("an order: %s") % of_it
        elif told["order"] in orders:
            yield _("order %(order)s: %(seen)s") % {"order": orders[told["order"]], "seen": of_it}


def _reason(condition: Condition, value: Any, names: Names) -> str:
    """“steps of the path (in the last 90 days): 2”."""
    field = condition.field
    said = [
        f"{param.label} {_said(condition.params[param.key], condition, names)}"
        for param in field.params
        if condition.params.get(param.key) is not None
    ]
    label = f"{field.label} ({', '.join(said)})" if said else str(field.label)
    return f"{label}: {_told(value, condition, names)}"


def _said(value: Any, condition: Condition, names: Names) -> str:
    """What stands beside the value of a condition, as it was read."""
    if isinstance(value, timedelta):
        return age(value)
    if isinstance(value, frozenset):
        type = condition.field.status_type or str(condition.params.get("type"))
        return ", ".join(sorted(names.get((type, code), code) for code in value))
    labels = {key: label for param in condition.field.params for key, label in param.choices}
    return str(labels.get(value, names.get((condition.field.status_type, value), value)))


def _told(value: Any, condition: Condition, names: Names) -> str:
    """What was seen, as answers keep it."""
    field = condition.field
    match value:
        case None:
            return _("not known")
        case bool():
            return _("yes") if value else _("no")
        case list():
            return ", ".join(_told(one, condition, names) for one in value)
        case int() | float() if field.kind is Kind.DURATION:
            return age(timedelta(seconds=value))
        case int() | float():
            return number(value)
    if field.kind in (Kind.STATUS, Kind.STATUSES):
        return names.get((field.status_type, code_key(str(value))), str(value))
    at = parse_datetime(str(value)) if field.kind is Kind.TIME else None
    if isinstance(at, datetime):
        return whole_moment(at)
    labels = dict(zip(field.choices, field.choice_labels, strict=False))
    return str(labels.get(str(value), value))
