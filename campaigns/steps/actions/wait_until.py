"""Wait until: stay here until a moment of the customer's own clock, the next one from when the run came to this step.

A time of day alone is its next one, with weekdays the next one on one of those, with a date that one. One that is over
already is waited for no more: the run goes on. A time that the clock leaves out is read by its offset from before, so
02:30 is 03:30 then; of one that comes twice it is the first (RFC 5545, 3.3.5).
"""

from collections.abc import Collection, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics.wording import Names
from campaigns.models import Run
from campaigns.occasions import on_the_clock
from campaigns.steps.base import Continue, Decision, Params, StepForm, StepKind, ValueField, Wait, read_time_of_day
from campaigns.world import World
from orders.dates import YEARS


def read_weekdays(raw: Any) -> frozenset[int]:
    """`[1, 5]`: Monday is 1, Sunday 7. Raises ValidationError."""
    days = raw if isinstance(raw, list) else [None]
    if not all(isinstance(day, int) and not isinstance(day, bool) and 1 <= day <= 7 for day in days):
        raise forms.ValidationError(_("Weekdays are a list of numbers from 1, Monday, to 7, Sunday."))
    return frozenset(days)


def read_date(raw: Any) -> date:
    """`"2026-05-03"`. Raises ValidationError."""
    try:
        day = datetime.strptime(raw, "%Y-%m-%d").date()  # noqa: DTZ007 - a date, of no zone
    except (TypeError, ValueError):
        day = None
    if day is None or day.year not in YEARS:
        raise forms.ValidationError(_("Write a date such as 2026-05-03."))
    return day


class Form(StepForm):
    time = ValueField(read_time_of_day, control="time", label=gettext_lazy("Time of day"), initial="09:00")
    weekdays = ValueField(read_weekdays, control="weekdays", label=gettext_lazy("Only on"), required=False)
    date = ValueField(read_date, control="date", label=gettext_lazy("On the date"), required=False)

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if given.get("weekdays") and given.get("date"):
            self.add_error("date", forms.ValidationError(_("Give weekdays or a date, not both.")))
        return given


def decide(runs: Sequence[Run], step: str, params: Params, world: World) -> list[Decision]:
    return [_decide(run, params, world) for run in runs]


def _decide(run: Run, params: Params, world: World) -> Decision:
    until = next_moment(run.step_at, params["time"], params["weekdays"] or (), params["date"], world.zone(run))
    return Decision(Continue()) if world.now >= until else Decision(Wait(until), {"until": until.isoformat()})


def next_moment(since: datetime, at: time, weekdays: Collection[int], on: date | None, zone: str) -> datetime:
    """When it is that time there, on that date, or first from `since` on, on one of those weekdays if there are any."""
    if on is not None:
        return on_the_clock(on, at, zone)
    today = since.astimezone(ZoneInfo(zone)).date()
    days = (today + timedelta(days=ahead) for ahead in range(9))
    moments = (on_the_clock(day, at, zone) for day in days if not weekdays or day.isoweekday() in weekdays)
    return next(moment for moment in moments if moment >= since)


def says(params: Params, names: Names) -> str:
    at, on, days = params.get("time"), params.get("date"), params.get("weekdays")
    if not isinstance(at, str):
        return ""
    if isinstance(on, str) and on:
        return _("Waits until %(time)s on %(date)s, by the customer's clock.") % {"time": at, "date": on}
    if isinstance(days, list) and days:
        named = ", ".join(str(name) for number, name in WEEKDAYS.items() if number + 1 in days)
        return _("Waits until it is %(time)s on one of %(days)s, by the customer's clock.") % {
            "time": at,
            "days": named,
        }
    return _("Waits until it is %s, by the customer's clock.") % at


KIND = StepKind("wait_until", gettext_lazy("Wait until"), Form, decide, says=says, rank=50, icon="schedule")
