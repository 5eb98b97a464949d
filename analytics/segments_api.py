"""Segments over the API."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, ClassVar, TypeVar

import django_filters
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from analytics import lists, previews, segments
from analytics.models import Member, Segment
from analytics.rules import SegmentRule, asks_for_personal, read_segment_rule
from analytics.segments import Refusal
from statuses.api import KeyReader
from workspace import history
from workspace.api.idempotency import idempotent
from workspace.api.problems import Conflict, Invalid, Mistake, NotThere
from workspace.api.problems import Refusal as ApiRefusal
from workspace.api.schema import example_answer
from workspace.api.serializers import MoneyField, NumberField, StrictBody, StrictSerializer, TextField, TimeField
from workspace.api.views import ApiView, ListView
from workspace.database import TookTooLong
from workspace.models import Scope, Verb
from workspace.reading import BadDocument
from workspace.roles import may_see_personal_data

RULE: dict[str, Any] = {
    "combinator": "and",
    "rules": [
        {
            "combinator": "and",
            "of": "any_order",
            "rules": [
                {"field": "order.payment_status", "operator": "in", "value": ["awaiting_payment"]},
                {
                    "field": "order.payment_stayed",
                    "operator": ">",
                    "value": {"value": 1, "unit": "days"},
                    "status": "awaiting_payment",
                },
            ],
        }
    ],
}
AWAITING: dict[str, Any] = {"code": "awaiting-payment", "name": "Awaiting payment for over a day", "rule": RULE}
A_LIST = {"code": "friends", "name": "Friends of the house", "kind": "list"}
ANSWER = {
    **AWAITING,
    "kind": "rule",
    "revision": 1,
    "customers": 214,
    "counted_at": "2026-05-02T10:00:00Z",
    "is_being_counted": False,
    "problem": "",
    "created_at": "2026-05-01T09:30:00Z",
    "updated_at": "2026-05-01T09:30:00Z",
}
ADDRESS = [OpenApiParameter("code", str, OpenApiParameter.PATH)]
ADD, REPLACE, REMOVE = "add", "replace", "remove"
MOST_CUSTOMERS = 5_000

T = TypeVar("T")


@extend_schema_field({"$ref": "#/components/schemas/Rule"})
class RuleField(serializers.JSONField):
    """Read by analytics/rules.py."""


class OwnRuleField(RuleField):
    """A list has none, and what is personal is told to keys that may read customers."""

    def to_representation(self, value: Any) -> Any:
        key = self.context["view"].key
        if asks_for_personal(value) and not may_see_personal_data(KeyReader(key)):
            return None
        return super().to_representation(value) or None


class KindField(serializers.ChoiceField):
    def to_internal_value(self, data: Any) -> str:
        return str(super().to_internal_value(data if isinstance(data, str) else ""))


@example_answer("Awaiting payment", ANSWER)
class SegmentSerializer(serializers.ModelSerializer[Segment]):
    """A segment. `customers` is how many were in it at `counted_at`."""

    customers = serializers.IntegerField(source="members_count", allow_null=True, read_only=True)
    rule = OwnRuleField(
        read_only=True,
        allow_null=True,
        help_text="null for a list, and to keys that may not read customers if it asks about what is personal.",
    )
    is_being_counted = serializers.BooleanField(read_only=True, help_text="A count is asked for, or under way.")
    problem = serializers.CharField(
        read_only=True, help_text="Why it cannot be counted, rule or slow; empty if it can."
    )

    class Meta:
        model = Segment
        fields = (
            "code",
            "name",
            "kind",
            "rule",
            "revision",
            "customers",
            "counted_at",
            "is_being_counted",
            "problem",
            "created_at",
            "updated_at",
        )
        read_only_fields = fields


class NewSegmentSerializer(StrictSerializer):
    kind = KindField(choices=Segment.Kind.choices, default=Segment.Kind.RULE)
    rule = RuleField(required=False, help_text="Of one by a rule.")

    class Meta:
        model = Segment
        fields: ClassVar[list[str]] = ["code", "name", "kind", "rule"]
        # A code that is taken is a conflict, told below.
        extra_kwargs: ClassVar[dict[str, Any]] = {"code": {"validators": []}}


class ChangesSerializer(StrictSerializer):
    rule = RuleField(required=False)
    revision = NumberField(
        min_value=1,
        max_value=2**31 - 1,
        required=False,
        help_text="The one you read. If somebody changed the segment since, the answer is 409 `changed_meanwhile`.",
    )

    class Meta:
        model = Segment
        fields: ClassVar[list[str]] = ["name", "rule", "revision"]


@example_answer("Of a segment", {"external_id": "C-1041", "since": "2026-05-02T10:00:00Z"})
class MemberSerializer(serializers.ModelSerializer[Member]):
    """A customer who is in it. What else is known of them, `customers/` tells."""

    external_id = serializers.CharField(source="customer.external_id", read_only=True)

    class Meta:
        model = Member
        fields = ("external_id", "since")


class CustomersBody(StrictBody):
    customers = serializers.ListField(
        child=TextField(max_length=128), max_length=MOST_CUSTOMERS, help_text="Their external ids."
    )
    mode = KindField(
        choices=[(ADD, ADD), (REPLACE, REPLACE), (REMOVE, REMOVE)],
        default=ADD,
        help_text="`add` puts them on the list, `replace` takes all others off it too, `remove` takes them off it.",
    )


class TakenInSerializer(serializers.Serializer[Any]):
    entered = serializers.IntegerField(help_text="Who was not on it before.")
    left = serializers.IntegerField(help_text="Who was taken off it.")
    there_already = serializers.IntegerField()
    not_found = serializers.ListField(child=serializers.CharField(), help_text="Ids that no customer has.")


class PreviewBody(StrictBody):
    rule = RuleField()


class PartSerializer(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    of = serializers.IntegerField()
    share = serializers.FloatField(allow_null=True, help_text="0 to 1; null of nothing.")


class RevenueSerializer(serializers.Serializer[Any]):
    amount = MoneyField()
    of = MoneyField()
    currency = serializers.CharField(help_text="The installation's own: amounts in others are not added.")
    share = serializers.FloatField(allow_null=True)


class SomeoneSerializer(serializers.Serializer[Any]):
    external_id = serializers.CharField()
    why = serializers.ListField(child=serializers.CharField())


@example_answer(
    "Counted",
    {
        "as_of": "2026-05-02T10:00:00Z",
        "customers": {"number": 214, "of": 10700, "share": 0.02},
        "orders": {"number": 530, "of": 26500, "share": 0.02},
        "revenue": {"amount": "21400.00", "of": "1070000.00", "currency": "EUR", "share": 0.02},
        "sample": [{"external_id": "C-1041", "why": ["order A-17: payment status: Awaiting payment"]}],
    },
)
class PreviewSerializer(serializers.Serializer[Any]):
    as_of = TimeField(
        allow_null=True, help_text="History is complete up to then. Null: it is being read for the first time."
    )
    customers = PartSerializer()
    orders = PartSerializer(help_text="The orders of these customers.")
    revenue = RevenueSerializer()
    sample = SomeoneSerializer(many=True, help_text="A few of them, with what the rule saw.")


class SegmentFilters(django_filters.FilterSet):
    kind = django_filters.ChoiceFilter(choices=Segment.Kind.choices)


class _Segments(ApiView):
    queryset = Segment.objects.all()
    serializer_class: Any = SegmentSerializer
    scope_to_read = Scope.SEGMENTS_READ
    scope_to_write = Scope.SEGMENTS_WRITE

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if self.key.is_test and self.needs_a_live_key and request.method not in {"GET", "HEAD"}:
            detail = _("A test key reads segments. To change them, use a live key.")
            raise ApiRefusal(HTTPStatus.FORBIDDEN, "test_key", detail)

    needs_a_live_key = True

    def find(self) -> Segment:
        code = self.kwargs["code"]
        found = Segment.objects.filter(code=code).first()
        if found is None:
            raise NotThere(_("There is no segment with the code “%s”.") % code)
        return found

    def read_rule(self, rule: Any) -> SegmentRule:
        """What is personal is asked about by keys that may read customers."""
        return refusing(lambda: read_segment_rule(rule, may_see_personal=may_see_personal_data(KeyReader(self.key))))

    def answer(self, segment: Segment, code: int = status.HTTP_200_OK) -> Response:
        return Response(SegmentSerializer(Segment.objects.get(pk=segment.pk), context={"view": self}).data, status=code)


class SegmentsView(_Segments, ListView):
    filterset_class = SegmentFilters
    search_fields = ("name", "code")
    orderings: ClassVar[dict[str, str]] = {"created_at": "pk", "name": "name"}

    @extend_schema(operation_id="segments_list", summary="List segments")
    def get(self, request: Request) -> Response:
        return self.list()

    @extend_schema(
        operation_id="segments_create",
        summary="Create a segment by a rule, or a list",
        description="It is counted within seconds. A list is empty until customers are put on it.",
        request=NewSegmentSerializer,
        responses={201: SegmentSerializer},
        examples=[
            OpenApiExample("By a rule", value=AWAITING, request_only=True),
            OpenApiExample("A list", value=A_LIST, request_only=True),
        ],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        said = _said(NewSegmentSerializer(data=request.data))
        rule = self._rule_of_new(said)
        with transaction.atomic():
            made = refusing(lambda: segments.create(code=said["code"], name=said["name"], rule=rule))
            history.record_created(request, made)
        return self.answer(made, status.HTTP_201_CREATED)

    def _rule_of_new(self, said: dict[str, Any]) -> Any:
        if said["kind"] == Segment.Kind.LIST:
            if "rule" in said:
                raise Invalid([Mistake("#/rule", "not_of_a_list", _("A list has no rule."))])
            return None
        if "rule" not in said:
            raise Invalid([Mistake("#/rule", "required", _("“%s” is missing.") % "rule")])
        self.read_rule(said["rule"])
        return said["rule"]


@extend_schema(parameters=ADDRESS)
class SegmentView(_Segments):
    @extend_schema(operation_id="segments_retrieve", summary="Read a segment")
    def get(self, request: Request, code: str) -> Response:
        return self.answer(self.find())

    @extend_schema(
        operation_id="segments_update",
        summary="Change a segment's name or rule",
        description="By a changed rule it is counted anew. Who comes or goes by that starts no campaign.",
        request=ChangesSerializer(partial=True),
        responses=SegmentSerializer,
    )
    def patch(self, request: Request, code: str) -> Response:
        found, said = self.find(), _said(ChangesSerializer(data=request.data, partial=True))
        if "rule" in said:
            if found.is_list:
                raise Invalid([Mistake("#/rule", "not_of_a_list", _("A list has no rule."))])
            self.read_rule(said["rule"])
        history.remember(found)
        wanted = {"name": said.get("name", found.name), "rule": said.get("rule"), "revision": said.get("revision")}
        with transaction.atomic():
            refusing(lambda: segments.change(found, **wanted))
            history.record_changed(request, found)
        return self.answer(found)

    @extend_schema(
        operation_id="segments_delete",
        summary="Delete a segment that nothing uses",
        request=None,
        responses={204: None},
    )
    def delete(self, request: Request, code: str) -> Response:
        found = self.find()
        with transaction.atomic():
            history.record_deleted(request, found)
            refusing(lambda: segments.delete(found))
        return Response(status=status.HTTP_204_NO_CONTENT)


@extend_schema(parameters=ADDRESS)
class RefreshView(_Segments):
    needs_a_live_key = False

    @extend_schema(
        operation_id="segments_refresh",
        summary="Count a segment now",
        description="In the background: `is_being_counted` is false again once it is done.",
        request=None,
        responses={202: SegmentSerializer},
    )
    def post(self, request: Request, code: str) -> Response:
        found = self.find()
        StrictBody().said(request.data)
        segments.ask_for_count([found])
        return self.answer(found, status.HTTP_202_ACCEPTED)


@extend_schema(parameters=ADDRESS)
class SegmentCustomersView(_Segments, ListView):
    queryset: Any = Member.objects.select_related("customer")
    serializer_class = MemberSerializer
    orderings: ClassVar[dict[str, str]] = {"since": "since", "entered": "pk"}
    usual_ordering = "-entered"

    @extend_schema(
        operation_id="segments_customers",
        summary="List the customers in a segment",
        description="As they were when it was last counted, the newest first.",
    )
    def get(self, request: Request, code: str) -> Response:
        return self.list(self._members(self.find()))

    @extend_schema(
        operation_id="segments_bring_customers",
        summary="Put customers on a list, or take them off it",
        description="Who is put on it enters the segment, who is taken off it leaves: campaigns that begin so begin.",
        request=CustomersBody,
        responses=TakenInSerializer,
        examples=[
            OpenApiExample("Two", value={"customers": ["C-1041", "C-1042"], "mode": "add"}, request_only=True),
            OpenApiExample(
                "One was there, one is not known",
                value={"entered": 0, "left": 0, "there_already": 1, "not_found": ["C-1042"]},
                response_only=True,
            ),
        ],
    )
    @idempotent
    def post(self, request: Request, code: str) -> Response:
        found, said = self.find(), CustomersBody().said(request.data)
        if not found.is_list:
            raise Conflict("not_a_list", _("“%s” is a segment by a rule: nobody is put into it.") % found.name)
        ids = list(dict.fromkeys(said["customers"]))
        with transaction.atomic():
            if said["mode"] == REMOVE:
                taken = lists.take_off(found, ids)
            else:
                taken = lists.add(found, ids, replaces=said["mode"] == REPLACE, by_phone=False)
            counts = {"created": taken.entered, "deleted": taken.left}
            history.record(request, Verb.CHANGED, found, counts=counts)
        return Response(TakenInSerializer(taken).data)

    def _members(self, segment: Segment) -> QuerySet[Member]:
        rows: QuerySet[Member] = self.get_queryset().filter(segment=segment)
        return rows


class PreviewView(_Segments):
    serializer_class = PreviewSerializer
    # It writes nothing, though a rule is too long for an address.
    scope_to_write = Scope.SEGMENTS_READ
    needs_a_live_key = False

    @extend_schema(
        operation_id="segments_preview",
        summary="Ask how many customers a rule would be",
        request=PreviewBody,
        responses=PreviewSerializer,
        examples=[OpenApiExample("Awaiting payment", value={"rule": RULE}, request_only=True)],
    )
    def post(self, request: Request) -> Response:
        rule = self.read_rule(PreviewBody().said(request.data)["rule"])
        try:
            counted = previews.preview(rule, KeyReader(self.key), timezone.now())
        except TookTooLong:
            raise Invalid([Mistake("#/rule", "too_slow", _("This takes too long to count. Ask for less."))]) from None
        revenue = counted.revenue
        assert revenue is not None, "all parts were asked for"
        told = {
            "as_of": counted.as_of,
            "customers": counted.customers,
            "orders": counted.orders,
            "revenue": {
                "amount": counted.amount(revenue.number),
                "of": counted.amount(revenue.of),
                "currency": counted.currency,
                "share": revenue.share,
            },
            "sample": [{"external_id": one.customer.external_id, "why": one.why} for one in counted.sample],
        }
        return Response(PreviewSerializer(told).data)


def _said(serializer: serializers.BaseSerializer[Any]) -> dict[str, Any]:
    serializer.is_valid(raise_exception=True)
    said: dict[str, Any] = dict(serializer.validated_data)
    return said


def refusing(do: Callable[[], T]) -> T:
    """What is wrong with a rule is told at its place; what segments refuse is a conflict."""
    try:
        return do()
    except BadDocument as error:
        raise Invalid([Mistake(f"#/rule{each.field}", each.code, each.detail) for each in error.problems]) from None
    except Refusal as refusal:
        raise Conflict(refusal.code, refusal.detail) from None
    except Segment.DoesNotExist:
        raise NotThere(_("There is nothing here by that name.")) from None
