"""Closes days for reports ahead of their readers: each night the one that is over, and those that history changed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Min

from analytics.models import Rollup
from analytics.reports.counting import Counting, FunnelSteps, Moves, counting_of
from analytics.reports.funnel import usual_steps
from analytics.reports.rollups import close_days
from analytics.reports.statuses_over_time import beginning
from orders.standing import TYPES
from workspace.models import Workspace

# What nobody has asked for so long is kept no more.
FORGOTTEN_AFTER = timedelta(days=30)
# Of a funnel that everybody is offered so much is kept before anybody asks.
USUAL_DAYS = 365


def close_reports(now: datetime) -> Iterator[str]:
    """Tells what is done as it is."""
    zone = ZoneInfo(Workspace.current().timezone)
    forget_unasked(now, zone)
    for counting, first in _kept(now, zone):
        close_days(counting, first, now)
        yield counting.about


def forget_unasked(now: datetime, zone: ZoneInfo) -> None:
    unasked = Rollup.objects.filter(asked_at__lt=now - FORGOTTEN_AFTER)
    unasked.exclude(about__in=[counting.about for counting, _first in _always(now, zone)], timezone=zone.key).delete()


def _kept(now: datetime, zone: ZoneInfo) -> Iterator[tuple[Counting, date]]:
    """What is to be kept, and from which day on."""
    always = {counting.about: (counting, first) for counting, first in _always(now, zone)}
    yield from always.values()
    asked = Rollup.objects.filter(timezone=zone.key).exclude(about__in=always)
    for about, first in asked.values_list("about").annotate(Min("days__day")):
        if first is not None:
            yield counting_of(about, zone), first


def _always(now: datetime, zone: ZoneInfo) -> Iterator[tuple[Counting, date]]:
    today = now.astimezone(zone).date()
    for type in TYPES:
        yield Moves(type, zone), beginning(type, today, zone)
        if steps := usual_steps(type):
            yield FunnelSteps(type, tuple(step.pk for step in steps), zone), today - timedelta(days=USUAL_DAYS)
