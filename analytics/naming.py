"""What a rule names: segments, and statuses. Of rules that were read once, so they may name what is gone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

IN_SEGMENTS = "customer.segments"


def segments_named(rule: Mapping[str, Any]) -> Iterator[str]:
    """Codes of the segments that it asks about."""
    if rule.get("field") == IN_SEGMENTS:
        yield from _values(rule)
    for part in rule.get("rules", []):
        yield from segments_named(part)


def _values(condition: Mapping[str, Any]) -> Iterator[str]:
    value = condition.get("value")
    yield from (one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str))
