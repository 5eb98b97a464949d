"""Stories that ask a lot: of other orders, of texts sent before, of what a customer is known for."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.campaigns.reference import TEXTS
from tests.campaigns.test_reference import (
    AS_TOLD,
    BEGINNINGS,
    CODES,
    Author,
    check,
    receivers,
    small_sets,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("memory", "receivers", "small_sets")]

# Fixtures by their import.
__all__ = ["receivers", "small_sets"]

TRIGGER = {"type": "payment", "from": "any", "to": "any"}
LENGTHS = ((1, "minutes"), (45, "minutes"), (10, "hours"), (25, "hours"), (30, "days"))


class Asker(Author):
    """Whatever happens enters the campaign, and the first thing it does there is to ask."""

    def story(self, length):
        beginning = self.beginning = self.choice(BEGINNINGS)
        happenings = [("tell", *self.telling()) for _ in range(self.randrange(3))]
        happenings += [("activate", 0, self.choice(("now", "beginning"))), *(self.happening() for _ in range(length))]
        return (
            beginning,
            (self.customer("A"), self.customer("B")),
            (self.definition(), self.definition()),
            [*happenings, ("pass_time", 1500)],
            [None if (ago := self.choice((None, 0, 0, 1, -1, 5000))) is None else beginning - timedelta(minutes=ago)
             for _order in range(4)],
        )  # fmt: skip

    def happening(self):
        kind = self.choice(
            ("tell",) * 8 + ("pass_time",) * 5 + ("change_customer",) * 2 + ("change_total", "add_status")
        )
        details = {
            "tell": self.telling,
            "pass_time": lambda: [self.choice((1, 1, 30, 45, 600, 1500, 44000))],
            "change_customer": lambda: [self.choice("AB"), *self.choice(list(self.known_for().items()))],
            "change_total": lambda: [self.order(), self.choice((None, 999, 1230))],
            "add_status": lambda: [self.heard_type()],
        }
        return (kind, *details[kind]())

    def telling(self):
        return [[self.order()], self.choice(("payment",) * 5 + ("delivery",)), self.choice(CODES), 0, True]

    def order(self):
        return self.choice(("O-1", "O-2") * 4 + ("O-3", "O-4"))

    def customer(self, name):
        customer = super().customer(name)
        customer.phone, customer.consent, customer.refused = "mobile", "given", ()
        for what, value in self.known_for().items():
            setattr(customer, what, value)
        return customer

    def known_for(self):
        attributes = {"level": self.choice(("gold", "3", 3, 3.5, 1, True, False)), "n": self.choice((0, 1))}
        return {
            "attributes": {name: value for name, value in attributes.items() if self.chance(0.7)},
            "tags": set(self.sample(("vip", "new", "b2b"), self.randrange(3))),
        }

    def definition(self):
        definition = {**super().definition(), "trigger": {"kind": "order_status_changed", "params": TRIGGER}}
        return {name: definition[name] for name in ("format", "code", "name", "trigger", "steps")}

    def steps(self, depth, prefix="s"):
        if depth > 1:
            return super().steps(depth, prefix)
        branches = {name: [self.text(name)] for name in ("yes", "no") if self.chance(0.8)}
        asks = {"key": "asks", "kind": "filter_customers", "params": self.filter(), "branches": branches}
        return [asks, *([] if self.chance(0.6) else super().steps(depth, prefix))]

    def text(self, key):
        params = {"text": next(iter(TEXTS)), "purpose": "transactional"}
        return {"key": key, "kind": "send_sms", "params": params | ({"category": "news"} if self.chance(0.3) else {})}

    def filter(self):
        return {"rule": self.group(self.condition)}

    def condition(self):
        kinds = {self.about_other_orders: 4, self.about_texts: 3, self.about_the_customer: 2, super().condition: 1}
        [make] = self.choices(list(kinds), list(kinds.values()))
        return make()

    def about_other_orders(self):
        return self.of_orders() | {"of": self.choice(("any_order", "another_order", "another_order", "last_order"))}

    def of_orders(self):
        rules = [
            self.of_orders() if self.chance(0.15) else self.about_an_order() for _ in range(self.choice((1, 1, 2)))
        ]
        return {"combinator": self.choice(("and", "or")), "not": self.chance(0.3), "rules": rules}

    def about_an_order(self):
        status = f"order.{self.choice(('payment', 'payment', 'delivery'))}_status"
        field, operator, value = self.choice(
            (
                (status, self.choice(("in", "notIn")), self.choice((["alpha"], ["BETA", "gamma"], ["never", "Alpha"]))),
                (status, self.choice(("=", "!=")), self.choice(CODES)),
                (status, self.choice(("null", "notNull")), None),
                ("order.external_id", self.choice(("endsWith", "contains")), self.choice("12")),
                ("order.external_id", self.choice(("=", "!=")), self.choice(("O-1", "O-2", "o-1"))),
                ("order.total", self.choice((">", "<=")), self.choice((10, "12.3", 9.99))),
                ("order.ordered_at", self.choice(("null", "notNull")), None),
            )
        )
        return {"field": field, "operator": operator, "value": value}

    def about_texts(self):
        value, unit = self.choice(LENGTHS)
        length = {"value": value, "unit": unit}
        params = self.choice(
            ({}, {}, {"category": "news"}, {"campaign": "this"}, {"campaign": "any", "category": "news"})
        )
        field, operator, value, params = self.choice(
            (
                ("messages.sent", self.choice(("=", "!=", "<", ">=")), self.choice((0, 1, 1, 2)), params),
                ("messages.sent", self.choice(("<=", ">")), self.choice((0, 1, 2, 3)), params),
                ("messages.since_last", self.choice((">", "<=", "<", ">=")), length, params),
                ("messages.since_last", self.choice(("null", "notNull")), None, params),
                ("messages.sent_for_order", "=", self.chance(0.5), {}),
            )
        )
        params |= {"within": length} if field == "messages.sent" else {}
        return {"field": field, "operator": operator, "value": value, **params}

    def about_the_customer(self):
        value = self.choice(("gold", "3", "g", 3, 1, 0, 3.5, True, False))
        number, text = self.choice((0, 1, 3, 3.2)), self.choice(("gold", "o", "3"))
        name = {"name": self.choice(("level", "level", "n", "never"))}
        field, operator, value, params = self.choice(
            (
                ("customer.attribute", self.choice(("=", "!=")), value, name),
                ("customer.attribute", self.choice(("in", "notIn")), [value, 2], name),
                ("customer.attribute", self.choice(("<", ">=")), number, name),
                ("customer.attribute", "between", [0, number], name),
                ("customer.attribute", self.choice(("contains", "doesNotContain", "endsWith")), text, name),
                ("customer.attribute", self.choice(("null", "notNull")), None, name),
                ("customer.tags", self.choice(("anyOf", "allOf", "noneOf")), self.sample(("vip", "new", "x"), 2), {}),
                ("customer.tags", self.choice(("null", "notNull")), None, {}),
            )
        )
        return {"field": field, "operator": operator, "value": value, **params}


asking_story = given(st.integers(0, 2**64), st.integers(12, 30))


def check_what_is_asked(seed, length):
    check(Asker(seed), length)


test_rules_agree_with_the_reference = settings(max_examples=10, derandomize=True, **AS_TOLD)(
    asking_story(check_what_is_asked)
)
test_rules_agree_with_the_reference_at_length = pytest.mark.proof(
    settings(max_examples=3000, **AS_TOLD)(asking_story(check_what_is_asked))
)
