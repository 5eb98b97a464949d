"""Who is in a segment, written by sets: a few statements however many customers there are.

Who enters keeps `since` for as long as they stay. Where it is news, each who enters and each who leaves is a Crossing,
with the order that a campaign would speak of. All of it stands in the caller's transaction.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection

from analytics.models import Crossing, Member, Segment
from analytics.signals import segment_changed
from customers.models import Customer
from orders.models import Order

_TABLES = {
    "member": Member._meta.db_table,
    "crossing": Crossing._meta.db_table,
    "customer": Customer._meta.db_table,
    "order": Order._meta.db_table,
}
ENTER = """
INSERT INTO {member} (segment_id, customer_id, since)
SELECT %s, customer.id, %s FROM {found} found JOIN {customer} customer ON customer.id = found.id
WHERE customer.erased_at IS NULL
ON CONFLICT (segment_id, customer_id) DO NOTHING
"""
# Of the customer's orders the one that rules call their last.
CROSS = """
INSERT INTO {crossing} (segment_id, customer_id, order_id, has_entered, at)
SELECT member.segment_id, member.customer_id, (
    SELECT o.id FROM {order} o WHERE o.customer_id = member.customer_id AND NOT o.is_test
    ORDER BY COALESCE(o.ordered_at, o.created_at) DESC, o.id DESC LIMIT 1
), {has_entered}, %s
FROM {member} member WHERE member.segment_id = %s AND {are_concerned}
"""
LEAVE = "DELETE FROM {member} WHERE segment_id = %s AND {are_concerned}"
NOT_FOUND = "NOT EXISTS (SELECT 1 FROM {found} found WHERE found.id = customer_id)"
FOUND = "customer_id IN (SELECT id FROM {found})"
NEW = f"{FOUND} AND since = %s"


def replace(segment: Segment, found: str, at: datetime, *, is_news: bool) -> tuple[int, int]:
    """Its members are those in the table `found` alone. Answers how many entered, and how many left."""
    return enter(segment, found, at, is_news=is_news), _leave(segment, NOT_FOUND, found, at, is_news=is_news)


def enter(segment: Segment, found: str, at: datetime, *, is_news: bool) -> int:
    """Those in the table `found` are in it too. `at` is no other's of this segment. Answers how many were not yet."""
    entered = _execute(ENTER, [segment.pk, _stored(at)], found=found)
    if entered and is_news:
        are_new = NEW.format(found=found)
        _execute(CROSS, [_stored(at), segment.pk, _stored(at)], are_concerned=are_new, has_entered="TRUE")
    return entered


def leave(segment: Segment, found: str, at: datetime) -> int:
    """Those in the table `found` are in it no more. Answers how many were."""
    return _leave(segment, FOUND, found, at, is_news=True)


def tell(segment: Segment, at: datetime) -> None:
    """Once all that crossed at this moment is written."""
    segment_changed.send(Segment, segment=segment, at=at)


def _leave(segment: Segment, who: str, found: str, at: datetime, *, is_news: bool) -> int:
    are_concerned = who.format(found=found)
    if is_news:
        _execute(CROSS, [_stored(at), segment.pk], are_concerned=are_concerned, has_entered="FALSE")
    return _execute(LEAVE, [segment.pk], are_concerned=are_concerned)


def _execute(statement: str, parameters: list[Any], **parts: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement.format(**_TABLES, **parts), parameters)
        return int(cursor.rowcount)


def _stored(moment: datetime) -> Any:
    return connection.ops.adapt_datetimefield_value(moment)
