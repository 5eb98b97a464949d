"""Reads what a report is asked, from the address of a page or of the API alike, and answers it.

Before it is answered history is brought up to date, so an answer says as of when it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.translation import gettext as _

from analytics import history
from analytics.models import Segment
from analytics.reports.filters import Filters
from analytics.reports.funnel import MOST_STEPS
from analytics.reports.layout import Layout
from analytics.reports.periods import BadPeriod, Every, Period, Relative
from analytics.reports.registry import Ask, Question, Report
from analytics.reports.statuses_over_time import marked_statuses
from orders.standing import TYPES
from statuses.models import OrderStatus, code_key
from workspace.models import Source, Workspace

USUAL_PERIOD = Relative.LAST_30_DAYS
USUAL_TYPE = TYPES[0]
# A page of more rows is read by nobody.
MOST_PARTS = 190


class BadQuestion(ValueError):
    """What stands in this parameter is none; the sentence is for people."""

    def __init__(self, parameter: str, detail: str) -> None:
        super().__init__(detail)
        self.parameter, self.detail = parameter, detail


@dataclass(frozen=True, slots=True)
class Answer:
    question: Question
    before: Question | None
    layout: Layout
    # History is complete up to then; None: it is being made for the first time.
    as_of: datetime | None


def parameters_of(report: Report) -> frozenset[str]:
    own = {report.choice.name} if report.choice else set()
    return frozenset({"period", "from", "to", "compare", *report.asks, *own})


def ask(report: Report, told: Mapping[str, str], steps: Sequence[str] = ()) -> Answer:
    """What parameters tell, and the steps of a funnel. Raises BadQuestion."""
    as_of = history.catch_up()
    question = read_question(report, told, steps, timezone.now())
    before = question.before() if told.get("compare") else None
    return Answer(question, before, report.answer(question, before), as_of)


def read_question(report: Report, told: Mapping[str, str], steps: Sequence[str], now: datetime) -> Question:
    zone = ZoneInfo(Workspace.current().timezone)
    type = _one_of("type", told.get("type") or USUAL_TYPE, TYPES)
    period = _period(told, now, zone)
    return Question(
        period=period,
        now=now,
        filters=Filters(_source(told.get("source", "")), _segment(told.get("segment", ""))),
        type=type,
        statuses=_steps(type, steps) if Ask.STEPS in report.asks else (),
        every=_every(told.get("every", ""), period),
        chosen=_chosen(report, told),
    )


def _period(told: Mapping[str, str], now: datetime, zone: ZoneInfo) -> Period:
    """One of those that have a name, or two days."""
    if told.get("from") or told.get("to"):
        if told.get("period"):
            raise BadQuestion("period", _("Name a period, or its days, not both."))
        first, last = (_day(name, told.get(name, ""), now, zone) for name in ("from", "to"))
        try:
            return Period(first, last, zone)
        except BadPeriod as error:
            raise BadQuestion("to", str(error)) from None
    name = _one_of("period", told.get("period") or USUAL_PERIOD.value, Relative.values)
    return Period.relative(name, now, zone)


def _day(name: str, written: str, now: datetime, zone: ZoneInfo) -> date:
    """A period without an end ends today."""
    if name == "to" and not written:
        return now.astimezone(zone).date()
    try:
        day = date.fromisoformat(written)
    except ValueError:
        raise BadQuestion(name, _("Write a day such as 2026-05-03.")) from None
    if not 1900 <= day.year <= 9000:
        raise BadQuestion(name, _("Write a day such as 2026-05-03."))
    return day


def _one_of(name: str, written: str, choices: list[str] | tuple[str, ...]) -> str:
    if written not in choices:
        detail = _("“%(name)s” is one of: %(choices)s.") % {"name": name, "choices": ", ".join(choices)}
        raise BadQuestion(name, detail)
    return written


def _every(written: str, period: Period) -> Every | None:
    if not written:
        return None
    every = Every(_one_of("every", written, Every.values))
    if len(period.parts(every)) > MOST_PARTS:
        raise BadQuestion(
            "every", _("That makes more than %d rows. Choose weeks or months, or fewer days.") % MOST_PARTS
        )
    return every


def _source(code: str) -> int | None:
    if not code:
        return None
    found = Source.objects.filter(code=code).values_list("pk", flat=True).first()
    if found is None:
        raise BadQuestion("source", _("There is no source “%s”.") % code[:64])
    return found


def _segment(code: str) -> int | None:
    if not code:
        return None
    found = Segment.objects.filter(code=code).values_list("pk", flat=True).first()
    if found is None:
        raise BadQuestion("segment", _("There is no segment “%s”.") % code[:64])
    return found


def _steps(type: str, codes: Sequence[str]) -> tuple[OrderStatus, ...]:
    """A merged one is meant as what it is today."""
    if not codes:
        return ()
    marked = {code_key(status.code): status for status in marked_statuses(type)}
    merged = OrderStatus.objects.of_type(type).filter(merged_into__isnull=False).select_related("merged_into")
    names = {status.code_key: code_key(status.merged_into.code) for status in merged if status.merged_into}
    keys = [names.get(code_key(code), code_key(code)) for code in codes]
    for code, key in zip(codes, keys, strict=True):
        if key not in marked:
            raise BadQuestion("steps", _("“%s” is no status of this type that is included in analytics.") % code[:64])
    if len(set(keys)) < len(keys):
        raise BadQuestion("steps", _("Each status is a step of a funnel once."))
    if len(keys) > MOST_STEPS:
        raise BadQuestion("steps", _("A funnel has at most %d steps.") % MOST_STEPS)
    return tuple(marked[key] for key in keys)


def _chosen(report: Report, told: Mapping[str, str]) -> str:
    if report.choice is None:
        return ""
    options = [value for value, _label in report.choice.options()]
    written = told.get(report.choice.name) or (options[0] if options else "")
    if options and written not in options:
        raise BadQuestion(report.choice.name, _("There is none with the code “%s”.") % written[:64])
    return written
