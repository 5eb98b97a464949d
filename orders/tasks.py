"""Background work of orders: what was told before its order or its code was known, and statuses being merged."""

from celery import shared_task

from orders.merging import carry_on_merges
from orders.transitions import apply_parked
from orders.unknown_codes import forget_left_over


@shared_task(name="orders.apply_parked")
def apply_all_parked() -> None:
    """Saving an order or a status applies what waited for it; this finds what slipped through between the two."""
    apply_parked()
    forget_left_over()


@shared_task(name="orders.carry_on_merges")
def carry_on_all_merges() -> None:
    """Whoever asks for a merge begins it; this goes on with one that is long, or was interrupted."""
    carry_on_merges()
