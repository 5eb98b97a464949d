"""What campaigns must do, said a second time: slow, obvious, in plain Python, and without a line of the engine.

A story is told to it as it is told to the product: statuses appear, orders are changed, customers change their minds,
campaigns are activated, paused and ended, time passes. `drain()` does what is due. Then `outcomes()` can be compared.

A run is a generator that walks the tree of its definition as it is written. It yields its place each time it is about
to take a step (a step's key; "" at the gate), so that many runs can go in step with each other, as they do in a batch:
that decides who comes first where a frequency cap leaves room for one.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

TYPES = ("general", "delivery", "payment")
UNITS = {"minutes": 1, "hours": 60, "days": 24 * 60}
PARKED_FOR = timedelta(days=7)
PERIODS = {"day": timedelta(days=1), "week": timedelta(days=7)}


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


@dataclass
class Order:
    name: str
    customer: Customer | None
    total: Decimal | None = None
    currency: str = ""
    statuses: dict = field(default_factory=lambda: dict.fromkeys(TYPES))
    heard: dict = field(default_factory=lambda: dict.fromkeys(TYPES))


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
    is_live: bool = True


URGENT, BULK = 0, 1


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

    @property
    def lane(self):
        return max(self.run.lane, URGENT if self.params["purpose"] == "transactional" else BULK)


@dataclass
class Run:
    transition: Transition
    definition: dict
    version: int
    due: object
    lane: int = URGENT
    state: str = "waiting"
    reason: str = ""
    events: list = field(default_factory=list)
    messages: list = field(default_factory=list)
    place: str = ""
    walk: object = None

    def note(self, step, outcome):
        self.events.append((step, outcome))


class WayEndsHere(Exception):
    """Somebody took a branch that holds no steps, and that kind of branch then ends the run."""


WAITING = object()


class Reference:
    def __init__(self, now, customers, orders, statuses):
        self.now = now
        self.customers = {customer.name: customer for customer in customers}
        self.orders = {order.name: order for order in orders}
        self.statuses = set(statuses)
        self.orders_on = True
        self.parked = []
        self.ledger = []
        self.state = "draft"
        self.activations = []
        self.runs = []
        self.messages = []
        self.last_entry = {}

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
        for activation in self.activations:
            if activation.is_live:
                self.start(activation, transition)

    def add_status(self, type, code):
        self.statuses.add((type, code))
        understood = sorted(told for told in self.parked if told[3:5] == (type, code))
        self.parked = [told for told in self.parked if told[3:5] != (type, code)]
        for at, _arrival, order, _type, _code, fires, until in understood:
            if until > self.now:
                self.move(self.orders[order], type, code, at, fires=fires)

    def activate(self, definition, *, beginning=False, since=None):
        former = next((activation for activation in self.activations if activation.is_live), None)
        reaches_back = beginning or since is not None
        if not reaches_back:
            since = former.since if former else self.now
        if former:
            former.is_live = False
        newest = self.activations[-1] if self.activations else None
        is_same = newest is not None and newest.definition == definition
        version = (newest.version if newest else 0) + (0 if is_same else 1)
        activation = Activation(definition, version, None if beginning else since)
        self.activations.append(activation)
        self.state = "active"
        if reaches_back:
            for transition in self.ledger:
                self.start(activation, transition, BULK)

    def end(self):
        self.state = "ended"
        for activation in self.activations:
            activation.is_live = False

    # Who enters

    def start(self, activation, transition, lane=URGENT):
        is_new = all(run.transition is not transition for run in self.runs)
        is_in_time = activation.since is None or transition.at >= activation.since
        if transition.is_loud and is_new and is_in_time and matches(activation.definition, transition):
            lane = max(lane, URGENT if is_urgent(activation.definition["steps"]) else BULK)
            run = Run(transition, activation.definition, activation.version, self.now, lane)
            run.walk = self.live(run)
            next(run.walk)
            self.runs.append(run)

    def refusal(self, run):
        occurred = run.transition
        if run.definition.get("max_age") and self.now - occurred.at > minutes(run.definition["max_age"]):
            return "too_old"
        reentry = run.definition.get("reentry", {"mode": "every_time"})
        if reentry["mode"] == "every_time":
            return ""
        if reentry["mode"] == "first_visit":
            earlier = (t for t in self.ledger if t.order_in_time < occurred.order_in_time)
            where = (occurred.order, occurred.type, occurred.to)
            been_there = any((t.order, t.type, t.to) == where for t in earlier)
            return "not_first_visit" if been_there else ""
        subject = self.subject(run)
        if subject is None:
            return ""
        last = self.last_entry.get(subject)
        if last is not None and ("days" not in reentry or abs(occurred.at - last) < timedelta(days=reentry["days"])):
            return f"entered_before_per_{subject[0]}"
        self.last_entry[subject] = max(occurred.at, last or occurred.at)
        return ""

    def subject(self, run):
        """Whose entries count for this one; None: nobody's."""
        reentry = run.definition.get("reentry", {"mode": "every_time"})
        pers = {"once_per_order": "order", "once_per_customer": "customer"}
        per = pers.get(reentry["mode"]) or reentry.get("per")
        whose = per and self.whose(run, per)
        return (per, whose) if whose else None

    def whose(self, run, per):
        order = run.transition.order
        if per == "order":
            return order.name
        return order.customer.name if order.customer else None

    # What a run does

    def live(self, run):
        yield ""
        if reason := self.refusal(run):
            run.note("", "declined")
            run.state, run.reason = "declined", reason
            return
        run.note("", "admitted")
        try:
            yield from self.walk(run, run.definition["steps"])
        except WayEndsHere as end:
            run.state, run.reason = "stopped", str(end)
        else:
            run.state = "finished"

    def walk(self, run, steps):
        for step in steps:
            yield step["key"]
            yield from getattr(self, step["kind"])(run, step["key"], step["params"], step.get("branches", {}))

    def take(self, run, branches, name, reason=None):
        if branches.get(name):
            yield from self.walk(run, branches[name])
        elif reason is not None:
            raise WayEndsHere(reason)

    def filter_customers(self, run, key, params, branches):
        holds = ask(params["rule"], run.transition)
        run.note(key, "yes" if holds else "no")
        yield from self.take(run, branches, "yes") if holds else self.take(run, branches, "no", "filtered_out")

    def wait(self, run, key, params, _branches):
        run.due = self.now + minutes(params["duration"])
        run.note(key, "waiting")
        yield WAITING
        run.note(key, "done")

    def send_sms(self, run, key, params, branches):
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

    # Working it off

    def drain(self):
        while self.orders_on and (self.carry() | self.send()):
            pass

    def carry(self):
        if self.state == "ended":
            stopped = [run for run in self.runs if run.state == "waiting" and run.due is not None]
            for run in stopped:
                run.note(run.place, "stopped")
                run.state, run.reason = "stopped", "campaign_ended"
            return bool(stopped)
        if self.state != "active":
            return False
        waiting = [run for run in self.runs if run.state == "waiting" and run.due is not None and run.due <= self.now]
        waiting.sort(key=lambda run: run.due)
        moving = [run for run in waiting if run.place or not self.is_behind_another(run, waiting)]
        while moving:
            order = sorted(moving, key=lambda run: (run.version, run.place))
            turns = sorted(
                order, key=lambda run: (run.version, run.place, () if run.place else run.transition.order_in_time)
            )
            still = {id(run) for run in turns if self.one_step(run)}
            moving = [run for run in order if id(run) in still]
        return bool(waiting)

    def is_behind_another(self, run, waiting):
        """Of its own version, the earlier one has its turn first anyway."""
        subject = self.subject(run)
        return subject is not None and any(
            not other.place
            and other.version != run.version
            and other.transition.order_in_time < run.transition.order_in_time
            and subject == (subject[0], self.whose(other, subject[0]))
            for other in waiting
        )

    def one_step(self, run):
        """Answers whether it goes straight on."""
        place = next(run.walk, None)
        if place is None or place is WAITING:
            return False
        run.place = place
        return True

    def send(self):
        if self.state not in ("active", "ended"):
            return False
        pending = [m for m in self.messages if m.state == "pending" and (self.state == "ended" or m.due <= self.now)]
        if self.state == "active":
            pending = [message for message in pending if not self.is_overtaking(message, pending)]
        pending.sort(key=lambda message: (message.lane, message.due))
        calling = []
        for message in pending:
            customer = message.run.transition.order.customer
            if reason := self.objection(message, customer, calling):
                message.state, message.reason = "skipped", reason
                message.run.due = self.now
            elif (until := self.held_until(message, customer)) > self.now:
                message.due = until
            else:
                message.text = text_of(message)
                calling.append(message)
        for message in calling:
            message.state, message.sent_at = "accepted", self.now
            message.run.due = self.now
        return bool(pending)

    def is_overtaking(self, message, pending):
        """Of an order one message goes at a time, in the order of its changes; one that is about to be owed counts."""
        change = message.run.transition
        owed = any(
            other.run.transition.order is change.order
            and (other.run.transition.number, self.messages.index(other))
            < (change.number, self.messages.index(message))
            for other in pending
        )
        return owed or any(
            run.transition.order is change.order
            and run.transition.number < change.number
            and run.lane <= message.lane
            and run.state == "waiting"
            and run.due is not None
            and run.due <= self.now
            for run in self.runs
        )

    def objection(self, message, customer, calling):
        params, transition = message.params, message.run.transition
        if self.state == "ended":
            return "campaign_ended"
        if params.get("only_if_still") and transition.order.statuses[transition.type] != transition.to:
            return "status_changed"
        if params.get("lifetime") and self.now > message.owed_at + minutes(params["lifetime"]):
            return "too_late"
        number = {"": "no_number", "invalid": "invalid_number", "fixed": "not_mobile"}
        if customer is None or customer.phone in number:
            return number[customer.phone if customer else ""]
        if customer.consent == "refused":
            return "refused"
        if params["purpose"] == "marketing" and customer.consent != "given":
            return "no_consent"
        if params.get("category") in customer.refused:
            return "category_refused"
        cap = message.run.definition.get("frequency_cap")
        if cap and self.count(message, customer, PERIODS[cap["per"]], calling) >= cap["messages"]:
            return "capped"
        return ""

    def count(self, message, customer, period, calling):
        sent = [m for m in self.messages if m.state == "accepted" and m.sent_at > self.now - period]
        same = [m for m in sent + calling if m.params["purpose"] == message.params["purpose"]]
        return sum(m.run.transition.order.customer is customer for m in same)

    def held_until(self, message, customer):
        is_marketing = message.params["purpose"] == "marketing"
        deliver = message.params.get("deliver") or ("outside_quiet_hours" if is_marketing else "immediately")
        until = self.now
        if deliver == "outside_quiet_hours":
            zone = ZoneInfo(customer.zone or "UTC")
            while not 9 <= until.astimezone(zone).hour < 21:
                until += timedelta(minutes=1)
        return until

    def outcomes(self):
        return [
            {
                "order": run.transition.order.name,
                "to": run.transition.to,
                "state": run.state,
                "reason": run.reason,
                "path": run.events,
                "messages": [(m.step, m.state, m.reason, m.text) for m in run.messages],
            }
            for run in self.runs
        ]


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


def is_one_of(code, codes):
    return code.lower() in [other.lower() for other in codes]


def ask(rule, transition):
    if "field" in rule:
        seen = look(rule["field"], transition, rule.get("at", "now"))
        if rule["field"].endswith("_status"):
            seen = seen and seen.lower()
        return compare(rule["operator"], seen, ready(rule["field"], rule.get("value")))
    answers = [ask(part, transition) for part in rule["rules"]]
    holds = all(answers) if rule["combinator"] == "and" else any(answers)
    return not holds if rule.get("not") else holds


def look(name, transition, at):
    order = transition.order
    whose, what = name.split(".")
    if whose == "customer":
        if what == "has_phone":
            return order.customer is not None and order.customer.phone in ("mobile", "fixed", "unknown")
        if order.customer is None:
            return None
        attribute = {"external_id": "name", "timezone": "zone", "sms_consent": "consent"}.get(what, what)
        return getattr(order.customer, attribute) or None
    if what == "external_id":
        return order.name
    then_or_now = transition if at == "trigger" else order
    if what.endswith("_status"):
        return then_or_now.statuses[what.removesuffix("_status")]
    return then_or_now.total if what == "total" else then_or_now.currency or None


def ready(name, value):
    if isinstance(value, list):
        return [ready(name, one) for one in value]
    if name == "order.total" and value is not None:
        return Decimal(str(value))
    return value.lower() if name.endswith("_status") and value else value


COMPARISONS = {
    "=": lambda seen, wanted: seen == wanted,
    "!=": lambda seen, wanted: seen != wanted,
    "in": lambda seen, wanted: seen in wanted,
    "notIn": lambda seen, wanted: seen not in wanted,
    "<": lambda seen, wanted: seen < wanted,
    "<=": lambda seen, wanted: seen <= wanted,
    ">": lambda seen, wanted: seen > wanted,
    ">=": lambda seen, wanted: seen >= wanted,
    "between": lambda seen, wanted: wanted[0] <= seen <= wanted[1],
    "contains": lambda seen, wanted: wanted in seen,
    "doesNotContain": lambda seen, wanted: wanted not in seen,
    "beginsWith": lambda seen, wanted: seen.startswith(wanted),
    "endsWith": lambda seen, wanted: seen.endswith(wanted),
    "null": lambda seen, wanted: False,
    "notNull": lambda seen, wanted: True,
}


def compare(operator, seen, wanted):
    if seen is None:
        return operator in ("!=", "notIn", "doesNotContain", "null")
    return COMPARISONS[operator](seen, wanted)


# Texts that the stories use, and what each must come out as.

TEXTS = {
    "{{ customer.first_name }}: {{ order.external_id }}": lambda t: f"{t.order.customer.first_name}: {t.order.name}",
    "{{ order.payment_status }}, {{ order.delivery_status.code }}!": lambda t: (
        f"{name_of(t.order.statuses['payment'])}, {t.order.statuses['delivery'] or ''}!"
    ),
    "{% if order.total > 10 %}much{% else %}little{% endif %} {{ change.to.name }}": lambda t: (
        f"{'much' if t.order.total is not None and t.order.total > 10 else 'little'} {name_of(t.to)}"
    ),
}


def name_of(code):
    return f"Word {code}" if code else ""


def text_of(message):
    return TEXTS[message.params["text"]](message.run.transition)
