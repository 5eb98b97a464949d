"""Frequency caps: at most N messages of one purpose to one customer in a day or week of theirs.

What counts is the messages themselves, those sent and those being sent. The customer's row is locked while they are
counted, so two workers cannot both send the last one allowed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext as _

from campaigns.models import Message, MessageState
from customers.models import Customer
from workspace.database import lock_rows

# Rolling: the last 24 hours, the last 7 days.
PERIODS = {"day": timedelta(days=1), "week": timedelta(days=7)}


@dataclass(frozen=True, slots=True)
class FrequencyCap:
    messages: int
    per: timedelta


def read_cap(raw: Any) -> FrequencyCap:
    """`{"messages": 2, "per": "week"}`. Raises ValidationError."""
    if not isinstance(raw, Mapping) or set(raw) != {"messages", "per"}:
        raise forms.ValidationError(_("Write {“messages”: 2, “per”: “week”}."))
    messages, per = raw["messages"], raw["per"]
    if not isinstance(messages, int) or isinstance(messages, bool) or not 0 < messages <= 1000:
        raise forms.ValidationError(_("“messages” is a whole number from 1 to 1000."))
    if not isinstance(per, str) or per not in PERIODS:
        raise forms.ValidationError(_("“per” is “day” or “week”."))
    return FrequencyCap(messages, PERIODS[per])


# Customer, purpose, and whether on the test phone: a test uses up nobody's messages.
Whose = tuple[int | None, str, bool]


class CapBook:
    """What each customer got, and gets in this batch. Built under the locks of the customers that a cap protects."""

    def __init__(self, capped: Mapping[Message, FrequencyCap], now: datetime) -> None:
        self._caps = capped
        self._got: dict[timedelta, Counter[Whose]] = {}
        customers = {message.customer_id for message in capped if message.customer_id}
        if customers:
            list(lock_rows(Customer.objects.filter(pk__in=customers).only("pk").order_by("pk")))
        for period in {cap.per for cap in capped.values()}:
            self._got[period] = _count(customers, now - period)

    def is_full(self, message: Message) -> bool:
        cap = self._caps.get(message)
        return cap is not None and self._got[cap.per][_whose(message)] >= cap.messages

    def takes(self, message: Message) -> None:
        for got in self._got.values():
            got[_whose(message)] += 1


def _whose(message: Message) -> Whose:
    return (message.customer_id, message.purpose, message.is_test)


def _count(customers: set[int], since: datetime) -> Counter[Whose]:
    sent = Q(state__in=Message.SENT, sent_at__gt=since)
    on_its_way = Q(state__in=(*Message.IN_HAND, MessageState.UNKNOWN))
    rows = Message.objects.filter(sent | on_its_way, customer__in=customers).order_by()
    return Counter(rows.values_list("customer_id", "purpose", "is_test"))
