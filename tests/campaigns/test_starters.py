import pytest
from django.utils import timezone

from campaigns.definitions import DefinitionError, read_plan
from campaigns.lifecycle import save_draft
from campaigns.starters import STARTERS, begin
from tests.factories import StatusFactory

pytestmark = pytest.mark.django_db


def target(key):
    return begin(key)["trigger"]["params"]["to"]


def test_from_scratch_the_trigger_is_there_and_its_target_is_asked_for():
    made = begin("")

    assert made["trigger"]["params"] == {"type": "delivery", "from": "any", "to": []}
    assert made["steps"] == []


@pytest.mark.parametrize(
    ("key", "type", "code"),
    [
        ("pickup_reminder", "delivery", "Ready_For_Pickup"),
        ("payment_reminder", "payment", "awaiting_payment"),
        ("thanks_for_paying", "payment", "paid"),
    ],
)
def test_a_starter_takes_the_status_it_recognises(key, type, code):
    StatusFactory(type=type, code=code)

    assert target(key) == [code]
    assert read_plan(begin(key)).name


def test_of_several_it_takes_the_best_known():
    StatusFactory(type="payment", code="pending")
    StatusFactory(type="payment", code="awaiting_payment")

    assert target("payment_reminder") == ["awaiting_payment"]


def test_neither_a_retired_status_nor_one_of_another_type_is_recognised():
    StatusFactory(type="payment", code="paid", retired_at=timezone.now())
    StatusFactory(type="general", code="awaiting_payment")

    assert target("thanks_for_paying") == []
    assert target("payment_reminder") == []


@pytest.mark.parametrize("key", STARTERS)
def test_what_is_not_recognised_is_the_only_thing_to_be_filled_in(key):
    with pytest.raises(DefinitionError) as refused:
        read_plan(begin(key))

    assert [problem.field for problem in refused.value.problems] == ["/trigger/params/to"]


def test_the_code_of_a_second_one_is_its_own():
    StatusFactory(type="payment", code="paid")
    save_draft(begin("thanks_for_paying"))

    assert begin("thanks_for_paying")["code"] == "thanks-for-paying-2"
