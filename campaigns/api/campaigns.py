"""Campaigns over the API: their drafts as JSON, and the verbs of their life."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, TypeVar

import django_filters
from django.db import transaction
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns import lifecycle
from campaigns.definitions import DefinitionError, in_order
from campaigns.history import note_activated
from campaigns.models import Campaign, CampaignState
from workspace import history
from workspace.api.idempotency import idempotent
from workspace.api.problems import Conflict, Invalid, Mistake, NotThere, Refusal
from workspace.api.schema import example_answer
from workspace.api.views import ApiView, ListView
from workspace.models import Scope, Verb
from workspace.reading import Problem

READY_FOR_PICKUP: dict[str, Any] = {
    "format": 1,
    "code": "ready-for-pickup",
    "name": "Ready for pickup",
    "trigger": {
        "kind": "order_status_changed",
        "params": {"type": "delivery", "from": ["shipped"], "to": ["at_pickup_point"]},
    },
    "reentry": {"mode": "once_per_order"},
    "max_age": {"value": 24, "unit": "hours"},
    "steps": [
        {
            "key": "paid",
            "kind": "filter_customers",
            "params": {
                "rule": {
                    "combinator": "and",
                    "rules": [{"field": "order.payment_status", "operator": "in", "value": ["paid"]}],
                }
            },
            "branches": {
                "yes": [
                    {
                        "key": "ready",
                        "kind": "send_sms",
                        "params": {
                            "purpose": "transactional",
                            "text": "{{ customer.first_name }}, order {{ order.external_id }} is ready for pickup.",
                            "only_if_still": True,
                        },
                    }
                ]
            },
        }
    ],
}
EXAMPLE = OpenApiExample("Ready for pickup", value=READY_FOR_PICKUP, request_only=True)
ANSWER = {
    "code": "ready-for-pickup",
    "name": "Ready for pickup",
    "state": "active",
    "revision": 1,
    "live_version": 1,
    "definition": READY_FOR_PICKUP,
    "created_at": "2026-05-01T09:30:00Z",
    "updated_at": "2026-05-02T10:00:00Z",
}
PAUSED = OpenApiExample("Paused", value={**ANSWER, "state": "paused"}, response_only=True)
ENDED = OpenApiExample("Ended", value={**ANSWER, "state": "ended", "live_version": None}, response_only=True)
ADDRESS = [OpenApiParameter("code", str, OpenApiParameter.PATH)]
DEFINITION = {"application/json": {"type": "object", "description": "A campaign file: see docs/campaigns.md."}}

T = TypeVar("T")


class DefinitionField(serializers.JSONField):
    def to_representation(self, value: Any) -> Any:
        return in_order(value)


@example_answer("Ready for pickup", ANSWER)
class CampaignSerializer(serializers.ModelSerializer[Campaign]):
    """A campaign. `definition` is its draft; what runs is the version of that number."""

    definition = DefinitionField(source="draft", read_only=True)
    live_version = serializers.SerializerMethodField()

    class Meta:
        model = Campaign
        fields = ("code", "name", "state", "revision", "live_version", "definition", "created_at", "updated_at")

    def get_live_version(self, campaign: Campaign) -> int | None:
        live = [activation for activation in campaign.activations.all() if activation.until_transition is None]
        return live[0].version.number if live else None


class CautionSerializer(serializers.Serializer[Any]):
    code = serializers.CharField(help_text="`unknown_status`, `orders_disabled`, `no_gateway`; more may be added.")
    detail = serializers.CharField()


class CampaignFilters(django_filters.FilterSet):
    state = django_filters.ChoiceFilter(choices=CampaignState.choices)


class _Campaigns(ApiView):
    queryset = Campaign.objects.prefetch_related("activations__version")
    serializer_class = CampaignSerializer
    scope_to_read = Scope.CAMPAIGNS_READ
    scope_to_write = Scope.CAMPAIGNS_WRITE

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if self.key.is_test and request.method not in {"GET", "HEAD"}:
            detail = _("A test key reads campaigns. To change what reaches customers, use a live key.")
            raise Refusal(HTTPStatus.FORBIDDEN, "test_key", detail)

    def answer(self, campaign: Campaign, code: int = status.HTTP_200_OK) -> Response:
        return Response(CampaignSerializer(self.get_queryset().get(pk=campaign.pk)).data, status=code)


class CampaignsView(_Campaigns, ListView):
    filterset_class = CampaignFilters
    search_fields = ("name", "code")
    orderings = {"created_at": "pk", "updated_at": "updated_at", "name": "name"}

    @extend_schema(operation_id="campaigns_list", summary="List campaigns")
    def get(self, request: Request) -> Response:
        return self.list()

    @extend_schema(
        operation_id="campaigns_create",
        summary="Create a campaign, or replace the draft of the one with its code",
        request=DEFINITION,
        examples=[EXAMPLE],
        responses={200: CampaignSerializer, 201: CampaignSerializer},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        campaign, is_new = save_draft(request)
        return self.answer(campaign, status.HTTP_201_CREATED if is_new else status.HTTP_200_OK)


@extend_schema(parameters=ADDRESS)
class CampaignView(_Campaigns):
    def known_parameters(self) -> frozenset[str]:
        return frozenset({"revision"}) if self.request.method == "PUT" else super().known_parameters()

    @extend_schema(operation_id="campaigns_retrieve", summary="Read a campaign")
    def get(self, request: Request, code: str) -> Response:
        return self.answer(find(code))

    @extend_schema(
        operation_id="campaigns_update",
        summary="Replace the draft",
        description="With `?revision=`, only if nobody changed it since you read that revision: 409 otherwise.",
        parameters=[OpenApiParameter("revision", int)],
        request=DEFINITION,
        responses=CampaignSerializer,
    )
    def put(self, request: Request, code: str) -> Response:
        campaign = find(code)
        if isinstance(request.data, dict) and request.data.get("code", code) != campaign.code:
            raise Invalid([Mistake("#/code", "read_only", _("A campaign keeps its code. Create another one."))])
        revision = self._revision()
        return self.answer(save_draft(request, revision)[0])

    def _revision(self) -> int | None:
        written = self.request.query_params.get("revision")
        if written is None:
            return None
        if not written.isascii() or not written.isdigit() or len(written) > 9:
            raise Invalid([Mistake.in_query("revision", "not_a_number", _("A revision is a whole number."))])
        return int(written)


class _Verb(_Campaigns):
    """One verb of a campaign's life, as a POST of its own."""

    def do(self, request: Request, code: str, move: Callable[[Campaign], Campaign], verb: Verb) -> Response:
        _body(request)
        campaign = find(code)
        with transaction.atomic():
            history.record_changed(request, refusing(lambda: move(campaign)), verb)
        return self.answer(campaign)


@extend_schema(parameters=ADDRESS, request=None, responses=CampaignSerializer)
class PauseView(_Verb):
    @extend_schema(
        operation_id="campaigns_pause", summary="Hold every order that entered, and every message", examples=[PAUSED]
    )
    def post(self, request: Request, code: str) -> Response:
        return self.do(request, code, lifecycle.pause, Verb.PAUSED)


@extend_schema(parameters=ADDRESS, request=None, responses=CampaignSerializer)
class ResumeView(_Verb):
    @extend_schema(operation_id="campaigns_resume", summary="Go on where it was paused")
    def post(self, request: Request, code: str) -> Response:
        return self.do(request, code, lifecycle.resume, Verb.RESUMED)


@extend_schema(parameters=ADDRESS, request=None, responses=CampaignSerializer)
class EndView(_Verb):
    @extend_schema(
        operation_id="campaigns_end", summary="Start nothing more and stop what is under way", examples=[ENDED]
    )
    def post(self, request: Request, code: str) -> Response:
        return self.do(request, code, lifecycle.end, Verb.ENDED)


class ActivateView(_Campaigns):
    @extend_schema(
        operation_id="campaigns_activate",
        summary="Make the draft a version and let it run",
        description="Changes that occur from now on start it. `effective_from` reaches back: a time, or `beginning`; "
        "then the changes heard before start it too (not those told as history), and `started` counts them. "
        "`warnings` says what keeps it from reaching anybody as yet; it is active all the same.",
        parameters=ADDRESS,
        request=inline_serializer("Activate", {"effective_from": serializers.CharField(required=False)}),
        responses=inline_serializer(
            "Activated",
            {
                "campaign": CampaignSerializer(),
                "version": serializers.IntegerField(),
                "started": serializers.IntegerField(),
                "warnings": CautionSerializer(many=True),
            },
        ),
    )
    def post(self, request: Request, code: str) -> Response:
        reach = _read_reach(request)
        campaign = find(code)
        with transaction.atomic():
            activated = refusing(lambda: lifecycle.activate(campaign, **reach))
            note_activated(request, activated)
        told = {
            "campaign": self.answer(campaign).data,
            "version": activated.activation.version.number,
            "started": activated.started,
            "warnings": CautionSerializer(activated.cautions, many=True).data,
        }
        return Response(told)


def save_draft(request: Request, revision: int | None = None) -> tuple[Campaign, bool]:
    """Keep the definition that was sent, and who sent it."""
    with transaction.atomic():
        campaign, is_new = refusing(lambda: lifecycle.save_draft(request.data, revision=revision))
        (history.record_created if is_new else history.record_changed)(request, campaign)
    return campaign, is_new


def find(code: str) -> Campaign:
    campaign = Campaign.objects.filter(code=code).first()
    if campaign is None:
        raise NotThere(_("There is no campaign “%s”.") % code)
    return campaign


def refusing(verb: Callable[[], T]) -> T:
    """What campaigns refuse, in the API's words."""
    try:
        return verb()
    except DefinitionError as error:
        raise Invalid([Mistake(f"#{p.field}", p.code, p.detail) for p in error.problems]) from None
    except lifecycle.WrongState as error:
        raise Conflict("wrong_state", str(error)) from None
    except lifecycle.DraftChanged as error:
        raise Conflict("draft_changed", str(error)) from None


def _read_reach(request: Request) -> lifecycle.Reach:
    reach = lifecycle.read_reach(_body(request, "effective_from").get("effective_from"))
    if isinstance(reach, Problem):
        raise Invalid([Mistake.in_body(reach)])
    return reach


def _body(request: Request, *known: str) -> dict[str, Any]:
    """The body, which may be left out, and holds nothing but what is known."""
    body: Any = request.data or {}
    if not isinstance(body, dict):
        raise Invalid([Mistake("#", "not_an_object", _("The body is one JSON object."))])
    if unknown := [name for name in body if name not in known]:
        detail = _("There is no field “%s” here.") % unknown[0][:64]
        raise Invalid([Mistake.in_body(Problem("unknown_field", detail, unknown[0]))])
    return body
