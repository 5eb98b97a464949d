"""How many orders stand in a status, for whoever is about to change it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from django.db.models import Count
from django.urls import reverse
from django.utils.translation import ngettext

from orders.models import Order
from orders.standing import STATUS_FIELDS
from statuses import usages
from statuses.models import OrderStatus
from statuses.usages import Usage


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
    text = ngettext("%s order stands in it", "%s orders stand in it", number) % f"{number:,}"
    address = f"{reverse('admin:orders_order_changelist')}?{STATUS_FIELDS[type]}={pk}"
    return Usage("orders", text, address, is_live=True)


usages.register(orders_in, needs="orders.view_order")
