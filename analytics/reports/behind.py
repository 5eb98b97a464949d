"""The orders behind a figure, so that from any figure one comes to the list of its orders.

A figure may count an order twice, as one that came to a status twice; the list shows it once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Self

from django.db.models import Exists, Model, OuterRef, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from analytics.models import Visit
from analytics.reports.figures import Told, Unreadable, filters_in_words, lead_to, write
from analytics.reports.filters import ALL, Filters, visits_counted
from orders.models import Order
from statuses.models import OrderStatus, StatusType
from workspace.local_formats import short_moment

# Those that are about one moment, not about a period.
OF_A_MOMENT = ("standing", "there", "with_status")
# No report names more at a time.
MOST_STATUSES = 20


@dataclass(frozen=True, slots=True)
class Behind:
    """`what` is one of the keys of KINDS; `statuses` are primary keys, none: those that are not marked."""

    rows: ClassVar[type[Model]] = Order

    what: str
    type: str
    statuses: tuple[int, ...]
    start: datetime | None
    end: datetime
    filters: Filters = ALL

    def written(self) -> str:
        told = {
            "what": self.what,
            "type": self.type,
            "statuses": self.statuses,
            "start": self.start,
            "end": self.end,
        }
        return write(told, self.filters)

    @classmethod
    def read(cls, written: str) -> Self | None:
        """None: it is no such thing."""
        try:
            return cls._read(Told(written))
        except Unreadable:
            return None

    @classmethod
    def _read(cls, told: Told) -> Self:
        what, type = told.one_of("what", KINDS), told.one_of("type", StatusType.values)
        start, end = told.moment("start"), told.moment("end")
        if end is None or (start is None and what not in OF_A_MOMENT):
            raise Unreadable("start")
        return cls(what, type, told.keys("statuses", MOST_STATUSES), start, end, told.filters())

    def narrow(self, rows: QuerySet[Order]) -> QuerySet[Order]:
        return rows.filter(pk__in=self.orders())

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
        return str(KINDS[self.what].words) % words + filters_in_words(self.filters)


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


def _with_status(behind: Behind, visits: Visits) -> Visits:
    is_there = Q(left_at=None) | Q(left_at__gte=behind.end)
    return visits.filter(is_there, entered_at__lt=behind.end)


def _standing(behind: Behind, visits: Visits) -> Visits:
    return _with_status(behind, _in(behind, visits))


def _came(behind: Behind, visits: Visits) -> Visits:
    """By steps; to what is not marked there are none, and each visit counts."""
    counts = Q(is_step=True) | Q(status__include_in_analytics=False)
    return visits.filter(counts, entered_at__gte=behind.start, entered_at__lt=behind.end)


def _entered(behind: Behind, visits: Visits) -> Visits:
    return _came(behind, _in(behind, visits))


def _went(behind: Behind, visits: Visits) -> Visits:
    return visits.filter(is_step=True, path_left_at__gte=behind.start, path_left_at__lt=behind.end)


def _left(behind: Behind, visits: Visits) -> Visits:
    return _went(behind, _in(behind, visits))


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
    "with_status": What(_("any %(type)s status, %(end)s"), _with_status),
    "entered": What(_("came to %(statuses)s (%(type)s) from %(start)s to %(end)s"), _entered),
    "came": What(_("came to any status (%(type)s) from %(start)s to %(end)s"), _came),
    "left": What(_("left %(statuses)s (%(type)s) from %(start)s to %(end)s"), _left),
    "went": What(_("left any status (%(type)s) from %(start)s to %(end)s"), _went),
    "there": What(_("in %(statuses)s (%(type)s) since before %(end)s"), _there),
    "through": What(_("%(statuses)s (%(type)s), the first from %(start)s to %(end)s"), _through),
}

lead_to(Order, "analytics.read_reports", Behind.read)
