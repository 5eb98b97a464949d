"""History as docs/analytics.md tells it, folded plainly in Python: what the database's reading is held against."""

from itertools import pairwise

from analytics.models import Visit
from orders.models import StatusChange, StatusTransition
from orders.standing import TYPES
from statuses.models import OrderStatus

COLUMNS = (
    "type", "ordinal", "customer", "source", "status", "from_status", "entered_at", "left_at", "is_step", "path_from",
    "path_left_at",
)  # fmt: skip


def kept_visits(orders):
    """By order, what the table holds."""
    rows = Visit.objects.order_by("type", "ordinal").values_list("order", *COLUMNS)
    kept = {order.pk: [] for order in orders}
    for order, *row in rows:
        kept[order].append(tuple(row))
    return kept


def folded_visits(orders):
    """By order, what it has to hold."""
    statuses = OrderStatus.objects.in_bulk()
    return {
        order.pk: [row for type in sorted(TYPES) for row in _visits(order, type, events_of(order, type), statuses)]
        for order in orders
    }


def events_of(order, type):
    """[(place in time, source, status as it was told), …] in order."""
    told = StatusChange.objects.filter(order=order, type=type, verdict__in=["moved", "unchanged", "late"])
    saved = StatusTransition.objects.filter(order=order, type=type, change=None).exclude(silent_because="merge")
    events = [
        ((row.occurred_at, row.sequence or 0, row.received_at, 0, row.pk), row.source_id, row.status_id) for row in told
    ]
    events += [((row.occurred_at, 0, row.received_at, 1, row.pk), row.source_id, row.to_status_id) for row in saved]
    return sorted(events)


def _visits(order, type, events, statuses):
    stays = []
    for (at, *_place), source, status in events:
        meant = statuses[status].stands_for_id
        if not stays or stays[-1][2] != meant:
            stays.append((at, source, meant))
    path = {}
    before = None
    for ordinal, (_at, _source, status) in enumerate(stays, 1):
        if statuses[status].include_in_analytics and status != before:
            path[ordinal] = before
            before = status
    left_path = dict(pairwise(path))
    for ordinal, (at, source, status) in enumerate(stays, 1):
        left_at = stays[ordinal][0] if ordinal < len(stays) else None
        came_from = stays[ordinal - 2][2] if ordinal > 1 else None
        next_step = left_path.get(ordinal)
        path_left_at = stays[next_step - 1][0] if next_step else None
        yield (
            type, ordinal, order.customer_id, source, status, came_from, at, left_at, ordinal in path,
            path.get(ordinal), path_left_at,
        )  # fmt: skip
