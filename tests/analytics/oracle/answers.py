"""Of which customers a rule holds, by DuckDB: docs/analytics.md and docs/campaigns.md said a second time, as SQL.

Each field is an expression of what it reads, NULL where it is missing; each operator says when it holds of one that is
there. The rest follows: a missing value equals nothing, and what denies is the denial of what asserts.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

CENTS = 6  # decimals that an amount is compared by
NUMBER = "DECIMAL(38, 10)"

PREPARED = """
CREATE OR REPLACE TEMP TABLE words AS
    SELECT told.id, told.type, told.code_key AS old_key, meant.code_key AS key, meant.include_in_analytics AS is_marked
    FROM statuses AS told JOIN statuses AS meant ON meant.id = coalesce(told.merged_into_id, told.id);
CREATE OR REPLACE TEMP TABLE live_orders AS
    SELECT *, CASE currency WHEN 'JPY' THEN 1 WHEN 'KWD' THEN 0.001 ELSE 0.01 END::DECIMAL(4, 3)
            * total_minor::DECIMAL(18, 0) AS total,
        coalesce(currency = (SELECT currency FROM workspace), false) AS is_own_currency
    FROM orders WHERE NOT is_test;
CREATE OR REPLACE TEMP TABLE last_orders AS
    SELECT * FROM live_orders
    QUALIFY row_number() OVER (PARTITION BY customer_id ORDER BY coalesce(ordered_at, created_at) DESC, id DESC) = 1;
CREATE OR REPLACE TEMP TABLE path AS
    SELECT visits.*, words.key, came.key AS from_key
    FROM visits JOIN words ON words.id = status_id LEFT JOIN words AS came ON came.id = path_from_id
    WHERE is_step AND order_id IN (SELECT id FROM live_orders);
"""


@dataclass(frozen=True)
class Value:
    """`sql` is NULL where there is none. Divided by `per`, if given: what it is compared with is multiplied instead."""

    sql: str
    kind: str
    per: str = ""


def prepare(duck):
    """After `read_history`, for all rules of one shop."""
    duck.execute(PREPARED)


def customers(duck, rule, now):
    """Their ids."""
    renamed = {(type, old): key for type, old, key in duck.execute("SELECT type, old_key, key FROM words").fetchall()}
    asked = Translation(now, renamed).group(rule)
    return {id for (id,) in duck.execute(f"SELECT c.id FROM customers AS c WHERE {asked}").fetchall()}


class Translation:
    """From JSON to SQL about a customer `c` and, inside a group of orders, an order `o`."""

    def __init__(self, now, renamed):
        self.now, self.renamed = now, renamed

    def group(self, rule):
        parts = [self.condition(part) if "field" in part else self.group(part) for part in rule["rules"]]
        holds = "(" + f" {rule['combinator']} ".join(parts) + ")"
        if orders := {"any_order": "live_orders", "last_order": "last_orders"}.get(rule.get("of")):
            holds = f"EXISTS (FROM {orders} AS o WHERE o.customer_id = c.id AND {holds})"
        return f"NOT {holds}" if rule.get("not") else holds

    def condition(self, rule):
        whose, what = rule["field"].split(".", 1)
        value = getattr(self, f"of_{whose}")(what, rule)
        return compare(value, rule["operator"], self.wanted(value, rule))
