"""What the gateways' tests say in few words."""

import json

from django.test import RequestFactory

from campaigns.sms.gateways.base import Outgoing


def outgoing(number=1, text="Hello", **fields):
    """The first, second, … message: its reference, its number and its id tell which."""
    return Outgoing(f"r{number}", f"+1602555{100 + number:04d}", text, number, "Shop", **fields)


def many(count):
    return [outgoing(number) for number in range(1, count + 1)]


def called(body, **headers):
    """The provider calls us with this JSON."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return RequestFactory().post("/receipts/", raw, content_type="application/json", headers=headers)
