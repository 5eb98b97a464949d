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
from workspace.local_formats import number as local_number


@dataclass(frozen=True, slots=True)
class Usage:
    """One use in words, such as “Campaign “Pickup reminder””, with the address of its screen."""

    kind: str
    text: str
    url: str = ""
    # It depends on the status: retiring or merging it changes what happens.
    is_live: bool = False
    # How many, where it is one use by many.
    number: int | None = None
    # Deleted with the status, so that it stands against nothing.
    goes_with_it: bool = False
    # The text in fewer words, for a list whose column is headed “Used by”.
    short: str = ""

    @property
    def number_shown(self) -> str:
        return "" if self.number is None else local_number(self.number)


# Statuses -> their uses, by primary key.
Teller = Callable[[Sequence[OrderStatus]], Mapping[int, Sequence[Usage]]]


class Reader(Protocol):
    """Whoever looks: `request.user`, or None for a key, which is told of all."""

    def has_perm(self, perm: str, /) -> bool: ...


@dataclass(frozen=True, slots=True)
class Asked:
    """Of whom a teller may be asked, and when."""

    needs: str
    in_lists: bool = True


_tellers: dict[Teller, Asked] = {}


def register(teller: Teller, *, needs: str, in_lists: bool = True) -> None:
    """`needs`: the permission to see what it tells, such as "campaigns.view_campaign".

    Not `in_lists`: it takes longer the more orders there are, so that a list of statuses does not wait for it.
    """
    _tellers[teller] = Asked(needs, in_lists)


def usages(
    statuses: Sequence[OrderStatus], reader: Reader | None = None, *, in_lists: bool | None = None
) -> dict[int, list[Usage]]:
    """By primary key, what this reader may be told of who uses these statuses.

    `in_lists`: only of those that lists tell, or only of the others.
    """
    told: dict[int, list[Usage]] = defaultdict(list)
    for teller, asked in _tellers.items():
        is_asked = in_lists in (None, asked.in_lists)
        if is_asked and (reader is None or reader.has_perm(asked.needs)):
            for pk, uses in teller(statuses).items():
                told[pk] += uses
    return told


def counts(statuses: Sequence[OrderStatus], reader: Reader) -> list[tuple[int, Usage | None]]:
    """Of each by its primary key the use that is a number, as by orders; None: it is zero, or not for this reader."""
    told = usages(statuses, reader, in_lists=False)
    return [(status.pk, next((use for use in told.get(status.pk, []) if use.number), None)) for status in statuses]
