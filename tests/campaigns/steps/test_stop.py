import pytest

from campaigns.models import Message
from campaigns.steps.actions.stop import KIND
from campaigns.story import tell
from tests.campaigns.shop import asks, condition, ending, path, sms, step
from tests.factories import CustomerFactory

pytestmark = pytest.mark.django_db


def test_nothing_comes_after_it(shop, clock):
    shop.start(step("stop", "end"), sms())

    run = shop.pay()

    assert (ending(run), path(run)) == (("stopped", "stopped_here"), [("", "admitted"), ("end", "stopped")])
    assert Message.objects.count() == 0


def test_two_open_orders_of_one_customer_are_kept_apart(shop, clock):
    shop.start(asks(condition("order.external_id", "=", "O-1"), yes=[step("stop", "end")], no=[sms("other")]), sms())
    ada = CustomerFactory()

    first, second = shop.pay("O-1", customer=ada), shop.pay("O-2", customer=ada)

    assert (ending(first), ending(second)) == (("stopped", "stopped_here"), ("finished", ""))


def test_its_story_and_its_sentence(shop, clock):
    shop.start(step("stop", "end", note="They have their parcel."))

    assert "It came to the end of its way: They have their parcel." in tell(shop.pay())
    assert KIND.says({"note": "Enough"}, {}) == "Ends here: Enough"
    assert KIND.says({}, {}) == "Ends here."


@pytest.mark.parametrize("note", [5, [None], "x" * 201, "\x00"])
def test_its_note_is_checked(note):
    assert [problem.field for problem in KIND.form({"note": note}).problems()] == ["/note"]
