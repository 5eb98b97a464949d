"""The figures of reports, by DuckDB: docs/analytics.md, "Reports"."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from tests.analytics.oracle.answers import moment, text
from tests.analytics.oracle.shops import WINDOW_DAYS

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Asked:
    """Days of a time zone, both meant; a source and a segment by their keys, or none."""

    type: str
    first: datetime
    last: datetime
    zone: ZoneInfo
    now: datetime
    source: int | None = None
    segment: int | None = None

    @property
    def start(self):
        return beginning(self.first, self.zone)

    @property
    def end(self):
        return min(beginning(self.last + DAY, self.zone), self.now)

    def parts(self, every):
        """(first, from, until) of each day, week or month that has begun."""
        today, day = self.now.astimezone(self.zone).date(), self.first
        while day <= min(self.last, today):
            next_day = day + DAY
            while next_day <= self.last and not begins(every, next_day):
                next_day += DAY
            yield day, beginning(day, self.zone), min(beginning(next_day, self.zone), self.now)
            day = next_day

    @property
    def counted(self):
        """Of visits as `v`."""
        asked = [f"v.type = {text(self.type)}", "NOT o.is_test"]
        asked += [] if self.source is None else [f"v.source_id = {self.source}"]
        return " AND ".join([*asked, *self.of_members])

    @property
    def of_members(self):
        return self.whose("v")

    def whose(self, rows):
        ids = f"SELECT customer_id FROM members WHERE segment_id = {self.segment}"
        return [] if self.segment is None else [f"{rows}.customer_id IN ({ids})"]

    def entered_by(self, runs):
        """Who entered by the clock was brought by no source."""
        changes = f"SELECT id FROM ledger WHERE source_id = {self.source}"
        return [] if self.source is None else [f"{runs}.transition_id IN ({changes})"]


def beginning(day, zone):
    return datetime(day.year, day.month, day.day, tzinfo=zone)


def begins(every, day):
    return {"day": True, "week": day.isoweekday() == 1, "month": day.day == 1}[every]


FROM = "FROM visits AS v JOIN orders AS o ON o.id = v.order_id JOIN statuses AS s ON s.id = v.status_id"


def statuses_over_time(duck, asked, every):
    """By status (None: all that are not marked), how many stood there at the end of each part, and came there in it."""
    found = {}
    parts = list(asked.parts(every))
    for place, (_first, start, end) in enumerate(parts):
        rows = duck.execute(f"""
            SELECT CASE WHEN s.include_in_analytics THEN s.id END AS status,
                count(*) FILTER (v.entered_at < {moment(end)} AND coalesce(v.left_at >= {moment(end)}, true)),
                count(*) FILTER (
                    v.entered_at >= {moment(start)} AND v.entered_at < {moment(end)}
                    AND (v.is_step OR NOT s.include_in_analytics)
                )
            {FROM} WHERE {asked.counted} GROUP BY status
        """).fetchall()
        for status, standing, entered in rows:
            line = found.setdefault(status, ([0] * len(parts), [0] * len(parts)))
            line[0][place], line[1][place] = standing, entered
    return {status: line for status, line in found.items() if any(map(any, line))}


def time_in_status(duck, asked):
    """By status: how many left it, how long they were there (median, 90th percentile), how many are there, and of those
    how many for longer than that percentile.
    """
    rows = duck.execute(f"""
        WITH stays AS (
            SELECT v.status_id, v.entered_at, v.entered_at < {moment(asked.now)}
                    AND coalesce(v.path_left_at >= {moment(asked.now)}, true) AS is_there,
                CASE WHEN v.path_left_at >= {moment(asked.start)} AND v.path_left_at < {moment(asked.end)}
                    THEN (epoch_us(v.path_left_at) - epoch_us(v.entered_at)) // 1000000 END AS seconds
            {FROM} WHERE {asked.counted} AND v.is_step
        ), usual AS (
            SELECT status_id, quantile_cont(seconds, 0.9) AS p90 FROM stays GROUP BY status_id
        )
        SELECT status_id, count(seconds), quantile_cont(seconds, 0.5), any_value(p90),
            count(*) FILTER (is_there),
            count(*) FILTER (
                is_there AND (epoch_us({moment(asked.now)}) - epoch_us(entered_at)) / 1e6 > p90
            )
        FROM stays JOIN usual USING (status_id) GROUP BY status_id
    """).fetchall()
    return {status: tuple(figures) for status, *figures in rows if any(figures)}


def funnel(duck, asked, statuses):
    """Of each step how many orders reached it, and how long after the one before (median, 90th percentile)."""
    members = " AND ".join(["true", *asked.of_members])
    duck.execute(f"""
        CREATE OR REPLACE TEMP TABLE reached AS
        SELECT v.order_id, min(v.entered_at) AS at, NULL::BIGINT AS seconds,
            arg_min(v.source_id, v.ordinal) AS source_id
        {FROM}
        WHERE v.type = {text(asked.type)} AND NOT o.is_test AND v.is_step AND v.status_id = {statuses[0]} AND {members}
        GROUP BY v.order_id
    """)
    by = "true" if asked.source is None else f"source_id = {asked.source}"
    duck.execute(f"""
        DELETE FROM reached
        WHERE reached.at < {moment(asked.start)} OR reached.at >= {moment(asked.end)} OR NOT ({by})
    """)
    told = []
    for status in [None, *statuses[1:]]:
        if status is not None:
            duck.execute(f"""
                CREATE OR REPLACE TEMP TABLE reached AS
                SELECT r.order_id, min(v.entered_at) AS at,
                    (epoch_us(min(v.entered_at)) - epoch_us(any_value(r.at))) // 1000000 AS seconds
                FROM reached AS r JOIN visits AS v ON v.order_id = r.order_id
                WHERE v.type = {text(asked.type)} AND v.is_step AND v.status_id = {status}
                    AND v.entered_at >= r.at AND v.entered_at < {moment(asked.now)}
                GROUP BY r.order_id
            """)
        told += duck.execute(
            "SELECT count(*), quantile_cont(seconds, 0.5), quantile_cont(seconds, 0.9) FROM reached"
        ).fetchall()
    return told


SENT = "state IN ('accepted', 'delivered', 'undelivered')"
FATES = f"""
    count(*), count(*) FILTER ({SENT}), count(*) FILTER (state = 'delivered'),
    count(*) FILTER (state IN ('undelivered', 'rejected')), count(*) FILTER (state = 'skipped'),
    count(*) FILTER (state IN ('pending', 'claimed', 'calling', 'unknown')),
    coalesce(sum(parts) FILTER ({SENT}), 0)
"""


def messages(duck, asked, every):
    """Of those that came to be owed in each part: how many in all, sent, delivered, failed, skipped, under way, and the
    parts of those sent; and for all how many were skipped for which reason.
    """

    def owed(start, end):
        within = f"m.created_at >= {moment(start)} AND m.created_at < {moment(end)}"
        conditions = ["NOT m.is_test", within, *asked.whose("m"), *asked.entered_by("r")]
        return f"FROM messages AS m JOIN runs AS r ON r.id = m.run_id WHERE {' AND '.join(conditions)}"

    fates = [
        duck.execute(f"SELECT {FATES.replace('state', 'm.state')} {owed(start, end)}").fetchone()
        for _first, start, end in asked.parts(every)
    ]
    skipped = f"{owed(asked.start, asked.end)} AND m.state = 'skipped'"
    return fates, dict(duck.execute(f"SELECT skip_reason, count(*) {skipped} GROUP BY ALL").fetchall())


def campaign_funnel(duck, asked, campaign):
    """How many entered; texts sent, and delivered; who got a text, and went on. And by step how many came there."""
    conditions = [
        f"r.campaign_id = {campaign}",
        f"r.entered_at >= {moment(asked.start)} AND r.entered_at < {moment(asked.end)}",
        "r.state <> 'declined' AND r.step <> '' AND NOT o.is_test AND NOT coalesce(t.is_test, false)",
        *asked.whose("r"),
        *asked.entered_by("r"),
    ]
    duck.execute(f"""
        CREATE OR REPLACE TEMP TABLE entered AS
        SELECT r.*, t.type FROM runs AS r JOIN orders AS o ON o.id = r.order_id
        LEFT JOIN ledger AS t ON t.id = r.transition_id
        WHERE {" AND ".join(conditions)};
        CREATE OR REPLACE TEMP TABLE sent AS
        SELECT * FROM messages WHERE {SENT} AND run_id IN (SELECT id FROM entered)
    """)
    steps = duck.execute("""
        SELECT step, count(*) FROM (
            SELECT id, step FROM entered
            UNION SELECT run_id, step FROM decisions WHERE run_id IN (SELECT id FROM entered) AND step <> ''
        ) GROUP BY step
    """).fetchall()
    went_on = f"""
        FROM (FROM sent QUALIFY row_number() OVER (PARTITION BY run_id ORDER BY id) = 1) AS text
        JOIN entered ON entered.id = text.run_id
        WHERE EXISTS (
            FROM ledger AS move
            WHERE move.order_id = entered.order_id AND move.type = entered.type AND move.silent_because <> 'merge'
                AND move.occurred_at > text.sent_at AND move.occurred_at <= text.sent_at + INTERVAL {WINDOW_DAYS} DAYS
        )
    """
    [figures] = duck.execute(f"""
        SELECT (SELECT count(*) FROM entered), (SELECT count(*) FROM sent),
            (SELECT count(*) FROM sent WHERE state = 'delivered'), (SELECT count(DISTINCT run_id) FROM sent),
            (SELECT count(*) {went_on})
    """).fetchall()
    return figures, dict(steps)
