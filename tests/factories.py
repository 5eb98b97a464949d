"""Rows as the tests need them: `StatusFactory(code="paid", type="payment")`; what a test does not name is made up."""

from collections import Counter

from factory import LazyAttribute, Sequence, SubFactory
from factory.django import DjangoModelFactory

from customers.models import Customer
from orders.models import Order
from statuses.models import OrderStatus, code_key
from workspace.models import Source


class StatusFactory(DjangoModelFactory):
    class Meta:
        model = OrderStatus

    type = "general"
    code = Sequence(lambda n: f"status-{n}")
    name = LazyAttribute(lambda status: status.code.capitalize())


def vocabulary(*words):
    """Statuses, each (type, code) or (type, code, name), that are there before anything is: nothing waits to hear of
    them, so they are written at once, at a twentieth of the cost. Answers them by code."""
    places = Counter()
    rows = []
    for type, code, *named in words:
        places[type] += 1
        name = named[0] if named else code.capitalize()
        rows.append(OrderStatus(type=type, code=code, code_key=code_key(code), name=name, position=places[type]))
    return {status.code: status for status in OrderStatus.objects.bulk_create(rows)}


class CustomerFactory(DjangoModelFactory):
    class Meta:
        model = Customer

    external_id = Sequence(lambda n: f"C-{n}")
    first_name = "Ada"
    # Numbers set aside for fiction: +1 … 555 0100 to 0199.
    phone_written = Sequence(lambda n: f"+1 602 555 {100 + n % 100:04d}")


class OrderFactory(DjangoModelFactory):
    class Meta:
        model = Order

    external_id = Sequence(lambda n: f"O-{n}")
    customer = SubFactory(CustomerFactory)
    total_minor = 1230
    currency = "EUR"


class SourceFactory(DjangoModelFactory):
    """A live shop that may speak of what we do not know yet."""

    class Meta:
        model = Source

    code = Sequence(lambda n: f"shop-{n}")
    name = "Shop"
    mode = Source.Mode.LIVE
    on_unknown = Source.Unknown.PARK
