"""History by when things happened, kept as visits and brought up to date as it is asked for.

What is new is told by the ids of the ledger and the inbox, as far as they are settled (orders/ledger.py); what changes
without a new row of either, by triggers (analytics/watching.py); and that a status is marked or merged, by comparing
how it was read with how it is to be read now. So nobody who writes has anything to do, or to remember.

Whoever reads calls `catch_up()` first, which costs one query when nothing is new. One process at a time follows the
feed; a reader waits for it only so long, and then reads as of before. That a status is read otherwise, whose orders may
be very many, is for the background alone (`follow`); until it is done a reader is told as of before. What runs of
campaigns must know at once is made beside that, for a few orders (`catch_up_for`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.db import connection, transaction
from django.db.models import BigIntegerField, BooleanField, Max
from django.db.models.expressions import RawSQL
from django.utils import timezone

from analytics import visits
from analytics.models import Bookmark, StaleOrder, StatusReading
from analytics.visits import Which
from orders.ledger import last_ids, settled
from orders.models import Order
from workspace.database import execute, hold, in_sets, retry_lost_races, try_to_hold

# Who follows the feed does it alone.
HISTORY_LOCK = 6_127_003
# How many orders, or ids of ledger and inbox, one transaction takes.
SET = 2_000
# How many orders (keys) the books hold against their visits at a time, and how often; each so many seconds others.
AUDITED, MOST_AUDITED, AUDITED_EVERY_S = 2_000, 10, 60
# What a person waits for at most, but for the set that is begun, and how often it is looked whether others are done.
READER_WAITS_S, LOOKS_EVERY_S = 2.0, 0.05

# How statuses are read now, where that is not how they were.
REREAD = """
FROM statuses_orderstatus AS word
JOIN statuses_orderstatus AS meant ON meant.id = coalesce(word.merged_into_id, word.id)
LEFT JOIN analytics_statusreading AS reading ON reading.status_id = word.id
WHERE meant.id <> coalesce(reading.read_as_id, word.id)
   OR meant.include_in_analytics <> coalesce(reading.is_marked, TRUE)
"""
IS_REREAD = f"EXISTS (SELECT 1 {REREAD})"
HAS_STALE = "EXISTS (SELECT 1 FROM analytics_staleorder)"

# Orders that rows of the ledger and the inbox speak of. Of the inbox, what moved an order is in the ledger.
TOLD = """
SELECT order_id FROM orders_statustransition WHERE id > %s AND id <= %s
UNION SELECT order_id FROM orders_statuschange WHERE id > %s AND id <= %s AND verdict IN ('unchanged', 'late')
"""
NO_END = 2**63 - 1

# Of orders of these customers, and of these orders, those that history does not know as they are: told of since, stale
# (also of whoever they were before), or never read.
TOLD_OF_THESE = """
SELECT its_order.id FROM (
    SELECT order_id FROM orders_statustransition WHERE id > %s
    UNION ALL SELECT order_id FROM orders_statuschange WHERE id > %s AND verdict IN ('unchanged', 'late')
) AS told JOIN orders_order AS its_order ON its_order.id = told.order_id WHERE {of_customer} OR {these}
"""
STALE_OF_THESE = """
SELECT stale.order_id FROM analytics_staleorder AS stale JOIN orders_order AS its_order ON its_order.id = stale.order_id
WHERE {of_customer} OR {these}
UNION SELECT stale.order_id FROM analytics_staleorder AS stale
JOIN analytics_visit AS visit ON visit.order_id = stale.order_id WHERE {of_visitor}
"""
UNREAD_OF_THESE = "SELECT id FROM orders_order AS its_order WHERE id > %s AND ({of_customer} OR {these})"


# Whether there is no more to do, and as of when visits are.
Read = tuple[bool, datetime | None]


def catch_up(within_s: float = READER_WAITS_S) -> datetime | None:
    """Before history is read: bring visits up to date with everything committed. Answers as of when they are: None if
    they never were, an earlier moment if there is more to do than `within_s` allows, or somebody else is at it for
    longer, or statuses are read otherwise since. Not for within somebody's transaction.
    """
    look = _look()
    return _go_on((not look.is_behind, look.as_of), _read_on_if_free, within_s)


def follow(within_s: float) -> datetime | None:
    """The same in the background: takes up how statuses are read now, too, and waits for its turn."""
    look = _look()
    return _go_on((not look.is_behind and not look.is_reread, look.as_of), _read_on, within_s)


def _go_on(read: Read, read_more: Callable[[], Read], within_s: float) -> datetime | None:
    deadline = time.monotonic() + within_s
    is_done, read_at = read
    while not is_done and time.monotonic() < deadline:
        is_done, read_at = retry_lost_races(read_more)
    return read_at


def catch_up_for(customer_ids: Collection[int], order_ids: Collection[int] = ()) -> None:
    """Let the visits of these customers' orders, and of these orders, hold every change that is committed. One query,
    and a few more if anything is new. It takes no lock, and leaves what it did to be done again by who follows: what a
    status is read as may change meanwhile.
    """
    behind = _orders_behind(customer_ids, order_ids)
    for some in in_sets(sorted(behind), SET):
        retry_lost_races(partial(visits.make, Which.these(some)))


def rebuild(order_ids: Collection[int] | None = None, tell: Callable[[int, int], None] | None = None) -> None:
    """Make the visits of these orders anew, or of all, a set at a time. `tell` hears how many of how many orders (keys)
    are done. Interrupted, it is gone on with by whoever catches up or follows.
    """
    if order_ids is not None:
        for some in in_sets(sorted(order_ids), SET):
            retry_lost_races(partial(_remake, Which.these(some)))
        return
    retry_lost_races(_begin_again)
    last = Order.objects.aggregate(last=Max("pk"))["last"] or 0
    is_done = False
    while not is_done:
        is_done, _read_at = retry_lost_races(_read_on)
        if tell and last:
            tell(_remade_up_to(last), last)


def as_of() -> datetime | None:
    """Up to when history is known to be complete; None: it was never."""
    return _look().as_of


def was_reread_since(moment: datetime | None) -> bool:
    """Whether a status was found since then to be marked, not marked any more, or merged: then the past reads
    otherwise, and nobody did anything."""
    return moment is not None and Bookmark.objects.filter(reread_at__gte=moment).exists()


def backlog() -> int:
    """About how many orders are to be read again, because a mark or a merge touches them or all are made anew."""
    remade_up_to = Bookmark.objects.values_list("order_id", flat=True).first()
    to_make = 0 if remade_up_to is None else Order.objects.filter(pk__gt=remade_up_to).count()
    return to_make + StaleOrder.objects.count()


def orders_misread() -> int:
    """How many orders have other visits than the inbox and the ledger give them, though they were read: for the books.
    Of very many orders some, others each time.
    """
    mark = Bookmark.objects.filter(pk=Bookmark.ONLY_ID).first()
    if mark is None:
        return 0
    last = Order.objects.aggregate(last=Max("pk"))["last"] or 0
    last = last if mark.order_id is None else min(mark.order_id, last)
    unread = {*StaleOrder.objects.values_list("order_id", flat=True), *_told_since(mark)}
    return sum(len(visits.unlike(some) - unread) for some in _audited(last))


def _audited(last: int) -> Iterator[Which]:
    """Of all keys up to the last, those whose turn it is."""
    firsts = range(1, last + 1, AUDITED)
    turn = int(time.time() // AUDITED_EVERY_S) * MOST_AUDITED
    for nth in range(min(MOST_AUDITED, len(firsts))):
        first = firsts[(turn + nth) % len(firsts)]
        yield Which.between(first, min(first + AUDITED - 1, last))


@dataclass(frozen=True, slots=True)
class _Look:
    """What there is to read, at one moment. Nothing has been read yet, unless told otherwise."""

    ledger_id: int = 0
    inbox_id: int = 0
    # Orders from here on were never read.
    unread_from: int | None = 0
    has_new_rows: bool = True
    has_stale_orders: bool = True
    # Whether there is anything to read, and whether statuses are to be read otherwise.
    is_behind: bool = True
    is_reread: bool = True
    as_of: datetime | None = None


def _look() -> _Look:
    """One query."""
    now, (last_in_ledger, last_in_inbox) = timezone.now(), last_ids()
    news: dict[str, Any] = {
        "is_stale": RawSQL(HAS_STALE, (), BooleanField()),  # noqa: S611 - no values
        "is_reread": RawSQL(IS_REREAD, (), BooleanField()),  # noqa: S611
        "last_in_ledger": RawSQL(last_in_ledger, (), BigIntegerField()),  # noqa: S611
        "last_in_inbox": RawSQL(last_in_inbox, (), BigIntegerField()),  # noqa: S611
    }
    mark: Any = Bookmark.objects.values("ledger_id", "inbox_id", "order_id", "read_at", **news).first()
    if mark is None:
        return _Look()
    has_new_rows = (mark["ledger_id"], mark["inbox_id"]) != (mark["last_in_ledger"], mark["last_in_inbox"])
    is_unfinished = mark["read_at"] is None or mark["order_id"] is not None
    is_behind = has_new_rows or mark["is_stale"] or is_unfinished
    return _Look(
        ledger_id=mark["ledger_id"],
        inbox_id=mark["inbox_id"],
        # Of orders that were read before, what is made anew has nothing to add.
        unread_from=mark["order_id"] if mark["read_at"] is None else None,
        has_new_rows=has_new_rows,
        has_stale_orders=mark["is_stale"],
        is_behind=is_behind,
        is_reread=mark["is_reread"],
        as_of=mark["read_at"] if is_behind or mark["is_reread"] else now,
    )


def _read_on() -> Read:
    """Take up how statuses are read, and make the next set."""
    with transaction.atomic():
        hold(HISTORY_LOCK)
        now, bookmark = timezone.now(), _bookmark()
        _take_up_readings(bookmark)
        return _read_set(bookmark, now)


def _read_on_if_free() -> Read:
    """Make the next set, or look whether somebody else is done."""
    with transaction.atomic():
        if try_to_hold(HISTORY_LOCK):
            now, bookmark = timezone.now(), _bookmark()
            return _read_set(bookmark, bookmark.read_at if _is_reread() else now)
    time.sleep(LOOKS_EVERY_S)
    look = _look()
    return not look.is_behind, look.as_of


def _read_set(bookmark: Bookmark, as_of: datetime | None) -> Read:
    """`as_of`: of when visits are if this is the last set."""
    is_done = False
    if bookmark.order_id is None:
        is_done = _read_news(bookmark)
    else:
        _make_more(bookmark)
    if is_done:
        bookmark.read_at = as_of
    bookmark.save()
    return is_done, bookmark.read_at


def _remade_up_to(last: int) -> int:
    order_id = Bookmark.objects.values_list("order_id", flat=True).first()
    return last if order_id is None else min(order_id, last)


def _bookmark() -> Bookmark:
    """For whoever holds HISTORY_LOCK."""
    bookmark, is_new = Bookmark.objects.get_or_create(pk=Bookmark.ONLY_ID)
    if is_new:  # no order was read yet that would be stale
        _take_up_readings(bookmark)
        _turn_back(bookmark)
    return bookmark


def _begin_again() -> None:
    with transaction.atomic():
        hold(HISTORY_LOCK)
        bookmark = _bookmark()
        _take_up_readings(bookmark)
        _turn_back(bookmark)
        bookmark.save()


def _turn_back(bookmark: Bookmark) -> None:
    """All orders are made anew: what is told up to now will be in it, and what comes is followed from here."""
    ends = settled()
    bookmark.ledger_id, bookmark.inbox_id, bookmark.order_id = ends.ledger, ends.inbox, 0
    StaleOrder.objects.all().delete()


def _make_more(bookmark: Bookmark) -> None:
    """The next orders by their keys."""
    assert bookmark.order_id is not None
    rest = Order.objects.filter(pk__gt=bookmark.order_id).order_by("pk").values_list("pk", flat=True)
    last = rest[SET - 1 : SET].first() or rest.last()
    if last is not None:
        visits.make(Which.between(bookmark.order_id + 1, last))
    bookmark.order_id = last


def _read_news(bookmark: Bookmark) -> bool:
    """What is new, and what is stale. With the last of it also what is committed beyond what is settled: that is read
    once more when it is. Answers whether that was the last.
    """
    ends = settled()
    stale = list(StaleOrder.objects.order_by("pk").values_list("pk", "order_id")[:SET])
    ledger_id, inbox_id = min(ends.ledger, bookmark.ledger_id + SET), min(ends.inbox, bookmark.inbox_id + SET)
    is_last = ledger_id == ends.ledger and inbox_id == ends.inbox and len(stale) < SET
    until = (NO_END, NO_END) if is_last else (ledger_id, inbox_id)
    order_ids = {*(order_id for _pk, order_id in stale), *_told_since(bookmark, *until)}
    for some in in_sets(sorted(order_ids), SET):
        visits.make(Which.these(some))
    StaleOrder.objects.filter(pk__in=[pk for pk, _order_id in stale]).delete()
    bookmark.ledger_id, bookmark.inbox_id = ledger_id, inbox_id
    return is_last


def _remake(which: Which) -> None:
    with transaction.atomic():
        hold(HISTORY_LOCK)
        _take_up_readings(_bookmark())
        visits.make(which)


def _is_reread() -> bool:
    return bool(execute(f"SELECT {IS_REREAD}")[0][0])


def _take_up_readings(bookmark: Bookmark) -> None:
    """Read statuses as they are meant and marked now; the orders that were in one read otherwise are stale."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT word.id, meant.id, meant.include_in_analytics, coalesce(reading.read_as_id, word.id) {REREAD}"
        )
        rows = cursor.fetchall()
        if not rows:
            return
        StatusReading.objects.bulk_create(
            [StatusReading(status_id=word, read_as_id=meant, is_marked=bool(mark)) for word, meant, mark, _was in rows],
            update_conflicts=True,
            unique_fields=["status_id"],
            update_fields=["read_as_id", "is_marked"],
        )
        was = sorted({was for *_row, was in rows})
        marks = ", ".join(["%s"] * len(was))
        cursor.execute(
            f"INSERT INTO analytics_staleorder (order_id) SELECT DISTINCT order_id FROM analytics_visit "  # noqa: S608
            f"WHERE status_id IN ({marks}) ORDER BY order_id",
            was,
        )
        if cursor.rowcount > 0:
            bookmark.reread_at = timezone.now()
            bookmark.save(update_fields=["reread_at"])


def _told_since(mark: Bookmark, ledger_id: int = NO_END, inbox_id: int = NO_END) -> set[int]:
    """The orders that rows after the bookmark speak of, up to these."""
    return _ids(TOLD, (mark.ledger_id, ledger_id, mark.inbox_id, inbox_id))


def _orders_behind(customer_ids: Collection[int], order_ids: Collection[int]) -> set[int]:
    look = _look()
    customers = Which.these(customer_ids, "its_order.customer_id")
    these, visitors = Which.these(order_ids, "its_order.id"), Which.these(customer_ids, "visit.customer_id")
    conditions = {
        "of_customer": customers.condition,
        "these": these.condition,
        "of_visitor": visitors.condition,
    }
    both = (*customers.parameters, *these.parameters)
    behind: set[int] = set()
    if look.has_new_rows:
        behind |= _ids(TOLD_OF_THESE.format(**conditions), (look.ledger_id, look.inbox_id, *both))
    if look.has_stale_orders:
        behind |= _ids(STALE_OF_THESE.format(**conditions), (*both, *visitors.parameters))
    if look.unread_from is not None:
        behind |= _ids(UNREAD_OF_THESE.format(**conditions), (look.unread_from, *both))
    return behind


def _ids(query: str, parameters: Sequence[Any]) -> set[int]:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return {id for (id,) in cursor.fetchall()}
