"""What happened to an order or a customer, told by whoever knows: a registry declared low and filled from above.

Each app registers a teller for a model in its `ready()`, with the permission that a reader needs to be told; a page
asks for all of them and shows one list. So what may not be read on its own page is not read on another's either.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import models

from workspace.personal import hidden
from workspace.roles import Reader, may_see_personal_data

MOST = 200


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened. `icon` is a Material symbol, `tone` one of good, bad, warning, muted or nothing."""

    at: datetime
    icon: str
    text: str
    details: tuple[str, ...] = ()
    # Personal data: told only to who may see it.
    words: str = ""
    tone: str = ""
    url: str = ""
    # Breaks ties between entries of one moment: what causes comes before what follows.
    rank: int = 0
    # Whether more will come of it by itself: while there is such an entry, a page asks again.
    goes_on: bool = False


# (the object, at most how many) -> its newest entries. A teller makes a fixed number of queries.
Teller = Callable[[Any, int], Sequence[Entry]]

# By model: each teller with the permission it needs.
_tellers: dict[type[models.Model], dict[Teller, str]] = defaultdict(dict)


def register(model: type[models.Model], teller: Teller, *, needs: str) -> None:
    """`needs`: the permission to see what it tells, such as "campaigns.view_message"."""
    _tellers[model][teller] = needs


def entries(of: models.Model, reader: Reader, most: int = MOST) -> list[Entry]:
    """The newest of all that this reader may be told about it, newest first."""
    tellers = [teller for teller, needed in _tellers[type(of)].items() if reader.has_perm(needed)]
    told = [entry for teller in tellers for entry in teller(of, most)]
    newest = sorted(told, key=lambda entry: (entry.at, entry.rank), reverse=True)[:most]
    if may_see_personal_data(reader):
        return newest
    return [replace(entry, words=hidden(entry.words)) for entry in newest]
