"""A campaign's funnel: of the orders that entered it in a period, how many came to each step, got a text, and went on.

An order went on if it reached another status of the same type within the campaign's attribution window after its first
text, as in the list of campaigns (campaigns/numbers.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from analytics.reports.filters import Filters, members
from analytics.reports.layout import Cell, Chart, Column, Headline, Kind, Layout, Series, Table, Text, beside
from analytics.reports.periods import Period
from analytics.reports.registry import Ask, Choice, Question, Report, register
from campaigns.definitions import all_steps
from campaigns.models import Campaign, CampaignVersion, Message, MessageState, Run, RunEvent, RunState
from campaigns.numbers import went_on
from campaigns.steps import STEPS


@dataclass(frozen=True, slots=True)
class StepReached:
    key: str
    label: Text
    orders: int


@dataclass(frozen=True, slots=True)
class CampaignFunnel:
    """`sent` and `delivered` are texts, `texted` are orders that got one, `went_on` are orders, of those."""

    entered: int
    steps: tuple[StepReached, ...]
    sent: int
    delivered: int
    texted: int
    went_on: int


def campaign_funnel(campaign: Campaign, period: Period, filters: Filters, now: datetime) -> CampaignFunnel:
    """A fixed number of queries, however many entered."""
    entered = _entered(campaign, period, filters, now)
    texts = Message.objects.filter(campaign=campaign, run__in=entered, state__in=Message.SENT).order_by()
    sent = texts.aggregate(
        sent=Count("pk"),
        delivered=Count("pk", filter=Q(state=MessageState.DELIVERED)),
        texted=Count("run", distinct=True),
    )
    return CampaignFunnel(
        entered.count(), _steps(campaign, entered), **sent, went_on=went_on(campaign, entered.values("pk"))
    )


def _entered(campaign: Campaign, period: Period, filters: Filters, now: datetime) -> QuerySet[Run]:
    within = {"entered_at__gte": period.start, "entered_at__lt": min(period.end, now)}
    entered = (
        Run.objects.filter(campaign=campaign, **within).exclude(state=RunState.DECLINED).exclude(step="").order_by()
    )
    entered = entered.exclude(transition__is_test=True).exclude(order__is_test=True)
    if filters.source is not None:
        entered = entered.filter(transition__source=filters.source)
    return entered if filters.segment is None else entered.filter(customer__in=members(filters.segment))


def _steps(campaign: Campaign, entered: QuerySet[Run]) -> tuple[StepReached, ...]:
    """Those of the newest version, each with the orders that came there, in whatever version they are."""
    newest = CampaignVersion.objects.filter(campaign=campaign).order_by("-number").first()
    if newest is None:
        return ()
    decided = RunEvent.objects.filter(run__in=entered).exclude(step="").order_by()
    reached = Counter(dict(decided.values_list("step").annotate(Count("run", distinct=True))))
    here = RunEvent.objects.filter(run=OuterRef("pk"), step=OuterRef("step"))
    reached.update(dict(entered.filter(~Exists(here)).values_list("step").annotate(Count("pk"))))
    steps = all_steps(newest.definition["steps"])
    return tuple(StepReached(step["key"], _label(step["kind"]), reached[step["key"]]) for step in steps)


def _label(kind: str) -> Text:
    return STEPS[kind].label if kind in STEPS else kind


def campaigns_offered() -> Sequence[tuple[str, str]]:
    """Those that ran, the newest first."""
    ran = Campaign.objects.filter(Exists(CampaignVersion.objects.filter(campaign=OuterRef("pk"))))
    return list(ran.order_by("-pk").values_list("code", "name"))


def lay_out(question: Question, before: Question | None) -> Layout:
    campaign = Campaign.objects.filter(code=question.chosen).first()
    if campaign is None:
        return Layout((), (), (), _("No campaign has run yet."))
    report, earlier = _counted(campaign, question), _counted(campaign, before) if before else None
    now, was = _lines(report), _lines(earlier) if earlier else {}
    return Layout(
        (
            Headline(_("Orders that entered"), report.entered, before=earlier.entered if earlier else None),
            Headline(_("Texts sent"), report.sent, before=earlier.sent if earlier else None),
            Headline(
                _("Went on, of those that got a text"), _share(report), Kind.SHARE, _share(earlier) if earlier else None
            ),
        ),
        (_chart(now, was),),
        (_table(report, now, was),),
        "" if report.entered else _("No order entered this campaign in this period."),
    )


def _counted(campaign: Campaign, question: Question) -> CampaignFunnel:
    return campaign_funnel(campaign, question.period, question.filters, question.now)


def _share(report: CampaignFunnel) -> float | None:
    return report.went_on / report.texted if report.texted else None


def _lines(report: CampaignFunnel) -> dict[str, tuple[Text, int]]:
    """By key, as they are told one under another."""
    return {
        "entered": (_("Orders that entered"), report.entered),
        **{f"step:{step.key}": (step.label, step.orders) for step in report.steps},
        "texted": (_("Orders that got a text"), report.texted),
        "sent": (_("Texts sent"), report.sent),
        "delivered": (_("Texts delivered"), report.delivered),
        "went_on": (_("Orders that went on"), report.went_on),
    }


def _chart(now: dict[str, tuple[Text, int]], was: dict[str, tuple[Text, int]]) -> Chart:
    series = [Series(_("Number"), tuple(number for _label, number in now.values()))]
    if was:
        numbers = (was[key][1] if key in was else 0 for key in now)
        series.append(Series(_("Before"), tuple(numbers), is_before=True))
    labels = tuple(label for label, _number in now.values())
    return Chart("campaign", _("From entering to going on"), "bars", labels, tuple(series))


def _table(report: CampaignFunnel, now: dict[str, tuple[Text, int]], was: dict[str, tuple[Text, int]]) -> Table:
    columns = (
        Column("what", "", Kind.TEXT),
        Column("number", _("Number")),
        Column("number_before", _("Before")),
        Column("of_entered", _("Of those that entered"), Kind.SHARE),
    )
    shown = beside(columns, compared=bool(was))
    rows = []
    for key, (label, number) in now.items():
        cells = {
            "what": Cell(str(label)),
            "number": Cell(number),
            "number_before": Cell(was[key][1] if key in was else None),
            "of_entered": Cell(number / report.entered if report.entered else None),
        }
        rows.append(tuple(cells[column.key] for column in shown))
    return Table("funnel", _("Step by step"), shown, tuple(rows))


register(
    Report(
        "campaign",
        _("Campaign"),
        _("Of the orders that entered a campaign, how many came to each step, got a text, and went on afterwards."),
        lay_out,
        frozenset({Ask.SOURCE, Ask.SEGMENT}),
        Choice("campaign", _("Campaign"), campaigns_offered),
        needs=("campaigns.view_campaign",),
    )
)
