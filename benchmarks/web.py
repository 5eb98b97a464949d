"""Our web process, and what a shop's system says to it over connections that are kept."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection

from benchmarks.bench import Bench, GaveUp, wait_until
from benchmarks.shop import Shop
from orders.said import Said
from workspace.models import ApiKey, Scope


@dataclass(slots=True)
class Teller:
    """One client of the API."""

    connection: HTTPConnection
    key: str

    def tell(self, said: Sequence[Said]) -> None:
        """One change as a change, several as a list."""
        items = [_written(item) for item in said]
        body = json.dumps(items if len(items) > 1 else items[0])
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        self.connection.request("POST", "/api/v1/status-changes/", body, headers)
        answer = self.connection.getresponse()
        told = json.loads(answer.read())
        if answer.status != HTTPStatus.OK or told["transitions"] != len(items):
            raise GaveUp(f"The API answered {answer.status}: {told}")


@contextmanager
def web(bench: Bench, shop: Shop) -> Iterator[Teller]:
    port = _free_port()
    command = ("-m", "gunicorn", "orderstatus_project.wsgi", "--bind", f"127.0.0.1:{port}", "--workers", "2")
    with bench.process("web", *command, "--threads", "4", "--no-control-socket", ready="Booting worker"):
        _key, secret = ApiKey.objects.issue(name="bench", source=shop.source, scopes=[Scope.ORDERS_WRITE])
        wait_until(lambda: _answers(port), "The web process")
        yield Teller(HTTPConnection("127.0.0.1", port), secret)


def _written(item: Said) -> dict[str, str]:
    at = item.occurred_at.isoformat() if item.occurred_at else ""
    return {
        "order": item.order,
        "type": item.type,
        "code": item.code,
        "occurred_at": at,
        "event_id": item.event_id or "",
    }


def _answers(port: int) -> bool:
    visit = HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        visit.request("GET", "/healthz")
        return visit.getresponse().status == HTTPStatus.OK
    except OSError:
        return False
    finally:
        visit.close()


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port
