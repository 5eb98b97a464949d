from collections import Counter

import pytest

from campaigns.chance import chance
from campaigns.definitions import DefinitionError, read_plan
from campaigns.draining import drain
from campaigns.editing import vocabulary
from campaigns.models import Run
from campaigns.steps.filters.split import KIND, choose
from campaigns.story import tell
from orders.said import Said
from orders.transitions import hear
from tests.campaigns.shop import definition, path, sms, step
from tests.factories import CustomerFactory

pytestmark = pytest.mark.django_db

HALVES = [{"key": "a", "weight": 50}, {"key": "b", "weight": 50}]


def split(variants=HALVES, key="split", **branches):
    return step("split", key, branches, variants=variants)


def test_each_goes_its_own_way_and_on(shop, clock):
    shop.start(split(a=[sms("short")], b=[sms("long")]), sms("after"))

    ways = {path(shop.pay(f"O-{n}", customer=CustomerFactory(pk=1000 + n)))[1:3][1][0] for n in range(12)}

    assert ways == {"short", "long"}
    assert Run.objects.filter(events__step="after", events__outcome="sent").count() == 12


def test_two_orders_of_one_customer_go_the_same_way_and_are_two(shop, clock):
    shop.start(split())
    people = [CustomerFactory(pk=1000 + n) for n in range(8)]

    ways = [
        [shop.pay(f"O-{n}-{m}", customer=one).events.get(step="split").outcome for m in (1, 2)]
        for n, one in enumerate(people)
    ]

    assert all(first == second for first, second in ways)
    assert {first for first, _second in ways} == {"a", "b"}


def test_orders_without_a_customer_go_by_themselves(shop, clock):
    shop.start(split())

    ways = {shop.pay(f"O-{n}", customer=None, pk=1000 + n).events.get(step="split").outcome for n in range(12)}

    assert ways == {"a", "b"}


def test_a_new_version_sends_customers_the_same_way(shop, clock):
    ada = CustomerFactory()
    shop.start(split())
    first = shop.pay("O-1", customer=ada).events.get(step="split").outcome

    shop.start(sms("before"), split())
    second = shop.pay("O-2", customer=ada).events.get(step="split").outcome

    assert first == second


def test_weights_are_kept_among_many():
    weights = (("a", 70), ("b", 20), ("c", 10), ("d", 0))

    counts = Counter(choose(weights, chance("thanks", "split", f"customer:{n}")) for n in range(10_000))

    assert counts["d"] == 0
    assert [round(counts[key] / 1000) for key in "abc"] == [7, 2, 1]


@pytest.mark.parametrize(("drawn", "key"), [(0, "b"), (0.2499, "b"), (0.25, "c"), (0.9999999999999999, "c")])
def test_shares_are_laid_end_to_end(drawn, key):
    assert choose((("a", 0), ("b", 1), ("c", 3), ("d", 0)), drawn) == key


def test_splits_are_independent_of_each_other():
    """Of those that went to the first half at one step, half go to the first half at another."""
    first = [n for n in range(4000) if chance("thanks", "one", f"customer:{n}") < 0.5]

    both = [n for n in first if chance("thanks", "two", f"customer:{n}") < 0.5]

    assert 0.45 < len(both) / len(first) < 0.55


def test_a_customer_s_chance_never_changes():
    assert chance("thanks", "split", "customer:7") == 0.08039609093161815


def test_its_branches_are_its_variants():
    plan = read_plan(definition(split(b=[sms()])))
    assert plan.nodes["split"].exits == {"": "<finish>", "a": "<finish>", "b": "text"}

    with pytest.raises(DefinitionError) as error:
        read_plan(definition(split(c=[sms()])))
    assert [problem.field for problem in error.value.problems] == ["/steps/0/branches/c"]


def test_the_editor_is_told_where_its_branches_come_from():
    [told] = [kind for kind in vocabulary()["kinds"] if kind["key"] == "split"]

    assert (told["branches"], told["branches_from"]) == ([], "variants")


def test_a_split_costs_one_query_however_many(shop, clock, django_assert_num_queries):
    shop.start(split(), split(key="again"))
    for name in (names := [f"O-{n}" for n in range(20)]):
        shop.order(name)
    hear([Said(name, "payment", "paid") for name in names], shop.source)

    drain()

    assert Run.objects.filter(state="finished").count() == 20


def test_its_story_and_its_sentence(shop, clock):
    shop.start(split([{"key": "a", "weight": 0}, {"key": "b", "name": "Long", "weight": 1}]))

    assert "It went to variant B." in tell(shop.pay())
    named = [{"key": "a", "weight": 1}, {"key": "b", "name": "Long", "weight": 2}]
    assert KIND.says({"variants": named}, {}) == (
        "By chance, but always the same for a customer: 33.3 % go to A, 66.7 % go to Long."
    )
    assert KIND.says({"variants": []}, {}) == ""


@pytest.mark.parametrize(
    "variants",
    [
        None, "a", [], [{"key": "a", "weight": 1}], [{"key": k, "weight": 1} for k in "abcdef"],
        [{"key": "a", "weight": 1}, {"key": "a", "weight": 1}], [{"key": "a", "weight": 1}, {"key": "z", "weight": 1}],
        [{"key": "a", "weight": 0}, {"key": "b", "weight": 0}], [{"key": "a", "weight": -1}, {"key": "b", "weight": 2}],
        [{"key": "a", "weight": 1.5}, {"key": "b", "weight": 2}], [{"key": [], "weight": 1}, {"key": "b", "weight": 2}],
        [{"key": "a"}, {"key": "b", "weight": 2}], [{"key": "a", "weight": 1, "x": 1}, {"key": "b", "weight": 2}],
        [{"key": "a", "weight": 1, "name": 5}, {"key": "b", "weight": 2}],
        [{"key": "a", "weight": 1, "name": "x" * 61}, {"key": "b", "weight": 2}],
    ],
)  # fmt: skip
def test_its_variants_are_checked(variants):
    assert [problem.field for problem in KIND.form({"variants": variants}).problems()] == ["/variants"]
