"""Visits and steps of the path, by SQL of our own: docs/analytics.md, "History".

Where analytics compares each event with its neighbours, here each order is followed from one event to the next, as a
person would read its history.
"""

EVENTS = """
CREATE OR REPLACE TEMP TABLE events AS
WITH told AS (
    SELECT order_id, type, status_id, source_id, occurred_at, coalesce(sequence, 0) AS sequence, received_at,
        'inbox' AS kept_in, id
    FROM inbox
    WHERE verdict IN ('moved', 'unchanged', 'late')
    UNION ALL
    SELECT order_id, type, to_status_id, source_id, occurred_at, 0, received_at, 'ledger', id
    FROM ledger
    WHERE change_id IS NULL AND silent_because <> 'merge'
)
SELECT told.order_id, told.type, told.source_id, told.occurred_at AS at, meant.id AS status_id,
    meant.include_in_analytics AS is_marked,
    row_number() OVER (
        PARTITION BY told.order_id, told.type
        ORDER BY told.occurred_at, told.sequence, told.received_at, told.kept_in, told.id
    ) AS place
FROM told
JOIN statuses AS named ON named.id = told.status_id
JOIN statuses AS meant ON meant.id = coalesce(named.merged_into_id, named.id)
"""

WALK = """
CREATE OR REPLACE TEMP TABLE walk AS
WITH RECURSIVE walk AS (
    SELECT *, NULL::BIGINT AS came_from, TRUE AS is_visit, is_marked AS is_step, NULL::BIGINT AS last_step_in,
        CASE WHEN is_marked THEN status_id END AS standing_in
    FROM events WHERE place = 1
    UNION ALL
    SELECT event.*, walk.status_id, event.status_id <> walk.status_id,
        event.is_marked AND event.status_id IS DISTINCT FROM walk.standing_in, walk.standing_in,
        CASE WHEN event.is_marked THEN event.status_id ELSE walk.standing_in END
    FROM walk JOIN events AS event USING (order_id, type)
    WHERE event.place = walk.place + 1
)
FROM walk
"""

VISITS = """
CREATE OR REPLACE TEMP TABLE visits AS
SELECT visit.order_id, orders.customer_id, visit.source_id, visit.type, visit.status_id,
    row_number() OVER (PARTITION BY visit.order_id, visit.type ORDER BY visit.place) AS ordinal,
    visit.came_from AS from_status_id, visit.at AS entered_at, next_visit.at AS left_at, visit.is_step,
    CASE WHEN visit.is_step THEN visit.last_step_in END AS path_from_id,
    CASE WHEN visit.is_step THEN next_step.at END AS path_left_at
FROM walk AS visit
JOIN orders ON orders.id = visit.order_id
ASOF LEFT JOIN (FROM walk WHERE is_visit) AS next_visit
    ON visit.order_id = next_visit.order_id AND visit.type = next_visit.type AND visit.place < next_visit.place
ASOF LEFT JOIN (FROM walk WHERE is_step) AS next_step
    ON visit.order_id = next_step.order_id AND visit.type = next_step.type AND visit.place < next_step.place
WHERE visit.is_visit
"""

COLUMNS = (
    "order_id", "type", "ordinal", "entered_at", "status_id", "customer_id", "source_id", "from_status_id", "left_at",
    "is_step", "path_from_id", "path_left_at",
)  # fmt: skip


def read_history(duck):
    """Make the visits from inbox and ledger, for all that asks of them."""
    for made in (EVENTS, WALK, VISITS):
        duck.execute(made)


def visits(duck):
    """Rows of COLUMNS, times without a zone."""
    return duck.execute(f"SELECT {', '.join(COLUMNS)} FROM visits").fetchall()
