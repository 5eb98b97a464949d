"""What customers had to get, by the feed alone: a plain program that knows nothing of the product.

    python -m tests.chaos.owed FEED

What is said counts once, by its event id, or by all that it says. Of an order and a type of status, a change older than
the newest one heard moves nothing; one to where the order is already moves nothing either. A change with an unknown
code is never understood; one for an order that is not there yet waits for it, and those that waited are heard in order
of time. Then each move of an order owes what the three campaigns say.
"""

import json
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path


@dataclass(frozen=True)
class Owed:
    """One text: for which campaign, step, order and change; to whom; and which text must have been sent before."""

    campaign: str
    step: str
    order: str
    occurred_at: str
    to: str
    after: str | None = None

    @property
    def key(self):
        return f"{self.campaign} {self.step} {self.order} {self.occurred_at}"


@dataclass
class Order:
    status: dict = field(default_factory=dict)
    heard_at: dict = field(default_factory=dict)

    def hear(self, type, code, at):
        """What the order moved from and to; None: it did not move."""
        if type in self.heard_at and at < self.heard_at[type]:
            return None
        self.heard_at[type] = at
        came_from = self.status.get(type)
        self.status[type] = code
        return None if came_from == code else (came_from, code)


def owed_by(feed):
    customers = {customer["external_id"]: customer for customer in feed["customers"]}
    buyers = {order["external_id"]: customers.get(order["customer"]) for order in feed["orders"]}
    there = {order["external_id"] for order in feed["orders"] if order["told_by"] == "load"}
    owed = []
    for requests in feed["clients"]:
        for order, type, move, at, statuses in _moves(requests, there, feed["statuses"]):
            owed += _texts(order, type, move, at, statuses, buyers[order])
    return owed


def _moves(requests, there, known):
    orders, told, waiting = {name: Order() for name in there}, set(), {}
    for request in requests:
        for change in request.get("changes", ()):
            at = datetime.fromisoformat(change["occurred_at"])
            named = (change["order"], change["type"], change["code"], at)
            identity = change.get("event_id") or named
            if identity in told:
                continue
            told.add(identity)
            if change["code"] not in known[change["type"]]:
                continue
            if change["order"] in orders:
                yield from _move(orders[change["order"]], *named)
            else:
                waiting.setdefault(change["order"], []).append(named)
        if "order" in request:
            name = request["order"]["external_id"]
            orders[name] = Order()
            for named in sorted(waiting.pop(name, ()), key=lambda one: one[3]):
                yield from _move(orders[name], *named)


def _move(order, name, type, code, at):
    move = order.hear(type, code, at)
    if move:
        yield name, type, move, at, dict(order.status)


def _texts(order, type, move, at, statuses, buyer):
    """Nobody without a number or who refused gets anything; marketing goes to those alone who agreed."""
    if buyer is None or not buyer["phone"] or buyer["consent"] == "refused":
        return
    written = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")

    def text(campaign, step, after=None):
        return Owed(campaign, step, order, written, buyer["phone"], after)

    if type == "delivery" and move == ("shipped", "at_pickup_point") and statuses.get("payment") == "paid":
        yield text("pickup", "ready")
    if type == "payment" and move[1] == "paid" and buyer["consent"] == "given":
        yield text("thanks", "thanks")
    if type == "general" and move[1] == "completed" and move[0] is not None:
        first = text("completed", "first")
        yield first
        yield text("completed", "second", after=first.key)


def main():
    feed = json.loads(Path(sys.argv[1]).read_text())
    for one in owed_by(feed):
        print(one.key, one.to)  # noqa: T201


if __name__ == "__main__":
    main()
