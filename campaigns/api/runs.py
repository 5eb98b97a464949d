"""Orders that entered campaigns, read-only: where each stands, and every decision with the values seen."""

from __future__ import annotations

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.api.filtering import SEARCH_IDS, OfCampaign
from campaigns.api.messages import EXAMPLE as MESSAGE
from campaigns.api.messages import MessageSerializer, in_words
from campaigns.models import Run, RunEvent, RunState
from workspace.api.filtering import time_from, time_until
from workspace.api.problems import NotThere
from workspace.api.schema import example_answer
from workspace.api.views import ApiView, ListView
from workspace.models import Scope

EXAMPLE = {
    "id": 112,
    "campaign": "ready-for-pickup",
    "version": 1,
    "order": "DEMO-1001",
    "customer": "demo-0001",
    "transition": 3813,
    "state": "finished",
    "reason": "",
    "step": "ready",
    "due_at": None,
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
    """An order that entered a campaign. `transition` is the move that it entered by."""

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
            "transition",
            "state",
            "reason",
            "step",
            "due_at",
            "entered_at",
            "ended_at",
        )


class DecisionSerializer(serializers.ModelSerializer[RunEvent]):
    """One thing decided: at which step (empty: at the gate), what came of it, and the values seen."""

    class Meta:
        model = RunEvent
        fields = ("number", "step", "at", "outcome", "seen")
        read_only_fields = fields


@example_answer("Entered, and why it was texted", {**EXAMPLE, "decisions": DECISIONS, "messages": [MESSAGE]})
class RunPathSerializer(RunSerializer):
    decisions = DecisionSerializer(source="events", many=True)
    messages = MessageSerializer(many=True)

    class Meta(RunSerializer.Meta):
        fields = (*RunSerializer.Meta.fields, "decisions", "messages")  # type: ignore[assignment]


class RunFilters(OfCampaign):
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
        summary="Read why: every decision and message of an order that entered",
        parameters=[OpenApiParameter("id", int, OpenApiParameter.PATH)],
    )
    def get(self, request: Request, id: int) -> Response:
        run = _with_names(Run.objects.filter(pk=id)).prefetch_related("events").first()
        if run is None:
            raise NotThere(_("There is no order that entered with the id %d.") % id)
        run._prefetched_objects_cache["messages"] = in_words(run.messages.all())  # type: ignore[attr-defined]
        return Response(RunPathSerializer(run).data)


def _with_names(runs: QuerySet[Run]) -> QuerySet[Run]:
    own = [field.name for field in Run._meta.concrete_fields]
    named = ("campaign__code", "version__number", "order__external_id", "customer__external_id")
    return runs.select_related("campaign", "version", "order", "customer").only(*own, *named)
