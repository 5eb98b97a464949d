"""The made-up shop of the demo: its people, and how its orders travel. Its words are those of statuses/presets.py."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

SOURCE = "demo-shop"
# The order that a visitor moves by hand; the simulator leaves it alone.
VISITORS_ORDER = "DEMO-1001"
FIRST_NUMBER = 1001
PREFIX = "DEMO-"

G, D, P = "general", "delivery", "payment"

Step = tuple[str, str]

# What happens to an order, by how it is delivered. Steps within a stage come together.
PICKUP, COURIER = "pickup", "courier"
STAGES: dict[str, tuple[tuple[Step, ...], ...]] = {
    method: (
        ((G, "accepted"), (P, "invoice_issued"), (P, "awaiting_payment")),
        ((G, "agreed"), (P, "paid")),
        ((G, "in_progress"), (D, "shipped")),
        ((D, arrival),),
        ((D, "delivered"), (G, "completed")),
    )
    for method, arrival in ((PICKUP, "at_pickup_point"), (COURIER, "at_delivery_point"))
}
NEW, PAID, SHIPPED, ARRIVED, DONE = range(5)

POINTS = (
    "Elm Street Books",
    "Corner Bakery",
    "Station Kiosk",
    "Harbour Market",
    "Old Mill Florist",
    "Park Lane Grocer",
)


@dataclass(frozen=True, slots=True)
class Country:
    zone: str
    language: str
    currency: str
    first_names: tuple[str, ...]
    last_names: tuple[str, ...]
    share: int


def _names(words: str) -> tuple[str, ...]:
    return tuple(words.split())


COUNTRIES = (
    Country("Europe/London", "en", "GBP", _names("Amelia Oliver Isla George Freya Arthur Poppy Leo"),
            _names("Ashdown Bell Carver Dunmore Eastwood Fairley"), 22),
    Country("America/New_York", "en", "USD", _names("Grace Henry Nora Miles Stella Owen Ruby Caleb"),
            _names("Hale Irving Jessup Kendrick Lowell Mercer"), 22),
    Country("Asia/Tokyo", "ja", "JPY", _names("Aiko Haruto Yui Ren Sakura Sota Hana Riku"),
            _names("Aoyama Fujita Hoshino Kurosawa Minami Okabe"), 22),
    Country("Europe/Berlin", "de", "EUR", _names("Lena Jonas Mila Emil Clara Anton Ida Moritz"),
            _names("Brandt Ebner Falkner Gruber Hartwig Lorenz"), 16),
    Country("Australia/Sydney", "en", "AUD", _names("Matilda Jack Chloe Angus Zara Noah"),
            _names("Barton Callaghan Doyle Finlay Greer Nolan"), 10),
    Country("America/Los_Angeles", "es", "USD", _names("Lucia Mateo Camila Diego Elena Javier"),
            _names("Arroyo Castellan Duarte Fuentes Lozano Rivas"), 8),
)  # fmt: skip

# Area codes; 555 0100 to 0199 of each are set aside for fiction.
AREAS = ("202", "303", "415", "602", "212", "808")

READY_FOR_PICKUP: dict[str, Any] = {
    "format": 1,
    "code": "ready-for-pickup",
    "name": "Ready for pickup",
    "trigger": {
        "kind": "order_status_changed",
        "params": {"type": D, "from": ["shipped"], "to": ["at_pickup_point"]},
    },
    "reentry": {"mode": "every_time"},
    "max_age": {"value": 24, "unit": "hours"},
    "steps": [
        {
            "key": "paid",
            "kind": "filter_customers",
            "params": {
                "rule": {
                    "combinator": "and",
                    "rules": [{"field": "order.payment_status", "operator": "in", "value": ["paid"], "at": "now"}],
                }
            },
            "branches": {
                "yes": [
                    {
                        "key": "ready",
                        "kind": "send_sms",
                        "params": {
                            "text": "Hi {{ customer.first_name }}, your order {{ order.external_id }} is ready "
                            "for pickup at {{ order.delivery.point | default: 'the pickup point' }}. See you soon!",
                            "purpose": "transactional",
                            "deliver": "immediately",
                            "only_if_still": True,
                            "lifetime": {"value": 24, "unit": "hours"},
                        },
                    }
                ],
                "no": [],
            },
        }
    ],
}

THANKS_FOR_PAYING: dict[str, Any] = {
    "format": 1,
    "code": "thanks-for-paying",
    "name": "Thanks for paying",
    "trigger": {"kind": "order_status_changed", "params": {"type": P, "from": "any", "to": ["paid"]}},
    "reentry": {"mode": "once_per_order"},
    "max_age": {"value": 24, "unit": "hours"},
    "steps": [
        {"key": "breathe", "kind": "wait", "params": {"duration": {"value": 1, "unit": "minutes"}}},
        {
            "key": "thanks",
            "kind": "send_sms",
            "params": {
                "text": "Thank you, {{ customer.first_name }}! We have received {{ order.total }} {{ order.currency }} "
                "for order {{ order.external_id }}. Next time, delivery is on us: THANKS24",
                "purpose": "marketing",
                "deliver": "outside_quiet_hours",
                "lifetime": {"value": 24, "unit": "hours"},
            },
        },
    ],
}
CAMPAIGNS = (READY_FOR_PICKUP, THANKS_FOR_PAYING)
