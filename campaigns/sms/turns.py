"""Whose turn it is: of an order one message is in flight at a time, in the order of its changes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db.models import Q
from django.db.models.functions import Coalesce

from campaigns.claiming import next_page, of_active
from campaigns.models import CampaignState, Lane, Message, Run
from campaigns.sms.breaker import held_back

# Sorts before every change of an order: keys are positive.
BEFORE_ALL = -1


def in_turn(now: datetime, keys: Sequence[int], held: Q) -> list[int]:
    """Of due messages (primary keys, in the order in which they are due) those whose turn it is.

    `held` are those that wait for a person: they hold up none.

    Runs are asked before messages: one that is due no more has by then committed the message that it owed.
    """
    change = Coalesce("run__transition_id", 0)
    asked = Message.objects.filter(pk__in=set(keys)).order_by("due_at", "pk")
    rows = list(asked.values_list("order", "lane", change, "pk"))
    orders = {order for order, *_rest in rows if order}
    owing = _about_to_owe(orders, now)
    first = _first_on_their_way(orders, now, held)
    return [
        pk
        for order, lane, change, pk in rows
        if (change, pk) <= first.get(order, (change, pk)) and change <= owing.get((order, lane), change)
    ]


def is_somebody_in_a_hurry(now: datetime) -> bool:
    """Whether one of the urgent messages that are due first may go: for whoever is about to send more of a crowd."""
    held = held_back()
    urgent = of_active(Message.objects.due_in_any_campaign(now)).exclude(held).filter(lane=Lane.URGENT)
    page = next_page(urgent)
    return bool(page and in_turn(now, page, held))


def _about_to_owe(orders: Iterable[int], now: datetime) -> dict[tuple[int, int], int]:
    """By order and lane the first change whose run is due just now, in another worker's hands: it may owe one as well.
    A text waits for no run that is less urgent."""
    due = Run.objects.due_in_any_campaign(now).filter(order__in=orders, campaign__state=CampaignState.ACTIVE)
    first: dict[tuple[int, int], int] = {}
    for order, lane, change in due.exclude(transition=None).order_by().values_list("order", "lane", "transition"):
        for waiting in range(lane, max(Lane.values) + 1):
            first[order, waiting] = min(first.get((order, waiting), change), change)
    return first


def _first_on_their_way(orders: Iterable[int], now: datetime, held: Q) -> dict[int, tuple[int, int]]:
    """Of each order the change, and the key, of the first message on its way; before all others one that is in hand.
    One that waits for the morning or a person holds up none."""
    waits = (Q(due_at__lte=now) | Q(attempts__gt=0, is_held=False)) & ~held
    is_going = Q(state__in=Message.IN_HAND) | Q(campaign__state=CampaignState.ACTIVE) & waits
    going = Message.objects.filter(is_going, order__in=orders, state__in=Message.ON_ITS_WAY).order_by()
    first: dict[int, tuple[int, int]] = {}
    for order, state, change, pk in going.values_list("order", "state", Coalesce("run__transition_id", 0), "pk"):
        place = (BEFORE_ALL if state in Message.IN_HAND else change, pk)
        first[order] = min(first.get(order, place), place)
    return first
