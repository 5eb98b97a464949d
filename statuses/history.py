"""What the history of actions tells of statuses."""

from statuses.models import OrderStatus, StatusAlias
from workspace import history

history.declare(
    OrderStatus,
    label=str,
    values=(
        "name",
        "type",
        "code",
        "include_in_analytics",
        "colour",
        "position",
        "retired_at",
        "is_taken_from_sources",
        "merging_into",
        "merged_into",
    ),
)
history.declare(StatusAlias, label=str, values=("source", "type", "code", "status"))
