"""What has a code and a name, to be chosen where a condition asks by code: segments, sources, what apps above add."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet

from analytics.models import Segment
from workspace.models import Source
from workspace.roles import Reader

MOST_OFFERED = 200

# By what fields say that they suggest: what one must be allowed to see, and the rows, with `code` and `name`.
_known: dict[str, tuple[str, Callable[[], QuerySet[Any]]]] = {}


def register_codes(what: str, permission: str, rows: Callable[[], QuerySet[Any]]) -> None:
    _known[what] = (permission, rows)


def codes_in_use(reader: Reader) -> dict[str, list[tuple[str, str]]]:
    """One query for each that the reader may see."""
    seen = {what: rows() for what, (permission, rows) in _known.items() if reader.has_perm(permission)}
    return {what: list(rows.order_by("name").values_list("code", "name")[:MOST_OFFERED]) for what, rows in seen.items()}


register_codes("segments", "analytics.view_segment", Segment.objects.all)
register_codes("sources", "orders.view_order", Source.objects.all)
