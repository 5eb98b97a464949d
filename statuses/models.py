"""The vocabulary: the partner's own words for where an order stands."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models.functions import Coalesce
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from workspace.models import Source
from workspace.reading import Problem, check_text

RESERVED_CODES = frozenset({"any", "any_existing", "none"})
LONGEST_CODE = 64


class StatusType(models.TextChoices):
    GENERAL = "general", _("General")
    DELIVERY = "delivery", _("Delivery")
    PAYMENT = "payment", _("Payment")


# As a person reads the types, not as a database sorts their words.
_NTH_TYPE = models.Case(*(models.When(type=type, then=place) for place, type in enumerate(StatusType.values)))
LISTED = (_NTH_TYPE.asc(), "position", "pk")


class Colour(models.TextChoices):
    """What a status is marked with; the style sheet says how each looks on light and on dark."""

    GREY = "grey", _("Grey")
    RED = "red", _("Red")
    ORANGE = "orange", _("Orange")
    YELLOW = "yellow", _("Yellow")
    GREEN = "green", _("Green")
    TEAL = "teal", _("Teal")
    BLUE = "blue", _("Blue")
    VIOLET = "violet", _("Violet")
    PINK = "pink", _("Pink")


def code_key(code: str) -> str:
    """What codes are compared by: they keep their spelling and match without regard to case."""
    return code.strip().casefold()


def validate_code(code: str) -> None:
    """What a code may be, whatever the door: those that take it from outside drop the spaces at its ends first."""
    if not 0 < len(code) <= LONGEST_CODE:
        raise ValidationError(_("A code has 1 to %(most)d characters."), params={"most": LONGEST_CODE})
    if code_key(code) in RESERVED_CODES:
        raise ValidationError(
            _("“%(code)s” means something of its own in campaigns. Choose another code."), params={"code": code}
        )
    if code != code.strip() or not code.isprintable():
        raise ValidationError(_("A code has no spaces at its ends and only printable characters."))


def check_code(name: str, written: Any) -> Problem | None:
    """Whether a status could have this code. One that none could have is a mistake, nothing to wait for."""
    code = written.strip() if isinstance(written, str) else written
    if problem := check_text(name, code, LONGEST_CODE):
        return problem
    try:
        validate_code(code)
    except ValidationError as error:
        return Problem("invalid_code", " ".join(error.messages), name)
    return None


class TypeIsFixed(ValueError):
    """Orders stand in a status as one of its type, and campaigns watch it as that."""

    def __init__(self) -> None:
        super().__init__("A status keeps the type it was made with. Make another status of the other type.")


class OrderStatusQuerySet(models.QuerySet["OrderStatus"]):
    def of_type(self, type: str) -> OrderStatusQuerySet:
        return self.filter(type=type)

    def meant_by(self, type: str, keys: Collection[str]) -> list[int]:
        """The statuses with these codes; of one that was merged, what is meant by its code today as well."""
        named = self.of_type(type).filter(code_key__in=keys).order_by()
        return sorted({id for ids in named.values_list("pk", "merged_into") for id in ids if id is not None})

    def offered(self) -> OrderStatusQuerySet:
        """Those that people choose from."""
        return self.filter(retired_at=None)

    def listed(self) -> OrderStatusQuerySet:
        """General, delivery, payment; within a type as people put them."""
        return self.order_by(*LISTED)

    def not_merged(self) -> OrderStatusQuerySet:
        return self.filter(merged_into=None)

    def with_code(self, type: str, code: str) -> OrderStatusQuerySet:
        return self.filter(type=type, code_key=code_key(code))

    def unused(self) -> OrderStatusQuerySet:
        """Those that no row of any app points at. One query, however many they are."""
        uses = (rows.filter(**{column: models.OuterRef("pk")}) for rows, column in _pointing_here())
        return self.filter(*(~models.Exists(rows) for rows in uses))

    def update(self, **kwargs: Any) -> int:
        if "type" in kwargs:
            raise TypeIsFixed
        return super().update(**kwargs)

    def bulk_update(self, objs: Iterable[OrderStatus], fields: Iterable[str], batch_size: int | None = None) -> int:
        fields = list(fields)
        if "type" in fields:
            raise TypeIsFixed
        return super().bulk_update(objs, fields, batch_size)

    def bulk_create(self, objs: Iterable[OrderStatus], *args: Any, **kwargs: Any) -> list[OrderStatus]:
        if "type" in (kwargs.get("update_fields") or ()):
            raise TypeIsFixed
        return super().bulk_create(objs, *args, **kwargs)

    def add_missing(self, wanted: Iterable[tuple[str, str]], source: Source | None = None) -> list[OrderStatus]:
        """Create a status for each (type, code) that means nothing yet (to this source), named after its code. Safe to
        run beside itself."""
        aliases = StatusAlias.objects.filter(models.Q(source=None) | models.Q(source=source))
        known = {*self.values_list("type", "code_key"), *aliases.values_list("type", "code_key")}
        missing: dict[tuple[str, str], str] = {}
        for type, code in wanted:
            if (type, code_key(code)) not in known:
                missing.setdefault((type, code_key(code)), code)
        created = []
        for (type, key), code in missing.items():
            status, is_new = self.get_or_create(
                type=type, code_key=key, defaults={"code": code.strip(), "name": name_from_code(code)}
            )
            if is_new:
                created.append(status)
        return created


def name_from_code(code: str) -> str:
    words = code.replace("_", " ").replace("-", " ").strip()
    return words[:1].upper() + words[1:]


class OrderStatus(models.Model):
    """One word of the vocabulary, of one of three types. Any status may follow any other."""

    type = models.CharField(_("type"), max_length=8, choices=StatusType)
    name = models.CharField(_("name"), max_length=200)
    code = models.CharField(
        _("status code"),
        max_length=64,
        validators=[validate_code],
        help_text=_("Integrations use it to set this status."),
    )
    code_key = models.CharField(max_length=192, editable=False)
    include_in_analytics = models.BooleanField(
        _("include in analytics"), default=True, help_text=_("Offer it in reports and in the segment builder.")
    )
    colour = models.CharField(_("colour"), max_length=8, choices=Colour, default=Colour.GREY)
    # Within its type, from 1 on, everywhere statuses are listed; 0, as of a new one: after all others.
    position = models.PositiveIntegerField(_("position"), default=0)
    # Retired, it is offered no more; integrations may go on telling it, or are refused, as was chosen.
    retired_at = models.DateTimeField(_("retired"), null=True, editable=False)
    is_taken_from_sources = models.BooleanField(_("taken from integrations"), default=True, editable=False)
    # While a merge is asked for, its orders are being moved; once it is done, its code means the other status.
    merging_into = models.ForeignKey(
        "self", models.PROTECT, verbose_name=_("being merged into"), null=True, editable=False, related_name="+"
    )
    merged_into = models.ForeignKey(
        "self", models.PROTECT, verbose_name=_("merged into"), null=True, editable=False, related_name="merged"
    )
    # Counts changes, so that of two people who edit it at once the second is told.
    revision = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = OrderStatusQuerySet.as_manager()

    class Meta:
        verbose_name = _("order status")
        verbose_name_plural = _("order statuses")
        ordering: ClassVar[list[str]] = ["type", "position", "id"]
        constraints = [
            models.CheckConstraint(condition=models.Q(type__in=StatusType.values), name="statuses_type_is_known"),
            models.UniqueConstraint(
                fields=["type", "code_key"],
                name="statuses_code_once_per_type",
                violation_error_message=_("A status of this type already has this code."),
            ),
            models.CheckConstraint(
                condition=models.Q(merged_into=None, merging_into=None) | models.Q(retired_at__isnull=False),
                name="statuses_merged_is_retired",
            ),
        ]
        permissions = [("map_code", _("Can say what unknown codes mean"))]

    def __str__(self) -> str:
        return self.name

    def clean_fields(self, exclude: Collection[str] | None = None) -> None:
        self.code_key = code_key(self.code)
        super().clean_fields(exclude=exclude)

    def validate_constraints(self, exclude: Collection[str] | None = None) -> None:
        """The key is checked where the code is: a form shows the code alone, and a code may be too bad to look for."""
        given = set(exclude or ()) - {"code_key"}
        if not self._state.adding:  # a form that leaves the type out knows it all the same
            given -= {"type"}
        super().validate_constraints(exclude=given | {"code_key"} if "code" in given else given)
        if "code" not in given:
            self._check_alias()

    def save(self, *, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        """Raises ValidationError for what is no code, and TypeIsFixed where the type would become another."""
        self.code_key = code_key(self.code)
        written = {field.name for field in self._meta.concrete_fields} if update_fields is None else set(update_fields)
        if "code" in written:
            validate_code(self.code)
            update_fields = None if update_fields is None else {*written, "code_key"}
        with transaction.atomic():  # nobody meets a status before those have heard of it who wait for its code
            if "type" in written:
                self._check_type()
            if "position" in written and not self.position:
                newest = OrderStatus.objects.of_type(self.type).aggregate(last=models.Max("position"))["last"]
                self.position = (newest or 0) + 1
            super().save(update_fields=update_fields, **kwargs)

    def clean(self) -> None:
        try:
            self._check_type()
        except TypeIsFixed:
            fixed = _("A status keeps its type. Add another status of the other type instead.")
            raise ValidationError({"type": fixed}) from None

    def _check_alias(self) -> None:
        """A code that goes by another name already would mean another status from then on."""
        alias = StatusAlias.objects.of_all(self.type, self.code).select_related("status").first()
        if alias is not None and (alias.status is None or alias.status.pk != self.pk):
            raise ValidationError({"code": alias.why_taken()})

    def _check_type(self) -> None:
        """Asked of the row, as copies come about in many ways; saving a status is rare."""
        if self.pk and OrderStatus.objects.filter(pk=self.pk).exclude(type=self.type).exists():
            raise TypeIsFixed

    @property
    def is_retired(self) -> bool:
        return self.retired_at is not None

    @property
    def stands_for_id(self) -> int:
        """The status that is meant by it today."""
        return self.merged_into_id or self.pk

    def is_used(self) -> bool:
        """Whether any row of any app points here, but for its own aliases. Asked before deleting, which would load all
        those that do."""
        return any(rows.filter(**{column: self}).exists() for rows, column in _pointing_here())


def _pointing_here() -> Iterator[tuple[models.QuerySet[Any], str]]:
    """All rows that may point at a status, and the column they do it by; not its aliases, which go with it."""
    # Most of them have no name backwards (`related_name="+"`), and count all the same.
    for relation in OrderStatus._meta.get_fields(include_hidden=True):
        if isinstance(relation, models.ManyToOneRel) and relation.related_model is not StatusAlias:
            yield relation.related_model._base_manager.all(), relation.field.name


class StatusAliasQuerySet(models.QuerySet["StatusAlias"]):
    def of_all(self, type: str, code: str) -> StatusAliasQuerySet:
        """The one that has this code for every source."""
        return self.filter(source=None, type=type, code_key=code_key(code))


class StatusAlias(models.Model):
    """Another code for a status, of one source or of all; with no status, a code that says nothing to us."""

    source = models.ForeignKey(
        Source, models.CASCADE, verbose_name=_("source"), null=True, blank=True, db_index=False, related_name="+"
    )
    type = models.CharField(_("type"), max_length=8, choices=StatusType)
    code = models.CharField(_("code"), max_length=64, validators=[validate_code])
    code_key = models.CharField(max_length=192, editable=False)
    status = models.ForeignKey(
        OrderStatus, models.CASCADE, verbose_name=_("status"), null=True, blank=True, related_name="aliases"
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = StatusAliasQuerySet.as_manager()

    class Meta:
        verbose_name = _("code of an integration")
        verbose_name_plural = _("codes of integrations")
        ordering: ClassVar[list[str]] = ["type", "code_key", "id"]
        constraints = [
            models.CheckConstraint(condition=models.Q(type__in=StatusType.values), name="statuses_alias_type_is_known"),
            models.UniqueConstraint(Coalesce("source", 0), "type", "code_key", name="statuses_alias_once_per_source"),
        ]
        # What a code means: asked with every batch of changes.
        indexes = [models.Index(fields=["code_key"], name="statuses_alias_by_code")]

    def __str__(self) -> str:
        return self.code

    def save(self, **kwargs: Any) -> None:
        """Raises ValidationError for what is no code, TypeIsFixed for a status of another type."""
        validate_code(self.code)
        self.code_key = code_key(self.code)
        if self.status is not None and self.status.type != self.type:
            raise TypeIsFixed
        super().save(**kwargs)

    def why_taken(self) -> str:
        """To whoever wants this code for a status of its own."""
        if self.status is None:
            return gettext("“%s” says nothing to us, as somebody decided. Take that back first.") % self.code
        words = {"code": self.code, "name": self.status.name}
        return gettext("“%(code)s” is another code of “%(name)s”. Choose another, or take it from there first.") % words
