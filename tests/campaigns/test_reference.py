"""Random campaigns over random histories: the product and the plain reference interpreter tell the same story."""

from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from unittest.mock import patch

import pytest
import time_machine
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from campaigns import back_filling, engine, lifecycle, looking_back
from campaigns.books import audit
from campaigns.draining import drain
from campaigns.interventions import VERBS, Why
from campaigns.models import Campaign, Run
from campaigns.sms import breaker, sending
from campaigns.sweeping import sweep
from campaigns.webhooks import calling, verdicts
from customers.models import Customer as RealCustomer
from orders.models import Order as RealOrder
from orders.said import Said
from orders.transitions import hear
from orders.upserts import read_order, upsert_orders
from tests.campaigns.reference import (
    IS_BUSY,
    RECEIVERS,
    REFUSES,
    SET,
    TAKES,
    TEXTS,
    TYPES,
    Customer,
    Order,
    Reference,
)
from tests.campaigns.webhooks.receiver import endpoint
from tests.factories import CustomerFactory, OrderFactory, SourceFactory, StatusFactory
from tests.servers import Server
from workspace.models import Workspace

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("memory", "receivers", "small_sets")]

STATUSES = {TAKES: 204, REFUSES: 400, IS_BUSY: 503}

KNOWN, LATER = ("Alpha", "beta"), "gamma"
CODES = (*KNOWN, LATER)
EVERY_ORDER = ("O-1", "O-2", "O-3")
PHONES = {
    "": "",
    "mobile": "+61 491 570 156",
    "fixed": "+61 2 5550 1234",
    "unknown": "+1 602 555 0124",
    "invalid": "ask reception",
}
ZONES = ("", "Asia/Tokyo", "America/New_York", "Europe/London", "Australia/Lord_Howe")
# Among them the evenings before clocks change in New York, London and on Lord Howe Island.
BEGINNINGS = tuple(
    datetime(*moment, tzinfo=UTC)
    for moment in ((2024, 5, 3, 12), (2024, 3, 9, 20), (2024, 10, 26, 18), (2024, 10, 5, 10), (2024, 11, 2, 22))
)


@pytest.fixture
def receivers(settings, monkeypatch):
    """Each answers as the reference knows it. Pauses are as long as they say, and failures keep no endpoint out."""
    settings.WEBHOOK_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    monkeypatch.setattr(verdicts, "SPREAD", 0)
    monkeypatch.setattr(calling, "A_CROWD", 10**9)
    with Server(lambda heard: (STATUSES[RECEIVERS[heard.path.strip("/")]], b"")) as server:
        for code in RECEIVERS:
            endpoint(code, f"{server.url}/{code}")
        yield


@pytest.fixture
def small_sets(monkeypatch):
    """Of changes and orders, which are taken in the order of their ids; moments of the clock come all at once."""
    take = looking_back.Rows.take

    def take_few(self, back_fill):
        with patch.object(looking_back, "set_size", lambda: SET):
            return take(self, back_fill)

    monkeypatch.setattr(back_filling, "set_size", lambda: SET)
    monkeypatch.setattr(looking_back.Rows, "take", take_few)


# What a worker does beside the others: one batch of it.
WORK = {
    "sweep": sweep,
    "fill": back_filling.fill,
    "carry": engine.advance,
    "send": sending.send_due,
    "call": calling.call_due,
}


class Author(Random):
    """Makes up stories: a beginning, two customers, two versions of a campaign, and what happens."""

    def story(self, length):
        self.beginning = self.choice(BEGINNINGS)
        self.created = 0
        happenings = [("tell", *self.telling()) for _ in range(self.randrange(4))]
        happenings.append(("activate", 0, self.choice(("now", "beginning", 60)), "finish"))
        happenings += [self.happening() for _ in range(length)]
        first = self.definition()
        return (
            self.beginning,
            (self.customer("A"), self.customer("B")),
            (first, self.edited(first) if self.chance(0.7) else self.definition()),
            [*happenings, ("pass_time", 1500)],
        )

    def customer(self, name):
        return Customer(
            name,
            first_name=self.choice(("Ada", "")),
            zone=self.choice(ZONES),
            phone=self.choice(("mobile",) * 12 + tuple(PHONES)),
            consent=self.choice(("given",) * 5 + ("unknown", "refused")),
            refused=self.choice(((), (), (), ("news",))),
        )

    def happening(self):
        kinds = {
            "tell": (25, self.telling),
            "pass_time": (9, lambda: [self.choice((1, 5, 45, 600, 1500, 44000))]),
            "add_status": (2, lambda: [self.heard_type()]),
            "change_customer": (3, self.change_of_heart),
            "create": (2, self.creating),
            "write_date": (3, self.writing_a_date),
            "change_total": (1, lambda: [self.order(), self.choice((None, 999, 1230))]),
            "switch_orders": (1, lambda: [self.chance(0.8)]),
            "activate": (3, self.publishing),
            "stop_back_fill": (0.3, list),
            "pause": (1, list),
            "resume": (2, lambda: [self.choice((None, None, 0, 60, 1500))]),
            "end": (0.2, list),
            "hold": (1.5, self.whose),
            "release": (3, self.whose),
            "stop_order": (0.5, self.whose),
            "fail": (0.5, lambda: [self.choice((0, 45, 600, 1500))]),
            "retry": (1, self.whose),
            "let_go": (1.5, lambda: [self.choice((None, 1, 2))]),
            "let_none_go": (0.5, list),
            "work": (3, lambda: [self.choice(tuple(WORK))]),
            "crash": (1, lambda: [self.choice(("sweep", "fill", "carry"))]),
        }
        [kind] = self.choices(list(kinds), [weight for weight, _details in kinds.values()])
        return (kind, *kinds[kind][1]())

    def telling(self):
        minutes_ago = self.choice((0,) * 9 + (1, 90, 3000))
        orders = EVERY_ORDER if self.chance(0.35) else [self.order()]
        return [orders, self.heard_type(), self.choice((*KNOWN * 3, LATER)), minutes_ago, self.chance(0.95)]

    def publishing(self):
        since = self.choice(("now", "now", "beginning", 60))
        return [self.randrange(2), since, self.choice(("finish", "move", "move", "stop"))]

    def whose(self):
        return [self.choice((None, self.order()))]

    def creating(self):
        self.created += 1
        minutes_ago = self.choice((None, None, 0, 90, 3000, 44000))
        return [f"N-{self.created}", self.choice(("A", "B", None)), minutes_ago, self.chance(0.9)]

    def writing_a_date(self):
        return [self.order(), self.choice((-3, 0, 0, 1, 2, 30, None)), self.choice((None, 0, 23))]

    def change_of_heart(self):
        if self.chance(0.5):
            return [self.choice("AB"), "consent", self.choice(("given", "given", "unknown", "refused"))]
        return [self.choice("AB"), "phone", self.choice(("mobile",) * 4 + tuple(PHONES))]

    def definition(self):
        limits = {
            "reentry": (0.4, self.reentry),
            "max_age": (0.15, self.duration),
            "frequency_cap": (0.3, self.cap),
            "hourly_limit": (0.3, lambda: {"messages": self.choice((1, 1, 2, "auto"))}),
            "stop_on": (0.3, self.stop_on),
            "starts_at": (0.07, lambda: self.moment(-100, 60)),
            "ends_at": (0.07, lambda: self.moment(1000, 5000)),
            "attribution_window": (0.1, self.duration),
        }
        return {
            "format": 1,
            "code": "random",
            "name": "Random",
            "trigger": self.trigger(),
            "steps": self.steps(depth=1),
            **{name: make() for name, (likely, make) in limits.items() if self.chance(likely)},
        }

    def edited(self, definition):
        """Much stands as it stood. Some steps say something else, some are gone, some are new."""
        steps = self.edited_steps(definition["steps"]) or self.steps(depth=1)
        kept = definition if self.chance(0.5) else self.definition()
        return {**kept, "trigger": definition["trigger"], "steps": steps}

    def edited_steps(self, steps):
        edited = []
        for step in steps:
            if self.chance(0.15):
                edited.append(self.step(depth=3, key=f"new-{step['key']}"))
            if self.chance(0.85):
                branches = {name: self.edited_steps(inside) for name, inside in step["branches"].items()}
                _weight, make, _names = self.kinds()[step["kind"]]
                edited.append({**step, "params": make() if self.chance(0.4) else step["params"], "branches": branches})
        return edited

    def cap(self):
        category = {"category": "news"} if self.chance(0.4) else {}
        then = {"then": self.choice(("skip", "defer", "defer"))} if self.chance(0.7) else {}
        return {"messages": self.choice((1, 2)), "per": self.choice(("day", "week")), **category, **then}

    def trigger(self):
        kinds = {
            "order_status_changed": (9, self.change),
            "order_created": (1, dict),
            "stuck_in_status": (2, self.stay),
            "days_since_last_order": (1, lambda: {"days": self.choice((1, 2, 30))}),
            "date_comes": (2, self.coming),
        }
        [kind] = self.choices(list(kinds), [weight for weight, _params in kinds.values()])
        return {"kind": kind, "params": kinds[kind][1]()}

    def stay(self):
        return {"type": self.heard_type(), "statuses": self.some_codes(), "duration": self.duration()}

    def coming(self):
        when = self.choice(("before", "on", "after"))
        days = {} if when == "on" else {"days": self.choice((1, 2))}
        return {"field": "custom.visit", "when": when, "at": self.choice(("01:45", "02:15", "10:00")), **days}

    def change(self):
        came_from = self.choice(("any",) * 9 + ("any_existing", "none", self.some_codes(), {"not": self.some_codes()}))
        return {"type": self.heard_type(), "from": came_from, "to": self.choice(("any", "any", self.some_codes()))}

    def reentry(self):
        mode = self.choice(("every_time", "once_per_order", "first_visit", "once_per_customer", "not_within"))
        more = {"days": self.choice((1, 30)), "per": self.choice(("order", "customer"))}
        return {"mode": mode, **(more if mode == "not_within" else {})}

    def steps(self, depth, prefix="s"):
        return [self.step(depth, f"{prefix}{place}") for place in range(self.choice((1, 2, 3)))]

    def kinds(self):
        """How often each comes, what its params are made by, and its branches."""
        return {
            "wait": (4, self.wait, ()),
            "filter_customers": (4, self.filter, ("yes", "no")),
            "send_sms": (8, self.sms, ("sent", "not_sent")),
            "call_webhook": (3, self.webhook, ("sent", "not_sent")),
            "wait_until": (2, self.wait_until, ()),
            "wait_for_status": (3, self.wait_for_status, ("arrived", "timed_out")),
            "split": (1, self.split, ("a", "b")),
            "holdout": (1, lambda: {"percent": self.choice((10, 50, 90))}, ("in", "held_out")),
            "limit_participants": (2, self.limit, ("yes", "no")),
            "change_customer": (1, self.word_of_customer, ()),
            "stop": (0.3, dict, ()),
        }

    def step(self, depth, key):
        kinds = self.kinds()
        [kind] = self.choices(list(kinds), [weight for weight, _make, _names in kinds.values()])
        _weight, make, names = kinds[kind]
        deeper = [name for name in names if depth < 3 and self.chance(0.4)]
        branches = {name: self.steps(depth + 1, f"{key}{name}") for name in deeper}
        return {"key": key, "kind": kind, "params": make(), "branches": branches}

    def wait(self):
        return {"duration": self.duration()}

    def wait_until(self):
        day = {
            "weekdays": (0.3, lambda: self.sample(range(1, 8), 2)),
            "date": (0.1, lambda: self.moment(-3000, 3000)[:10]),
        }
        some = {name: make() for name, (likely, make) in day.items() if self.chance(likely)}
        some = {"date": some["date"]} if "date" in some else some
        return {"time": self.choice(("00:00", "01:30", "02:15", "02:30", "09:00", "23:45")), **some}

    def wait_for_status(self):
        return {"type": self.heard_type(), "to": self.some_codes(), "duration": self.duration()}

    def split(self):
        return {"variants": [{"key": key, "weight": self.choice((1, 1, 3))} for key in "ab"]}

    def limit(self):
        in_all = {"total": self.choice((1, 2, 3))}
        per_period = {"per_period": self.choice((1, 2)), "period": self.choice(("hour", "day", "week"))}
        return self.choice((in_all, per_period, in_all | per_period))

    def word_of_customer(self):
        attribute = {"attribute": "level", "value": self.choice((1, "gold", False))}
        tags = {"add_tags": self.choice((["vip"], ["vip", "old"])), "remove_tags": ["old"]}
        return self.choice((attribute, tags, attribute | tags))

    def stop_on(self):
        types = self.sample(("payment", "delivery"), self.choice((1, 1, 2)))
        return [{"type": type, "to": self.sample((*CODES, "ALPHA"), 1)} for type in types]

    def moment(self, least, most):
        return (self.beginning + timedelta(minutes=self.randrange(least, most))).isoformat()

    def filter(self):
        return {"rule": self.group(lambda: self.condition() if self.chance(0.8) else self.group(self.condition))}

    def sms(self):
        optional = {
            "deliver": (0.5, lambda: self.choice(("immediately", "outside_quiet_hours"))),
            "only_if_still": (0.3, lambda: self.chance(0.7)),
            "lifetime": (0.3, self.duration),
            "category": (0.3, lambda: "news"),
        }
        return {
            "text": self.choice(tuple(TEXTS)),
            "purpose": self.choice(("transactional", "marketing")),
            **{name: make() for name, (likely, make) in optional.items() if self.chance(likely)},
        }

    def webhook(self):
        lifetime = {"lifetime": self.duration()} if self.chance(0.5) else {}
        return {"endpoint": self.choice((*RECEIVERS, "nowhere")), **lifetime}

    def group(self, part):
        rules = [part() for _ in range(self.choice((1, 2)))]
        return {"combinator": self.choice(("and", "or")), "not": self.chance(0.2), "rules": rules}

    def condition(self):
        status = f"order.{self.choice(TYPES)}_status"
        field, operator, value = self.choice(
            (
                (status, self.choice(("=", "!=")), self.choice(CODES)),
                (status, self.choice(("in", "notIn")), self.some_codes()),
                (status, self.choice(("null", "notNull")), None),
                ("order.total", self.choice(("=", "!=", "<", "<=", ">", ">=")), self.choice((10, "12.3", 12.30))),
                ("order.total", "between", [10, "20"]),
                ("order.currency", self.choice(("=", "in", "notIn", "contains")), "EUR"),
                ("order.external_id", self.choice(("beginsWith", "endsWith", "doesNotContain")), self.choice("O1")),
                ("customer.first_name", self.choice(("=", "!=", "contains", "doesNotContain")), "Ada"),
                ("customer.timezone", self.choice(("null", "notNull")), ""),
                ("customer.sms_consent", self.choice(("=", "!=")), self.choice(("given", "unknown", "refused"))),
                ("customer.has_phone", "=", self.chance(0.5)),
            )
        )
        has_past = field.endswith("_status") or field in ("order.total", "order.currency")
        moment = {"at": self.choice(("trigger", "now"))} if has_past and self.chance(0.8) else {}
        return {"field": field, "operator": operator, "value": value, **moment}

    def some_codes(self):
        return self.sample((*CODES, "ALPHA", "never"), 2)

    def duration(self):
        return {"value": self.choice((1, 5, 30)), "unit": self.choice(("minutes", "hours", "days"))}

    def order(self):
        return self.choice(EVERY_ORDER * 3 + ("O-4",))

    def heard_type(self):
        """Of two: most changes must speak of what the trigger watches."""
        return self.choice(("payment",) * 5 + ("delivery",))

    def chance(self, likely):
        return self.random() < likely


@contextmanager
def undone():
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


class Product:
    """The same verbs as the reference, over the real thing."""

    def __init__(self, customers, orders, statuses):
        Workspace.objects.update(orders_enabled=True)
        self.source, self.told = SourceFactory(), 0
        for type, code in statuses:
            self.add_status(type, code)
        people = {
            customer.name: CustomerFactory(
                external_id=customer.name,
                first_name=customer.first_name,
                timezone=customer.zone,
                phone_written=PHONES[customer.phone],
                sms_consent=customer.consent,
                refused_categories=list(customer.refused),
                attributes=customer.attributes,
                tags=sorted(customer.tags),
            )
            for customer in customers
        }
        for order in orders:
            customer = order.customer and people[order.customer.name]
            money = {"total_minor": 1230, "currency": "EUR"}
            OrderFactory(external_id=order.name, customer=customer, ordered_at=order.ordered_at, **money)

    def tell(self, orders, type, code, at, *, fires):
        self.told += 1  # each is an event of its own
        said = [Said(order, type, code, at, f"{self.told}/{order}") for order in orders]
        hear(said, self.source, fires=fires)

    def add_status(self, type, code):
        StatusFactory(type=type, code=code, name=f"Word {code}")

    def activate(self, definition, **how):
        campaign, _is_new = lifecycle.save_draft(definition)
        moments = {"from_the_beginning": how.get("beginning", False), "effective_from": how.get("since")}
        lifecycle.activate(campaign, **moments, former=how["former"])

    def stop_back_fill(self):
        back_filling.stop(Campaign.objects.get())

    def resume(self, drop_due_before):
        lifecycle.resume(Campaign.objects.get(), drop_due_before=drop_due_before)

    def intervene(self, verb, order):
        runs = Run.objects.all() if order is None else Run.objects.filter(order__external_id=order)
        assert VERBS[verb](runs, Why("a story")).left == 0

    def held(self):
        held = breaker.held_of(Campaign.objects.get())
        return held.number if held else 0

    def let_go(self, first):
        breaker.release(Campaign.objects.get(), first)

    def let_none_go(self):
        breaker.drop(Campaign.objects.get())

    def change_customer(self, name, what, value):
        customer = RealCustomer.objects.get(external_id=name)
        if what == "phone":
            customer.phone_written = PHONES[value]
        else:
            value = sorted(value) if isinstance(value, set) else value
            setattr(customer, {"consent": "sms_consent"}.get(what, what), value)
        customer.save()

    def create(self, name, customer, ordered_at, *, fires):
        row = {"external_id": name, "customer": customer, "total": "12.30", "currency": "EUR"}
        told = row | ({"ordered_at": ordered_at.isoformat()} if ordered_at else {})
        upsert_orders([read_order(told)], self.source, fires=fires)

    def write_date(self, name, date):
        order = RealOrder.objects.get(external_id=name)
        order.custom = {"visit": date}
        order.save()

    def change_total(self, name, minor):
        RealOrder.objects.filter(external_id=name).update(total_minor=minor)

    def switch_orders(self, on):
        Workspace.objects.update(orders_enabled=on)

    def crash(self, work):
        """A batch is worked through, and its worker dies before it is committed."""
        with undone():
            WORK[work]()

    def fail(self):
        """A worker of a broken release takes a batch."""

        def broken(*_args, **_keys):
            raise ZeroDivisionError

        with pytest.MonkeyPatch.context() as release, suppress(ZeroDivisionError):
            release.setattr(engine, "World", broken)
            engine.advance()

    def customers(self):
        rows = RealCustomer.objects.order_by("external_id")
        return [(row.external_id, set(row.tags), row.attributes) for row in rows]

    def change_state(self, verb):
        getattr(lifecycle, verb)(Campaign.objects.get())

    def outcomes(self):
        runs = Run.objects.order_by("pk").select_related("order", "transition__to_status")
        return [
            {
                "order": run.order.external_id,
                "about": (run.occasion.partition(":")[0], run.occurred_at),
                "to": run.transition and run.transition.to_status.code,
                "state": run.state,
                "reason": run.reason,
                "path": [(event.step, event.outcome) for event in run.events.order_by("number")],
                "messages": [(m.step, m.state, m.skip_reason, m.text) for m in run.messages.order_by("pk")],
                "calls": [(c.step, c.state, c.skip_reason, c.attempts) for c in run.calls.order_by("pk")],
            }
            for run in runs.prefetch_related("events", "messages", "calls")
        ]


class Teller:
    """Tells the reference and the product the same story, a verb at a time."""

    def __init__(self, story, clock):
        self.clock = clock
        beginning, customers, self.definitions, self.happenings, *ordered = story
        ada, bob = customers
        orders = [
            Order(name, customer, Decimal("12.30"), "EUR")
            for name, customer in (("O-1", ada), ("O-2", ada), ("O-3", bob), ("O-4", None))
        ]
        for order, ordered_at in zip(orders, *ordered or [[None] * 4], strict=True):
            order.ordered_at = ordered_at
        statuses = [(type, code) for type in TYPES for code in KNOWN]
        self.reference = Reference(beginning, customers, orders, statuses)
        self.product = Product(customers, orders, statuses)
        self.learn_keys()

    def learn_keys(self):
        """Chance goes by what the product calls its customers and orders."""
        for known, model in ((self.reference.customers, RealCustomer), (self.reference.orders, RealOrder)):
            for name, pk in model.objects.values_list("external_id", "pk"):
                known[name].pk = pk

    def tell_all(self):
        for verb, *details in self.happenings:
            getattr(self, verb)(*details)

    def tell(self, orders, type, code, minutes_ago, fires):
        at = self.reference.now - timedelta(minutes=minutes_ago)
        for order in orders:
            self.reference.tell(order, type, code, at, fires=fires)
        self.product.tell(orders, type, code, at, fires=fires)

    def pass_time(self, minutes):
        self.drain()
        self.later(minutes)
        self.drain()

    def later(self, minutes):
        self.reference.now += timedelta(minutes=minutes)
        self.clock.move_to(self.reference.now, tick=False)

    def drain(self):
        self.reference.drain()
        drain()

    def add_status(self, type):
        if (type, LATER) not in self.reference.statuses:
            self.reference.add_status(type, LATER)
            self.product.add_status(type, LATER)

    def change_customer(self, name, what, value):
        setattr(self.reference.customers[name], what, value)
        self.product.change_customer(name, what, value)

    def create(self, name, customer, minutes_ago, fires):
        ordered_at = None if minutes_ago is None else self.reference.now - timedelta(minutes=minutes_ago)
        self.reference.create(name, customer, ordered_at, fires=fires)
        self.product.create(name, customer, ordered_at, fires=fires)
        self.learn_keys()

    def write_date(self, name, days, hour):
        """None: no date. Without an hour it is a day, else a moment."""
        date = "" if days is None else self.reference.now + timedelta(days=days)
        if date:
            date = date.date().isoformat() if hour is None else date.replace(hour=hour).isoformat()
        self.reference.orders[name].date = date
        self.product.write_date(name, date)

    def change_total(self, name, minor):
        self.reference.orders[name].total = None if minor is None else Decimal(minor) / 100
        self.product.change_total(name, minor)

    def switch_orders(self, on):
        self.reference.orders_on = on
        self.product.switch_orders(on)

    def activate(self, place, since, former="finish"):
        if self.reference.state == "ended":
            return
        how = {"now": {}, "beginning": {"beginning": True}}.get(since)
        how = {"since": self.reference.now - timedelta(minutes=since)} if how is None else how
        how = {**how, "former": former}
        self.reference.activate(self.definitions[place], **how)
        self.product.activate(self.definitions[place], **how)

    def stop_back_fill(self):
        self.reference.stop_back_fill()
        self.product.stop_back_fill()

    def work(self, what):
        self.reference.work(what)
        WORK[what]()

    def crash(self, work):
        self.product.crash(work)

    def fail(self, minutes):
        self.later(minutes)
        self.reference.fail()
        self.product.fail()

    def hold(self, order):
        self.reference.hold(order)
        self.product.intervene("hold", order)

    def release(self, order):
        self.reference.release(order)
        self.product.intervene("release", order)

    def stop_order(self, order):
        self.reference.stop_order(order)
        self.product.intervene("stop", order)

    def retry(self, order):
        self.reference.retry(order)
        self.product.intervene("retry", order)

    def let_go(self, first):
        if self.reference.is_tripped:
            self.reference.let_go(first)
            self.product.let_go(first)

    def let_none_go(self):
        if self.reference.is_tripped:
            self.reference.let_none_go()
            self.product.let_none_go()

    def pause(self):
        if self.reference.state == "active":
            self.reference.pause()
            self.product.change_state("pause")

    def resume(self, minutes_ago=None):
        if self.reference.state == "paused":
            drop_due_before = None if minutes_ago is None else self.reference.now - timedelta(minutes=minutes_ago)
            self.reference.resume(drop_due_before)
            self.product.resume(drop_due_before)

    def end(self):
        if self.reference.state in ("active", "paused"):
            self.reference.end()
            self.product.change_state("end")


def check_the_product_agrees_with_the_reference(seed, length):
    check(Author(seed), length)


def check(author, length):
    story = author.story(length)
    for part in (*story[:3], *story[3], *story[4:]):
        note(str(part))

    with undone(), time_machine.travel(story[0], tick=False) as clock:
        teller = Teller(story, clock)
        teller.tell_all()

        assert teller.product.outcomes() == teller.reference.outcomes()
        assert teller.product.held() == len(teller.reference.waiting_for_a_person)
        told = sorted((customer.name, customer.tags, customer.attributes) for customer in story[1])
        assert teller.product.customers() == told
        assert audit()["unaccounted"] == 0


# A story is found again by its seed, and is not made simpler but shorter by hand.
AS_TOLD = {
    "deadline": None,
    "suppress_health_check": list(HealthCheck),
    "phases": [Phase.explicit, Phase.reuse, Phase.generate],
}
random_story = given(st.integers(0, 2**64), st.integers(12, 36))

# The same few stories each time; `make proof` tells others.
test_the_product_agrees_with_the_reference = settings(max_examples=15, derandomize=True, **AS_TOLD)(
    random_story(check_the_product_agrees_with_the_reference)
)
test_the_product_agrees_with_the_reference_at_length = pytest.mark.proof(
    settings(max_examples=4000, **AS_TOLD)(random_story(check_the_product_agrees_with_the_reference))
)
