"""A shop that never was, told as its systems would have told it: seasons, customers who come back, orders that get
stuck, are cancelled or returned, and changes that come late, twice, or out of turn. The same seed tells the same.

Only what is told is made up here. What became of it is what the rule that holds for everybody makes of it
(orders/standing.py), so orders, inbox and ledger are as the writer would have left them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from math import cos, pi
from random import Random

from orders.standing import Standing
from statuses.models import Colour, StatusType

G, D, P = StatusType.GENERAL.value, StatusType.DELIVERY.value, StatusType.PAYMENT.value
MINUTE, HOUR, DAY = 60, 3600, 86_400

# Type, code, name, colour, and whether it is marked.
WORDS = (
    (G, "checkout_draft", "Draft", Colour.GREY, False),
    (G, "accepted", "Accepted", Colour.BLUE, True),
    (G, "in_progress", "In progress", Colour.ORANGE, True),
    (G, "completed", "Completed", Colour.GREEN, True),
    (G, "cancelled", "Cancelled", Colour.RED, True),
    (P, "awaiting_payment", "Awaiting payment", Colour.YELLOW, True),
    (P, "payment_failed", "Payment failed", Colour.RED, True),
    (P, "paid", "Paid", Colour.GREEN, True),
    (P, "refunded", "Refunded", Colour.VIOLET, True),
    (D, "handed_over", "Handed to the carrier", Colour.BLUE, True),
    (D, "in_transit", "In transit", Colour.ORANGE, True),
    (D, "at_pickup_point", "At pickup point", Colour.TEAL, True),
    (D, "delivered", "Delivered", Colour.GREEN, True),
    (D, "returned", "Returned", Colour.RED, True),
)  # fmt: skip
SHOP, PAYMENTS, WAREHOUSE, CARRIER = "shop", "payments", "warehouse", "carrier"
SOURCES = {SHOP: "Online shop", PAYMENTS: "Payment service", WAREHOUSE: "Warehouse", CARRIER: "Carrier"}
# A person at the admin.
PERSON = ""

FIRST_NAMES = (
    "Ada",
    "Bela",
    "Carl",
    "Dana",
    "Emil",
    "Fay",
    "Goran",
    "Hana",
    "Ivo",
    "Jana",
    "Kai",
    "Lena",
    "Milo",
    "Nora",
)
CITIES = ("Berlin", "Lisbon", "Prague", "Riga", "Vienna", "Warsaw")
ZONES = ("Europe/Berlin", "Europe/Lisbon", "Europe/Prague", "Europe/Riga", "America/Chicago", "")
LANGUAGES = ("en", "de", "pt", "")
AREAS = (602, 513, 801, 301, 212, 415)

STUCK, BY_PERSON, REPEATED, LATE = 0.006, 0.02, 0.06, 0.03
COMES_BACK_WITHIN = 0.7


@dataclass(frozen=True, slots=True)
class Step:
    """What comes next in an order's story, after about so many seconds."""

    type: str
    code: str
    told_by: str
    after_s: float


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked for: so many of each, until then."""

    seed: int
    orders: int
    customers: int
    transitions: int
    days: int
    until: datetime


@dataclass(frozen=True, slots=True)
class Buyer:
    number: int
    first_at: datetime


@dataclass(slots=True)
class Bought:
    """An order, as far as it has been told."""

    number: int
    buyer: Buyer | None
    placed_at: datetime
    total_minor: int
    is_test: bool
    updated_at: datetime
    to_come: int = 0
    standing: Standing = field(default_factory=Standing)


@dataclass(frozen=True, slots=True)
class Telling:
    """Something that is told of an order; by nobody's system, if a person did it."""

    received_at: datetime
    number: int
    order: Bought
    type: str
    code: str
    told_by: str
    occurred_at: datetime
    sequence: int | None


Happening = Buyer | Telling


def happenings(plan: Plan) -> Iterator[Happening]:
    """Customers as they first come, and what is told, in the order in which it arrived. Whoever reads it folds each
    order's standing, and has the whole of an order when nothing of it is `to_come`.
    """
    random = Random(plan.seed)  # noqa: S311 - a game
    share_of_long = _share_of_long(plan)
    buyers, pending = _Buyers(plan, random), defaultdict(list)
    number = 0
    for nth, placed_at in enumerate(_placed(plan, random), 1):
        buyer, is_new = buyers.next(nth, placed_at)
        if is_new and buyer:
            yield buyer
        order = Bought(nth, buyer, placed_at, _total(random), random.random() < 0.001, placed_at)
        story = _long_story if random.random() < share_of_long else _short_story
        for telling in _tell(order, story(random), random, number):
            if telling.received_at < plan.until:
                order.to_come += 1
                pending[telling.received_at.toordinal()].append(telling)
        number += 100
        yield from _up_to(placed_at.toordinal(), pending)
    yield from _up_to(plan.until.toordinal() + 1, pending)


def _up_to(day: int, pending: dict[int, list[Telling]]) -> Iterator[Telling]:
    """What was told before that day."""
    for before in sorted(one for one in pending if one < day):
        yield from sorted(pending.pop(before), key=_turn)


def _turn(told: Telling) -> tuple[datetime, int]:
    return told.received_at, told.number


def _placed(plan: Plan, random: Random) -> Iterator[datetime]:
    """When orders are placed: more from year to year, before Christmas, on a Monday, in the evening."""
    first = plan.until - timedelta(days=plan.days)
    days = [first + timedelta(days=n) for n in range(plan.days)]
    weights = [_busy(day, n / plan.days) for n, day in enumerate(days)]
    whole, so_far, ends = sum(weights), 0.0, [0]
    for weight in weights:
        so_far += weight
        ends.append(round(plan.orders * so_far / whole))
    for day, (begin, end) in zip(days, pairwise(ends), strict=True):
        yield from sorted(day + timedelta(seconds=_second(random)) for _nth in range(end - begin))


def _busy(day: datetime, share: float) -> float:
    season = 1.0 + 0.35 * cos(2 * pi * (day.timetuple().tm_yday - 345) / 365)
    sale = 2.5 if day.month == 11 and 23 <= day.day <= 29 else 1.0
    return (0.7 + 0.6 * share) * season * sale * (1.15, 1.1, 1.0, 1.0, 0.95, 0.8, 0.9)[day.weekday()]


def _second(random: Random) -> int:
    return int(min(max(random.gauss(16.5, 4.5), 0.0), 23.99) * HOUR)


class _Buyers:
    """Who buys: somebody new, until they are as many as are wanted, or one who has bought before; rarely a stranger."""

    def __init__(self, plan: Plan, random: Random) -> None:
        self._plan, self._random = plan, random
        self._known: list[Buyer] = []

    def next(self, nth: int, at: datetime) -> tuple[Buyer | None, bool]:
        random, orders_left = self._random, self._plan.orders - nth + 1
        missing = self._plan.customers - len(self._known)
        if missing >= orders_left or random.random() < missing / orders_left:
            self._known.append(Buyer(len(self._known) + 1, at))
            return self._known[-1], True
        if not self._known or random.random() < 0.01:
            return None, False
        # Some buy again and again.
        return self._known[int(len(self._known) * random.random() ** (1 / COMES_BACK_WITHIN))], False


def _total(random: Random) -> int:
    return int(random.lognormvariate(8.6, 0.8)) + 100


def _share_of_long(plan: Plan) -> float:
    """Of stories that are told whole, so that there are about as many transitions as are wanted."""
    random = Random(plan.seed)  # noqa: S311 - a game
    long, short = (
        sum(len(list(story(random))) for _nth in range(2_000)) / 2_000 for story in (_long_story, _short_story)
    )
    wanted = plan.transitions / plan.orders if plan.orders else short
    return min(max((wanted - short) / (long - short), 0.0), 1.0)


def _short_story(random: Random) -> Iterator[Step]:
    """Of a counter that tells little."""
    yield Step(G, "accepted", SHOP, 0)
    if random.random() < 0.1:
        yield Step(G, "cancelled", SHOP, 6 * HOUR)
        return
    yield Step(P, "paid", PAYMENTS, 20 * MINUTE)


def _long_story(random: Random) -> Iterator[Step]:
    if random.random() < 0.15:
        yield Step(G, "checkout_draft", SHOP, 0)
    yield Step(G, "accepted", SHOP, 5 * MINUTE)
    yield Step(P, "awaiting_payment", SHOP, 0)
    while random.random() < 0.08:
        yield Step(P, "payment_failed", PAYMENTS, 15 * MINUTE)
        yield Step(P, "awaiting_payment", SHOP, 30 * MINUTE)
    if random.random() < 0.12:
        yield Step(G, "cancelled", SHOP, 2 * DAY)
        return
    yield Step(P, "paid", PAYMENTS, 25 * MINUTE)
    yield Step(G, "in_progress", WAREHOUSE, 4 * HOUR)
    yield from _delivery(random)


def _delivery(random: Random) -> Iterator[Step]:
    yield Step(D, "handed_over", CARRIER, 20 * HOUR)
    yield Step(D, "in_transit", CARRIER, 3 * HOUR)
    while random.random() < 0.7:
        yield Step(D, "at_pickup_point", CARRIER, 30 * HOUR)
        if random.random() < 0.07:
            yield from _back(random, 7 * DAY)
            return
        if random.random() < 0.97:
            break
        yield Step(D, "in_transit", CARRIER, 10 * HOUR)  # to another point
    yield Step(D, "delivered", CARRIER, 20 * HOUR)
    yield Step(G, "completed", SHOP, HOUR)
    if random.random() < 0.05:
        yield from _back(random, 9 * DAY)


def _back(random: Random, after_s: float) -> Iterator[Step]:
    yield Step(D, "returned", CARRIER, after_s)
    yield Step(P, "refunded", PAYMENTS, 2 * DAY)
    if random.random() < 0.8:
        yield Step(G, "cancelled", SHOP, HOUR)


def _tell(order: Bought, story: Iterator[Step], random: Random, number: int) -> Iterator[Telling]:
    at, scans = order.placed_at, 0
    for step in story:
        at += timedelta(seconds=int(step.after_s * random.lognormvariate(0.0, 0.7)))
        if step.told_by == CARRIER:  # whose clocks know minutes, and who numbers what it scans
            at, scans = at.replace(second=0), scans + 1
        number += 1
        if random.random() < BY_PERSON:
            yield Telling(at, number, order, step.type, step.code, PERSON, at, None)
        else:
            sequence = scans if step.told_by == CARRIER else None
            told = (order, step.type, step.code, step.told_by, at, sequence)
            yield Telling(at + timedelta(seconds=_delay(step.told_by, random)), number, *told)
            if random.random() < REPEATED:
                again = at + timedelta(seconds=int(random.expovariate(1 / (3 * HOUR))))
                yield Telling(again, number + 50, order, step.type, step.code, step.told_by, again, None)
        if random.random() < STUCK:
            return


def _delay(told_by: str, random: Random) -> int:
    if random.random() < LATE:
        return HOUR + int(random.expovariate(1 / (20 * HOUR)))
    return int(random.random() * (20 * MINUTE if told_by == CARRIER else 20))
