"""Of whom rules hold, by analytics and by DuckDB."""

import json

import pytest

from analytics import history
from analytics.rules import read_segment_rule
from customers.models import Customer
from statuses.models import OrderStatus
from tests.analytics.oracle import answers
from tests.analytics.oracle.export import export
from tests.analytics.oracle.history import read_history
from tests.analytics.oracle.rules import Author
from tests.analytics.oracle.shops import NOW, PATIENCE_S, TYPES, Shop

pytestmark = pytest.mark.django_db

SIZE = 12
# So many shops, with so many random rules about each: 50 cases, beside rules that ask one thing.
SHOPS, RULES = 10, 5


class Case:
    """A shop, and rules that are asked about it."""

    def __init__(self, seed, size, **how):
        self.seed, self.size = seed, size
        for _happened in Shop(seed, size, **how).open():
            pass
        history.follow(within_s=PATIENCE_S)
        self.duck = export()
        read_history(self.duck)
        answers.prepare(self.duck)
        self.author = Author(seed, codes_in_analytics())

    def check(self, rule):
        if self.differ(rule):
            worst = self.smallest(rule)
            ours, theirs = self.answers(worst)
            raise AssertionError(
                f"Seed {self.seed}, size {self.size}: {json.dumps(rule)}\n"
                f"At the least: {json.dumps(worst)}\n"
                f"DuckDB alone: {names(theirs - ours)}\nAnalytics alone: {names(ours - theirs)}\n"
                f"{self.seen(worst, min(ours ^ theirs))}"
            )

    def check_why(self, rule):
        """What analytics tells of each of them is what it finds them by."""
        everybody = Customer.objects.filter(erased_at=None).values_list("pk", flat=True)
        told = {pk for pk, answer in read_segment_rule(rule).why(everybody, NOW).items() if answer.holds}
        found, _theirs = self.answers(rule)
        assert told == found, (
            f"Seed {self.seed}, size {self.size}: {json.dumps(rule)}\n"
            f"Only by what was seen of them: {names(told - found)}\nOnly as found: {names(found - told)}"
        )

    def seen(self, rule, customer):
        """What each side knows of one of those of whom they disagree."""
        [ours] = read_segment_rule(rule).why([customer], NOW, tells_personal=True).values()
        theirs = answers.seen(self.duck, rule, NOW, customer)
        return f"Of {names([customer])} analytics saw {ours.seen}, DuckDB {theirs}"

    def answers(self, rule):
        ours = set(read_segment_rule(rule).customers(NOW).values_list("pk", flat=True))
        return ours, answers.customers(self.duck, rule, NOW)

    def differ(self, rule):
        ours, theirs = self.answers(rule)
        return ours != theirs

    def smallest(self, rule):
        """The smallest part of a rule that both answer differently."""
        for part in parts(rule):
            if self.differ(part):
                return self.smallest(part)
        return rule


def parts(group):
    """Each part of a group as a group of its own, of the same orders."""
    around = {"combinator": "and", **({"of": group["of"]} if "of" in group else {})}
    if len(group["rules"]) > 1:
        yield from ({**around, "rules": [part]} for part in group["rules"])
    elif "rules" in group["rules"][0]:
        yield {**around, **group["rules"][0]}


def codes_in_analytics():
    """Those of merged statuses too, whose meaning is marked."""
    return codes_of(status for status in all_statuses() if (status.merged_into or status).include_in_analytics)


def all_codes():
    return codes_of(all_statuses())


def all_statuses():
    return OrderStatus.objects.select_related("merged_into").order_by("pk")


def codes_of(statuses):
    statuses = list(statuses)
    return {type: [status.code for status in statuses if status.type == type] for type in TYPES}


def names(customers):
    return (
        ", ".join(Customer.objects.filter(pk__in=customers).order_by("pk").values_list("external_id", flat=True)) or "-"
    )


def rules_of(author, number):
    return [*author.simple_rules(number % SHOPS, SHOPS), *(author.rule() for _ in range(RULES))]


def check_rules(seed, size):
    case = Case(seed, size)
    rules = rules_of(case.author, seed)
    for rule in rules:
        case.check(rule)
    for rule in rules[-RULES:]:
        case.check_why(rule)


@pytest.mark.parametrize("seed", range(SHOPS))
def test_rules_hold_of_whom_duckdb_says(seed):
    check_rules(seed, SIZE)


@pytest.mark.proof
@pytest.mark.parametrize("seed", range(1000, 2000))
def test_rules_hold_of_whom_duckdb_says_at_length(seed):
    check_rules(seed, 1 + seed % 25)
