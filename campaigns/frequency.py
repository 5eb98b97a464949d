"""How often exactly what a trigger names has happened, and where orders really came from when it is rare."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analytics.wording import one_of
from campaigns.matching import watches_of
from campaigns.models import From
from campaigns.steps.base import Watched
from orders.models import SilentBecause, StatusTransition
from statuses.models import OrderStatus
from workspace.local_formats import number

MONTH, QUARTER = timedelta(days=30), timedelta(days=90)
# Of the arrivals in its target statuses, a smaller share is worth a second look; not of a handful.
RARE_SHARE = 0.2
ENOUGH = 10


@dataclass(frozen=True, slots=True)
class Origin:
    """Where orders came from, by arrivals in 90 days. `status`: None where they had none. `answers`: it starts it."""

    status: OrderStatus | None
    arrivals: int
    answers: bool


@dataclass(frozen=True, slots=True)
class Frequency:
    """`month`, `quarter`: how often exactly this happened in 30 and 90 days; `arrivals`: whatever came to its target
    statuses in 90 days; `origins`: from where, the most frequent first; `named`: where alone it is to come from."""

    month: int
    quarter: int
    arrivals: int
    origins: list[Origin]
    target: str
    named: str = ""

    @property
    def is_rare(self) -> bool:
        return self.arrivals >= ENOUGH and self.quarter < RARE_SHARE * self.arrivals

    def in_words(self) -> str:
        """“Of the arrivals in Delivered, 96 % came from In transit, not from Shipped: use Any, or add it.”"""
        if self.arrivals == 0:
            return _("Nothing came to %s in the last 90 days.") % self.target
        happened = ngettext(
            "This happened %(month)s time in the last 30 days, %(quarter)s in the last 90.",
            "This happened %(month)s times in the last 30 days, %(quarter)s in the last 90.",
            self.month,
        ) % {"month": number(self.month), "quarter": number(self.quarter)}
        other = next((origin for origin in self.origins if not origin.answers), None)
        if not self.is_rare or other is None:
            return happened
        words = {
            "target": self.target,
            "share": number(round(100 * other.arrivals / self.arrivals)),
            "other": other.status or _("no status"),
            "named": self.named,
        }
        if self.named:
            hint = _(
                "Of the arrivals in %(target)s, %(share)s %% came from %(other)s, not from %(named)s: "
                "use Any, or add it."
            )
        else:
            hint = _("Of the arrivals in %(target)s, %(share)s %% came from %(other)s: use Any, or add it.")
        return f"{happened} {hint % words}"

    def as_json(self) -> dict[str, Any]:
        return {
            "last_30_days": self.month,
            "last_90_days": self.quarter,
            "arrivals": self.arrivals,
            "is_rare": self.is_rare,
            "sentence": self.in_words(),
            "origins": [
                {
                    "code": origin.status.code if origin.status else None,
                    "name": str(origin.status or _("no status")),
                    "arrivals": origin.arrivals,
                    "answers": origin.answers,
                }
                for origin in self.origins
            ],
        }


def how_often(watched: Watched, now: datetime | None = None) -> Frequency:
    """By the ledger: three queries. What was told as history happened all the same, a merge of statuses did not."""
    now, watches = now or timezone.now(), watches_of(watched)
    targets = {watch.to_status_id for watch in watches}
    rows = StatusTransition.objects.filter(type=watched.type, occurred_at__gt=now - QUARTER, occurred_at__lte=now)
    if None not in targets:
        rows = rows.filter(to_status__in=targets)
    counted = (
        rows.exclude(silent_because=SilentBecause.MERGE)
        .order_by()
        .values_list("from_status", "to_status")
        .annotate(quarter=Count("pk"), month=Count("pk", filter=Q(occurred_at__gt=now - MONTH)))
    )
    month = quarter = arrivals = 0
    origins: Counter[tuple[int | None, bool]] = Counter()
    for came_from, to, in_quarter, in_month in counted:
        answers = any(w.to_status_id in (None, to) and w.accepts_from(came_from) for w in watches)
        arrivals += in_quarter
        origins[came_from, answers] += in_quarter
        if answers:
            month, quarter = month + in_month, quarter + in_quarter
    named = sorted({pk for watch in watches if watch.from_mode == From.ONLY for pk in watch.from_status_ids})
    statuses = OrderStatus.objects.in_bulk(({pk for pk, _answers in origins} | {*targets, *named}) - {None})
    told = [Origin(statuses.get(pk or 0), total, answers) for (pk, answers), total in origins.most_common()]
    codes = [f"“{key}”" for key in sorted(watched.to)]
    target = ", ".join([str(statuses[pk]) for pk in sorted(pk for pk in targets if pk)] or codes) or _("any status")
    only = one_of(str(statuses[pk]) for pk in named) if named else ""
    return Frequency(month, quarter, arrivals, told, target, only)
