"""The orders behind a figure, so that from any figure one comes to the list of its orders.

A figure may count an order twice, as one that came to a status twice; the list shows it once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from urllib.parse import parse_qsl, urlencode

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from analytics.models import Visit
from analytics.reports.filters import ALL, Filters, visits_counted
from statuses.models import OrderStatus, StatusType
from workspace.local_formats import short_moment
from workspace.reading import Problem, read_time

# Those that are about one moment, not about a period.
OF_A_MOMENT = ("standing", "there")
# No report names more at a time.
MOST_STATUSES = 20


@dataclass(frozen=True, slots=True)
class Behind:
    """`what` is one of the keys of KINDS; `statuses` are primary keys, none: those that are not marked."""

    what: str
    type: str
    statuses: tuple[int, ...]
    start: datetime | None
    end: datetime
    filters: Filters = ALL

    def written(self) -> str:
        """For an address."""
        told = {
            "what": self.what,
            "type": self.type,
            "statuses": ".".join(map(str, self.statuses)),
            "start": self.start and self.start.isoformat(),
            "end": self.end.isoformat(),
            "source": self.filters.source,
            "segment": self.filters.segment,
        }
        return urlencode({name: value for name, value in told.items() if value})

    @classmethod
    def read(cls, written: str) -> Self | None:
        """None: it is no such thing."""
        told = dict(parse_qsl(written))
        start, end = (_moment(told.get(name, "")) for name in ("start", "end"))
        keys = [key for key in told.get("statuses", "").split(".") if key]
        numbers = [*keys, *(told[name] for name in ("source", "segment") if name in told)]
        is_one = told.get("what") in KINDS and told.get("type") in StatusType.values and end is not None
        is_whole = (start is not None or told.get("what") in OF_A_MOMENT) and len(keys) <= MOST_STATUSES
        if not is_one or not is_whole or not all(number.isdecimal() and len(number) < 19 for number in numbers):
            return None
        assert end is not None
        filters = Filters(*(int(told[name]) if name in told else None for name in ("source", "segment")))
        return cls(told["what"], told["type"], tuple(map(int, keys)), start, end, filters)

    def orders(self) -> QuerySet[Visit, Any]:
        """Their keys."""
        visits = visits_counted(self.type, self.filters.segment)
        if self.filters.source is not None:
            visits = visits.filter(source=self.filters.source)
        return KINDS[self.what].narrow(self, visits).values("order")

    def in_words(self) -> str:
        names = OrderStatus.objects.in_bulk(self.statuses)
        words = {
            "statuses": " → ".join(names[pk].name for pk in self.statuses if pk in names)
            or gettext("not in analytics"),
            "type": StatusType(self.type).label.lower(),
            "start": short_moment(self.start) if self.start else "",
            "end": short_moment(self.end),
        }
        return str(KINDS[self.what].words) % words


def _moment(written: str) -> datetime | None:
    read = read_time(written)
    return None if isinstance(read, Problem) else read


Visits = QuerySet[Visit]


@dataclass(frozen=True, slots=True)
class What:
    """`narrow` answers the visits by which its orders are known."""

    words: str | Promise
    narrow: Callable[[Behind, Visits], Visits]


def _in(behind: Behind, visits: Visits) -> Visits:
    if behind.statuses:
        return visits.filter(status__in=behind.statuses)
    return visits.filter(status__include_in_analytics=False)


def _standing(behind: Behind, visits: Visits) -> Visits:
    is_there = Q(left_at=None) | Q(left_at__gte=behind.end)
    return _in(behind, visits).filter(is_there, entered_at__lt=behind.end)


def _entered(behind: Behind, visits: Visits) -> Visits:
    came = _in(behind, visits).filter(entered_at__gte=behind.start, entered_at__lt=behind.end)
    return came.filter(is_step=True) if behind.statuses else came


def _left(behind: Behind, visits: Visits) -> Visits:
    steps = _in(behind, visits).filter(is_step=True)
    return steps.filter(path_left_at__gte=behind.start, path_left_at__lt=behind.end)


def _there(behind: Behind, visits: Visits) -> Visits:
    return _in(behind, visits).filter(is_step=True, path_left_at=None, entered_at__lt=behind.end)


def _through(behind: Behind, visits: Visits) -> Visits:
    """Those that began a funnel, and came to each of its statuses after the one before."""
    first, *rest = behind.statuses or (0,)
    steps = Visit.objects.filter(type=behind.type, is_step=True, order=OuterRef("order")).order_by()
    earlier = steps.filter(status=first, ordinal__lt=OuterRef("ordinal"))
    begun = visits.filter(status=first, is_step=True, entered_at__gte=behind.start, entered_at__lt=behind.end)
    begun = begun.filter(~Exists(earlier))
    later = None
    for status in reversed(rest):
        after = steps.filter(status=status, entered_at__gte=OuterRef("entered_at"))
        later = Exists(after if later is None else after.filter(later))
    return begun if later is None else begun.filter(later)


KINDS = {
    "standing": What(_("%(type)s status %(statuses)s, %(end)s"), _standing),
    "entered": What(_("came to %(statuses)s (%(type)s) from %(start)s to %(end)s"), _entered),
    "left": What(_("left %(statuses)s (%(type)s) from %(start)s to %(end)s"), _left),
    "there": What(_("in %(statuses)s (%(type)s) since before %(end)s"), _there),
    "through": What(_("%(statuses)s (%(type)s), the first from %(start)s to %(end)s"), _through),
}
