"""Who uses a thing: registries that an app declares and apps above fill, so that a screen can say it beforehand.

Each app registers in its `ready()` a teller, which is asked once for all the things of a page and makes a fixed number
of queries.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from django.db.models import Model

from workspace.local_formats import number as local_number

Used = TypeVar("Used", bound=Model)


@dataclass(frozen=True, slots=True)
class Usage:
    """One use in words, such as “Campaign “Pickup reminder””, with the address of its screen."""

    kind: str
    text: str
    url: str = ""
    # It depends on the thing: to retire or merge a status, say, changes what happens.
    is_live: bool = False
    # How many, where it is one use by many.
    number: int | None = None
    # Deleted with the thing, so that it stands against nothing.
    goes_with_it: bool = False
    # It changes with whether the thing is included in analytics.
    reads_analytics: bool = False
    # The text in fewer words, for a list whose column is headed “Used by”.
    short: str = ""

    @property
    def number_shown(self) -> str:
        return "" if self.number is None else local_number(self.number)


class Reader(Protocol):
    """Whoever looks: `request.user`, or None for a key, which is told of all."""

    def has_perm(self, perm: str, /) -> bool: ...


@dataclass(frozen=True, slots=True)
class Asked:
    """Of whom a teller may be asked, and when."""

    needs: str
    in_lists: bool = True


class Usages(Generic[Used]):
    """The registry of who uses things of one kind. A teller answers things -> their uses, by primary key."""

    def __init__(self) -> None:
        self._tellers: dict[Callable[[Sequence[Used]], Mapping[int, Sequence[Usage]]], Asked] = {}

    def register(
        self, teller: Callable[[Sequence[Used]], Mapping[int, Sequence[Usage]]], *, needs: str, in_lists: bool = True
    ) -> None:
        """`needs`: the permission to see what it tells, such as "campaigns.view_campaign".

        Not `in_lists`: it takes longer the more orders there are, so that a list does not wait for it.
        """
        self._tellers[teller] = Asked(needs, in_lists)

    def of(
        self, things: Sequence[Used], reader: Reader | None = None, *, in_lists: bool | None = None
    ) -> dict[int, list[Usage]]:
        """By primary key, what this reader may be told of who uses these things.

        `in_lists`: only of those that lists tell, or only of the others.
        """
        told: dict[int, list[Usage]] = defaultdict(list)
        for teller, asked in self._tellers.items():
            is_asked = in_lists in (None, asked.in_lists)
            if is_asked and (reader is None or reader.has_perm(asked.needs)):
                for pk, uses in teller(things).items():
                    told[pk] += uses
        return told
