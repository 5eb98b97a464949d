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
    for part in _parts(rule):
        yield from segments_named(part)


def statuses_named(rule: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(type, code key) of each status that it asks about."""
    field = all_fields().get(rule.get("field", ""))
    if field is not None:
        if field.kind in (Kind.STATUS, Kind.STATUSES):
            yield from ((field.status_type, code_key(code)) for code in _texts(rule.get("value")))
        type = field.status_type or str(rule.get("type", ""))
        for param in field.params:
            if param.form in ("status", "statuses"):
                yield from ((type, code_key(code)) for code in _texts(rule.get(param.key)))
    for part in _parts(rule):
        yield from statuses_named(part)


def _parts(rule: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """What stands in a group, and which orders a condition means."""
    yield from rule.get("rules", [])
    if rule.get("where"):
        yield rule["where"]


def _texts(value: Any) -> Iterator[str]:
    yield from (one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str))
