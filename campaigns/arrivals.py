"""Whether an order came to certain statuses, by the ledger: what “Wait for status” waits for, what stops a campaign.

Everything is read from what the ledger holds of the run's own order, told as history or not, and never from what woke
the run. Codes mean what they mean today, so a merge takes no order anywhere.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from campaigns.models import Run
from campaigns.world import Moved, World

# By type, the codes (`code_key`) of the statuses that stop a campaign's runs.
StopOn = Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Arrival:
    """The move that brought the order there. `was_there`: it stood there at the time asked from."""

    moved: Moved
    was_there: bool


def find_arrival(
    run: Run, type: str, keys: Collection[str], since: datetime, until: datetime, world: World
) -> Arrival | None:
    """How the run's order came to one of these statuses by `until`, or that it stood there at `since`. Times are those
    at which things occurred, so a change told late counts for when it was; what is told after this was asked, does not.

    What led to the run came first, even where its source's clock is ahead of ours.
    """
    wanted = world.vocabulary.meant(type, keys)
    origin = world.transition(run)
    since = max(since, origin.occurred_at) if origin else since
    moves = world.moves(run, type)
    before = [moved for moved in moves if moved.occurred_at <= since]
    if before and before[-1].to_id in wanted:
        return Arrival(before[-1], was_there=True)
    after = (moved for moved in moves[len(before) :] if moved.occurred_at <= until and moved.to_id in wanted)
    return next((Arrival(moved, was_there=False) for moved in after), None)


def find_stops(runs: Iterable[Run], rules: Mapping[int, StopOn], world: World) -> dict[int, Moved]:
    """Which of these runs must stop, and what made each: its order entered a status after the run entered. `rules` are
    those of each version."""
    ruled = [run for run in runs if rules.get(run.version_id)]
    found = {run.pk: _stop(run, rules[run.version_id], world) for run in ruled}
    return {pk: moved for pk, moved in found.items() if moved}


def _stop(run: Run, rule: StopOn, world: World) -> Moved | None:
    for type, keys in rule.items():
        wanted = world.vocabulary.meant(type, keys)
        entered = (
            m for m in _since_entry(run, world.moves(run, type)) if m.to_id in wanted and m.from_id not in wanted
        )
        if moved := next(entered, None):
            return moved
    return None


def _since_entry(run: Run, moves: Sequence[Moved]) -> Iterable[Moved]:
    """After the change that started it, in the order in which they were told, so that what was told later of earlier
    counts; after the moment it is about, where that is no change."""
    if run.is_about_a_change and run.transition_id is not None:
        return (moved for moved in moves if moved.pk > run.transition_id)
    return (moved for moved in moves if moved.occurred_at > run.occurred_at)
