"""Of which customers a rule holds, or of which runs of campaigns, by DuckDB: what docs/analytics.md and
docs/campaigns.md say, a second time, as SQL.

Each field is an expression of what it reads, NULL where it is missing; each operator says when it holds of one that is
there. The rest follows: a missing value equals nothing, and what denies is the denial of what asserts.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

# Decimals enough for all that is compared.
NUMBER = "DECIMAL(38, 10)"
MINUTES = {"minutes": 1, "hours": 60, "days": 24 * 60}
DENIALS = {
    "!=": "=", "notIn": "in", "doesNotContain": "contains", "noneOf": "anyOf", "null": "notNull", "notInLast": "inLast",
}  # fmt: skip

UNIT = "CASE (SELECT currency FROM workspace) WHEN 'JPY' THEN 1 ELSE 0.01 END"

PREPARED = """
CREATE OR REPLACE TEMP TABLE words AS
    SELECT told.id, told.type, told.code_key AS old_key, meant.code_key AS key, meant.include_in_analytics AS is_marked
    FROM statuses AS told JOIN statuses AS meant ON meant.id = coalesce(told.merged_into_id, told.id);
CREATE OR REPLACE TEMP MACRO amount(minor, currency) AS
    minor::DECIMAL(18, 0) * CASE currency WHEN 'JPY' THEN 1 WHEN 'KWD' THEN 0.001 ELSE 0.01 END;
CREATE OR REPLACE TEMP TABLE all_orders AS
    SELECT *, currency = (SELECT currency FROM workspace) AS is_in_own_currency, amount(total_minor, currency) AS total
    FROM orders;
CREATE OR REPLACE TEMP TABLE live_orders AS FROM all_orders WHERE NOT is_test;
CREATE OR REPLACE TEMP TABLE last_orders AS
    FROM live_orders
    QUALIFY row_number() OVER (PARTITION BY customer_id ORDER BY coalesce(ordered_at, created_at) DESC, id DESC) = 1;
CREATE OR REPLACE TEMP TABLE last_of_all_orders AS
    FROM all_orders
    QUALIFY row_number() OVER (PARTITION BY customer_id ORDER BY coalesce(ordered_at, created_at) DESC, id DESC) = 1;
CREATE OR REPLACE TEMP TABLE stays AS
    SELECT visits.*, words.key, came.key AS from_key,
        CASE WHEN words.is_marked THEN path_left_at ELSE left_at END AS over_at
    FROM visits
    JOIN words ON words.id = status_id
    LEFT JOIN words AS came ON came.id = path_from_id
    WHERE is_step OR NOT words.is_marked;
CREATE OR REPLACE TEMP TABLE steps AS
    FROM stays WHERE is_step AND order_id IN (SELECT id FROM live_orders);
CREATE OR REPLACE TEMP TABLE moves AS SELECT *, amount(total_minor, currency) AS total FROM ledger;
"""


@dataclass(frozen=True)
class Value:
    sql: str
    kind: str


def prepare(duck):
    """After `read_history`, for all rules of one shop."""
    duck.execute(PREPARED)


def customers(duck, rule, now):
    """The keys of those of whom the rule holds."""
    asked = translation(duck, now).group(rule)
    found = duck.execute(f"SELECT c.id FROM customers AS c WHERE c.erased_at IS NULL AND {asked}")
    return {id for (id,) in found.fetchall()}


def runs(duck, rule, now):
    """The keys of those runs that Filter customers lets pass: `own` is the order that entered, `t` by which change."""
    asked = translation(duck, now, OfRuns).group(rule)
    found = duck.execute(f"""
        SELECT r.id FROM runs AS r
        JOIN all_orders AS own ON own.id = r.order_id
        JOIN all_orders AS o ON o.id = r.order_id
        LEFT JOIN customers AS c ON c.id = own.customer_id
        LEFT JOIN moves AS t ON t.id = r.transition_id
        WHERE {asked}
    """)
    return {id for (id,) in found.fetchall()}


def seen(duck, rule, now, customer):
    """What is read of one customer, by field, where the rule asks about the customer."""
    to_sql = translation(duck, now)
    return {
        condition["field"]: duck.execute(
            f"SELECT ({to_sql.value(condition).sql}) FROM customers AS c WHERE c.id = {customer}"
        ).fetchone()[0]
        for condition in about_customers(rule)
    }


def about_customers(rule):
    if "field" in rule:
        yield rule
    elif "of" not in rule:
        for part in rule["rules"]:
            yield from about_customers(part)


def translation(duck, now, of=None):
    merged = duck.execute("SELECT type, old_key, key FROM words WHERE old_key <> key").fetchall()
    return (of or Translation)(now, {(type, old): key for type, old, key in merged})


class Translation:
    """From JSON to SQL about a customer `c` and, where orders are spoken of, an order `o`: as a segment is asked, of
    what is included in analytics alone.
    """

    orders = {
        "any_order": "live_orders AS o WHERE o.customer_id = c.id",
        "last_order": "last_orders AS o WHERE o.customer_id = c.id",
    }
    words_of_orders, stays, is_test = "(FROM words WHERE is_marked)", "steps", "false"

    def __init__(self, now, renamed):
        self.now, self.renamed = moment(now), renamed

    def group(self, rule):
        parts = [self.condition(part) if "field" in part else self.group(part) for part in rule["rules"]]
        holds = "(" + f" {rule['combinator']} ".join(parts) + ")"
        if orders := self.orders.get(rule.get("of")):
            holds = f"EXISTS (FROM {orders} AND {holds})"
        return f"(NOT {holds})" if rule.get("not") else holds

    def condition(self, rule):
        value, operator = self.value(rule), rule["operator"]
        asserted = DENIALS.get(operator, operator)
        holds = f"({value.sql}) IS NOT NULL"
        if asserted != "notNull":
            holds = f"coalesce({self.asserts(value, asserted, rule)}, false)"
        return f"(NOT {holds})" if operator in DENIALS else f"({holds})"

    # What a field reads.

    def value(self, rule):
        whose, what = rule["field"].split(".", 1)
        return getattr(self, f"of_{whose}")(what, rule)

    def of_customer(self, what, rule):
        match what:
            case "has_phone":
                return Value("coalesce(c.phone, '') <> ''", "flag")
            case "attribute":
                return Value(f"c.attributes->'{rule['name']}'", "any")
            case "tags":
                return words("SELECT unnest(from_json(c.tags, '[\"VARCHAR\"]')) AS word")
            case "segments":
                ids = "SELECT segment_id FROM members WHERE customer_id = c.id"
                return words(f"SELECT code AS word FROM segments WHERE id IN ({ids})", "codes")
            case "sms_consent":
                return Value("c.sms_consent", "choice")
        return Value(f"nullif(c.{what}, '')", "text")

    def of_order(self, what, rule):
        kind = what.partition("_")[2]
        order = "t" if rule.get("at") == "trigger" else "o"
        match what, kind:
            case _, "status":
                return Value(f"SELECT key FROM {self.words_of_orders} WHERE id = {order}.{what}_id", "status")
            case _, "reached":
                stays = f"{self.stays} WHERE {self.is_stay(what, rule)}"
                return words(f"SELECT DISTINCT key AS word FROM {stays}", "statuses")
            case _, "stayed":
                lengths = f"epoch_us(coalesce(over_at, {self.now})) - epoch_us(entered_at)"
                return Value(f"SELECT max({lengths}) FROM {self.stays} WHERE {self.is_stay(what, rule)}", "duration")
            case "total", _:
                return Value(f"{order}.total", "number")
            case (("ordered_at" | "placed_at"), _):
                return Value(f"o.{what}", "time")
            case "sources", _:
                ids = f"SELECT source_id FROM visits WHERE order_id = o.id AND entered_at <= {self.now}"
                return words(f"SELECT code AS word FROM sources WHERE id IN ({ids})", "codes")
        return Value(f"nullif({order}.{what}, '')", "text")

    def of_orders(self, what, rule):
        where = self.group(rule["where"]) if rule.get("where") else "true"
        select = partial("(SELECT {} FROM live_orders AS o WHERE o.customer_id = c.id AND {})".format)
        of_own = "o.is_in_own_currency AND o.total IS NOT NULL"
        match what:
            case "count":
                return Value(select("count(*)", where), "number")
            case "sum":
                return Value(select(f"coalesce(sum(o.total) FILTER ({of_own}), 0)", where), "number")
            case "average":
                units = select(f"sum(o.total_minor) FILTER ({of_own}) * 2 // count(*) FILTER ({of_own})", where)
                return Value(f"({units} + 1) // 2 * {UNIT}", "number")
            case "largest":
                return Value(select(f"max(o.total) FILTER ({of_own})", where), "number")
        end = select("min(o.placed_at)" if what.endswith("first") or what == "first_at" else "max(o.placed_at)", where)
        return Value(end, "time") if what.endswith("_at") else self.since(end)

    def of_transitions(self, what, rule):
        asked = [f"type = {text(rule['type'])}", "customer_id = c.id", f"entered_at <= {self.now}"]
        for column, codes in (("key", rule.get("to")), ("from_key", rule.get("from"))):
            if codes is not None:
                asked.append(f"{column} IN ({self.codes(rule['type'], codes)})")
        if rule.get("within"):
            asked.append(self.is_within("entered_at", rule["within"]))
        return Value(f"SELECT count(*) FROM steps WHERE {' AND '.join(asked)}", "number")

    def of_messages(self, what, rule):
        """Texts that a test key brought about are on the test phone alone."""
        states, at = {
            "delivered": ("'delivered'", "sent_at"),
            "skipped": ("'skipped'", "ended_at"),
        }.get(what, ("'accepted', 'delivered', 'undelivered'", "sent_at"))
        asked = ["customer_id = c.id", f"is_test = {self.is_test}", f"state IN ({states})", f"{at} <= {self.now}"]
        asked += ["campaign_id = r.campaign_id"] if rule.get("campaign") == "this" else []
        asked += [self.is_within(at, rule["within"])] if rule.get("within") else []
        asked += [f"category = {text(rule['category'])}"] if rule.get("category") else []
        asked += [f"skip_reason = {text(rule['reason'])}"] if rule.get("reason") else []
        texts = f"FROM messages WHERE {' AND '.join(asked)}"
        if what == "since_last":
            return self.since(f"SELECT max(sent_at) {texts}")
        return Value(f"SELECT count(*) {texts}", "number")

    def of_campaigns(self, _what, rule):
        """Whoever was not let in has not entered."""
        within = self.is_within("entered_at", rule["within"]) if rule.get("within") else f"entered_at <= {self.now}"
        ids = f"SELECT campaign_id FROM runs WHERE customer_id = c.id AND state <> 'declined' AND {within}"
        return words(f"SELECT code AS word FROM campaigns WHERE id IN ({ids})", "codes")

    def is_stay(self, what, rule):
        """Of the order, of the type that the field is called by."""
        type = what.partition("_")[0]
        asked = [f"order_id = o.id AND type = {text(type)} AND entered_at <= {self.now}"]
        if rule.get("status"):
            asked.append(f"key = {self.codes(type, [rule['status']])}")
        if rule.get("within"):
            asked.append(self.is_within("entered_at", rule["within"]))
        return " AND ".join(asked)

    def since(self, sql):
        return Value(f"SELECT epoch_us({self.now}) - epoch_us(({sql}))", "duration")

    def is_within(self, column, length):
        return f"({column} > {self.ago(length)} AND {column} <= {self.now})"

    def ago(self, length):
        return f"({self.now} - to_microseconds({microseconds(length)}))"

    # What an operator asserts of a value that is there.

    def asserts(self, value, operator, rule):
        wanted, sql = rule.get("value"), f"({value.sql})"
        if value.kind == "any":
            return self.asserts_of_any(sql, operator, wanted)
        literal = partial(self.literal, value, rule)
        match operator:
            case "in":
                return f"{sql} IN ({', '.join(map(literal, as_list(wanted)))})"
            case "between":
                return f"{sql} BETWEEN {literal(wanted[0])} AND {literal(wanted[1])}"
            case "inLast":
                return self.is_within(sql, wanted)
            case "contains":
                return f"contains({sql}, {text(wanted)})"
            case "beginsWith":
                return f"starts_with({sql}, {text(wanted)})"
            case "endsWith":
                return f"ends_with({sql}, {text(wanted)})"
            case "anyOf" | "allOf":
                has = {"anyOf": "list_has_any", "allOf": "list_has_all"}[operator]
                return f"{has}({sql}, [{', '.join(map(literal, as_list(wanted)))}])"
        return f"{sql} {operator} {literal(wanted)}"

    def asserts_of_any(self, sql, operator, wanted):
        """What stands in quotes is a text and equals no number; only numbers have an order, only texts a beginning."""
        if operator in ("=", "in"):
            return f"({' OR '.join(is_same(sql, each) for each in as_list(wanted))})"
        kind = "text" if operator in ("contains", "beginsWith", "endsWith") else "number"
        is_such, inside = TYPED[kind]
        asserted = self.asserts(Value(inside.format(sql), kind), operator, {"value": wanted})
        return f"CASE WHEN {is_such.format(sql)} THEN {asserted} ELSE false END"

    def literal(self, value, rule, wanted):
        match value.kind:
            case "number":
                return number(wanted)
            case "time":
                return moment(datetime.fromisoformat(wanted))
            case "duration":
                return str(microseconds(wanted))
            case "flag":
                return str(wanted)
            case "status" | "statuses":
                return self.codes(rule["field"].removeprefix("order.").partition("_")[0], [wanted])
        return text(wanted)

    def codes(self, type, codes):
        """Of one that was merged, the code of what is meant today."""
        keys = (code.strip().casefold() for code in as_list(codes))
        return ", ".join(text(self.renamed.get((type, key), key)) for key in keys)


class OfRuns(Translation):
    """As Filter customers is asked: of every status, and of every order of whoever the order that entered belongs to;
    if that is nobody, it stands alone.
    """

    orders = {
        "any_order": "all_orders AS o WHERE (o.customer_id = c.id OR o.id = own.id)",
        "another_order": "all_orders AS o WHERE o.customer_id = c.id AND o.id <> own.id",
        "last_order": """all_orders AS o WHERE o.id = coalesce(
            (SELECT id FROM last_of_all_orders WHERE customer_id = c.id), own.id
        )""",
    }
    words_of_orders, stays, is_test = "words", "stays", "coalesce(t.is_test, own.is_test)"

    def of_messages(self, what, rule):
        if what != "sent_for_order":
            return super().of_messages(what, rule)
        asked = f"""
            order_id = own.id AND campaign_id = r.campaign_id AND is_test = {self.is_test}
            AND state IN ('accepted', 'delivered', 'undelivered') AND sent_at <= {self.now}
        """
        return Value(f"EXISTS (FROM messages WHERE {asked})", "flag")


# When a value of JSON is such a one, and what it is then.
TYPED = {
    "text": ("json_type({}) = 'VARCHAR'", "{}->>'$'"),
    "number": ("json_type({}) IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE')", f"CAST({{}}->>'$' AS {NUMBER})"),
    "flag": ("json_type({}) = 'BOOLEAN'", "CAST({}->>'$' AS BOOLEAN)"),
}


def is_same(sql, wanted):
    kind = "flag" if isinstance(wanted, bool) else "text" if isinstance(wanted, str) else "number"
    literal = {"flag": str, "text": text, "number": number}[kind](wanted)
    is_such, inside = TYPED[kind]
    return f"CASE WHEN {is_such.format(sql)} THEN {inside.format(sql)} = {literal} ELSE false END"


def words(select, kind="words"):
    """A list of words, or nothing."""
    return Value(f"SELECT list(word) FROM ({select})", kind)


def as_list(wanted):
    return wanted if isinstance(wanted, list) else [wanted]


def text(wanted):
    return "'" + wanted.replace("'", "''") + "'"


def number(wanted):
    return f"CAST('{wanted}' AS {NUMBER})"


def moment(at):
    return f"TIMESTAMP '{at.astimezone(UTC).replace(tzinfo=None).isoformat(' ')}'"


def microseconds(length):
    return length["value"] * MINUTES[length["unit"]] * 60_000_000
