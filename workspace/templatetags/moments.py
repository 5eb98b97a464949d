"""Times in templates, written as everywhere else."""

from datetime import datetime

from django import template

from workspace import local_formats

register = template.Library()


@register.filter
def moment(at: datetime | None) -> str:
    """To the second, in the reader's zone, which is named on hover."""
    return local_formats.moment(at, seconds=True)


@register.filter
def clock(at: datetime) -> str:
    return local_formats.clock(at)


@register.filter
def clock_with_seconds(at: datetime) -> str:
    return local_formats.clock(at, seconds=True)
