"""Analytics > Reports: a page for each report, with its charts, the numbers beneath, and files of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from analytics.models import Rollup, Segment
from analytics.reports.asking import USUAL_PERIOD, USUAL_TYPE, Answer, BadQuestion, ask
from analytics.reports.files import FORMATS
from analytics.reports.funnel import MOST_STEPS, usual_steps
from analytics.reports.layout import Chart, Kind
from analytics.reports.periods import Every, Relative
from analytics.reports.registry import Ask, Report, find, may_read, reports_for
from analytics.reports.statuses_over_time import marked_statuses
from analytics.reports.wording import in_words, units
from statuses.models import StatusType
from workspace import history
from workspace.models import Source, Verb
from workspace.screens import list_of

REPORTS = "reports"
Asked = Mapping[str, str]


@require_GET
def reports(request: HttpRequest) -> HttpResponse:
    """Leads to the first that this person may read."""
    mine = reports_for(request.user)
    if not mine:
        raise PermissionDenied
    return HttpResponseRedirect(reverse("report", args=[mine[0].key]))


@require_GET
def report_page(request: HttpRequest, report: str) -> HttpResponse:
    found = _found(request, report)
    asked, problem = _asked(request), ""
    try:
        answer = ask(found, asked, _steps(request))
    except BadQuestion as error:
        problem, answer = error.detail, ask(found, {})
    page = {
        **admin.site.each_context(request),
        "title": found.title,
        "subtitle": None,
        "report": found,
        "problem": problem,
        "answer": answer,
        # Nothing at all is told in a sentence, without its zeros.
        "has_figures": not answer.layout.empty or any(headline.before for headline in answer.layout.headlines),
        "charts": [_drawn(chart) for chart in answer.layout.charts],
        "reports": [
            (one, f"{reverse('report', args=[one.key])}{_query(asked, _shared(one))}") for one in _mine(request)
        ],
        "form": _form(found, asked, answer),
        "files": [
            (kind.upper(), f"{reverse('report-file', args=[found.key, kind])}{_query(asked, steps=_steps(request))}")
            for kind in FORMATS
        ],
        "lists": _lists(request, answer),
    }
    return render(request, "analytics/reports/report.html", page, status=422 if problem else 200)


@require_GET
def report_file(request: HttpRequest, report: str, file: str) -> HttpResponse:
    """What the page shows. That it was taken is itself an action."""
    found = _found(request, report)
    if file not in FORMATS:
        raise Http404
    asked = _asked(request)
    try:
        answer = ask(found, asked, _steps(request))
    except BadQuestion:
        return HttpResponseRedirect(
            f"{reverse('report', args=[found.key])}?{request.GET.urlencode()}"
        )  # it says what is wrong
    history.record(request, Verb.EXPORTED, Rollup)
    content_type, write = FORMATS[file]
    period = answer.question.period
    name = f"{found.key}-{period.first.isoformat()}-{period.last.isoformat()}.{file}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(write(found, answer), content_type=content_type, headers=headers)


def _view(address: str, view: Callable[..., HttpResponse], name: str) -> URLPattern:
    pattern: URLPattern = path(f"analytics/reports/{address}", admin.site.admin_view(view), name=name)
    return pattern


# Beside the admin's own, under /admin/.
urlpatterns = [
    _view("", reports, REPORTS),
    _view("<slug:report>/", report_page, "report"),
    _view("<slug:report>/<slug:file>/", report_file, "report-file"),
]


def _found(request: HttpRequest, key: str) -> Report:
    report = find(key)
    if report is None:
        raise Http404
    if not may_read(request.user, report):
        raise PermissionDenied
    return report


def _mine(request: HttpRequest) -> list[Report]:
    return reports_for(request.user)


def _asked(request: HttpRequest) -> dict[str, str]:
    """Boxes left empty say nothing, and days nothing beside a period that has a name."""
    left_out = {Ask.STEPS.value, *(("from", "to") if request.GET.get("period") else ())}
    return {name: str(value) for name, value in request.GET.items() if value and name not in left_out}


def _steps(request: HttpRequest) -> list[str]:
    return [step for step in request.GET.getlist(Ask.STEPS) if step]


def _query(asked: Asked, names: frozenset[str] | None = None, steps: Sequence[str] = ()) -> str:
    kept = [(name, value) for name, value in asked.items() if names is None or name in names]
    kept += [(Ask.STEPS.value, step) for step in steps]
    return f"?{urlencode(kept)}" if kept else ""


def _shared(report: Report) -> frozenset[str]:
    """What stays as it is when one goes from report to report."""
    return frozenset({"period", "from", "to", "compare", *report.asks})


def _form(report: Report, asked: Asked, answer: Answer) -> dict[str, Any]:
    question = answer.question
    is_by_days = not asked.get("period") and bool(asked.get("from") or asked.get("to"))
    form: dict[str, Any] = {
        "period": "" if is_by_days else asked.get("period", USUAL_PERIOD.value),
        "periods": Relative.choices,
        "first": question.period.first.isoformat(),
        "last": question.period.last.isoformat(),
        "compares": answer.before is not None,
        "boxes": list(_boxes(report, asked, answer)),
    }
    if Ask.TYPE in report.asks:
        form["types"] = [(type, label, _query({**asked, "type": type})) for type, label in StatusType.choices]
        form["type"] = asked.get("type", USUAL_TYPE)
    if Ask.STEPS in report.asks:
        form["steps"] = _steps_shown(answer)
        form["statuses"] = [(status.code, status.name) for status in marked_statuses(question.type)]
    return form


def _lists(request: HttpRequest, answer: Answer) -> dict[type[Model], str]:
    """Those that this report's figures lead to, and this person may see."""
    kinds = {lead.rows for lead in answer.layout.leads()}
    may_see = (rows for rows in kinds if admin.site.get_model_admin(rows).has_view_permission(request))
    return {rows: reverse(list_of(rows._meta)) for rows in may_see}


def _steps_shown(answer: Answer) -> Sequence[str]:
    """Those that are shown, and room for one more."""
    question = answer.question
    chosen = question.statuses or usual_steps(question.type)
    return [*(status.code for status in chosen), ""][:MOST_STEPS]


def _boxes(report: Report, asked: Asked, answer: Answer) -> Any:
    """Name, label, what is chosen, and what there is to choose from."""
    if report.choice and (options := report.choice.options()):
        yield report.choice.name, report.choice.label, answer.question.chosen, options
    if Ask.EVERY in report.asks:
        yield Ask.EVERY.value, _("By"), answer.question.shown_by.value, Every.choices
    if Ask.SOURCE in report.asks:
        sources = Source.objects.order_by("name").values_list("code", "name")
        yield Ask.SOURCE.value, _("Source"), asked.get("source", ""), [("", _("All sources")), *sources]
    if Ask.SEGMENT in report.asks:
        segments = Segment.objects.order_by("name").values_list("code", "name")
        yield Ask.SEGMENT.value, _("Segment"), asked.get("segment", ""), [("", _("All customers")), *segments]


def _drawn(chart: Chart) -> dict[str, Any]:
    """What reports.js draws it by."""
    return {
        "key": chart.key,
        "title": str(chart.title),
        "shape": chart.shape,
        "kind": chart.kind,
        "units": units(),
        "goes_on": chart.goes_on,
        "labels": [in_words(label, Kind.DAY) if isinstance(label, date) else str(label) for label in chart.labels],
        "series": [
            {"label": str(one.label), "values": one.values, "colour": one.colour, "is_before": one.is_before}
            for one in chart.series
        ],
    }
