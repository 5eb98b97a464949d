"""Segments, Filter customers and reports on a long history, beside the plain way: the same asked by joins of orders,
ledger and statuses, with no index and no rollup of ours.

The history is that of `manage.py make_history`: two years up to today.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from analytics import history
from analytics.counting import refresh
from analytics.models import Rollup, RollupDay, Segment
from analytics.reports.counting import counting_of
from analytics.reports.filters import ALL
from analytics.reports.funnel import funnel
from analytics.reports.periods import Period
from analytics.reports.registry import all_reports
from analytics.reports.rollups import close_days, first_open_day
from analytics.rules import read_rule, read_segment_rule
from benchmarks.bench import Bench, GaveUp
from benchmarks.measuring import Row, Timed, alternate, seconds_of
from benchmarks.shop import definition
from campaigns.models import Campaign, CampaignVersion, Run
from campaigns.world import World
from orders.models import Order
from statuses.models import OrderStatus
from workspace.database import time_limit
from workspace.models import User

SEGMENTS, RUNS = 50, 500
GIVE_UP_S = 60
FUNNEL = ("awaiting_payment", "paid")
UTC = ZoneInfo("UTC")

Rule = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """A segment's rule, and how many customers it holds of by one plain statement."""

    name: str
    rule: Rule
    plain: str


def _days(number: int) -> dict[str, Any]:
    return {"value": number, "unit": "days"}


def _all_of(*rules: Rule, **keys: Any) -> Rule:
    return {"combinator": "and", "rules": list(rules), **keys}


def _is(field: str, operator: str, value: Any, **params: Any) -> Rule:
    return {"field": field, "operator": operator, "value": value, **params}


HAS_PHONE = _is("customer.has_phone", "=", value=True)
PAID_LATELY = _all_of(_is("order.payment_reached", "anyOf", ["paid"], within=_days(30)))
OFTEN = Asked(
    "at least 2 orders paid in 30 days, for 100 or more",
    _all_of(_is("orders.count", ">=", 2, where=PAID_LATELY), _is("orders.sum", ">=", 100, where=PAID_LATELY)),
    """
    SELECT count(*) FROM (
        SELECT paid.customer_id FROM (
            SELECT DISTINCT o.id, o.customer_id, o.total_minor FROM orders_order o
            JOIN orders_statustransition t ON t.order_id = o.id
            JOIN statuses_orderstatus s ON s.id = t.to_status_id
            WHERE s.code = 'paid' AND t.occurred_at > now() - interval '30 days' AND NOT o.is_test
        ) AS paid
        GROUP BY paid.customer_id HAVING count(*) >= 2 AND sum(paid.total_minor) >= 10000
    ) AS found
    """,
)
ASKED = (
    Asked(
        "awaiting payment for over a day",
        _all_of(
            _all_of(
                _is("order.payment_status", "=", "awaiting_payment"),
                _is("order.placed_at", "notInLast", _days(1)),
                of="any_order",
            ),
            HAS_PHONE,
            _is("customer.sms_consent", "!=", "refused"),
        ),
        """
        SELECT count(DISTINCT c.id) FROM customers_customer c
        JOIN orders_order o ON o.customer_id = c.id
        JOIN statuses_orderstatus s ON s.id = o.payment_status_id
        WHERE s.code = 'awaiting_payment' AND o.placed_at <= now() - interval '1 day' AND NOT o.is_test
          AND c.phone <> '' AND c.sms_consent <> 'refused'
        """,
    ),
    Asked(
        "cancelled twice in 90 days",
        _all_of(_is("transitions.count", ">=", 2, type="general", to=["cancelled"], within=_days(90))),
        """
        SELECT count(*) FROM (
            SELECT o.customer_id FROM orders_statustransition t
            JOIN orders_order o ON o.id = t.order_id
            JOIN statuses_orderstatus s ON s.id = t.to_status_id
            WHERE s.code = 'cancelled' AND t.occurred_at > now() - interval '90 days' AND NOT o.is_test
            GROUP BY o.customer_id HAVING count(*) >= 2
        ) AS found
        """,
    ),
    Asked(
        "bought for 300 in a year, nothing in 60 days",
        _all_of(
            _is("orders.sum", ">=", 300, where=_all_of(_is("order.placed_at", "inLast", _days(365)))),
            _is("orders.since_last", ">", _days(60)),
            _is("customer.sms_consent", "=", "given"),
            _is("customer.language", "in", ["en", "de"]),
        ),
        """
        SELECT count(*) FROM (
            SELECT c.id FROM customers_customer c JOIN orders_order o ON o.customer_id = c.id
            WHERE NOT o.is_test AND c.sms_consent = 'given' AND c.language IN ('en', 'de')
            GROUP BY c.id
            HAVING max(o.placed_at) < now() - interval '60 days'
               AND sum(o.total_minor) FILTER (WHERE o.placed_at > now() - interval '365 days') >= 30000
        ) AS found
        """,
    ),
    Asked(
        "waited over 5 days at a pickup point for what came in half a year",
        _all_of(
            _all_of(
                _is("order.delivery_reached", "anyOf", ["at_pickup_point"], within=_days(180)),
                _is("order.delivery_stayed", ">", _days(5), status="at_pickup_point"),
                of="any_order",
            ),
            HAS_PHONE,
        ),
        """
        SELECT count(DISTINCT c.id) FROM customers_customer c JOIN orders_order o ON o.customer_id = c.id
        JOIN (
            SELECT t.order_id, s.code, t.occurred_at, coalesce(
                lead(t.occurred_at) OVER (PARTITION BY t.order_id, t.type ORDER BY t.occurred_at, t.id), now()
            ) AS left_at
            FROM orders_statustransition t JOIN statuses_orderstatus s ON s.id = t.to_status_id
        ) AS stay ON stay.order_id = o.id
        WHERE stay.code = 'at_pickup_point' AND stay.occurred_at > now() - interval '180 days'
          AND stay.left_at - stay.occurred_at > interval '5 days' AND NOT o.is_test AND c.phone <> ''
        """,
    ),
    Asked(
        "sent something back in a year, of one city",
        _all_of(
            _is("transitions.count", ">=", 1, type="delivery", to=["returned"], within=_days(365)),
            _is("customer.attribute", "=", "Berlin", name="city"),
            _is("customer.tags", "noneOf", ["vip"]),
            _is("orders.count", ">=", 3),
            _is("orders.average", ">", 20),
        ),
        """
        SELECT count(*) FROM (
            SELECT c.id FROM customers_customer c
            JOIN orders_order o ON o.customer_id = c.id
            WHERE NOT o.is_test AND c.attributes ->> 'city' = 'Berlin' AND NOT c.tags ? 'vip' AND EXISTS (
                SELECT 1 FROM orders_statustransition t
                JOIN orders_order r ON r.id = t.order_id
                JOIN statuses_orderstatus s ON s.id = t.to_status_id
                WHERE r.customer_id = c.id AND s.code = 'returned' AND t.occurred_at > now() - interval '365 days'
            )
            GROUP BY c.id HAVING count(*) >= 3 AND avg(o.total_minor) > 2000
        ) AS found
        """,
    ),
    OFTEN,
)
PLAIN_OF_RUN = """
SELECT count(DISTINCT o.id) >= 2 FROM orders_order o
JOIN orders_statustransition t ON t.order_id = o.id
JOIN statuses_orderstatus s ON s.id = t.to_status_id
WHERE o.customer_id = %s AND s.code = 'paid' AND t.occurred_at > now() - interval '30 days' AND NOT o.is_test
"""
PLAIN_FUNNEL = """
WITH first AS (
    SELECT t.order_id, min(t.occurred_at) AS at FROM orders_statustransition t
    JOIN statuses_orderstatus s ON s.id = t.to_status_id JOIN orders_order o ON o.id = t.order_id
    WHERE s.code = %s AND NOT o.is_test GROUP BY t.order_id
), second AS (
    SELECT first.order_id, min(t.occurred_at) - min(first.at) AS took FROM first
    JOIN orders_statustransition t ON t.order_id = first.order_id
    JOIN statuses_orderstatus s ON s.id = t.to_status_id
    WHERE s.code = %s AND t.occurred_at >= first.at GROUP BY first.order_id
)
SELECT count(*), count(second.order_id), percentile_cont(0.5) WITHIN GROUP (ORDER BY second.took),
    percentile_cont(0.9) WITHIN GROUP (ORDER BY second.took)
FROM first LEFT JOIN second USING (order_id) WHERE first.at > now() - interval '365 days'
"""


def measure(bench: Bench) -> Iterator[Row]:
    made = seconds_of(lambda: _make_history(bench.sizes.history))
    bench.say(f"    {bench.sizes.history:,} orders were made up in {made:.0f} s")
    rounds = bench.sizes.rounds
    yield _counts(rounds)
    yield _often(rounds)
    yield _filter(rounds)
    yield _refreshed(bench)
    yield _funnel(rounds)
    yield _pages(rounds)
    yield _nightly(rounds)


def _make_history(orders: int) -> None:
    call_command("make_history", orders=orders, customers=orders // 5, beside=True, verbosity=0)
    history.follow(within_s=3600)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")  # as autovacuum would have


def _counts(rounds: int) -> Row:
    ours, plain = [], []
    for asked in ASKED:
        taken = alternate(rounds, _counting(asked), _plainly(asked.plain))
        ours.append(taken[0])
        plain.append(taken[1])
    return _in_ms(f"a count as a rule is built, median of {len(ASKED)} rules", median(ours), median(plain), 300, 150)


def _often(rounds: int) -> Row:
    ours, plain = alternate(rounds, _counting(OFTEN), _plainly(OFTEN.plain))
    return _in_ms(OFTEN.name, ours, plain, 100, 66)


def _counting(asked: Asked) -> Timed:
    """As the builder asks: from the JSON, and of history as of now."""

    def count() -> None:
        history.catch_up()
        with time_limit(GIVE_UP_S):
            read_segment_rule(asked.rule).customers(timezone.now()).count()

    return lambda: seconds_of(count)


def _filter(rounds: int) -> Row:
    """What the rule adds to a batch of runs whose orders and customers are at hand."""
    rule = read_rule(_all_of(_is("orders.count", ">=", 2, where=PAID_LATELY)))
    runs = _runs(RUNS)

    def ask() -> float:
        world = World(runs, timezone.now())
        subjects = [world.subject(run) for run in runs]
        return seconds_of(lambda: [rule.ask(subject) for subject in subjects])

    def ask_each() -> None:
        for run in runs:
            _ask(PLAIN_OF_RUN, [run.customer_id])

    ours, plain = alternate(rounds, ask, lambda: seconds_of(ask_each))
    return _in_ms(f"Filter customers for {RUNS} runs, beside a join for each", ours, plain, 10, 5)


def _runs(number: int) -> list[Run]:
    """The newest orders enter a campaign."""
    written = definition("measured")
    campaign = Campaign.objects.create(code="measured", name="Measured", draft=written)
    version = CampaignVersion.objects.create(campaign=campaign, number=1, definition=written)
    orders = Order.objects.filter(customer__isnull=False).order_by("-pk")[:number]
    now = timezone.now()
    return Run.objects.bulk_create(
        Run(
            campaign=campaign,
            version=version,
            occasion=f"measured:{order.pk}",
            occurred_at=now,
            order=order,
            customer_id=order.customer_id,
            state="finished",
            step_at=now,
            entered_at=now,
        )
        for order in orders
    )


def _refreshed(bench: Bench) -> Row:
    """Each counted, and its members written; the plain way counts."""
    segments = [
        Segment.objects.create(code=f"measured-{n}", name=str(n), rule=ASKED[n % len(ASKED)].rule)
        for n in range(SEGMENTS)
    ]

    def refresh_all() -> None:
        for segment in segments:
            if refresh(segment) is None:
                raise GaveUp(f"Segment {segment.code} was not counted: {segment.problem}")

    ours = seconds_of(refresh_all)
    plain = sum(_plainly(asked.plain)() for asked in ASKED) * SEGMENTS / len(ASKED)
    return Row(
        f"{SEGMENTS} segments refreshed, beside plain counts", ours, 60, 20, unit="s",
        ours=f"{ours:.1f} s", theirs=f"{plain:.1f} s, x {plain / ours:.1f}",
    )  # fmt: skip


def _funnel(rounds: int) -> Row:
    statuses = [OrderStatus.objects.get(type="payment", code=code) for code in FUNNEL]

    def ask() -> None:
        now = timezone.now()
        funnel("payment", statuses, Period.relative("last_365_days", now, UTC), ALL, now)

    ask()  # closed days are kept from the first time on
    ours, plain = alternate(rounds, lambda: seconds_of(ask), _plainly(PLAIN_FUNNEL, FUNNEL))
    return _in_ms("a year's funnel", ours, plain, 50, 10)


def _pages(rounds: int) -> Row:
    """Of every report its page of a year, as it is read from the second time on."""
    client = Client(SERVER_NAME="localhost")
    client.force_login(User.objects.get_or_create(username="bench", is_superuser=True, is_staff=True)[0])
    slowest: dict[str, float] = {}
    for report in all_reports():
        address = f"/admin/analytics/reports/{report.key}/?period=last_365_days"

        read = partial(_read_page, client, address)
        read()
        [slowest[report.key]] = alternate(rounds, partial(seconds_of, read))
    key = max(slowest, key=lambda key: slowest[key])
    return Row(
        f"the slowest of {len(slowest)} reports' pages, of a year", slowest[key] * 1000, 500, 200, unit="ms", ours=key
    )


def _read_page(client: Client, address: str) -> None:
    answer = client.get(address)
    if answer.status_code != 200:
        raise GaveUp(f"{address} answers {answer.status_code}.")


def _nightly(rounds: int) -> Row:
    """The last day closed, for every rollup there is."""

    def close() -> float:
        now = timezone.now()
        day = first_open_day(now, UTC) - timedelta(days=1)
        RollupDay.objects.filter(day=day).delete()
        countings = [counting_of(one.about, ZoneInfo(one.timezone)) for one in Rollup.objects.all()]
        return sum(seconds_of(partial(close_days, counting, day, now)) for counting in countings)

    [ours] = alternate(rounds, close)
    return Row(
        f"a day rolled up for {Rollup.objects.count()} rollups", ours, 2, 0.5, unit="s", ours=f"{ours * 1000:.0f} ms"
    )


def _plainly(statement: str, parameters: Sequence[Any] = ()) -> Timed:
    def ask() -> float:
        with _without_indexes():
            return seconds_of(lambda: _ask(statement, parameters))

    return ask


@contextmanager
def _without_indexes() -> Iterator[None]:
    ways = ("enable_indexscan", "enable_indexonlyscan", "enable_bitmapscan")
    with connection.cursor() as cursor:
        for way in ways:
            cursor.execute(f"SET {way} = off")
        try:
            yield
        finally:
            for way in ways:
                cursor.execute(f"RESET {way}")


def _ask(statement: str, parameters: Sequence[Any] = ()) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall()


def _in_ms(what: str, ours: float, plain: float, must: float, aim: float) -> Row:
    return Row(
        what, ours * 1000, must, aim, unit="ms",
        ours=f"{ours * 1000:.1f} ms", theirs=f"{plain * 1000:.0f} ms, x {plain / ours:.1f}",
    )  # fmt: skip
