"""What a marketer designs (Campaign, its versions), and when it was live (Activation)."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from campaigns.models.lanes import Lane
from statuses.models import OrderStatus, StatusType
from workspace.append_only import AppendOnlyModel, AppendOnlyQuerySet


class CampaignState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    ACTIVE = "active", _("Active")
    PAUSED = "paused", _("Paused")
    ENDED = "ended", _("Ended")


class CampaignQuerySet(models.QuerySet["Campaign"]):
    def inactive(self) -> CampaignQuerySet:
        """Those whose runs and messages no worker carries on."""
        return self.exclude(state=CampaignState.ACTIVE).order_by()

    def asked_for(self) -> CampaignQuerySet:
        """Those whose activation somebody waits for."""
        return self.filter(asked_at__isnull=False)


class Campaign(models.Model):
    """One trigger and a tree of steps. Its draft is edited freely; what runs are its versions."""

    code = models.CharField(
        _("code"),
        max_length=64,
        unique=True,
        validators=[RegexValidator(r"^[A-Za-z0-9][A-Za-z0-9_-]*$", _("Use letters, digits, - and _."))],
    )
    name = models.CharField(_("name"), max_length=200)
    state = models.CharField(_("state"), max_length=6, choices=CampaignState, default=CampaignState.DRAFT)
    draft = models.JSONField(_("definition"))
    # Grows with each edit, so that two editors cannot overwrite each other unseen.
    revision = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )

    # Somebody who may not activate it asked for that. Both empty: nobody asks.
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        verbose_name=_("activation asked for by"),
        null=True,
        editable=False,
        related_name="+",
    )
    asked_at = models.DateTimeField(_("activation asked for"), null=True, editable=False)

    objects = CampaignQuerySet.as_manager()

    class Meta:
        verbose_name = _("campaign")
        verbose_name_plural = _("campaigns")
        ordering: ClassVar[list[str]] = ["-id"]
        permissions = [("activate_campaign", _("Can activate, pause and end campaigns"))]

    def __str__(self) -> str:
        return self.name


class CampaignVersion(AppendOnlyModel):
    """What was activated once: numbered, and never changed."""

    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField(_("version"))
    definition = models.JSONField(_("definition"))
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        verbose_name = _("campaign version")
        verbose_name_plural = _("campaign versions")
        ordering: ClassVar[list[str]] = ["campaign", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["campaign", "number"], name="campaigns_version_numbered_once"),
        ]

    def __str__(self) -> str:
        return f"{self.campaign.name} · {self.number}"


class ActivationQuerySet(models.QuerySet["Activation"]):
    def live(self) -> ActivationQuerySet:
        return self.filter(until_transition=None)


class Activation(models.Model):
    """The stretch of the ledger that a version answers to: after one transition, up to another, and not what occurred
    before `effective_from`. Bounds are ledger ids drawn while no writer is open, so what must have fired is a fact.
    """

    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="activations")
    version = models.ForeignKey(CampaignVersion, models.PROTECT, related_name="+")
    after_transition = models.BigIntegerField(_("after transition"))
    until_transition = models.BigIntegerField(_("until transition"), null=True)
    effective_from = models.DateTimeField(_("effective from"), null=True, help_text=_("Empty: from the beginning."))
    lane = models.PositiveSmallIntegerField(_("lane"), choices=Lane, default=Lane.URGENT)
    activated_at = models.DateTimeField(_("activated"))
    activated_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    ended_at = models.DateTimeField(_("ended"), null=True)

    objects = ActivationQuerySet.as_manager()

    class Meta:
        verbose_name = _("activation")
        verbose_name_plural = _("activations")
        ordering: ClassVar[list[str]] = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["campaign"], condition=Q(until_transition=None), name="campaigns_live_once_at_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.campaign_id}: ({self.after_transition}, {self.until_transition or '…'}]"


class From(models.TextChoices):
    """Where a matching change may come from."""

    ANY = "any", _("Any, also new orders")
    ANY_EXISTING = "any_existing", _("Any status")
    NONE = "none", _("No status yet")
    ONLY = "only", _("One of these")
    EXCEPT = "except", _("None of these")


class Watch(models.Model):
    """An activation's trigger as matching reads it: derived from the version, made again when a status appears."""

    activation = models.ForeignKey(Activation, models.CASCADE, related_name="watches")
    type = models.CharField(max_length=8, choices=StatusType)
    # None: any status.
    to_status = models.ForeignKey(OrderStatus, models.CASCADE, null=True, db_index=False, related_name="+")
    from_mode = models.CharField(max_length=12, choices=From)
    from_status_ids = models.JSONField(default=list)

    class Meta:
        indexes = [
            # The one query of matching.
            models.Index(fields=["type", "to_status"], name="campaigns_watch_what"),
        ]

    def __str__(self) -> str:
        return f"{self.type}: {self.from_mode} → {self.to_status_id or 'any'}"

    def accepts_from(self, status_id: int | None) -> bool:
        match self.from_mode:
            case From.ANY:
                return True
            case From.ANY_EXISTING:
                return status_id is not None
            case From.NONE:
                return status_id is None
            case From.ONLY:
                return status_id in self.from_status_ids
            case From.EXCEPT:
                return status_id not in self.from_status_ids
        raise ValueError(self.from_mode)
