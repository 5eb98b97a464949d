"""“Include in analytics” governs segments and reports, and nothing else."""

import ast
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings

from analytics import history
from analytics.reports.filters import ALL
from analytics.reports.periods import Period
from analytics.reports.statuses_over_time import statuses_over_time
from analytics.rules import RuleError, read_segment_rule
from campaigns.draining import drain
from campaigns.editing import vocabulary
from campaigns.models import Run
from statuses.models import OrderStatus
from tests.campaigns.conftest import clock, memory, shop
from tests.campaigns.shop import NOON, asks, condition, sms, trigger

pytestmark = pytest.mark.django_db

# Fixtures by their import.
__all__ = ["clock", "memory", "shop"]

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def unmarked(shop):
    OrderStatus.objects.filter(code="invoiced").update(include_in_analytics=False)


def test_an_unmarked_status_starts_a_campaign(shop):
    shop.start(sms(), trigger=trigger(to=["invoiced"]))
    shop.order()

    shop.tell("O-1", "invoiced")

    assert Run.objects.get().order.external_id == "O-1"


@pytest.mark.parametrize("group", [{}, {"of": "any_order"}, {"of": "last_order"}])
def test_filter_customers_asks_about_it(shop, group):
    is_invoiced = condition("order.payment_status", "=", "invoiced")
    inside = {"combinator": "and", "rules": [is_invoiced], **group}
    shop.start(asks(inside, yes=[sms()]), trigger=trigger(to=["invoiced"]))
    shop.order()

    shop.tell("O-1", "invoiced")
    drain()

    assert Run.objects.get().messages.count() == 1


def test_the_editor_of_campaigns_offers_it():
    offered = {status["code"] for status in vocabulary()["statuses"]["payment"] if status["offered"]}

    assert offered == {"invoiced", "paid"}


def test_no_segment_may_name_it_and_orders_in_it_have_no_status_there(shop):
    customer = shop.order().customer
    shop.tell("O-1", "invoiced")
    named, nothing = (
        {"combinator": "and", "of": "any_order", "rules": [condition("order.payment_status", operator, value)]}
        for operator, value in (("=", "invoiced"), ("null", None))
    )

    with pytest.raises(RuleError):
        read_segment_rule(named)

    assert list(read_segment_rule(nothing).customers(NOON)) == [customer]


def test_reports_tell_of_it_in_the_line_of_all_that_is_not_marked(shop):
    shop.order()
    shop.tell("O-1", "invoiced")
    history.catch_up()

    today = Period.relative("last_7_days", NOON + HOUR, ZoneInfo("UTC"))
    report = statuses_over_time("payment", today, ALL, NOON + HOUR)

    assert [(line.status and line.status.code, line.standing[-1]) for line in report.lines] == [("paid", 0), (None, 1)]


def test_none_but_analytics_reads_it():
    """Statuses keep it, show it and take it from people, files and programs; orders let it be said of a new one."""
    apps = [Path(settings.BASE_DIR) / app for app in ("campaigns", "orders", "customers", "workspace")]
    named_in = {
        str(file.relative_to(settings.BASE_DIR))
        for app in apps
        for file in app.rglob("*.py")
        if "migrations" not in file.parts and names_the_mark(file)
    }

    assert named_in == {"orders/api/unknown_codes.py"}


def names_the_mark(file):
    """As code, whatever its comments say."""
    nodes = list(ast.walk(ast.parse(file.read_text())))
    words = [getattr(node, name, None) for node in nodes for name in ("value", "attr", "arg", "id")]
    return any(isinstance(word, str) and "include_in_analytics" in word.split("__") for word in words)
