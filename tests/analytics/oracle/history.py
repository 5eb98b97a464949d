"""Visits and steps of the path, by SQL of our own: docs/analytics.md, "History"."""

VISITS = """
CREATE OR REPLACE TEMP TABLE visits AS
WITH meant AS (
    SELECT id AS told, coalesce(merged_into_id, id) AS id FROM statuses
), marked AS (
    SELECT id FROM statuses WHERE include_in_analytics
), told AS (
    SELECT order_id, type, status_id, source_id, occurred_at, coalesce(sequence, 0) AS sequence, received_at,
        0 AS kept_in, id
    FROM inbox
    WHERE verdict IN ('moved', 'unchanged', 'late')
    UNION ALL
    SELECT order_id, type, to_status_id, source_id, occurred_at, 0, received_at, 1, id
    FROM ledger
    WHERE change_id IS NULL AND silent_because <> 'merge'
), events AS (
    SELECT told.order_id, told.type, meant.id AS status_id, told.source_id, told.occurred_at,
        row_number() OVER (
            PARTITION BY told.order_id, told.type
            ORDER BY told.occurred_at, told.sequence, told.received_at, told.kept_in, told.id
        ) AS place
    FROM told JOIN meant ON meant.told = told.status_id
), moves AS (
    SELECT *, lag(status_id) OVER (PARTITION BY order_id, type ORDER BY place) AS from_id FROM events
), stays AS (
    SELECT *, lead(occurred_at) OVER (PARTITION BY order_id, type ORDER BY place) AS left_at
    FROM moves
    WHERE from_id IS DISTINCT FROM status_id
), path AS (
    SELECT order_id, type, place, lag(status_id) OVER (PARTITION BY order_id, type ORDER BY place) AS marked_before,
        status_id
    FROM stays SEMI JOIN marked ON marked.id = stays.status_id
), steps AS (
    SELECT order_id, type, place, marked_before AS path_from,
        lead(place) OVER (PARTITION BY order_id, type ORDER BY place) AS next_place
    FROM path
    WHERE marked_before IS DISTINCT FROM status_id
)
SELECT stays.order_id, orders.customer_id, stays.source_id, stays.type, stays.status_id,
    stays.from_id AS from_status_id, stays.occurred_at AS entered_at, stays.left_at,
    steps.place IS NOT NULL AS is_step, steps.path_from AS path_from_id, next.occurred_at AS path_left_at,
    stays.place
FROM stays
JOIN orders ON orders.id = stays.order_id
LEFT JOIN steps USING (order_id, type, place)
LEFT JOIN stays AS next
    ON next.order_id = stays.order_id AND next.type = stays.type AND next.place = steps.next_place
"""

COLUMNS = (
    "order_id", "type", "entered_at", "status_id", "customer_id", "source_id", "from_status_id", "left_at", "is_step",
    "path_from_id", "path_left_at",
)  # fmt: skip


def read_history(duck):
    """Make the visits from inbox and ledger, for all that asks of them."""
    duck.execute(VISITS)


def visits(duck):
    """Rows of COLUMNS, times without a zone."""
    return duck.execute(f"SELECT {', '.join(COLUMNS)} FROM visits").fetchall()
