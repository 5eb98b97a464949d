"""Closed days are counted once and kept; today is counted when it is read, and so is a day that is not kept.

A kept day holds what happened of it before `Rollup.closed_until`. Closing the days up to today adds what happened
since, to whichever days that belongs. Where the past itself changed (a late event, a merge, a mark), whoever writes
history says so (`reopen`), and those days are dropped; who reads next, or beat, counts them again. So what is read is
right whether or not beat comes to close days: it only saves readers the time.

Whoever keeps days or drops them locks their Rollup first, and history says so in the transaction that changes it. So
what was counted before such a change is not kept after it. A Rollup that is just being made could not be locked by
whoever does not see it yet. So whoever changes history shares MAKING_LOCK until it commits, from before it looks for
Rollups; whoever makes one holds it alone until that is committed, and counts only then. A change is thus either
committed before the first count, or sees the Rollup.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from analytics.models import Rollup, RollupDay, Visit
from analytics.reports.counting import Counted, Counting
from analytics.reports.periods import DAY, beginning_of
from analytics.reports.tallies import Tallies, add, pack, unpack
from workspace.database import hold, lock_rows, set_size

# Shared by those who change history; alone is who makes a Rollup.
MAKING_LOCK = 6_127_004

# Of the past that is not kept so much is counted at once.
DAYS_AT_ONCE = 31
# That somebody asked is noted once in so long.
ASKED_ANEW_AFTER = timedelta(days=1)

# A day is closed so long after its end: by then all is committed that found it open.
CLOSED_AFTER = timedelta(hours=1)

Day = tuple[date, Tallies]
Told = tuple[str, int, datetime, int, int, bool]


def read(counting: Counting, first: date, last: date, now: datetime, *, with_times: bool = True) -> list[Day]:
    """What belongs to these days and happened before now. A day comes twice if things happened since it was kept."""
    last = min(last, now.astimezone(counting.zone).date())
    if first > last:
        return []
    if counting.segment is not None:
        return list(_by_day(counting.of_days(first, last, now)).items())
    closed_until, closed = _closed(counting, first, last, now, with_times=with_times)
    live = _by_day(counting.between(beginning_of(closed_until, counting.zone), now))
    return [*closed, *((day, tallies) for day, tallies in live.items() if first <= day <= last)]


def close_days(counting: Counting, first: date, now: datetime) -> None:
    """Keep all days from `first` up to the last that is over."""
    open_day = first_open_day(now, counting.zone)
    _keep(counting, first, open_day - DAY, open_day)


def first_open_day(now: datetime, zone: ZoneInfo) -> date:
    return (now - CLOSED_AFTER).astimezone(zone).date()


def told(visits: QuerySet[Visit]) -> frozenset[Told]:
    """What history says of some orders, for whoever is about to change it: what closed days are counted of. Nothing, if
    none are kept; until that transaction ends none are begun, either."""
    hold(MAKING_LOCK, shared=True)
    if not Rollup.objects.exists():
        return frozenset()
    counted = visits.filter(is_test=False).order_by()
    return frozenset(counted.values_list("type", "order", "entered_at", "status", "source", "is_step"))


def reopen_changed(before: frozenset[Told], after: frozenset[Told]) -> None:
    """Called in the transaction that changes history. Of an order and type whose closed days changed, all days are
    dropped on which it came somewhere: a funnel counts by the first."""
    moments: dict[tuple[str, int], set[datetime]] = defaultdict(set)
    for type, order, at, *_ in before | after:
        moments[type, order].add(at)
    changed: dict[str, list[tuple[datetime, set[datetime]]]] = defaultdict(list)
    for (type, order), since in _changed_since(before ^ after).items():
        changed[type].append((since, moments[type, order]))
    for type, changes in sorted(changed.items()):  # everybody locks them in one order
        # A day that this change is of is not closed before it is committed.
        if min(since for since, _ in changes) < timezone.now() - CLOSED_AFTER / 2:
            _reopen(type, changes)


def _changed_since(rows: Iterable[Told]) -> dict[tuple[str, int], datetime]:
    since: dict[tuple[str, int], datetime] = {}
    for type, order, at, *_ in rows:
        since[type, order] = min(at, since.get((type, order), at))
    return since


def _reopen(type: str, changes: Sequence[tuple[datetime, Collection[datetime]]]) -> None:
    for rollup in lock_rows(Rollup.objects.filter(type=type).order_by("pk")):
        zone = ZoneInfo(rollup.timezone)
        closed = beginning_of(rollup.closed_until, zone)
        reached = (moments for since, moments in changes if since < closed)
        days = {moment.astimezone(zone).date() for moments in reached for moment in moments}
        rollup.days.filter(day__in=days).delete()


def _closed(counting: Counting, first: date, last: date, now: datetime, *, with_times: bool) -> tuple[date, list[Day]]:
    """The kept days, and from which day on all is live."""
    open_day = first_open_day(now, counting.zone)
    last = min(last, open_day - DAY)
    rollup = _rollups(counting).first()
    # Whoever asks as of a past moment is told without what happened since.
    if first > last or (rollup and rollup.closed_until > open_day):
        return first, []
    if rollup and rollup.closed_until == open_day:
        days = _stored(rollup, first, last, with_times=with_times)
        if days is not None:
            _note_asked(rollup, now)
            return open_day, days
    _keep(counting, first, last, open_day)
    with transaction.atomic():
        days = _stored(_locked(counting), first, last, with_times=with_times)
    # None: history changed just now.
    return (first, []) if days is None else (open_day, days)


def _stored(rollup: Rollup, first: date, last: date, *, with_times: bool) -> list[Day] | None:
    """None: not all of them are kept, or days were closed just now."""
    columns = ["rollup__closed_until", "day", "counts", *(["seconds"] if with_times else [])]
    rows = rollup.days.filter(day__gte=first, day__lte=last).order_by().values_list(*columns)
    stored = list(rows)
    is_whole = len(stored) == (last - first).days + 1
    if not is_whole or any(closed_until != rollup.closed_until for closed_until, *_ in stored):
        return None
    return [(day, unpack(counts, *seconds)) for _, day, counts, *seconds in stored if counts]


def _keep(counting: Counting, first: date, last: date, open_day: date) -> None:
    """Close the days before the open one, and count those of these that are missing, some at a time."""
    _begin(counting, open_day)
    is_whole = False
    while not is_whole:
        with transaction.atomic():
            rollup = _locked(counting)
            _close_up_to(rollup, counting, open_day)
            kept = set(rollup.days.filter(day__gte=first, day__lte=last).values_list("day", flat=True))
            missing = _first_stretch(day for day in _days(first, last) if day not in kept)
            is_whole = not missing
            if missing:
                until = beginning_of(rollup.closed_until, counting.zone)
                counted = _by_day(counting.of_days(missing[0], missing[-1], until))
                _insert(rollup, {day: counted.get(day, {}) for day in missing})


def _note_asked(rollup: Rollup, now: datetime) -> None:
    if rollup.asked_at < now - ASKED_ANEW_AFTER:
        Rollup.objects.filter(pk=rollup.pk).update(asked_at=now)


def _rollups(counting: Counting) -> QuerySet[Rollup]:
    return Rollup.objects.filter(about=counting.about, timezone=counting.zone.key)


def _begin(counting: Counting, open_day: date) -> None:
    """In a transaction of its own: see above."""
    if _rollups(counting).exists():
        return
    begun = {"type": counting.type, "closed_until": open_day, "asked_at": timezone.now()}
    with transaction.atomic():
        hold(MAKING_LOCK)
        Rollup.objects.get_or_create(about=counting.about, timezone=counting.zone.key, defaults=begun)


def _locked(counting: Counting) -> Rollup:
    rollup: Rollup = lock_rows(_rollups(counting)).get()
    return rollup


def _close_up_to(rollup: Rollup, counting: Counting, open_day: date) -> None:
    if rollup.closed_until >= open_day:
        return
    closed = list(_days(rollup.closed_until, open_day - DAY))
    start, end = (beginning_of(day, counting.zone) for day in (rollup.closed_until, open_day))
    since = _by_day(counting.between(start, end))
    _add_to_kept(rollup, {day: tallies for day, tallies in since.items() if day < rollup.closed_until})
    _insert(rollup, {day: since.get(day, {}) for day in closed})
    rollup.closed_until = open_day
    rollup.save(update_fields=["closed_until"])


def _add_to_kept(rollup: Rollup, since: dict[date, Tallies]) -> None:
    """Of days that are not kept nothing is: they are counted whole when they are read."""
    rows = list(rollup.days.filter(day__in=since))
    for row in rows:
        tallies = unpack(row.counts, row.seconds)
        for key, tally in since[row.day].items():
            add(tallies, key, tally.numbers, tally.seconds)
        row.counts, row.seconds = pack(tallies)
    RollupDay.objects.bulk_update(rows, ["counts", "seconds"], batch_size=100)


def _insert(rollup: Rollup, days: dict[date, Tallies]) -> None:
    packed = ((day, *pack(tallies)) for day, tallies in days.items())
    RollupDay.objects.bulk_create(
        [RollupDay(rollup=rollup, day=day, counts=counts, seconds=seconds) for day, counts, seconds in packed],
        batch_size=set_size(),
    )


def _by_day(counted: Iterable[Counted]) -> dict[date, Tallies]:
    days: dict[date, Tallies] = defaultdict(dict)
    for one in counted:
        add(days[one.day], one.key, one.numbers, one.seconds)
    for tallies in days.values():
        for tally in tallies.values():
            tally.sort()
    return days


def _days(first: date, last: date) -> Iterator[date]:
    return (first + number * DAY for number in range((last - first).days + 1))


def _first_stretch(days: Iterable[date]) -> list[date]:
    """Days that follow each other, not too many at once."""
    stretch: list[date] = []
    for day in days:
        if stretch and (day != stretch[-1] + DAY or len(stretch) == DAYS_AT_ONCE):
            break
        stretch.append(day)
    return stretch
