"""Closed days are counted once and kept; today is counted when it is read, and so is a day that is not kept.

A kept day holds what happened of it before `Rollup.closed_until`. Closing the days up to today adds what happened
since, to whichever days that belongs. Where the past itself changed (a late event, a merge, a mark), whoever writes
history says so (`reopen`), and those days are dropped; who reads next, or beat, counts them again. So what is read is
right whether or not beat comes to close days: it only saves readers the time.

Whoever keeps days or drops them locks their Rollup first, and history says so in the transaction that changes it. So
what was counted before such a change is not kept after it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from analytics.models import Rollup, RollupDay
from analytics.reports.counting import Counted, Counting
from analytics.reports.periods import DAY, beginning_of
from analytics.reports.tallies import Tallies, add, pack, unpack
from workspace.database import lock_rows, set_size

# Of the past that is not kept so much is counted at once.
DAYS_AT_ONCE = 31

Day = tuple[date, Tallies]


def read(counting: Counting, first: date, last: date, now: datetime, *, with_times: bool = True) -> list[Day]:
    """What belongs to these days and happened before now. A day comes twice if things happened since it was kept."""
    today = now.astimezone(counting.zone).date()
    last = min(last, today)
    if first > last:
        return []
    if counting.segment is not None:
        return list(_by_day(counting.of_days(first, last, now)).items())
    closed_until, closed = _closed(counting, first, min(last, today - DAY), today, with_times=with_times)
    live = _by_day(counting.between(beginning_of(closed_until, counting.zone), now))
    return [*closed, *((day, tallies) for day, tallies in live.items() if first <= day <= last)]


def close_days(counting: Counting, first: date, now: datetime) -> None:
    """Keep all days from `first` up to yesterday."""
    today = now.astimezone(counting.zone).date()
    _kept_whole(counting, first, today - DAY, today)


def reopen(type: str, moments: Collection[datetime] | None = None) -> None:
    """History of this type changed on the days of these moments (none given: on any). Called in the transaction that
    changes it, with the moments at which orders came to where they now are, or no longer are: for each order that
    changed before today, all of them."""
    for rollup in lock_rows(Rollup.objects.filter(type=type).order_by("pk")):
        kept = RollupDay.objects.filter(rollup=rollup)
        if moments is not None:
            zone = ZoneInfo(rollup.timezone)
            kept = kept.filter(day__in={moment.astimezone(zone).date() for moment in moments})
        kept.delete()


def forget_unasked(before: datetime) -> None:
    Rollup.objects.filter(asked_at__lt=before).delete()


def _closed(counting: Counting, first: date, last: date, today: date, *, with_times: bool) -> tuple[date, list[Day]]:
    """The kept days, and from which day on the rest is live."""
    if first > last:
        return first, []
    rollup = _rollups(counting).first()
    if rollup is not None:
        days = _stored(rollup, first, last, with_times=with_times)
        if days is not None:
            return rollup.closed_until, days
    with transaction.atomic():
        rollup = _kept_whole(counting, first, last, today)
        days = _stored(rollup, first, last, with_times=with_times)
    assert days is not None
    return rollup.closed_until, days


def _stored(rollup: Rollup, first: date, last: date, *, with_times: bool) -> list[Day] | None:
    """None: not all of them are kept, or days were closed just now."""
    columns = ["rollup__closed_until", "day", "counts", *(["seconds"] if with_times else [])]
    last = min(last, rollup.closed_until - DAY)
    rows = RollupDay.objects.filter(rollup=rollup, day__gte=first, day__lte=last).order_by().values_list(*columns)
    stored = list(rows)
    is_whole = len(stored) == max((last - first).days + 1, 0)
    if not is_whole or any(closed_until != rollup.closed_until for closed_until, *_ in stored):
        return None
    return [(day, unpack(counts, *seconds)) for _, day, counts, *seconds in stored if counts]


def _kept_whole(counting: Counting, first: date, last: date, today: date) -> Rollup:
    """Close the days before today, and count those of these that are missing."""
    with transaction.atomic():
        rollup = _locked(counting, today)
        _close_up_to(rollup, counting, today)
        kept = set(rollup.days.filter(day__gte=first, day__lte=last).values_list("day", flat=True))
        missing = [day for day in _days(first, last) if day not in kept]
        until = beginning_of(rollup.closed_until, counting.zone)
        for start, end in _stretches(missing):
            counted = _by_day(counting.of_days(start, end, until))
            _insert(rollup, {day: counted.get(day, {}) for day in _days(start, end)})
    return rollup


def _rollups(counting: Counting) -> QuerySet[Rollup]:
    return Rollup.objects.filter(about=counting.about, timezone=counting.zone.key)


def _locked(counting: Counting, today: date) -> Rollup:
    begun = {"type": counting.type, "closed_until": today, "asked_at": timezone.now()}
    Rollup.objects.get_or_create(about=counting.about, timezone=counting.zone.key, defaults=begun)
    rollup: Rollup = lock_rows(_rollups(counting)).get()
    return rollup


def _close_up_to(rollup: Rollup, counting: Counting, today: date) -> None:
    if rollup.closed_until >= today:
        return
    closed = list(_days(rollup.closed_until, today - DAY))
    start, end = (beginning_of(day, counting.zone) for day in (rollup.closed_until, today))
    since = _by_day(counting.between(start, end))
    _add_to_kept(rollup, {day: tallies for day, tallies in since.items() if day < rollup.closed_until})
    _insert(rollup, {day: since.get(day, {}) for day in closed})
    rollup.closed_until = today
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


def _stretches(days: Iterable[date]) -> Iterator[tuple[date, date]]:
    """Days that follow each other, not too many at once."""
    stretch: list[date] = []
    for day in days:
        if stretch and (day != stretch[-1] + DAY or len(stretch) == DAYS_AT_ONCE):
            yield stretch[0], stretch[-1]
            stretch = []
        stretch.append(day)
    if stretch:
        yield stretch[0], stretch[-1]
