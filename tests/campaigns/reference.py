"""What campaigns must do, said a second time: slow, obvious, in plain Python, and without a line of the engine.

A story is told to it as it is told to the product: statuses appear, orders are changed, customers change their minds,
a campaign is activated, published anew, paused and ended, people hold orders and let texts go, time passes. `drain()`
does what is due. Then `outcomes()` can be compared.

A run is a generator that walks the tree of its definition as it is written. It yields its place each time it is about
to take a step (a step's key; "" at the gate), so that many runs can go in step with each other, as they do in a batch:
that decides who comes first where a frequency cap leaves room for one. Taken along by a new version, it walks the tree
of that one, from the step where it stands.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from hashlib import sha256
from zoneinfo import ZoneInfo

from tests.campaigns.reference_rules import Asked, ask

TYPES = ("general", "delivery", "payment")
UNITS = {"minutes": 1, "hours": 60, "days": 24 * 60}
PARKED_FOR = timedelta(days=7)
NEAR, FAR = timedelta(hours=1), timedelta(days=7)
PERIODS = {"day": timedelta(days=1), "week": timedelta(days=7)}
# A text of an order that a person holds is looked at again so often; one that a cap puts off not before that.
HELD_LOOK, CAP_LOOK = timedelta(minutes=10), timedelta(minutes=5)
# A back-fill takes so many changes at a time, and waits while five times as many stand at the gate.
SET = 3
# An hourly limit that is drawn from what is to be expected is no lower than this.
FEWEST_BY_ITSELF = 100


def minutes(duration):
    return timedelta(minutes=duration["value"] * UNITS[duration["unit"]])


@dataclass
class Customer:
    name: str
    first_name: str = "Ada"
    language: str = ""
    zone: str = ""
    # "", "mobile", "fixed", "unknown" or "invalid"
    phone: str = "mobile"
    consent: str = "unknown"
    refused: tuple = ()
    tags: set = field(default_factory=set)
    attributes: dict = field(default_factory=dict)
    # What the product calls it.
    pk: int = 0


@dataclass
class Order:
    name: str
    customer: Customer | None
    total: Decimal | None = None
    currency: str = ""
    placed_at: datetime | None = None
    is_loud: bool = True
    # What a shop wrote into it: a day or a moment, as text.
    date: str = ""
    number: int = 0
    ordered_at: object = None
    statuses: dict = field(default_factory=lambda: dict.fromkeys(TYPES))
    heard: dict = field(default_factory=lambda: dict.fromkeys(TYPES))
    pk: int = 0


@dataclass
class Transition:
    number: int
    order: Order
    type: str
    came_from: str | None
    to: str
    at: object
    is_loud: bool
    statuses: dict
    total: Decimal | None
    currency: str

    @property
    def order_in_time(self):
        return (self.at, self.number)


@dataclass
class Activation:
    definition: dict
    version: int
    since: object  # None: from the beginning
    swept_to: object
    is_live: bool = True
    # What becomes of orders under way on it, once another took over: they finish, move or stop.
    former: str = "finish"
    back_fill: object = None

    def __post_init__(self):
        self.began_at = self.swept_to

    def sweeps_from(self, now):
        """Of one that goes by the clock: what came before it is its back-fill's, until that is through."""
        return self.since if self.back_fill is None or self.back_fill.was_through(now) else self.began_at

    @property
    def kind(self):
        return self.definition["trigger"]["kind"]

    @property
    def params(self):
        return self.definition["trigger"]["params"]

    @property
    def goes_by_the_clock(self):
        return self.kind in ("stuck_in_status", "days_since_last_order", "date_comes")


URGENT, BULK = 0, 1


@dataclass
class BackFill:
    """The changes or orders that are still to be looked at. None: it looks at moments of the clock, all at once."""

    activation: Activation
    left: object
    ended_at: object = None

    def was_through(self, now):
        return self.ended_at is not None and self.ended_at < now


@dataclass
class Message:
    run: object
    step: str
    params: dict
    owed_at: object
    due: object
    state: str = "pending"
    reason: str = ""
    text: str = ""
    sent_at: object = None
    # It waits for the morning, say.
    is_put_off: bool = False
    # A person who looked at the hourly limit let it go, or did not.
    is_let_go: bool = False
    is_dropped: bool = False

    @property
    def lane(self):
        return max(self.run.lane, URGENT if self.params["purpose"] == "transactional" else BULK)


@dataclass(frozen=True)
class Occasion:
    """What a run is about: a change, an order that was created, or what the clock brought."""

    key: tuple
    at: datetime
    order: Order
    transition: Transition | None = None


@dataclass
class Call:
    run: object
    step: str
    params: dict
    owed_at: object
    due: object
    state: str = "pending"
    reason: str = ""
    tries: int = 0
    # Whoever releases its order has it made at once.
    is_put_off: bool = True

    @property
    def expires(self):
        return self.owed_at + minutes(self.params["lifetime"]) if "lifetime" in self.params else None


@dataclass
class Run:
    occasion: Occasion
    definition: dict
    version: int
    due: object
    lane: int = URGENT
    state: str = "waiting"
    reason: str = ""
    events: list = field(default_factory=list)
    messages: list = field(default_factory=list)
    calls: list = field(default_factory=list)
    place: str = ""
    # Since when it stands there.
    since: datetime | None = None
    walk: object = None
    kind: str = ""
    # A person holds it.
    is_held: bool = False
    # Until when it was last told to wait, and whether it would have to wait at some moment.
    until: datetime | None = None
    waits_at: object = lambda _moment: False
    # The types whose changes are news to it where it stands, and whether there was such news.
    listens_for: tuple = ()
    is_woken: bool = False
    # It goes on in the next batch.
    is_resting: bool = False
    # Something was decided about it in this batch.
    is_noted: bool = False
    number: int = 0

    def note(self, step, outcome):
        self.events.append((step, outcome))
        self.is_noted = True

    def end(self, state, reason=""):
        self.state, self.reason, self.due, self.is_held = state, reason, None, False

    def wake(self, now):
        """What it waited for is there. One that is held hears of it when it is released."""
        if self.state == "waiting":
            self.due = None if self.is_held else now

    @property
    def order(self):
        return self.occasion.order

    @property
    def is_due_or_held(self):
        """It waits for nothing that it owes."""
        return self.state == "waiting" and (self.due is not None or self.is_held)

    @property
    def transition(self):
        return self.occasion.transition

    @property
    def to(self):
        return self.transition and self.transition.to

    @property
    def change(self):
        """Which change of all; 0: none."""
        return self.transition.number if self.transition else 0

    @property
    def order_in_time(self):
        return (self.occasion.at, self.change, self.number)


class WayEndsHere(Exception):
    """Somebody took a branch that holds no steps, and that kind of branch then ends the run."""


WAITING = object()


class Reference:
    def __init__(self, now, customers, orders, statuses):
        self.now = self.began = now
        self.customers = {customer.name: customer for customer in customers}
        self.orders = {}
        for order in orders:
            order.placed_at, order.number = now, len(self.orders)
            self.orders[order.name] = order
        self.statuses = set(statuses)
        self.orders_on = True
        self.parked = []
        self.ledger = []
        self.state = "draft"
        self.activations = []
        self.runs = []
        self.messages = []
        self.calls = []
        self.entries = {}
        self.places_taken = {}
        self.back_fill = None
        self.drop_due_before = None
        # The hourly limit, when texts that count were sent, and whether those that follow wait for a person.
        self.limit, self.hour, self.is_tripped = None, [], False

    # What happens

    def tell(self, order, type, code, at, *, fires=True):
        if (type, code) not in self.statuses:
            self.parked.append((at, len(self.parked), order, type, code, fires, self.now + PARKED_FOR))
        else:
            self.move(self.orders[order], type, code, at, fires=fires)

    def move(self, order, type, code, at, *, fires):
        heard = order.heard[type]
        if heard is not None and at < heard:
            return
        order.heard[type] = at
        came_from = order.statuses[type]
        if came_from == code:
            return
        order.statuses[type] = code
        number, is_loud = len(self.ledger) + 1, fires and self.orders_on
        snapshot = (dict(order.statuses), order.total, order.currency)
        transition = Transition(number, order, type, came_from, code, at, is_loud, *snapshot)
        self.ledger.append(transition)
        for run in self.runs:
            if run.order is order and type in (*stop_types(run.definition), *run.listens_for):
                run.is_woken = True
        for activation in self.activations:
            if activation.is_live and activation.kind == "order_status_changed":
                self.start_changed(activation, transition)

    def create(self, name, customer, ordered_at, *, fires):
        placed_at, is_loud = ordered_at or self.now, fires and self.orders_on
        customer = self.customers.get(customer)
        order = Order(name, customer, Decimal("12.30"), "EUR", placed_at, is_loud, number=len(self.orders))
        order.ordered_at = ordered_at
        self.orders[name] = order
        for activation in self.activations:
            if activation.is_live and activation.kind == "order_created":
                self.start_created(activation, order)

    def add_status(self, type, code):
        self.statuses.add((type, code))
        understood = sorted(told for told in self.parked if told[3:5] == (type, code))
        self.parked = [told for told in self.parked if told[3:5] != (type, code)]
        for at, _arrival, order, _type, _code, fires, until in understood:
            if until > self.now:
                self.move(self.orders[order], type, code, at, fires=fires)

    def activate(self, definition, *, beginning=False, since=None, former="finish"):
        before = next((activation for activation in self.activations if activation.is_live), None)
        reaches_back = beginning or since is not None
        if before:
            self.sweep(before)
            before.is_live = False
        newest = self.activations[-1] if self.activations else None
        is_same = newest is not None and newest.definition == definition
        version = (newest.version if newest else 0) + (0 if is_same else 1)
        for older in self.activations:
            if older.version != version and older.former != "stop":
                older.former = former
        activation = Activation(definition, version, None if beginning else since, self.now)
        if not reaches_back:
            by_the_clock = activation.goes_by_the_clock or (before and before.goes_by_the_clock)
            activation.since = before.since if before and not by_the_clock else self.now
        self.activations.append(activation)
        self.state, self.back_fill = "active", None
        hourly = definition.get("hourly_limit", {}).get("messages")
        self.limit = FEWEST_BY_ITSELF if hourly == "auto" else hourly
        if reaches_back:
            there = {"order_status_changed": self.ledger, "order_created": list(self.orders.values())}
            left = there.get(activation.kind)
            self.back_fill = activation.back_fill = BackFill(activation, None if left is None else list(left))

    @property
    def live(self):
        return self.activations[-1]

    def former(self, version):
        """What becomes of orders under way on it."""
        return next(one.former for one in self.activations if one.version == version)

    def pause(self):
        self.state = "paused"

    def resume(self, drop_due_before=None):
        self.state = "active"
        if drop_due_before is not None:
            self.drop_due_before = max(drop_due_before, self.drop_due_before or drop_due_before)

    def end(self):
        self.state, self.back_fill, self.is_tripped = "ended", None, False
        for activation in self.activations:
            activation.is_live = False

    def stop_back_fill(self):
        self.back_fill = None

    # What people do about orders under way

    def of_order(self, name):
        """The runs of an order; None: of all."""
        return [run for run in self.runs if name in (None, run.order.name)]

    def hold(self, name):
        for run in self.of_order(name):
            if run.state == "waiting" and not run.is_held:
                run.note(run.place, "held")
                run.is_held, run.due = True, None

    def release(self, name):
        for run in self.of_order(name):
            if run.state == "waiting" and run.is_held:
                run.note(run.place, "released")
                owed = [one for one in (*run.messages, *run.calls) if one.state == "pending"]
                run.is_held, run.due = False, None if owed else self.now
                for one in owed:
                    if one.is_put_off:
                        one.due = self.now

    def stop_order(self, name):
        for run in self.of_order(name):
            if run.state == "waiting":
                run.note(run.place, "stopped")
                run.end("stopped", "by_person")
                for owed in (*run.messages, *run.calls):
                    if owed.state == "pending":
                        owed.state, owed.reason = "skipped", "stopped"

    def retry(self, name):
        for run in self.of_order(name):
            if run.state == "failed" and self.state != "ended":
                run.state, run.reason, run.due = "waiting", "", self.now
                run.note(run.place, "retried")

    def fail(self):
        """Whatever is taken in hand meets a mistake of ours."""
        if self.orders_on:
            self.wake()
            for run in self.taken_in_hand():
                run.note(run.place, "failed")
                run.end("failed", "ZeroDivisionError")

    # Texts beyond the hourly limit

    @property
    def beyond_limit(self):
        """Texts that nobody sends until a person lets them go, the oldest first."""
        held = [message for message in self.messages if message.state == "pending" and not message.is_let_go]
        return held if self.is_tripped else []

    @property
    def waiting_for_a_person(self):
        return [message for message in self.beyond_limit if not message.is_dropped]

    def let_go(self, first=None):
        waiting = self.waiting_for_a_person
        is_all = first is None or first >= len(waiting)
        last = self.messages[-1] if is_all else waiting[first - 1]
        for message in self.messages[: self.messages.index(last) + 1]:
            message.is_let_go = True
        if is_all:
            self.is_tripped, self.hour = False, []

    def let_none_go(self):
        for message in self.messages:
            message.is_dropped = message.is_dropped or not message.is_let_go
        self.is_tripped, self.hour = False, []

    # Who enters

    def start_changed(self, activation, transition, lane=URGENT):
        if self.may_start(activation, transition):
            self.start(
                activation, Occasion(("t", transition.number), transition.at, transition.order, transition), lane
            )

    def may_start(self, activation, transition):
        is_in_time = activation.since is None or transition.at >= activation.since
        return transition.is_loud and is_in_time and matches(activation.definition, transition)

    def may_start_created(self, activation, order):
        return order.is_loud and (activation.since is None or order.placed_at >= activation.since)

    def start_created(self, activation, order, lane=URGENT):
        if self.may_start_created(activation, order):
            self.start(activation, Occasion(("created", order.name), order.placed_at, order), lane)

    def start(self, activation, occasion, lane):
        if all(run.occasion.key != occasion.key for run in self.runs):
            lane = max(lane, URGENT if is_urgent(activation.definition["steps"]) else BULK)
            run = Run(occasion, activation.definition, activation.version, self.now, lane)
            run.number = len(self.runs)
            run.walk = self.way(run)
            next(run.walk)
            self.runs.append(run)

    def fill(self):
        """Start the next few of what was before, unless enough of those stand at the gate. Answers whether it did."""
        filling = self.back_fill
        if self.state != "active" or filling is None:
            return False
        at_gate = [run for run in self.runs if not run.place and run.state == "waiting" and not run.is_held]
        if sum(run.version == filling.activation.version for run in at_gate) >= 5 * SET:
            return False
        if filling.left is None:
            came = self.what_came(filling.activation, filling.activation.since, filling.activation.began_at)
            for occasion in came:
                self.start(filling.activation, occasion, BULK)
            self.is_through(filling)
            return bool(came)
        is_change = filling.activation.kind == "order_status_changed"
        may_start, start = (
            (self.may_start, self.start_changed) if is_change else (self.may_start_created, self.start_created)
        )
        wanted = [each for each in filling.left if may_start(filling.activation, each)]
        for each in wanted[:SET]:
            start(filling.activation, each, BULK)
            filling.left.remove(each)
        if len(wanted) < SET:
            self.is_through(filling)
        return bool(wanted)

    def is_through(self, filling):
        filling.ended_at, self.back_fill = self.now, None

    # What the clock brings

    def sweep(self, activation):
        if activation.goes_by_the_clock:
            is_new_hour = activation.swept_to.replace(minute=0) != self.now.replace(minute=0)
            since, first = activation.swept_to - (FAR if is_new_hour else NEAR), activation.sweeps_from(self.now)
            for occasion in self.what_came(activation, max(since, first) if first else since, self.now):
                self.start(activation, occasion, URGENT)
            activation.swept_to = self.now

    def what_came(self, activation, since, until):
        came = [
            occasion
            for occasion in getattr(self, activation.kind)(activation.params)
            if (since is None or since <= occasion.at) and occasion.at <= until
        ]
        return sorted(came, key=lambda occasion: (occasion.at, occasion.order.number))

    def stuck_in_status(self, params):
        for t in self.ledger:
            if t.is_loud and t.type == params["type"] and is_one_of(t.to, params["statuses"]) and not self.has_left(t):
                yield Occasion(("stuck", t.number), t.at + minutes(params["duration"]), t.order, t)

    def has_left(self, transition):
        where = (transition.order.name, transition.type)
        return any((t.order.name, t.type) == where and t.number > transition.number for t in self.ledger)

    def days_since_last_order(self, params):
        for order in self.orders.values():
            if order.customer and not self.has_ordered_again(order):
                local = order.placed_at.astimezone(zone_of(order))
                day = local.date() + timedelta(days=params["days"])
                yield Occasion(("since", order.name), shown_at(day, local.time(), zone_of(order)), order)

    def has_ordered_again(self, order):
        return any(
            other.customer is order.customer and (other.placed_at, other.number) > (order.placed_at, order.number)
            for other in self.orders.values()
        )

    def date_comes(self, params):
        away = {"before": -1, "on": 0, "after": 1}[params["when"]] * params.get("days", 0)
        for order in self.orders.values():
            if order.date:
                at = shown_at(day_of(order) + timedelta(days=away), time.fromisoformat(params["at"]), zone_of(order))
                yield Occasion(("date", order.name, day_of(order)), at, order)

    def is_over(self, run):
        """What it was started for stands no more."""
        match run.occasion.key[0]:
            case "stuck":
                return "left_in_time" if self.has_left(run.transition) else ""
            case "since":
                return "ordered_again" if self.has_ordered_again(run.order) else ""
            case "date":
                is_same = run.order.date and day_of(run.order) == run.occasion.key[2]
                return "" if is_same else "date_changed"
        return ""

    def refusal(self, run):
        occurred = run.occasion
        if reason := self.is_over(run):
            return reason
        if run.definition.get("starts_at") and occurred.at < datetime.fromisoformat(run.definition["starts_at"]):
            return "before_start"
        if run.definition.get("ends_at") and occurred.at >= datetime.fromisoformat(run.definition["ends_at"]):
            return "after_end"
        if run.definition.get("max_age") and self.now - occurred.at > minutes(run.definition["max_age"]):
            return "too_old"
        reentry = run.definition.get("reentry", {"mode": "every_time"})
        if reentry["mode"] == "every_time":
            return ""
        if reentry["mode"] == "first_visit":
            if run.transition is None:
                return ""
            earlier = (t for t in self.ledger if t.order_in_time < run.transition.order_in_time)
            where = (run.order, run.transition.type, run.transition.to)
            been_there = any((t.order, t.type, t.to) == where for t in earlier)
            return "not_first_visit" if been_there else ""
        subject = self.subject(run)
        if subject is None:
            return ""
        entries = self.entries.setdefault(subject, [])
        apart = timedelta(days=reentry["days"]) if "days" in reentry else timedelta.max
        if any(abs(occurred.at - entry) < apart for entry in entries):
            return f"entered_before_per_{subject[0]}"
        entries.append(occurred.at)
        return ""

    def subject(self, run):
        """Whose entries count for this one; None: nobody's."""
        reentry = run.definition.get("reentry", {"mode": "every_time"})
        pers = {"once_per_order": "order", "once_per_customer": "customer"}
        per = pers.get(reentry["mode"]) or reentry.get("per")
        whose = per and self.whose(run, per)
        return (per, whose) if whose else None

    def whose(self, run, per):
        order = run.order
        if per == "order":
            return order.name
        return order.customer.name if order.customer else None

    # What a run does

    def way(self, run, at=""):
        """All that it does, from the gate or from one of its steps on."""
        if not at:
            yield ""
            if reason := self.refusal(run):
                run.note("", "declined")
                run.end("declined", reason)
                return
            run.note("", "admitted")
        try:
            yield from self.walk(run, run.definition["steps"], at)
        except WayEndsHere as end:
            run.end("stopped", str(end))
        else:
            run.end("finished")

    def walk(self, run, steps, at=""):
        """Step after step; `at`: from that one on, which is among them or somewhere in their branches."""
        for step in steps:
            branches = step.get("branches", {})
            if at and at != step["key"]:
                for branch in branches.values():
                    if at in all_kinds(branch):
                        yield from self.walk(run, branch, at)
                        at = ""
                continue
            run.kind, run.listens_for, run.waits_at = step["kind"], (), lambda _moment: False
            if not at:
                run.since = self.now
            at = ""
            yield step["key"]
            yield from getattr(self, step["kind"])(run, step["key"], step["params"], branches)

    def take(self, run, branches, name, reason=None):
        """By one of its branches. What was dropped leads nowhere, as it was not done."""
        if branches.get(name) and reason != "was_paused":
            yield from self.walk(run, branches[name])
        elif reason is not None:
            raise WayEndsHere(reason)

    def filter_customers(self, run, key, params, branches):
        holds = ask(params["rule"], Asked(self, run, run.order))
        run.note(key, "yes" if holds else "no")
        yield from self.take(run, branches, "yes") if holds else self.take(run, branches, "no", "filtered_out")

    def wait(self, run, key, params, _branches):
        yield from self.stay(run, key, lambda: run.since + minutes(params["duration"]))
        run.note(key, "done")

    def wait_until(self, run, key, params, _branches):
        yield from self.stay(run, key, lambda: next_time(run.since, params, zone_of(run.order)))
        run.note(key, "done")

    def stay(self, run, key, until, is_over=lambda: False):
        run.waits_at = lambda moment: not is_over() and moment < until()
        while run.waits_at(self.now):
            if run.events[-1] != (key, "waiting") or run.until != until():
                run.note(key, "waiting")
            run.due = run.until = until()
            yield WAITING

    def wait_for_status(self, run, key, params, branches):
        since = max(run.since, run.transition.at) if run.transition else run.since
        until = run.since + minutes(params["duration"])
        run.listens_for = (params["type"],)
        yield from self.stay(run, key, lambda: until, lambda: self.was_there(run, params, since, until))
        outcome = "arrived" if self.was_there(run, params, since, until) else "timed_out"
        run.note(key, outcome)
        yield from self.take(run, branches, outcome)

    def was_there(self, run, params, since, until):
        """At any moment from `since` up to `until`."""
        moves = [t for t in self.ledger if t.order is run.order and t.type == params["type"]]
        stood_at = [t for t in moves if t.at <= since][-1:]
        came_to = [t for t in moves if since < t.at <= until]
        return any(is_one_of(t.to, params["to"]) for t in stood_at + came_to)

    def must_stop(self, run):
        """Its order entered such a status after what started it; one that it only kept by another name is none."""
        wanted = {rule["type"]: rule["to"] for rule in run.definition.get("stop_on", ())}
        began_with_change = run.occasion.key[0] == "t"

        def is_later(change):
            return change.number > run.transition.number if began_with_change else change.at > run.occasion.at

        return any(
            t.order is run.order
            and is_later(t)
            and is_one_of(t.to, wanted[t.type])
            and not (t.came_from and is_one_of(t.came_from, wanted[t.type]))
            for t in self.ledger
            if t.type in wanted
        )

    def split(self, run, key, params, branches):
        edge, drawn = 0, self.draw(run, key) * sum(variant["weight"] for variant in params["variants"])
        for variant in params["variants"]:
            edge += variant["weight"]
            if drawn < edge:
                run.note(key, variant["key"])
                yield from self.take(run, branches, variant["key"])
                return

    def holdout(self, run, key, params, branches):
        if self.draw(run, key) < params["percent"] / 100:
            run.note(key, "held_out")
            yield from self.take(run, branches, "held_out", "held_out")
        else:
            run.note(key, "in")
            yield from self.take(run, branches, "in")

    def draw(self, run, key):
        order = run.order
        whom = f"customer:{order.customer.pk}" if order.customer else f"order:{order.pk}"
        digest = sha256(f"{run.definition['code']}/{key}/{whom}".encode()).hexdigest()
        return int(digest[:12], 16) / 16**12

    def limit_participants(self, run, key, params, branches):
        periods = {"hour": "%Y-%m-%d %H", "day": "%Y-%m-%d", "week": "%G %V"}
        limits = {(key, "total"): params["total"]} if params.get("total") else {}
        if params.get("period"):
            limits[key, params["period"], self.now.strftime(periods[params["period"]])] = params["per_period"]
        if any(self.places_taken.get(place, 0) >= most for place, most in limits.items()):
            run.note(key, "no")
            yield from self.take(run, branches, "no", "limit_reached")
        else:
            for place in limits:
                self.places_taken[place] = self.places_taken.get(place, 0) + 1
            run.note(key, "yes")
            yield from self.take(run, branches, "yes")

    def change_customer(self, run, key, params, _branches):
        run.note(key, "done")
        if customer := run.order.customer:
            customer.tags = (customer.tags | set(params.get("add_tags", ()))) - set(params.get("remove_tags", ()))
            if "attribute" in params:
                customer.attributes[params["attribute"]] = params["value"]
            run.due, run.is_resting = self.now, True
        yield from ()

    def stop(self, run, key, _params, _branches):
        run.note(key, "stopped")
        yield from ()
        raise WayEndsHere("stopped_here")

    def send_sms(self, run, key, params, branches):
        message = next((message for message in run.messages if message.step == key), None)
        if message is None:
            message = Message(run, key, params, self.now, self.now)
            self.messages.append(message)
            run.messages.append(message)
            run.due = None
            run.note(key, "owed")
            yield WAITING
        if message.state == "accepted":
            run.note(key, "sent")
            yield from self.take(run, branches, "sent")
        else:
            run.note(key, "not_sent")
            yield from self.take(run, branches, "not_sent", message.reason or message.state)

    def call_webhook(self, run, key, params, branches):
        call = next((call for call in run.calls if call.step == key), None)
        if call is None:
            call = Call(run, key, params, self.now, self.now)
            self.calls.append(call)
            run.calls.append(call)
            run.due = None
            run.note(key, "owed")
            yield WAITING
        name = "sent" if call.state == "taken" else "not_sent"
        run.note(key, name)
        yield from self.take(run, branches, name, call.reason if call.reason == "was_paused" else None)

    # Working it off

    def drain(self):
        self.work("sweep")
        while self.orders_on and (self.fill() | self.carry() | self.send() | self.call()):
            pass

    def work(self, what):
        """One batch of one kind of work."""
        if not self.orders_on:
            return
        if what == "sweep":
            for activation in self.activations:
                if activation.is_live:
                    self.sweep(activation)
        else:
            getattr(self, what)()

    def carry(self):
        self.wake()
        batch = self.taken_in_hand()
        for run in batch:
            run.is_noted = False
            if reason := self.over_because(run):
                run.note(run.place, "stopped")
                run.end("stopped", reason)
            elif self.is_to_move(run):
                self.move_to_newest(run)
        moving = [run for run in batch if run.state == "waiting" and not self.was_stopped(run)]
        moving = [run for run in moving if run.place or not self.is_behind_another(run, batch, moving)]
        while moving:
            order = sorted(moving, key=lambda run: (run.place, run.version))
            turns = sorted(order, key=lambda run: (run.place, run.version, self.turn(run)))
            still = {id(run) for run in turns if self.one_step(run)}
            moving = [run for run in order if id(run) in still]
        return bool(batch)

    def taken_in_hand(self):
        """Of a campaign that is active what is due, else what a new version stops or takes along; of one that ended
        all that waits."""
        waiting = [run for run in self.runs if run.is_due_or_held]
        if self.state == "ended":
            return waiting
        if self.state != "active":
            return []
        due = [run for run in waiting if run.due is not None and run.due <= self.now]
        due.sort(key=lambda run: (run.lane, run.due))
        return due or [run for run in waiting if self.former(run.version) == "stop" or self.is_to_move(run)]

    def over_because(self, run):
        if self.state == "ended":
            return "campaign_ended"
        if self.drops(run.due) and not run.waits_at(self.drop_due_before):
            return "was_paused"
        return "new_version" if self.former(run.version) == "stop" else ""

    def drops(self, due):
        """It was due while the campaign was paused, and nobody wants it any more."""
        return self.drop_due_before is not None and due is not None and due < self.drop_due_before

    def is_to_move(self, run):
        """The newest version takes it along, if it has the step where it stands, and of the same kind; at the gate, if
        it is started by the same kind of thing."""
        if self.former(run.version) != "move" or run.is_held:
            return False
        old, new = (
            all_kinds(one["steps"]) | {"": one["trigger"]["kind"]} for one in (run.definition, self.live.definition)
        )
        return new.get(run.place) == old[run.place]

    def move_to_newest(self, run):
        run.note(run.place, "moved")
        run.definition, run.version = self.live.definition, self.live.version
        run.walk = self.way(run, run.place)
        next(run.walk)

    def wake(self):
        """What happened to orders makes due what waits for it, and has held messages ruled on again."""
        for run in (run for run in self.runs if run.is_woken and run.state == "waiting"):
            if run.due is not None:
                run.due = min(run.due, self.now)
            for message in run.messages:
                if message.state == "pending" and self.state != "paused":
                    message.due = min(message.due, self.now)
        for run in self.runs:
            run.is_woken = False

    def was_stopped(self, run):
        if self.must_stop(run):
            run.note(run.place, "stopped")
            run.end("stopped", "entered_stop_status")
        return run.state == "stopped"

    def turn(self, run):
        """Who was first goes first where it matters."""
        return () if run.place and run.kind != "limit_participants" else run.order_in_time

    def is_behind_another(self, run, batch, moving):
        """Of its own version, the earlier one has its turn first anyway."""
        subject = self.subject(run)
        return subject is not None and any(
            not other.place
            and not (other in moving and other.version == run.version)
            and other.order_in_time < run.order_in_time
            and subject == (subject[0], self.whose(other, subject[0]))
            for other in batch
        )

    def one_step(self, run):
        """Answers whether it goes straight on. For a place it stands in line anew."""
        if run.kind == "limit_participants" and run.is_noted:
            run.due = min(run.due, self.now)
            return False
        place = next(run.walk, None)
        if place is None or place is WAITING:
            return False
        run.place, run.due, is_resting, run.is_resting = place, self.now, run.is_resting, False
        return not is_resting

    def send(self):
        pending = [message for message in self.messages if message.state == "pending"]
        ruled_on = self.to_rule_on(pending)
        ruled_on.sort(key=lambda message: (message.lane, message.due))
        calling = []
        for message in ruled_on:
            customer = message.run.order.customer
            if reason := self.objection(message, customer, calling):
                message.state, message.reason = "skipped", reason
                message.run.wake(self.now)
            elif (until := self.put_off_until(message, customer, calling)) > self.now:
                message.due, message.is_put_off = until, True
            elif not self.is_beyond_limit(message):
                message.text = text_of(message)
                calling.append(message)
        for message in calling:
            message.state, message.sent_at = "accepted", self.now
            message.run.wake(self.now)
        return bool(ruled_on)

    def to_rule_on(self, pending):
        if self.state == "ended":
            return pending
        if self.state != "active":
            return []
        held = self.beyond_limit
        due = [message for message in pending if message.due <= self.now and message not in held]
        in_turn = [message for message in due if not self.is_overtaking(message, due)]
        of_stopped = [m for m in pending if m.run.state == "waiting" and self.former(m.run.version) == "stop"]
        return in_turn or of_stopped

    def is_beyond_limit(self, message):
        """The first that is too many in an hour trips the limit. Those let go by a person do not count."""
        if self.limit is None or message.is_let_go:
            return False
        lately = [sent_at for sent_at in self.hour if sent_at > self.now - timedelta(hours=1)]
        self.is_tripped = self.is_tripped or len(lately) >= self.limit
        if not self.is_tripped:
            self.hour.append(self.now)
        return self.is_tripped

    def is_overtaking(self, message, pending):
        """Of an order one message goes at a time, in the order of its changes; one that is about to be owed counts."""
        order, change = message.run.order, message.run.change
        owed = any(
            other.run.order is order
            and (other.run.change, self.messages.index(other)) < (change, self.messages.index(message))
            for other in pending
        )
        return owed or any(
            run.order is order
            and 0 < run.change < change
            and run.lane <= message.lane
            and run.state == "waiting"
            and run.due is not None
            and run.due <= self.now
            for run in self.runs
        )

    def objection(self, message, customer, calling):
        params, transition = message.params, message.run.transition
        if self.former(message.run.version) == "stop":
            return "stopped"
        if self.state == "ended":
            return "campaign_ended"
        if self.drops(message.due):
            return "was_paused"
        if self.must_stop(message.run):
            return "entered_stop_status"
        if params.get("only_if_still") and transition and transition.order.statuses[transition.type] != transition.to:
            return "status_changed"
        if params.get("lifetime") and self.now > message.owed_at + minutes(params["lifetime"]):
            return "too_late"
        if reason := no_text_to(customer, params):
            return reason
        cap = message.run.definition.get("frequency_cap", {"then": "defer"})
        if cap.get("then") != "defer" and self.full_until(message, customer, calling):
            return "capped"
        return "not_released" if message.is_dropped else ""

    def full_until(self, message, customer, calling):
        """When the first of those that stand against it leaves the period of its cap; None: nothing does."""
        cap = message.run.definition.get("frequency_cap")
        if cap is None or message.params.get("category") != cap.get("category", message.params.get("category")):
            return None
        counts = "category" if "category" in cap else "purpose"
        got = [(m, m.sent_at) for m in self.messages if m.state == "accepted"] + [(m, self.now) for m in calling]
        same = [
            sent_at
            for other, sent_at in got
            if other.run.order.customer is customer
            and other.params.get(counts) == message.params.get(counts)
            and sent_at > self.now - PERIODS[cap["per"]]
        ]
        same.sort(reverse=True)
        return same[cap["messages"] - 1] + PERIODS[cap["per"]] if len(same) >= cap["messages"] else None

    def put_off_until(self, message, customer, calling):
        if message.run.is_held:
            return self.now + HELD_LOOK
        cap = message.run.definition.get("frequency_cap", {})
        if cap.get("then") == "defer" and (until := self.full_until(message, customer, calling)):
            return max(until, self.now + CAP_LOOK)
        is_marketing = message.params["purpose"] == "marketing"
        deliver = message.params.get("deliver") or ("outside_quiet_hours" if is_marketing else "immediately")
        until = self.now
        if deliver == "outside_quiet_hours":
            zone = ZoneInfo(customer.zone or "UTC")
            while not 9 <= until.astimezone(zone).hour < 21:
                until += timedelta(minutes=1)
        return until

    def call(self):
        if self.state not in ("active", "ended"):
            return False
        pending = [
            call
            for call in self.calls
            if call.state == "pending"
            and (self.state == "ended" or call.due <= self.now or self.former(call.run.version) == "stop")
        ]
        for call in pending:
            if reason := self.no_call_because(call):
                self.end_call(call, "skipped", reason)
            elif call.run.is_held:
                call.due = self.now + HELD_LOOK
            elif RECEIVERS[call.params["endpoint"]] is TAKES:
                self.end_call(call, "taken")
            elif RECEIVERS[call.params["endpoint"]] is REFUSES:
                self.end_call(call, "failed")
            else:
                self.try_again(call)
        return bool(pending)

    def no_call_because(self, call):
        if self.state == "ended":
            return "campaign_ended"
        if self.drops(call.due):
            return "was_paused"
        if self.former(call.run.version) == "stop":
            return "stopped"
        if self.must_stop(call.run):
            return "entered_stop_status"
        if call.params["endpoint"] not in RECEIVERS:
            return "no_endpoint"
        return "too_late" if call.expires and self.now > call.expires else ""

    def try_again(self, call):
        call.tries += 1
        again_at = self.now + PAUSES[call.tries - 1] if call.tries <= len(PAUSES) else None
        if again_at is None or (call.expires and again_at > call.expires):
            self.end_call(call, "failed")
        else:
            call.due = again_at

    def end_call(self, call, state, reason=""):
        call.state, call.reason = state, reason
        call.run.wake(self.now)

    def outcomes(self):
        return [
            {
                "order": run.order.name,
                "about": (run.occasion.key[0], run.occasion.at),
                "to": run.to,
                "state": run.state,
                "reason": run.reason,
                "path": run.events,
                "messages": [(m.step, m.state, m.reason, m.text) for m in run.messages],
                "calls": [(c.step, c.state, c.reason, c.tries) for c in run.calls],
            }
            for run in self.runs
        ]


def no_text_to(customer, params):
    """Why the law lets a customer have no such text; "": it does."""
    number = {"": "no_number", "invalid": "invalid_number", "fixed": "not_mobile"}
    if customer is None or customer.phone in number:
        return number[customer.phone if customer else ""]
    if customer.consent == "refused":
        return "refused"
    if params["purpose"] == "marketing" and customer.consent != "given":
        return "no_consent"
    if params.get("category") in customer.refused:
        return "category_refused"
    return ""


def stop_types(definition):
    return [rule["type"] for rule in definition.get("stop_on", ())]


def next_time(since, params, zone):
    """When clocks of that zone first show that time from `since` on, on one of the days that are asked for."""
    hour_and_minute = time.fromisoformat(params["time"])
    if params.get("date"):
        return shown_at(date.fromisoformat(params["date"]), hour_and_minute, zone)
    day = since.astimezone(zone).date()
    while True:
        moment = shown_at(day, hour_and_minute, zone)
        if moment >= since and day.isoweekday() in (params.get("weekdays") or range(1, 8)):
            return moment
        day += timedelta(days=1)


def all_kinds(steps):
    """The kind of each step, by its key, wherever in the tree it stands."""
    kinds = {}
    for step in steps:
        kinds[step["key"]] = step["kind"]
        for branch in step.get("branches", {}).values():
            kinds |= all_kinds(branch)
    return kinds


def is_urgent(steps):
    """Whether somebody waits for what these steps do."""
    return any(
        step["params"].get("purpose") == "transactional" or any(map(is_urgent, step.get("branches", {}).values()))
        for step in steps
    )


def matches(definition, transition):
    watched = definition["trigger"]["params"]
    return (
        watched["type"] == transition.type
        and (watched["to"] == "any" or is_one_of(transition.to, watched["to"]))
        and comes_from(watched["from"], transition.came_from)
    )


def comes_from(wanted, code):
    if wanted == "any":
        return True
    if wanted == "any_existing":
        return code is not None
    if wanted == "none":
        return code is None
    if isinstance(wanted, dict):
        return code is None or not is_one_of(code, wanted["not"])
    return code is not None and is_one_of(code, wanted)


def zone_of(order):
    return ZoneInfo((order.customer and order.customer.zone) or "UTC")


def day_of(order):
    """The day that its date falls on where its customer lives."""
    if len(order.date) == len("2024-05-03"):
        return date.fromisoformat(order.date)
    return datetime.fromisoformat(order.date).astimezone(zone_of(order)).date()


@cache
def shown_at(day, at, zone):
    """The first minute at which a clock there shows this, looked for from minute to minute. One that is skipped is
    shown as much later as the clock skips."""
    skipped = timedelta()
    wanted = datetime.combine(day, at)
    moment = datetime.combine(day, time(), UTC) - timedelta(hours=16)
    shown = None
    for _minute in range(60 * 48):
        was, shown = shown, moment.astimezone(zone).replace(tzinfo=None)
        if was and shown - was > timedelta(minutes=1) and was < wanted < shown:
            skipped = shown - was - timedelta(minutes=1)
        if shown == wanted + skipped:
            return moment
        moment += timedelta(minutes=1)
    raise AssertionError(f"{zone} never shows {wanted}")


def is_one_of(code, codes):
    return code.lower() in [other.lower() for other in codes]


# Texts that the stories use, and what each must come out as.

TEXTS = {
    "{{ customer.first_name }}: {{ order.external_id }}": lambda run: (
        f"{run.order.customer.first_name}: {run.order.name}"
    ),
    "{{ order.payment_status }}, {{ order.delivery_status.code }}!": lambda run: (
        f"{name_of(run.order.statuses['payment'])}, {run.order.statuses['delivery'] or ''}!"
    ),
    "{% if order.total > 10 %}much{% else %}little{% endif %} {{ change.to.name }}": lambda run: (
        f"{'much' if run.order.total is not None and run.order.total > 10 else 'little'} {name_of(run.to)}"
    ),
}


def name_of(code):
    return f"Word {code}" if code else ""


def text_of(message):
    return TEXTS[message.params["text"]](message.run).strip()


# Endpoints that the stories tell, and how they answer; any other is not there.

TAKES, REFUSES, IS_BUSY = "takes", "refuses", "is busy"
RECEIVERS = {"erp": TAKES, "strict": REFUSES, "busy": IS_BUSY}
# How long after each try another one is made.
PAUSES = [
    timedelta(seconds=5), timedelta(minutes=5), timedelta(minutes=30),
    *(timedelta(hours=hours) for hours in (2, 5, 10, 14, 20, 24)),
]  # fmt: skip
