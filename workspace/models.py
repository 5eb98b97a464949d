"""What every installation has: people, its one row of settings, and the sources that tell it things."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable
from datetime import datetime, time, timedelta
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser
from django.contrib.auth.models import UserManager as DjangoUserManager
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from workspace.administrators import DECIDING, keeping_an_administrator
from workspace.append_only import AppendOnlyModel, AppendOnlyQuerySet
from workspace.countries import validate_country
from workspace.database import draw_keys_after_the_highest
from workspace.keywords import START_WORDS, STOP_WORDS, read_keywords, validate_keywords
from workspace.text import validate_text
from workspace.zones import validate_timezone


class UserQuerySet(models.QuerySet["User"]):
    def update(self, **kwargs: Any) -> int:
        if DECIDING.isdisjoint(kwargs):
            return super().update(**kwargs)
        with keeping_an_administrator():
            return super().update(**kwargs)

    def delete(self) -> tuple[int, dict[str, int]]:
        with keeping_an_administrator():
            return super().delete()


class UserManager(DjangoUserManager["User"]):
    use_in_migrations = False

    def get_queryset(self) -> UserQuerySet:
        return UserQuerySet(self.model, using=self._db)


class User(AbstractUser):
    """A person who works in the admin. The last who may everything can neither go nor lose it."""

    objects: ClassVar[UserManager] = UserManager()

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")

    def save(self, *, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        if self._state.adding or (update_fields is not None and DECIDING.isdisjoint(update_fields)):
            super().save(update_fields=update_fields, **kwargs)
            return
        with keeping_an_administrator():
            super().save(update_fields=update_fields, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        with keeping_an_administrator():
            return super().delete(*args, **kwargs)

    # Empty: their browser's.
    language = models.CharField(_("language"), max_length=16, blank=True, default="", db_default="")
    # Empty: the installation's.
    timezone = models.CharField(
        _("time zone"), max_length=64, blank=True, default="", db_default="", validators=[validate_timezone]
    )
    # How often they were signed out everywhere: each time makes all their sessions worthless.
    sign_outs = models.PositiveIntegerField(default=0, db_default=0, editable=False)

    def sign_out_everywhere(self) -> None:
        type(self).objects.filter(pk=self.pk).update(sign_outs=models.F("sign_outs") + 1)

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """A session holds it, and ends when it is another: after a new password, and after a sign-out everywhere."""
        by_password: str = super()._get_session_auth_hash(secret)  # type: ignore[misc]
        if not self.sign_outs:
            return by_password
        mixed = salted_hmac("workspace.sign_outs", f"{by_password}:{self.sign_outs}", secret=secret, algorithm="sha256")
        return mixed.hexdigest()


def evening() -> time:
    return time(21)


def morning() -> time:
    return time(9)


class Workspace(models.Model):
    """The installation's settings: exactly one row, read afresh wherever it decides something."""

    SINGLETON_ID: ClassVar[int] = 1

    organisation = models.CharField(_("organisation name"), max_length=200, blank=True)
    orders_enabled = models.BooleanField(
        _("Orders"), default=False, help_text=_("Off: no order screens, no triggers, and the order API answers 403.")
    )
    default_country = models.CharField(
        _("default country for phones"),
        max_length=2,
        default="US",
        validators=[validate_country],
        help_text=_("Read phone numbers written without a country code as numbers of this country."),
    )
    timezone = models.CharField(_("time zone"), max_length=64, default="UTC", validators=[validate_timezone])
    currency = models.CharField(_("currency"), max_length=3, default="EUR")
    stop_words = models.TextField(
        _("words that stop messages"),
        max_length=2000,
        default=STOP_WORDS,
        validators=[validate_text, validate_keywords],
        help_text=_(
            "Whoever texts one of these, and nothing else, gets no more messages. Separate them with commas; upper or "
            "lower case makes no difference."
        ),
    )
    start_words = models.TextField(
        _("words that start messages again"),
        max_length=2000,
        default=START_WORDS,
        validators=[validate_text, validate_keywords],
        help_text=_("Whoever texts one of these, and nothing else, gets messages again."),
    )
    # In the customer's own time zone. Equal: never.
    quiet_from = models.TimeField(
        _("quiet hours from"),
        default=evening,
        help_text=_("Texts that keep quiet hours wait for their end, in the customer's own time zone."),
    )
    quiet_until = models.TimeField(_("quiet hours until"), default=morning)
    # Orders was off until then, and whoever turned it on again wants nothing done that was due before.
    drop_due_before = models.DateTimeField(null=True, editable=False)
    sending_paused_at = models.DateTimeField(_("sending paused"), null=True, editable=False)
    sending_paused_by = models.ForeignKey(
        User, models.SET_NULL, verbose_name=_("sending paused by"), null=True, editable=False, related_name="+"
    )

    class Meta:
        verbose_name = _("general settings")
        verbose_name_plural = _("general settings")
        permissions = [
            ("pause_sending", _("Can pause and resume all sending")),
            ("switch_orders", _("Can turn Orders on and off")),
        ]
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="workspace_is_one_row")]

    def __str__(self) -> str:
        return self.organisation or str(_("This installation"))

    def clean(self) -> None:
        if both := read_keywords(self.stop_words) & read_keywords(self.start_words):
            words = ", ".join(sorted(both)).upper()
            raise ValidationError({"start_words": _("In both lists: %s. A word means one thing.") % words})

    def drops(self, due_at: datetime | None) -> bool:
        """Whether what was due then waited while Orders was off, and is not wanted any more."""
        return self.drop_due_before is not None and due_at is not None and due_at < self.drop_due_before

    @classmethod
    def current(cls) -> Workspace:
        return cls.objects.get_or_create(pk=cls.SINGLETON_ID)[0]

    @classmethod
    def orders_are_on(cls) -> bool:
        return cls.objects.filter(pk=cls.SINGLETON_ID, orders_enabled=True).exists()

    @classmethod
    def turn_orders_on(cls, *, drop_due_before: datetime | None = None) -> bool:
        """What was due while it was off is done now, but for what was due before `drop_due_before`: that is stopped.
        Answers whether it was off."""
        off = cls.objects.filter(pk=cls.SINGLETON_ID, orders_enabled=False)
        return bool(off.update(orders_enabled=True, drop_due_before=drop_due_before))

    @classmethod
    def turn_orders_off(cls) -> bool:
        """Changes start no campaign, and what goes through one stands still. Answers whether it was on."""
        return bool(cls.objects.filter(pk=cls.SINGLETON_ID, orders_enabled=True).update(orders_enabled=False))

    @classmethod
    def sending_is_paused(cls) -> bool:
        return cls.objects.filter(pk=cls.SINGLETON_ID, sending_paused_at__isnull=False).exists()

    @classmethod
    def pause_sending(cls, by: User) -> bool:
        """No gateway is called until sending is resumed. Answers whether it was not paused already."""
        running = cls.objects.filter(pk=cls.SINGLETON_ID, sending_paused_at=None)
        return bool(running.update(sending_paused_at=timezone.now(), sending_paused_by=by))

    @classmethod
    def resume_sending(cls) -> bool:
        """Answers whether it was paused."""
        paused = cls.objects.filter(pk=cls.SINGLETON_ID, sending_paused_at__isnull=False)
        return bool(paused.update(sending_paused_at=None, sending_paused_by=None))


class Source(models.Model):
    """An integration that tells us things: a shop, an ERP, a file load, the admin. Event ids belong to it."""

    # Made after every migrate, so that a single save needs no look-up to name its source.
    ADMIN_ID: ClassVar[int] = 1
    LOAD_ID: ClassVar[int] = 2

    class Mode(models.TextChoices):
        HISTORY = "history", _("History: starts no campaign")
        LIVE = "live", _("Live: starts campaigns")

    class Unknown(models.TextChoices):
        USUAL = "usual", _("Keep for 7 days what live keys tell, refuse what test keys tell")
        PARK = "park", _("Keep for 7 days, apply when it becomes known")
        REJECT = "reject", _("Refuse with an error")

    code = models.SlugField(_("code"), max_length=64, unique=True)
    name = models.CharField(_("name"), max_length=200)
    mode = models.CharField(_("mode"), max_length=8, choices=Mode, default=Mode.HISTORY)
    on_unknown = models.CharField(
        _("unknown orders and codes"),
        max_length=8,
        choices=Unknown,
        default=Unknown.USUAL,
        help_text=_("What to do with a change for an order or a status code that is not known yet."),
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("source")
        verbose_name_plural = _("sources")
        ordering: ClassVar[list[str]] = ["code"]

    def __str__(self) -> str:
        """Those that are always there are called in the reader's language, unless a person named them otherwise."""
        return gettext(self.name) if self.is_builtin and self.name else self.name

    @property
    def fires(self) -> bool:
        """Whether a change it tells of may start campaigns."""
        return self.mode == self.Mode.LIVE

    def keeps_unknown(self, *, is_test: bool) -> bool:
        """Whether a change for an order or a code that is not known yet waits for it. Whoever tries an integration with
        a test key wants to hear of a mistake at once."""
        return self.on_unknown == self.Unknown.PARK or (self.on_unknown == self.Unknown.USUAL and not is_test)

    @property
    def is_builtin(self) -> bool:
        return self.pk in {self.ADMIN_ID, self.LOAD_ID}


class Scope(models.TextChoices):
    """What a key may do. Reading and writing are granted apart."""

    STATUSES_READ = "statuses:read", _("Read statuses")
    STATUSES_WRITE = "statuses:write", _("Change statuses")
    CUSTOMERS_READ = "customers:read", _("Read customers")
    CUSTOMERS_WRITE = "customers:write", _("Change customers")
    ORDERS_READ = "orders:read", _("Read orders and their changes")
    ORDERS_WRITE = "orders:write", _("Change orders and send status changes")
    SEGMENTS_READ = "segments:read", _("Read segments and who is in them")
    SEGMENTS_WRITE = "segments:write", _("Change segments and count them")
    CAMPAIGNS_READ = "campaigns:read", _("Read campaigns, orders that entered, and messages")
    CAMPAIGNS_WRITE = "campaigns:write", _("Change, activate and end campaigns")
    REPORTS_READ = "reports:read", _("Read reports")
    HISTORY_READ = "history:read", _("Read the history of actions")


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def usable(self) -> ApiKeyQuerySet:
        return self.filter(revoked_at=None)

    def issue(self, *, name: str, source: Source, scopes: list[str], is_test: bool = False) -> tuple[ApiKey, str]:
        """Make a key. The second value is the key itself: it is shown once and stored only as a hash."""
        secret = f"os_{'test' if is_test else 'live'}_{secrets.token_urlsafe(32)}"
        key = self.create(
            name=name, source=source, scopes=sorted(scopes), prefix=secret[:12], digest=digest(secret), is_test=is_test
        )
        return key, secret


def digest(secret: str) -> str:
    """SHA-256 in hex: the keys are 256 random bits, so no slow hash is needed to resist guessing."""
    return hashlib.sha256(secret.encode()).hexdigest()


class ApiKey(models.Model):
    """A key with which a source speaks to the API."""

    source = models.ForeignKey(Source, models.CASCADE, verbose_name=_("source"), related_name="keys")
    name = models.CharField(_("name"), max_length=200)
    prefix = models.CharField(_("begins with"), max_length=16)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scopes = models.JSONField(_("may"), default=list)
    is_test = models.BooleanField(_("test key"), default=False, help_text=_("A test key never reaches a gateway."))
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        ordering: ClassVar[list[str]] = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    def may(self, scope: str) -> bool:
        return self.revoked_at is None and scope in self.scopes

    def revoke(self) -> None:
        self.revoked_at = timezone.now()
        self.save(update_fields=["revoked_at"])


class KeptAnswerQuerySet(models.QuerySet["KeptAnswer"]):
    def claim(self, *, source: Source, key: str, fingerprint: str) -> tuple[KeptAnswer, bool]:
        """The answer kept under this key, and whether the caller is the first, who is to do the work and keep it."""
        self.forgettable().delete()
        return self.get_or_create(source=source, key=key, defaults={"fingerprint": fingerprint})

    def about(self, field: str, value: str) -> KeptAnswerQuerySet:
        """Those that hold this field with this text, as `json.dumps` writes them."""
        return self.filter(body__contains=json.dumps({field: value})[1:-1])

    def forgettable(self) -> KeptAnswerQuerySet:
        now = timezone.now()
        abandoned = models.Q(status=None, created_at__lte=now - KeptAnswer.ABANDONED_AFTER)
        return self.filter(abandoned | models.Q(created_at__lte=now - KeptAnswer.KEPT_FOR))


class KeptAnswer(models.Model):
    """What a POST with an `Idempotency-Key` was answered, so that the same one sent again does nothing."""

    KEPT_FOR: ClassVar[timedelta] = timedelta(hours=24)
    # Its process died at work: whoever sends it again may do it.
    ABANDONED_AFTER: ClassVar[timedelta] = timedelta(minutes=2)

    source = models.ForeignKey(Source, models.CASCADE, db_index=False, related_name="+")
    key = models.CharField(max_length=128)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = KeptAnswerQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "key"], name="workspace_answer_once_per_key")]
        # Which to forget.
        indexes = [models.Index(fields=["created_at"], name="workspace_answers_by_age")]

    def __str__(self) -> str:
        return self.key

    def keep(self, status: int, body: str) -> None:
        type(self).objects.filter(pk=self.pk).update(status=status, body=body)


class Verb(models.TextChoices):
    """What somebody did."""

    CREATED = "created", _("Created")
    CHANGED = "changed", _("Changed")
    DELETED = "deleted", _("Deleted")
    ERASED = "erased", _("Erased")
    WRITTEN = "written", _("Wrote a batch")
    ASKED = "asked", _("Asked for activation")
    WITHDRAWN = "withdrawn", _("Took back the asking")
    ACTIVATED = "activated", _("Activated")
    DEACTIVATED = "deactivated", _("Deactivated")
    PAUSED = "paused", _("Paused")
    RESUMED = "resumed", _("Resumed")
    ENDED = "ended", _("Ended")
    ARCHIVED = "archived", _("Archived")
    BROUGHT_BACK = "brought_back", _("Brought back")
    HELD = "held", _("Held")
    RELEASED = "released", _("Released")
    RETRIED = "retried", _("Tried again")
    STOPPED = "stopped", _("Stopped")
    ISSUED = "issued", _("Issued")
    REVOKED = "revoked", _("Revoked")
    TESTED = "tested", _("Sent a test")
    SETTLED = "settled", _("Settled")
    EXPORTED = "exported", _("Exported")
    SIGNED_IN = "signed_in", _("Signed in")
    SIGNED_OUT = "signed_out", _("Signed out")
    SIGNED_OUT_EVERYWHERE = "signed_out_everywhere", _("Signed out everywhere")
    SIGN_IN_FAILED = "sign_in_failed", _("Sign-in failed")
    LOCKED_OUT = "locked_out", _("Locked out")


class Action(AppendOnlyModel):
    """One thing a person, a key or a command did (workspace/history.py). What a row may tell is declared there."""

    at = models.DateTimeField(_("when"), default=timezone.now)
    verb = models.CharField(_("what"), max_length=32, choices=Verb)
    # As they were called then. Ids are plain numbers: whoever is gone still did it.
    who = models.CharField(_("who"), max_length=200, blank=True)
    user_id = models.BigIntegerField(_("person"), null=True)
    key_id = models.BigIntegerField(_("API key"), null=True)
    source_id = models.BigIntegerField(_("source"), null=True)
    address = models.GenericIPAddressField(_("address"), null=True)
    request_id = models.CharField(_("request id"), max_length=64, blank=True)
    object_type = models.CharField(_("kind"), max_length=100, blank=True)
    object_id = models.CharField(_("id"), max_length=64, blank=True)
    object_label = models.CharField(_("on"), max_length=200, blank=True)
    # By field: [old, new], or null where only that it changed may be told.
    changes = models.JSONField(_("changes"), default=dict)
    # Of a batch: how many rows became what.
    counts = models.JSONField(_("counts"), default=dict)

    objects = AppendOnlyQuerySet["Action"].as_manager()

    class Meta:
        verbose_name = _("action")
        verbose_name_plural = _("history of actions")
        ordering: ClassVar[list[str]] = ["-id"]
        default_permissions = ("view",)
        indexes = [
            # The history of one object, of a person, of a key, and of a stretch of days.
            models.Index(fields=["object_type", "object_id", "id"], name="workspace_action_by_object"),
            models.Index(
                fields=["user_id", "id"], name="workspace_action_by_person", condition=models.Q(user_id__isnull=False)
            ),
            models.Index(
                fields=["key_id", "id"], name="workspace_action_by_key", condition=models.Q(key_id__isnull=False)
            ),
            models.Index(fields=["at"], name="workspace_action_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.get_verb_display()}: {self.object_label or self.object_type or self.who}"


class Heartbeat(models.Model):
    """When somebody last worked on a queue (workspace/heartbeats.py)."""

    name = models.CharField(max_length=64, unique=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


def make_builtin_rows(**_kwargs: Any) -> None:
    """After every migrate (and every flush of a test): the settings row and the two sources that are always there."""
    Workspace.objects.get_or_create(pk=Workspace.SINGLETON_ID)
    made = False
    for pk, code, name, mode, on_unknown in (
        (Source.ADMIN_ID, "admin", gettext_noop("Admin"), Source.Mode.LIVE, Source.Unknown.REJECT),
        (Source.LOAD_ID, "load", gettext_noop("File load"), Source.Mode.HISTORY, Source.Unknown.REJECT),
    ):
        defaults = {"code": code, "name": name, "mode": mode, "on_unknown": on_unknown}
        made |= Source.objects.get_or_create(pk=pk, defaults=defaults)[1]
    if made:
        draw_keys_after_the_highest(Source)
