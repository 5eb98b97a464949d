import pytest

from campaigns.models import From
from campaigns.steps.triggers.order_status_changed import KIND


def read(**params):
    form = KIND.form(params)
    assert form.problems() == []
    return KIND.watched(form.cleaned_data)


def refused(**params):
    return [(problem.field, problem.code) for problem in KIND.form(params).problems()]


@pytest.mark.parametrize(
    ("came_from", "mode", "codes"),
    [
        ("any", From.ANY, set()),
        ("any_existing", From.ANY_EXISTING, set()),
        ("none", From.NONE, set()),
        (["Invoiced", " awaiting "], From.ONLY, {"invoiced", "awaiting"}),
        ({"not": ["Cancelled"]}, From.EXCEPT, {"cancelled"}),
    ],
)
def test_where_it_may_come_from(came_from, mode, codes):
    watched = read(type="payment", to=["paid"], **{"from": came_from})

    assert (watched.from_mode, watched.from_codes) == (mode, codes)


@pytest.mark.parametrize(("to", "codes"), [("any", set()), (["Paid", "PAID", "settled"], {"paid", "settled"})])
def test_where_it_may_lead(to, codes):
    assert read(type="payment", to=to, **{"from": "any"}).to == codes


@pytest.mark.parametrize(
    "came_from",
    [
        None,
        "",
        "paid",
        [],
        {},
        {"not": []},
        {"not": "paid"},
        {"not": ["a"], "or": 1},
        [1],
        [""],
        ["a\x00"],
        ["x" * 65],
        3,
        True,
    ],
)
def test_from_is_one_of_its_words_or_codes(came_from):
    [(pointer, _code)] = refused(type="payment", to="any", **{"from": came_from})

    assert pointer == "/from"


@pytest.mark.parametrize("to", [None, "", "paid", "none", [], {"not": ["paid"]}, [None], [["paid"]], ["a"] * 201, 3])
def test_to_is_any_or_codes(to):
    [(pointer, _code)] = refused(type="payment", to=to, **{"from": "any"})

    assert pointer == "/to"


@pytest.mark.parametrize("type", [None, "", "colour", "Payment", 1, ["payment"], {"payment": 1}, True])
def test_type_is_one_of_the_three(type):
    [(pointer, _code)] = refused(type=type, to="any", **{"from": "any"})

    assert pointer == "/type"


def test_nothing_may_be_left_out_or_added():
    assert {pointer for pointer, _code in refused()} == {"/type", "/from", "/to"}
    assert refused(type="payment", to="any", colour=1, **{"from": "any"}) == [("/colour", "unknown_field")]
