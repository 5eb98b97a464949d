"""What orders keep of a customer: what the shop wrote of delivery and payment, and whatever its own fields hold."""

from django.utils import timezone

from customers.erasing import register
from customers.models import Customer
from orders.models import Order, OrderDate
from workspace.database import lock_rows


def erase_orders(customer: Customer) -> None:
    """Lines stay: they say what was bought, not by whom."""
    orders = list(lock_rows(customer.orders.order_by("pk")).values_list("pk", flat=True))
    Order.objects.filter(pk__in=orders).update(**{name: {} for name in Order.PERSONAL}, updated_at=timezone.now())
    OrderDate.objects.filter(order__in=orders).delete()


register(erase_orders)
