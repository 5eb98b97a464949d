"""The vocabulary over the API."""

from __future__ import annotations

from typing import Any, ClassVar

import django_filters
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from statuses.models import OrderStatus, StatusType
from workspace import history
from workspace.api.filtering import FlagFilter
from workspace.api.idempotency import idempotent
from workspace.api.problems import Conflict, NotThere
from workspace.api.schema import example_answer
from workspace.api.serializers import NumberField, StrictSerializer
from workspace.api.views import ApiView, ListView
from workspace.models import Scope

AT_PICKUP_POINT = {
    "type": "delivery",
    "code": "at_pickup_point",
    "name": "At pickup point",
    "include_in_analytics": True,
    "position": 2,
}
EXAMPLE = OpenApiExample("At pickup point", value=AT_PICKUP_POINT, request_only=True)
ADDRESS = [
    OpenApiParameter("type", str, OpenApiParameter.PATH, enum=StatusType.values),
    OpenApiParameter("code", str, OpenApiParameter.PATH, description="In any case."),
]


@example_answer("At pickup point", {**AT_PICKUP_POINT, "created_at": "2026-05-01T09:00:00Z"})
class StatusSerializer(StrictSerializer):
    """One word of the vocabulary. Type and code stay as they were made: other systems know them."""

    # Said here, as the databases differ in how much the column holds, and the API does not.
    position = NumberField(min_value=0, max_value=2**31 - 1, required=False)

    class Meta:
        model = OrderStatus
        fields: ClassVar[list[str]] = ["type", "code", "name", "include_in_analytics", "position", "created_at"]
        read_only_fields: ClassVar[list[str]] = ["created_at"]
        # A code that is taken is a conflict, told below, and by the constraint if two come at once.
        validators: ClassVar[list[Any]] = []


class StatusChangesSerializer(StatusSerializer):
    class Meta(StatusSerializer.Meta):
        read_only_fields: ClassVar[list[str]] = ["type", "code", "created_at"]


class StatusFilters(django_filters.FilterSet):
    type = django_filters.ChoiceFilter(choices=StatusType.choices)
    include_in_analytics = FlagFilter("include_in_analytics")


class StatusesView(ListView):
    queryset = OrderStatus.objects.all()
    serializer_class = StatusSerializer
    filterset_class = StatusFilters
    search_fields = ("name", "code")
    orderings = {"position": "position", "created_at": "pk"}
    usual_ordering = "position"
    scope_to_read = Scope.STATUSES_READ
    scope_to_write = Scope.STATUSES_WRITE

    @extend_schema(operation_id="statuses_list", summary="List statuses")
    def get(self, request: Request) -> Response:
        return self.list()

    @extend_schema(
        operation_id="statuses_create", summary="Add a status", examples=[EXAMPLE], responses={201: StatusSerializer}
    )
    @idempotent
    def post(self, request: Request) -> Response:
        serializer = StatusSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        with transaction.atomic():
            history.record_created(request, _add(serializer))
        return Response(serializer.data, status=status.HTTP_201_CREATED)


@extend_schema(parameters=ADDRESS)
class StatusView(ApiView):
    queryset = OrderStatus.objects.all()
    serializer_class = StatusSerializer
    scope_to_read = Scope.STATUSES_READ
    scope_to_write = Scope.STATUSES_WRITE

    @extend_schema(operation_id="statuses_retrieve", summary="Read a status")
    def get(self, request: Request, type: str, code: str) -> Response:
        return Response(StatusSerializer(_find(type, code)).data)

    @extend_schema(
        operation_id="statuses_update",
        summary="Change a status's name, place, or part in analytics",
        request=StatusChangesSerializer(partial=True),
        responses=StatusSerializer,
    )
    def patch(self, request: Request, type: str, code: str) -> Response:
        found = _find(type, code)
        history.remember(found)
        serializer = StatusChangesSerializer(found, data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        with transaction.atomic():
            serializer.save()
            history.record_changed(request, found)
        return Response(serializer.data)

    @extend_schema(
        operation_id="statuses_delete", summary="Delete a status that nothing uses", request=None, responses={204: None}
    )
    def delete(self, request: Request, type: str, code: str) -> Response:
        found = _find(type, code)
        if found.is_used():
            raise _in_use(found)
        try:
            with transaction.atomic():
                history.record_deleted(request, found)
                found.delete()
        except ProtectedError:
            raise _in_use(found) from None
        return Response(status=status.HTTP_204_NO_CONTENT)


def _add(serializer: serializers.ModelSerializer[OrderStatus]) -> OrderStatus:
    said = serializer.validated_data
    taken = Conflict("status_exists", _("There is a %(type)s status with the code “%(code)s” already.") % said)
    if OrderStatus.objects.with_code(said["type"], said["code"]).exists():
        raise taken
    try:
        with transaction.atomic():
            return serializer.save()
    except IntegrityError:
        raise taken from None


def _find(type: str, code: str) -> OrderStatus:
    found = OrderStatus.objects.with_code(type, code).first()
    if found is None:
        raise NotThere(_("There is no %(type)s status with the code “%(code)s”.") % {"type": type, "code": code})
    return found


def _in_use(found: OrderStatus) -> Conflict:
    return Conflict(
        "status_in_use", _("“%s” is used by orders or their history, so it cannot be deleted.") % found.name
    )
