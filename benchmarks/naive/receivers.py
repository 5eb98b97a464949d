"""Did a status change? What the row said before is asked for before each save."""

from typing import Any

from django.db.models.signals import post_save, pre_save
from django.dispatch import receiver

from benchmarks.naive.models import Order, Transition
from benchmarks.naive.tasks import start_campaigns


@receiver(pre_save, sender=Order)
def remember_statuses(instance: Any, **_kwargs: Any) -> None:
    before = Order.objects.filter(pk=instance.pk).first()
    instance.statuses_before = before.statuses() if before else {}


@receiver(post_save, sender=Order)
def order_saved(instance: Any, **_kwargs: Any) -> None:
    for type, code in instance.statuses().items():
        came_from = instance.statuses_before.get(type, "")
        if code != came_from:
            transition = Transition.objects.create(order=instance, type=type, came_from=came_from, went_to=code)
            start_campaigns.delay(transition.pk)
