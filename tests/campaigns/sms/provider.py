"""A provider that signs what it tells with HMAC-SHA256 over the raw body: receipts and texts, in JSON or as a form."""

import hashlib
import hmac
import json
from datetime import datetime
from urllib.parse import urlencode

from django.test import Client

from campaigns.models import SmsGateway
from campaigns.sms.gateways.base import BadReceipt, BadSignature, Delivery, GatewayKind, Incoming, Promises
from campaigns.sms.gateways.memory import Memory
from workspace.encryption import encrypt

PROMISES = Promises(is_idempotent=True, can_look_up=True, is_signed=True)
SECRET = "only the two of us know"


class Signed(Memory):
    def hear(self, request):
        if request.headers.get("X-Signature") != sign(request.body):
            raise BadSignature
        if request.content_type == "application/x-www-form-urlencoded":
            return [Delivery(request.POST["status"], gateway_id=request.POST["id"])]
        try:
            items = json.loads(request.body)
        except ValueError:
            raise BadReceipt("The body is no JSON.") from None
        return [read(item) for item in items]


def read(item):
    at = datetime.fromisoformat(item["at"]) if "at" in item else None
    if "text" in item:
        return Incoming(item["id"], item["from"], item["text"], at)
    if item["status"] not in ("accepted", "delivered", "undelivered", "expired"):
        raise BadReceipt(f"“{item['status']}” is no status.")
    return Delivery(item["status"], item.get("id", ""), item.get("reference", ""), item.get("reason", ""), at)


def sign(body):
    return hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()


def connect(code="acme", **fields):
    """A gateway of this kind, connected."""
    return SmsGateway.objects.create(code=code, name=code, kind="signed", secrets=encrypt({"key": SECRET}), **fields)


KIND = GatewayKind("signed", "Signed", lambda setup: Signed(PROMISES))


class Provider:
    """`tell([{"id": "7", "status": "delivered"}])` signs it; `call(body)` sends a body as it is."""

    def __init__(self):
        self.row = connect()

    def tell(self, items, **how):
        return self.call(json.dumps(items).encode(), **how)

    def tell_by_form(self, **fields):
        return self.call(urlencode(fields).encode(), content_type="application/x-www-form-urlencoded")

    def call(self, body, *, signature=None, gateway="acme", content_type="application/json", headers=()):
        signed = {"X-Signature": sign(body) if signature is None else signature, **dict(headers)}
        return Client().generic("POST", f"/api/v1/receipts/{gateway}/", body, content_type, headers=signed)

    def error(self):
        self.row.refresh_from_db()
        return self.row.last_error

    def refused(self):
        self.row.refresh_from_db()
        return self.row.refused_call
