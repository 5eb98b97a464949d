"""People put the statuses of a type in order."""

import pytest

from statuses.lifecycle import Refusal
from statuses.models import OrderStatus
from statuses.placing import move_by, put_beside
from tests.factories import StatusFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def row(db):
    StatusFactory(type="payment", code="other")
    return {code: StatusFactory(type="delivery", code=code) for code in "abcd"}


def stands():
    return "".join(OrderStatus.objects.of_type("delivery").values_list("code", flat=True))


@pytest.mark.parametrize(
    ("moved", "other", "after", "then"),
    [("a", "c", True, "bcad"), ("a", "c", False, "bacd"), ("d", "a", False, "dabc"), ("b", "d", True, "acdb")],
)
def test_one_is_put_right_beside_another(row, moved, other, after, then):
    place = put_beside(row[moved], row[other].pk, after=after)

    assert stands() == then
    assert (place.number, place.of) == (then.index(moved) + 1, 4)
    assert list(OrderStatus.objects.of_type("delivery").values_list("position", flat=True)) == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("moved", "by", "then"), [("b", -1, "bacd"), ("b", 2, "acdb"), ("a", -1, "abcd"), ("c", 9, "abdc")]
)
def test_one_is_moved_as_far_as_there_are_places(row, moved, by, then):
    move_by(row[moved], by)

    assert stands() == then


def test_places_that_files_and_the_api_left_equal_become_the_order_that_was_seen(row):
    OrderStatus.objects.update(position=7)

    move_by(row["d"], -1)

    assert stands() == "abdc"


def test_it_is_a_change_of_the_one_that_was_moved_alone(row):
    move_by(row["a"], 3)

    assert dict(OrderStatus.objects.of_type("delivery").values_list("code", "revision")) == {
        "a": 2,
        "b": 1,
        "c": 1,
        "d": 1,
    }


def test_one_of_another_type_is_no_place_to_be_beside(row):
    with pytest.raises(Refusal) as refusal:
        put_beside(row["a"], OrderStatus.objects.get(code="other").pk, after=True)

    assert refusal.value.code == "not_beside"
    assert stands() == "abcd"
