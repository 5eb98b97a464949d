"""What a rule names: segments, and statuses. Of rules that were read once, so they may name what is gone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from analytics.fields import Kind, all_fields
from statuses.models import code_key

IN_SEGMENTS = "customer.segments"


def segments_named(rule: Mapping[str, Any]) -> Iterator[str]:
    """Codes of the segments that it asks about."""
    if rule.get("field") == IN_SEGMENTS:
        yield from _texts(rule.get("value"))
    for part, _place in _parts(rule):
        yield from segments_named(part)


def statuses_named(rule: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(type, code key) of each status that it asks about."""
    yield from ((type, code) for type, code, _place in statuses_named_at(rule))


def statuses_named_at(rule: Mapping[str, Any], at: str = "") -> Iterator[tuple[str, str, str]]:
    """The same with the place of each, from where the rule is."""
    field = all_fields().get(rule.get("field", ""))
    if field is not None:
        type = field.status_type or str(rule.get("type", ""))
        keys = ["value"] if field.kind in (Kind.STATUS, Kind.STATUSES) else []
        keys += [param.key for param in field.params if param.form in ("status", "statuses")]
        yield from ((type, code_key(code), f"{at}/{key}") for key in keys for code in _texts(rule.get(key)))
    for part, place in _parts(rule):
        yield from statuses_named_at(part, f"{at}/{place}")


def _parts(rule: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], str]]:
    """What stands in a group, and which orders a condition means."""
    yield from ((part, f"rules/{place}") for place, part in enumerate(rule.get("rules", [])))
    if rule.get("where"):
        yield rule["where"], "where"


def _texts(value: Any) -> Iterator[str]:
    yield from (one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str))
