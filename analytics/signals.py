"""What analytics tells those above it. Declared here, and nothing else."""

from django.dispatch import Signal

# Customers entered or left a segment; within the transaction that writes who is in it.
# `segment`; `at`: the `Crossing.at` of each of them.
segment_changed = Signal()
