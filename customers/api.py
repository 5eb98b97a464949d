"""Customers over the API."""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from typing import Any

import django_filters
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from customers.attributes import LONGEST_TEXT, MOST_OF_A_NUMBER, MOST_TAGS
from customers.categories import MOST_CATEGORIES
from customers.erasing import Reason, erase
from customers.history import changes_of
from customers.models import Consent, Customer
from customers.phones import PhoneKind
from customers.upserts import read_customer, upsert_customers
from workspace.api.batches import RESULTS, read_batch
from workspace.api.filtering import time_from, time_until
from workspace.api.idempotency import idempotent
from workspace.api.problems import NotThere, Refusal
from workspace.api.schema import example_answer
from workspace.api.serializers import StrictBody
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
from workspace.models import ApiKey, Scope

EXAMPLE = {
    "external_id": "demo-0001",
    "first_name": "Ada",
    "last_name": "Lindqvist",
    "phone": "+1 202 555 0100",
    "email": "ada@example.com",
    "timezone": "Europe/London",
    "language": "en",
    "sms_consent": "given",
    "sms_consent_at": "2026-05-03T14:05:00+01:00",
    "refused_categories": ["offers"],
    "attributes": {"level": "gold", "visits": 3, "newsletter": True},
    "tags": ["vip"],
}
EXAMPLES = [OpenApiExample("A customer", value=EXAMPLE, request_only=True)]
BULK_EXAMPLES = [OpenApiExample("Two customers", value=[EXAMPLE, {"external_id": "C-7"}], request_only=True)]


@extend_schema_field(
    {
        "type": "object",
        "additionalProperties": {
            "oneOf": [
                {"type": "string", "maxLength": LONGEST_TEXT},
                {"type": "number", "minimum": -MOST_OF_A_NUMBER, "maximum": MOST_OF_A_NUMBER},
                {"type": "boolean"},
            ],
            "nullable": True,
        },
    }
)
class AttributesSchema(serializers.DictField):
    """Names of 1 to 64 small letters, digits and _, beginning with a letter."""


class CustomerToldSerializer(serializers.Serializer[Any]):
    """What may be told of a customer. Describes what customers/upserts.py reads; a text that is null becomes empty."""

    external_id = serializers.CharField(
        max_length=128, help_text="Yours. Where the address names it, it may be left out."
    )
    first_name = serializers.CharField(max_length=200, required=False, allow_null=True, allow_blank=True)
    last_name = serializers.CharField(max_length=200, required=False, allow_null=True, allow_blank=True)
    phone = serializers.CharField(
        max_length=64,
        required=False,
        allow_null=True,
        allow_blank=True,
        help_text="As people write it, best with its country code. One that cannot be read is kept and flagged.",
    )
    email = serializers.EmailField(max_length=254, required=False, allow_null=True, allow_blank=True)
    timezone = serializers.CharField(
        max_length=64, required=False, allow_null=True, allow_blank=True, help_text="Such as Europe/London."
    )
    language = serializers.CharField(max_length=16, required=False, allow_null=True, allow_blank=True)
    sms_consent = serializers.ChoiceField(choices=Consent.choices, required=False)
    sms_consent_at = serializers.DateTimeField(
        required=False,
        allow_null=True,
        help_text="When it was given or refused. Left out: now. The newer telling holds.",
    )
    refused_categories = serializers.ListField(
        child=serializers.RegexField("^[a-z0-9_-]{1,64}$"),
        max_length=MOST_CATEGORIES,
        required=False,
        allow_null=True,
        help_text="Kinds of message the customer does not want, by the category of a campaign's text. The whole list.",
    )
    attributes = AttributesSchema(
        required=False,
        allow_null=True,
        help_text="Names with texts, numbers, true or false. Those named are set, null takes one away, others stay. "
        "Null in place of the object takes all away. At most 100, 16 KiB in all.",
    )
    tags = serializers.ListField(
        child=serializers.RegexField("^[a-z0-9_-]{1,64}$"),
        max_length=MOST_TAGS,
        required=False,
        allow_null=True,
        help_text="Words of your own. The whole list.",
    )


@example_answer(
    "Ada",
    {
        **EXAMPLE,
        "phone": "+12025550100",
        "phone_written": "+1 202 555 0100",
        "phone_kind": "unknown",
        "sms_consent_source": "demo-shop",
        "sms_consent_at": "2026-05-03T13:05:00Z",
        "erased_at": None,
        "created_at": "2026-05-03T13:05:01Z",
        "updated_at": "2026-05-03T13:05:01Z",
    },
)
class CustomerSerializer(serializers.ModelSerializer[Customer]):
    email = serializers.CharField()
    phone_kind = serializers.ChoiceField(choices=PhoneKind.choices, allow_blank=True)
    phone = serializers.CharField(help_text="E.164, such as +16025550124. Empty: none, or one that cannot be read.")
    refused_categories = serializers.ListField(child=serializers.CharField())
    attributes = AttributesSchema(help_text="Set by you, by campaigns and by people: names with their values.")
    tags = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = Customer
        fields = (
            "external_id",
            "first_name",
            "last_name",
            "phone",
            "phone_written",
            "phone_kind",
            "email",
            "timezone",
            "language",
            "sms_consent",
            "sms_consent_source",
            "sms_consent_at",
            "refused_categories",
            "attributes",
            "tags",
            "erased_at",
            "created_at",
            "updated_at",
        )
        read_only_fields = fields


class CustomerFilters(django_filters.FilterSet):
    external_id = django_filters.CharFilter("external_id")
    phone = django_filters.CharFilter("phone", label="In E.164.")
    email = django_filters.CharFilter("email", lookup_expr="iexact")
    sms_consent = django_filters.ChoiceFilter(choices=Consent.choices)
    created_from = time_from("created_at")
    created_until = time_until("created_at")
    updated_from = time_from("updated_at")
    updated_until = time_until("updated_at")


class CustomersView(ListView):
    queryset = Customer.objects.all()
    serializer_class = CustomerSerializer
    filterset_class = CustomerFilters
    search_fields = ("external_id", "first_name", "last_name", "email", "phone")
    orderings = {"created_at": "pk", "updated_at": "updated_at", "external_id": "external_id"}
    scope_to_read = Scope.CUSTOMERS_READ
    scope_to_write = Scope.CUSTOMERS_WRITE

    @extend_schema(operation_id="customers_list", summary="List customers")
    def get(self, request: Request) -> Response:
        return self.list()

    @extend_schema(
        operation_id="customers_upsert",
        summary="Create a customer, or change the fields named",
        request=CustomerToldSerializer,
        responses={200: CustomerSerializer, 201: CustomerSerializer},
        examples=EXAMPLES,
    )
    @idempotent
    def post(self, request: Request) -> Response:
        return _upsert(request, request.data, self.key)


class CustomerView(ApiView):
    queryset = Customer.objects.all()
    serializer_class = CustomerSerializer
    scope_to_read = Scope.CUSTOMERS_READ
    scope_to_write = Scope.CUSTOMERS_WRITE

    @extend_schema(operation_id="customers_retrieve", summary="Read a customer")
    def get(self, request: Request, external_id: str) -> Response:
        return Response(CustomerSerializer(_find(external_id)).data)

    @extend_schema(
        operation_id="customers_put",
        summary="Create a customer, or change the fields named",
        request=CustomerToldSerializer(partial=True),
        responses={200: CustomerSerializer, 201: CustomerSerializer},
    )
    def put(self, request: Request, external_id: str) -> Response:
        return _upsert(request, address(request.data, external_id), self.key)

    @extend_schema(
        operation_id="customers_patch",
        summary="Change a customer",
        request=CustomerToldSerializer(partial=True),
        responses=CustomerSerializer,
    )
    def patch(self, request: Request, external_id: str) -> Response:
        _find(external_id)
        return _upsert(request, address(request.data, external_id), self.key)


class EraseSerializer(StrictBody):
    reason = serializers.ChoiceField(Reason.choices)


class EraseView(ApiView):
    scope_to_write = Scope.CUSTOMERS_WRITE

    @extend_schema(
        operation_id="customers_erase",
        summary="Erase a customer",
        description="For whoever asks to be forgotten. Names, number, email, attributes, tags and consent are emptied, "
        "the texts sent and received too, and what was told of delivery, payment and custom fields of their orders. "
        "Ids, statuses and lines of orders stay. It cannot be undone: what is told of this customer later is refused "
        "(`erased`), and no text is sent to them. Erased again, what came since goes too.",
        request=EraseSerializer,
        responses=CustomerSerializer,
    )
    def post(self, request: Request, external_id: str) -> Response:
        if self.key.is_test:
            detail = _("A test key erases nobody. Use a live key.")
            raise Refusal(HTTPStatus.FORBIDDEN, "test_key", detail)
        reason = Reason(EraseSerializer().said(request.data)["reason"])
        return Response(CustomerSerializer(erase(_find(external_id), reason, request)).data)


class CustomersBulkView(ApiView):
    scope_to_write = Scope.CUSTOMERS_WRITE
    parameters_to_write = frozenset({"results"})

    @extend_schema(
        operation_id="customers_bulk",
        summary="Create and change up to 5,000 customers",
        parameters=[RESULTS],
        request=CustomerToldSerializer(many=True),
        responses=BulkSerializer,
        examples=BULK_EXAMPLES,
    )
    @idempotent
    def post(self, request: Request) -> Response:
        wants_all = self.choice("results", ("all",)) == "all"
        upserted = take_in_batch(read_batch(request.data), read_customer, _writing_for(self.key))
        note_batch(request, Customer, upserted)
        return Response(sum_up(upserted, wants_all=wants_all))


def _upsert(request: Request, body: Any, key: ApiKey) -> Response:
    row, upserted = take_in_one(body, read_customer, _writing_for(key))
    customer = _find(row.external_id)
    note_one(request, customer, upserted, changes_of(upserted))
    return Response(CustomerSerializer(customer).data, status=status_of(upserted))


def _writing_for(key: ApiKey) -> Any:
    """A consent told without a time was given or refused just now: whoever calls us says what is."""
    return partial(upsert_customers, told_by=key.source.name, consent_told_at=timezone.now())


def _find(external_id: str) -> Customer:
    customer = Customer.objects.filter(external_id=external_id).first()
    if customer is None:
        raise NotThere(_("There is no customer “%s”.") % external_id)
    return customer
