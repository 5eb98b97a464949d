"""Whom Filter customers lets pass, by analytics and by DuckDB: of orders of somebody, of nobody, and of test keys."""

import json

import pytest

from analytics.rules import read_rule
from campaigns.models import Run
from campaigns.world import World
from tests.analytics.oracle import answers
from tests.analytics.oracle.rules import FILTER_CUSTOMERS, Author
from tests.analytics.oracle.shops import NOW
from tests.analytics.oracle.test_rules import SHOPS, Case, all_codes, rules_of

pytestmark = pytest.mark.django_db

SIZE = 8


def check_filter(seed, size):
    case = Case(seed, size)
    author = Author(f"filter {seed}", all_codes(), FILTER_CUSTOMERS)
    runs = list(Run.objects.select_related("order").order_by("pk"))
    world = World(runs, NOW)
    for rule in rules_of(author, seed):
        theirs = answers.runs(case.duck, rule, NOW)
        asked = read_rule(rule)
        for run in runs:
            answer = asked.ask(world.subject(run))
            assert answer.holds == (run.pk in theirs), (
                f"Seed {seed}, size {size}: {json.dumps(rule)}\n"
                f"Of run {run.pk} of {run.order} Filter customers says {answer.holds}, as it saw {answer.seen}"
            )


@pytest.mark.parametrize("seed", range(SHOPS))
def test_filter_customers_lets_pass_whom_duckdb_says(seed):
    check_filter(seed, SIZE)


@pytest.mark.proof
@pytest.mark.parametrize("seed", range(1000, 2000))
def test_filter_customers_lets_pass_whom_duckdb_says_at_length(seed):
    check_filter(seed, 2 + seed % 15)
