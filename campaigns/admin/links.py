"""What screens of campaigns link to."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from campaigns.models import Campaign
from customers.models import Customer
from workspace.screens import link, nothing

# Where orders stand that are not let in yet, in addresses: keys of steps begin with a letter or a digit.
AT_GATE = "-"


def to_order(order_id: int | None, order: Any) -> Any:
    return link(reverse("admin:orders_order_change", args=[order_id]), order) if order_id else nothing()


def to_campaign(campaign: Campaign) -> str:
    return link(reverse("admin:campaigns_campaign_change", args=[campaign.pk]), campaign.name)


def to_customer(customer: Customer | None) -> str:
    if customer is None:
        return nothing()
    return link(reverse("admin:customers_customer_change", args=[customer.pk]), str(customer))
