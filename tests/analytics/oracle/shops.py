"""Random shops: what was told, late and in time, whose words were merged, retired and unmarked, and what was texted.

Everything comes in by the product's own doors, but for texts and members, which are rows. Moments stand on a grid of
hours, so that many are equal, and many lie just on the edge of what a rule asks for.
"""

from datetime import UTC, datetime, timedelta
from random import Random

import time_machine

from analytics.models import Member, Segment
from campaigns.models import Campaign, CampaignVersion, Message, MessageState, Run, RunEvent
from customers.erasing import Reason, erase
from customers.models import Customer
from orders.merging import carry_on_merges
from orders.models import Order, Speaker, StatusTransition
from orders.said import Said
from orders.transitions import hear
from statuses import lifecycle
from statuses.models import OrderStatus, StatusAlias
from tests.factories import vocabulary
from workspace.history import COMMAND
from workspace.models import Source, Workspace

NOW = datetime(2024, 5, 3, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
# However busy the machine is: a reader who waits for history two seconds only, as on screens, is told of less.
PATIENCE_S = 600
# How long ago things happen, in hours: what rules ask for is among these.
AGES = (0, 1, 2, 24, 48, 7 * 24, 30 * 24, 60 * 24, 90 * 24, 119 * 24)
# What is told is told at these, and what happened before each may be told then or later.
TELLINGS = (timedelta(days=30), timedelta(days=2), timedelta())

TYPES = ("general", "delivery", "payment")
CODES = {
    "general": ("new", "Picked", "packed", "done", "void"),
    "delivery": ("waiting", "shipped", "Lost", "delivered", "back"),
    "payment": ("awaiting", "paid", "Overdue", "refunded", "ßeen"),
}
# Of each type one keeps its mark, and is merged into no other, so that there is always one to ask for.
STAYS = ("new", "waiting", "awaiting")
TOTALS = (None, 0, 1, 999, 1000, 1230, 10_000, 2**40)
CURRENCIES = ("EUR",) * 6 + ("JPY", "KWD", "USD", "")
ATTRIBUTES = {
    "level": ("gold", "Gold", "silver", "3", 3, 3.5, True, False, 'q"uo%te_', "Ünal"),
    "visits": (0, 1, 3, 3.5, -2, 10**15, 0.1, "3", True),
    "n": (1, 1.25, False, "true"),
}
TAGS = ("vip", "new", "b2b", "vip-2")
CATEGORIES = ("", "news", "offers")
SEGMENT_CODES = ("loyal", "asleep", "brought")
SKIP_REASONS = ("no_consent", "capped", "too_late")
CAMPAIGN_CODES = ("thanks", "winback")
TEXT_STEPS = ("first", "second")
STEPS = ("asks", *TEXT_STEPS)
WINDOW_DAYS = 30
DEFINITION = {
    "attribution_window": {"value": WINDOW_DAYS, "unit": "days"},
    "steps": [{"key": "asks", "kind": "filter_customers"}, *({"key": key, "kind": "send_sms"} for key in TEXT_STEPS)],
}


class Shop(Random):
    """One in a database. `size` is about how many customers there are. In one that `is_plain` all that there is counts
    in analytics: every status is marked, nothing is told by a test key, and nobody is erased.
    """

    def __init__(self, seed, size, *, is_plain=False):
        super().__init__(f"shop {seed}")
        self.size, self.is_plain = size, is_plain
        self.told = 0

    def open(self):
        """Everything, as of NOW. Yields what happened whenever something did, so that history may be read meanwhile:
        orders were "told", or statuses are to be "reread".
        """
        with self.at(NOW - timedelta(days=120)):
            self.make_vocabulary()
            self.make_sources()
            self.make_customers()
        with self.at(NOW - timedelta(days=119)):
            self.make_orders()
        happened = sorted(self.happenings(), key=lambda one: one[1].occurred_at)
        for ago in TELLINGS:
            with self.at(NOW - ago):
                happened = self.tell(happened, is_last=not ago)
                self.people_change_orders()
                yield "told"
                self.change_a_mark()
                yield "reread"
        with self.at(NOW):
            self.change_vocabulary()
            yield "reread"
            self.tell_again()
            self.text_customers()
            self.make_segments()
            if not self.is_plain:
                erase(self.choice(self.customers), Reason.ASKED, COMMAND)
            yield "told"

    def at(self, moment):
        return time_machine.travel(moment, tick=False)

    def chance(self, likelihood):
        return self.random() < likelihood

    def by_test_key(self):
        return not self.is_plain and self.chance(0.1)

    def moment(self):
        """Some hours ago, often just as many as rules ask for."""
        return NOW - HOUR * (self.choice(AGES) if self.chance(0.5) else self.randrange(119 * 24))

    # What there is.

    def make_vocabulary(self):
        Workspace.objects.update(orders_enabled=True, currency=self.choice(("EUR", "EUR", "EUR", "JPY")))
        vocabulary(*((type, code) for type in TYPES for code in CODES[type]))
        self.statuses = {(status.type, status.code): status.pk for status in OrderStatus.objects.all()}
        unmarked = [pk for pk in self.changeable() if not self.is_plain and self.chance(0.3)]
        OrderStatus.objects.filter(pk__in=unmarked).update(include_in_analytics=False)

    def changeable(self):
        return [pk for (_type, code), pk in self.statuses.items() if code not in STAYS]

    def make_sources(self):
        self.sources = [
            Source.objects.create(code=code, name=code, mode=Source.Mode.LIVE, on_unknown=Source.Unknown.PARK)
            for code in ("shop", "erp", "Market-2")
        ]
        StatusAlias.objects.create(source=self.sources[1], type="payment", code="noise", status=None)

    def make_customers(self):
        self.customers = [Customer.objects.create(**self.customer(n)) for n in range(self.size)]

    def customer(self, n):
        return {
            "external_id": self.choice((f"C-{n}", f"c-{n}", f"Ü{n}")),
            "first_name": self.choice(("", "Ada", "ada", "Ünal", "%_")),
            "last_name": self.choice(("", "Byron", "Lovelace")),
            "language": self.choice(("", "de", "en", "pt-BR")),
            "timezone": self.choice(("", "Europe/Berlin", "America/New_York")),
            "phone_written": self.choice(("", f"+1 602 555 {100 + n % 100:04d}", "call me")),
            "email": self.choice(("", f"c{n}@example.com")),
            "sms_consent": self.choice(("given", "unknown", "refused")),
            "attributes": {name: self.choice(values) for name, values in ATTRIBUTES.items() if self.chance(0.7)},
            "tags": sorted(self.sample(TAGS, self.choice((0, 0, 1, 2, 3)))),
        }

    def make_orders(self):
        """Some customers have many, some have none; some orders are nobody's."""
        with_orders = self.sample(self.customers, 1 + (self.size - 1) * 4 // 5)
        self.orders = [self.order(n, with_orders) for n in range(self.size * 2)]
        Order.objects.bulk_create(self.orders)

    def order(self, n, customers):
        ordered_at = None if self.chance(0.2) else self.moment()
        return Order(
            external_id=self.choice((f"O-{n}", f"o-{n}")),
            customer=None if self.chance(0.1) else self.choice(customers),
            total_minor=self.choice(TOTALS),
            currency=self.choice(CURRENCIES),
            ordered_at=ordered_at,
            placed_at=ordered_at or self.moment(),
            is_test=self.by_test_key(),
        )

    # What happens.

    def happenings(self):
        """(by whom, what is said): many at the same moment, some with a sequence."""
        for order in self.orders:
            for type in TYPES:
                for _ in range(self.choice((0, 1, 2, 3, 4, 6))):
                    yield self.choice(self.sources), self.said(order.external_id, type)
        for _ in range(3):
            yield self.choice(self.sources), self.said("nobody-knows-it", self.choice(TYPES))
            yield self.sources[1], self.said(self.choice(self.orders).external_id, "payment", "noise")

    def said(self, order, type, code=None):
        self.told += 1
        sequence = self.choice((None, None, None, 1, 2, -1))
        return Said(order, type, code or self.choice(CODES[type]), self.moment(), f"e{self.told}", sequence)

    def tell(self, happened, *, is_last):
        """What happened by now, but some of it only the next time, in random sets. Answers what is still untold."""
        now = [one for one in happened if one[1].occurred_at <= self.now() and (is_last or self.chance(0.7))]
        later = [one for one in happened if one not in now]
        if self.chance(0.5):
            self.shuffle(now)
        while now:
            source, _said = now[0]
            some = [one for one in now[: self.randrange(1, 60)] if one[0] is source]
            hear([said for _source, said in some], source, is_test=self.by_test_key())
            now = [one for one in now if one not in some]
        return later

    def now(self):
        return datetime.now(UTC)

    def people_change_orders(self):
        """A person moves some, and gives some to other customers."""
        some = [order.pk for order in self.sample(self.orders, len(self.orders) // 6)]
        for order in Order.objects.filter(pk__in=some).order_by("pk"):
            order.speaker = Speaker(is_test=self.by_test_key())
            for type in self.sample(TYPES, 2):
                setattr(order, f"{type}_status_id", self.statuses[type, self.choice(CODES[type])])
            if self.chance(0.3):
                order.customer = self.choice([None, *self.customers])
            if self.chance(0.3):
                order.total_minor = self.choice(TOTALS)
            order.save()

    def change_a_mark(self):
        if self.is_plain:
            return
        status = OrderStatus.objects.get(pk=self.choice(self.changeable()))
        lifecycle.change(status, {"include_in_analytics": not status.include_in_analytics})

    def change_vocabulary(self):
        """One is merged into another, that perhaps into a third; others are retired."""
        for type in TYPES:
            first, second, fourth, fifth = self.sample([code for code in CODES[type] if code not in STAYS], 4)
            third = self.choice((fourth, *(code for code in CODES[type] if code in STAYS)))
            if self.chance(0.6):
                self.merge(type, first, second)
                if self.chance(0.4):
                    self.merge(type, second, third)
            if self.chance(0.4):
                lifecycle.retire(self.status(type, fifth), is_taken=True)

    def tell_again(self):
        """By the codes there were, whatever became of them."""
        for type in TYPES:
            some = self.sample(self.orders, len(self.orders) // 8)
            hear([self.said(order.external_id, type) for order in some], self.choice(self.sources))

    def merge(self, type, code, into):
        lifecycle.begin_merge(self.status(type, code), self.status(type, into))
        carry_on_merges()

    def status(self, type, code):
        return OrderStatus.objects.get(pk=self.statuses[type, code])

    # What is texted, and who is in which segment.

    def text_customers(self):
        """Some orders entered a campaign by a change, others by the clock."""
        campaigns = [Campaign.objects.create(code=code, name=code, draft={}) for code in CAMPAIGN_CODES]
        versions = [CampaignVersion.objects.create(campaign=one, number=1, definition=DEFINITION) for one in campaigns]
        changes = list(StatusTransition.objects.order_by("pk"))
        runs = [self.run(self.choice(versions), self.choice(changes), n) for n in range(self.size * 3)]
        Run.objects.bulk_create(runs)
        RunEvent.objects.bulk_create(event for run in runs for event in self.decisions(run))
        Message.objects.bulk_create(
            self.message(run, step) for run in runs for step in TEXT_STEPS if run.step and self.chance(0.5)
        )

    def run(self, version, change, n):
        entered_at = self.moment()
        return Run(
            campaign=version.campaign,
            version=version,
            occasion=f"o:{n}",
            occurred_at=entered_at - HOUR,
            transition=change if self.chance(0.7) else None,
            order=change.order,
            customer=change.order.customer,
            state=self.choice(("waiting", "finished", "stopped", "declined", "failed")),
            step=self.choice(("", *STEPS)),
            step_at=entered_at,
            entered_at=entered_at,
        )

    def decisions(self, run):
        """At the gate, and at the steps it came through; at the last one perhaps nothing is decided yet."""
        came = (STEPS.index(run.step) if run.step else 0) + self.choice((0, 1))
        for number, step in enumerate(["", *STEPS[:came]]):
            yield RunEvent(run=run, number=number, step=step, at=run.entered_at, outcome="yes")

    def message(self, run, step):
        state = self.choice([*MessageState.values, "delivered", "accepted", "skipped"])
        created_at = self.moment()
        ended_at = None if state in ("pending", "claimed", "calling", "unknown") else min(NOW, created_at + HOUR)
        return Message(
            run=run,
            step=step,
            campaign=run.campaign,
            order=run.order,
            customer=run.customer,
            is_test=(run.transition or run.order).is_test,
            purpose=self.choice(("transactional", "marketing")),
            category=self.choice(CATEGORIES),
            deliver="immediately",
            state=state,
            skip_reason=self.choice(SKIP_REASONS) if state == "skipped" else "",
            due_at=created_at if state == "pending" else None,
            leased_until=NOW if state in Message.IN_HAND else None,
            parts=self.randrange(1, 4),
            created_at=created_at,
            called_at=ended_at,
            sent_at=ended_at if state in Message.SENT else None,
            ended_at=ended_at,
            receipt_at=ended_at if state in ("delivered", "undelivered") else None,
        )

    def make_segments(self):
        for code in SEGMENT_CODES:
            kind = Segment.Kind.LIST if code == "brought" else Segment.Kind.RULE
            segment = Segment.objects.create(code=code, name=code, kind=kind, counted_at=NOW)
            Member.objects.bulk_create(
                Member(segment=segment, customer=customer, since=self.moment())
                for customer in self.customers
                if self.chance(0.4)
            )
