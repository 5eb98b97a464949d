"""What lists of orders that entered and of messages are found by: both speak of a campaign, an order and a customer."""

from __future__ import annotations

import django_filters

SEARCH_IDS = ("id", "order__external_id", "customer__external_id", "campaign__code")


class OfCampaign(django_filters.FilterSet):
    campaign = django_filters.CharFilter("campaign__code", label="A campaign's code.")
    order = django_filters.CharFilter("order__external_id", label="An order's external id.")
    customer = django_filters.CharFilter("customer__external_id", label="A customer's external id.")
