"""What the history of actions tells of statuses."""

from statuses.models import OrderStatus
from workspace import history

history.declare(OrderStatus, label=str, values=("name", "type", "code", "include_in_analytics", "position"))
