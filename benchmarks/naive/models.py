"""An order and its statuses, what changed, and what is under way about it."""

from __future__ import annotations

from typing import Any

from django.db import models

TYPES = ("general", "delivery", "payment")


class Customer(models.Model):
    external_id = models.CharField(max_length=128, unique=True)
    first_name = models.CharField(max_length=200)
    phone = models.CharField(max_length=16)
    sms_consent = models.BooleanField(default=True)

    def __str__(self) -> str:
        return self.external_id


class Order(models.Model):
    external_id = models.CharField(max_length=128, unique=True)
    customer = models.ForeignKey(Customer, models.PROTECT)
    total = models.CharField(max_length=32, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    general_status = models.CharField(max_length=64, blank=True)
    delivery_status = models.CharField(max_length=64, blank=True)
    payment_status = models.CharField(max_length=64, blank=True)

    def __str__(self) -> str:
        return self.external_id

    def statuses(self) -> dict[str, str]:
        return {type: getattr(self, f"{type}_status") for type in TYPES}


class Transition(models.Model):
    order = models.ForeignKey(Order, models.PROTECT)
    type = models.CharField(max_length=8)
    came_from = models.CharField(max_length=64, blank=True)
    went_to = models.CharField(max_length=64)
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.order_id}: {self.came_from} -> {self.went_to}"


class Campaign(models.Model):
    """`came_from` and `went_to` are lists of codes, None for any. `steps` are carried out one after the other."""

    name = models.CharField(max_length=200)
    type = models.CharField(max_length=8)
    came_from = models.JSONField(null=True)
    went_to = models.JSONField(null=True)
    steps = models.JSONField(default=list)
    is_active = models.BooleanField(default=True)

    def __str__(self) -> str:
        return self.name

    def answers(self, transition: Transition) -> bool:
        pairs: list[tuple[Any, str]] = [(self.came_from, transition.came_from), (self.went_to, transition.went_to)]
        return all(codes is None or code in codes for codes, code in pairs)


class Run(models.Model):
    campaign = models.ForeignKey(Campaign, models.PROTECT)
    order = models.ForeignKey(Order, models.PROTECT)
    transition = models.ForeignKey(Transition, models.PROTECT, null=True)
    step = models.PositiveSmallIntegerField(default=0)
    state = models.CharField(max_length=16, default="waiting")

    def __str__(self) -> str:
        return f"{self.campaign_id}/{self.order_id}"


class Message(models.Model):
    run = models.ForeignKey(Run, models.PROTECT)
    phone = models.CharField(max_length=16)
    text = models.TextField()
    state = models.CharField(max_length=16, default="pending")
    gateway_id = models.CharField(max_length=128, blank=True)
    sent_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.run_id}: {self.state}"
