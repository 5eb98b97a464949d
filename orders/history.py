"""What the history of actions tells of orders. Their statuses are the ledger's; what a shop writes about them may be
about a person, so of that only which fields changed.
"""

from orders.models import Order
from workspace import history

history.declare(Order, label=lambda order: order.external_id, values=("total", "currency", "ordered_at"))
