"""Tells, before a status loses its mark, that the reports of its type change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils.translation import gettext as _

from analytics.models import Visit
from analytics.reports.registry import TO_READ
from statuses import usages
from statuses.models import OrderStatus, StatusType
from workspace.usages import Usage


def reports_of(statuses: Sequence[OrderStatus]) -> Mapping[int, Sequence[Usage]]:
    """Of those that some order came to. One query."""
    steps = Visit.objects.filter(status=OuterRef("pk"), is_step=True)
    told = OrderStatus.objects.filter(Exists(steps), pk__in=[status.pk for status in statuses]).order_by()
    return {status.pk: [_usage(status.type)] for status in told}


def _usage(type: str) -> Usage:
    address = f"{reverse('report', args=['statuses'])}?type={type}"
    text = _("Reports of orders by %s status") % StatusType(type).label.lower()
    return Usage("report", text, address, reads_analytics=True)


# Not in lists: it would say the same of every status.
usages.register(reports_of, needs=TO_READ, in_lists=False)
