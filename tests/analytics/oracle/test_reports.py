"""What reports tell, and what DuckDB counts: while a shop goes on, so that days were closed and are opened again."""

from dataclasses import astuple
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from analytics import history
from analytics.models import Segment
from analytics.reports import funnel, statuses_over_time, time_in_status
from analytics.reports.filters import Filters
from analytics.reports.periods import Every, Period
from campaigns.models import Campaign
from campaigns.reports.campaign_funnel import campaign_funnel
from campaigns.reports.messages import messages
from statuses.models import OrderStatus
from tests.analytics.oracle import reports
from tests.analytics.oracle.export import export
from tests.analytics.oracle.history import read_history
from tests.analytics.oracle.reports import Asked
from tests.analytics.oracle.shops import PATIENCE_S, TYPES, Shop

pytestmark = pytest.mark.django_db

# How many questions are asked whenever something happened.
SIZE, ASKED = 10, 2
TABLES = ("orders", "inbox", "ledger", "statuses", "members", "runs", "decisions", "messages")
# New York and Berlin put their clocks forward in the middle of it all.
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata")


class Reader:
    """Asks reports of a shop, in one time zone, as its days are kept by them."""

    def __init__(self, seed, size):
        self.seed, self.size = seed, size
        self.shop = Shop(seed, size)
        self.zone = ZoneInfo(self.shop.choice(ZONES))

    def check(self):
        for _happened in self.shop.open():
            history.follow(within_s=PATIENCE_S)
            duck = export(TABLES)
            read_history(duck)
            for _ in range(ASKED):
                asked = self.ask()
                for check in (
                    self.check_statuses, self.check_times, self.check_funnel, self.check_messages, self.check_campaigns,
                ):  # fmt: skip
                    check(duck, asked)

    def ask(self):
        shop, today = self.shop, self.shop.now().astimezone(self.zone).date()
        last = today - timedelta(days=shop.choice((0, 0, 0, 1, 2, 7, 31, 60)))
        return Asked(
            shop.choice(TYPES),
            last - timedelta(days=shop.choice((0, 6, 29, 89, 130))),
            last,
            self.zone,
            shop.now(),
            shop.choice((None, None, None, *(source.pk for source in shop.sources))),
            shop.choice((None, None, *Segment.objects.order_by("pk").values_list("pk", flat=True))),
        )

    def check_statuses(self, duck, asked):
        every = self.shop.choice(("day", "week", "month"))
        told = statuses_over_time.statuses_over_time(*how(asked), Every(every))
        ours = {line.status and line.status.pk: (list(line.standing), list(line.entered)) for line in told.lines}
        ours = {status: line for status, line in ours.items() if any(map(any, line))}
        self.compare(asked, ours, reports.statuses_over_time(duck, asked, every), every)

    def check_times(self, duck, asked):
        told = time_in_status.time_in_status(*how(asked))
        ours = {
            stay.status.pk: (stay.left, stay.median_s, stay.p90_s, stay.there, stay.stuck)
            for stay in told.stays
            if stay.left or stay.there
        }
        self.compare(asked, rounded(ours), rounded(reports.time_in_status(duck, asked)), "times")

    def check_funnel(self, duck, asked):
        marked = OrderStatus.objects.of_type(asked.type).filter(include_in_analytics=True, merged_into=None)
        marked = list(marked.order_by("pk"))
        steps = self.shop.sample(marked, min(len(marked), self.shop.choice((1, 2, 3, 4))))
        type, *rest = how(asked)
        told = funnel.funnel(type, steps, *rest)
        ours = {place: (step.reached, step.median_s, step.p90_s) for place, step in enumerate(told.steps)}
        theirs = dict(enumerate(reports.funnel(duck, asked, [step.pk for step in steps])))
        self.compare(asked, rounded(ours), rounded(theirs), " > ".join(step.code for step in steps))

    def check_messages(self, duck, asked):
        every = self.shop.choice(("day", "week", "month"))
        _type, *rest = how(asked)
        told = messages(*rest, Every(every))
        fates, skipped = reports.messages(duck, asked, every)
        ours = dict(enumerate(astuple(of) for of in told.fates)) | dict(told.skipped)
        self.compare(asked, ours, dict(enumerate(fates)) | skipped, f"messages, {every}")

    def check_campaigns(self, duck, asked):
        _type, *rest = how(asked)
        for campaign in Campaign.objects.order_by("pk"):
            told = campaign_funnel(campaign, *rest)
            figures, steps = reports.campaign_funnel(duck, asked, campaign.pk)
            ours = {step.key: step.orders for step in told.steps if step.orders}
            ours |= {"figures": (told.entered, told.sent, told.delivered, told.texted, told.went_on)}
            self.compare(asked, ours, {**steps, "figures": figures}, campaign.code)

    def compare(self, asked, ours, theirs, what):
        differ = [key for key in ours | theirs if ours.get(key) != theirs.get(key)]
        assert not differ, f"Seed {self.seed}, size {self.size}, {what}: {asked}\n" + "\n".join(
            f"{key}: analytics says {ours.get(key)}, DuckDB {theirs.get(key)}" for key in differ
        )


def how(asked):
    period = Period(asked.first, asked.last, asked.zone)
    return asked.type, period, Filters(asked.source, asked.segment), asked.now


def rounded(figures):
    """To thousandths of a second."""
    return {
        key: tuple(round(figure, 3) if isinstance(figure, float) else figure for figure in row)
        for key, row in figures.items()
    }


@pytest.mark.parametrize("seed", range(4))
def test_figures_are_those_that_duckdb_counts(seed):
    Reader(seed, SIZE).check()


@pytest.mark.proof
@pytest.mark.parametrize("seed", range(1000, 1300))
def test_figures_are_those_that_duckdb_counts_at_length(seed):
    Reader(seed, 2 + seed % 30).check()
