"""What follows when an order or a status is saved."""

from typing import Any

from django.db.models.signals import post_save
from django.dispatch import receiver

from orders.models import Order
from orders.transitions import apply_parked, record_created, record_saved
from statuses.models import OrderStatus


@receiver(post_save, sender=Order, dispatch_uid="orders.order_saved")
def order_saved(*, instance: Order, created: bool, raw: bool, **_kwargs: Any) -> None:
    """Did a status change? A fixture (`raw`) brings its own ledger, or none."""
    if raw:
        return
    if not created:
        record_saved(instance)
    elif record_created(instance):
        instance.refresh_from_db()


@receiver(post_save, sender=OrderStatus, dispatch_uid="orders.status_saved")
def status_saved(*, instance: OrderStatus, raw: bool, **_kwargs: Any) -> None:
    """A code that was waited for may exist now: the status is new, or has another code."""
    if not raw:
        apply_parked(type=instance.type)
