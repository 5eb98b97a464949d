"""Orders that entered campaigns: where each stands, every decision with the values seen, and what a person may do."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.api.calls import EXAMPLE as CALL
from campaigns.api.calls import CallSerializer
from campaigns.api.filtering import SEARCH_IDS, OfCampaign
from campaigns.api.messages import EXAMPLE as MESSAGE
from campaigns.api.messages import MessageSerializer, in_words
from campaigns.interventions import LONGEST_REASON, Done, Why, hold, release, retry, stop
from campaigns.live import orders_at
from campaigns.models import Campaign, Run, RunEvent, RunState
from workspace import history
from workspace.api.filtering import time_from, time_until
from workspace.api.problems import Invalid, Mistake, NotThere, Refusal
from workspace.api.schema import example_answer
from workspace.api.views import ApiView, ListView
from workspace.models import Scope, Verb
from workspace.reading import Problem

EXAMPLE = {
    "id": 112,
    "campaign": "ready-for-pickup",
    "version": 1,
    "order": "DEMO-1001",
    "customer": "demo-0001",
    "occasion": "t:3813",
    "occurred_at": "2026-05-04T09:11:58Z",
    "transition": 3813,
    "state": "finished",
    "reason": "",
    "step": "ready",
    "due_at": None,
    "held_at": None,
    "entered_at": "2026-05-04T09:12:01Z",
    "ended_at": "2026-05-04T09:12:03Z",
}
DECISIONS = [
    {"number": 1, "step": "", "at": "2026-05-04T09:12:02Z", "outcome": "admitted", "seen": {}},
    {
        "number": 2,
        "step": "paid",
        "at": "2026-05-04T09:12:02Z",
        "outcome": "yes",
        "seen": {"order.payment_status": "paid"},
    },
    {"number": 3, "step": "ready", "at": "2026-05-04T09:12:02Z", "outcome": "owed", "seen": {}},
    {"number": 4, "step": "ready", "at": "2026-05-04T09:12:03Z", "outcome": "sent", "seen": {"message": 87}},
]


@example_answer("Entered", EXAMPLE)
class RunSerializer(serializers.ModelSerializer[Run]):
    """An order that entered a campaign. `occasion` is what started it, `transition` the move, if it entered by one."""

    campaign = serializers.CharField(source="campaign.code")
    version = serializers.IntegerField(source="version.number")
    order = serializers.CharField(source="order.external_id", allow_null=True)
    customer = serializers.CharField(source="customer.external_id", allow_null=True)
    transition = serializers.IntegerField(source="transition_id", allow_null=True)

    class Meta:
        model = Run
        fields = (
            "id",
            "campaign",
            "version",
            "order",
            "customer",
            "occasion",
            "occurred_at",
            "transition",
            "state",
            "reason",
            "step",
            "due_at",
            "held_at",
            "entered_at",
            "ended_at",
        )


class DecisionSerializer(serializers.ModelSerializer[RunEvent]):
    """One thing decided: at which step (empty: at the gate), what came of it, and the values seen."""

    class Meta:
        model = RunEvent
        fields = ("number", "step", "at", "outcome", "seen")
        read_only_fields = fields


PATH = {**EXAMPLE, "decisions": DECISIONS, "messages": [MESSAGE], "calls": [CALL]}


@example_answer("Entered, and why it was texted", PATH)
class RunPathSerializer(RunSerializer):
    decisions = DecisionSerializer(source="events", many=True)
    messages = MessageSerializer(many=True)
    calls = CallSerializer(many=True)

    class Meta(RunSerializer.Meta):
        fields = (*RunSerializer.Meta.fields, "decisions", "messages", "calls")  # type: ignore[assignment]


class RunFilters(OfCampaign):
    version = django_filters.NumberFilter("version__number", label="The number of a version; with `campaign`.")
    step = django_filters.CharFilter(label="Where it stands, or ended: a step's key.")
    held = django_filters.BooleanFilter("held_at", lookup_expr="isnull", exclude=True, label="Whether it is held.")
    state = django_filters.ChoiceFilter(choices=RunState.choices)
    reason = django_filters.CharFilter()
    entered_from = time_from("entered_at")
    entered_until = time_until("entered_at")


class RunsView(ListView):
    queryset = Run.objects.all()
    serializer_class = RunSerializer
    filterset_class = RunFilters
    search_ids = SEARCH_IDS
    search_description = "The id of a run, an order or a customer, or the code of a campaign; whole."
    orderings = {"entered_at": "pk"}
    usual_ordering = "-entered_at"
    scope_to_read = Scope.CAMPAIGNS_READ

    def get_queryset(self) -> QuerySet[Run]:
        return _with_names(Run.objects.all())

    @extend_schema(operation_id="runs_list", summary="List orders that entered campaigns")
    def get(self, request: Request) -> Response:
        return self.list()


class RunView(ApiView):
    queryset = Run.objects.all()
    serializer_class = RunPathSerializer
    scope_to_read = Scope.CAMPAIGNS_READ

    @extend_schema(
        operation_id="runs_retrieve",
        summary="Read why: every decision, message and webhook call of an order that entered",
        parameters=[OpenApiParameter("id", int, OpenApiParameter.PATH)],
    )
    def get(self, request: Request, id: int) -> Response:
        run = _with_names(Run.objects.filter(pk=id)).prefetch_related("events", "calls").first()
        if run is None:
            raise NotThere(_("There is no order that entered with the id %d.") % id)
        run._prefetched_objects_cache["messages"] = in_words(run.messages.all())  # type: ignore[attr-defined]
        return Response(RunPathSerializer(run).data)


class AskedSerializer(serializers.Serializer[Any]):
    """Which orders: by `ids`, or those of a campaign (`campaign`, with `step` and `version` if need be)."""

    ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1), max_length=1000, required=False
    )
    campaign = serializers.CharField(required=False)
    step = serializers.CharField(required=False, allow_blank=True, help_text="Empty: those not let in yet.")
    version = serializers.IntegerField(required=False, min_value=1, max_value=10**9)
    reason = serializers.CharField(max_length=LONGEST_REASON, help_text="Why: kept with each order.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("ids" in attrs) == ("campaign" in attrs):
            raise serializers.ValidationError(_("Name either ids or a campaign."))
        return attrs

    def runs(self) -> QuerySet[Run]:
        asked = self.validated_data
        if "ids" in asked:
            return Run.objects.filter(pk__in=asked["ids"])
        campaign = Campaign.objects.filter(code=asked["campaign"]).first()
        if campaign is None:
            detail = _("There is no campaign “%s”.") % asked["campaign"]
            raise Invalid([Mistake.in_body(Problem("unknown_campaign", detail, "campaign"))])
        return orders_at(campaign, step=asked.get("step"), version=asked.get("version"))


@example_answer("Done", {"done": 12, "left": 0})
class DoneSerializer(serializers.Serializer[Any]):
    done = serializers.IntegerField()
    left = serializers.IntegerField(help_text="In hand just then, or too many for one call: ask again.")


class _Intervention(ApiView):
    queryset = Run.objects.all()
    serializer_class = DoneSerializer
    scope_to_write = Scope.CAMPAIGNS_WRITE

    def intervene(self, request: Request, do: Callable[[QuerySet[Run], Why], Done], verb: Verb) -> Response:
        if self.key.is_test:
            detail = _("A test key reads campaigns. To change what reaches customers, use a live key.")
            raise Refusal(HTTPStatus.FORBIDDEN, "test_key", detail)
        asked = AskedSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        done = do(asked.runs(), Why(asked.validated_data["reason"]))
        if done.done:
            history.record(request, verb, Run, counts={"orders": done.done})
        return Response(DoneSerializer(done).data)


@extend_schema(request=AskedSerializer, responses=DoneSerializer)
class HoldRunsView(_Intervention):
    @extend_schema(operation_id="runs_hold", summary="Hold orders under way until they are released")
    def post(self, request: Request) -> Response:
        return self.intervene(request, hold, Verb.HELD)


@extend_schema(request=AskedSerializer, responses=DoneSerializer)
class ReleaseRunsView(_Intervention):
    @extend_schema(operation_id="runs_release", summary="Let held orders go on")
    def post(self, request: Request) -> Response:
        return self.intervene(request, release, Verb.RELEASED)


@extend_schema(request=AskedSerializer, responses=DoneSerializer)
class RetryRunsView(_Intervention):
    @extend_schema(operation_id="runs_retry", summary="Let failed orders try their step again")
    def post(self, request: Request) -> Response:
        return self.intervene(request, retry, Verb.RETRIED)


@extend_schema(request=AskedSerializer, responses=DoneSerializer)
class StopRunsView(_Intervention):
    @extend_schema(operation_id="runs_stop", summary="Stop orders under way")
    def post(self, request: Request) -> Response:
        return self.intervene(request, stop, Verb.STOPPED)


def _with_names(runs: QuerySet[Run]) -> QuerySet[Run]:
    own = [field.name for field in Run._meta.concrete_fields]
    named = ("campaign__code", "version__number", "order__external_id", "customer__external_id")
    return runs.select_related("campaign", "version", "order", "customer").only(*own, *named)
