"""Names that customers and orders have, to be suggested where somebody writes one: so that it is not misspelt.

Those of the newest rows, which costs the same however many there are. What a shop writes there may say anything of a
person, so it is suggested to those who may see personal data.
"""

from __future__ import annotations

from customers.models import Customer
from orders.models import OrderDate
from workspace.roles import Reader, may_see_personal_data

MOST_ASKED = 1000
MOST_SUGGESTED = 200


def names_in_use(reader: Reader) -> dict[str, list[str]]:
    """By what fields say that they suggest (`suggests`). Two queries at most."""
    if not may_see_personal_data(reader):
        return {}
    customers, orders = reader.has_perm("customers.view_customer"), reader.has_perm("orders.view_order")
    return {**(_of_customers() if customers else {}), **(_of_orders() if orders else {})}


def _of_customers() -> dict[str, list[str]]:
    newest = list(Customer.objects.order_by("-pk").values_list("attributes", "tags")[:MOST_ASKED])
    return {
        "customer_attributes": _sorted({name for attributes, _tags in newest for name in attributes}),
        "customer_tags": _sorted({tag for _attributes, tags in newest for tag in tags}),
    }


def _of_orders() -> dict[str, list[str]]:
    return {"order_dates": _sorted(set(OrderDate.objects.order_by("-pk").values_list("name", flat=True)[:MOST_ASKED]))}


def _sorted(names: set[str]) -> list[str]:
    return sorted(names)[:MOST_SUGGESTED]
