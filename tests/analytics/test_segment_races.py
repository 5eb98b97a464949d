"""Two people save segments at the same moment, each in a process of its own."""

import pytest

from analytics import segments
from analytics.models import Segment
from tests.processes import meet
from workspace.reading import BadDocument

pytestmark = [
    pytest.mark.processes,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("races"),
]

TURNS = 40
GERMANS = {"combinator": "and", "rules": [{"field": "customer.language", "operator": "=", "value": "de"}]}


def in_segment(code):
    return {"combinator": "and", "rules": [{"field": "customer.segments", "operator": "anyOf", "value": [code]}]}


@pytest.fixture(autouse=True)
def _three(pair, transactional_db):
    for code in "abc":
        segments.create(code=code, name=code, rule=GERMANS)


# What the processes do


def save_by_turns(code):
    """A new rule each time, about a third one."""
    for turn in range(TURNS):
        segments.change(Segment.objects.get(code=code), name=code, rule=in_segment("c") if turn % 2 else GERMANS)
    return Segment.objects.get(code=code).revision


def ask_about(other, code):
    """Whether it might, each time anew."""
    return [_may_ask(other, code) for _turn in range(TURNS)]


def _may_ask(other, code):
    segment = Segment.objects.get(code=code)
    segments.change(segment, name=code, rule=GERMANS)
    meet()
    try:
        segments.change(segment, name=code, rule=in_segment(other))
    except BadDocument:
        return False
    else:
        return True
    finally:
        meet()


# What must hold then


def test_two_who_save_rules_about_segments_do_not_wait_for_each_other_in_a_ring(pair):
    # The first turn changes nothing: it is the rule that each was made with.
    assert pair.run((save_by_turns, "a"), (save_by_turns, "b")) == [TURNS, TURNS]


def test_of_two_that_would_ask_about_each_other_one_is_refused(pair):
    one, other = pair.run((ask_about, "a", "b"), (ask_about, "b", "a"))

    assert [sorted(both) for both in zip(one, other, strict=True)] == [[False, True]] * TURNS
