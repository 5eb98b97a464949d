"""The life of a segment: it is made, changed, copied and deleted, and asked to be counted (analytics/counting.py).

Its code is what campaigns and other segments know it by, and stays. What changes in its rule is counted anew at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from graphlib import CycleError, TopologicalSorter
from itertools import count
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from analytics import members
from analytics.models import Member, Segment
from analytics.naming import segments_named
from analytics.segment_usages import usages
from customers.models import Customer
from workspace.database import hold, kept_aside, lock_rows
from workspace.models import User
from workspace.reading import BadDocument, Problem
from workspace.upserts import is_same

COPIED_WITHIN_S = 20.0
CIRCLES_LOCK = 6_127_005
LONGEST_NAME, LONGEST_STEM = 200, 56


class Refusal(ValueError):
    """It cannot be done; `code` for machines, the sentence for people."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail


def create(*, code: str, name: str, rule: Any = None, by: User | None = None) -> Segment:
    """By a rule that was read, or a list that is empty yet. It is counted soon."""
    kind = Segment.Kind.LIST if rule is None else Segment.Kind.RULE
    segment = Segment(code=code, name=name, kind=kind, rule=rule or {}, created_by=by)
    with transaction.atomic():
        _take_turns(segment.rule)
        _refuse_circles(segment)
        try:
            with transaction.atomic():
                segment.count_asked_at = timezone.now()
                segment.save(force_insert=True)
        except IntegrityError:
            raise Refusal("code_taken", _("Another segment has the code “%s”.") % code) from None
        return segment


def change(segment: Segment, *, name: str, rule: Any = None, revision: int | None = None) -> Segment:
    """Set its name and, unless it is a list, its rule. With a `revision`, only if nobody changed it since."""
    with transaction.atomic():
        _take_turns(rule or {})
        kept = _locked(segment)
        if revision not in (None, kept.revision):
            raise Refusal(
                "changed_meanwhile",
                _("“%s” was changed by somebody else meanwhile. Look at it again before you change it.") % kept.name,
            )
        is_new_rule = rule is not None and not is_same(kept.rule, rule)
        if kept.name == name and not is_new_rule:
            return kept
        kept.name, kept.revision = name, kept.revision + 1
        if is_new_rule:
            kept.rule, kept.rule_changed_at, kept.count_asked_at = rule, timezone.now(), timezone.now()
            _refuse_circles(kept)
        kept.save()
        return kept


def copy(segment: Segment, *, by: User | None = None) -> Segment:
    """The same rule under another name, for a person to change. Who is on a list is on its copy."""
    with transaction.atomic():
        rule, name = None if segment.is_list else segment.rule, _("%s (copy)") % segment.name
        made = create(code=fresh_code(segment.code), name=name[:LONGEST_NAME], rule=rule, by=by)
        if segment.is_list:
            _copy_members(segment, made)
        return made


def delete(segment: Segment) -> None:
    """Only what nothing uses; else it says what does."""
    with transaction.atomic():
        segment = _locked(segment)
        if uses := usages([segment]).get(segment.pk):
            told = ", ".join(use.text for use in uses[:3])
            raise Refusal(
                "segment_in_use", _("“%(name)s” is used by: %(uses)s.") % {"name": segment.name, "uses": told}
            )
        segment.delete()


def fresh_code(wanted: str) -> str:
    """This one, or with the first number that makes it nobody's."""
    taken = set(Segment.objects.filter(code__startswith=wanted[:LONGEST_STEM]).values_list("code", flat=True))
    return next(code for code in _numbered(wanted) if code not in taken)


def ask_for_count(segments: Iterable[Segment]) -> None:
    """They are counted within seconds, if a worker is there."""
    asked = [segment.pk for segment in segments]
    Segment.objects.filter(pk__in=asked).update(count_asked_at=timezone.now())


def by_need(segments: Sequence[Segment]) -> list[Segment]:
    """Those that others ask about before those others. Those of a circle, and who asks about these, come last."""
    by_code, sorter = {segment.code: segment for segment in segments}, TopologicalSorter(_needs(segments))
    with suppress(CycleError):  # which no screen lets in; what can be counted is known all the same
        sorter.prepare()
    ordered = dict.fromkeys(code for code in _as_they_are_ready(sorter) if code in by_code)
    return [by_code[code] for code in (*ordered, *(by_code.keys() - ordered.keys()))]


def is_in_a_circle(segment: Segment) -> bool:
    """Whether it asks about itself, through whichever others."""
    needs, seen = _needs(Segment.objects.filter(kind=Segment.Kind.RULE)), set[str]()
    to_see = [*needs.get(segment.code, ())]
    while to_see:
        code = to_see.pop()
        if code not in seen:
            seen.add(code)
            to_see.extend(needs.get(code, ()))
    return segment.code in seen


def _as_they_are_ready(sorter: TopologicalSorter[str]) -> Iterator[str]:
    while ready := sorter.get_ready():
        yield from ready
        sorter.done(*ready)


def _needs(segments: Iterable[Segment]) -> Mapping[str, set[str]]:
    return {segment.code: set(segments_named(segment.rule)) for segment in segments}


def _take_turns(rule: Mapping[str, Any]) -> None:
    """Of those who save rules that name segments. Before any row is locked: two of them would wait for each other's."""
    if any(segments_named(rule)):
        hold(CIRCLES_LOCK)


def _refuse_circles(segment: Segment) -> None:
    """Segments that others ask about, through any of them, cannot ask about those. It is this writer's turn."""
    if not any(segments_named(segment.rule)):
        return
    others = list(Segment.objects.exclude(pk=segment.pk))
    try:
        TopologicalSorter(_needs([*others, segment])).prepare()
    except CycleError as error:
        names = {other.code: other.name for other in (*others, segment)}
        path = " → ".join(f"“{names.get(code, code)}”" for code in error.args[1])
        told = _("Segments cannot ask about each other in a circle: %s.") % path
        raise BadDocument([Problem("circle", told, "")]) from None


def _locked(segment: Segment) -> Segment:
    locked: Segment = lock_rows(Segment.objects.filter(pk=segment.pk)).get()
    return locked


def _copy_members(segment: Segment, made: Segment) -> None:
    on_it = Customer.objects.filter(pk__in=Member.objects.filter(segment=segment).values("customer"))
    with kept_aside(on_it, within_s=COPIED_WITHIN_S) as found:
        members.enter(made, found, timezone.now(), is_news=False)


def _numbered(code: str) -> Iterator[str]:
    yield code
    yield from (f"{code[:LONGEST_STEM]}-{number}" for number in count(2))
