"""The columns that steps, the law and texts leave unread: the more there are, the dearer is an object of each row.

A row read without one of them would ask for it alone, one query each: what comes to be read is taken off here.
"""

from __future__ import annotations

from collections.abc import Iterable

from orders.standing import TYPES

# None of them reads these.
OF_RUN = ("entered_at", "lane", "step", "step_at", "due_at", "reason", "event_count", "ended_at")
OF_TRANSITION = ("received_at", "source", "change", "actor_id", "silent_because", "order", "customer")
OF_ORDER = (
    *(f"{type}_heard_{what}" for type in TYPES for what in ("at", "sequence")),
    *("silent_because", "created_at", "updated_at"),
)
OF_CUSTOMER = ("phone_written", "email", "sms_consent_source", "sms_consent_at", "tags", "created_at", "updated_at")

# Steps do not read these, the law and texts do; and the other way about.
OF_ORDER_BY_STEPS = ("lines", "delivery", "payment")
OF_CUSTOMER_BY_STEPS = ("refused_categories", "attributes")
OF_ORDER_BY_TEXTS = ("is_test",)
# Large, and few texts name them: read for those that do (sms/texts.py).
OF_ORDER_BY_MOST_TEXTS = ("lines", "delivery", "payment", "custom")
OF_CUSTOMER_BY_MOST_TEXTS = ("attributes",)
OF_TRANSITION_BY_TEXTS = (
    "is_test", "general_status", "delivery_status", "payment_status", "total_minor", "currency",
)  # fmt: skip


def under(path: str, *columns: Iterable[str]) -> list[str]:
    """The columns of a row that is joined to the one read."""
    return [f"{path}__{name}" for names in columns for name in names]
