"""Values of reports as a page shows them."""

from typing import Any

from django import template
from django.urls import reverse
from django.utils.http import urlencode

from analytics.reports.behind import Behind
from analytics.reports.layout import Column, Headline
from analytics.reports.wording import change, in_words

register = template.Library()


@register.filter
def shown_as(value: Any, column: Column | Headline) -> str:
    return in_words(value, column.kind)


@register.filter
def as_change(share: float) -> str:
    return change(share)


@register.filter
def orders_list(behind: Behind) -> str:
    """The address of the list of these orders."""
    return f"{reverse('admin:orders_order_changelist')}?{urlencode({'figure': behind.written()})}"
