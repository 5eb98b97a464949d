"""What happens to statuses many at a time; of one that is saved alone, Django's own `post_save` tells."""

from django.dispatch import Signal

# Sent by `writing.add_together` within its transaction: `statuses`, `aliases`, both lists of rows just added.
statuses_added = Signal()
