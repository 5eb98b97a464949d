"""The seam signals. Declared here; whoever cares connects in its own `ready()`."""

from django.dispatch import Signal

# Sent by orders/transitions.py with `transitions`: a list of StatusTransition just written, in the order of the ledger,
# inside the transaction that writes them. A receiver that fails, fails the write. It may return a list of `Started`.
statuses_changed = Signal()

# Sent beside it with `orders`: a list of NewOrder, which tell why their creation starts nothing if it does not. Inside
# the transaction that creates them, before what is told of their statuses.
orders_created = Signal()
