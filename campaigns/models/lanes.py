"""Who goes first: a text that answers to somebody's order now, or one of a crowd."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Lane(models.IntegerChoices):
    """The lower goes first, but never alone: workers always leave room for the other (campaigns/claiming.py)."""

    URGENT = 0, _("Urgent")
    BULK = 1, _("Bulk")
