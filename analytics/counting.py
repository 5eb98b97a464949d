"""Counting who is in a segment: its rule is asked once, and what differs from its members is written.

A count is claimed by a conditional update, and the claim runs out: two workers never count one segment at once, and
the count of a worker that died is begun anew. Members, crossings and what campaigns note of them are written in
one transaction, so a count that was killed leaves nothing behind. Its rule is asked before, into a table of
the connection's own: nobody waits for a long one, not even on SQLite.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import F, Q
from django.utils import timezone

from analytics import history, members
from analytics.models import Member, Segment
from analytics.rules import RuleError, read_segment_rule
from analytics.segments import by_need, is_in_a_circle
from workspace.database import TookTooLong, kept_aside, lock_rows, lost_race
from workspace.failpoints import reach

LONGEST_S = 60.0
# Longer than a count can take, so that nobody else begins one meanwhile.
LEASE = timedelta(seconds=3 * LONGEST_S)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Counted:
    """What a count came to."""

    members: int
    entered: int
    left: int


def due_segments() -> list[Segment]:
    """Asked for since the last count began, not counted for long, or left by a worker that died; those that others ask
    about first."""
    now = timezone.now()
    long_ago = now - timedelta(seconds=settings.SEGMENTS_EVERY_S)
    is_due = Q(count_began_at=None) | Q(count_began_at__lte=long_ago) | Q(count_asked_at__gt=F("count_began_at"))
    rows = Segment.objects.filter(is_due & Q(counting_until=None) | Q(counting_until__lte=now))
    return by_need(list(rows))


def refresh(segment: Segment) -> Counted | None:
    """Count it now. None: somebody else does, its rule was changed meanwhile, or it has a `problem`."""
    began = timezone.now()
    is_free = Q(counting_until=None) | Q(counting_until__lte=began)
    claim = Segment.objects.filter(is_free, pk=segment.pk)
    if not claim.update(count_began_at=began, counting_until=began + LEASE):
        return None
    segment.refresh_from_db()
    try:
        return _count_list(segment) if segment.is_list else _count_rule(segment)
    except RuleError:
        _give_up(segment, Segment.Problem.RULE)
    except TookTooLong:
        _give_up(segment, Segment.Problem.SLOW)
    except DatabaseError as error:
        if lost_race(error):
            _let_go(segment, count_began_at=None)  # it stays due
        raise
    return None


def _count_rule(segment: Segment) -> Counted | None:
    began, rule = _began(segment), read_segment_rule(segment.rule)
    if rule.segments and is_in_a_circle(segment):
        _give_up(segment, Segment.Problem.RULE)
        return None
    read_at = history.follow(within_s=LONGEST_S)
    if rule.reads_history and (read_at is None or read_at < began):
        # Who seems to be missing now would seem to come once the rest is read. It stays due.
        _let_go(segment, count_began_at=None)
        return None
    with kept_aside(rule.customers(began), within_s=LONGEST_S) as table:
        reach("counting.found")
        with transaction.atomic():
            kept = _still_ours(segment)
            if kept is None:
                return None
            is_news = _is_news(kept)
            entered, left = members.replace(kept, table, began, is_news=is_news)
            counted = _keep(kept, entered, left)
            if is_news and (entered or left):
                members.tell(kept, began)
    reach("counting.counted")
    log.info("segment_counted", segment=kept.pk, entered=entered, left=left, seconds=kept.counted_in_s)
    return counted


def _is_news(segment: Segment) -> bool:
    """Whether who comes and goes did so by themselves: not by a rule that was changed, nor by a status that was marked,
    or merged, since the last count."""
    return segment.is_counted_by_its_rule and not history.was_reread_since(segment.counted_at)


def _count_list(segment: Segment) -> Counted | None:
    """Nobody comes or goes by itself, but who is erased."""
    with transaction.atomic():
        kept = _still_ours(segment)
        return None if kept is None else _keep(kept, 0, 0)


def _still_ours(segment: Segment) -> Segment | None:
    """Locked, unless its claim ran out, its rule was changed meanwhile, or it is gone."""
    ours = Segment.objects.filter(
        pk=segment.pk, count_began_at=segment.count_began_at, rule_changed_at=segment.rule_changed_at
    )
    kept = lock_rows(ours).first()
    if kept is None:
        _let_go(segment)
    return kept


def _keep(segment: Segment, entered: int, left: int) -> Counted:
    began = _began(segment)
    segment.counted_at, segment.counting_until, segment.problem = began, None, ""
    segment.counted_in_s = round((timezone.now() - began).total_seconds(), 3)
    segment.members_count = Member.objects.filter(segment=segment).count()
    segment.save(update_fields=["counted_at", "counting_until", "problem", "counted_in_s", "members_count"])
    return Counted(segment.members_count, entered, left)


def _give_up(segment: Segment, problem: Segment.Problem) -> None:
    """Until it is changed, or its time comes again. Its members stay."""
    _let_go(segment, problem=problem)
    log.warning("segment_not_counted", segment=segment.pk, problem=problem.value)


def _let_go(segment: Segment, **told: Any) -> None:
    ours = Segment.objects.filter(pk=segment.pk, count_began_at=segment.count_began_at)
    ours.update(counting_until=None, **told)


def _began(segment: Segment) -> datetime:
    assert segment.count_began_at is not None, "it was claimed"
    return segment.count_began_at
