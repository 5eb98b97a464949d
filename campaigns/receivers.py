"""What campaigns do when something happens below them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models.signals import post_save
from django.dispatch import receiver

from analytics.models import Segment
from analytics.signals import segment_changed
from campaigns import crossed, lifecycle
from campaigns.matching import start_created, take_in
from orders.models import NewOrder, StatusTransition
from orders.signals import orders_created, statuses_changed
from orders.transitions import Started
from statuses.models import OrderStatus
from statuses.signals import statuses_added


@receiver(statuses_changed, dispatch_uid="campaigns.statuses_changed")
def transitions_written(transitions: Sequence[StatusTransition], **_kwargs: Any) -> list[Started]:
    return take_in(transitions)


@receiver(orders_created, dispatch_uid="campaigns.orders_created")
def orders_written(*, orders: Sequence[NewOrder], **_kwargs: Any) -> None:
    start_created(orders)


@receiver(post_save, sender=OrderStatus, dispatch_uid="campaigns.status_saved")
def status_saved(instance: OrderStatus, *, raw: bool, created: bool, **_kwargs: Any) -> None:
    if not raw:
        lifecycle.statuses_saved([instance], are_new=created)


@receiver(statuses_added, dispatch_uid="campaigns.statuses_added")
def many_added(*, statuses: Sequence[OrderStatus], **_kwargs: Any) -> None:
    lifecycle.statuses_saved(statuses, are_new=True)


@receiver(segment_changed, dispatch_uid="campaigns.segment_changed")
def customers_crossed(*, segment: Segment, at: datetime, **_kwargs: Any) -> None:
    crossed.note(segment, at)
