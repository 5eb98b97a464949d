"""Filter customers asks of an order's customer what a segment asks of all, and answers as DuckDB does: in a plain shop,
as to a segment unmarked statuses and orders of test keys are not there.
"""

import json

import pytest

from analytics.rules import read_rule
from campaigns.models import Run
from campaigns.world import World
from tests.analytics.oracle import answers
from tests.analytics.oracle.shops import NOW
from tests.analytics.oracle.test_rules import Case, rules_of

pytestmark = pytest.mark.django_db

SHOPS, SIZE = 3, 8


def check_filter(seed, size):
    case = Case(seed, size, is_plain=True)
    runs = [run for run in Run.objects.select_related("order") if run.order.customer_id]
    world = World(runs, NOW)
    for rule in rules_of(case.author, seed):
        theirs = answers.customers(case.duck, rule, NOW)
        asked = read_rule(rule)
        for run in runs:
            answer = asked.ask(world.subject(run))
            assert answer.holds == (run.order.customer_id in theirs), (
                f"Seed {seed}, size {size}: {json.dumps(rule)}\n"
                f"Of {run.order} Filter customers says {answer.holds}, as it saw {answer.seen}"
            )


@pytest.mark.parametrize("seed", range(SHOPS))
def test_filter_customers_answers_as_duckdb_does(seed):
    check_filter(seed, SIZE)


@pytest.mark.proof
@pytest.mark.parametrize("seed", range(1000, 1100))
def test_filter_customers_answers_as_duckdb_does_at_length(seed):
    check_filter(seed, 2 + seed % 15)
