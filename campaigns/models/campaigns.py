"""What a marketer designs (Campaign, its versions), and when it was live (Activation)."""

from __future__ import annotations

from datetime import datetime
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

    # It was paused until then, and whoever let it go on wants nothing done that was due before.
    drop_due_before = models.DateTimeField(null=True, editable=False)
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

    # Put away: lists leave it out until somebody asks for the archive. Nothing of it is gone.
    archived_at = models.DateTimeField(_("archived"), null=True, editable=False)

    objects = CampaignQuerySet.as_manager()

    class Meta:
        verbose_name = _("campaign")
        verbose_name_plural = _("campaigns")
        ordering: ClassVar[list[str]] = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(archived_at=None) | Q(state__in=("draft", "ended")), name="campaigns_archived_is_at_rest"
            ),
        ]
        permissions = [
            ("activate_campaign", _("Can activate, pause and end campaigns")),
            ("test_campaign", _("Can send a campaign's text to a phone, as a test")),
        ]

    def __str__(self) -> str:
        return self.name

    def drops(self, due_at: datetime | None) -> bool:
        """Whether what was due then waited while the campaign was paused, and is not wanted any more."""
        return self.drop_due_before is not None and due_at is not None and due_at < self.drop_due_before


class Unfinished(models.Model):
    """What somebody typed and has not saved: it may be wrong, or stand against what another saved meanwhile."""

    # None: of a campaign that is not there yet.
    campaign = models.ForeignKey(Campaign, models.CASCADE, null=True, related_name="unfinished")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    # The page that wrote it last: what was typed in another is a row of its own.
    page = models.CharField(max_length=32)
    # As it stood in the editor, so that not even what is no JSON is lost.
    definition = models.TextField()
    # The draft's when this was begun.
    revision = models.PositiveIntegerField()
    kept_at = models.DateTimeField()

    class Meta:
        verbose_name = _("unfinished draft")
        verbose_name_plural = _("unfinished drafts")
        ordering: ClassVar[list[str]] = ["-kept_at"]
        constraints = [
            models.UniqueConstraint(fields=["by", "page"], name="campaigns_unfinished_one_of_a_page"),
        ]

    def __str__(self) -> str:
        return f"{self.campaign_id or 'new'}: {self.by_id}"


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


class Former(models.TextChoices):
    """What becomes of the orders under way on a version that another took over from."""

    FINISH = "finish", _("They finish as they entered")
    MOVE = "move", _("They go on by the new version")
    STOP = "stop", _("They stop")


class ActivationQuerySet(models.QuerySet["Activation"]):
    def live(self) -> ActivationQuerySet:
        return self.filter(until_transition=None)

    def taken_over(self) -> ActivationQuerySet:
        """Of versions whose orders under way do not finish as they entered."""
        return self.exclude(until_transition=None).exclude(former=Former.FINISH).order_by()

    def stopped(self) -> ActivationQuerySet:
        return self.taken_over().filter(former=Former.STOP)

    def stopped_versions(self) -> set[int]:
        return set(self.stopped().values_list("version", flat=True))


class Activation(models.Model):
    """The stretch of the ledger that a version answers to: after one transition, up to another, and not what occurred
    before `effective_from`. Bounds are ledger ids drawn while no writer is open, so what must have fired is a fact.

    Of new orders it is alike, as who inserts one holds the ledger. An activation that goes by the clock answers to
    moments, from `effective_from` to its end; all that came up to `swept_to` was looked for.
    """

    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="activations")
    version = models.ForeignKey(CampaignVersion, models.PROTECT, related_name="+")
    after_transition = models.BigIntegerField(_("after transition"))
    until_transition = models.BigIntegerField(_("until transition"), null=True)
    after_order = models.BigIntegerField(_("after order"), default=0)
    until_order = models.BigIntegerField(_("until order"), null=True)
    # Empty: it does not go by the clock.
    swept_to = models.DateTimeField(_("swept to"), null=True)
    effective_from = models.DateTimeField(_("effective from"), null=True, help_text=_("Empty: from the beginning."))
    lane = models.PositiveSmallIntegerField(_("lane"), choices=Lane, default=Lane.URGENT)
    # Once another version took over; the same in each activation of one version.
    former = models.CharField(max_length=6, choices=Former, default=Former.FINISH)
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

    def sweeps_from(self, now: datetime) -> datetime | None:
        """Of one that goes by the clock: what came before that is left to its back-fill, until that is through."""
        back_fill: BackFill | None = getattr(self, "back_fill", None)
        return self.effective_from if back_fill is None or back_fill.was_through(now) else self.activated_at


class BackFillQuerySet(models.QuerySet["BackFill"]):
    def open(self) -> BackFillQuerySet:
        return self.filter(ended_at=None)


class BackFill(models.Model):
    """An activation's way through what was there before it, a set at a time: changes, or orders, in order of their ids,
    or moments of the clock.

    `upto` is where they ended when it was asked for; whatever there is after `done_up_to` and up to there has not been
    looked at, and never will be once this has been stopped. Of moments that is what came after `reached_at` and up to
    the activation.
    """

    activation = models.OneToOneField(Activation, models.PROTECT, related_name="back_fill")
    upto = models.BigIntegerField()
    done_up_to = models.BigIntegerField(default=0)
    # Empty: it looks at no moments, or has looked at none yet.
    reached_at = models.DateTimeField(null=True)
    entered = models.PositiveBigIntegerField(_("orders that entered"), default=0)
    started_at = models.DateTimeField(_("started"))
    # When it was through, or stopped.
    ended_at = models.DateTimeField(_("ended"), null=True)
    is_stopped = models.BooleanField(_("stopped"), default=False)
    stopped_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    objects = BackFillQuerySet.as_manager()

    class Meta:
        verbose_name = _("back-fill")
        verbose_name_plural = _("back-fills")
        indexes = [
            # Whoever has time asks for the next.
            models.Index(fields=["id"], condition=Q(ended_at=None), name="campaigns_back_fill_open"),
        ]

    def __str__(self) -> str:
        return f"{self.activation_id}: {self.done_up_to}/{self.upto}"

    def was_through(self, now: datetime) -> bool:
        return self.ended_at is not None and self.ended_at < now and not self.is_stopped


class UntoldCount(models.Model):
    """A count of a segment that an activation has not answered to yet, written with what it counted: of those who
    crossed at `at`, the ones after `done_up_to` have no runs so far. It goes with the last of them.
    """

    activation = models.ForeignKey(Activation, models.CASCADE, db_index=False, related_name="+")
    # The `Crossing.at` of each of them, and the id of one.
    at = models.DateTimeField()
    done_up_to = models.BigIntegerField(default=0)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.activation_id}: {self.at} after {self.done_up_to}"


class From(models.TextChoices):
    """Where a matching change may come from."""

    ANY = "any", _("Any, also new orders")
    ANY_EXISTING = "any_existing", _("Any status")
    NONE = "none", _("No status yet")
    ONLY = "only", _("One of these")
    EXCEPT = "except", _("None of these")


class Watch(models.Model):
    """An activation's trigger as matching reads it: derived from the version, made again when a status appears.

    `type` is the status type of the changes it starts with, or CREATED.
    """

    CREATED = "created"

    activation = models.ForeignKey(Activation, models.CASCADE, related_name="watches")
    type = models.CharField(max_length=8, choices=[*StatusType.choices, (CREATED, _("Order created"))])
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

    def as_question(self) -> Q:
        """The same question as `accepts_from`, and what it goes to, put to the ledger."""
        comes_from = {
            From.ANY: Q(),
            From.ANY_EXISTING: Q(from_status__isnull=False),
            From.NONE: Q(from_status=None),
            From.ONLY: Q(from_status__in=self.from_status_ids),
            From.EXCEPT: Q(from_status=None) | ~Q(from_status__in=self.from_status_ids),
        }[From(self.from_mode)]
        goes_to = Q(to_status=self.to_status_id) if self.to_status_id else Q()
        return Q(type=self.type) & goes_to & comes_from

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
