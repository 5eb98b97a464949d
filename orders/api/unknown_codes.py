"""`unknown-codes/`: what sources send and nobody has said the meaning of, and saying it."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

import django_filters
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework import status as http
from rest_framework.request import Request
from rest_framework.response import Response

from orders.models import UnknownCode
from orders.unknown_codes import Waiting, create_status, give_meaning, waiting_for, waiting_for_each
from statuses import api as statuses_api
from statuses.api import StatusSerializer, find_meant
from statuses.models import OrderStatus, StatusType, name_from_code
from workspace import history
from workspace.api.idempotency import idempotent
from workspace.api.problems import Conflict, NotThere
from workspace.api.schema import example_answer
from workspace.api.serializers import FlagField, StrictBody, StrictSerializer, TextField
from workspace.api.views import ApiView, ListView
from workspace.models import Scope

ID = [OpenApiParameter("id", int, OpenApiParameter.PATH)]
SILENTLY = FlagField(help_text="True: what waits starts no campaign. False: it may, as it would have when it was told.")
MAPPED = OpenApiExample(
    "Mapped",
    value={"changes": 12, "firing": 0, "status": statuses_api.ANSWER},
    response_only=True,
)
IGNORED = OpenApiExample("Ignored", value={"changes": 12, "firing": 0, "status": None}, response_only=True)


@example_answer(
    "At a locker",
    {
        "id": 7,
        "source": "web-shop",
        "type": "delivery",
        "code": "in_locker",
        "times": 14,
        "first_seen_at": "2026-05-03T08:00:00Z",
        "last_seen_at": "2026-05-04T09:12:00Z",
        "order": "DEMO-1001",
        "waiting": 12,
        "waiting_firing": 12,
    },
)
class UnknownCodeSerializer(serializers.ModelSerializer[UnknownCode]):
    """A code that a source sent and that says nothing to us yet."""

    source = serializers.CharField(source="source.code")  # type: ignore[assignment]
    order = serializers.SerializerMethodField()
    waiting = serializers.SerializerMethodField()
    waiting_firing = serializers.SerializerMethodField()

    class Meta:
        model = UnknownCode
        fields = (
            "id",
            "source",
            "type",
            "code",
            "times",
            "first_seen_at",
            "last_seen_at",
            "order",
            "waiting",
            "waiting_firing",
        )
        read_only_fields = fields
        extra_kwargs: ClassVar[dict[str, Any]] = {"times": {"help_text": "How often it was sent, refused or kept."}}

    @extend_schema_field(
        {"type": "string", "nullable": True, "description": "The last order it came for, to a key with orders:read."}
    )
    def get_order(self, unknown: UnknownCode) -> str | None:
        return unknown.order_external_id if self.context["shows_orders"] else None

    @extend_schema_field({"type": "integer", "description": "How many changes wait for it."})
    def get_waiting(self, unknown: UnknownCode) -> int:
        return self._waiting(unknown).changes

    @extend_schema_field({"type": "integer", "description": "How many of these may start campaigns."})
    def get_waiting_firing(self, unknown: UnknownCode) -> int:
        return self._waiting(unknown).firing

    def _waiting(self, unknown: UnknownCode) -> Waiting:
        waiting: Waiting = self.context["waiting"][unknown.pk]
        return waiting


class MapSerializer(StrictBody):
    status = TextField(max_length=64, help_text="The code of a status of the same type.")
    silently = SILENTLY


class CreateSerializer(StrictSerializer):
    silently = SILENTLY

    class Meta:
        model = OrderStatus
        fields: ClassVar[list[str]] = ["name", "include_in_analytics", "colour", "silently"]
        extra_kwargs: ClassVar[dict[str, Any]] = {"name": {"required": False, "help_text": "Left out: after its code."}}


class MeaningSerializer(serializers.Serializer[Any]):
    """What the code means now, and what had waited for that."""

    changes = serializers.IntegerField(help_text="How many changes had waited.")
    firing = serializers.IntegerField(help_text="How many of these may start campaigns.")
    status = StatusSerializer(allow_null=True)


class UnknownCodeFilters(django_filters.FilterSet):
    source = django_filters.CharFilter("source__code", label="A source's code.")
    type = django_filters.ChoiceFilter(choices=StatusType.choices)


class UnknownCodesView(ListView):
    queryset = UnknownCode.objects.select_related("source")
    serializer_class = UnknownCodeSerializer
    filterset_class = UnknownCodeFilters
    search_fields = ("code",)
    orderings: ClassVar[dict[str, str]] = {"last_seen_at": "last_seen_at", "first_seen_at": "pk"}
    usual_ordering = "-last_seen_at"
    scope_to_read = Scope.STATUSES_READ

    @extend_schema(
        operation_id="unknown_codes_list",
        summary="List codes that sources send and nobody has said the meaning of",
        description="Whether a change with such a code waits for 7 days or is refused is the source's setting.",
    )
    def get(self, request: Request) -> Response:
        page: Any = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        known = {"waiting": waiting_for_each(page), "shows_orders": self.key.may(Scope.ORDERS_READ)}
        return self.get_paginated_response(UnknownCodeSerializer(page, many=True, context=known).data)


class _Deciding(ApiView):
    queryset = UnknownCode.objects.all()
    serializer_class = MeaningSerializer
    scope_to_read = Scope.STATUSES_READ
    scope_to_write = Scope.STATUSES_WRITE

    def find(self) -> UnknownCode:
        found = UnknownCode.objects.select_related("source").filter(pk=self.kwargs["id"]).first()
        if found is None:
            raise NotThere(_("There is no such unknown code. Somebody may have said what it means."))
        return found


@extend_schema(parameters=ID)
class MapView(_Deciding):
    @extend_schema(
        operation_id="unknown_codes_map",
        summary="Say which status a code means when this source sends it",
        description="What waits for it is applied in order of time.",
        request=MapSerializer,
        responses=MeaningSerializer,
        examples=[
            OpenApiExample("At pickup point", value={"status": "at_pickup_point", "silently": True}, request_only=True),
            MAPPED,
        ],
    )
    @idempotent
    def post(self, request: Request, id: int) -> Response:
        said, unknown = MapSerializer().said(request.data), self.find()
        status = find_meant("status", unknown.type, said["status"])
        return _meant(request, unknown, status, silently=said["silently"])


@extend_schema(parameters=ID)
class IgnoreView(_Deciding):
    @extend_schema(
        operation_id="unknown_codes_ignore",
        summary="Say that a code means nothing when this source sends it",
        description="What waits for it, and what comes with it from then on, changes nothing.",
        request=None,
        responses=MeaningSerializer,
        examples=[IGNORED],
    )
    @idempotent
    def post(self, request: Request, id: int) -> Response:
        StrictBody().said(request.data)
        return _meant(request, self.find(), None, silently=True)


@extend_schema(parameters=ID)
class CreateView(_Deciding):
    @extend_schema(
        operation_id="unknown_codes_create",
        summary="Make a status that has this code, for every source",
        description="What waits for it is applied in order of time.",
        request=CreateSerializer,
        responses={201: MeaningSerializer},
        examples=[
            OpenApiExample("At a locker", value={"name": "At a locker", "silently": False}, request_only=True),
            OpenApiExample(
                "Made",
                value={
                    "changes": 12,
                    "firing": 12,
                    "status": {**statuses_api.ANSWER, "code": "in_locker", "name": "At a locker", "colour": "grey"},
                },
                response_only=True,
            ),
        ],
    )
    @idempotent
    def post(self, request: Request, id: int) -> Response:
        unknown = self.find()
        serializer = CreateSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        said = dict(serializer.validated_data)
        silently = said.pop("silently")
        new = OrderStatus(**{"name": name_from_code(unknown.code), **said}, type=unknown.type, code=unknown.code)
        waiting = waiting_for(unknown)
        with transaction.atomic():
            save = partial(create_status, unknown, new, silently=silently)
            status = statuses_api.create_status(new.type, new.code, save)
            history.record_created(request, status)
        return _answer(waiting, status, silently=silently, code=http.HTTP_201_CREATED)


def _meant(request: Request, unknown: UnknownCode, status: OrderStatus | None, *, silently: bool) -> Response:
    waiting = waiting_for(unknown)
    try:
        with transaction.atomic():
            history.record_created(request, give_meaning(unknown, status, silently=silently))
    except IntegrityError:
        raise Conflict("alias_exists", _("Somebody has just said what “%s” means.") % unknown.code) from None
    return _answer(waiting, status, silently=silently)


def _answer(waiting: Waiting, status: OrderStatus | None, *, silently: bool, code: int = http.HTTP_200_OK) -> Response:
    told = {"changes": waiting.changes, "firing": 0 if silently else waiting.firing, "status": status}
    return Response(MeaningSerializer(told).data, code)
