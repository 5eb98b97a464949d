"""What orders have to tell: their moves, and what was heard of them that moved nothing."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth import get_user_model
from django.urls import reverse
from django.utils.translation import gettext as _

from customers.models import Customer
from orders.models import InboxVerdict, Order, SilentBecause, StatusChange, StatusTransition
from statuses.models import StatusType
from workspace.local_formats import whole_moment
from workspace.timeline import Entry, register


def moves(order: Order, most: int) -> list[Entry]:
    rows = list(order.transitions.select_related("from_status", "to_status", "source").order_by("-pk")[:most])
    names = _actor_names({row.actor_id for row in rows if row.actor_id})
    return [_move(row, names) for row in rows]


def unmoving_changes(order: Order, most: int) -> list[Entry]:
    rows = (
        order.status_changes.exclude(verdict=InboxVerdict.MOVED)
        .select_related("source", "status")
        .order_by("-pk")[:most]
    )
    return [_unmoving(row) for row in rows]


def orders_of(customer: Customer, most: int) -> list[Entry]:
    rows = customer.orders.with_statuses().order_by("-pk")[:most]
    return [
        Entry(
            at=order.ordered_at or order.created_at,
            icon="package_2",
            text=_("Order %s") % order.external_id,
            details=(_standing(order),),
            url=reverse("admin:orders_order_change", args=[order.pk]),
        )
        for order in rows
    ]


def _move(row: StatusTransition, names: dict[int, str]) -> Entry:
    words = {"type": type_name(row.type), "from": row.from_status, "to": row.to_status}
    text = _("%(type)s went from %(from)s to %(to)s") if row.from_status else _("%(type)s became %(to)s")
    return Entry(row.occurred_at, "arrow_forward", text % words, tuple(_about(row, names)), tone="info")


def _about(row: StatusTransition, names: dict[int, str]) -> list[str]:
    told_by = names.get(row.actor_id or 0) or row.source
    about = [_("Told by %s") % told_by]
    if row.silent_because:
        about[0] += " · " + _("started no campaign: %s") % SilentBecause(row.silent_because).label.lower()
    if (row.received_at - row.occurred_at).total_seconds() > 60:
        about.append(_("Received %s") % _when(row.received_at))
    return about


def _unmoving(row: StatusChange) -> Entry:
    words = {"type": type_name(row.type), "status": row.status or row.code, "source": row.source}
    text, icon, tone = {
        InboxVerdict.LATE: (_("%(type)s: “%(status)s” came late and moved nothing"), "history", "warning"),
        InboxVerdict.UNCHANGED: (_("%(type)s: “%(status)s” was told again"), "drag_handle", "muted"),
        InboxVerdict.PARKED: (_("%(type)s: “%(status)s” is not known yet"), "hourglass_empty", "warning"),
        InboxVerdict.IGNORED: (_("%(type)s: “%(status)s” says nothing here"), "block", "muted"),
    }[InboxVerdict(row.verdict)]
    told = _("Told by %(source)s, received %(at)s") % {**words, "at": _when(row.received_at)}
    return Entry(at=row.occurred_at, icon=icon, text=text % words, details=(told,), tone=tone)


def _actor_names(ids: set[int]) -> dict[int, str]:
    if not ids:
        return {}
    return {
        user.pk: user.get_full_name() or user.get_username() for user in get_user_model().objects.filter(pk__in=ids)
    }


def _standing(order: Order) -> str:
    statuses = (order.general_status, order.delivery_status, order.payment_status)
    return " · ".join(status.name for status in statuses if status) or _("no status yet")


def _when(at: datetime) -> str:
    return whole_moment(at, seconds=True)


def type_name(type: str) -> str:
    return str(StatusType(type).label)


register(Order, moves, needs="orders.view_order")
register(Order, unmoving_changes, needs="orders.view_order")
register(Customer, orders_of, needs="orders.view_order")
