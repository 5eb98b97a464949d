"""What campaigns and rules rely on: one way to change attributes and tags of many customers."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from customers.attributes import Change, as_lines, change, from_lines, merge, read_attributes, read_tags
from customers.models import Customer
from tests.factories import CustomerFactory
from workspace.reading import Problem
from workspace.text import is_storable


def told(answers):
    return [answer.problem.code if answer.problem else answer.outcome.value for answer in answers]


def kept(customer):
    customer.refresh_from_db()
    return (customer.attributes, customer.tags)


# Changing many


@pytest.mark.django_db
def test_what_is_named_is_set_and_the_rest_stays():
    ada = CustomerFactory(attributes={"level": "gold", "visits": 3}, tags=["new", "shop"])

    answers = change([Change(ada.pk, {"visits": 4, "level": None, "vip": True}, ["vip"], ["new"])])

    assert told(answers) == ["changed"]
    assert kept(ada) == ({"visits": 4, "vip": True}, ["shop", "vip"])


@pytest.mark.django_db
def test_several_changes_of_one_customer_are_made_in_their_order():
    ada = CustomerFactory()

    answers = change(
        [Change(ada.pk, {"n": 1}, ["a"]), Change(ada.pk, {"n": 2}, ["b"], ["a"]), Change(ada.pk, {"n": 2})]
    )

    assert told(answers) == ["changed", "changed", "unchanged"]
    assert kept(ada) == ({"n": 2}, ["b"])


@pytest.mark.django_db
def test_true_and_one_are_two_values():
    ada = CustomerFactory(attributes={"n": 1})

    assert told(change([Change(ada.pk, {"n": True})])) == ["changed"]
    assert kept(ada)[0]["n"] is True


@pytest.mark.django_db
def test_nothing_new_writes_nothing():
    ada = CustomerFactory(attributes={"n": 1}, tags=["a"])
    before = Customer.objects.get().updated_at

    assert told(change([Change(ada.pk, {"n": 1, "never": None}, ["a"], ["never"])])) == ["unchanged"]
    assert Customer.objects.get().updated_at == before


@pytest.mark.django_db
def test_a_customer_that_is_full_is_left_as_it_was_and_the_others_get_theirs():
    full = CustomerFactory(attributes={f"a{n}": n for n in range(100)}, tags=[f"t{n:03}" for n in range(100)])
    large = CustomerFactory(attributes={f"a{n}": "x" * 500 for n in range(31)})
    ada = CustomerFactory()

    answers = change(
        [
            Change(full.pk, {"one_more": 1}),
            Change(full.pk, {"a1": 7}, ["one-more"]),
            Change(full.pk, {"one_more": 1, "a0": None}, ["one-more"], ["t000"]),
            Change(large.pk, {"b": "x" * 500, "c": "x" * 500}),
            Change(ada.pk, {"one_more": 1}),
            Change(0, {"one_more": 1}),
        ]
    )

    assert told(answers) == ["too_many", "too_many", "changed", "too_large", "changed", "gone"]
    assert kept(full)[0]["a1"] == 1
    assert kept(ada)[0] == {"one_more": 1}


@pytest.mark.django_db
def test_many_cost_as_many_queries_as_few():
    customers = CustomerFactory.create_batch(40)

    def cost(some):
        with CaptureQueriesContext(connection) as queries:
            change([Change(customer.pk, {"n": customer.pk}, ["a"]) for customer in some])
        return len(queries)

    assert cost(customers[:2]) == cost(customers[2:])
    assert Customer.objects.filter(tags=["a"]).count() == 40


@pytest.mark.django_db
def test_no_change_asks_nothing_of_anybody():
    assert change([]) == []


# Reading what is told


@pytest.mark.parametrize(
    ("told", "read"),
    [
        ("gold", "gold"), (3, 3), (3.0, 3), (-0.0, 0), (1e15, 10**15), (2.5, 2.5), (True, True), (False, False),
        (None, None), ("", None), ("  ", None), ("x" * 500, "x" * 500),
    ],
)  # fmt: skip
def test_a_value(told, read):
    value = read_attributes("attributes", {"a": told})["a"]

    assert (value, type(value)) == (read, type(read))


@pytest.mark.django_db
@pytest.mark.parametrize("value", ["Grüße 🎁", 0, -7, 10**15, -(10**15), 0.1, 1e-7, 123456789012.25, True, False])
def test_a_value_comes_back_from_the_database_as_it_was_read(value):
    ada = CustomerFactory()

    for outcome in ("changed", "unchanged"):
        assert told(change([Change(ada.pk, read_attributes("attributes", {"a": value}))])) == [outcome]
        assert repr(kept(ada)[0]["a"]) == repr(value)


@pytest.mark.parametrize(
    "value",
    [[], {}, ["a"], {"a": 1}, 10**15 + 1, -(10**400), 1e16, float("inf"), float("nan"), "x" * 501, "a\x00", "\ud800"],
)
def test_what_is_no_value(value):
    problem = read_attributes("attributes", {"a": value})

    assert isinstance(problem, Problem)
    assert (problem.code, problem.field) == ("invalid_attribute", "attributes")
    assert problem.detail.startswith("a: ")


@pytest.mark.parametrize(
    "name", ["", "A", "1a", "_a", "a-b", "a.b", "a b", "ä", "__class__", "a" * 65, "a\x00", "a\n", 7, None, True]
)
def test_what_is_no_name(name):
    assert read_attributes("attributes", {name: 1}).code == "invalid_attribute_name"


@pytest.mark.parametrize("value", [None, [], "a", 7, True, [["a", 1]]])
def test_attributes_are_an_object(value):
    assert read_attributes("attributes", value).code == "not_an_object"


def test_one_telling_names_100_attributes_at_most():
    assert len(read_attributes("attributes", {f"a{n}": n for n in range(100)})) == 100

    assert read_attributes("attributes", {f"a{n}": n for n in range(101)}).code == "too_many"


@given(
    st.dictionaries(
        st.from_regex(r"[a-z][a-z0-9_]{0,5}", fullmatch=True),
        st.booleans()
        | st.integers(-(10**15), 10**15)
        | st.floats(-1e15, 1e15)
        | st.sampled_from(
            ["1", "true", "null", '"', "NaN", "[1]", " a", "a = b", "a\nb", "\u2028", "é", "\\n", "-Infinity"]
        )
        | st.text(min_size=1, max_size=9).filter(lambda text: text.strip() and is_storable(text)),
    )
)
def test_what_a_person_reads_as_lines_says_the_same_when_it_is_read_again(attributes):
    read = merge({}, read_attributes("attributes", attributes))

    again = read_attributes("attributes", from_lines(as_lines(read)))

    assert repr(sorted(again.items())) == repr(sorted(read.items()))


def test_tags_are_words_each_once():
    assert read_tags("tags", ["vip", "a-1", "vip", "b_2"]) == ["a-1", "b_2", "vip"]
    assert read_tags("tags", None) == []


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("vip", "not_a_list"), ({"vip": 1}, "not_a_list"), ([""], "invalid_tag"), (["VIP"], "invalid_tag"),
        (["a b"], "invalid_tag"), ([7], "invalid_tag"), ([None], "invalid_tag"), (["a" * 65], "invalid_tag"),
        ([f"t{n}" for n in range(101)], "too_long"),
    ],
)  # fmt: skip
def test_what_are_no_tags(words, code):
    assert read_tags("tags", words).code == code
