"""The ledger as tests compare it: codes for ids, oldest first."""

from orders.models import Order, StatusTransition
from orders.standing import STATUS_FIELDS


def ledger_of(order):
    """[(type, from code, to code), …]"""
    rows = StatusTransition.objects.filter(order_id=order.pk).order_by("id")
    return list(rows.values_list("type", "from_status__code", "to_status__code"))


def statuses_of(order):
    """(general, delivery, payment) as the row says, not the copy."""
    return Order.objects.values_list(*(f"{field}__code" for field in STATUS_FIELDS.values())).get(pk=order.pk)


def broken_orders():
    """External ids of orders whose statuses are not the fold of their ledger, or whose ledger is no chain."""
    return [order.external_id for order in Order.objects.prefetch_related("transitions") if not _is_fold(order)]


def _is_fold(order):
    standing = dict.fromkeys(STATUS_FIELDS)
    for row in sorted(order.transitions.all(), key=lambda row: row.pk):
        if row.from_status_id != standing[row.type]:
            return False
        standing[row.type] = row.to_status_id
        if standing != {type: getattr(row, f"{field}_id") for type, field in STATUS_FIELDS.items()}:
            return False
    return standing == order.status_ids()
