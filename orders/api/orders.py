"""Orders over the API: listed, read, and told of, one or thousands, with the statuses they come with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from orders.api.changes import KEPT_OUTCOMES, MODE
from orders.history import changes_of
from orders.models import Order
from orders.standing import STATUS_FIELDS
from orders.upserts import OrderUpserted, read_order, upsert_orders
from statuses.models import code_key
from workspace.api.batches import RESULTS, read_batch
from workspace.api.filtering import SeveralFilter, time_from, time_until
from workspace.api.idempotency import idempotent
from workspace.api.permissions import HasScope, OrdersAreOn
from workspace.api.problems import NotThere
from workspace.api.schema import example_answer
from workspace.api.serializers import MoneyField
from workspace.api.upserts import (
    BulkSerializer,
    address,
    note_batch,
    note_one,
    status_of,
    sum_up,
    take_in_batch,
    take_in_one,
)
from workspace.api.views import ApiView, ListView
from workspace.models import Scope

EXAMPLE = {
    "external_id": "DEMO-1001",
    "customer": "demo-0001",
    "total": "59.90",
    "currency": "GBP",
    "ordered_at": "2026-05-03T14:05:00+02:00",
    "payment_status": "paid",
    "delivery_status": "shipped",
    "occurred_at": "2026-05-03T16:20:00+02:00",
    "event_id": "shop-778123",
    "lines": [{"sku": "MUG-1", "name": "Mug", "quantity": 2, "price": "29.95"}],
    "delivery": {"method": "pickup", "point": "Elm Street Books"},
    "payment": {"method": "card"},
    "custom": {"gift": True},
}
EXAMPLES = [OpenApiExample("An order", value=EXAMPLE, request_only=True)]
PATCH_EXAMPLES = [
    OpenApiExample(
        "It was delivered, and is no gift",
        value={"delivery_status": "delivered", "custom": {"gift": None}},
        request_only=True,
    )
]
BULK_EXAMPLES = [OpenApiExample("Two orders", value=[EXAMPLE, {"external_id": "A/2"}], request_only=True)]


ANSWER = {
    **{name: EXAMPLE[name] for name in ("external_id", "customer", "total", "currency")},
    "ordered_at": "2026-05-03T12:05:00Z",
    "general_status": None,
    "delivery_status": "shipped",
    "payment_status": "paid",
    **{name: EXAMPLE[name] for name in ("lines", "delivery", "payment", "custom")},
    "created_at": "2026-05-03T12:05:01Z",
    "updated_at": "2026-05-03T14:20:02Z",
}


class LineSerializer(serializers.Serializer[Any]):
    sku = serializers.CharField(max_length=500, required=False, allow_null=True)
    name = serializers.CharField(max_length=500, required=False, allow_null=True)
    quantity = serializers.FloatField(required=False, allow_null=True)
    price = serializers.CharField(required=False, allow_null=True, help_text='A decimal in quotes, such as "12.30".')


class OrderToldSerializer(serializers.Serializer[Any]):
    """What may be told of an order, as orders/upserts.py reads it. A plain field that is null becomes empty."""

    external_id = serializers.CharField(
        max_length=128, help_text="Yours. Where the address names it, it may be left out."
    )
    customer = serializers.CharField(
        max_length=128, required=False, allow_null=True, help_text="A customer's external id; send the customer first."
    )
    total = serializers.CharField(required=False, allow_null=True, help_text='A decimal in quotes, such as "12.30".')
    currency = serializers.CharField(
        required=False, allow_null=True, help_text="ISO 4217. Left out: the order's, or this installation's."
    )
    ordered_at = serializers.DateTimeField(required=False, allow_null=True)
    general_status = serializers.CharField(max_length=64, required=False, help_text="A code, in any case.")
    delivery_status = serializers.CharField(max_length=64, required=False)
    payment_status = serializers.CharField(max_length=64, required=False)
    occurred_at = serializers.DateTimeField(
        required=False, allow_null=True, help_text="When the statuses named changed. Left out: now."
    )
    event_id = serializers.CharField(
        max_length=128,
        required=False,
        allow_null=True,
        help_text="Your id of that event: told again, it is a duplicate.",
    )
    lines = LineSerializer(many=True, required=False, allow_null=True)
    delivery = serializers.DictField(required=False, allow_null=True)
    payment = serializers.DictField(required=False, allow_null=True)
    custom = serializers.DictField(required=False, allow_null=True)


@example_answer("An order", ANSWER)
class OrderSerializer(serializers.ModelSerializer[Order]):
    customer = serializers.CharField(source="customer.external_id", allow_null=True)
    total = MoneyField(allow_null=True)
    general_status = serializers.CharField(source="general_status.code", allow_null=True)
    delivery_status = serializers.CharField(source="delivery_status.code", allow_null=True)
    payment_status = serializers.CharField(source="payment_status.code", allow_null=True)
    lines = LineSerializer(many=True)
    delivery = serializers.DictField()
    payment = serializers.DictField()
    custom = serializers.DictField()

    class Meta:
        model = Order
        fields = (
            "external_id",
            "customer",
            "total",
            "currency",
            "ordered_at",
            *STATUS_FIELDS.values(),
            "lines",
            "delivery",
            "payment",
            "custom",
            "created_at",
            "updated_at",
        )
        read_only_fields = fields


class StatusOutcomesSerializer(serializers.Serializer[Any]):
    general_status = serializers.ChoiceField(choices=KEPT_OUTCOMES, required=False)
    delivery_status = serializers.ChoiceField(choices=KEPT_OUTCOMES, required=False)
    payment_status = serializers.ChoiceField(choices=KEPT_OUTCOMES, required=False)


@example_answer("It moved", {**ANSWER, "status_outcomes": {"delivery_status": "moved", "payment_status": "unchanged"}})
class OrderWrittenSerializer(OrderSerializer):
    """The order as it now stands, and what became of each status told."""

    status_outcomes = StatusOutcomesSerializer(read_only=True)

    class Meta(OrderSerializer.Meta):
        fields = (*OrderSerializer.Meta.fields, "status_outcomes")


class StatusFilter(SeveralFilter):
    """By code, in any case; `none` for orders without a status of that type."""

    def filter(self, orders: QuerySet[Order], codes: list[str]) -> QuerySet[Order]:
        if not codes:
            return orders
        keys = [code_key(code) for code in codes]
        wanted = Q(**{f"{self.field_name}__code_key__in": keys})
        return orders.filter(wanted | Q(**{f"{self.field_name}__isnull": True}) if "none" in keys else wanted)


class OrderFilters(django_filters.FilterSet):
    external_id = django_filters.CharFilter("external_id")
    customer = django_filters.CharFilter("customer__external_id", label="A customer's external id.")
    general_status = StatusFilter("general_status", label="A code, or several times for either; `none` for no status.")
    delivery_status = StatusFilter(
        "delivery_status", label="A code, or several times for either; `none` for no status."
    )
    payment_status = StatusFilter("payment_status", label="A code, or several times for either; `none` for no status.")
    created_from = time_from("created_at")
    created_until = time_until("created_at")
    updated_from = time_from("updated_at")
    updated_until = time_until("updated_at")
    ordered_from = time_from("ordered_at")
    ordered_until = time_until("ordered_at")


class OrderWriter(ApiView):
    """What the endpoints that take orders in have in common."""

    permission_classes = (HasScope, OrdersAreOn)
    scope_to_read = Scope.ORDERS_READ
    scope_to_write = Scope.ORDERS_WRITE

    def writing(self, *, merging: bool = False) -> Any:
        fires = False if self.choice("mode", ("history",)) == "history" else None
        key = self.key
        return partial(upsert_orders, source=key.source, fires=fires, is_test=key.is_test, merging=merging)

    def upsert(self, body: Any, *, merging: bool = False) -> Response:
        row, upserted = take_in_one(body, read_order, self.writing(merging=merging))
        fields = [STATUS_FIELDS[type] for type in row.statuses]
        outcomes = {field: heard.verdict for field, heard in zip(fields, upserted.heard, strict=True)}
        order = _find(row.external_id)
        note_one(self.request, order, upserted, changes_of(upserted))
        return Response({**OrderSerializer(order).data, "status_outcomes": outcomes}, status=status_of(upserted))


CUSTOMERS_OWN = ("customer__first_name", "customer__last_name", "customer__email", "customer__phone")


class OrdersView(OrderWriter, ListView):
    queryset = Order.objects.with_statuses().select_related("customer")
    serializer_class = OrderSerializer
    filterset_class = OrderFilters
    search_fields = ("external_id", "customer__external_id", *CUSTOMERS_OWN)
    search_description = (
        "Words, or parts of them; all must be found. Customers' names, emails and phones are looked through only for a "
        "key that may read customers."
    )
    orderings = {"created_at": "pk", "updated_at": "updated_at", "external_id": "external_id"}
    parameters_to_write = frozenset({"mode"})

    def searched_fields(self) -> tuple[str, ...]:
        """To find an order by a phone is to learn whose it is."""
        if self.key.may(Scope.CUSTOMERS_READ):
            return self.search_fields
        return tuple(name for name in self.search_fields if name not in CUSTOMERS_OWN)

    @extend_schema(operation_id="orders_list", summary="List orders")
    def get(self, request: Request) -> Response:
        return self.list()

    @extend_schema(
        operation_id="orders_upsert",
        summary="Create an order, or change the fields named",
        parameters=[MODE],
        request=OrderToldSerializer,
        responses={200: OrderWrittenSerializer, 201: OrderWrittenSerializer},
        examples=EXAMPLES,
    )
    @idempotent
    def post(self, request: Request) -> Response:
        return self.upsert(request.data)


class OrderView(OrderWriter):
    queryset = Order.objects.all()
    serializer_class = OrderSerializer
    parameters_to_write = frozenset({"mode"})

    @extend_schema(operation_id="orders_retrieve", summary="Read an order")
    def get(self, request: Request, external_id: str) -> Response:
        return Response(OrderSerializer(_find(external_id)).data)

    @extend_schema(
        operation_id="orders_put",
        summary="Create an order, or change the fields named",
        parameters=[MODE],
        request=OrderToldSerializer(partial=True),
        responses={200: OrderWrittenSerializer, 201: OrderWrittenSerializer},
    )
    def put(self, request: Request, external_id: str) -> Response:
        return self.upsert(address(request.data, external_id))

    @extend_schema(
        operation_id="orders_patch",
        summary="Change an order",
        description="A merge patch: of `delivery`, `payment` and `custom` the members named change; null removes one.",
        parameters=[MODE],
        request=OrderToldSerializer(partial=True),
        responses=OrderWrittenSerializer,
        examples=PATCH_EXAMPLES,
    )
    def patch(self, request: Request, external_id: str) -> Response:
        _find(external_id)
        return self.upsert(address(request.data, external_id), merging=True)


class OrdersBulkSerializer(BulkSerializer):
    status_changes = serializers.DictField(
        child=serializers.IntegerField(), help_text="What became of the statuses the orders came with, counted."
    )


class OrdersBulkView(OrderWriter):
    parameters_to_write = frozenset({"results", "mode"})

    @extend_schema(
        operation_id="orders_bulk",
        summary="Create and change up to 5,000 orders",
        description="An order is taken whole or not at all: with a status that is rejected, nothing of it is kept.",
        parameters=[RESULTS, MODE],
        request=OrderToldSerializer(many=True),
        responses=OrdersBulkSerializer,
        examples=BULK_EXAMPLES,
    )
    @idempotent
    def post(self, request: Request) -> Response:
        wants_all = self.choice("results", ("all",)) == "all"
        upserted = take_in_batch(read_batch(request.data), read_order, self.writing())
        note_batch(request, Order, upserted)
        return Response({**sum_up(upserted, wants_all=wants_all), "status_changes": _count_statuses(upserted)})


def _count_statuses(upserted: Sequence[Any]) -> dict[str, int]:
    heard = [heard.verdict for one in upserted if isinstance(one, OrderUpserted) for heard in one.heard]
    counts = Counter(heard)
    return {outcome: counts[outcome] for outcome in KEPT_OUTCOMES}


def _find(external_id: str) -> Order:
    order = Order.objects.with_statuses().select_related("customer").filter(external_id=external_id).first()
    if order is None:
        raise NotThere(_("There is no order “%s”.") % external_id)
    return order
