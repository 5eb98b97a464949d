"""What is to be expected of a campaign: how many texts an hour it may send before somebody has to look, and how many
orders would enter if its activation reached back.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import reduce
from itertools import islice
from math import ceil
from operator import or_

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from campaigns import looking_back
from campaigns.definitions import Plan
from campaigns.matching import not_started, occasions
from campaigns.models import CHANGE, CREATION, Activation, Campaign, Run
from campaigns.steps.base import Trigger, Window
from orders.models import Order, StatusTransition
from workspace.database import in_sets

# So many times what the last days make one expect, and never less than this.
TIMES_EXPECTED = 5
LEAST = 100
LOOK_BACK = timedelta(days=30)


def hourly_limit(activation: Activation, plan: Plan) -> int | None:
    """None: as many as come."""
    if plan.hourly_limit is None:
        return None
    return plan.hourly_limit.messages or _five_times_expected(activation, plan.trigger)


def _five_times_expected(activation: Activation, trigger: Trigger) -> int:
    """Of what would have started it in the last 30 days: changes, new orders, moments of what still stands."""
    watched = reduce(or_, (watch.as_question() for watch in activation.watches.all()), Q(pk__in=[]))
    since = timezone.now() - LOOK_BACK
    found = StatusTransition.objects.loud().filter(watched, occurred_at__gte=since).count()
    if trigger.kind.hears_created:
        found += Order.objects.filter(silent_because="", placed_at__gte=since).count()
    found += sum(1 for _occasion in trigger.find(Window(since, timezone.now())))
    return max(LEAST, ceil(TIMES_EXPECTED * found / (LOOK_BACK / timedelta(hours=1))))


def would_enter(campaign: Campaign, plan: Plan, since: datetime | None, now: datetime) -> int:
    """How many orders that did not yet, if it reached back to then; None: to the beginning."""
    trigger = plan.trigger
    found = islice(trigger.find(Window(since, now)), looking_back.MOST_COUNTED)
    return (
        _changes(campaign, plan, since)
        + (_created(campaign, since) if trigger.kind.hears_created else 0)
        + sum(len(not_started(campaign.pk, some)) for some in in_sets(found))
    )


def _changes(campaign: Campaign, plan: Plan, since: datetime | None) -> int:
    entered = Run.objects.filter(campaign=campaign, occasion__startswith=CHANGE, transition=OuterRef("pk"))
    rows = occasions(plan).filter(~Exists(entered), silent_because="")
    return (rows.filter(occurred_at__gte=since) if since else rows).count()


def _created(campaign: Campaign, since: datetime | None) -> int:
    entered = Run.objects.filter(campaign=campaign, occasion__startswith=CREATION, order=OuterRef("pk"))
    orders = Order.objects.filter(~Exists(entered), silent_because="").order_by()
    return (orders.filter(placed_at__gte=since) if since else orders).count()
