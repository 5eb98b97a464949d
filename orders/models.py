"""Orders, the inbox of what sources said about them, and the ledger of what moved them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any, ClassVar, Never, Self

from django.db import models, router, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from customers.models import Customer
from orders.copies import StatusMemory
from orders.dates import BLOCKS, Date, dates_of
from orders.ledger import hold_ledger, hold_order, settled_up_to
from orders.standing import STANDING_COLUMNS, STATUS_FIELDS, TYPES, Standing, Verdict
from statuses.models import OrderStatus, StatusType
from workspace.append_only import AppendOnly, AppendOnlyModel, AppendOnlyQuerySet
from workspace.database import insert_rows, lock_rows
from workspace.models import Source
from workspace.money import from_minor
from workspace.personal import HoldsPersonalData
from workspace.text import validate_text


class StatusesAreWrittenElsewhere(TypeError):
    """A bulk statement named a status; only orders/transitions.py may, or a move would leave no trace."""

    def __init__(self, verb: str) -> None:
        super().__init__(
            f"{verb} would move orders without a transition. Use orders.transitions.hear() or Order.save()."
        )


class OrderQuerySet(models.QuerySet["Order"]):
    def with_statuses(self) -> OrderQuerySet:
        return self.select_related(*STATUS_FIELDS.values())

    def update(self, **kwargs: Any) -> int:
        if _names_a_standing(kwargs):
            raise StatusesAreWrittenElsewhere("update()")
        return super().update(**kwargs)

    def bulk_update(self, objs: Iterable[Order], fields: Iterable[str], batch_size: int | None = None) -> int:
        fields = list(fields)
        if _names_a_standing(fields):
            raise StatusesAreWrittenElsewhere("bulk_update()")
        return super().bulk_update(objs, fields, batch_size)

    def bulk_create(self, objs: Iterable[Order], *args: Any, **kwargs: Any) -> list[Order]:
        objs = list(objs)
        for order in objs:
            order._prepare_related_fields_for_save(operation_name="bulk_create")  # type: ignore[attr-defined]
        if any(status_id is not None for order in objs for status_id in order.status_ids().values()):
            raise StatusesAreWrittenElsewhere("bulk_create() of orders that have a status")
        if _names_a_standing(kwargs.get("update_fields") or ()):
            raise StatusesAreWrittenElsewhere("bulk_create()")
        return super().bulk_create(objs, *args, **kwargs)


def _names_a_standing(fields: Iterable[str]) -> bool:
    return not _STANDING_NAMES.isdisjoint(fields)


_STANDING_NAMES = frozenset({*STANDING_COLUMNS, *STATUS_FIELDS.values()})


@dataclass(frozen=True, slots=True)
class Speaker:
    """On whose word a saved order moves."""

    source_id: int = Source.ADMIN_ID
    actor_id: int | None = None
    fires: bool = True
    is_test: bool = False


class SilentBecause(models.TextChoices):
    """Why a transition, or an order's creation, starts no campaign; empty where it may."""

    FIRES = "", _("Starts campaigns")
    HISTORY = "history", _("Told as history")
    ORDERS_OFF = "orders_off", _("Orders was off")
    MERGE = "merge", _("Two statuses were merged")

    @classmethod
    def of(cls, *, fires: bool, orders_on: bool) -> SilentBecause:
        if not fires:
            return cls.HISTORY
        return cls.FIRES if orders_on else cls.ORDERS_OFF


@dataclass(frozen=True, slots=True)
class NewOrder:
    """An order that was just created, as `orders_created` tells of it."""

    pk: int
    customer_id: int | None
    placed_at: datetime
    silent_because: str


@dataclass(frozen=True, slots=True)
class Move:
    """One status of one order, changed. `statuses` are the order's three (ids by type) as they then stood."""

    type: str
    from_id: int | None
    to_id: int
    occurred_at: datetime
    statuses: dict[str, int | None]


class StatusRemoved(ValueError):
    def __init__(self, type: str) -> None:
        super().__init__(f"An order that has a {type} status cannot lose it, only move to another.")


class StatusOfAnotherType(ValueError):
    """A payment status, say, as an order's general one: no screen, filter or campaign would understand it."""

    def __init__(self, status_id: int, type: str, status_type: str) -> None:
        super().__init__(
            f"Status {status_id} is a {status_type} status, so it cannot be an order's {type} status. "
            f"Put it into {STATUS_FIELDS[status_type]}, or choose a {type} status."
        )


class Order(HoldsPersonalData):
    """A shop's order. It has one current status of each type, or none; `save()` records how they change."""

    # A shop may write anything into them: recipients, addresses, cards.
    PERSONAL = ("delivery", "payment", "custom")

    external_id = models.CharField(_("external id"), max_length=128, unique=True, validators=[validate_text])
    customer = models.ForeignKey(
        Customer,
        models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        verbose_name=_("customer"),
        related_name="orders",
    )
    total_minor = models.BigIntegerField(_("total, in minor units"), null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    ordered_at = models.DateTimeField(_("ordered at"), null=True, blank=True)

    # Its creation, as a fact that campaigns and their books go by: when it was ordered as it was first told, else when
    # that was; why it starts none; whether a test key told it. Never changed afterwards.
    placed_at = models.DateTimeField(_("placed at"), default=timezone.now, editable=False)
    silent_because = models.CharField(max_length=16, blank=True, choices=SilentBecause, default="", editable=False)
    is_test = models.BooleanField(_("told with a test key"), default=False, editable=False)

    general_status = models.ForeignKey(
        OrderStatus, models.PROTECT, null=True, blank=True, verbose_name=_("general status"), related_name="+"
    )
    delivery_status = models.ForeignKey(
        OrderStatus, models.PROTECT, null=True, blank=True, verbose_name=_("delivery status"), related_name="+"
    )
    payment_status = models.ForeignKey(
        OrderStatus, models.PROTECT, null=True, blank=True, verbose_name=_("payment status"), related_name="+"
    )
    # How new the newest change heard of each type is: an older one is late.
    general_heard_at = models.DateTimeField(null=True, editable=False)
    general_heard_sequence = models.BigIntegerField(null=True, editable=False)
    delivery_heard_at = models.DateTimeField(null=True, editable=False)
    delivery_heard_sequence = models.BigIntegerField(null=True, editable=False)
    payment_heard_at = models.DateTimeField(null=True, editable=False)
    payment_heard_sequence = models.BigIntegerField(null=True, editable=False)

    lines = models.JSONField(_("lines"), default=list, blank=True)
    delivery = models.JSONField(_("delivery"), default=dict, blank=True)
    payment = models.JSONField(_("payment"), default=dict, blank=True)
    custom = models.JSONField(_("custom fields"), default=dict, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    objects = OrderQuerySet.as_manager()

    # Set by whoever saves on somebody's behalf; else it is the admin that speaks.
    speaker = Speaker()
    # What the save under way moves, and whether Orders is on meanwhile: for the post_save receiver.
    moves: tuple[Move, ...] = ()
    orders_on = False
    # Whether this copy held dates once: its row may have some that this copy holds no more.
    had_dates = False
    _memory: StatusMemory | None = None

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        ordering: ClassVar[list[str]] = ["-id"]
        indexes = [
            # Whose last order was placed so long ago.
            models.Index(fields=["placed_at", "id"], name="orders_by_when_placed"),
            # For whom so many days have passed since it was ordered.
            models.Index(fields=["ordered_at", "id"], name="orders_by_when_ordered"),
            # What figures leave out, of which there is little.
            models.Index(fields=["id"], condition=models.Q(is_test=True), name="orders_told_by_test_keys"),
            # A customer's orders; and what rules say of all of them (number, sum, first and last) without reading one.
            models.Index(
                fields=["customer", "placed_at"],
                include=["id", "is_test", "total_minor", "currency"],
                name="orders_of_customer",
            ),
        ]

    def __str__(self) -> str:
        return self.external_id

    @property
    def total(self) -> Decimal | None:
        return None if self.total_minor is None else from_minor(self.total_minor, self.currency)

    def mask(self) -> None:
        super().mask()
        self.delivery, self.payment, self.custom = {}, {}, {}
        if self.customer:
            self.customer.mask()

    def blocks(self) -> dict[str, Any]:
        """The objects that may hold dates, as far as this copy has loaded them."""
        return {name: self.__dict__[name] for name in BLOCKS if name in self.__dict__}

    def status_ids(self) -> dict[str, int | None]:
        """Status ids by type, without those this copy has not loaded."""
        return {type: self.__dict__[attname] for type, attname in _STATUS_ATTNAMES.items() if attname in self.__dict__}

    @classmethod
    def from_db(cls, db: str | None, field_names: Collection[str], values: Collection[Any], **kwargs: Any) -> Self:
        order = super().from_db(db, field_names, values, **kwargs)
        order._memory = StatusMemory(order.status_ids())
        order.had_dates = bool(dates_of(order.blocks()))
        return order

    def refresh_from_db(
        self,
        using: str | None = None,
        fields: Iterable[str] | None = None,
        from_queryset: models.QuerySet[Order] | None = None,
    ) -> None:
        fields = None if fields is None else list(fields)
        super().refresh_from_db(using=using, fields=fields, from_queryset=from_queryset)
        self.had_dates = self.had_dates or bool(dates_of(self.blocks()))
        if self._memory is not None:
            self._memory.has_read({type: id for type, id in self.status_ids().items() if _is_named(type, fields)})

    def __getstate__(self) -> dict[str, Any]:
        """A copy of this copy, or a pickle of it, goes its own way."""
        return {**super().__getstate__(), "_memory": self._memory and self._memory.copy()}

    def save(
        self,
        *,
        force_insert: Any = False,
        force_update: bool = False,
        using: str | None = None,
        update_fields: Iterable[str] | None = None,
    ) -> None:
        """Save the row and, in the same transaction, record each status that this copy changed.

        Of the statuses only those changed in this copy are written, so a stale copy moves nothing back.
        Raises StatusRemoved where a status would become none, StatusOfAnotherType where it would be one of those.
        """
        using = using or router.db_for_write(type(self), instance=self)
        update_fields = None if update_fields is None else list(update_fields)
        inserts = {"force_insert": force_insert, "force_update": force_update}
        blocks = [name for name in self.blocks() if update_fields is None or name in update_fields]
        dates = dates_of({name: self.__dict__[name] for name in blocks})
        if not (blocks and (dates or self.had_dates)):
            self._save(using=using, update_fields=update_fields, **inserts)
            return
        with transaction.atomic(using=using):
            self._save(using=using, update_fields=update_fields, **inserts)
            OrderDate.objects.using(using).keep({self.pk: dates}, blocks)
        self.had_dates = True

    def _save(self, *, force_insert: Any, force_update: bool, using: str, update_fields: list[str] | None) -> None:
        # An assigned status that had no id yet may have one now; Django looks only after we did.
        self._prepare_related_fields_for_save(operation_name="save")  # type: ignore[attr-defined]
        self._forget_undone_insert()
        is_new = self._state.adding and update_fields is None and not force_update
        changed = [type for type in self._changed_types() if _is_named(type, update_fields)]
        save_row = partial(
            super().save,
            force_insert=force_insert or is_new,
            force_update=force_update,
            using=using,
            update_fields=update_fields if is_new else self._fields_to_write(update_fields, changed),
        )
        if is_new or changed:
            self._save_and_record(save_row, changed, using, is_new=is_new)
        else:
            save_row()

    def _save_and_record(self, save_row: Callable[[], None], changed: list[str], using: str, *, is_new: bool) -> None:
        memory = StatusMemory(is_stored=False) if is_new else self._memory or StatusMemory()
        self._memory = memory
        with transaction.atomic(using=using):
            self.moves = self._take_moves(changed, is_new=is_new)
            if is_new:
                self._begin()
            save_row()
            self.moves = ()
            memory.has_written({t: id for t, id in self.status_ids().items() if is_new or t in changed}, using)

    def _begin(self) -> None:
        self.placed_at = self.ordered_at or timezone.now()
        self.silent_because = SilentBecause.of(fires=self.speaker.fires, orders_on=self.orders_on)
        self.is_test = self.speaker.is_test

    def _forget_undone_insert(self) -> None:
        """Django leaves an order whose insert was rolled back looking like a stored one."""
        if self._memory is not None and not self._memory.row_exists():
            self.pk, self._state.adding = None, True

    def _changed_types(self) -> list[str]:
        now = self.status_ids()
        if self._state.adding:
            return [type for type, status_id in now.items() if status_id is not None]
        changed = (self._memory or StatusMemory()).changed(now)
        return [type for type in TYPES if type in changed]

    def _fields_to_write(self, asked: list[str] | None, changed: list[str]) -> list[str]:
        """Everything asked for, but no status that this copy left alone, and when one was heard with it."""
        deferred = self.get_deferred_fields()
        if asked is None:
            asked = [f.name for f in self._meta.concrete_fields if not f.primary_key and f.attname not in deferred]
        heard = [column for type in changed for column in (f"{type}_heard_at", f"{type}_heard_sequence")]
        return [name for name in asked if name not in _STANDING_NAMES] + [STATUS_FIELDS[t] for t in changed] + heard

    def _take_moves(self, changed: list[str], *, is_new: bool) -> tuple[Move, ...]:
        """Hold the ledger and the row, and tell what this save moves from where the row stands, not from where this
        copy stood.
        """
        standing = self._hold_ledger(changed) if is_new else self._hold_ledger_and_row(changed)
        now = timezone.now()
        moves = [move for type in changed if (move := self._move(standing, type, now))]
        for type in changed:
            setattr(self, f"{type}_heard_at", standing.heard_at[type])
            setattr(self, f"{type}_heard_sequence", standing.sequence[type])
        return tuple(moves)

    def _hold_ledger(self, changed: list[str]) -> Standing:
        """Of a new order. A status known by its id alone is looked up: no statement that is made anyway could tell its
        type.
        """
        self.orders_on = hold_ledger()
        unseen = self._check_seen(changed)
        if unseen:
            types = dict(OrderStatus.objects.filter(pk__in=unseen.values()).order_by().values_list("pk", "type"))
            _check_types((type, id, types.get(id)) for type, id in unseen.items())
        return Standing()

    def _hold_ledger_and_row(self, changed: list[str]) -> Standing:
        """The statement that locks the row also tells the types of statuses known by their ids alone."""
        unseen = self._check_seen(changed)
        held = hold_order(self, list(unseen.values()))
        _check_types((type, id, of) for (type, id), of in zip(unseen.items(), held.types, strict=True))
        self.orders_on = held.orders_on
        return held.standing

    def _check_seen(self, changed: list[str]) -> dict[str, int]:
        """Check the statuses this copy holds as objects; answer the ids of the others by type."""
        ids = {type: int(id) for type in changed if (id := self.status_ids()[type]) is not None}
        seen = {type: status for type in ids if (status := self._state.fields_cache.get(STATUS_FIELDS[type]))}
        _check_types((type, ids[type], status.type) for type, status in seen.items())
        return {type: id for type, id in ids.items() if type not in seen}

    def _move(self, standing: Standing, type: str, now: datetime) -> Move | None:
        written, from_id = self.status_ids()[type], standing.status[type]
        if written is None:
            if from_id is None:
                return None
            raise StatusRemoved(type)
        to_id = int(written)  # forms and fixtures assign ids as text
        occurred_at = standing.next_moment(type, now)
        if standing.hear(type, to_id, occurred_at, None) is not Verdict.MOVED:
            return None
        return Move(type, from_id, to_id, occurred_at, dict(standing.status))


_STATUS_ATTNAMES = {type: f"{name}_id" for type, name in STATUS_FIELDS.items()}


def _is_named(type: str, fields: Iterable[str] | None) -> bool:
    return fields is None or STATUS_FIELDS[type] in fields or _STATUS_ATTNAMES[type] in fields


def _check_types(written: Iterable[tuple[str, int, str | None]]) -> None:
    """Each is an order's type with the status it gets: its id and its own type, None if there is none with that id."""
    for type, status_id, status_type in written:
        if status_type is not None and status_type != type:  # what is not there its foreign key refuses
            raise StatusOfAnotherType(status_id, type, status_type)


class OrderDateQuerySet(models.QuerySet["OrderDate"]):
    def keep(self, told: Mapping[int, Mapping[str, Date]], blocks: Collection[str] = BLOCKS) -> None:
        """Let those of these orders (primary keys, locked by the caller) be just these dates, as far as they stand in
        these objects. One that is the same stays as it is."""
        kept = {
            (row.order_id, row.name): row
            for row in self.filter(order__in=told).order_by()
            if row.name.partition(".")[0] in blocks
        }
        wanted = {(order, name): date for order, dates in told.items() for name, date in dates.items()}
        stays = {place for place, row in kept.items() if wanted.get(place) == Date(row.at, row.is_day)}
        if gone := [row.pk for place, row in kept.items() if place not in stays]:
            self.filter(pk__in=gone).delete()
        now = timezone.now()
        insert_rows(
            [
                OrderDate(order_id=order, name=name, at=date.at, is_day=date.is_day, told_at=now)
                for (order, name), date in wanted.items()
                if (order, name) not in stays
            ]
        )


class OrderDate(models.Model):
    """A date that a shop wrote into an order's own fields, by name (`custom.appointment`), so that the day it comes can
    be looked up. Whoever writes those fields keeps these rows in step, in that transaction."""

    order = models.ForeignKey(Order, models.CASCADE, db_index=False, related_name="dates")
    name = models.CharField(max_length=80)
    # If it is a day: its midnight in UTC, whatever zone it is meant in.
    at = models.DateTimeField()
    is_day = models.BooleanField()
    told_at = models.DateTimeField()

    objects = OrderDateQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "name"], name="orders_date_once_per_name"),
        ]
        indexes = [
            # For whom a date comes.
            models.Index(fields=["name", "at", "id"], name="orders_date_comes"),
        ]

    def __str__(self) -> str:
        return f"{self.order_id}: {self.name} {self.at:%Y-%m-%d}"


class InboxVerdict(models.TextChoices):
    """What became of a change that was accepted. A repeat is no row, and neither is a rejected one."""

    MOVED = "moved", _("Moved the order")
    UNCHANGED = "unchanged", _("Changed nothing")
    LATE = "late", _("Came late")
    PARKED = "parked", _("Waits to be understood")
    IGNORED = "ignored", _("Its code says nothing here")


class StatusChangeQuerySet(models.QuerySet["StatusChange"]):
    def parked(self, now: datetime) -> StatusChangeQuerySet:
        """Those that wait, and did not wait too long."""
        return self.filter(verdict=InboxVerdict.PARKED, parked_until__gt=now)

    def hold_orders(self) -> None:
        """Lock the orders they speak of until the transaction ends, in the writer's order of locks: for whoever goes on
        to write to the inbox, or to have several sets applied, in one transaction."""
        hold_ledger()
        names = self.order_by().values("order_external_id")
        list(lock_rows(Order.objects.filter(external_id__in=names).order_by("pk")).values_list("pk"))

    def delete(self) -> Never:
        raise AppendOnly(self.model)


class StatusChange(models.Model):
    """The inbox: one thing a source said, and what became of it. Holds ids only, nothing personal."""

    source = models.ForeignKey(Source, models.PROTECT, verbose_name=_("source"), db_index=False, related_name="+")
    event_id = models.CharField(_("event id"), max_length=128, null=True)  # noqa: DJ001 - unique where there is one
    order = models.ForeignKey(Order, models.PROTECT, null=True, verbose_name=_("order"), related_name="status_changes")
    order_external_id = models.CharField(_("order"), max_length=128)
    type = models.CharField(_("type"), max_length=8, choices=StatusType)
    code = models.CharField(_("code"), max_length=64)
    status = models.ForeignKey(
        OrderStatus, models.PROTECT, null=True, verbose_name=_("status"), db_index=False, related_name="+"
    )
    occurred_at = models.DateTimeField(_("occurred at"))
    sequence = models.BigIntegerField(_("sequence"), null=True)
    received_at = models.DateTimeField(_("received at"))
    actor_id = models.BigIntegerField(_("actor"), null=True)
    fires = models.BooleanField(_("starts campaigns"))
    is_test = models.BooleanField(_("told with a test key"), default=False)
    verdict = models.CharField(_("verdict"), max_length=9, choices=InboxVerdict)
    parked_until = models.DateTimeField(_("kept until"), null=True)

    objects = StatusChangeQuerySet.as_manager()

    class Meta:
        verbose_name = _("status change received")
        verbose_name_plural = _("status changes received")
        ordering: ClassVar[list[str]] = ["-id"]
        constraints = [
            # Dedupe has no horizon: the same event of a source is one row for ever.
            models.UniqueConstraint(fields=["source", "event_id"], name="orders_event_once_per_source"),
        ]
        indexes = [
            # What waits for an order or a code to appear.
            models.Index(fields=["order_external_id"], condition=models.Q(verdict="parked"), name="orders_parked"),
            # What waits for a code of a source to get a meaning.
            models.Index(
                fields=["source", "type"], condition=models.Q(verdict="parked"), name="orders_parked_of_source"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order_external_id}: {self.get_type_display()} {self.code}"

    def delete(self, *args: Any, **kwargs: Any) -> Never:
        raise AppendOnly(type(self))


class UnknownCode(models.Model):
    """A code that a source sent and nobody has said what it means: told of until somebody does."""

    source = models.ForeignKey(Source, models.CASCADE, verbose_name=_("source"), db_index=False, related_name="+")
    type = models.CharField(_("type"), max_length=8, choices=StatusType)
    code = models.CharField(_("code"), max_length=64)
    code_key = models.CharField(max_length=192, editable=False)
    times = models.PositiveIntegerField(_("times"))
    first_seen_at = models.DateTimeField(_("first seen"))
    last_seen_at = models.DateTimeField(_("last seen"))
    order_external_id = models.CharField(_("for example"), max_length=128)

    class Meta:
        verbose_name = _("unknown code")
        verbose_name_plural = _("unknown codes")
        ordering: ClassVar[list[str]] = ["-last_seen_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["source", "type", "code_key"], name="orders_unknown_code_once"),
        ]

    def __str__(self) -> str:
        return self.code


class StatusTransitionQuerySet(AppendOnlyQuerySet["StatusTransition"]):
    def loud(self) -> StatusTransitionQuerySet:
        return self.filter(silent_because=SilentBecause.FIRES)

    def settled(self) -> StatusTransitionQuerySet:
        """Those below which none can appear any more, as of now: for whoever remembers the last id it read."""
        end = settled_up_to()
        return self if end is None else self.filter(pk__lte=end)


class StatusTransition(AppendOnlyModel):
    """The ledger: one row for each move of an order, never changed afterwards, holding ids only."""

    order = models.ForeignKey(
        Order, models.PROTECT, verbose_name=_("order"), db_index=False, related_name="transitions"
    )
    type = models.CharField(_("type"), max_length=8, choices=StatusType)
    from_status = models.ForeignKey(
        OrderStatus, models.PROTECT, null=True, verbose_name=_("from"), db_index=False, related_name="+"
    )
    to_status = models.ForeignKey(OrderStatus, models.PROTECT, verbose_name=_("to"), db_index=False, related_name="+")
    occurred_at = models.DateTimeField(_("occurred at"))
    received_at = models.DateTimeField(_("received at"))
    source = models.ForeignKey(Source, models.PROTECT, verbose_name=_("source"), db_index=False, related_name="+")
    change = models.OneToOneField(
        StatusChange, models.PROTECT, null=True, verbose_name=_("status change"), related_name="transition"
    )
    actor_id = models.BigIntegerField(_("actor"), null=True)
    silent_because = models.CharField(_("silent because"), max_length=16, blank=True, choices=SilentBecause)
    is_test = models.BooleanField(_("told with a test key"), default=False)

    # The order as it then stood, this move included.
    customer = models.ForeignKey(Customer, models.PROTECT, null=True, db_index=False, related_name="+")
    general_status = models.ForeignKey(OrderStatus, models.PROTECT, null=True, db_index=False, related_name="+")
    delivery_status = models.ForeignKey(OrderStatus, models.PROTECT, null=True, db_index=False, related_name="+")
    payment_status = models.ForeignKey(OrderStatus, models.PROTECT, null=True, db_index=False, related_name="+")
    total_minor = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3, blank=True)

    objects = StatusTransitionQuerySet.as_manager()

    class Meta:
        verbose_name = _("status transition")
        verbose_name_plural = _("status transitions")
        ordering: ClassVar[list[str]] = ["-id"]
        indexes = [
            # An order's timeline, and the fold that audit compares.
            models.Index(fields=["order", "type", "id"], name="orders_ledger_of_order"),
            # Which transitions a trigger matches, at back-fill and in audit; and who came there so long ago.
            models.Index(fields=["to_status", "occurred_at", "id"], name="orders_ledger_into_status_at"),
        ]

    def __str__(self) -> str:
        return f"{self.order_id}: {self.type} {self.from_status_id} → {self.to_status_id}"

    @property
    def total(self) -> Decimal | None:
        return None if self.total_minor is None else from_minor(self.total_minor, self.currency)
