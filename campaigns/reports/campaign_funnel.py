"""A campaign's funnel: of the orders that entered it in a period, how many came to each step, got a text, and went on.

An order went on if it reached another status of the same type within the campaign's attribution window after its first
text, as in the list of campaigns (campaigns/numbers.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from analytics.reports.figures import Lead
from analytics.reports.filters import Filters
from analytics.reports.layout import Cell, Chart, Column, Headline, Kind, Layout, Series, Table, Text, beside
from analytics.reports.periods import Period
from analytics.reports.registry import Ask, Choice, Question, Report, register
from campaigns.definitions import all_steps
from campaigns.models import Campaign, CampaignVersion, MessageState, Run, RunEvent
from campaigns.numbers import gone_on
from campaigns.reports.behind import STAGE_LABELS, EnteredBehind, MessagesBehind, entered, texts_of
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
    let_in = entered(campaign.pk, period.start, min(period.end, now), filters)
    sent = texts_of(campaign.pk, let_in).aggregate(
        sent=Count("pk"),
        delivered=Count("pk", filter=Q(state=MessageState.DELIVERED)),
        texted=Count("run", distinct=True),
    )
    went_on = gone_on(campaign.pk, let_in.values("pk")).count()
    return CampaignFunnel(let_in.count(), _steps(campaign, let_in), **sent, went_on=went_on)


def _steps(campaign: Campaign, let_in: QuerySet[Run]) -> tuple[StepReached, ...]:
    """Those of the newest version, each with the orders that came there, in whatever version they are."""
    newest = CampaignVersion.objects.filter(campaign=campaign).order_by("-number").first()
    if newest is None:
        return ()
    decided = RunEvent.objects.filter(run__in=let_in).exclude(step="").order_by()
    reached = Counter(dict(decided.values_list("step").annotate(Count("run", distinct=True))))
    here = RunEvent.objects.filter(run=OuterRef("pk"), step=OuterRef("step"))
    reached.update(dict(let_in.filter(~Exists(here)).values_list("step").annotate(Count("pk"))))
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
    lines, was = _lines(report), _lines(earlier) if earlier else {}

    def headline(key: str) -> Headline:
        line = lines[key]
        before = was[key].number if earlier else None
        return Headline(line.label, line.number, before=before, behind=line.behind(campaign, question))

    return Layout(
        (
            headline("entered"),
            headline("sent"),
            Headline(
                _("Went on, of those that got a text"),
                _share(report),
                Kind.SHARE,
                _share(earlier) if earlier else None,
                lines["went_on"].behind(campaign, question),
            ),
        ),
        (_chart(lines, was),),
        (_table(campaign, question, before, report, lines, was),),
        "" if report.entered else _("No order entered this campaign in this period."),
    )


def _counted(campaign: Campaign, question: Question) -> CampaignFunnel:
    return campaign_funnel(campaign, question.period, question.filters, question.now)


def _share(report: CampaignFunnel) -> float | None:
    return report.went_on / report.texted if report.texted else None


@dataclass(frozen=True, slots=True)
class Line:
    """One of the numbers that are told one under another: of orders that got so far, or of texts of one fate."""

    label: Text
    number: int
    stage: str = ""
    step: str = ""
    fate: str = ""

    def behind(self, campaign: Campaign, question: Question) -> Lead:
        start, end, filters = question.period.start, question.end, question.filters
        if self.fate:
            return MessagesBehind(self.fate, start, end, filters, campaign=campaign.pk)
        return EnteredBehind(self.stage, campaign.pk, start, end, filters, self.step)


def _lines(report: CampaignFunnel) -> dict[str, Line]:
    steps = {f"step:{step.key}": Line(step.label, step.orders, "reached", step.key) for step in report.steps}
    return {
        "entered": Line(STAGE_LABELS["entered"], report.entered, "entered"),
        **steps,
        "texted": Line(STAGE_LABELS["texted"], report.texted, "texted"),
        "sent": Line(_("Texts sent"), report.sent, fate="sent"),
        "delivered": Line(_("Texts delivered"), report.delivered, fate="delivered"),
        "went_on": Line(STAGE_LABELS["went_on"], report.went_on, "went_on"),
    }


def _chart(now: Mapping[str, Line], was: Mapping[str, Line]) -> Chart:
    series = [Series(_("How many"), tuple(line.number for line in now.values()))]
    if was:
        numbers = (was[key].number if key in was else 0 for key in now)
        series.append(Series(_("Before"), tuple(numbers), is_before=True))
    labels = tuple(line.label for line in now.values())
    return Chart("campaign", _("From entering to going on"), "bars", labels, tuple(series))


def _table(
    campaign: Campaign,
    question: Question,
    before: Question | None,
    report: CampaignFunnel,
    now: Mapping[str, Line],
    was: Mapping[str, Line],
) -> Table:
    columns = (
        Column("what", "", Kind.TEXT),
        Column("number", _("How many")),
        Column("number_before", _("Before")),
        Column("of_entered", _("Of those that entered"), Kind.SHARE),
    )
    shown = beside(columns, compared=before is not None)
    rows = []
    for key, line in now.items():
        then = was.get(key)
        cells = {
            "what": Cell(str(line.label)),
            "number": Cell(line.number, line.behind(campaign, question)),
            "number_before": Cell(then.number, then.behind(campaign, before)) if then and before else Cell(None),
            "of_entered": Cell(line.number / report.entered if report.entered else None),
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
