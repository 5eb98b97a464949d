"""A receiver of webhooks on loopback, and an endpoint that leads to it."""

import json
from dataclasses import dataclass, field

from standardwebhooks import Webhook

from campaigns.models import WebhookEndpoint
from campaigns.webhooks.endpoints import renew_secret
from tests.servers import Server


@dataclass
class Receiver:
    """It takes every call, unless `says` is changed: a status, or a function of what it heard as in Server."""

    code: str = "erp"
    says: object = 204
    fields: dict = field(default_factory=dict)

    def __enter__(self):
        self.server = Server(self._answer)
        self.server.__enter__()
        self.endpoint = endpoint(self.code, f"{self.server.url}/hooks", **self.fields)
        return self

    def __exit__(self, *error):
        self.server.__exit__(*error)

    def _answer(self, heard):
        return (self.says, b"") if isinstance(self.says, int) else self.says(heard)

    @property
    def heard(self):
        return self.server.heard

    @property
    def ids(self):
        return [heard.headers["webhook-id"] for heard in self.heard]

    @property
    def told(self):
        return [json.loads(heard.body) for heard in self.heard]

    def row(self):
        self.endpoint.refresh_from_db()
        return self.endpoint


def endpoint(code="erp", url="https://hooks.example.com/in", **fields):
    row = WebhookEndpoint(code=code, name=code.upper(), url=url, **fields)
    row.secret = renew_secret(row, now=None)
    row.save()
    return row


def verified(heard, secret):
    """What the specification's own library makes of it. Raises WebhookVerificationError."""
    return Webhook(secret).verify(heard.body, heard.headers)
