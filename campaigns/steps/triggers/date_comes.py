"""Date comes for order: a date of the order, some days before or after it, at a time of day in the customer's zone.

A date is what a shop wrote into a field of the order's own: a day, or a moment, which is the day it falls on where the
customer lives. One that is put off before it came moves; afterwards the new date is another occasion. A time of day
that clocks skip is as much later as they skip; of one that comes twice it is the first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics.wording import NOT_SAID, Names, days_in_words
from campaigns.models import Run
from campaigns.occasions import in_time_order, on_the_clock
from campaigns.steps.base import (
    Continue,
    Decision,
    Occasion,
    Params,
    PlainChoiceField,
    StepForm,
    Stop,
    TriggerKind,
    ValueField,
    Window,
    read_time_of_day,
    read_whole,
)
from campaigns.world import World
from orders.dates import BLOCKS, LONGEST_KEY, YEARS
from orders.models import Order, OrderDate, StatusTransition
from workspace.models import Workspace
from workspace.text import is_storable

MOST_DAYS = 366
DAY = timedelta(days=1)
# No two clocks of this world are further apart.
APART = 2 * DAY
ORDERED_AT = "ordered_at"


def read_name(raw: Any) -> str:
    """`custom.appointment`, or `ordered_at`. Raises ValidationError."""
    if raw == ORDERED_AT:
        return ORDERED_AT
    block, _dot, key = raw.partition(".") if isinstance(raw, str) and is_storable(raw) else ("", "", "")
    if block not in BLOCKS or not 0 < len(key) <= LONGEST_KEY:
        raise forms.ValidationError(
            _("Name a field of the order: “ordered_at”, or one of its own such as “custom.appointment”.")
        )
    return str(raw)


class Form(StepForm):
    field = ValueField(
        read_name,
        control="name",
        options={
            "choices": [{"key": ORDERED_AT, "label": gettext_lazy("When it was ordered")}],
            "suggests": "order_dates",
        },
        label=gettext_lazy("Date"),
        help_text=gettext_lazy(
            "“ordered_at”, or a field of the order's own that holds a date, such as “custom.appointment”."
        ),
    )
    when = PlainChoiceField(
        label=gettext_lazy("When"),
        choices=[
            ("before", gettext_lazy("Days before")),
            ("on", gettext_lazy("On the day")),
            ("after", gettext_lazy("Days after")),
        ],
        initial="on",
    )
    days = ValueField(
        read_whole(1, MOST_DAYS),
        control="number",
        options={"min": 1, "max": MOST_DAYS},
        label=gettext_lazy("Days"),
        help_text=gettext_lazy("Before or after; on the day itself there are none."),
        required=False,
    )
    at = ValueField(
        read_time_of_day,
        control="time",
        label=gettext_lazy("At"),
        help_text=gettext_lazy("In the customer's own time zone."),
        initial="10:00",
    )

    def clean(self) -> dict[str, Any]:
        """`days` is told with `before` and `after`, and only then."""
        told = self.cleaned_data
        is_on = told.get("when") == "on"
        if "days" in told and "when" in told and is_on != (told["days"] is None):
            needed = _("On the day itself there are no days. Leave them out.") if is_on else _("Say how many days.")
            self.add_error("days", forms.ValidationError(needed, code="invalid" if is_on else "required"))
        return told


@dataclass(frozen=True, slots=True)
class _Dates:
    """Rows that hold the date: the column it stands in, and the way from a row to its order."""

    rows: QuerySet[Any]
    at: str
    order: str
    read: Sequence[str]
    has_days: bool

    def told(self, window: Window) -> Q:
        told = ("told_at", "order__updated_at") if self.has_days else ("updated_at",)
        return window.told(*told, f"{self.order}customer__updated_at")

    def between(self, first: date, after: date, zone: str) -> Q:
        """A moment is the day it falls on in that zone; a day is that day everywhere."""
        moments = self._from(first, after, zone)
        if not self.has_days:
            return moments
        return Q(is_day=False) & moments | Q(is_day=True) & self._from(first, after, "UTC")

    def _from(self, first: date, after: date, zone: str) -> Q:
        ends = {"gte": on_the_clock(first, time(), zone), "lt": on_the_clock(after, time(), zone)}
        return Q(**{f"{self.at}__{end}": moment for end, moment in ends.items()})


def find(params: Params, window: Window) -> Iterator[Occasion]:
    home, dates = Workspace.current().timezone, _dates(params["field"])
    told = dates.rows.filter(dates.told(window))
    zone_of = f"{dates.order}customer__timezone"
    somewhere = told.filter(window.earlier(_shift(params), wider=APART).of(dates.at))
    zones = {zone or "" for zone in somewhere.order_by().values_list(zone_of, flat=True).distinct()}
    for zone in sorted(zones):
        days = _days(params, zone or home, window)
        if days:
            lives_there = Q(**{zone_of: zone}) if zone else Q(**{zone_of: ""}) | Q(**{f"{dates.order}customer": None})
            rows = told.filter(lives_there)
            ours = rows.filter(dates.between(days[0], days[1] + DAY, zone or home)).only(*dates.read)
            for row in in_time_order(ours, dates.at):
                yield _occasion(row, params, zone or home)


def _dates(name: str) -> _Dates:
    if name == ORDERED_AT:
        return _Dates(
            Order.objects.exclude(ordered_at=None), ORDERED_AT, "", (ORDERED_AT, "customer_id"), has_days=False
        )
    rows = OrderDate.objects.filter(name=name).select_related("order")
    return _Dates(rows, "at", "order__", ("at", "is_day", "order_id", "order__customer_id"), has_days=True)


def _occasion(row: Order | OrderDate, params: Params, zone: str) -> Occasion:
    order = row if isinstance(row, Order) else row.order
    day = _day_of(row, zone)
    return Occasion(_key(order.pk, day), _moment(day, params, zone), order.pk, order.customer_id)


def _days(params: Params, zone: str, window: Window) -> tuple[date, date] | None:
    """The first and the last day whose moment lies in the window; None: no day's does."""
    last = (window.until - _shift(params)).astimezone(ZoneInfo(zone)).date() + DAY
    while _moment(last, params, zone) > window.until:
        last -= DAY
    if window.since is None:
        return date(YEARS.start, 1, 1), last
    first = (window.since - _shift(params)).astimezone(ZoneInfo(zone)).date() - DAY
    while _moment(first, params, zone) < window.since:
        first += DAY
    return (first, last) if first <= last else None


def _shift(params: Params) -> timedelta:
    days = timedelta(days=params["days"] or 0)
    return -days if params["when"] == "before" else days


def _moment(day: date, params: Params, zone: str) -> datetime:
    return on_the_clock(day + _shift(params), params["at"], zone)


def _day_of(row: Order | OrderDate, zone: str) -> date:
    if isinstance(row, Order):
        assert row.ordered_at is not None, "those without are left out"
        return row.ordered_at.astimezone(ZoneInfo(zone)).date()
    return row.at.astimezone(UTC if row.is_day else ZoneInfo(zone)).date()


def _key(order_id: int, day: date) -> str:
    return f"date:{order_id}:{day.isoformat()}"


def gate(runs: Sequence[Run], params: Params, world: World) -> list[Decision]:
    return [Decision(Continue() if _still_comes(run, params["field"], world) else Stop("date_changed")) for run in runs]


def _still_comes(run: Run, name: str, world: World) -> bool:
    order = world.order(run)
    if order is None:
        return False
    row = world.date(run, name) if name != ORDERED_AT else order if order.ordered_at else None
    if row is None:
        return False
    zone = (order.customer.timezone if order.customer else "") or world.home_zone
    return _key(order.pk, _day_of(row, zone)) == run.occasion


def says(params: Params, _names: Names) -> str:
    """“3 days before the order's “custom.appointment”, at 10:00”."""
    words = {
        "date": _name(params.get("field")),
        "days": days_in_words(params.get("days")),
        "at": params.get("at") or NOT_SAID,
    }
    match params.get("when"):
        case "before":
            return _("%(days)s before “%(date)s” of an order, at %(at)s") % words
        case "after":
            return _("%(days)s after “%(date)s” of an order, at %(at)s") % words
    return _("On the day of “%(date)s” of an order, at %(at)s") % words


def _name(field: Any) -> str:
    return _("ordered at") if field == ORDERED_AT else str(field or NOT_SAID)


def tells(params: Params, _transition: StatusTransition | None, at: str) -> str:
    words = {"date": _name(params["field"]), "days": days_in_words(params.get("days")), "at": at}
    match params["when"]:
        case "before":
            return _("It was %(days)s before its “%(date)s” %(at)s.") % words
        case "after":
            return _("It was %(days)s after its “%(date)s” %(at)s.") % words
    return _("The day of its “%(date)s” came %(at)s.") % words


KIND = TriggerKind(
    "date_comes",
    gettext_lazy("Date comes for order"),
    Form,
    find=find,
    gate=gate,
    says=says,
    tells=tells,
    icon="event",
)
