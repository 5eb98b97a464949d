"""A status is merged into another: its orders move there, and its code means the other from then on.

Statuses say what is wanted (`merging_into`). Here the orders are moved, a set at a time, while sources go on telling
the old code and putting orders there. The last few move while nobody else may write, and that moment makes the old code
mean the other status: no change falls between the two, and whoever is interrupted is carried on by the next sweep.
"""

from __future__ import annotations

import time
from functools import partial

import structlog
from django.db import transaction
from django.db.models import QuerySet

from orders.ledger import hold_ledger_alone
from orders.models import Order
from orders.standing import STATUS_FIELDS
from orders.transitions import move_silently
from statuses.models import OrderStatus
from workspace.database import retry_lost_races, set_size
from workspace.failpoints import reach

# A sweep works for so long, and whoever asks for a merge waits for so long; the next sweep goes on.
SWEEP_S, ASKER_WAITS_S = 20.0, 2.0
# With no more than so many left the rest is moved at once, which keeps writers out for a moment.
FEW = 200

log = structlog.get_logger(__name__)


def carry_on_merges(within_s: float = SWEEP_S) -> int:
    """Do what is left of merges that were asked for. Answers how many orders were moved."""
    deadline, moved = time.monotonic() + within_s, 0
    for status in OrderStatus.objects.exclude(merging_into=None).order_by("pk"):
        moved += _empty(status, deadline)
        if orders_in(status)[: FEW + 1].count() <= FEW and time.monotonic() < deadline:
            moved += retry_lost_races(partial(_finish, status.pk))
    return moved + _bring_home()


def orders_in(status: OrderStatus) -> QuerySet[Order]:
    return Order.objects.filter(**{STATUS_FIELDS[status.type]: status}).order_by()


def _empty(status: OrderStatus, deadline: float) -> int:
    """Move its orders until few are left or the time is over."""
    assert status.merging_into_id is not None, "nothing to merge it into"
    moved = 0
    while time.monotonic() < deadline:
        some = _external_ids(orders_in(status))
        moved += retry_lost_races(partial(move_silently, some, status, status.merging_into_id))
        reach("merging.moved")
        if len(some) <= FEW:
            break
    return moved


def _finish(pk: int) -> int:
    """Move what is left, and let the code mean the other status from here on."""
    moved = 0
    with transaction.atomic():
        hold_ledger_alone()
        status = OrderStatus.objects.get(pk=pk)
        if status.merging_into_id is None:  # somebody else finished it
            return 0
        while some := _external_ids(orders_in(status)):
            moved += move_silently(some, status, status.merging_into_id)
        OrderStatus.objects.filter(merged_into=status).update(merged_into=status.merging_into_id)
        status.merged_into_id, status.merging_into_id = status.merging_into_id, None
        status.save(update_fields=["merged_into", "merging_into"])
        transaction.on_commit(partial(log.info, "status_merged", status=pk, into=status.merged_into_id), robust=True)
    reach("merging.finished")
    return moved


def _bring_home() -> int:
    """A save that knew a status before it was merged may have put an order there afterwards."""
    return sum(
        move_silently(_external_ids(orders_in(status)), status, status.stands_for_id)
        for status in OrderStatus.objects.exclude(merged_into=None)
    )


def _external_ids(orders: QuerySet[Order]) -> list[str]:
    return list(orders.order_by("pk").values_list("external_id", flat=True)[: set_size()])
