"""What rules may ask about texts: how many the customer was sent, how long ago the last was, and this order's own.

Sent is what a gateway took, at the time it took it. Texts on the test phone count for orders that a test key moved, and
for no others. Whatever is asked is one query for a batch.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Aggregate, Count, Max, QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from analytics import fields
from analytics.fields import Batch, Field, Kind, Param, Subject, Value
from campaigns.models import Message
from customers.categories import is_category
from workspace.durations import read_duration

ANY, THIS = "any", "this"

# Customer, campaign (None: whichever), and whether on the test phone.
Whose = tuple[int | None, int | None, bool]


def _read_campaign(raw: Any) -> str:
    if raw not in (ANY, THIS):
        raise ValueError(gettext("Choose one of: %s.") % f"{ANY}, {THIS}")
    return str(raw)


def _read_category(raw: Any) -> str:
    if not is_category(raw):
        raise ValueError(gettext("A category is 1 to 64 small letters, digits, - and _."))
    return str(raw)


WITHIN = Param("within", _("in the last"), "duration", read_duration)
CAMPAIGN = Param(
    "campaign",
    _("by"),
    "choice",
    _read_campaign,
    is_required=False,
    choices=((ANY, _("any campaign")), (THIS, _("this campaign"))),
)
CATEGORY = Param("category", _("of the category"), "word", _read_category, is_required=False)


def _count(subject: Subject, within: timedelta, campaign: str | None, category: str | None) -> Value:
    batch, of_this = subject.batch, campaign == THIS
    counts = batch.once(
        ("messages.sent", within, of_this, category),
        lambda: _each(_sent(batch, category).filter(sent_at__gt=batch.now - within), Count("pk"), of_this=of_this),
    )
    return Decimal(counts.get(_whose(subject, of_this=of_this), 0))


def _since_last(subject: Subject, campaign: str | None, category: str | None) -> Value:
    batch, of_this = subject.batch, campaign == THIS
    last = batch.once(
        ("messages.since_last", of_this, category),
        lambda: _each(_sent(batch, category), Max("sent_at"), of_this=of_this),
    )
    at = last.get(_whose(subject, of_this=of_this))
    return None if at is None else batch.now - at


def _was_sent_for_order(subject: Subject) -> Value:
    batch = subject.batch
    orders = batch.once("messages.sent_for_order", lambda: _read_orders(batch))
    return (subject.order.pk, subject.asker, subject.is_test) in orders


def _whose(subject: Subject, *, of_this: bool) -> Whose:
    return (subject.order.customer_id, subject.asker if of_this else None, subject.is_test)


def _sent(batch: Batch, category: str | None) -> QuerySet[Message]:
    sent = _sent_by(batch.now).filter(customer__in=batch.customer_ids)
    return sent if category is None else sent.filter(category=category)


def _sent_by(now: datetime) -> QuerySet[Message]:
    """What is rehearsed as of last week knows nothing of this one."""
    return Message.objects.filter(state__in=Message.SENT, sent_at__lte=now).order_by()


def _each(sent: QuerySet[Message], what: Aggregate, *, of_this: bool) -> Mapping[Whose, Any]:
    """Told by the database: a customer may have been sent very many."""
    by = ("customer", *(("campaign",) if of_this else ()), "is_test")
    rows = sent.values(*by).annotate(told=what).values_list(*by, "told")
    return {(row[0], row[1] if of_this else None, row[-2]): row[-1] for row in rows}


def _read_orders(batch: Batch) -> set[tuple[int, int, bool]]:
    """The orders that were sent something, by which campaign, and whether on the test phone."""
    orders = {order.pk for order in batch.orders}
    return set(_sent_by(batch.now).filter(order__in=orders).values_list("order", "campaign", "is_test").distinct())


for _field in (
    Field("messages.sent", _("texts sent to the customer"), Kind.NUMBER, _count, params=(WITHIN, CAMPAIGN, CATEGORY)),
    Field(
        "messages.since_last",
        _("time since the last text to the customer"),
        Kind.DURATION,
        _since_last,
        params=(CAMPAIGN, CATEGORY),
    ),
    Field("messages.sent_for_order", _("got this campaign's text for this order"), Kind.FLAG, _was_sent_for_order),
):
    fields.register(_field)
