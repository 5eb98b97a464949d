"""A chance that is always the same for a customer at a step of a campaign, and needs no row to be kept."""

from __future__ import annotations

from hashlib import sha256

from campaigns.models import Run
from campaigns.world import World


def chance_of(run: Run, step: str, world: World) -> float:
    """From 0 up to 1. By the customer the run's order belonged to when it entered; without one, by the order.

    By the campaign's code, which it keeps when it is taken to another installation, and the step's key.
    """
    subject = f"customer:{run.customer_id}" if run.customer_id else f"order:{run.order_id}"
    return chance(world.code_of(run), step, subject)


def chance(campaign: str, step: str, subject: str) -> float:
    drawn = sha256(f"{campaign}/{step}/{subject}".encode()).digest()
    return int.from_bytes(drawn[:6]) / (1 << 48)
