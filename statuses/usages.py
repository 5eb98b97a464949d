"""Who uses a status: a registry declared here and filled from above, so that a screen can say so before it is touched.

Each app registers in its `ready()` a teller, which is asked once for all statuses of a page and makes a fixed number of
queries.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from statuses.models import OrderStatus


@dataclass(frozen=True, slots=True)
class Usage:
    """One use in words, such as “Campaign “Pickup reminder””, with the address of its screen."""

    kind: str
    text: str
    url: str = ""
    # It depends on the status: retiring or merging it changes what happens.
    is_live: bool = False


# Statuses -> their uses, by primary key.
Teller = Callable[[Sequence[OrderStatus]], Mapping[int, Sequence[Usage]]]


class Reader(Protocol):
    """Whoever looks: `request.user`, or None for a key, which is told of all."""

    def has_perm(self, perm: str, /) -> bool: ...


_tellers: dict[Teller, str] = {}


def register(teller: Teller, *, needs: str) -> None:
    """`needs`: the permission to see what it tells, such as "campaigns.view_campaign"."""
    _tellers[teller] = needs


def usages(statuses: Sequence[OrderStatus], reader: Reader | None = None) -> dict[int, list[Usage]]:
    """By primary key, what this reader may be told of who uses these statuses."""
    told: dict[int, list[Usage]] = defaultdict(list)
    for teller, needed in _tellers.items():
        if reader is None or reader.has_perm(needed):
            for pk, uses in teller(statuses).items():
                told[pk] += uses
    return told
