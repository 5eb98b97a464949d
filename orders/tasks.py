"""Background work of orders: applying what was told before its order or its code was known."""

from celery import shared_task

from orders.transitions import apply_parked


@shared_task(name="orders.apply_parked")
def apply_all_parked() -> None:
    """Saving an order or a status applies what waited for it; this finds what slipped through between the two."""
    apply_parked()
