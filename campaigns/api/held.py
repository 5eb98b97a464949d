"""Texts that a campaign's hourly limit holds, over the API: how many wait, and what becomes of them."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.api.campaigns import ADDRESS, CampaignVerbs, find, read_body
from campaigns.models import Campaign
from campaigns.sms import breaker
from campaigns.sms.breaker import NothingHeld, held_of
from workspace import history
from workspace.api.problems import Conflict, Invalid, Mistake
from workspace.models import Verb
from workspace.reading import Problem

ALL, NONE = "all", "none"


class HeldSerializer(serializers.Serializer[Any]):
    """What waits: `number` of texts, `since` when, and the limit of texts an hour that was reached. No limit: nulls."""

    number = serializers.IntegerField()
    since = serializers.DateTimeField(allow_null=True)
    per_hour = serializers.IntegerField(allow_null=True)


SEND_TEN = OpenApiExample("The oldest ten", value={"send": 10}, request_only=True)
THREE_WAIT = OpenApiExample(
    "Three wait", value={"number": 3, "since": "2026-05-04T09:12:01Z", "per_hour": 100}, response_only=True
)


@extend_schema(parameters=ADDRESS)
class HeldView(CampaignVerbs):
    @extend_schema(
        operation_id="campaigns_held",
        summary="Texts that wait since the campaign reached its hourly limit",
        responses=HeldSerializer,
        examples=[THREE_WAIT],
    )
    def get(self, request: Request, code: str) -> Response:
        return _told(find(code))

    @extend_schema(
        operation_id="campaigns_held_decide",
        summary="Send all of them, the oldest so many, or none",
        description='`send` is "all", "none", or a number. 409 `nothing_held` if nothing waits. What is left is told.',
        request=inline_serializer("DecideHeld", {"send": serializers.JSONField()}),
        responses=HeldSerializer,
        examples=[SEND_TEN, THREE_WAIT],
    )
    def post(self, request: Request, code: str) -> Response:
        send = _read_send(request)
        campaign = find(code)
        try:
            with transaction.atomic():
                done = breaker.drop(campaign) if send == NONE else breaker.release(campaign, _first(send))
                changes = {("not_sent" if send == NONE else "sent"): [None, done]}
                history.record_changed(request, campaign, Verb.SETTLED, **changes)
        except NothingHeld as error:
            raise Conflict("nothing_held", str(error)) from None
        return _told(campaign)


def _told(campaign: Campaign) -> Response:
    held = held_of(campaign)
    return Response(HeldSerializer(held or {"number": 0, "since": None, "per_hour": None}).data)


def _read_send(request: Request) -> int | str:
    send = read_body(request, "send").get("send")
    if isinstance(send, int) and not isinstance(send, bool) and send > 0:
        return send
    if isinstance(send, str) and send in (ALL, NONE):
        return send
    raise Invalid([Mistake.in_body(Problem("invalid", _("Write “all”, “none” or a number from 1."), "send"))])


def _first(send: int | str) -> int | None:
    return send if isinstance(send, int) else None
