"""Whatever is wrong with a definition is named with its place and a code; nothing wrong raises anything else."""

import json
from contextlib import suppress
from copy import deepcopy
from datetime import timedelta
from functools import reduce

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.definitions import END, FINISH, DefinitionError, all_steps, read_plan
from campaigns.editing import read_definition
from tests.campaigns.shop import asks, condition, definition, sms, trigger, wait

PAID = condition("order.payment_status", "=", "paid")
WHOLE = definition(
    asks(PAID, yes=[wait(), sms("yes")], no=[sms("no")]),
    sms("last", not_sent=[wait("longer")]),
    reentry={"mode": "not_within", "days": 30, "per": "customer"},
    max_age={"value": 1, "unit": "days"},
    frequency_cap={"messages": 2, "per": "week"},
)


def refused(raw):
    """[(pointer, code), …]"""
    with pytest.raises(DefinitionError) as refusal:
        read_plan(raw)
    assert all(problem.detail for problem in refusal.value.problems)
    return [(problem.field, problem.code) for problem in refusal.value.problems]


def but(pointer, value):
    """The whole definition with one thing replaced, or left out where the value is `...`."""
    *path, last = [int(part) if part.isdigit() else part for part in pointer.split("/")[1:]]
    raw = deepcopy(WHOLE)
    place = raw
    for part in path:
        place = place[part]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return raw


def test_a_definition_becomes_a_table_of_where_each_way_leads():
    plan = read_plan(WHOLE)

    assert plan.first == "asked"
    assert {key: dict(node.exits) for key, node in plan.nodes.items()} == {
        "asked": {"": "last", "yes": "pause", "no": "no"},
        "pause": {"": "yes"},
        "yes": {"": "last", "sent": "last", "not_sent": END},
        "no": {"": "last", "sent": "last", "not_sent": END},
        "last": {"": FINISH, "sent": FINISH, "not_sent": "longer"},
        "longer": {"": FINISH},
    }


def test_an_empty_no_ends_and_an_empty_yes_goes_on():
    plan = read_plan(definition(asks(PAID), sms()))

    assert dict(plan.nodes["asked"].exits) == {"": "text", "yes": "text", "no": END}


def test_limits_are_read():
    plan = read_plan(WHOLE)

    assert plan.max_age == timedelta(days=1)
    assert (plan.frequency_cap.messages, plan.frequency_cap.per) == (2, timedelta(days=7))
    assert (plan.reentry.mode, plan.reentry.per, plan.reentry.apart) == ("not_within", "customer", timedelta(days=30))


def test_a_key_left_out_is_no_limit():
    plan = read_plan(definition(sms()))

    assert (plan.reentry.mode, plan.max_age, plan.frequency_cap) == ("every_time", None, None)
    params = plan.nodes["text"].params
    assert (params["lifetime"], params["only_if_still"], params["category"]) == (None, False, None)


@pytest.mark.parametrize(
    ("pointer", "value", "expected"),
    [
        ("/format", ..., [("/format", "unknown_format")]),
        ("/format", 2, [("/format", "unknown_format")]),
        ("/format", "1", [("/format", "unknown_format")]),
        ("/format", True, [("/format", "unknown_format")]),
        ("/code", ..., [("/code", "invalid")]),
        ("/code", "has space", [("/code", "invalid")]),
        ("/code", "x" * 65, [("/code", "invalid")]),
        ("/code", 7, [("/code", "invalid")]),
        ("/name", " ", [("/name", "invalid")]),
        ("/name", "x" * 201, [("/name", "invalid")]),
        ("/name", None, [("/name", "invalid")]),
        ("/colour", "red", [("/colour", "unknown_field")]),
        ("/trigger", ..., [("/trigger", "required")]),
        ("/trigger", "paid", [("/trigger", "required")]),
        ("/trigger/kind", "moon_phase", [("/trigger/kind", "unknown_kind")]),
        ("/trigger/kind", ["order_status_changed"], [("/trigger/kind", "unknown_kind")]),
        ("/trigger/when", "now", [("/trigger/when", "unknown_field")]),
        ("/trigger/params", [], [("/trigger/params", "not_an_object")]),
        ("/trigger/params", None, [("/trigger/params", "not_an_object")]),
        ("/trigger/params/colour", 1, [("/trigger/params/colour", "unknown_field")]),
        ("/reentry", "once", [("/reentry", "invalid")]),
        ("/reentry", {"mode": "sometimes"}, [("/reentry", "invalid")]),
        ("/reentry", {"mode": ["every_time"]}, [("/reentry", "invalid")]),
        ("/reentry", {"mode": "every_time", "days": 3}, [("/reentry", "invalid")]),
        ("/reentry/days", 0, [("/reentry", "invalid")]),
        ("/reentry/days", 1.5, [("/reentry", "invalid")]),
        ("/reentry/days", True, [("/reentry", "invalid")]),
        ("/reentry/days", 3661, [("/reentry", "invalid")]),
        ("/reentry/per", "shop", [("/reentry", "invalid")]),
        ("/reentry/per", ..., [("/reentry", "invalid")]),
        ("/max_age", 24, [("/max_age", "invalid")]),
        ("/max_age", {"value": 1}, [("/max_age", "invalid")]),
        ("/max_age/value", 0, [("/max_age", "invalid")]),
        ("/max_age/value", "1", [("/max_age", "invalid")]),
        ("/max_age/value", True, [("/max_age", "invalid")]),
        ("/max_age/value", 367, [("/max_age", "invalid")]),
        ("/max_age/unit", "weeks", [("/max_age", "invalid")]),
        ("/max_age/unit", ["days"], [("/max_age", "invalid")]),
        ("/frequency_cap", 2, [("/frequency_cap", "invalid")]),
        ("/frequency_cap/messages", 0, [("/frequency_cap", "invalid")]),
        ("/frequency_cap/messages", False, [("/frequency_cap", "invalid")]),
        ("/frequency_cap/per", "month", [("/frequency_cap", "invalid")]),
        ("/frequency_cap/per", {}, [("/frequency_cap", "invalid")]),
        ("/steps", ..., [("/steps", "required")]),
        ("/steps", [], [("/steps", "required")]),
        ("/steps", {"key": "a"}, [("/steps", "required")]),
        ("/steps/1", "send", [("/steps/1", "not_an_object")]),
        ("/steps/1", None, [("/steps/1", "not_an_object")]),
        ("/steps/1/key", ..., [("/steps/1/key", "invalid")]),
        ("/steps/1/key", "", [("/steps/1/key", "invalid")]),
        ("/steps/1/key", "<finish>", [("/steps/1/key", "invalid")]),
        ("/steps/1/key", 4, [("/steps/1/key", "invalid")]),
        ("/steps/1/kind", "send_pigeon", [("/steps/1/kind", "unknown_kind")]),
        ("/steps/1/kind", None, [("/steps/1/kind", "unknown_kind")]),
        ("/steps/1/kind", {}, [("/steps/1/kind", "unknown_kind")]),
        ("/steps/1/note", "x", [("/steps/1/note", "unknown_field")]),
        ("/steps/1/params", [], [("/steps/1/params", "not_an_object")]),
        ("/steps/1/branches", [], [("/steps/1/branches", "not_an_object")]),
        ("/steps/1/branches", None, [("/steps/1/branches", "not_an_object")]),
        ("/steps/1/branches/maybe", [], [("/steps/1/branches/maybe", "unknown_field")]),
        ("/steps/1/branches/sent", None, [("/steps/1/branches/sent", "not_a_list")]),
        ("/steps/1/branches/sent", False, [("/steps/1/branches/sent", "not_a_list")]),
        ("/steps/1/branches/sent", {}, [("/steps/1/branches/sent", "not_a_list")]),
        ("/steps/1/branches/sent", "wait", [("/steps/1/branches/sent", "not_a_list")]),
        ("/steps/1/branches/not_sent/0/kind", "?", [("/steps/1/branches/not_sent/0/kind", "unknown_kind")]),
        ("/steps/0/branches/yes/0/branches", {"yes": []}, [("/steps/0/branches/yes/0/branches/yes", "unknown_field")]),
        ("/steps/0/branches/yes/0/params/duration", 5, [("/steps/0/branches/yes/0/params/duration", "invalid")]),
        ("/steps/0/params/rule/rules", [], [("/steps/0/params/rule/rules", "empty_group")]),
        ("/steps/0/params/rule/rules/0/field", "x", [("/steps/0/params/rule/rules/0/field", "unknown_field")]),
    ],
)
def test_one_thing_wrong_is_one_problem_at_its_place(pointer, value, expected):
    assert refused(but(pointer, value)) == expected


@pytest.mark.parametrize("raw", [None, True, 7, "campaign", [], [WHOLE]])
def test_what_is_no_object_is_no_campaign(raw):
    assert refused(raw) == [("", "not_an_object")]


def test_everything_wrong_is_told_at_once():
    raw = but("/name", "") | {"code": "", "max_age": 3, "steps": [sms("a", text="{{ nothing }}"), wait("b", 0)]}

    assert {pointer for pointer, _code in refused(raw)} == {
        "/code",
        "/name",
        "/max_age",
        "/steps/0/params/text",
        "/steps/1/params/duration",
    }


@pytest.mark.parametrize("steps", [[wait("a"), wait("a")], [asks(PAID, key="a", yes=[wait("a")])]])
def test_a_key_is_one_steps(steps):
    [(_pointer, code)] = refused(definition(*steps))

    assert code == "repeated"


def nested(depth):
    return asks(PAID, key=f"s{depth}", yes=[nested(depth - 1)] if depth > 1 else [wait()])


def test_branches_are_nested_20_deep_at_most():
    assert len(read_plan(definition(nested(19))).nodes) == 20

    assert refused(definition(nested(20))) == [("/steps/0" + "/branches/yes/0" * 19 + "/branches/yes", "too_deep")]


def test_a_campaign_has_200_steps_at_most():
    assert len(read_plan(definition(*(wait(f"s{n}") for n in range(200)))).nodes) == 200

    assert refused(definition(*(wait(f"s{n}") for n in range(201)))) == [("/steps", "too_many")]
    many = [asks(PAID, key=f"q{n}", yes=[wait(f"s{n}")]) for n in range(101)]
    assert {code for _pointer, code in refused(definition(*many))} == {"too_many"}


@pytest.mark.parametrize(
    ("value", "code"),
    [("a\x00", "bad_text"), ("\ud800", "bad_text"), (float("nan"), "not_json"), ("x" * 500_000, "too_large")],
)
def test_what_a_database_cannot_keep_is_refused_wherever_it_hides(value, code):
    assert refused(but("/steps/0/params/rule/rules/0/id", value)) == [("", code)]


def test_what_is_nested_without_end_is_refused():
    bottomless = []
    for _ in range(100_000):
        bottomless = [bottomless]

    assert refused(but("/steps/0/params/rule", bottomless)) == [("", "not_json")]


def test_all_steps_come_in_the_order_of_the_tree():
    assert [step["key"] for step in all_steps(WHOLE["steps"])] == ["asked", "pause", "yes", "no", "last", "longer"]


def places(raw, at=()):
    yield at
    parts = raw.items() if isinstance(raw, dict) else enumerate(raw) if isinstance(raw, list) else ()
    for name, part in parts:
        yield from places(part, (*at, name))


PLACES = sorted(places(WHOLE), key=str)
junk = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(("{{", "paid", "now")),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=5), inside, max_size=3),
    max_leaves=5,
)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(PLACES), junk)
def test_junk_anywhere_is_read_or_refused(place, value):
    raw = deepcopy(WHOLE)
    inside = [raw]
    for part in place:
        inside.append(inside[-1][part])
    if place:
        inside[-2][place[-1]] = value
    else:
        raw = value

    with suppress(DefinitionError):
        read_plan(raw)


def test_a_trigger_may_answer_to_anything():
    plan = read_plan(definition(sms(), trigger=trigger("delivery")))

    watched = plan.trigger.watched
    assert (watched.type, watched.to, watched.from_mode) == ("delivery", frozenset(), "any")


def test_the_editor_reads_steps_as_deep_as_they_may_be():
    rule = reduce(lambda inner, _level: {"combinator": "and", "rules": [inner]}, range(8), {**PAID, "value": "paid"})
    deepest = {"key": "x", "kind": "filter_customers", "params": {"rule": rule}}
    steps = reduce(lambda inner, at: [asks(PAID, key=f"s{at}", yes=inner)], range(19), [deepest])
    raw = definition(*steps)
    assert read_plan(raw).nodes["x"]

    assert read_definition(json.dumps(raw)) == raw
