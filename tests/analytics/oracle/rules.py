"""Random rules, of segments and of Filter customers: some that ask one thing, which between them ask everything, and
some that ask several.

What there is to ask stands here a second time: test_covered.py compares it with what is registered.
"""

from dataclasses import dataclass
from datetime import timedelta
from itertools import combinations, product
from random import Random

from tests.analytics.oracle.shops import (
    AGES,
    ATTRIBUTES,
    CAMPAIGN_CODES,
    CATEGORIES,
    NOW,
    SEGMENT_CODES,
    SKIP_REASONS,
    TAGS,
    TOTALS,
    TYPES,
)

EQUALITY = ("=", "!=", "in", "notIn")
ORDER = ("<", "<=", ">", ">=", "between")
TEXT = ("contains", "doesNotContain", "beginsWith", "endsWith")
PRESENCE = ("null", "notNull")
OPERATORS = {
    "status": (*EQUALITY, *PRESENCE),
    "text": (*EQUALITY, *TEXT, *PRESENCE),
    "number": (*EQUALITY, *ORDER, *PRESENCE),
    "time": (*ORDER, "inLast", "notInLast", *PRESENCE),
    "duration": (*ORDER, *PRESENCE),
    "choice": (*EQUALITY, *PRESENCE),
    "flag": ("=", *PRESENCE),
    **dict.fromkeys(("words", "statuses", "codes"), ("anyOf", "allOf", "noneOf", *PRESENCE)),
    "any": (*EQUALITY, *ORDER, *TEXT, *PRESENCE),
}
LISTS = ("in", "notIn", "anyOf", "allOf", "noneOf")

# By field: its kind, the params it needs, and those it may have.
OF_ORDERS = {
    **{f"order.{type}_status": ("status", (), ()) for type in TYPES},
    **{f"order.{type}_reached": ("statuses", (), ("within",)) for type in TYPES},
    **{f"order.{type}_stayed": ("duration", ("status",), ()) for type in TYPES},
    "order.total": ("number", (), ()),
    "order.currency": ("text", (), ()),
    "order.external_id": ("text", (), ()),
    "order.ordered_at": ("time", (), ()),
    "order.placed_at": ("time", (), ()),
    "order.sources": ("codes", (), ()),
}
OF_CUSTOMERS = {
    **{f"orders.{what}": ("number", (), ("where",)) for what in ("count", "sum", "average", "largest")},
    **{f"orders.{what}": ("time", (), ("where",)) for what in ("first_at", "last_at")},
    **{f"orders.{what}": ("duration", (), ("where",)) for what in ("since_first", "since_last")},
    "transitions.count": ("number", ("type",), ("from", "to", "within")),
    **{f"customer.{what}": ("text", (), ()) for what in ("external_id", "first_name", "language", "timezone")},
    "customer.sms_consent": ("choice", (), ()),
    "customer.has_phone": ("flag", (), ()),
    "customer.attribute": ("any", ("name",), ()),
    "customer.tags": ("words", (), ()),
    "customer.segments": ("codes", (), ()),
    "messages.sent": ("number", ("within",), ("campaign", "category")),
    "messages.delivered": ("number", ("within",), ("category",)),
    "messages.skipped": ("number", ("within",), ("reason", "category")),
    "messages.since_last": ("duration", (), ("campaign", "category")),
    "campaigns.entered": ("codes", (), ("within",)),
}
COUNTS = ("orders.count", "transitions.count", "messages.sent", "messages.delivered", "messages.skipped")
# Of the order that entered a campaign it is known how the change found it, and what the campaign sent about it.
WITH_A_PAST = {*(f"order.{type}_status" for type in TYPES), "order.total", "order.currency"}
OF_RUNS = {
    field: (kind, needed, (*perhaps, "at") if field in WITH_A_PAST else perhaps)
    for field, (kind, needed, perhaps) in {
        **OF_ORDERS,
        **OF_CUSTOMERS,
        "messages.sent_for_order": ("flag", (), ()),
    }.items()
}
FIELDS = {"orders": OF_ORDERS, "customers": OF_CUSTOMERS, "runs": OF_RUNS}
DEEPEST = 4


@dataclass(frozen=True)
class Purpose:
    """Of whom a rule asks outside of groups about other orders, about which orders such groups are, and by whose
    campaigns texts may be.
    """

    about: str
    scopes: tuple[str, ...]
    own_scopes: tuple[str, ...]
    campaigns: tuple[str, ...]


SEGMENT = Purpose("customers", ("any_order", "last_order"), (), ("any",))
FILTER_CUSTOMERS = Purpose("runs", ("any_order", "another_order", "last_order"), ("this_order",), ("any", "this"))


def ways(fields):
    """Each field with each operator, and with each choice of the params it may have."""
    for field, (kind, needed, perhaps) in fields.items():
        chosen = [some for number in range(len(perhaps) + 1) for some in combinations(perhaps, number)]
        for place, operator in enumerate(OPERATORS[kind]):
            yield field, operator, (*needed, *chosen[place % len(chosen)])
        for place, some in enumerate(chosen):
            yield field, OPERATORS[kind][place % len(OPERATORS[kind])], (*needed, *some)


def asked(rule):
    """The ways in which a rule asks, as `ways` has them."""
    for part in rule["rules"]:
        if "field" in part:
            params = tuple(key for key in part if key not in ("field", "operator", "value"))
            yield part["field"], part["operator"], params
            yield from asked(part["where"]) if "where" in part else ()
        else:
            yield from asked(part)


WAYS = {about: list(dict.fromkeys(ways(fields))) for about, fields in FIELDS.items()}


class Author(Random):
    """Writes rules about a shop. `known` are the codes, by type, that may be named."""

    def __init__(self, seed, known, purpose=SEGMENT):
        super().__init__(f"author {seed}")
        self.known, self.purpose = known, purpose

    def simple_rules(self, number, of):
        """Each asks one thing, or has one group. It takes so many authors, numbered from 0 on, to ask everything."""
        for about in ("orders", self.purpose.about):
            for way in WAYS[about][number::of]:
                rule = {"combinator": "and", "rules": [self.condition(way, 1)]}
                yield {**rule, "of": self.choice(self.purpose.scopes)} if about == "orders" else rule
        scopes = (*self.purpose.own_scopes, *self.purpose.scopes)
        for scope, combinator, is_denied in list(product(scopes, ("and", "or"), (True, False)))[number::of]:
            about = "orders" if scope in self.purpose.scopes else self.purpose.about
            group = {**self.group(2, about), "of": scope, "combinator": combinator, "not": is_denied}
            yield {"combinator": "and", "rules": [group]}

    def chance(self, likelihood):
        return self.random() < likelihood

    def rule(self):
        return self.group(1, self.purpose.about)

    def group(self, depth, about):
        rules = [self.part(depth, about) for _ in range(self.choice((1, 2, 2, 3)))]
        group = {"combinator": self.choice(("and", "or")), "not": self.chance(0.25), "rules": rules}
        is_named = about == self.purpose.about and self.purpose.own_scopes and self.chance(0.3)
        return {**group, "of": self.choice(self.purpose.own_scopes)} if is_named else group

    def part(self, depth, about):
        if about == self.purpose.about and self.chance(0.35):
            return {**self.group(depth + 1, "orders"), "of": self.choice(self.purpose.scopes)}
        if depth < DEEPEST and self.chance(0.2):
            return self.group(depth + 1, about)
        return self.condition(self.choice(WAYS[about]), depth)

    def condition(self, way, depth):
        field, operator, params = way
        kind = OF_RUNS[field][0]
        rule = {"field": field, "operator": operator}
        for name in params:
            rule[name] = getattr(self, f"param_{name}")(rule, depth)
        if operator not in PRESENCE:
            rule["value"] = self.value(rule, kind)
        return rule

    # Params.

    def param_where(self, _rule, depth):
        return self.group(max(depth + 1, DEEPEST - 1), "orders")

    def param_type(self, _rule, _depth):
        return self.choice(TYPES)

    def param_from(self, rule, _depth):
        return self.codes(rule["type"])

    param_to = param_from

    def param_status(self, rule, _depth):
        return self.one_status(rule)

    def param_within(self, _rule, _depth):
        return self.length()

    def param_name(self, _rule, _depth):
        return self.choice([*ATTRIBUTES, "never"])

    def param_campaign(self, _rule, _depth):
        return self.choice(self.purpose.campaigns)

    def param_category(self, _rule, _depth):
        return self.choice([*filter(None, CATEGORIES), "never"])

    def param_reason(self, _rule, _depth):
        return self.choice(SKIP_REASONS)

    def param_at(self, _rule, _depth):
        return self.choice(("trigger", "trigger", "now"))

    # Values.

    def value(self, rule, kind):
        one = getattr(self, f"one_{kind}")
        operator = rule["operator"]
        if operator in ("inLast", "notInLast"):
            return self.length()
        if operator == "between":
            ends = [one(rule), one(rule)]
            return sorted(ends, key=self.place) if self.chance(0.9) else ends
        if operator in LISTS:
            return [one(rule) for _ in range(self.choice((1, 2, 2, 3)))]
        return one(rule)

    def place(self, end):
        return float(end["value"] * {"hours": 1, "days": 24}[end["unit"]]) if isinstance(end, dict) else float_or(end)

    def one_status(self, rule):
        [code] = self.sample(self.known[rule["field"].removeprefix("order.").partition("_")[0]], 1)
        return self.choice((code, code.upper(), code.lower()))

    one_statuses = one_status

    def codes(self, type):
        return self.sample(self.known[type], min(len(self.known[type]), self.choice((1, 1, 2))))

    def one_text(self, rule):
        if rule["field"] == "order.currency":
            return self.choice(("EUR", "JPY", "eur", "U", "KWD"))
        if rule["field"].endswith("external_id"):
            return self.choice(("C-1", "c-1", "O-3", "o-3", "1", "O", "Ü2", "-"))
        return self.choice(("Ada", "ada", "da", "Ü", "%_", "%", "_", "de", "pt-BR", "Europe/", "'", "n"))

    def one_number(self, rule):
        if rule["field"] in COUNTS:
            return self.choice((0, 1, 1, 2, 3, "2.0", 1.5))
        total = self.choice([total for total in TOTALS if total is not None])
        return self.choice((total / 100, f"{total / 100:.2f}", total, "9.995", 21.0, "0.001", -1))

    def one_time(self, _rule):
        return (NOW - timedelta(hours=self.hours())).isoformat()

    def one_duration(self, _rule):
        return self.length()

    def one_choice(self, _rule):
        return self.choice(("given", "unknown", "refused"))

    def one_flag(self, _rule):
        return self.chance(0.5)

    def one_words(self, rule):
        if rule["field"] == "customer.segments":
            return self.choice(SEGMENT_CODES)
        if rule["field"] == "campaigns.entered":
            return self.choice(CAMPAIGN_CODES)
        if rule["field"] == "order.sources":
            return self.choice(("shop", "erp", "market-2", "admin", "load"))
        return self.choice((*TAGS, "never"))

    def one_any(self, rule):
        values = ATTRIBUTES.get(rule.get("name"), ("gold", 1))
        if rule["operator"] in ORDER:
            return self.choice((0, 1, 3, 3.5, "3", 0.1, -2))
        if rule["operator"] in TEXT:
            return self.choice(("gold", "o", "3", "G", '"', "Ü", "%", "true"))
        return self.choice(values)

    one_codes = one_words

    def hours(self):
        return self.choice(AGES[1:]) if self.chance(0.6) else self.randrange(1, 120 * 24)

    def length(self):
        hours = self.hours()
        return {"value": hours // 24, "unit": "days"} if hours % 24 == 0 else {"value": hours, "unit": "hours"}


def float_or(end):
    try:
        return float(end)
    except ValueError:
        return end
