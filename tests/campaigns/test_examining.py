import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaigns.editing import NEW
from campaigns.examining import examine
from campaigns.lifecycle import save_draft
from campaigns.steps import STEPS, TRIGGERS
from tests.campaigns.shop import asks, condition, definition, sms, trigger, wait

pytestmark = pytest.mark.django_db


def told(raw, campaign=None):
    return examine(json.dumps(raw), campaign)


def test_it_says_what_starts_it_and_what_each_step_does(shop):
    raw = definition(
        asks(
            condition("order.payment_status", "in", ["paid"]),
            condition("order.total", ">=", "50", at="trigger"),
            yes=[sms(), wait(value=2, unit="days")],
        ),
        trigger=trigger(came_from=["invoiced"], to=["paid"]),
    )

    answer = told(raw)

    assert answer == {
        "problems": [],
        "summary": "",
        "trigger": "When payment goes from Invoiced to Paid",
        "target": "Paid",
        "steps": {
            "asked": "Yes, if payment status is Paid and order total is at least 50 (at the change).",
            "text": "Sends “Hello”",
            "pause": "Waits for 2 days.",
        },
    }


def test_what_is_half_done_says_so_and_what_is_missing(shop):
    answer = told(NEW | {"name": "New", "code": "new", "steps": [sms(text=""), asks()]})

    assert answer["trigger"] == "When delivery goes to …"
    assert answer["steps"] == {
        "text": "Sends nothing yet: write its text.",
        "asked": "Asks nothing yet: add a condition.",
    }
    assert answer["summary"] == "3 things to mend"
    assert [problem.field for problem in answer["problems"]] == [
        "/steps/0/params/text",
        "/steps/1/params/rule/rules",
        "/trigger/params/to",
    ]


def test_a_rule_is_told_with_its_groups(shop):
    inner = {"combinator": "or", "rules": [condition("order.total", "<", "5"), condition("customer.has_phone", "null")]}
    raw = asks(condition("order.payment_status", "notIn", ["paid"]), inner)
    raw["params"]["rule"]["not"] = True

    answer = told(definition(raw))

    assert answer["steps"]["asked"] == (
        "Yes, if not (payment status is not Paid and (order total is less than 5 or has a phone number is not known))."
    )


def test_it_knows_whose_code_it_is(shop):
    campaign = save_draft(definition(sms()))[0]

    assert [problem.field for problem in told(definition(sms()))["problems"]] == ["/code"]
    assert told(definition(sms()), campaign)["problems"] == []
    assert [problem.code for problem in told(definition(sms(), code="other"), campaign)["problems"]] == ["fixed"]


@pytest.mark.parametrize("raw", ["{", "[" * 5000, '{"name": "\\u0000"}', ""])
def test_what_is_no_json_is_one_thing_to_mend(raw):
    assert examine(raw, None)["summary"] == "1 thing to mend"


# What cannot be stored is one thing to mend, above.
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5)
wild = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["rules", "combinator", "not", "field", "operator", "value", "unit", "type", "from", "to", "at"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(params=st.dictionaries(st.sampled_from(["rule", "text", "duration", "type", "from", "to"]), wild, max_size=4))
def test_whatever_is_typed_is_answered(db, params):
    steps = [{"key": kind, "kind": kind, "params": params} for kind in STEPS]

    for kind in TRIGGERS:
        answer = told(definition(*steps, trigger={"kind": kind, "params": params}))

        assert answer["problems"]
        assert answer["steps"].keys() == STEPS.keys()


@pytest.mark.parametrize("steps", [None, 5, [5], [{"key": 5}], [{"key": "a", "kind": [], "branches": [1]}], {"a": 1}])
def test_whatever_stands_in_place_of_steps_is_answered(steps):
    assert told(definition() | {"steps": steps, "trigger": steps})["problems"]
