"""The rule language, said a second time: each question is answered by looking at all there is, one after another."""

from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

UNITS = {"minutes": 1, "hours": 60, "days": 24 * 60}


@dataclass
class Asked:
    """Who asks, and of which order: a run asks of its own, unless a group says otherwise."""

    reference: object
    run: object
    order: object

    @property
    def customer(self):
        return self.order.customer

    def orders(self, of):
        """Those of which one must be as asked."""
        everybodys = list(self.reference.orders.values())
        siblings = [other for other in everybodys if self.customer and other.customer is self.customer] or [self.order]
        if of == "any_order":
            return siblings
        if of == "another_order":
            return [other for other in siblings if other is not self.order]
        newest = max(siblings, key=lambda one: (one.ordered_at or one.placed_at, everybodys.index(one)))
        return [newest]


def ask(rule, asked):
    if "field" in rule:
        return compare(rule["operator"], look(rule, asked), ready(rule["field"], rule["operator"], rule.get("value")))
    of = rule.get("of", "this_order")
    orders = [asked.order] if of == "this_order" else asked.orders(of)
    holds = any(agree(rule, replace(asked, order=order)) for order in orders)
    return not holds if rule.get("not") else holds


def agree(rule, asked):
    answers = [ask(part, asked) for part in rule["rules"]]
    return all(answers) if rule["combinator"] == "and" else any(answers)


def look(condition, asked):
    whose, what = condition["field"].split(".")
    return {"order": of_order, "customer": of_customer, "messages": of_messages}[whose](what, condition, asked)


def of_order(what, condition, asked):
    if what == "external_id":
        return asked.order.name
    if what == "ordered_at":
        return asked.order.ordered_at
    then_or_now = asked.run.transition if condition.get("at") == "trigger" else asked.order
    if then_or_now is None:
        return None
    if what.endswith("_status"):
        code = then_or_now.statuses[what.removesuffix("_status")]
        return code and code.lower()
    return then_or_now.total if what == "total" else then_or_now.currency or None


def of_customer(what, condition, asked):
    customer = asked.customer
    if what == "has_phone":
        return customer is not None and customer.phone in ("mobile", "fixed", "unknown")
    if customer is None:
        return None
    if what == "attribute":
        value = customer.attributes.get(condition["name"])
        return None if value is None else typed(value)
    if what == "tags":
        return set(customer.tags) or None
    attribute = {"external_id": "name", "timezone": "zone", "sms_consent": "consent"}.get(what, what)
    return getattr(customer, attribute) or None


def of_messages(what, condition, asked):
    """There is one campaign in a story, so each text is this campaign's."""
    now = asked.reference.now
    sent = [message for message in asked.reference.messages if message.sent_at is not None]
    if what == "sent_for_order":
        return any(message.run.order is asked.order for message in sent)
    to_them = [m for m in sent if asked.customer and m.run.order.customer is asked.customer]
    if condition.get("category"):
        to_them = [message for message in to_them if message.params.get("category") == condition["category"]]
    if what == "since_last":
        return min((now - message.sent_at for message in to_them), default=None)
    return Decimal(sum(now - message.sent_at < length(condition["within"]) for message in to_them))


def length(raw):
    return timedelta(minutes=raw["value"] * UNITS[raw["unit"]])


def typed(value):
    """True is not one."""
    if isinstance(value, bool):
        return ("flag", value)
    return ("text", value) if isinstance(value, str) else ("number", Decimal(str(value)))


def ready(name, operator, value):
    if isinstance(value, list):
        return [ready(name, operator, one) for one in value]
    if value is None:
        return None
    if name == "customer.attribute":
        return typed(value)
    if name in ("order.total", "messages.sent"):
        return Decimal(str(value))
    if name == "messages.since_last":
        return length(value)
    return value.lower() if name.endswith("_status") else value


def is_of(type, test):
    """Of an attribute only what is of the right type can be compared like this."""
    return lambda seen, wanted: (
        test(seen, wanted) if not isinstance(seen, tuple) else seen[0] == type and test(seen[1], bare(wanted))
    )


def bare(wanted):
    return [one[1] for one in wanted] if isinstance(wanted, list) else wanted[1]


COMPARISONS = {
    "=": lambda seen, wanted: seen == wanted,
    "in": lambda seen, wanted: seen in wanted,
    "<": is_of("number", lambda seen, wanted: seen < wanted),
    "<=": is_of("number", lambda seen, wanted: seen <= wanted),
    ">": is_of("number", lambda seen, wanted: seen > wanted),
    ">=": is_of("number", lambda seen, wanted: seen >= wanted),
    "between": is_of("number", lambda seen, wanted: wanted[0] <= seen <= wanted[1]),
    "contains": is_of("text", lambda seen, wanted: wanted in seen),
    "beginsWith": is_of("text", lambda seen, wanted: seen.startswith(wanted)),
    "endsWith": is_of("text", lambda seen, wanted: seen.endswith(wanted)),
    "anyOf": lambda seen, wanted: any(word in seen for word in wanted),
    "allOf": lambda seen, wanted: all(word in seen for word in wanted),
    "notNull": lambda seen, wanted: True,
}
OPPOSITES = {"!=": "=", "notIn": "in", "doesNotContain": "contains", "noneOf": "anyOf", "null": "notNull"}


def compare(operator, seen, wanted):
    if operator in OPPOSITES:
        return not compare(OPPOSITES[operator], seen, wanted)
    return seen is not None and COMPARISONS[operator](seen, wanted)
