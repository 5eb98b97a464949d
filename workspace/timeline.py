"""What happened to an order or a customer, told by whoever knows: a registry declared low and filled from above.

Each app registers a teller for a model in its `ready()`; a page asks for all of them and shows one list.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models

MOST = 200


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened. `icon` is a Material symbol, `tone` one of good, bad, warning, muted or nothing."""

    at: datetime
    icon: str
    text: str
    details: tuple[str, ...] = ()
    tone: str = ""
    url: str = ""
    # Breaks ties between entries of one moment: what causes comes before what follows.
    rank: int = 0


# (the object, at most how many) -> its newest entries. A teller makes a fixed number of queries.
Teller = Callable[[Any, int], Sequence[Entry]]

_tellers: dict[type[models.Model], list[Teller]] = defaultdict(list)


def register(model: type[models.Model], teller: Teller) -> None:
    if teller not in _tellers[model]:
        _tellers[model].append(teller)


def entries(of: models.Model, most: int = MOST) -> list[Entry]:
    """The newest of all that is told about it, newest first."""
    told = [entry for teller in _tellers[type(of)] for entry in teller(of, most)]
    return sorted(told, key=lambda entry: (entry.at, entry.rank), reverse=True)[:most]
