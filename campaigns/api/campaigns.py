"""Campaigns over the API: their drafts as JSON, and the verbs of their life."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, TypeVar

import django_filters
from django.db import transaction
from django.utils.translation import gettext as _
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    extend_schema,
    extend_schema_field,
    inline_serializer,
)
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns import back_filling, lifecycle
from campaigns.back_filling import fill_at_once
from campaigns.checks import find_cautions, find_more
from campaigns.definitions import DefinitionError, in_order, read_plan
from campaigns.history import note_activated
from campaigns.live import count_steps
from campaigns.models import Campaign, CampaignState, Former
from campaigns.rehearsal import rehearse
from workspace import history
from workspace.api.idempotency import idempotent
from workspace.api.problems import Conflict, Invalid, Mistake, NotThere, Refusal
from workspace.api.schema import example_answer
from workspace.api.views import ApiView, ListView
from workspace.models import Scope, Verb
from workspace.reading import Problem, read_time

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
    "archived_at": None,
}
PAUSED = OpenApiExample("Paused", value={**ANSWER, "state": "paused"}, response_only=True)
ENDED = OpenApiExample("Ended", value={**ANSWER, "state": "ended", "live_version": None}, response_only=True)
ADDRESS = [OpenApiParameter("code", str, OpenApiParameter.PATH)]
DEFINITION = {
    "application/json": {
        "type": "object",
        "description": "A campaign file: see docs/campaigns.md. Its `trigger` is the schema CampaignTrigger, each of "
        "its `steps` the schema CampaignStep, the `rule` of a filter the schema Rule.",
    }
}

# Whoever reaches back starts what can be started in so long; the rest is done by workers.
AT_ONCE_S = 2.0

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
        fields = (
            "code",
            "name",
            "state",
            "revision",
            "live_version",
            "definition",
            "created_at",
            "updated_at",
            "archived_at",
        )

    def get_live_version(self, campaign: Campaign) -> int | None:
        live = [activation for activation in campaign.activations.all() if activation.until_transition is None]
        return live[0].version.number if live else None


class CautionSerializer(serializers.Serializer[Any]):
    code = serializers.CharField(
        help_text="`unknown_status`, `no_effect`, `orders_disabled`, `no_gateway`; more may be added."
    )
    detail = serializers.CharField()
    pointer = serializers.CharField(
        allow_blank=True, help_text="Its place in the definition; empty: it speaks of the installation."
    )


class SampleSerializer(serializers.Serializer[Any]):
    order = serializers.CharField()
    step = serializers.CharField()
    at = serializers.DateTimeField()
    text = serializers.CharField()
    parts = serializers.IntegerField()
    is_held = serializers.BooleanField(help_text="It would have waited for the end of quiet hours.")


REHEARSED = {
    "since": "2026-04-02T09:30:00Z",
    "matching": 312,
    "tried": 312,
    "entered": 305,
    "texts": 298,
    "parts": 301,
    "held": 0,
    "declined": {"entered_before_per_order": 7},
    "not_sent": {"no_number": 7},
    "samples": [
        {
            "order": "DEMO-1001",
            "step": "ready",
            "at": "2026-05-01T09:12:02Z",
            "text": "Ada, order DEMO-1001 is ready for pickup.",
            "parts": 1,
            "is_held": False,
        }
    ],
    "warnings": [],
}


@example_answer("Rehearsed", REHEARSED)
class RehearsalSerializer(serializers.Serializer[Any]):
    """What would have happened. `matching` changes answer the trigger, `tried` of them were tried."""

    since = serializers.DateTimeField()
    matching = serializers.IntegerField()
    tried = serializers.IntegerField()
    entered = serializers.IntegerField()
    texts = serializers.IntegerField()
    parts = serializers.IntegerField()
    held = serializers.IntegerField()
    declined = serializers.DictField(child=serializers.IntegerField(), help_text="By reason.")
    not_sent = serializers.DictField(child=serializers.IntegerField(), help_text="By reason.")
    samples = SampleSerializer(many=True)
    warnings = serializers.SerializerMethodField()

    @extend_schema_field(CautionSerializer(many=True))
    def get_warnings(self, _rehearsed: Any) -> Any:
        return CautionSerializer(self.context.get("cautions", []), many=True).data


class StepCountSerializer(serializers.Serializer[Any]):
    step = serializers.CharField(allow_blank=True, help_text="Its key; empty: where orders are let in.")
    name = serializers.CharField()
    pointer = serializers.CharField()
    waiting = serializers.IntegerField()
    held = serializers.IntegerField(help_text="Of those that wait.")
    passed = serializers.IntegerField()
    ended = serializers.IntegerField()
    failed = serializers.IntegerField()
    ways = serializers.DictField(child=serializers.IntegerField(), help_text="By outcome.")


COUNTED = {
    "version": 1,
    "steps": [
        {
            "step": "paid",
            "name": "Filter customers",
            "pointer": "/steps/0",
            "waiting": 0,
            "held": 0,
            "passed": 298,
            "ended": 7,
            "failed": 0,
            "ways": {"yes": 298, "no": 7},
        }
    ],
}


@example_answer("Counted", COUNTED)
class VersionCountsSerializer(serializers.Serializer[Any]):
    version = serializers.IntegerField()
    steps = StepCountSerializer(many=True)


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


class CampaignVerbs(_Campaigns):
    """One verb of a campaign's life, as a POST of its own."""

    def do(self, request: Request, code: str, move: Callable[[Campaign], Campaign], verb: Verb) -> Response:
        read_body(request)
        campaign = find(code)
        with transaction.atomic():
            history.record_changed(request, refusing(lambda: move(campaign)), verb)
        return self.answer(campaign)


@extend_schema(parameters=ADDRESS, request=None, responses=CampaignSerializer)
class PauseView(CampaignVerbs):
    @extend_schema(
        operation_id="campaigns_pause", summary="Hold every order that entered, and every message", examples=[PAUSED]
    )
    def post(self, request: Request, code: str) -> Response:
        return self.do(request, code, lifecycle.pause, Verb.PAUSED)


@extend_schema(parameters=ADDRESS, responses=CampaignSerializer)
class ResumeView(_Campaigns):
    @extend_schema(
        operation_id="campaigns_resume",
        summary="Go on where it was paused",
        description="With `drop_due_before`, what was due before that time is dropped: orders stop and texts are not "
        "sent, with the reason `was_paused`.",
        request=inline_serializer("Resume", {"drop_due_before": serializers.DateTimeField(required=False)}),
    )
    def post(self, request: Request, code: str) -> Response:
        written = read_body(request, "drop_due_before").get("drop_due_before")
        moment = None if written is None else read_time(written, "drop_due_before")
        if isinstance(moment, Problem):
            raise Invalid([Mistake.in_body(moment)])
        campaign = find(code)
        with transaction.atomic():
            resumed = refusing(lambda: lifecycle.resume(campaign, drop_due_before=moment))
            history.record_changed(request, resumed, Verb.RESUMED)
        return self.answer(campaign)


@extend_schema(parameters=ADDRESS, request=None, responses=CampaignSerializer)
class EndView(CampaignVerbs):
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
        "then the changes heard before start it too (not those told as history): `started` counts those that did by "
        "now, and the rest follows a set at a time. `orders_under_way` says what becomes of those on an older version: "
        "`finish` as they entered (the default), `move` to the same step of the new one where it is there, or `stop`. "
        "`warnings` says what keeps it from reaching anybody as yet; it is active all the same.",
        parameters=ADDRESS,
        request=inline_serializer(
            "Activate",
            {
                "effective_from": serializers.CharField(required=False),
                "orders_under_way": serializers.ChoiceField(Former.choices, required=False),
            },
        ),
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
        reach, former = _read_reach(request), _read_former(request)
        campaign = find(code)
        with transaction.atomic():
            activated = refusing(lambda: lifecycle.activate(campaign, **reach, former=former))
            note_activated(request, activated)
        started = fill_at_once(activated.back_fill, seconds=AT_ONCE_S)
        told = {
            "campaign": self.answer(campaign).data,
            "version": activated.activation.version.number,
            "started": started,
            "warnings": CautionSerializer(activated.cautions, many=True).data,
        }
        return Response(told)


class RehearsalView(_Campaigns):
    @extend_schema(
        operation_id="campaigns_rehearsal",
        summary="Try the draft on the last 30 days",
        description="What would have entered, and which texts would have been sent, as if each change had been told "
        "when it happened. The newest 5,000 matching changes are tried; nothing is written or sent.",
        parameters=ADDRESS,
        responses=RehearsalSerializer,
    )
    def get(self, request: Request, code: str) -> Response:
        draft = find(code).draft
        plan = refusing(lambda: read_plan(draft))
        rehearsed = rehearse(plan)
        cautions = [*find_cautions(draft, plan), *find_more(draft, plan, rehearsed)]
        return Response(RehearsalSerializer(rehearsed, context={"cautions": cautions}).data)


class StepsView(_Campaigns):
    @extend_schema(
        operation_id="campaigns_steps",
        summary="Count the orders at each step",
        description="By version, the newest first: how many wait at each step, went on from it, ended there, failed.",
        parameters=ADDRESS,
        responses=VersionCountsSerializer(many=True),
    )
    def get(self, request: Request, code: str) -> Response:
        counts = count_steps(find(code))
        told = [{"version": n, "steps": [step.as_json() for step in steps]} for n, steps in counts.items()]
        return Response(VersionCountsSerializer(told, many=True).data)


@extend_schema(parameters=ADDRESS, request=None, responses=CampaignSerializer)
class StopBackFillView(_Campaigns):
    @extend_schema(
        operation_id="campaigns_stop_back_fill",
        summary="Let no more of the changes heard before enter",
        description="What entered goes on. Asked again, it changes nothing.",
    )
    def post(self, request: Request, code: str) -> Response:
        read_body(request)
        campaign = find(code)
        with transaction.atomic():
            for back_fill in back_filling.stop(campaign):
                history.record(request, Verb.STOPPED, campaign, counts={"entered": back_fill.entered})
        return self.answer(campaign)


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


def _read_former(request: Request) -> Former:
    written = read_body(request, "effective_from", "orders_under_way").get("orders_under_way", Former.FINISH)
    if written not in Former.values:
        detail = _("Choose one of: %s.") % ", ".join(Former.values)
        raise Invalid([Mistake.in_body(Problem("invalid_choice", detail, "orders_under_way"))])
    return Former(written)


def _read_reach(request: Request) -> lifecycle.Reach:
    reach = lifecycle.read_reach(read_body(request, "effective_from", "orders_under_way").get("effective_from"))
    if isinstance(reach, Problem):
        raise Invalid([Mistake.in_body(reach)])
    return reach


def read_body(request: Request, *known: str) -> dict[str, Any]:
    """The body, which may be left out, and holds nothing but what is known."""
    body: Any = request.data or {}
    if not isinstance(body, dict):
        raise Invalid([Mistake("#", "not_an_object", _("The body is one JSON object."))])
    if unknown := [name for name in body if name not in known]:
        detail = _("There is no field “%s” here.") % unknown[0][:64]
        raise Invalid([Mistake.in_body(Problem("unknown_field", detail, unknown[0]))])
    return body
