"""Webhook calls, as a part of the path of an order that entered."""

from __future__ import annotations

from rest_framework import serializers

from campaigns.models import CallSkip, CallState, WebhookCall
from workspace.api.schema import example_answer

EXAMPLE = {
    "id": 12,
    "step": "tell-erp",
    "endpoint": "erp",
    "webhook_id": "msg_5f0c7f3d2a4e4f0e9d0f6a7b8c9d0e1f",
    "state": "taken",
    "skip_reason": "",
    "is_test": False,
    "attempts": 0,
    "status_code": 204,
    "error": "",
    "due_at": None,
    "created_at": "2026-05-04T09:12:02Z",
    "called_at": "2026-05-04T09:12:02Z",
    "ended_at": "2026-05-04T09:12:03Z",
}


@example_answer("Taken", EXAMPLE)
class CallSerializer(serializers.ModelSerializer[WebhookCall]):
    """One webhook owed at one step. Its receiver knows it by `webhook_id`; `attempts` are those that failed."""

    webhook_id = serializers.CharField()
    state = serializers.ChoiceField(choices=CallState.choices)
    skip_reason = serializers.ChoiceField(choices=CallSkip.choices, allow_blank=True)

    class Meta:
        model = WebhookCall
        fields = tuple(EXAMPLE)
        read_only_fields = fields
