"""Who uses a status: a registry declared here and filled from above (workspace/usages.py)."""

from __future__ import annotations

from collections.abc import Sequence

from statuses.models import OrderStatus
from workspace.usages import Reader, Usages
from workspace.usages import Usage as Usage  # what those above tell

_of_statuses: Usages[OrderStatus] = Usages()
register, usages = _of_statuses.register, _of_statuses.of


def read_by_analytics(status: OrderStatus, reader: Reader) -> list[Usage]:
    """What changes if it is included in analytics no more: segments and reports."""
    return [use for use in usages([status], reader).get(status.pk, []) if use.reads_analytics]


def counts(statuses: Sequence[OrderStatus], reader: Reader) -> list[tuple[int, Usage | None]]:
    """Of each by its primary key the use that is a number, as by orders; None: it is zero, or not for this reader."""
    told = usages(statuses, reader, in_lists=False)
    return [(status.pk, next((use for use in told.get(status.pk, []) if use.number), None)) for status in statuses]
