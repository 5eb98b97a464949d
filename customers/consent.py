"""Which of two tellings about a customer's consent holds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from customers.models import Consent


@dataclass(frozen=True, slots=True)
class Telling:
    """A consent somebody told us of. `at` None: nobody knows since when it holds."""

    consent: str
    at: datetime | None = None


# Of two tellings that cannot be ordered by time, the one that sends less.
_CAUTION = {Consent.UNKNOWN: 0, Consent.GIVEN: 1, Consent.REFUSED: 2}


def settle_consent(standing: Telling, told: Telling, now: datetime) -> Telling:
    """The telling that holds from `now` on; `standing` itself where `told` changes nothing.

    With times the newer one holds, in whatever order they arrive. A telling without a time may be as old as the file
    it came in: loaded again, that file must not give consent back to somebody who has opted out since, nor may its
    “unknown” wipe out an answer. So it can only go from unknown to given to refused, and it is dated to the safe side:
    a refusal counts from now, as we have heard it, while a consent stays undated and gives way to any dated telling.
    """
    if told.at is None:
        if _CAUTION[Consent(told.consent)] <= _CAUTION[Consent(standing.consent)]:
            return standing
        return replace(told, at=now) if told.consent == Consent.REFUSED else told
    if standing.at is None:
        return told
    is_newer = (told.at, _CAUTION[Consent(told.consent)]) > (standing.at, _CAUTION[Consent(standing.consent)])
    return told if is_newer else standing
