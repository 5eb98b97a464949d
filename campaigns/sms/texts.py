"""The text of one message, made of its template and of what it speaks of as that stands now."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from operator import attrgetter
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from campaigns.models import Message
from campaigns.sms.parts import count_parts
from campaigns.sms.templates import CUSTOMERS_OWN, SHOPS_OWN, TemplateProblem, named_in, render, variables_for
from customers.models import Customer
from orders.models import Order
from statuses.models import OrderStatus


def make_text(message: Message, template: str, vocabulary: Mapping[int, OrderStatus], default_zone: str) -> str:
    """Put text, number and parts into the message. Answers what is wrong instead, if it cannot be made."""
    customer, order = message.customer, message.order
    assert customer is not None, "the law found a number"
    assert order is not None, "a text speaks of an order"
    zone = ZoneInfo(customer.timezone or default_zone)
    try:
        named = named_in(template)
        variables = variables_for(order, customer, message.run.transition, vocabulary, zone, named)
        message.text = render(template, variables)
    except TemplateProblem as error:
        return str(error)
    message.phone = customer.phone
    message.parts, message.encoding = count_parts(message.text)
    return "" if message.text else str(_("The text came out empty."))


def read_contents(messages: Mapping[Message, str]) -> None:
    """What is large and few texts name, of the orders and customers of these messages, each with its template: one
    query for all orders and one for all customers, where a text names any of it."""
    named = {text: _named_in(text) for text in set(messages.values())}
    for owner, model, own in (("order", Order, SHOPS_OWN), ("customer", Customer, CUSTOMERS_OWN)):
        names = [name for name in own if any(f"{owner}.{name}" in some for some in named.values())]
        keys = {key for key in map(attrgetter(f"{owner}_id"), messages) if key is not None}
        if not names or not keys:
            continue
        found = model._default_manager.filter(pk__in=keys).order_by().values_list("pk", *names)
        told = {pk: dict(zip(names, values, strict=True)) for pk, *values in found}
        for message in messages:
            if row := getattr(message, owner):
                row.__dict__.update(told[row.pk])


def _named_in(text: str) -> Collection[str]:
    """Of one that cannot be made, which is told when its turn comes, nothing."""
    try:
        return named_in(text)
    except TemplateProblem:
        return ()
