"""Messages, read-only: each with what became of it, and if it was not sent, why."""

from __future__ import annotations

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.api.filtering import SEARCH_IDS, OfCampaign
from campaigns.models import Encoding, Message, MessageState, SkipReason
from workspace.api.filtering import time_from, time_until
from workspace.api.problems import NotThere
from workspace.api.schema import example_answer
from workspace.api.views import ApiView, ListView
from workspace.models import Scope

EXAMPLE = {
    "id": 87,
    "campaign": "ready-for-pickup",
    "run": 112,
    "step": "ready",
    "order": "DEMO-1001",
    "customer": "demo-0001",
    "purpose": "transactional",
    "state": "delivered",
    "skip_reason": "",
    "is_held": False,
    "is_test": False,
    "due_at": "2026-05-04T09:12:02Z",
    "phone": "+12025550100",
    "text": "Ada, order DEMO-1001 is ready for pickup.",
    "parts": 1,
    "encoding": "gsm7",
    "attempts": 0,
    "gateway": "phone",
    "gateway_id": "47104cd8-6a77-47d3-8386-2686a19d0dc9",
    "error": "",
    "created_at": "2026-05-04T09:12:02Z",
    "sent_at": "2026-05-04T09:12:02Z",
    "ended_at": "2026-05-04T09:12:02Z",
    "receipt_at": "2026-05-04T09:12:05Z",
    "receipt_reason": "",
}


@example_answer("Delivered", EXAMPLE)
class MessageSerializer(serializers.ModelSerializer[Message]):
    """One SMS owed by one order that entered (`run`), at one step."""

    campaign = serializers.CharField(source="campaign.code")
    order = serializers.CharField(source="order.external_id", allow_null=True)
    customer = serializers.CharField(source="customer.external_id", allow_null=True)
    run = serializers.IntegerField(source="run_id")
    skip_reason = serializers.ChoiceField(choices=SkipReason.choices, allow_blank=True)
    encoding = serializers.ChoiceField(choices=Encoding.choices, allow_blank=True)

    class Meta:
        model = Message
        fields = (
            "id",
            "campaign",
            "run",
            "step",
            "order",
            "customer",
            "purpose",
            "state",
            "skip_reason",
            "is_held",
            "is_test",
            "due_at",
            "phone",
            "text",
            "parts",
            "encoding",
            "attempts",
            "gateway",
            "gateway_id",
            "error",
            "created_at",
            "sent_at",
            "ended_at",
            "receipt_at",
            "receipt_reason",
        )
        read_only_fields = fields


class MessageFilters(OfCampaign):
    state = django_filters.ChoiceFilter(choices=MessageState.choices)
    skip_reason = django_filters.ChoiceFilter(choices=SkipReason.choices)
    created_from = time_from("created_at")
    created_until = time_until("created_at")
    gateway = django_filters.CharFilter()
    encoding = django_filters.ChoiceFilter(choices=Encoding.choices)
    receipt_from = time_from("receipt_at")
    receipt_until = time_until("receipt_at")


class MessagesView(ListView):
    queryset = Message.objects.all()
    serializer_class = MessageSerializer
    filterset_class = MessageFilters
    search_ids = SEARCH_IDS
    search_description = "The id of a message, an order or a customer, or the code of a campaign; whole."
    orderings = {"created_at": "pk"}
    usual_ordering = "-created_at"
    scope_to_read = Scope.CAMPAIGNS_READ

    def get_queryset(self) -> QuerySet[Message]:
        return in_words(Message.objects.all())

    @extend_schema(operation_id="messages_list", summary="List messages, sent and not sent")
    def get(self, request: Request) -> Response:
        return self.list()


class MessageView(ApiView):
    queryset = Message.objects.all()
    serializer_class = MessageSerializer
    scope_to_read = Scope.CAMPAIGNS_READ

    @extend_schema(
        operation_id="messages_retrieve",
        summary="Read a message, and what became of it",
        parameters=[OpenApiParameter("id", int, OpenApiParameter.PATH)],
    )
    def get(self, request: Request, id: int) -> Response:
        message = in_words(Message.objects.filter(pk=id)).first()
        if message is None:
            raise NotThere(_("There is no message with the id %d.") % id)
        return Response(MessageSerializer(message).data)


def in_words(messages: QuerySet[Message]) -> QuerySet[Message]:
    """With the names of what the rows point at."""
    own = [field.name for field in Message._meta.concrete_fields]
    named = ("campaign__code", "order__external_id", "customer__external_id")
    return messages.select_related("campaign", "order", "customer").only(*own, *named)
