"""What customers had to get, by the feed alone: a plain program that knows nothing of the product.

    python -m tests.chaos.owed FEED

What is said counts once, by its event id, or by all that it says. Of an order and a type of status, a change older than
the newest one heard moves nothing; one to where the order is already moves nothing either. A change with an unknown
code is never understood; one for an order that is not there yet waits for it, and those that waited are heard in order
of time. Then each move of an order owes what the campaigns say: texts, and calls of the webhook.

Whoever writes STOP or START changes what may be sent to them, and so does a change that stops a campaign. What was owed
before and had not left yet may go either way then, and the books must say which, and why.
"""

import json
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

STOPS, STARTS = {"stop", "стоп"}, {"start", "старт"}
# Reasons of the books, for which a text of somebody who wrote to us may not have been sent.
CONSENT_REASONS = frozenset({"refused", "no_consent"})
STOP_REASONS = frozenset({"entered_stop_status"})
TRANSACTIONAL, MARKETING = frozenset({"given", "unknown"}), frozenset({"given"})


@dataclass(frozen=True)
class Owed:
    """One text, or one call (`to` is empty then): for which campaign, step, order and change; to whom; and which text
    must have been sent before. It need not be made for these `reasons`, nor if `instead` is there. If `is_open` the
    books need not know of it: its run may have been stopped before."""

    campaign: str
    step: str
    order: str
    occurred_at: str
    to: str = ""
    after: str | None = None
    instead: str | None = None
    reasons: frozenset = frozenset()
    is_open: bool = False

    @property
    def key(self):
        return f"{self.campaign} {self.step} {self.order} {self.occurred_at}"


@dataclass(frozen=True)
class Move:
    """An order came from a status of a type to another; `statuses` are all of its own from then on."""

    order: str
    type: str
    came_from: str | None
    to: str
    at: datetime
    statuses: dict

    @property
    def written(self):
        return self.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


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
    """(texts, calls)."""
    customers = {customer["external_id"]: customer for customer in feed["customers"]}
    buyers = {order["external_id"]: customers.get(order["customer"]) for order in feed["orders"]}
    texts, calls, written = [], [], _by_number(feed["texts"])
    for move, later in _moves_and_later(feed):
        calls += _calls_owed(move, later)
        if (buyer := buyers[move.order]) and buyer["phone"]:
            texts += _texts_owed(move, later, buyer["phone"], _held(buyer, written.get(buyer["phone"], ())))
    return texts, calls


def consent_after(customer, texts):
    """Of somebody who wrote these texts, whatever the order in which they came: the newest says it. Nothing that was
    written before the shop told us of a refusal lifts it, as here are all those that have a time, and all STARTs do."""
    if customer["consent"] == "refused":
        return "refused"
    said = [text for text in texts if text["from"] == customer["phone"] and _meaning(text)]
    return _meaning(min(said, key=lambda text: text["ago_s"] or 0)) if said else customer["consent"]


def _meaning(text):
    word = text["text"].strip(".!«»").lower()
    return "refused" if word in STOPS else "given" if word in STARTS else None


def _by_number(texts):
    by_number = {}
    for text in texts:
        by_number.setdefault(text["from"], []).append(text)
    return by_number


def _held(customer, texts):
    """Every consent that holds at some time, while these texts are told one after the other."""
    return {consent_after(customer, texts[:place]) for place in range(len(texts) + 1)}


def _moves_and_later(feed):
    """Each move of an order with those that came later."""
    there = {order["external_id"] for order in feed["orders"] if order["told_by"] == "load"}
    by_order = {}
    for requests in feed["clients"]:
        for move in _moves(requests, there, feed["statuses"]):
            by_order.setdefault(move.order, []).append(move)
    for moves in by_order.values():
        for place, move in enumerate(moves, start=1):
            yield move, moves[place:]


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
        yield Move(name, type, *move, at, dict(order.status))


def _calls_owed(move, later):
    if (move.type, move.to) == ("delivery", "shipped"):
        yield Owed("shipped", "tell", move.order, move.written)
    if (move.type, move.to) == ("payment", "refunded"):
        how = {"reasons": STOP_REASONS, "is_open": True} if _is_paid(later) else {}
        yield Owed("refund", "tell", move.order, move.written, **how)


def _texts_owed(move, later, to, held):
    """Nobody who refused gets anything; marketing goes to those alone who agreed."""
    for campaign, step, allowed, how in _sends(move, later):
        if held & allowed:
            reasons = how.pop("reasons", frozenset()) | (CONSENT_REASONS if held - allowed else frozenset())
            yield Owed(campaign, step, move.order, move.written, to, reasons=reasons, **how)


def _sends(move, later):
    match move.type, move.to:
        case "delivery", "at_pickup_point":
            if move.came_from == "shipped" and move.statuses.get("payment") == "paid":
                yield "pickup", "ready", TRANSACTIONAL, {}
        case "payment", "paid":
            yield "thanks", "thanks", MARKETING, {}
        case "payment", "refunded":
            yield from _sends_after_refund(move, later)
        case "general", "completed":
            if move.came_from is not None:
                yield "completed", "first", TRANSACTIONAL, {}
                yield "completed", "second", TRANSACTIONAL, {"after": _key("completed", "first", move)}


def _sends_after_refund(move, later):
    """Where the order stands when it is looked at, or comes to stand, within a time that outlasts all that shops say;
    and no payment stops it before. A status that it only passed through may have been seen or not."""
    stood_at = [move.statuses.get("general"), *(one.to for one in later if one.type == "general")]
    gone, sorry = _key("refund", "gone", move), _key("refund", "sorry", move)
    if _is_paid(later):
        if "cancelled" in stood_at:
            yield "refund", "gone", TRANSACTIONAL, {"reasons": STOP_REASONS, "is_open": True}
    elif stood_at[-1] == "cancelled":
        yield "refund", "gone", TRANSACTIONAL, {}
    elif "cancelled" in stood_at:
        yield "refund", "gone", TRANSACTIONAL, {"instead": sorry}
        yield "refund", "sorry", TRANSACTIONAL, {"instead": gone}
    else:
        yield "refund", "sorry", TRANSACTIONAL, {}


def _is_paid(later):
    return any((one.type, one.to) == ("payment", "paid") for one in later)


def _key(campaign, step, move):
    return f"{campaign} {step} {move.order} {move.written}"


def main():
    feed = json.loads(Path(sys.argv[1]).read_text())
    for one in chain(*owed_by(feed)):
        print(one.key, one.to or "webhook")  # noqa: T201


if __name__ == "__main__":
    main()
