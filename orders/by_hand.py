"""A person changes an order's status, having seen another one: told so, and nothing is moved behind their back."""

from __future__ import annotations

from django.db import transaction

from orders.ledger import hold_ledger
from orders.models import Order, Speaker
from orders.standing import STATUS_FIELDS
from statuses.models import OrderStatus
from workspace.database import lock_rows


class SeenOtherwise(ValueError):
    """The order is no longer where the person saw it; `now` is where it is."""

    def __init__(self, now: OrderStatus | None) -> None:
        super().__init__("the order moved meanwhile")
        self.now = now


def change_status(order_id: int, to: OrderStatus, *, seen: int | None, actor_id: int | None) -> Order:
    """Move an order to `to`, if its status of that type is still the one seen. Raises SeenOtherwise."""
    field = STATUS_FIELDS[to.type]
    with transaction.atomic():
        # In the writer's own order of locks: the ledger, then the order.
        hold_ledger()
        order: Order = lock_rows(Order.objects.filter(pk=order_id)).get()
        if getattr(order, f"{field}_id") != seen:
            raise SeenOtherwise(getattr(order, field))
        setattr(order, field, to)
        order.speaker = Speaker(actor_id=actor_id)
        order.save(update_fields=[field, "updated_at"])
    return order
