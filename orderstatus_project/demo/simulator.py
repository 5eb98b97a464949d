"""The demo's shop: tells over the REST API, with a key of its own, how its orders move, as a shop's system would.

    python -m orderstatus_project.demo.simulator http://127.0.0.1:8000

Something happens every 5 seconds, and at once when somebody opens the start page. Some events are told twice, some come
late. When nobody has looked for a while it slows down; when its orders are delivered, new ones come in.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import django
import structlog
from django.apps import apps

from orderstatus_project.demo import controls
from orderstatus_project.demo.shop import (
    ARRIVED,
    COURIER,
    DONE,
    FIRST_NUMBER,
    NEW,
    PAID,
    PICKUP,
    POINTS,
    PREFIX,
    SHIPPED,
    STAGES,
    VISITORS_ORDER,
    D,
    Step,
)
from orderstatus_project.kept import read_kept

PACE_S, FAST_PACE_S, IDLE_PACE_S = 5.0, 1.0, 60.0
TICK_S = 0.25
# The page asks every 1.5 s; after this long without, it was closed, and the next look opens it again.
CLOSED_AFTER_S = 10.0
IDLE_AFTER_S = 600.0
# Fewer orders on their way than this: one more comes in whenever it can.
FEWEST_ORDERS = 60
PATIENCE_S = 10.0

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class ShopOrder:
    """An order as the shop knows it: how it is delivered, and how far along it is (index into the stages)."""

    external_id: str
    method: str
    stage: int
    can_be_texted: bool


@dataclass(slots=True)
class Api:
    """The REST API, over one kept connection."""

    address: str
    key: str
    _line: http.client.HTTPConnection | None = None

    def post(self, path: str, body: Any) -> tuple[int, Any]:
        """Status and body of the answer. Raises OSError or HTTPException when there is none."""
        if self._line is not None:
            try:
                return self._post(self._line, path, body)
            except (OSError, http.client.HTTPException):
                # A kept connection that the server closed meanwhile. Events have ids, so asking again is safe.
                self.hang_up()
        self._line = http.client.HTTPConnection(urlsplit(self.address).netloc, timeout=PATIENCE_S)
        try:
            return self._post(self._line, path, body)
        except (OSError, http.client.HTTPException):
            self.hang_up()
            raise

    def hang_up(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None

    def _post(self, line: http.client.HTTPConnection, path: str, body: Any) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        line.request("POST", f"/api/v1/{path}", json.dumps(body), headers)
        answer = line.getresponse()
        return answer.status, json.loads(answer.read() or b"null")


@dataclass(slots=True)
class Shop:
    """What the shop has and does. `now` and `chance` are given, so that a day of it can be played in a test."""

    api: Api
    orders: list[ShopOrder]
    customers: list[str]
    chance: random.Random = field(default_factory=random.Random)
    turn: int = 0
    last_told: list[dict[str, Any]] = field(default_factory=list)

    def act(self) -> None:
        """The next thing in the course of business; if it cannot be done just now, the next that can."""
        course = COURSE[self.turn % len(COURSE)]
        self.turn += 1
        _done = course(self) or self.pay() or self.ship() or self.open_order()

    def bring_to_pickup(self, *, surely_texted: bool = False) -> bool:
        """A paid order arrives at its pickup point: what “Ready for pickup” waits for."""
        return self._move(
            SHIPPED, lambda order: order.method == PICKUP and (order.can_be_texted or not surely_texted)
        ) or self._move(SHIPPED, lambda order: not surely_texted)

    def open_order(self) -> bool:
        number = max([int(order.external_id.removeprefix(PREFIX)) for order in self.orders] or [FIRST_NUMBER]) + 1
        method = PICKUP if self.chance.random() < 0.75 else COURIER
        order = ShopOrder(f"{PREFIX}{number}", method, NEW, self.chance.random() < 0.9)
        status, answer = self.api.post("orders/", self._new_order(order))
        if status not in (HTTPStatus.OK, HTTPStatus.CREATED):
            return self._refused("orders/", status, answer)
        self.orders.append(order)
        return self._tell(order, STAGES[method][NEW])

    def pay(self) -> bool:
        return self._move(NEW)

    def ship(self) -> bool:
        return self._move(PAID)

    def deliver(self) -> bool:
        return self._move(ARRIVED) and self._forget_done()

    def tell_again(self) -> bool:
        """The last events once more, as a shop does that lost our answer."""
        if not self.last_told:
            return False
        _status, answer = self.api.post("status-changes/", self.last_told)
        if not answer.get("duplicates"):
            return False
        controls.tell_repeat(self.last_told[-1]["order"], self.last_told[-1]["code"])
        return True

    def tell_late(self) -> bool:
        """An event of yesterday that was held up on its way."""
        arrived = [order for order in self.orders if order.stage == ARRIVED]
        if not arrived:
            return False
        order, yesterday = self.chance.choice(arrived), datetime.now(UTC) - timedelta(days=1)
        self.api.post("status-changes/", [self._change(order, (D, "shipped"), yesterday)])
        return True

    def _move(self, stage: int, suits: Callable[[ShopOrder], bool] = lambda _order: True) -> bool:
        """Bring one order that stands at `stage` to the next one."""
        standing = [order for order in self.orders if order.stage == stage and suits(order)]
        if not standing:
            return False
        order = self.chance.choice(standing)
        order.stage += 1
        return self._tell(order, STAGES[order.method][order.stage])

    def _tell(self, order: ShopOrder, steps: tuple[Step, ...]) -> bool:
        now = datetime.now(UTC)
        changes = [self._change(order, step, now) for step in steps]
        status, answer = self.api.post("status-changes/", changes)
        if status != HTTPStatus.OK or answer["rejected"]:
            # Somebody changed the demo under the shop's hands: it does not sell what is gone.
            self.orders.remove(order)
            return self._refused("status-changes/", status, answer)
        self.last_told = changes
        return True

    def _change(self, order: ShopOrder, step: Step, at: datetime) -> dict[str, Any]:
        type, code = step
        event_id = f"{order.external_id}-{code}-{self.chance.getrandbits(48):012x}"
        return {
            "order": order.external_id, "type": type, "code": code, "occurred_at": at.isoformat(), "event_id": event_id,
        }  # fmt: skip

    def _new_order(self, order: ShopOrder) -> dict[str, Any]:
        delivery = {"method": order.method}
        if order.method == PICKUP:
            delivery["point"] = self.chance.choice(POINTS)
        return {
            "external_id": order.external_id,
            "customer": self.chance.choice(self.customers),
            "total": f"{self.chance.uniform(12, 180):.2f}",
            "currency": "EUR",
            "ordered_at": datetime.now(UTC).isoformat(),
            "delivery": delivery,
        }

    def _forget_done(self) -> bool:
        """But for the newest: its number is where the next ones go on from."""
        newest = self.orders[-1]
        self.orders = [order for order in self.orders if order.stage != DONE or order is newest]
        return True

    def _refused(self, path: str, status: int, answer: Any) -> bool:
        code = answer.get("code") if isinstance(answer, dict) else None
        log.warning("shop_was_refused", path=path, status=status, code=code)
        return False


def few_open(shop: Shop) -> bool:
    """A new order, but only where few are on their way; else one of those goes on."""
    under_way = sum(order.stage < ARRIVED for order in shop.orders)
    return under_way < FEWEST_ORDERS and shop.open_order()


# A minute of business.
COURSE: tuple[Callable[[Shop], bool], ...] = (
    Shop.bring_to_pickup,
    Shop.tell_again,
    Shop.pay,
    Shop.ship,
    Shop.bring_to_pickup,
    few_open,
    Shop.deliver,
    Shop.pay,
    Shop.tell_late,
    Shop.ship,
    few_open,
    Shop.deliver,
)


class Clock:
    """When the shop acts."""

    def __init__(self, now: float) -> None:
        self.looked_at = self.started_at = now
        self.acted_at = 0.0

    def asks(self, now: float, looked_at: float, told: controls.Controls) -> str:
        """ "opened", "due" or nothing."""
        was_closed = looked_at - self.looked_at > CLOSED_AFTER_S
        self.looked_at = max(self.looked_at, looked_at)
        if told.is_paused:
            return ""
        if was_closed or not self.acted_at:
            return "opened"
        return "due" if now - self.acted_at >= self._pace(now, told) else ""

    def _pace(self, now: float, told: controls.Controls) -> float:
        if now - self.looked_at > IDLE_AFTER_S:
            return IDLE_PACE_S
        return FAST_PACE_S if told.is_fast else PACE_S


def read_shop(api: Api) -> Shop:
    """The shop's own records: its orders that are not done, and its customers."""
    orders = apps.get_model("orders", "Order").objects.filter(external_id__startswith=PREFIX).order_by("pk")
    columns = ("external_id", "delivery", "general_status__code", "delivery_status__code", "payment_status__code")
    rows = list(
        orders.exclude(external_id=VISITORS_ORDER).values_list(*columns, "customer__sms_consent", "customer__phone")
    )
    known = [
        ShopOrder(external_id, delivery.get("method", COURIER), _stage(codes), consent != "refused" and bool(phone))
        for external_id, delivery, *codes, consent, phone in rows
        if external_id.removeprefix(PREFIX).isdigit()
    ]
    newest = known[-1:]
    customers = apps.get_model("customers", "Customer").objects.filter(external_id__startswith="demo-")
    return Shop(
        api,
        [order for order in known if order.stage != DONE or order in newest],
        list(customers.exclude(external_id="demo-0001").values_list("external_id", flat=True)),
    )


def _stage(codes: list[str | None]) -> int:
    general, delivery, payment = codes
    if general == "completed" or delivery == "delivered":
        return DONE
    if delivery in ("at_pickup_point", "at_delivery_point"):
        return ARRIVED
    if delivery == "shipped":
        return SHIPPED
    return PAID if payment == "paid" else NEW


def open_shop(address: str) -> None:
    """For ever. Nothing that the installation answers, or its silence, ends it."""
    shop = read_shop(Api(address, read_kept()["DEMO_KEY"]))
    clock = Clock(time.time())
    while True:
        asked = clock.asks(time.time(), controls.looked_at(), controls.Controls.read())
        if asked:
            try:
                shop.bring_to_pickup(surely_texted=True) if asked == "opened" else shop.act()
            except (OSError, http.client.HTTPException, ValueError) as error:
                log.warning("shop_was_not_heard", error=type(error).__name__)
            clock.acted_at = time.time()
        time.sleep(TICK_S)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orderstatus_project.settings")
    django.setup()
    open_shop(sys.argv[1])
