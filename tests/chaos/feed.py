"""What shops will say: customers, orders, and requests for each client in their order. Made by a seed, or from a log.

A feed is JSON:

    {"statuses": {type: [code, ...]},
     "customers": [{"external_id", "phone", "consent"}],
     "orders": [{"external_id", "customer", "told_by"}],      told_by "load": there from the beginning
     "clients": [[request, ...], ...],                         request: {"order": {...}} or {"changes": [{...}, ...]}
     "texts": [{"id", "from", "text", "ago_s"}, ...]}          what people write to us; ago_s null: it has no time

An order belongs to one client, which says one thing after the other, so what must come of it is a fact. Texts are
told in the order of the list, some of them again; it is not the order in which they were written.
"""

import csv
import gzip
import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import chain

CLIENTS = 4
BEGAN = datetime(2024, 5, 1, tzinfo=UTC)
LARGEST_LIST = 60

STATUSES = {
    "general": ["created", "confirmed", "completed", "cancelled"],
    "delivery": ["shipped", "at_pickup_point", "delivered"],
    "payment": ["invoiced", "paid", "refunded"],
}
# Lives that orders lead; one goes through one or two of them.
_CREATED, _CONFIRMED, _COMPLETED, _CANCELLED = (("general", code) for code in STATUSES["general"])
_SHIPPED, _AT_POINT, _DELIVERED = (("delivery", code) for code in STATUSES["delivery"])
_INVOICED, _PAID, _REFUNDED = (("payment", code) for code in STATUSES["payment"])
LIVES = [
    [_CREATED, _INVOICED, _PAID, _SHIPPED, _AT_POINT, _COMPLETED],
    [_CREATED, _SHIPPED, _AT_POINT, _INVOICED, _PAID, _DELIVERED, _COMPLETED],
    [_CREATED, _PAID, _SHIPPED, _AT_POINT, _SHIPPED, _AT_POINT, _REFUNDED, _CANCELLED],
    [_CONFIRMED, _INVOICED, _PAID, _REFUNDED, _PAID, _COMPLETED, _CONFIRMED, _COMPLETED],
    [_INVOICED, _CREATED, _CANCELLED],
]
PLAIN_LIFE = LIVES[0]

STOPS, STARTS, OTHERS = ["STOP", "stop.", "Стоп"], ["START", "«Старт»", "start"], ["Thank you!", "don't stop"]
# Before the run began, by more than its clock is ever wrong, and within the year for which times are believed.
AGO_S = range(4 * 3600, 30 * 86400)


def make_feed(seed, changes):
    """About so many changes, the same for the same seed."""
    chance = random.Random(seed)
    customers = [_customer(chance, number) for number in range(max(20, changes // 20))]
    lives, told = {}, 0
    while told < changes:
        order = f"O-{len(lives)}"
        lives[order] = _life(chance, order, chain(*chance.choices(LIVES, k=chance.choice([1, 2]))))
        told += len(lives[order])
    orders = [_order(chance, external_id, customers) for external_id in lives]
    return _feed(chance, STATUSES, customers, orders, lives)


def make_plain_feed(seed, changes):
    """For who knows nothing of repeats, lateness and consent: each order leads one life, told in its order."""
    chance = random.Random(seed)
    customers = [
        {**customer, "phone": customer["phone"] or "+12025550199", "consent": "given"}
        for customer in (_customer(chance, number) for number in range(max(20, changes // 20)))
    ]
    orders = [
        {"external_id": f"O-{number}", "customer": chance.choice(customers)["external_id"], "told_by": "load"}
        for number in range(changes // len(PLAIN_LIFE))
    ]
    lives = {order["external_id"]: _life(chance, order["external_id"], PLAIN_LIFE) for order in orders}
    return _feed(chance, STATUSES, customers, orders, lives, is_plain=True)


def read_log(seed, folder, changes):
    """Orders of a real log (customers.csv.gz, orders.csv.gz, status_changes.csv.gz) with about so many changes."""
    chance = random.Random(seed)
    lives, statuses = defaultdict(list), defaultdict(set)
    for row in _rows(folder / "status_changes.csv.gz"):
        lives[row["order"]].append(row)
        statuses[row["type"]].add(row["code"])
    chosen, told = {}, 0
    for order in chance.sample(sorted(lives), len(lives)):
        if told >= changes:
            break
        chosen[order] = [
            _change(order, row["type"], row["code"], _on_its_own(row["occurred_at"], place), f"{order}-{place}")
            for place, row in enumerate(lives[order])
        ]
        told += len(chosen[order])
    owners = {row["external_id"]: row["customer"] for row in _rows(folder / "orders.csv.gz")}
    orders = [
        {"external_id": order, "customer": owners[order], "told_by": chance.choice(["load", "load", "client"])}
        for order in chosen
    ]
    wanted = {order["customer"] for order in orders}
    customers = [
        {
            "external_id": row["external_id"],
            "phone": row["phone"],
            "consent": "given" if row["sms_consent"] == "1" else "unknown",
        }
        for row in _rows(folder / "customers.csv.gz")
        if row["external_id"] in wanted
    ]
    return _feed(chance, {type: sorted(codes) for type, codes in statuses.items()}, customers, orders, chosen)


def _on_its_own(at, place):
    """Several changes of the log share a time; which of them is the newer would be a matter of arrival."""
    return datetime.fromisoformat(at) + timedelta(microseconds=place)


def _rows(path):
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _customer(chance, number):
    area, line = ("202", "303", "415", "602", "212", "808")[number // 100 % 6], 100 + number % 100
    return {
        "external_id": f"C-{number}",
        "phone": "" if chance.random() < 0.05 else f"+1{area}555{line:04d}",
        "consent": chance.choices(["given", "unknown", "refused"], [70, 20, 10])[0],
    }


def _texts(chance, customers):
    """Of three in ten numbers, up to four. A STOP may come without a time, and then counts from when it is heard."""
    texts = []
    for phone in sorted({customer["phone"] for customer in customers} - {""}):
        if chance.random() < 0.3:
            texts += _texts_from(chance, phone)
    chance.shuffle(texts)
    for place in range(len(texts), 0, -1):
        if chance.random() < 0.15:
            texts.insert(chance.randrange(place, len(texts) + 1), texts[place - 1])
    return texts


def _texts_from(chance, phone):
    texts = [
        {"id": f"{phone}-{place}", "from": phone, "text": chance.choice(STOPS + STARTS + OTHERS), "ago_s": ago_s}
        for place, ago_s in enumerate(chance.sample(AGO_S, chance.randrange(1, 5)))
    ]
    stops = [text for text in texts if text["text"] in STOPS]
    if stops and chance.random() < 0.2:
        stops[0]["ago_s"] = None
    return texts


def _order(chance, external_id, customers):
    return {
        "external_id": external_id,
        "customer": None if chance.random() < 0.03 else chance.choice(customers)["external_id"],
        "told_by": chance.choice(["load", "load", "client"]),
    }


def _life(chance, order, steps):
    changes, at = [], BEGAN + timedelta(seconds=chance.randrange(86400))
    for place, (type, code) in enumerate(steps):
        at += timedelta(seconds=chance.randrange(1, 7200))
        changes.append(_change(order, type, code, at, f"{order}-{place}"))
    return changes


def _change(order, type, code, at, event_id):
    return {"order": order, "type": type, "code": code, "occurred_at": at.isoformat(), "event_id": event_id}


def _feed(chance, statuses, customers, orders, lives, *, is_plain=False):
    write = _plain_script if is_plain else _script
    scripts = [write(chance, order, lives[order["external_id"]]) for order in orders]
    clients = [_client(chance, scripts[number::CLIENTS]) for number in range(CLIENTS)]
    texts = [] if is_plain else _texts(chance, customers)
    return {"statuses": statuses, "customers": customers, "orders": orders, "clients": clients, "texts": texts}


def _client(chance, scripts):
    """All that one client says, its orders mixed, as one list of things cut into requests."""
    mixed, under_way = [], []
    while scripts or under_way:
        while scripts and len(under_way) < 12:
            under_way.append(scripts.pop())
        script = chance.choice(under_way)
        mixed.append(script.pop(0))
        if not script:
            under_way.remove(script)
    return list(_requests(chance, mixed))


def _plain_script(_chance, _order, life):
    return [{"change": change} for change in life]


def _script(chance, order, life):
    """An order's changes, some unknown, without an id, too late, or told again; and perhaps the order itself."""
    said = [{"change": _blur(chance, change)} for change in life]
    for place in range(len(said)):
        if chance.random() < 0.08:  # overtaken by those after it
            said.insert(min(len(said), place + chance.randrange(1, 4)), said.pop(place))
    for place in range(len(said), 0, -1):
        if chance.random() < 0.15:
            said.insert(chance.randrange(place, len(said) + 1), said[place - 1])
    if order["told_by"] == "client":
        said.insert(chance.choice([0, 0, 1, 2]), {"order": order})
    return said


def _blur(chance, change):
    if chance.random() < 0.1:
        return {name: value for name, value in change.items() if name != "event_id"}
    return {**change, "code": "no_such_code"} if chance.random() < 0.03 else change


def _requests(chance, said):
    """One change alone, or many in a list; an order is told alone."""
    batch, size = [], _size(chance)
    for one in said:
        if "order" in one:
            if batch:
                yield {"changes": batch}
            yield one
            batch = []
            continue
        batch.append(one["change"])
        if len(batch) >= size:
            yield {"changes": batch}
            batch, size = [], _size(chance)
    if batch:
        yield {"changes": batch}


def _size(chance):
    return chance.choice([1, 1, 2, 5, chance.randrange(1, LARGEST_LIST)])
