"""The text of one message, made of its template and of what it speaks of as that stands now."""

from __future__ import annotations

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from campaigns.models import Message
from campaigns.sms.parts import count_parts
from campaigns.sms.templates import TemplateProblem, render, variables_for
from statuses.models import OrderStatus


def make_text(message: Message, template: str, vocabulary: Mapping[int, OrderStatus], default_zone: str) -> str:
    """Put text, number and parts into the message. Answers what is wrong instead, if it cannot be made."""
    customer, order = message.customer, message.order
    assert customer is not None, "the law found a number"
    assert order is not None, "a text speaks of an order"
    zone = ZoneInfo(customer.timezone or default_zone)
    try:
        message.text = render(template, variables_for(order, customer, message.run.transition, vocabulary, zone))
    except TemplateProblem as error:
        return str(error)
    message.phone = customer.phone
    message.parts, message.encoding = count_parts(message.text)
    return "" if message.text else str(_("The text came out empty."))
