"""The hourly limit of a campaign, what it sent in the last hour, and whether its texts wait for a person."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from campaigns.models.campaigns import Campaign


class BreakerQuerySet(models.QuerySet["Breaker"]):
    def tripped(self) -> BreakerQuerySet:
        """Of campaigns whose texts wait for a person."""
        return self.filter(held_at__isnull=False)


class Breaker(models.Model):
    """Holds a campaign's texts once it sent more in an hour than it was expected to, until a person looked at them.

    Texts are named by their keys up to one, so that releasing ten thousand changes this row alone.
    """

    campaign = models.OneToOneField(Campaign, models.CASCADE, primary_key=True, related_name="breaker")
    # None: the version that runs has no limit.
    per_hour = models.PositiveIntegerField(_("texts an hour"), null=True)
    # Texts sent, by minute (of the Unix era): those of the last hour, and some older ones.
    minutes = models.JSONField(default=dict)
    held_at = models.DateTimeField(_("held since"), null=True)
    # Texts up to this one were let go by a person: they neither wait nor count.
    released_upto = models.BigIntegerField(null=True)
    # Texts that a person did not let go: stretches of keys, [first, last].
    dropped = models.JSONField(default=list)

    objects = BreakerQuerySet.as_manager()

    class Meta:
        verbose_name = _("hourly limit")
        verbose_name_plural = _("hourly limits")
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["held_at"], condition=Q(held_at__isnull=False), name="campaigns_breaker_tripped"),
        ]

    def __str__(self) -> str:
        return f"{self.campaign_id}: {self.per_hour}/h"
