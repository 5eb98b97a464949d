"""What a rule can be made of, as a builder offers it: for Filter customers, or for a segment."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext as _

from analytics.fields import CUSTOMER, MESSAGES, ORDER, ORDERS, Field, Label, Of, Param, all_fields
from analytics.other_orders import Scope
from analytics.values import DENIALS, LISTS, OPERATORS, PRESENCE
from statuses.models import OrderStatus, StatusType
from workspace.roles import Reader, may_see_personal_data

GROUPS = (ORDER, ORDERS, CUSTOMER, MESSAGES)
# The operator that says the opposite of each that has one, also of what is missing.
OPPOSITES = DENIALS | {denied: denial for denial, denied in DENIALS.items()}


class For(StrEnum):
    CAMPAIGN = "campaign"
    SEGMENT = "segment"


def vocabulary_for_builder(scope: str, reader: Reader | None = None) -> dict[str, Any]:
    """`scope`: campaign or segment. What `reader` may not see is not offered for a segment. One query, and
    one for each field of codes.
    """
    of = For(scope)
    return {
        "types": _choices(StatusType.choices),
        "statuses": _statuses(of),
        "fields": [_field(each, of) for each in in_groups() if _is_offered(each, of, reader)],
        "lists": sorted(LISTS),
        "opposites": OPPOSITES,
        # Which orders a group may speak of; inside one of other orders, groups have no `of`.
        "scopes": _choices(_scopes(of)),
    }


def in_groups() -> list[Field]:
    """All fields, those of a group side by side."""
    return sorted(all_fields().values(), key=lambda field: GROUPS.index(field.group))


def _is_offered(field: Field, of: For, reader: Reader | None) -> bool:
    if of is For.CAMPAIGN:
        return True
    is_hidden = field.is_personal and reader is not None and not may_see_personal_data(reader)
    return field.asks_database is not None and not is_hidden


def _statuses(of: For) -> dict[str, list[dict[str, Any]]]:
    """By type. One that is not offered is there for rules that name it still, and says so in its name."""
    statuses: dict[str, list[dict[str, Any]]] = {type: [] for type in StatusType.values}
    for status in OrderStatus.objects.select_related("merged_into", "merging_into"):
        is_asked_for = of is For.CAMPAIGN or status.include_in_analytics
        told = {
            "code": status.code,
            "name": _name_of(status, of),
            "colour": status.colour,
            "offered": is_asked_for and not status.is_retired,
        }
        statuses[status.type].append(told)
    return statuses


def _name_of(status: OrderStatus, of: For) -> str:
    into = status.merged_into or status.merging_into
    if into is not None:
        return _("%(name)s (merged into %(into)s)") % {"name": status.name, "into": into.name}
    if status.is_retired:
        return _("%s (retired)") % status.name
    is_asked_for = of is For.CAMPAIGN or status.include_in_analytics
    return status.name if is_asked_for else _("%s (not in analytics)") % status.name


def _field(each: Field, of: For) -> dict[str, Any]:
    """One field as a condition offers it.

    `kind` decides the input of `value`, with the operator: `in`, `notIn`, `anyOf`, `allOf` and `noneOf` (`lists` of the
    vocabulary) take a list, `between` takes [from, to], `inLast` and `notInLast` a duration, `null` and `notNull` none.
    Kinds are status and statuses (codes of `type`), text, number, time (with its offset), duration ({"value": 2,
    "unit": "days"}), choice (of `choices`), flag (true or false), words (tags), codes (of `choices`), and
    any (a text, a number, true or false, as the JSON says; `<` and its like take a number, `contains` and its like a
    text).

    `past`: `at` may be "trigger". `here`: it may stand outside of groups about other orders; `elsewhere`: inside one,
    and in a `where`. `where`: the condition may say which orders it means, by a group of its own. `params` are further
    keys of the condition, each with the `form` of its input: duration, word, name, choice (of `choices`), status or
    statuses (of the field's `type`, or the one that the condition's `type` says); one that is not `required` may be
    left out. `suggests`: which of the names in use are offered. Fields of one `group` stand side by side.
    """
    return {
        "key": each.key,
        "label": str(each.label),
        "group": str(each.group.label),
        "kind": each.kind.value,
        "operators": [*OPERATORS[each.kind], *PRESENCE],
        "choices": _choices(_choices_of(each)),
        "type": each.status_type,
        "past": of is For.CAMPAIGN and each.read_past is not None,
        "here": of is For.CAMPAIGN or each.of is Of.CUSTOMER,
        "elsewhere": each.is_elsewhere,
        "where": each.has_where,
        "personal": each.is_personal,
        "params": [_param(param, of) for param in each.params],
        "suggests": each.suggests,
    }


def _choices_of(each: Field) -> Iterable[tuple[str, Label]]:
    if each.codes is not None:
        return each.codes()
    return zip(each.choices, each.choice_labels or each.choices, strict=True)


def _param(param: Param, of: For) -> dict[str, Any]:
    left_out = param.not_in_segments if of is For.SEGMENT else frozenset()
    return {
        "key": param.key,
        "label": str(param.label),
        "form": param.form,
        "required": param.is_required,
        "choices": _choices((key, label) for key, label in param.choices if key not in left_out),
        "suggests": param.suggests,
    }


def _scopes(of: For) -> list[tuple[str, str]]:
    if of is For.SEGMENT:
        return [
            (Scope.THIS, _("the customer")),
            (Scope.ANY, _("one order of the customer")),
            (Scope.LAST, _("the last order of the customer")),
        ]
    return [
        (Scope.THIS, _("this order")),
        (Scope.ANY, _("any order of the customer, this one or another")),
        (Scope.ANOTHER, _("another order of the customer")),
        (Scope.LAST, _("the last order of the customer")),
    ]


def _choices(choices: Iterable[tuple[str, Label]]) -> list[dict[str, str]]:
    return [{"key": str(key), "label": str(label)} for key, label in choices]
