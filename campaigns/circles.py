"""Campaigns that may start one another, or themselves, again and again: told before one of them is activated.

No step moves an order by itself, but a system that is told by a webhook may: its answer starts the next campaign, or
the same. Kinds declare what may come of a step (`StepKind.causes`) and what a trigger hears of (`Trigger.hears`), so
one that comes to move orders is looked through like the others. A circle ends where a campaign in it lets an order in
but once; where none does, whoever comes round too often is let in no more (`reentry.come_too_often`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from campaigns.definitions import Plan
from campaigns.engine import readable_plans
from campaigns.models import Activation, From
from campaigns.steps.base import ORDERS, Effect


@dataclass(frozen=True, slots=True)
class Circle:
    """`step` of the campaign asked about is what begins it; `names` are the campaigns on the way, that one first."""

    step: str
    names: Sequence[str]


def find_circle(plan: Plan) -> Circle | None:
    """The shortest way from a step of this campaign, by those that are live, back to its trigger."""
    if not plan.effects:
        return None
    others = [other for other in _live_plans() if other.code != plan.code]
    ways: deque[tuple[str, Effect, tuple[Plan, ...]]] = deque((key, effect, (plan,)) for key, effect in plan.effects)
    seen = set()
    while ways:
        step, effect, path = ways.popleft()
        if _starts_again(plan, effect):
            return Circle(step, [each.name for each in path])
        for other in others:
            if other.code not in seen and _starts_again(other, effect):
                seen.add(other.code)
                ways += ((step, following, (*path, other)) for _key, following in other.effects)
    return None


def _starts_again(plan: Plan, effect: Effect) -> bool:
    """Whether that starts a campaign, also for an order it let in before; by a new order, for a customer it did."""
    if not plan.trigger.hears(effect):
        return False
    if effect.on == ORDERS:
        return plan.reentry.per != "customer"
    watched = plan.trigger.watched
    return plan.reentry.mode == "every_time" and not (watched and watched.from_mode == From.NONE)


def _live_plans() -> list[Plan]:
    live = Activation.objects.live().select_related("version")
    return list(readable_plans(activation.version for activation in live).values())
