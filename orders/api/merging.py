"""A status is merged into another over the API. Here, as it is orders that move."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from orders.merging import orders_in
from statuses import lifecycle
from statuses.api import ADDRESS, ANSWER, OneStatus, StatusSerializer, find_meant
from statuses.models import OrderStatus
from workspace.api.serializers import StrictBody, TextField

BODY = OpenApiExample("Into delivered", value={"into": "delivered"}, request_only=True)
RETIRED_AT = {"retired_at": "2026-06-01T12:00:00Z", "revision": 2}
DONE = OpenApiExample(
    "Done",
    value={"orders_left": 0, "status": {**ANSWER, **RETIRED_AT, "merged_into": "delivered"}},
    response_only=True,
    status_codes=["200"],
)
UNDER_WAY = OpenApiExample(
    "Under way",
    value={"orders_left": 48200, "status": {**ANSWER, **RETIRED_AT, "merging_into": "delivered"}},
    response_only=True,
    status_codes=["202"],
)


class MergeBodySerializer(StrictBody):
    into = TextField(max_length=64, help_text="The code of the status of the same type that it becomes.")


class MergeSerializer(serializers.Serializer[Any]):
    orders_left = serializers.IntegerField(help_text="Orders that still stand in it.")
    status = StatusSerializer()


@extend_schema(parameters=ADDRESS)
class MergeView(OneStatus):
    serializer_class = MergeSerializer

    @extend_schema(
        operation_id="statuses_merge",
        summary="Merge a status into another",
        description="Its orders move there, silently, and from then on its code means the other. There is no way back. "
        "200: it is done. 202: it goes on by itself; the status tells when it is done, by `merged_into`. Sent again it "
        "changes nothing, and says how many orders are left.",
        request=MergeBodySerializer,
        responses={200: MergeSerializer, 202: MergeSerializer},
        examples=[BODY, DONE, UNDER_WAY],
    )
    def post(self, request: Request, type: str, code: str) -> Response:
        status = self.find()
        into = find_meant("into", type, MergeBodySerializer().said(request.data)["into"])
        if into.pk not in {status.merging_into_id, status.merged_into_id}:
            self.noting(status, lambda: lifecycle.begin_merge(status, into))
        return _answer(self.find())


def _answer(status: OrderStatus) -> Response:
    is_done = status.merged_into_id is not None
    left = 0 if is_done else orders_in(status).count()
    answer = MergeSerializer({"orders_left": left, "status": status}).data
    return Response(answer, HTTPStatus.OK if is_done else HTTPStatus.ACCEPTED)
