"""The vocabulary over the API."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, ClassVar, TypeVar

import django_filters
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from statuses import lifecycle
from statuses.models import OrderStatus, StatusAlias, StatusType, check_code, code_key
from statuses.usages import usages
from workspace import history
from workspace.api.filtering import FlagFilter
from workspace.api.idempotency import idempotent
from workspace.api.problems import Conflict, Invalid, Mistake, NotThere, Refusal
from workspace.api.schema import example_answer
from workspace.api.serializers import FlagField, NumberField, StrictBody, StrictSerializer, TextField
from workspace.api.views import ApiView, ListView
from workspace.models import ApiKey, Scope

AT_PICKUP_POINT: dict[str, Any] = {
    "type": "delivery",
    "code": "at_pickup_point",
    "name": "At pickup point",
    "include_in_analytics": True,
    "colour": "teal",
    "position": 2,
}
ANSWER = {
    **AT_PICKUP_POINT,
    "retired_at": None,
    "is_taken_from_sources": True,
    "merged_into": None,
    "merging_into": None,
    "revision": 1,
    "created_at": "2026-05-01T09:00:00Z",
}
EXAMPLE = OpenApiExample("At pickup point", value=AT_PICKUP_POINT, request_only=True)
RETIRED = OpenApiExample(
    "Retired",
    value={**ANSWER, "retired_at": "2026-06-01T12:00:00Z", "is_taken_from_sources": False, "revision": 2},
    response_only=True,
)
ADDRESS = [
    OpenApiParameter("type", str, OpenApiParameter.PATH, enum=StatusType.values),
    OpenApiParameter("code", str, OpenApiParameter.PATH, description="In any case."),
]
OF_SOURCE = OpenApiParameter("source", str, description="A source's code: what it alone means by this code.")

# The scope that lets a key know of what people of the admin need a permission to see, by the app of that.
SCOPES_OF_APPS = {
    "analytics": Scope.SEGMENTS_READ,
    "campaigns": Scope.CAMPAIGNS_READ,
    "customers": Scope.CUSTOMERS_READ,
    "orders": Scope.ORDERS_READ,
    "statuses": Scope.STATUSES_READ,
}

T = TypeVar("T")


@example_answer("At pickup point", ANSWER)
class StatusSerializer(StrictSerializer):
    """One word of the vocabulary. Type and code stay as they were made: other systems know them."""

    # Said here, as the databases differ in how much the column holds, and the API does not.
    position = NumberField(min_value=0, max_value=2**31 - 1, required=False, help_text="0: after all others.")
    merged_into = serializers.CharField(
        source="merged_into.code", allow_null=True, read_only=True, help_text="The code that it means today."
    )
    merging_into = serializers.CharField(
        source="merging_into.code", allow_null=True, read_only=True, help_text="Its orders are being moved there."
    )

    class Meta:
        model = OrderStatus
        fields: ClassVar[list[str]] = [
            "type",
            "code",
            "name",
            "include_in_analytics",
            "colour",
            "position",
            "retired_at",
            "is_taken_from_sources",
            "merged_into",
            "merging_into",
            "revision",
            "created_at",
        ]
        read_only_fields: ClassVar[list[str]] = ["retired_at", "is_taken_from_sources", "revision", "created_at"]
        # A code that is taken is a conflict, told below, and by the constraint if two come at once.
        validators: ClassVar[list[Any]] = []


class StatusChangesSerializer(StatusSerializer):
    revision = NumberField(
        min_value=1,
        max_value=2**31 - 1,
        required=False,
        help_text="The one you read. If somebody changed the status since, the answer is 409 `changed_meanwhile`.",
    )

    class Meta(StatusSerializer.Meta):
        read_only_fields: ClassVar[list[str]] = [
            "type",
            "code",
            "retired_at",
            "is_taken_from_sources",
            "created_at",
        ]


class RetireSerializer(StrictBody):
    keep_taking = FlagField(
        default=True, help_text="Integrations may go on telling it. False: they are refused with `status_retired`."
    )


@example_answer("Of every source", {"code": "ready", "source": None, "created_at": "2026-05-01T09:00:00Z"})
class AliasSerializer(serializers.ModelSerializer[StatusAlias]):
    """Another code for a status."""

    source = serializers.CharField(  # type: ignore[assignment]
        source="source.code", allow_null=True, read_only=True, help_text="Whose word it is. Null: every source's."
    )

    class Meta:
        model = StatusAlias
        fields = ("code", "source", "created_at")
        read_only_fields = fields


class AliasBodySerializer(StrictBody):
    code = TextField(max_length=64)


class UseSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField(help_text="More may be added.")
    text = serializers.CharField()
    url = serializers.CharField(help_text="The address of its screen; empty if it has none.")
    is_live = serializers.BooleanField(help_text="Retiring or merging the status changes what it does.")


@example_answer(
    "Used by a campaign",
    {
        "is_used": True,
        "uses": [
            {
                "kind": "campaign",
                "text": "Campaign “Ready for pickup”",
                "url": "/admin/campaigns/campaign/1/change/",
                "is_live": True,
            }
        ],
    },
)
class UsageSerializer(serializers.Serializer[Any]):
    is_used = serializers.BooleanField(help_text="It cannot be deleted: orders, history or campaigns point at it.")
    uses = UseSerializer(many=True, help_text="Those that this key may know of.")


class StatusFilters(django_filters.FilterSet):
    type = django_filters.ChoiceFilter(choices=StatusType.choices)
    code = django_filters.CharFilter(method="with_code", label="A code, in any case; of up to three types.")
    include_in_analytics = FlagFilter("include_in_analytics")
    retired = FlagFilter("retired_at", lookup_expr="isnull", exclude=True, label="Offered no more.")
    merged = FlagFilter("merged_into", lookup_expr="isnull", exclude=True, label="Its code means another status.")

    def with_code(self, queryset: QuerySet[OrderStatus], _name: str, code: str) -> QuerySet[OrderStatus]:
        return queryset.filter(code_key=code_key(code))


class StatusesView(ListView):
    queryset = OrderStatus.objects.select_related("merged_into", "merging_into")
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
        said = serializer.validated_data
        with transaction.atomic():
            history.record_created(request, create_status(said["type"], said["code"], serializer.save))
        return Response(serializer.data, status=status.HTTP_201_CREATED)


class OneStatus(ApiView):
    """The base of what is asked of one status."""

    queryset = OrderStatus.objects.all()
    serializer_class: Any = StatusSerializer
    scope_to_read = Scope.STATUSES_READ
    scope_to_write = Scope.STATUSES_WRITE

    def find(self) -> OrderStatus:
        return find_status(self.kwargs["type"], self.kwargs["code"])

    def noting(self, found: OrderStatus, change: Callable[[], OrderStatus]) -> OrderStatus:
        """Change it, and write down what was changed."""
        history.remember(found)
        with transaction.atomic():
            changed = refusing(change)
            history.record_changed(self.request, found)
        return changed


@extend_schema(parameters=ADDRESS)
class StatusView(OneStatus):
    @extend_schema(operation_id="statuses_retrieve", summary="Read a status")
    def get(self, request: Request, type: str, code: str) -> Response:
        return Response(StatusSerializer(self.find()).data)

    @extend_schema(
        operation_id="statuses_update",
        summary="Change a status's name, colour, place, or part in analytics",
        request=StatusChangesSerializer(partial=True),
        responses=StatusSerializer,
    )
    def patch(self, request: Request, type: str, code: str) -> Response:
        found = self.find()
        serializer = StatusChangesSerializer(found, data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        named = dict(serializer.validated_data)
        revision = named.pop("revision", None)
        changed = self.noting(found, lambda: lifecycle.change(found, named, revision=revision))
        return Response(StatusSerializer(changed).data)

    @extend_schema(
        operation_id="statuses_delete", summary="Delete a status that nothing uses", request=None, responses={204: None}
    )
    def delete(self, request: Request, type: str, code: str) -> Response:
        found = self.find()
        with transaction.atomic():
            history.record_deleted(request, found)
            refusing(lambda: lifecycle.delete(found))
        return Response(status=status.HTTP_204_NO_CONTENT)


@extend_schema(parameters=ADDRESS)
class RetireView(OneStatus):
    @extend_schema(
        operation_id="statuses_retire",
        summary="Offer a status no more",
        description="Orders that stand in it, their history and what waits on it stay as they are.",
        request=RetireSerializer,
        responses=StatusSerializer,
        examples=[RETIRED],
    )
    def post(self, request: Request, type: str, code: str) -> Response:
        found, said = self.find(), RetireSerializer().said(request.data)
        retired = self.noting(found, lambda: lifecycle.retire(found, is_taken=said["keep_taking"]))
        return Response(StatusSerializer(retired).data)


@extend_schema(parameters=ADDRESS)
class RestoreView(OneStatus):
    @extend_schema(
        operation_id="statuses_restore",
        summary="Offer a retired status again",
        request=None,
        responses=StatusSerializer,
    )
    def post(self, request: Request, type: str, code: str) -> Response:
        found = self.find()
        StrictBody().said(request.data)
        return Response(StatusSerializer(self.noting(found, lambda: lifecycle.restore(found))).data)


@extend_schema(parameters=ADDRESS)
class AliasesView(ListView):
    queryset = StatusAlias.objects.select_related("source")
    serializer_class = AliasSerializer
    usual_ordering = "created_at"
    scope_to_read = Scope.STATUSES_READ
    scope_to_write = Scope.STATUSES_WRITE

    @extend_schema(operation_id="statuses_aliases", summary="List the other codes of a status")
    def get(self, request: Request, type: str, code: str) -> Response:
        return self.list(self.get_queryset().filter(status=find_status(type, code)))

    @extend_schema(
        operation_id="statuses_add_alias",
        summary="Let every source send another code for a status",
        request=AliasBodySerializer,
        responses={201: AliasSerializer},
        examples=[OpenApiExample("Ready", value={"code": "ready"}, request_only=True)],
    )
    @idempotent
    def post(self, request: Request, type: str, code: str) -> Response:
        found, wanted = find_status(type, code), AliasBodySerializer().said(request.data)["code"]
        if problem := check_code("code", wanted):
            raise Invalid([Mistake.in_body(problem)])
        with transaction.atomic():
            alias = refusing(lambda: lifecycle.add_alias(found, wanted.strip()))
            history.record_created(request, alias)
        return Response(AliasSerializer(alias).data, status=status.HTTP_201_CREATED)


@extend_schema(parameters=[*ADDRESS, OpenApiParameter("alias", str, OpenApiParameter.PATH, description="In any case.")])
class AliasView(OneStatus):
    parameters_to_write = frozenset({"source"})

    @extend_schema(
        operation_id="statuses_remove_alias",
        summary="Take another code from a status",
        description="From then on it says nothing to us, as before it was added.",
        parameters=[OF_SOURCE],
        request=None,
        responses={204: None},
    )
    def delete(self, request: Request, type: str, code: str, alias: str) -> Response:
        asked = request.query_params.get("source")
        of_source = Q(source=None) if asked is None else Q(source__code=asked)
        found = self.find().aliases.filter(of_source, code_key=code_key(alias)).first()
        if found is None:
            words = {"alias": alias, "code": code}
            raise NotThere(_("“%(alias)s” is no other code of “%(code)s”.") % words)
        with transaction.atomic():
            history.record_deleted(request, found)
            found.delete()
        return Response(status=status.HTTP_204_NO_CONTENT)


@extend_schema(parameters=ADDRESS)
class UsageView(OneStatus):
    serializer_class = UsageSerializer

    @extend_schema(operation_id="statuses_usage", summary="Ask who uses a status")
    def get(self, request: Request, type: str, code: str) -> Response:
        found = self.find()
        uses = usages([found], KeyReader(self.key)).get(found.pk, [])
        return Response(UsageSerializer({"is_used": lifecycle.is_needed(found), "uses": uses}).data)


class KeyReader:
    """A key, asked as people are what it may see."""

    def __init__(self, key: ApiKey) -> None:
        self._key = key

    def has_perm(self, perm: str, /) -> bool:
        scope = SCOPES_OF_APPS.get(perm.partition(".")[0])
        return scope is not None and self._key.may(scope)


def create_status(type: str, code: str, save: Callable[[], T]) -> T:
    """Save a new status, or say beside the code that it is taken."""
    alias = StatusAlias.objects.of_all(type, code).select_related("status").first()
    if alias is not None:
        raise _taken("alias_exists", alias.why_taken())
    words = {"type": type, "code": code}
    taken = _taken("status_exists", _("There is a %(type)s status with the code “%(code)s” already.") % words)
    if OrderStatus.objects.with_code(type, code).exists():
        raise taken
    try:
        return save()
    except IntegrityError:
        raise taken from None


def find_status(type: str, code: str) -> OrderStatus:
    found = StatusesView.queryset.filter(type=type, code_key=code_key(code)).first()
    if found is None:
        raise no_status(type, code)
    return found


def find_meant(field: str, type: str, code: str) -> OrderStatus:
    """A status that a body names, which orders may come to stand in."""
    found = OrderStatus.objects.with_code(type, code).first()
    if found is None:
        raise Invalid([Mistake(f"#/{field}", "unknown_status", no_status(type, code).detail)])
    if found.is_retired:
        detail = _("“%s” is retired. Restore it first, or name another.") % found.name
        raise Invalid([Mistake(f"#/{field}", "status_retired", detail)])
    return found


def no_status(type: str, code: str) -> NotThere:
    return NotThere(_("There is no %(type)s status with the code “%(code)s”.") % {"type": type, "code": code})


def refusing(do: Callable[[], T]) -> T:
    """What the vocabulary refuses is a conflict; one that was deleted meanwhile is not there."""
    try:
        return do()
    except lifecycle.Refusal as refusal:
        raise Conflict(refusal.code, refusal.detail) from None
    except OrderStatus.DoesNotExist:
        raise NotThere(_("There is nothing here by that name.")) from None


def _taken(code: str, detail: str) -> Refusal:
    return Refusal(HTTPStatus.CONFLICT, code, detail, mistakes=[Mistake("#/code", code, detail)])
