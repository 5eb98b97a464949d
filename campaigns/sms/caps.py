"""Frequency caps: at most N messages of one purpose, or one category, to one customer in a day or week of theirs.

What counts is the messages themselves, those sent and those being sent. The customer's row is locked while they are
counted, so two workers cannot both send the last one allowed. One too many is not sent, or is put off until it is not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext as _

from campaigns.models import Message, MessageState
from customers.categories import is_category
from customers.models import Customer
from workspace.database import lock_rows

# Rolling: the last 24 hours, the last 7 days.
PERIODS = {"day": timedelta(days=1), "week": timedelta(days=7)}
SKIP, DEFER = "skip", "defer"
# When one is looked at again that a message stands against whose sending is not over.
SOON = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class FrequencyCap:
    """`category` "": messages of the same purpose count, whatever their category."""

    messages: int
    per: timedelta
    category: str = ""
    is_deferring: bool = False


def read_cap(raw: Any) -> FrequencyCap:
    """`{"messages": 2, "per": "week", "category": "offers", "then": "defer"}`; the last two may be left out.

    Raises ValidationError.
    """
    if not isinstance(raw, Mapping) or not {"messages", "per"} <= set(raw) <= {"messages", "per", "category", "then"}:
        raise forms.ValidationError(_("Write {“messages”: 2, “per”: “week”}; “category” and “then” may be added."))
    messages, per, category, then = raw["messages"], raw["per"], raw.get("category"), raw.get("then", SKIP)
    if not isinstance(messages, int) or isinstance(messages, bool) or not 0 < messages <= 1000:
        raise forms.ValidationError(_("“messages” is a whole number from 1 to 1000."))
    if not isinstance(per, str) or per not in PERIODS:
        raise forms.ValidationError(_("“per” is “day” or “week”."))
    if category is not None and not is_category(category):
        raise forms.ValidationError(_("A category is 1 to 64 small letters, digits, - and _."))
    if then not in (SKIP, DEFER):
        raise forms.ValidationError(_("“then” is “skip” or “defer”."))
    return FrequencyCap(messages, PERIODS[per], category or "", then == DEFER)


# Customer, whether on the test phone (a test uses up nobody's messages), and what counts: a purpose or a category.
Whose = tuple[int | None, bool, str]


class CapBook:
    """What each customer got, and gets in this batch. Built under the locks of the customers that a cap protects."""

    def __init__(self, capped: Mapping[Message, FrequencyCap], now: datetime) -> None:
        self._caps, self._now = capped, now
        # When each was sent, the newest first; those still on their way count as sent now.
        self._got: dict[Whose, list[datetime]] = defaultdict(list)
        customers = {message.customer_id for message in capped if message.customer_id}
        if customers:
            list(lock_rows(Customer.objects.filter(pk__in=customers).only("pk").order_by("pk")))
            self._read(customers, now - max(cap.per for cap in capped.values()))

    def is_full(self, message: Message) -> bool:
        """Whether it is one too many, and not to be sent at all."""
        cap = self.cap_of(message)
        return cap is not None and not cap.is_deferring and self._stands_against(message, cap) is not None

    def full_until(self, message: Message) -> datetime | None:
        """When one that is to be put off may be looked at again; None: now."""
        cap = self.cap_of(message)
        if cap is None or not cap.is_deferring:
            return None
        sent_at = self._stands_against(message, cap)
        return sent_at and max(sent_at + cap.per, self._now + SOON)

    def cap_of(self, message: Message) -> FrequencyCap | None:
        return self._caps.get(message)

    def takes(self, message: Message) -> None:
        self._note(message.customer_id, message.is_test, message.purpose, message.category, self._now)

    def _stands_against(self, message: Message, cap: FrequencyCap) -> datetime | None:
        """When the message was sent that has to be out of the period first."""
        if cap.category and message.category != cap.category:
            return None
        got = self._got.get((message.customer_id, message.is_test, cap.category or _of_purpose(message.purpose)), [])
        within = sorted((sent_at for sent_at in got if sent_at > self._now - cap.per), reverse=True)
        return within[cap.messages - 1] if len(within) >= cap.messages else None

    def _read(self, customers: set[int], since: datetime) -> None:
        sent = Q(state__in=Message.SENT, sent_at__gt=since)
        on_its_way = Q(state__in=(*Message.IN_HAND, MessageState.UNKNOWN))
        rows = Message.objects.filter(sent | on_its_way, customer__in=customers).order_by()
        for customer, is_test, purpose, category, state, sent_at in rows.values_list(
            "customer_id", "is_test", "purpose", "category", "state", "sent_at"
        ):
            is_over = state in Message.SENT
            self._note(customer, is_test, purpose, category, sent_at if is_over and sent_at else self._now)

    def _note(self, customer: int | None, is_test: bool, purpose: str, category: str, at: datetime) -> None:  # noqa: FBT001 - a column of five
        self._got[customer, is_test, _of_purpose(purpose)].append(at)
        if category:
            self._got[customer, is_test, category].append(at)


def _of_purpose(purpose: str) -> str:
    """Beside categories, which hold no such sign."""
    return f"purpose:{purpose}"
