"""What the figures of messages and of campaigns count, and the lists that they lead to: of messages, and of the orders
that entered. Tests are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Self

from django.db.models import Exists, Model, OuterRef, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics.reports.figures import Told, Unreadable, filters_in_words, lead_to, write
from analytics.reports.filters import ALL, Filters, members
from analytics.reports.registry import TO_READ
from campaigns.models import Campaign, Message, MessageState, Run, RunEvent, RunState, SkipReason
from campaigns.numbers import gone_on
from workspace.local_formats import short_moment
from workspace.text import is_storable

FAILED = frozenset({MessageState.UNDELIVERED, MessageState.REJECTED})
# What came of a message, by the states that say so. Parts are those of what was sent; that may have failed, too.
FATES: Mapping[str, frozenset[str]] = {
    "owed": frozenset(MessageState.values),
    "sent": Message.SENT,
    "delivered": frozenset({MessageState.DELIVERED}),
    "failed": FAILED,
    "skipped": frozenset({MessageState.SKIPPED}),
    "under_way": frozenset(MessageState.values) - Message.SENT - FAILED - {MessageState.SKIPPED},
    "parts": Message.SENT,
}
FATE_LABELS: Mapping[str, Promise] = {
    "owed": gettext_lazy("To be sent in all"),
    "sent": gettext_lazy("Sent"),
    "delivered": gettext_lazy("Delivered"),
    "failed": gettext_lazy("Failed"),
    "skipped": gettext_lazy("Not sent"),
    "under_way": gettext_lazy("Under way"),
    "parts": gettext_lazy("Parts"),
}
STAGE_LABELS: Mapping[str, Promise] = {
    "entered": gettext_lazy("Orders that entered"),
    "reached": gettext_lazy("Orders that came to a step"),
    "texted": gettext_lazy("Orders that got a text"),
    "went_on": gettext_lazy("Orders that went on"),
}


def owed(start: datetime, end: datetime, filters: Filters) -> QuerySet[Message]:
    """Messages that became due to be sent from `start` to before `end`."""
    found = Message.objects.filter(created_at__gte=start, created_at__lt=end, is_test=False).order_by()
    if filters.source is not None:
        found = found.filter(run__transition__source=filters.source)
    return found if filters.segment is None else found.filter(customer__in=members(filters.segment))


def entered(campaign: int, start: datetime, end: datetime, filters: Filters) -> QuerySet[Run]:
    """Orders that a campaign let in from `start` to before `end`."""
    let_in = Run.objects.filter(campaign=campaign, entered_at__gte=start, entered_at__lt=end).order_by()
    let_in = let_in.exclude(state=RunState.DECLINED).exclude(step="")
    let_in = let_in.exclude(transition__is_test=True).exclude(order__is_test=True)
    if filters.source is not None:
        let_in = let_in.filter(transition__source=filters.source)
    return let_in if filters.segment is None else let_in.filter(customer__in=members(filters.segment))


def texts_of(campaign: int, runs: QuerySet[Run]) -> QuerySet[Message]:
    """What these orders that entered were sent."""
    return Message.objects.filter(campaign=campaign, run__in=runs.values("pk"), state__in=Message.SENT).order_by()


@dataclass(frozen=True, slots=True)
class MessagesBehind:
    """Messages of one fate, for one reason perhaps: those that were owed in a time, or with a campaign the texts of the
    orders that entered it in that time."""

    rows: ClassVar[type[Model]] = Message

    fate: str
    start: datetime
    end: datetime
    filters: Filters = ALL
    reason: str = ""
    campaign: int | None = None

    def written(self) -> str:
        told = {"fate": self.fate, "start": self.start, "end": self.end}
        return write({**told, "reason": self.reason, "campaign": self.campaign}, self.filters)

    @classmethod
    def read(cls, written: str) -> Self | None:
        """None: it is no such thing."""
        try:
            told = Told(written)
            fate, reason = told.one_of("fate", FATES), told.one_of("reason", ["", *SkipReason.values])
            return cls(fate, *told.span(), told.filters(), reason, told.key("campaign"))
        except Unreadable:
            return None

    def narrow(self, rows: QuerySet[Message]) -> QuerySet[Message]:
        found = self._counted().filter(state__in=FATES[self.fate])
        return rows.filter(pk__in=(found.filter(skip_reason=self.reason) if self.reason else found).values("pk"))

    def _counted(self) -> QuerySet[Message]:
        if self.campaign is None:
            return owed(self.start, self.end, self.filters)
        return texts_of(self.campaign, entered(self.campaign, self.start, self.end, self.filters))

    def in_words(self) -> str:
        what = str(FATE_LABELS[self.fate])
        if self.reason:
            what = f"{what} ({SkipReason(self.reason).label})"
        words = {"what": what, **_span_in_words(self.start, self.end)}
        if self.campaign is None:
            told = _("%(what)s, of the messages that were to be sent from %(start)s to %(end)s") % words
        else:
            told = _of_campaign(self.campaign, words)
        return told + filters_in_words(self.filters)


@dataclass(frozen=True, slots=True)
class EnteredBehind:
    """Of the orders that entered a campaign in a time those that got so far; `step` is the one they came to."""

    rows: ClassVar[type[Model]] = Run

    stage: str
    campaign: int
    start: datetime
    end: datetime
    filters: Filters = ALL
    step: str = ""

    def written(self) -> str:
        told = {"stage": self.stage, "campaign": self.campaign, "start": self.start, "end": self.end}
        return write({**told, "step": self.step}, self.filters)

    @classmethod
    def read(cls, written: str) -> Self | None:
        """None: it is no such thing."""
        try:
            told = Told(written)
            stage, campaign, step = told.one_of("stage", STAGES), told.key("campaign"), told.text("step")
            if campaign is None or not is_storable(step):
                return None
            return cls(stage, campaign, *told.span(), told.filters(), step)
        except Unreadable:
            return None

    def narrow(self, rows: QuerySet[Run]) -> QuerySet[Run]:
        let_in = entered(self.campaign, self.start, self.end, self.filters)
        return rows.filter(pk__in=STAGES[self.stage](self, let_in).values("pk"))

    def in_words(self) -> str:
        what = str(STAGE_LABELS[self.stage])
        words = {"what": f"{what} ({self.step})" if self.step else what, **_span_in_words(self.start, self.end)}
        return _of_campaign(self.campaign, words) + filters_in_words(self.filters)


def _all(_behind: EnteredBehind, runs: QuerySet[Run]) -> QuerySet[Run]:
    return runs


def _reached(behind: EnteredBehind, runs: QuerySet[Run]) -> QuerySet[Run]:
    """In whatever version they are: they stand there, or something was decided there."""
    decided = RunEvent.objects.filter(run=OuterRef("pk"), step=behind.step)
    return runs.filter(Q(step=behind.step) | Exists(decided))


def _texted(_behind: EnteredBehind, runs: QuerySet[Run]) -> QuerySet[Run]:
    return runs.filter(Exists(Message.objects.filter(run=OuterRef("pk"), state__in=Message.SENT)))


def _went_on(behind: EnteredBehind, runs: QuerySet[Run]) -> QuerySet[Run]:
    return runs.filter(pk__in=gone_on(behind.campaign, runs.values("pk")).values("run"))


STAGES: Mapping[str, Any] = {"entered": _all, "reached": _reached, "texted": _texted, "went_on": _went_on}


def _of_campaign(campaign: int, words: Mapping[str, str]) -> str:
    name = Campaign.objects.filter(pk=campaign).values_list("name", flat=True).first()
    told = {**words, "campaign": name or str(campaign)}
    return _("%(what)s, of the orders that entered “%(campaign)s” from %(start)s to %(end)s") % told


def _span_in_words(start: datetime, end: datetime) -> dict[str, str]:
    return {"start": short_moment(start), "end": short_moment(end)}


lead_to(Message, TO_READ, MessagesBehind.read)
lead_to(Run, TO_READ, EnteredBehind.read)
