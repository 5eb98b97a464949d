import pytest

from campaigns.models import Message
from campaigns.steps.filters.holdout import KIND
from campaigns.story import tell
from tests.campaigns.shop import ending, path, sms, step
from tests.factories import CustomerFactory

pytestmark = pytest.mark.django_db


def holdout(percent=50, held_out=(), key="control"):
    return step("holdout", key, {"held_out": list(held_out)} if held_out else None, percent=percent)


def test_a_share_of_customers_is_kept_out(shop, clock):
    shop.start(holdout(), sms())

    endings = [ending(shop.pay(f"O-{n}", customer=CustomerFactory(pk=1000 + n))) for n in range(20)]

    assert set(endings) == {("finished", ""), ("stopped", "held_out")}
    assert Message.objects.count() == endings.count(("finished", ""))


def test_two_orders_of_one_customer_are_both_kept_out_or_both_go_on(shop, clock):
    shop.start(holdout(), sms())

    for n in range(8):
        ada = CustomerFactory(pk=1000 + n)
        first, second = shop.pay(f"O-{n}-1", customer=ada), shop.pay(f"O-{n}-2", customer=ada)
        assert ending(first) == ending(second)


def test_those_kept_out_may_have_a_way_of_their_own(shop, clock):
    shop.start(holdout(99, held_out=[sms("other")]))

    run = shop.pay(customer=CustomerFactory(pk=1000))

    assert path(run)[1:] == [("control", "held_out"), ("other", "owed"), ("other", "sent")]


def test_its_story_and_its_sentence(shop, clock):
    shop.start(holdout(99))

    told = tell(shop.pay(customer=CustomerFactory(pk=1000)))

    assert "It is in the control group, which is kept out." in told
    assert KIND.says({"percent": 10}, {}) == "10 % of customers, always the same, are kept out for comparison."
    assert KIND.says({}, {}) == ""


@pytest.mark.parametrize("percent", [None, 0, 100, -1, 2.5, "10", True])
def test_its_share_is_checked(percent):
    assert [problem.field for problem in KIND.form({"percent": percent}).problems()] == ["/percent"]
