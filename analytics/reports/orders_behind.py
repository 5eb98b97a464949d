"""Lets the list of orders be that of a figure."""

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from analytics.reports.behind import Behind
from orders.models import Order
from orders.narrowing import register


class OrdersBehind:
    parameter = "figure"
    needs = "analytics.read_reports"
    title = _("Behind a figure")

    def tell(self, written: str) -> str:
        behind = Behind.read(written)
        return behind.in_words() if behind else ""

    def narrow(self, orders: QuerySet[Order], written: str) -> QuerySet[Order]:
        behind = Behind.read(written)
        return orders.filter(pk__in=behind.orders()) if behind else orders.none()


register(OrdersBehind())
