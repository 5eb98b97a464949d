"""The ledger over the API: a feed of every move of every order, and the moves of one."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from orders.models import Order, StatusTransition
from orders.standing import STATUS_FIELDS
from statuses.models import OrderStatus, StatusType, code_key
from workspace.api.filtering import time_from, time_until
from workspace.api.pagination import FeedPages
from workspace.api.permissions import HasScope, OrdersAreOn
from workspace.api.problems import NotThere
from workspace.api.schema import example_answer
from workspace.api.serializers import MoneyField
from workspace.api.views import ListView
from workspace.models import Scope


@example_answer(
    "At pickup point",
    {
        "id": 3813,
        "order": "DEMO-1001",
        "type": "delivery",
        "from": "shipped",
        "to": "at_pickup_point",
        "occurred_at": "2026-05-04T09:12:00Z",
        "received_at": "2026-05-04T09:12:01Z",
        "source": "demo-shop",
        "actor_id": None,
        "silent_because": "",
        "is_test": False,
        "customer": "demo-0001",
        "total": "59.90",
        "currency": "GBP",
        "general_status": None,
        "delivery_status": "at_pickup_point",
        "payment_status": "paid",
    },
)
class StatusTransitionSerializer(serializers.ModelSerializer[StatusTransition]):
    """One move of one order, with the order as it then stood."""

    order = serializers.CharField(source="order.external_id")
    to = serializers.CharField(source="to_status.code")
    source = serializers.CharField(source="source.code")  # type: ignore[assignment]
    customer = serializers.CharField(source="customer.external_id", allow_null=True)
    general_status = serializers.CharField(source="general_status.code", allow_null=True)
    delivery_status = serializers.CharField(source="delivery_status.code", allow_null=True)
    payment_status = serializers.CharField(source="payment_status.code", allow_null=True)
    total = MoneyField(allow_null=True)
    silent_because = serializers.CharField(
        help_text="Why it starts no campaign: history, orders_off or merge. Empty: it may start some."
    )

    class Meta:
        model = StatusTransition
        fields = (
            "id",
            "order",
            "type",
            "to",
            "occurred_at",
            "received_at",
            "source",
            "actor_id",
            "silent_because",
            "is_test",
            "customer",
            "total",
            "currency",
            *STATUS_FIELDS.values(),
        )
        read_only_fields = fields

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        # A word of Python, so it cannot be declared like the others; and it stands before `to`.
        before = serializers.CharField(
            source="from_status.code", allow_null=True, read_only=True, help_text="Null: it had no status of this type."
        )
        return {name: fields[name] for name in ("id", "order", "type")} | {"from": before} | fields


class TransitionFilters(django_filters.FilterSet):
    order = django_filters.CharFilter("order__external_id", label="An order's external id.")
    customer = django_filters.CharFilter("customer__external_id", label="A customer's external id.")
    source = django_filters.CharFilter("source__code", label="A source's code.")
    type = django_filters.ChoiceFilter(choices=StatusType.choices)
    occurred_from = time_from("occurred_at")
    occurred_until = time_until("occurred_at")
    received_from = time_from("received_at")
    received_until = time_until("received_at")


class TransitionFeed(ListView):
    """Read-only, for whoever keeps a copy."""

    queryset = StatusTransition.objects.all()
    serializer_class = StatusTransitionSerializer
    pagination_class = FeedPages
    filterset_class = TransitionFilters
    search_ids = ("id", "order__external_id")
    search_description = "The id of a transition or an order, or the code of a status it led to; whole."
    permission_classes = (HasScope, OrdersAreOn)
    scope_to_read = Scope.ORDERS_READ

    def get_queryset(self) -> QuerySet[StatusTransition]:
        return _in_words(StatusTransition.objects.settled())

    def bears(self, term: str) -> Q:
        return Q(to_status__in=list(OrderStatus.objects.filter(code_key=code_key(term)).values_list("pk", flat=True)))

    @extend_schema(
        operation_id="transitions_feed",
        summary="Follow every move of every order",
        description="In the order of the ledger. Keep `next` and ask there again later: nothing is skipped, not even "
        "what was being written while you read, and nothing comes twice.",
    )
    def get(self, request: Request) -> Response:
        return self.list()


class OrderTransitions(ListView):
    queryset = StatusTransition.objects.all()
    serializer_class = StatusTransitionSerializer
    pagination_class = FeedPages
    permission_classes = (HasScope, OrdersAreOn)
    scope_to_read = Scope.ORDERS_READ

    def get_queryset(self) -> QuerySet[StatusTransition]:
        return _in_words(StatusTransition.objects.all())

    @extend_schema(operation_id="orders_transitions", summary="List the moves of an order, oldest first")
    def get(self, request: Request, external_id: str) -> Response:
        order = Order.objects.filter(external_id=external_id).only("pk").first()
        if order is None:
            raise NotThere(_("There is no order “%s”.") % external_id)
        return self.list(self.get_queryset().filter(order=order))


def _in_words(transitions: QuerySet[StatusTransition]) -> QuerySet[StatusTransition]:
    """With the names of what the rows point at, and of the order only its id: its lines are not wanted here."""
    related = ("order", "customer", "source", "from_status", "to_status", *STATUS_FIELDS.values())
    wanted = [f"{name}__external_id" if name in {"order", "customer"} else f"{name}__code" for name in related]
    own = [field.name for field in StatusTransition._meta.concrete_fields]
    return transitions.select_related(*related).only(*own, *wanted)
