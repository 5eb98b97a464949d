"""What follows when an order or a status is saved."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models.signals import post_save
from django.dispatch import receiver

from orders.merging import ASKER_WAITS_S, carry_on_merges
from orders.models import Order
from orders.transitions import apply_parked, record_created, record_saved
from orders.unknown_codes import forget_all_understood, forget_understood
from statuses.models import OrderStatus, StatusAlias
from statuses.signals import statuses_added


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
    """A code that was waited for may exist now: the status is new, or has another code. Or it is to be merged."""
    if raw:
        return
    if instance.merging_into_id:
        transaction.on_commit(partial(carry_on_merges, ASKER_WAITS_S), robust=True)
        return
    apply_parked(type=instance.type)
    forget_understood(instance.type, instance.code_key, source_id=None)


@receiver(post_save, sender=StatusAlias, dispatch_uid="orders.alias_saved")
def alias_saved(*, instance: StatusAlias, raw: bool, **_kwargs: Any) -> None:
    """Somebody said what a code means, or that it means nothing."""
    if raw:
        return
    which = {} if instance.source_id is None else {"source": instance.source_id}
    apply_parked(type=instance.type, **which)
    forget_understood(instance.type, instance.code_key, source_id=instance.source_id)


@receiver(statuses_added, dispatch_uid="orders.statuses_added")
def many_added(*, statuses: Sequence[OrderStatus], aliases: Sequence[StatusAlias], **_kwargs: Any) -> None:
    """The same for many at once."""
    rows: list[OrderStatus | StatusAlias] = [*statuses, *aliases]
    apply_parked(type__in=sorted({row.type for row in rows}))
    forget_all_understood(rows)
