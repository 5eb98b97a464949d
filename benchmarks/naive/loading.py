"""What the shop holds, and what happens to it.

A file for `load` is one JSON object:

    {"customers": [{"external_id", "first_name", "phone", "sms_consent"}],
     "orders": [{"external_id", "customer", "total", "currency", "payment_status", …}],
     "campaigns": [{"name", "type", "came_from", "went_to", "steps": [{"kind": "filter", "field", "values"},
                                                                      {"kind": "send_sms", "text"}]}]}
"""

from __future__ import annotations

from itertools import cycle, islice
from typing import Any

from benchmarks.naive.models import Campaign, Customer, Order, Run
from benchmarks.naive.tasks import advance_run


def load(shop: dict[str, list[dict[str, Any]]]) -> None:
    """Orders as they stood before: loading them is no transition."""
    Customer.objects.bulk_create(Customer(**row) for row in shop["customers"])
    ids = dict(Customer.objects.values_list("external_id", "pk"))
    Order.objects.bulk_create(_order(row, ids) for row in shop["orders"])
    Campaign.objects.bulk_create(Campaign(**row) for row in shop["campaigns"])


def save_change(change: dict[str, Any]) -> None:
    order = Order.objects.get(external_id=change["order"])
    setattr(order, f"{change['type']}_status", change["code"])
    order.save()


def begin(count: int) -> None:
    """So many runs of the first campaign, their first task on its way."""
    campaign = Campaign.objects.order_by("pk")[0]
    orders = islice(cycle(Order.objects.order_by("pk")[:count]), count)
    for run in Run.objects.bulk_create(Run(campaign=campaign, order=order) for order in orders):
        advance_run.delay(run.pk)


def _order(row: dict[str, Any], customer_ids: dict[str, int]) -> Order:
    fields = dict(row)
    return Order(customer_id=customer_ids[fields.pop("customer")], **fields)
