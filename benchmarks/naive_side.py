"""The naive design as the bench drives it: its shop, its workers, and how far they are."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

from benchmarks import raw
from benchmarks.bench import Bench, celery
from benchmarks.shop import CODES

CAMPAIGN = {
    "name": "Thanks",
    "type": "payment",
    "steps": [
        {"kind": "filter", "field": "currency", "values": ["EUR"]},
        {
            "kind": "send_sms",
            "text": "Hello {customer.first_name}, we have {order.total} {order.currency} for {order.external_id}.",
        },
    ],
}


class NaiveSide:
    def __init__(self, bench: Bench, orders: int) -> None:
        self.bench = bench
        self.orders = [f"order-{n}" for n in range(orders)]
        self._turns = count(1)
        bench.run("-m", "benchmarks.naive", "tables")
        with raw.connect() as connection:
            connection.execute("TRUNCATE naive_customer, naive_order, naive_campaign CASCADE")
        bench.run("-m", "benchmarks.naive", "load", self._write("shop.json", json.dumps(self._shop())))

    def feed(self) -> float:
        """Seconds that it takes to save a change of each order."""
        code = CODES[next(self._turns) % 2]
        changes = (json.dumps({"order": order, "type": "payment", "code": code}) for order in self.orders)
        return float(self.bench.run("-m", "benchmarks.naive", "feed", self._write("changes", "\n".join(changes))))

    @contextmanager
    def workers(self, processes: int, gateway: str, *, tuned: bool) -> Iterator[None]:
        tuning = {"CELERY_DB_REUSE_MAX": "1000"} if tuned else {}
        command = celery("benchmarks.naive.celery", processes)
        with self.bench.process("naive", *command, ready=" ready.", GATEWAY_URL=gateway, **tuning):
            yield

    def begin(self, runs: int) -> float:
        """When the first of them began."""
        took = float(self.bench.run("-m", "benchmarks.naive", "begin", str(runs)))
        return time.perf_counter() - took

    def is_under_way(self) -> bool:
        with raw.connect() as connection:
            return bool(connection.execute("SELECT 1 FROM naive_run WHERE state = 'waiting' LIMIT 1").fetchone())

    def _shop(self) -> dict[str, list[dict[str, Any]]]:
        person = {"external_id": "C-1", "first_name": "Ada", "phone": "+16025550100"}
        order = {"customer": "C-1", "total": "49.90", "currency": "EUR"}
        return {
            "customers": [person],
            "orders": [{**order, "external_id": name} for name in self.orders],
            "campaigns": [CAMPAIGN],
        }

    def _write(self, name: str, text: str) -> str:
        file = self.bench.folder / name
        file.write_text(text)
        return str(file)
