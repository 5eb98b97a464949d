"""What rules may ask of an order as it is now, as it was at the trigger, and by its history."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import timedelta
from operator import attrgetter
from typing import Any

from django.db.models import DateTimeField, DurationField, ExpressionWrapper, F, Max, Q, QuerySet, Value
from django.db.models.functions import Coalesce, Least
from django.utils.translation import gettext_lazy as _

from analytics import where
from analytics.fields import ORDER, PERHAPS_WITHIN, STATUS, Field, Label, Of, register
from analytics.models import Visit
from analytics.readings import Grouped, Listed
from analytics.subjects import Asking
from analytics.values import Kind
from orders.standing import STATUS_FIELDS
from statuses.models import StatusType
from workspace.models import Source


def _status_now(type: str, label: Label) -> Field:
    attname = f"{STATUS_FIELDS[type]}_id"
    return Field(
        key=f"order.{STATUS_FIELDS[type]}",
        label=label,
        kind=Kind.STATUS,
        read=lambda subject: subject.code_in_view(getattr(subject.order, attname)),
        read_past=lambda subject, transition: subject.code(getattr(transition, attname)),
        where=where.of_status(attname, type),
        status_type=type,
        of=Of.ORDER,
        group=ORDER,
    )


def _reached(type: str, label: Label) -> Field:
    def rows(asking: Asking, ids: Collection[int] | None) -> QuerySet[Visit]:
        visits = _visits(asking, ids) if ids else _visits(asking, ids).filter(type=type)
        within: timedelta | None = asking.said.get("within")
        return visits if within is None else visits.filter(entered_at__gt=asking.now - within)

    def meant(codes: Iterable[str], asking: Asking) -> frozenset[int]:
        return frozenset(asking.status_id(type, code) for code in codes)

    def once_each(operator: str, codes: Any, asking: Asking) -> QuerySet[Visit] | None:
        """The last step into the one status: it is the newest of those that are within a time."""
        if operator not in ("anyOf", "allOf") or len(ids := meant(codes, asking)) > 1 or _unmarked(asking, ids):
            return None
        is_last = Q(again_at=None) | Q(again_at__gt=asking.now)
        return rows(asking, ids).filter(is_last, status__in=ids)

    return Field(
        key=f"order.{type}_reached",
        label=label,
        kind=Kind.STATUSES,
        params=(PERHAPS_WITHIN,),
        status_type=type,
        of=Of.ORDER,
        group=ORDER,
        reading=Listed(
            rows,
            "order",
            "status",
            meant=meant,
            told=lambda status, asking: asking.vocabulary[status].code,
        ),
        once_each=once_each,
        reads_history=True,
    )


def _stayed(type: str, label: Label) -> Field:
    def rows(asking: Asking) -> QuerySet[Visit]:
        id = _asked_status(asking, type)
        return _visits(asking, {id}).filter(status=id)

    return Field(
        key=f"order.{type}_stayed",
        label=label,
        kind=Kind.DURATION,
        params=(STATUS,),
        status_type=type,
        of=Of.ORDER,
        group=ORDER,
        reading=Grouped(
            rows,
            "order",
            aggregate=lambda asking: Max(_stay(asking, type)),
            asserts=lambda _asking: where.length,
            told=lambda length, _asking: length,
            kind=Kind.DURATION,
        ),
        reads_history=True,
    )


def _visits(asking: Asking, ids: Collection[int] | None) -> QuerySet[Visit]:
    """What was by then: of marked statuses the steps of the path, of others, where they may be asked, each visit."""
    known = _known(asking)
    unmarked = [] if asking.of_segment else _unmarked(asking, ids)
    return known.filter(Q(is_step=True) | Q(status__in=unmarked)) if unmarked else known.filter(is_step=True)


def _known(asking: Asking) -> QuerySet[Visit]:
    known = Visit.objects.filter(entered_at__lte=asking.now).order_by()
    return known if asking.among is None else known.filter(customer__in=asking.among)


def _unmarked(asking: Asking, ids: Collection[int] | None) -> list[int]:
    named = asking.vocabulary if ids is None else asking.vocabulary.keys() & set(ids)
    return [id for id in named if not asking.vocabulary[id].include_in_analytics]


def _asked_status(asking: Asking, type: str) -> int:
    return asking.status_id(type, asking.said["status"])


def _stay(asking: Asking, type: str) -> Any:
    """How long a visit has lasted by now: of a step of the path, with what was passed through unmarked."""
    is_plain = not asking.of_segment and _unmarked(asking, {_asked_status(asking, type)})
    now = Value(asking.now, DateTimeField())
    left_at = Least(Coalesce(F("left_at" if is_plain else "path_left_at"), now), now)
    return ExpressionWrapper(left_at - F("entered_at"), DurationField())


_STAYED_LABELS = {
    StatusType.GENERAL: _("longest stay in a general status"),
    StatusType.DELIVERY: _("longest stay in a delivery status"),
    StatusType.PAYMENT: _("longest stay in a payment status"),
}

for _field in (
    _status_now("general", _("general status")),
    _status_now("delivery", _("delivery status")),
    _status_now("payment", _("payment status")),
    _reached("general", _("general statuses it reached")),
    _reached("delivery", _("delivery statuses it reached")),
    _reached("payment", _("payment statuses it reached")),
    *(_stayed(type.value, label) for type, label in _STAYED_LABELS.items()),
    Field(
        "order.total",
        _("order total"),
        Kind.NUMBER,
        read=attrgetter("order.total"),
        read_past=lambda _subject, transition: transition.total,
        where=where.of_column("total_minor", Q(total_minor__isnull=False), where.money("currency")),
        of=Of.ORDER,
        group=ORDER,
    ),
    Field(
        "order.currency",
        _("order currency"),
        Kind.TEXT,
        read=lambda subject: subject.order.currency or None,
        read_past=lambda _subject, transition: transition.currency or None,
        where=where.of_column("currency", ~Q(currency=""), where.text),
        of=Of.ORDER,
        group=ORDER,
    ),
    Field(
        "order.external_id",
        _("order id"),
        Kind.TEXT,
        read=attrgetter("order.external_id"),
        where=where.of_column("external_id", ~Q(external_id=""), where.text),
        of=Of.ORDER,
        group=ORDER,
    ),
    Field(
        "order.ordered_at",
        _("ordered at"),
        Kind.TIME,
        read=attrgetter("order.ordered_at"),
        where=where.of_column("ordered_at", Q(ordered_at__isnull=False), where.moment),
        of=Of.ORDER,
        group=ORDER,
    ),
    Field(
        "order.placed_at",
        _("placed at"),
        Kind.TIME,
        read=attrgetter("order.placed_at"),
        where=where.of_column("placed_at", Q(placed_at__isnull=False), where.moment),
        of=Of.ORDER,
        group=ORDER,
    ),
    Field(
        "order.sources",
        _("sources that told of it"),
        Kind.CODES,
        of=Of.ORDER,
        group=ORDER,
        reading=Listed(
            lambda asking, _codes: _known(asking),
            "order",
            "source__code",
            meant=lambda codes, _asking: codes,
            told=lambda code, _asking: code,
        ),
        suggests="sources",
        codes=lambda: Source.objects.order_by("name").values_list("code", "name"),
        reads_history=True,
    ),
):
    register(_field)
