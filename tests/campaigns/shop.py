"""A shop to try campaigns in, and definitions in few words."""

from datetime import UTC, datetime, timedelta

import time_machine
from django.utils import timezone

from campaigns.draining import drain
from campaigns.lifecycle import activate, save_draft
from campaigns.models import Message, Run
from orders.models import Order
from orders.said import Said
from orders.transitions import hear
from orders.upserts import read_order, upsert_orders
from tests.factories import CustomerFactory, OrderFactory, SourceFactory, vocabulary
from workspace.models import Workspace

CREATED = {"kind": "order_created", "params": {}}
NOON = datetime(2024, 5, 3, 12, 0, tzinfo=UTC)

PAID = {"kind": "order_status_changed", "params": {"type": "payment", "from": "any", "to": ["paid"]}}


def definition(*steps, code="thanks", **keys):
    """A campaign that starts when an order is paid, unless `keys` say otherwise."""
    return {"format": 1, "code": code, "name": "Thanks", "trigger": PAID, "steps": list(steps), **keys}


def trigger(type="payment", came_from="any", to="any"):
    return {"kind": "order_status_changed", "params": {"type": type, "from": came_from, "to": to}}


def sms(key="text", text="Hello", purpose="transactional", sent=(), not_sent=(), **params):
    branches = {"sent": list(sent), "not_sent": list(not_sent)}
    return {
        "key": key,
        "kind": "send_sms",
        "params": {"text": text, "purpose": purpose, **params},
        "branches": {name: steps for name, steps in branches.items() if steps},
    }


def webhook(key="tell", endpoint="erp", sent=(), not_sent=(), **params):
    branches = {"sent": list(sent), "not_sent": list(not_sent)}
    return {
        "key": key,
        "kind": "call_webhook",
        "params": {"endpoint": endpoint, **params},
        "branches": {name: steps for name, steps in branches.items() if steps},
    }


def wait(key="pause", value=1, unit="hours"):
    return {"key": key, "kind": "wait", "params": {"duration": {"value": value, "unit": unit}}}


def wait_for(*to, key="awaited", type="delivery", hours=24, arrived=(), timed_out=()):
    params = {"type": type, "to": list(to), "duration": {"value": hours, "unit": "hours"}}
    branches = {"arrived": list(arrived), "timed_out": list(timed_out)}
    return {
        "key": key,
        "kind": "wait_for_status",
        "params": params,
        "branches": {name: steps for name, steps in branches.items() if steps},
    }


def step(kind, key, branches=None, **params):
    """Any step; of its branches those that hold steps."""
    return {"key": key, "kind": kind, "params": params, "branches": branches or {}}


def asks(*conditions, key="asked", combinator="and", yes=(), no=()):
    rule = {"combinator": combinator, "rules": list(conditions)}
    branches = {"yes": list(yes), "no": list(no)}
    return {"key": key, "kind": "filter_customers", "params": {"rule": rule}, "branches": branches}


def condition(field, operator, value=None, **at):
    return {"field": field, "operator": operator, "value": value, **at}


class Shop:
    """It speaks live, and knows the payment statuses `invoiced` and `paid`, and the delivery status `shipped`."""

    def __init__(self):
        Workspace.objects.update(orders_enabled=True)
        self.source, self.told = SourceFactory(), 0
        self.statuses = vocabulary(("payment", "invoiced"), ("payment", "paid"), ("delivery", "shipped"))

    def order(self, external_id="O-1", **fields):
        return OrderFactory(external_id=external_id, **fields)

    def tell(self, external_id, code, *, minutes_ago=0, type=None, event_id=None, **how):
        at = timezone.now() - timedelta(minutes=minutes_ago)
        type = type or ("delivery" if code == "shipped" else "payment")
        self.told += 1
        return hear([Said(external_id, type, code, at, event_id or str(self.told))], self.source, **how)

    def start(self, *steps, **keys):
        """Activate a campaign of these steps, as of now."""
        campaign, _is_new = save_draft(definition(*steps, **keys))
        return activate(campaign).activation.campaign

    def pay(self, external_id="O-1", **fields):
        """An order is made if need be, is paid, and what follows is carried out. Answers its newest run."""
        if not Order.objects.filter(external_id=external_id).exists():
            self.order(external_id, **fields)
        self.tell(external_id, "invoiced")
        self.tell(external_id, "paid")
        drain()
        return Run.objects.filter(order__external_id=external_id).first()


def customer_in(zone, **fields):
    return CustomerFactory(timezone=zone, **fields)


def path(run):
    """[(step, outcome), …]"""
    return list(run.events.order_by("number").values_list("step", "outcome"))


def ending(run):
    run.refresh_from_db()
    return (run.state, run.reason)


def message_of(run, step="text"):
    return Message.objects.get(run=run, step=step)


def later(clock, **how):
    """Let time pass, and do what is due by then."""
    clock.shift(timedelta(**how))
    drain()


def at(moment):
    return time_machine.travel(moment, tick=False)


def bring(shop, *rows, **how):
    return upsert_orders([read_order(row) for row in rows], shop.source, **how)
