"""The tables of the product as DuckDB reads them: rows as they stand, times in UTC, nothing derived."""

import json
from datetime import UTC

import duckdb
from django.apps import apps

TABLES = {
    "customers": "customers.Customer",
    "orders": "orders.Order",
    "inbox": "orders.StatusChange",
    "ledger": "orders.StatusTransition",
    "statuses": "statuses.OrderStatus",
    "sources": "workspace.Source",
    "workspace": "workspace.Workspace",
    "campaigns": "campaigns.Campaign",
    "runs": "campaigns.Run",
    "decisions": "campaigns.RunEvent",
    "messages": "campaigns.Message",
    "segments": "analytics.Segment",
    "members": "analytics.Member",
}
TYPES = {
    "DateTimeField": "TIMESTAMP",
    "BooleanField": "BOOLEAN",
    "FloatField": "DOUBLE",
    "JSONField": "JSON",
    **dict.fromkeys(("CharField", "SlugField", "EmailField", "TextField", "UUIDField", "TimeField"), "VARCHAR"),
}


def export(tables=TABLES):
    """A DuckDB that holds what stands in the database now."""
    duck = duckdb.connect(config={"threads": 1})
    for name in tables:
        copy(duck, name, apps.get_model(TABLES[name]))
    return duck


def copy(duck, name, model):
    fields = model._meta.concrete_fields
    shape = {field.column: TYPES.get(field.get_internal_type(), "BIGINT") for field in fields}
    values = model._base_manager.values_list(*(field.attname for field in fields))
    rows = [dict(zip(shape, map(plain, row), strict=True)) for row in values]
    duck.execute(
        f"CREATE TABLE {name} AS SELECT unnest(from_json(?::JSON, ?), recursive := true)",
        [json.dumps(rows), json.dumps([shape])],
    )


def plain(value):
    if hasattr(value, "astimezone"):
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ")
    return value if isinstance(value, (str, int, float, bool, list, dict, type(None))) else str(value)
