"""`status-changes/`: where a source says what happened, one change or five thousand, and reads what it said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import django_filters
from django.db import transaction
from django.db.models import Q
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, PolymorphicProxySerializer, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from orders.models import InboxVerdict, StatusChange
from orders.said import Said, read_said
from orders.transitions import COUNTED_AS, REJECTED, Heard, Hearing, Started, hear
from statuses.models import OrderStatus, StatusType
from workspace.api.batches import RESULTS, RejectedItemSerializer, find_bad_member, read_batch, rejection
from workspace.api.filtering import time_from, time_until
from workspace.api.idempotency import idempotent
from workspace.api.permissions import HasScope, OrdersAreOn
from workspace.api.problems import Conflict, Invalid, Mistake
from workspace.api.schema import example_answer
from workspace.api.views import ListView
from workspace.database import in_sets, retry_lost_races
from workspace.models import ApiKey, Scope, Source
from workspace.reading import Problem

OUTCOMES = [str(verdict) for verdict in COUNTED_AS]
KEPT_OUTCOMES = OUTCOMES[:-1]


class SaidSerializer(serializers.Serializer[Any]):
    """A change as a source tells it. Describes what orders/said.py reads."""

    order = serializers.CharField(max_length=128, help_text="The order's external id.")
    type = serializers.ChoiceField(choices=StatusType.choices)
    code = serializers.CharField(max_length=64, help_text="The status's code, in any case.")
    occurred_at = serializers.DateTimeField(
        required=False, allow_null=True, help_text="RFC 3339 with an offset. Left out: now."
    )
    event_id = serializers.CharField(
        required=False,
        allow_null=True,
        max_length=128,
        help_text="Your id of this event: told again, it is a duplicate. Left out: a hash of the change and its time.",
    )
    sequence = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=-(2**63),
        max_value=2**63 - 1,
        help_text="Parts changes of one time: the higher is the later.",
    )


class OutcomeSerializer(serializers.Serializer[Any]):
    index = serializers.IntegerField()
    outcome = serializers.ChoiceField(choices=OUTCOMES)
    transition = serializers.IntegerField(allow_null=True, help_text="The id of the transition, where it moved.")
    code = serializers.CharField(required=False, help_text="Why it was rejected.")
    detail = serializers.CharField(required=False)
    pointer = serializers.CharField(required=False)


class WouldMoveSerializer(serializers.Serializer[Any]):
    index = serializers.IntegerField()
    order = serializers.CharField()
    type = serializers.ChoiceField(choices=StatusType.choices)
    to = serializers.CharField()

    def get_fields(self) -> dict[str, Any]:
        return {**super().get_fields(), "from": serializers.CharField(allow_null=True)}


class WouldStartSerializer(serializers.Serializer[Any]):
    index = serializers.IntegerField()
    order = serializers.CharField()
    campaign = serializers.CharField()


class HeardSerializer(serializers.Serializer[Any]):
    """`received` is the sum of the six counts below it."""

    received = serializers.IntegerField()
    transitions = serializers.IntegerField(help_text="Moved their order.")
    unchanged = serializers.IntegerField(help_text="The order was there already, or the code is ignored.")
    late = serializers.IntegerField(
        help_text="Older than the newest heard for that order and type: kept, moved nothing."
    )
    duplicates = serializers.IntegerField(help_text="Told before.")
    parked = serializers.IntegerField(help_text="For an order or code not known yet: kept for 7 days.")
    rejected = serializers.IntegerField(help_text="Not kept; told again, they are new.")
    rejected_items = RejectedItemSerializer(many=True)
    results = OutcomeSerializer(many=True, required=False, help_text="With `?results=all`.")
    would_move = WouldMoveSerializer(many=True, required=False, help_text="With `?dry_run=1`.")
    would_start = WouldStartSerializer(many=True, required=False, help_text="With `?dry_run=1`.")


@example_answer(
    "At pickup point",
    {
        "id": 4120,
        "source": "demo-shop",
        "event_id": "shop-778123",
        "order": "DEMO-1001",
        "type": "delivery",
        "code": "at_pickup_point",
        "occurred_at": "2026-05-04T09:12:00Z",
        "sequence": None,
        "received_at": "2026-05-04T09:12:01Z",
        "outcome": "moved",
        "parked_until": None,
        "fires": True,
        "is_test": False,
    },
)
class StatusChangeSerializer(serializers.ModelSerializer[StatusChange]):
    """What was said, and what became of it."""

    source = serializers.CharField(source="source.code")  # type: ignore[assignment]
    order = serializers.CharField(source="order_external_id")
    outcome = serializers.CharField(source="verdict", help_text="moved, unchanged, ignored, late or parked.")

    class Meta:
        model = StatusChange
        fields = (
            "id",
            "source",
            "event_id",
            "order",
            "type",
            "code",
            "occurred_at",
            "sequence",
            "received_at",
            "outcome",
            "parked_until",
            "fires",
            "is_test",
        )
        read_only_fields = fields


class StatusChangeFilters(django_filters.FilterSet):
    order = django_filters.CharFilter("order_external_id", label="An order's external id.")
    event_id = django_filters.CharFilter("event_id")
    source = django_filters.CharFilter("source__code", label="A source's code.")
    type = django_filters.ChoiceFilter(choices=StatusType.choices)
    outcome = django_filters.ChoiceFilter("verdict", choices=InboxVerdict.choices)
    occurred_from = time_from("occurred_at")
    occurred_until = time_until("occurred_at")
    received_from = time_from("received_at")
    received_until = time_until("received_at")


EXAMPLES = [
    OpenApiExample(
        "One change",
        value={"order": "DEMO-1001", "type": "delivery", "code": "at_pickup_point"},
        request_only=True,
    ),
    OpenApiExample(
        "One change with its time and id",
        value={
            "order": "DEMO-1001",
            "type": "delivery",
            "code": "at_pickup_point",
            "occurred_at": "2026-05-03T14:05:00+02:00",
            "event_id": "shop-778123",
        },
        request_only=True,
    ),
    OpenApiExample(
        "A batch",
        value=[
            {"order": "DEMO-1001", "type": "payment", "code": "paid", "occurred_at": "2026-05-03T12:00:00Z"},
            {"order": "DEMO-1002", "type": "delivery", "code": "shipped", "occurred_at": "2026-05-03T12:00:04Z"},
        ],
        request_only=True,
    ),
    OpenApiExample(
        "What became of a batch",
        value={
            "received": 3,
            "transitions": 1,
            "unchanged": 0,
            "late": 0,
            "duplicates": 1,
            "parked": 0,
            "rejected": 1,
            "rejected_items": [
                {
                    "index": 2,
                    "code": "naive_time",
                    "detail": "The time has no offset. Write a time such as 2026-05-03T14:05:00Z.",
                    "pointer": "#/2/occurred_at",
                }
            ],
        },
        response_only=True,
    ),
]
DRY_RUN = OpenApiParameter(
    "dry_run", str, enum=["1", "0", "true", "false"], description="`1`: answer what would happen, and change nothing."
)
MODE = OpenApiParameter(
    "mode", str, enum=["history"], description="`history`: start no campaign, whatever the source's mode."
)


class StatusChangesView(ListView):
    queryset = StatusChange.objects.select_related("source")
    serializer_class = StatusChangeSerializer
    filterset_class = StatusChangeFilters
    search_ids = ("id", "order__external_id")
    search_description = "The id of a status change, an event or an order; whole."
    orderings = {"received_at": "pk"}
    usual_ordering = "-received_at"
    permission_classes = (HasScope, OrdersAreOn)
    scope_to_read = Scope.ORDERS_READ
    scope_to_write = Scope.ORDERS_WRITE
    parameters_to_write = frozenset({"results", "dry_run", "mode"})

    def bears(self, term: str) -> Q:
        """An event id is indexed beside its source; and what is parked may speak of an order that is not there yet."""
        told = Q(source__in=list(Source.objects.values_list("pk", flat=True)), event_id=term)
        parked = Q(verdict=InboxVerdict.PARKED, order_external_id=term)
        return told | parked

    @extend_schema(operation_id="status_changes_list", summary="List what sources said, and what became of it")
    def get(self, request: Request) -> Response:
        return self.list()

    @extend_schema(
        operation_id="status_changes_create",
        summary="Say that orders' statuses changed",
        description="One change, or a JSON array of up to 5,000. Of a batch the good items are kept when others are "
        "bad; a single change that is bad is a problem (422; 409 if its event id was used for another change). "
        "Send the same again whenever an answer was lost: what was heard before is a duplicate.",
        parameters=[RESULTS, DRY_RUN, MODE],
        request=PolymorphicProxySerializer(
            "StatusChangesSaid", [SaidSerializer, SaidSerializer(many=True)], resource_type_field_name=None, many=False
        ),
        responses=HeardSerializer,
        examples=EXAMPLES,
    )
    @idempotent
    def post(self, request: Request) -> Response:
        wants_all = self.choice("results", ("all",)) == "all"
        dry_run = self.flag("dry_run")
        is_history = self.choice("mode", ("history",)) == "history"
        is_batch = isinstance(request.data, list)
        items = read_batch(request.data) if is_batch else [request.data]
        take_in = _rehearse if dry_run else _take_in
        told = take_in(items, self.key, is_history=is_history)
        if not is_batch:
            _refuse_single(told.heard[0])
        answer = _sum_up(told.heard)
        if wants_all:
            answer["results"] = [_outcome(index, heard, is_real=not dry_run) for index, heard in enumerate(told.heard)]
        if dry_run:
            answer |= _would(told)
        return Response(answer)


def _take_in(items: Sequence[Any], key: ApiKey, *, is_history: bool) -> Hearing:
    """Let the writer hear what can be read, in sets; `heard` then has one answer for each item, in their order."""
    read = [find_bad_member(item) or read_said(item) for item in items]
    said = (item for item in read if isinstance(item, Said))
    fires = False if is_history else None
    hearings = [hear(some, key.source, fires=fires, is_test=key.is_test) for some in in_sets(said)]
    answers = iter([heard for hearing in hearings for heard in hearing.heard])
    return Hearing(
        [Heard(REJECTED, item) if isinstance(item, Problem) else next(answers) for item in read],
        [started for hearing in hearings for started in hearing.started],
    )


def _rehearse(items: Sequence[Any], key: ApiKey, *, is_history: bool) -> Hearing:
    """The very same, and then take it back: what would happen is what did."""

    def rehearse() -> Hearing:
        with transaction.atomic():
            told = _take_in(items, key, is_history=is_history)
            transaction.set_rollback(True)
        return told

    return retry_lost_races(rehearse)


def _refuse_single(heard: Heard) -> None:
    if heard.problem is None:
        return
    if heard.problem.code == "event_id_conflict":
        raise Conflict(heard.problem.code, heard.problem.detail)
    raise Invalid([Mistake.in_body(heard.problem)])


def _sum_up(all_heard: Sequence[Heard]) -> dict[str, Any]:
    counts = Counter(COUNTED_AS[heard.verdict] for heard in all_heard)
    return {
        "received": len(all_heard),
        **{name: counts[name] for name in COUNTED_AS.values()},
        "rejected_items": [rejection(index, heard.problem) for index, heard in enumerate(all_heard) if heard.problem],
    }


def _outcome(index: int, heard: Heard, *, is_real: bool) -> dict[str, Any]:
    transition = heard.transition.pk if heard.transition and is_real else None
    answer = {"index": index, "outcome": heard.verdict, "transition": transition}
    return answer if heard.problem is None else {**answer, **rejection(index, heard.problem)}


def _would(told: Hearing) -> dict[str, Any]:
    """Transitions that were taken back have no ids to speak of: the answer names items instead."""
    moved = [(index, heard.transition) for index, heard in enumerate(told.heard) if heard.transition is not None]
    places = {transition.pk: index for index, transition in moved}
    orders = {index: heard.change.order_external_id for index, heard in enumerate(told.heard) if heard.change}
    codes: dict[int | None, str] = dict(OrderStatus.objects.values_list("pk", "code"))
    return {
        "would_move": [
            {
                "index": index,
                "order": orders[index],
                "type": transition.type,
                "from": codes.get(transition.from_status_id),
                "to": codes[transition.to_status_id],
            }
            for index, transition in moved
        ],
        "would_start": [_would_start(started, places, orders) for started in told.started],
    }


def _would_start(started: Started, places: dict[int, int], orders: dict[int, str]) -> dict[str, Any]:
    index = places[started.transition_id]
    return {"index": index, "order": orders[index], "campaign": started.campaign}
