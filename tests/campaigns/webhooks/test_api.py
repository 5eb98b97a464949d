"""An integrator reads over the API what became of each call that an order owed."""

import pytest

from campaigns.models import WebhookCall
from tests.callers import Caller
from tests.campaigns.shop import webhook

pytestmark = pytest.mark.django_db


def test_the_path_of_an_order_tells_of_its_calls(shop, receiver):
    receiver.says = 400
    shop.start(webhook(not_sent=[webhook("also", "nobody")]))
    run = shop.pay()
    first, second = WebhookCall.objects.order_by("pk")

    told = Caller.of(shop.source, "campaigns:read").get(f"runs/{run.pk}/").json()["calls"]

    # The newest first, as messages are.
    assert told[::-1] == [
        {
            "id": first.pk,
            "step": "tell",
            "endpoint": "erp",
            "webhook_id": receiver.ids[0],
            "state": "failed",
            "skip_reason": "",
            "is_test": False,
            "attempts": 0,
            "status_code": 400,
            "error": "It would not take it (HTTP 400).",
            "due_at": None,
            "created_at": "2024-05-03T12:00:00Z",
            "called_at": "2024-05-03T12:00:00Z",
            "ended_at": "2024-05-03T12:00:00Z",
        },
        {
            "id": second.pk,
            "step": "also",
            "endpoint": "nobody",
            "webhook_id": second.webhook_id,
            "state": "skipped",
            "skip_reason": "no_endpoint",
            "is_test": False,
            "attempts": 0,
            "status_code": None,
            "error": "",
            "due_at": None,
            "created_at": "2024-05-03T12:00:00Z",
            "called_at": None,
            "ended_at": "2024-05-03T12:00:00Z",
        },
    ]
