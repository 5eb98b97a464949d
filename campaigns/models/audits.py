"""What the books said last."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Audit(models.Model):
    """The last audit: one row, for whoever asks often and cannot wait for another."""

    SINGLETON_ID: ClassVar[int] = 1

    at = models.DateTimeField(_("at"))
    seconds = models.FloatField(_("took seconds"))
    unaccounted = models.PositiveIntegerField(_("unaccounted for"))
    # How many by kind, as in campaigns/books.py.
    breaches = models.JSONField(_("breaches"), default=dict)

    class Meta:
        verbose_name = _("last audit")
        verbose_name_plural = _("last audit")
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="campaigns_last_audit_is_one_row")]

    def __str__(self) -> str:
        return self.at.isoformat()

    @classmethod
    def last(cls) -> Audit | None:
        return cls.objects.filter(pk=cls.SINGLETON_ID).first()

    @classmethod
    def keep(cls, found: dict[str, Any], seconds: float) -> None:
        said = {
            "at": timezone.now(),
            "seconds": seconds,
            "unaccounted": found["unaccounted"],
            "breaches": found["breaches"],
        }
        cls.objects.update_or_create(pk=cls.SINGLETON_ID, defaults=said)
