"""The history of actions over the API, for whoever keeps a copy or watches over it."""

from __future__ import annotations

import django_filters
from django import forms
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from workspace.api.filtering import time_from, time_until
from workspace.api.schema import example_answer
from workspace.api.views import ListView
from workspace.models import Action, Scope, Verb

HIGHEST_ID = 2**63 - 1


@example_answer(
    "A source was set to live",
    {
        "id": 812,
        "at": "2026-05-04T09:12:00Z",
        "action": "changed",
        "who": "ann",
        "person_id": 3,
        "key_id": None,
        "source_id": None,
        "address": "192.0.2.7",
        "request_id": "0b8f1c0e6a3b4d0fa1c2",
        "object_type": "workspace.source",
        "object_id": "7",
        "object": "web-shop",
        "changes": {"mode": ["history", "live"]},
        "counts": {},
    },
)
class ActionSerializer(serializers.ModelSerializer[Action]):
    """One thing that a person, a key or a command did."""

    action = serializers.CharField(source="verb", help_text="`created`, `changed`, `deleted`, …; more may be added.")
    who = serializers.CharField(help_text="As they were called then. Empty: nobody knows, as of a failed sign-in.")
    person_id = serializers.IntegerField(source="user_id", allow_null=True)
    key_id = serializers.IntegerField(allow_null=True)
    source_id = serializers.IntegerField(allow_null=True)
    object = serializers.CharField(source="object_label", help_text="As it was called then. A customer is not named.")
    changes = serializers.DictField(
        child=serializers.ListField(child=serializers.JSONField(allow_null=True), allow_null=True),
        help_text="By field `[old, new]`; null where only that it changed is kept.",
    )
    counts = serializers.DictField(child=serializers.IntegerField(), help_text="Of a batch: how many rows became what.")

    class Meta:
        model = Action
        fields = (
            "id",
            "at",
            "action",
            "who",
            "person_id",
            "key_id",
            "source_id",
            "address",
            "request_id",
            "object_type",
            "object_id",
            "object",
            "changes",
            "counts",
        )
        read_only_fields = fields


@extend_schema_field(OpenApiTypes.INT64)
class IdFilter(django_filters.Filter):
    field_class = forms.IntegerField

    def __init__(self, column: str) -> None:
        super().__init__(column, min_value=0, max_value=HIGHEST_ID)


class ActionFilters(django_filters.FilterSet):
    action = django_filters.ChoiceFilter("verb", choices=Verb.choices)
    person_id = IdFilter("user_id")
    key_id = IdFilter("key_id")
    object_type = django_filters.CharFilter("object_type", label="Such as `campaigns.campaign`.")
    object_id = django_filters.CharFilter("object_id", label="Of an object of `object_type`.")
    at_from = time_from("at")
    at_until = time_until("at")


class ActionsView(ListView):
    queryset = Action.objects.all()
    serializer_class = ActionSerializer
    filterset_class = ActionFilters
    orderings = {"at": "pk"}
    usual_ordering = "-at"
    scope_to_read = Scope.HISTORY_READ

    @extend_schema(
        operation_id="actions_list",
        summary="List what people and keys did",
        description="Changes of orders' statuses are not repeated here: they are under `transitions/`.",
    )
    def get(self, request: Request) -> Response:
        return self.list()
