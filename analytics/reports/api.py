"""Reports over the API: what their pages show, as JSON."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from analytics.reports.asking import USUAL_PERIOD, USUAL_TYPE, Answer, BadQuestion, ask, parameters_of
from analytics.reports.layout import Column, Kind, Table
from analytics.reports.periods import Every, Period, Relative
from analytics.reports.registry import Ask, Report, all_reports, find
from orders.standing import TYPES
from workspace.api.permissions import HasScope, OrdersAreOn
from workspace.api.problems import Invalid, Mistake, NotThere
from workspace.api.schema import example_answer
from workspace.api.views import ApiView
from workspace.models import Scope

REPORT = {
    "report": "funnel",
    "title": "Funnel",
    "description": "Of the orders that came to a first status, how many went on to the next, and how long that took.",
    "parameters": ["compare", "from", "period", "segment", "source", "steps", "to", "type"],
}
FUNNEL = {
    "report": "funnel",
    "as_of": "2026-05-20T09:12:00Z",
    "period": {"from": "2026-04-21", "to": "2026-05-20", "time_zone": "Europe/London"},
    "compared_with": None,
    "tables": [
        {
            "key": "steps",
            "title": "Step by step",
            "columns": [
                {"key": "step", "title": "Step", "values": "text"},
                {"key": "reached", "title": "Orders", "values": "number"},
                {"key": "of_previous", "title": "Of the step before it", "values": "share"},
                {"key": "of_first", "title": "Of the first step", "values": "share"},
                {"key": "median", "title": "Time since the step before it, median", "values": "duration"},
                {"key": "p90", "title": "Nine in ten within", "values": "duration"},
            ],
            "rows": [
                {"step": "New", "reached": 1200, "of_previous": None, "of_first": 1.0, "median": None, "p90": None},
                {
                    "step": "Packed",
                    "reached": 900,
                    "of_previous": 0.75,
                    "of_first": 0.75,
                    "median": 5400.0,
                    "p90": 20700.5,
                },
            ],
        }
    ],
}


@example_answer("Funnel", REPORT)
class ReportSerializer(serializers.Serializer[Report]):
    """One report, and what it can be asked."""

    report = serializers.CharField(source="key")
    title = serializers.CharField()
    description = serializers.CharField(source="about")
    parameters = serializers.SerializerMethodField()

    def get_parameters(self, report: Report) -> list[str]:
        return sorted(parameters_of(report))


@example_answer("Of one", {"results": [REPORT]})
class ReportsSerializer(serializers.Serializer[Any]):
    """All of them, on one page."""

    results = ReportSerializer(many=True)


class PeriodSerializer(serializers.Serializer[Period]):
    """Whole days, the first and the last with it, of a time zone."""

    to = serializers.DateField(source="last")
    time_zone = serializers.CharField(source="zone.key")

    def get_fields(self) -> dict[str, Any]:
        # A word of Python, so it cannot be declared like the others.
        return {"from": serializers.DateField(source="first"), **super().get_fields()}


class ColumnSerializer(serializers.Serializer[Column]):
    key = serializers.CharField()
    title = serializers.CharField(source="label")
    values = serializers.ChoiceField(
        source="kind",
        choices=[kind.value for kind in Kind],
        help_text="What its values are. Shares are between 0 and 1, durations in seconds, days as 2026-05-03.",
    )


@extend_schema_field(OpenApiTypes.ANY)
class ValueField(serializers.Field[Any, Any, Any, Any]):
    """A text, a number, a day, or null."""

    def to_representation(self, value: Any) -> Any:
        return value.isoformat() if isinstance(value, date) else value


class TableSerializer(serializers.Serializer[Table]):
    key = serializers.CharField()
    title = serializers.CharField()
    columns = ColumnSerializer(many=True)
    rows = serializers.SerializerMethodField()

    @extend_schema_field(
        serializers.ListField(
            child=serializers.DictField(child=ValueField(allow_null=True), help_text="By column key.")
        )
    )
    def get_rows(self, table: Table) -> list[dict[str, Any]]:
        written = ValueField().to_representation
        return [{column.key: written(cell.value) for column, cell in row} for row in table.cells()]


@example_answer("Funnel", FUNNEL)
class AnswerSerializer(serializers.Serializer[Answer]):
    """What a report tells, in tables."""

    report = serializers.CharField(source="key")
    as_of = serializers.DateTimeField(
        allow_null=True, help_text="History is complete up to then. Null: it is being read for the first time."
    )
    period = PeriodSerializer(source="question.period")
    compared_with = PeriodSerializer(source="before.period", allow_null=True)
    tables = TableSerializer(source="layout.tables", many=True)

    def to_representation(self, answer: Answer) -> dict[str, Any]:
        return {
            "report": self.context["report"].key,
            "as_of": self.fields["as_of"].to_representation(answer.as_of) if answer.as_of else None,
            "period": PeriodSerializer(answer.question.period).data,
            "compared_with": PeriodSerializer(answer.before.period).data if answer.before else None,
            "tables": [TableSerializer(table).data for table in answer.layout.tables],
        }


class ReportsView(ApiView):
    serializer_class = ReportsSerializer
    permission_classes = (HasScope, OrdersAreOn)
    scope_to_read = Scope.REPORTS_READ

    @extend_schema(operation_id="reports_list", summary="List the reports there are")
    def get(self, request: Request) -> Response:
        return Response(self.get_serializer({"results": all_reports()}).data)


def _asked(name: str, description: str, **more: Any) -> OpenApiParameter:
    return OpenApiParameter(name, more.pop("type", str), OpenApiParameter.QUERY, description=description, **more)


class ReportView(ApiView):
    serializer_class = AnswerSerializer
    permission_classes = (HasScope, OrdersAreOn)
    scope_to_read = Scope.REPORTS_READ

    def known_parameters(self) -> frozenset[str]:
        report = find(self.kwargs["report"])
        return parameters_of(report) if report else frozenset()

    def repeatable_parameters(self) -> frozenset[str]:
        return frozenset({Ask.STEPS.value})

    @extend_schema(
        operation_id="reports_get",
        summary="Read a report",
        description="The figures of its page. Days are those of the installation's time zone.",
        parameters=[
            OpenApiParameter("report", str, OpenApiParameter.PATH, description="As `reports/` lists them."),
            _asked("period", "Or name its days.", enum=Relative.values, default=USUAL_PERIOD.value),
            _asked("from", "The first day, in place of `period`.", type=OpenApiTypes.DATE),
            _asked("to", "The last day. Left out: today.", type=OpenApiTypes.DATE),
            _asked("compare", "Also the period before.", enum=["1", "true", "0", "false"]),
            _asked("type", "Of status.", enum=list(TYPES), default=USUAL_TYPE),
            _asked("steps", "Codes of marked statuses, one after another: of a funnel.", type=str, many=True),
            _asked("every", "How long a row of the period is. Left out: by its length.", enum=Every.values),
            _asked("source", "A source's code: what it told alone."),
            _asked("segment", "A segment's code: orders of its members, as last counted."),
            _asked("campaign", "A campaign's code: of the campaign's report. Left out: the newest."),
        ],
    )
    def get(self, request: Request, report: str) -> Response:
        found = find(report)
        if found is None:
            raise NotThere(_("There is no report “%s”.") % report)
        told = {name: str(value) for name, value in request.query_params.items() if name != Ask.STEPS}
        told["compare"] = "1" if self.flag("compare") else ""
        try:
            answer = ask(found, told, request.query_params.getlist(Ask.STEPS))
        except BadQuestion as error:
            raise Invalid([Mistake.in_query(error.parameter, "invalid", error.detail)]) from None
        return Response(self.get_serializer(answer, context={"report": found}).data)
