"""What rules may ask about texts and campaigns: how many the customer was sent, got, or was not sent and why, how long
ago the last was, which campaigns they entered; and of an order, whether this campaign texted about it.

Sent is what a gateway took, at the time it took it. Texts on the test phone count for orders that a test key moved, and
for no others. Whatever is asked is one query for a batch.
"""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal
from typing import Any

from django.db.models import Count, Max, QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from analytics import fields, where
from analytics.fields import MESSAGES, PERHAPS_WITHIN, WITHIN, Field, Label, Of, Param, one_of
from analytics.readings import Grouped, Listed
from analytics.subjects import Asking, Batch, Subject
from analytics.values import Kind, Value
from campaigns.models import Campaign, Message, MessageState, Run, RunState, SkipReason
from customers.categories import is_category

ANY, THIS = "any", "this"


def _read_category(raw: Any) -> str:
    if not is_category(raw):
        raise ValueError(gettext("A category is 1 to 64 small letters, digits, - and _."))
    return str(raw)


CAMPAIGNS: tuple[tuple[str, Label], ...] = ((ANY, _("any campaign")), (THIS, _("this campaign")))
CAMPAIGN = Param(
    "campaign",
    _("by"),
    "choice",
    one_of(CAMPAIGNS),
    is_required=False,
    choices=CAMPAIGNS,
    not_in_segments=frozenset({THIS}),
)
CATEGORY = Param("category", _("of the category"), "word", _read_category, is_required=False)
REASONS = tuple(SkipReason.choices)
REASON = Param("reason", _("because"), "choice", one_of(REASONS), is_required=False, choices=REASONS)


def _sent(asking: Asking) -> QuerySet[Message]:
    """What is rehearsed as of last week knows nothing of this one."""
    sent = _within(asking, "sent_at", Message.objects.filter(state__in=Message.SENT))
    return sent.filter(campaign=asking.asker) if asking.said.get("campaign") == THIS else sent


def _delivered(asking: Asking) -> QuerySet[Message]:
    return _within(asking, "sent_at", Message.objects.filter(state=MessageState.DELIVERED))


def _skipped(asking: Asking) -> QuerySet[Message]:
    skipped = _within(asking, "ended_at", Message.objects.filter(state=MessageState.SKIPPED))
    reason = asking.said["reason"]
    return skipped if reason is None else skipped.filter(skip_reason=reason)


def _within(asking: Asking, column: str, messages: QuerySet[Message]) -> QuerySet[Message]:
    """Of those it may speak of, what was by now, and within the time that is asked for."""
    known = messages.filter((f"{column}__lte", asking.now), is_test=asking.is_test).order_by()
    within, category = asking.said.get("within"), asking.said.get("category")
    if within is not None:
        known = known.filter((f"{column}__gt", asking.now - within))
    return known if category is None else known.filter(category=category)


def _entered(asking: Asking, _codes: Collection[str] | None) -> QuerySet[Run]:
    """Whoever was not let in has not entered."""
    runs = Run.objects.filter(entered_at__lte=asking.now).exclude(state=RunState.DECLINED).order_by()
    within = asking.said["within"]
    return runs if within is None else runs.filter(entered_at__gt=asking.now - within)


def _was_sent_for_order(subject: Subject) -> Value:
    batch, order = subject.batch, subject.order
    orders = batch.once("messages.sent_for_order", lambda: _read_orders(batch))
    return order is not None and (order.pk, subject.asker, subject.is_test) in orders


def _read_orders(batch: Batch) -> set[tuple[int, int, bool]]:
    """The orders that were sent something, by which campaign, and whether on the test phone."""
    sent = Message.objects.filter(state__in=Message.SENT, sent_at__lte=batch.now, order__in=batch.order_ids).order_by()
    return set(sent.values_list("order", "campaign", "is_test").distinct())


def _count(key: str, label: Label, rows: Any, *params: Param) -> Field:
    reading = Grouped(
        rows,
        "customer",
        aggregate=lambda _asking: Count("*"),
        asserts=lambda _asking: where.whole,
        told=lambda count, _asking: Decimal(count),
        of_none=Decimal(0),
    )
    return Field(key, label, Kind.NUMBER, params=params, group=MESSAGES, reading=reading)


for _field in (
    _count("messages.sent", _("texts sent to the customer"), _sent, WITHIN, CAMPAIGN, CATEGORY),
    _count("messages.delivered", _("texts delivered to the customer"), _delivered, WITHIN, CATEGORY),
    _count("messages.skipped", _("texts not sent to the customer"), _skipped, WITHIN, REASON, CATEGORY),
    Field(
        "messages.since_last",
        _("time since the last text to the customer"),
        Kind.DURATION,
        params=(CAMPAIGN, CATEGORY),
        group=MESSAGES,
        reading=Grouped(
            _sent,
            "customer",
            aggregate=lambda _asking: Max("sent_at"),
            asserts=lambda _asking: where.since,
            told=lambda at, asking: asking.now - at,
            kind=Kind.DURATION,
        ),
    ),
    Field(
        "messages.sent_for_order",
        _("got this campaign's text for this order"),
        Kind.FLAG,
        _was_sent_for_order,
        of=Of.ORDER,
        group=MESSAGES,
    ),
    Field(
        "campaigns.entered",
        _("campaigns they entered"),
        Kind.CODES,
        params=(PERHAPS_WITHIN,),
        group=MESSAGES,
        reading=Listed(
            _entered,
            "customer",
            "campaign__code",
            meant=lambda codes, _asking: codes,
            told=lambda code, _asking: code,
        ),
        suggests="campaigns",
        codes=lambda: Campaign.objects.order_by("name").values_list("code", "name"),
    ),
):
    fields.register(_field)
