"""Values of reports as a page shows them."""

from collections.abc import Mapping
from typing import Any

from django import template
from django.db.models import Model
from django.utils.html import format_html
from django.utils.http import urlencode

from analytics.reports.figures import PARAMETER
from analytics.reports.layout import Cell, Column, Headline
from analytics.reports.wording import change, in_words

register = template.Library()


@register.filter
def shown_as(value: Any, column: Column | Headline) -> str:
    return in_words(value, column.kind)


@register.filter
def as_change(share: float) -> str:
    return change(share)


@register.simple_tag
def figure(told: Cell | Headline, kind: Column | Headline, lists: Mapping[type[Model], str]) -> str:
    """As a link to what is behind it, unless that is nothing, or in a list that this person may not see."""
    words = shown_as(told.value, kind)
    if not told.value or told.behind is None or told.behind.rows not in lists:
        return words
    query = urlencode({PARAMETER: told.behind.written()})
    return format_html('<a class="os-link" href="{}?{}">{}</a>', lists[told.behind.rows], query, words)
