"""What the history of actions tells of orders. Their statuses are the ledger's; what a shop writes about them may be
about a person, so of that only which fields changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orders.models import Order, StatusChange, StatusTransition
from orders.upserts import COLUMNS
from workspace import history
from workspace.money import from_minor
from workspace.upserts import Upserted

history.declare(Order, label=lambda order: order.external_id, values=("total", "currency", "ordered_at"))
# Nobody changes them; people take them away as files.
history.declare(StatusChange)
history.declare(StatusTransition)


def changes_of(upserted: Upserted) -> history.Changes:
    """What was changed beside its statuses."""
    if not upserted.before:
        return {}
    changes = history.compare(Order, COLUMNS, upserted.before, upserted.after)
    before, after = (dict(zip(COLUMNS, values, strict=True)) for values in (upserted.before, upserted.after))
    if changes.pop("total_minor", ()) is None:
        changes["total"] = [_total(before), _total(after)]
    return changes


def _total(values: Mapping[str, Any]) -> str | None:
    minor = values["total_minor"]
    return None if minor is None else str(from_minor(minor, values["currency"]))
