"""What an answer means, by the Standard Webhooks specification ("Delivery success and failure", "Deliverability")."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta

from django.utils.translation import gettext as _

from campaigns.sms.replies import retry_after_s
from campaigns.sms.wire import Reply, Unanswered, Unreached
from campaigns.webhooks.wire import Forbidden, Heard

# After each failure so long until the next try: the specification's own schedule, three days in all.
PAUSES = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
# Of a crowd that failed at once not all come back at once.
SPREAD = 0.1
GONE = 410
# Not taken, and may be later: it takes its time, or (RFC 8470, 6585) asks for patience. So may any error of its own.
NOT_NOW = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True)
class Taken:
    """2xx."""

    status: int


@dataclass(frozen=True, slots=True)
class Failed:
    """The same again would fare no better. `is_gone`: its receiver wants no more calls, of whatever kind."""

    error: str
    status: int | None = None
    is_gone: bool = False


@dataclass(frozen=True, slots=True)
class Again:
    """Not taken, as far as anybody knows, and worth another try; not before `after_s` seconds, if it said so."""

    error: str
    status: int | None = None
    after_s: float | None = None


Verdict = Taken | Failed | Again


def judge(heard: Heard) -> Verdict:
    match heard:
        case Forbidden(error):
            return Failed(error)
        case Unreached(error) | Unanswered(error):
            return Again(error)
        case Reply(status) if 200 <= status < 300:
            return Taken(status)
        case Reply(status) if 300 <= status < 400:
            return Failed(_("It redirects elsewhere (HTTP %d), which is not followed.") % status, status)
        case Reply(status) if status == GONE:
            return Failed(_("It wants no more calls (HTTP %d).") % status, status, is_gone=True)
        case Reply(status) if status in NOT_NOW or status >= 500:
            return Again(_("It could not take it (HTTP %d).") % status, status, retry_after_s(heard))
        case Reply(status):
            return Failed(_("It would not take it (HTTP %d).") % status, status)


def pause_after(attempts: int, asked_s: float | None = None) -> timedelta | None:
    """Until the next try, when so many were made, and never sooner than asked; None: there is none."""
    if attempts > len(PAUSES):
        return None
    spread = PAUSES[attempts - 1] * random.uniform(1 - SPREAD, 1 + SPREAD)  # noqa: S311 - spreads, hides nothing
    return max(spread, timedelta(seconds=asked_s or 0))
