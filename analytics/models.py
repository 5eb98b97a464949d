"""What analytics keeps: history as it happened, segments with who is in them, and what reports counted of closed days.

Rules and lists alone are original.
"""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from customers.models import Customer
from orders.models import Order
from statuses.models import OrderStatus, StatusType
from workspace.models import Source
from workspace.personal import HoldsPersonalData
from workspace.text import validate_text


class Visit(models.Model):
    """One stay of an order in a status, by when it happened: docs/analytics.md. analytics/visits.py writes it.

    What it points at is there because the rows it is made of point there; to have the database look it up again for
    each would cost more than all else.
    """

    order = models.ForeignKey(Order, models.CASCADE, db_index=False, db_constraint=False, related_name="+")
    customer = models.ForeignKey(
        Customer, models.CASCADE, null=True, db_index=False, db_constraint=False, related_name="+"
    )
    source = models.ForeignKey(Source, models.PROTECT, db_index=False, db_constraint=False, related_name="+")
    type = models.CharField(max_length=8, choices=StatusType)
    # From 1 on, within the order and type.
    ordinal = models.PositiveIntegerField()
    # As it is meant today: of one that was merged, the other.
    status = models.ForeignKey(OrderStatus, models.CASCADE, db_index=False, db_constraint=False, related_name="+")
    from_status = models.ForeignKey(
        OrderStatus, models.CASCADE, null=True, db_index=False, db_constraint=False, related_name="+"
    )
    entered_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True)

    # The path through marked statuses.
    is_step = models.BooleanField()
    path_from = models.ForeignKey(
        OrderStatus, models.CASCADE, null=True, db_index=False, db_constraint=False, related_name="+"
    )
    path_left_at = models.DateTimeField(null=True)
    # When the order next came to this status by a step: of one that did so twice, the last is to be told.
    again_at = models.DateTimeField(null=True)

    # Of the order as it is now, so that it need not be looked up to be counted and added up.
    total_minor = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3, default="")
    is_test = models.BooleanField(default=False)

    class Meta:
        constraints = [
            # Of two that make the visits of one order at once the second finds out. And an order's own history.
            models.UniqueConstraint(fields=["order", "type", "ordinal"], name="analytics_visit_once"),
        ]
        indexes = [
            # Who reached a status, and when: segments and reports.
            models.Index(
                fields=["status", "entered_at"],
                include=[
                    *("customer", "order", "path_from", "path_left_at", "type", "source"),
                    *("again_at", "total_minor", "currency", "is_test"),
                ],
                condition=models.Q(is_step=True),
                name="analytics_steps_reached",
            ),
            # What one customer did: Filter customers.
            models.Index(
                fields=["customer", "status", "entered_at"],
                include=[
                    *("order", "path_from", "path_left_at", "type"),
                    *("again_at", "total_minor", "currency", "is_test"),
                ],
                condition=models.Q(is_step=True),
                name="analytics_steps_by_customer",
            ),
            # What came and went on a day, and how long it had been there: reports.
            models.Index(fields=["type", "entered_at"], name="analytics_visits_came"),
            models.Index(
                fields=["type", "left_at"], condition=models.Q(left_at__isnull=False), name="analytics_visits_went"
            ),
            models.Index(
                fields=["type", "path_left_at"],
                condition=models.Q(is_step=True, path_left_at__isnull=False),
                name="analytics_steps_went",
            ),
            # Who is still there, and since when.
            models.Index(
                fields=["status", "entered_at"],
                include=["order", "source"],
                condition=models.Q(is_step=True, path_left_at__isnull=True),
                name="analytics_steps_standing",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order_id}: {self.type} {self.status_id} at {self.entered_at:%Y-%m-%d %H:%M}"


class Bookmark(models.Model):
    """How far history has been read: one row."""

    ONLY_ID = 1

    # All ledger and inbox rows up to these ids have been.
    ledger_id = models.BigIntegerField(default=0)
    inbox_id = models.BigIntegerField(default=0)
    # While all of it is made again: orders up to this one have been.
    order_id = models.BigIntegerField(null=True, default=0)
    # Everything committed by then has been read.
    read_at = models.DateTimeField(null=True)
    # When a status was last found to be read otherwise than before: marked, not marked any more, or merged.
    reread_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"transition {self.ledger_id}, change {self.inbox_id}"


class StatusReading(models.Model):
    """How a status was read when visits were made: as which, and whether that one was marked. With no row: as itself,
    and marked. Numbers, as whoever asks what uses a status does not mean this.
    """

    status_id = models.BigIntegerField(primary_key=True)
    read_as_id = models.BigIntegerField()
    is_marked = models.BooleanField()

    def __str__(self) -> str:
        return f"{self.status_id} as {self.read_as_id}"


class StaleOrder(models.Model):
    """An order whose visits are to be made again, though no row of the ledger or the inbox is new."""

    order = models.ForeignKey(Order, models.CASCADE, db_constraint=False, related_name="+")

    def __str__(self) -> str:
        return str(self.order_id)


class Segment(models.Model):
    """Customers of whom a rule holds, or a list of them that somebody brought."""

    class Kind(models.TextChoices):
        RULE = "rule", _("By a rule")
        LIST = "list", _("A list")

    class Problem(models.TextChoices):
        RULE = "rule", _("Its rule asks about what is not there any more, or not in analytics.")
        SLOW = "slow", _("It takes too long to count. Ask for less.")

    code = models.SlugField(_("code"), max_length=64, unique=True)
    name = models.CharField(_("name"), max_length=200, validators=[validate_text])
    kind = models.CharField(_("kind"), max_length=4, choices=Kind, default=Kind.RULE)
    # The root group, in format 1; empty for a list.
    rule = models.JSONField(_("rule"), default=dict, blank=True)
    revision = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, editable=False, related_name="+", verbose_name=_("by")
    )
    rule_changed_at = models.DateTimeField(null=True, editable=False)
    # As of when its members were last counted, how many they were, and how long that took.
    counted_at = models.DateTimeField(_("counted"), null=True, editable=False)
    members_count = models.PositiveIntegerField(_("customers"), null=True, editable=False)
    counted_in_s = models.FloatField(null=True, editable=False)
    # When somebody last asked for a count, when one was last begun, and until when that one is its worker's.
    count_asked_at = models.DateTimeField(null=True, editable=False)
    count_began_at = models.DateTimeField(null=True, editable=False)
    counting_until = models.DateTimeField(null=True, editable=False)
    # Why the last count failed, in a word: its members are those of the one before.
    problem = models.CharField(max_length=500, blank=True, choices=Problem, editable=False)

    class Meta:
        verbose_name = _("segment")
        verbose_name_plural = _("segments")
        ordering: ClassVar[list[str]] = ["name", "id"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_list(self) -> bool:
        return self.kind == self.Kind.LIST

    @property
    def is_asked_for(self) -> bool:
        """Whether somebody asked for a count since the last was begun."""
        asked, began = self.count_asked_at, self.count_began_at
        return asked is not None and (began is None or asked > began)

    @property
    def is_being_counted(self) -> bool:
        """A count is asked for, or under way."""
        return self.is_asked_for or (self.counting_until is not None and self.counting_until > timezone.now())

    @property
    def is_counted_by_its_rule(self) -> bool:
        """Whether its members were counted since its rule was last changed: who comes and goes then is news."""
        return self.counted_at is not None and (self.rule_changed_at is None or self.rule_changed_at <= self.counted_at)


class Member(HoldsPersonalData):
    """A customer who is in a segment, since when."""

    segment = models.ForeignKey(
        Segment, models.CASCADE, verbose_name=_("segment"), db_index=False, related_name="members"
    )
    customer = models.ForeignKey(Customer, models.CASCADE, verbose_name=_("customer"), related_name="+")
    since = models.DateTimeField(_("since"))

    class Meta:
        verbose_name = _("customer in a segment")
        verbose_name_plural = _("customers in segments")
        # Who may see the segment and the customers may see who is in it; nobody writes it by hand.
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["segment", "customer"], name="analytics_member_once"),
        ]

    def __str__(self) -> str:
        return f"{self.segment_id}: {self.customer_id}"

    def mask(self) -> None:
        super().mask()
        self.customer.mask()


class Crossing(models.Model):
    """A customer entered a segment or left it: a fact of one count, kept. A first count, or that of a changed rule, is
    none of anybody's doing and writes no rows. Ids only, like the ledger.
    """

    segment = models.ForeignKey(Segment, models.CASCADE, db_index=False, related_name="+")
    customer = models.ForeignKey(Customer, models.CASCADE, db_index=False, related_name="+")
    # Their last order then, by when it was placed: what a campaign speaks of.
    order = models.ForeignKey(Order, models.CASCADE, null=True, db_index=False, related_name="+")
    has_entered = models.BooleanField()
    at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        indexes = [
            # What a campaign answers to, in order of time.
            models.Index(fields=["segment", "has_entered", "at", "id"], name="analytics_crossings_by_when"),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id} {'into' if self.has_entered else 'out of'} {self.segment_id}"


class Rollup(models.Model):
    """One thing that reports count of a status type by days of a time zone, and how far its closed days go.

    analytics/reports/rollups.py writes it; what it holds can be thrown away at any time.
    """

    about = models.CharField(max_length=200)
    type = models.CharField(max_length=8, choices=StatusType)
    timezone = models.CharField(max_length=64)
    # What happened before this day is in the days that are kept; from then on it is read live.
    closed_until = models.DateField()
    asked_at = models.DateTimeField()

    class Meta:
        verbose_name = _("report")
        verbose_name_plural = _("reports")
        # Nobody's to add or change.
        default_permissions = ()
        permissions: ClassVar = [("read_reports", _("Can read reports"))]
        constraints = [
            models.UniqueConstraint(fields=["about", "timezone"], name="analytics_rollup_once"),
        ]

    def __str__(self) -> str:
        return f"{self.about} until {self.closed_until}"


class RollupDay(models.Model):
    """What was counted of one closed day. A day that is missing is counted again when it is next read."""

    rollup = models.ForeignKey(Rollup, models.CASCADE, db_index=False, related_name="days")
    day = models.DateField()
    # [[key, numbers, how many of the seconds are its own], …]
    counts = models.JSONField()
    # Durations, those of each key sorted: four bytes each.
    seconds = models.BinaryField()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["rollup", "day"], name="analytics_rollup_day_once"),
        ]

    def __str__(self) -> str:
        return f"{self.rollup_id}: {self.day}"
