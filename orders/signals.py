"""The one seam signal. Declared here; whoever cares connects in its own `ready()`."""

from django.dispatch import Signal

# Sent by orders/transitions.py with `transitions`: a list of StatusTransition just written, in the order of the ledger,
# inside the transaction that writes them. A receiver that fails, fails the write. It may return a list of `Started`.
statuses_changed = Signal()
