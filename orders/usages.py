"""How many orders stand in a status, and whether any ever did, for whoever is about to change it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from django.db.models import Count, Exists, OuterRef
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from orders.models import Order, StatusTransition
from orders.standing import STATUS_FIELDS
from statuses import usages
from statuses.models import OrderStatus
from statuses.usages import Usage
from workspace.local_formats import number as local_number


def orders_in(statuses: Sequence[OrderStatus]) -> Mapping[int, Sequence[Usage]]:
    """One query for each type."""
    by_type: dict[str, list[int]] = defaultdict(list)
    for status in statuses:
        by_type[status.type].append(status.pk)
    told: dict[int, list[Usage]] = {}
    for type, ids in by_type.items():
        field = STATUS_FIELDS[type]
        rows = Order.objects.filter(**{f"{field}__in": ids}).order_by().values_list(field).annotate(Count("pk"))
        told |= {pk: [_told(type, pk, number)] for pk, number in rows}
    return told


def _told(type: str, pk: int, number: int) -> Usage:
    text = ngettext("%s order stands in it", "%s orders stand in it", number) % local_number(number)
    address = f"{reverse('admin:orders_order_changelist')}?{STATUS_FIELDS[type]}={pk}"
    return Usage("orders", text, address, is_live=True, number=number)


def moves_into(statuses: Sequence[OrderStatus]) -> Mapping[int, Sequence[Usage]]:
    """Of those that orders once came to, where that is read. One query, which looks at one row of each."""
    into = StatusTransition.objects.filter(to_status=OuterRef("pk"))
    come_to = OrderStatus.objects.filter(Exists(into), pk__in=[status.pk for status in statuses]).order_by()
    return {status.pk: [_moved(status)] for status in come_to}


def _moved(status: OrderStatus) -> Usage:
    address = f"{reverse('admin:orders_statustransition_changelist')}?to_status__exact={status.pk}"
    return Usage("history", _("History of orders"), address)


usages.register(orders_in, needs="orders.view_order", in_lists=False)
usages.register(moves_into, needs="orders.view_statustransition", in_lists=False)
