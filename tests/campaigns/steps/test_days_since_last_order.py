import pytest

from campaigns.books import audit
from campaigns.draining import drain
from campaigns.lifecycle import pause, resume
from campaigns.models import Run
from campaigns.steps.triggers.days_since_last_order import KIND
from campaigns.story import tell
from orders.models import Order
from orders.upserts import read_order, upsert_orders
from tests.campaigns.shop import customer_in, ending, later, sms
from tests.factories import CustomerFactory

pytestmark = pytest.mark.django_db


def since(days=30):
    return {"kind": "days_since_last_order", "params": {"days": days}}


def entered():
    return list(Run.objects.order_by("pk").values_list("order__external_id", flat=True))


@pytest.mark.parametrize(
    ("days", "fields"), [(1, []), (3660, []), (0, ["/days"]), (3661, ["/days"]), ("30", ["/days"]), (True, ["/days"])]
)
def test_what_it_takes(days, fields):
    assert [problem.field for problem in KIND.form({"days": days}).problems()] == fields


def test_it_says_when_it_starts_also_half_done():
    assert KIND.says({"days": 30}, {}) == "When a customer has not ordered for 30 days"
    assert KIND.says({"days": "x"}, {}) == "When a customer has not ordered for …"


def test_a_customer_who_orders_no_more_enters_with_the_last_order(shop, clock):
    shop.start(sms(), trigger=since())
    customer = CustomerFactory()
    shop.order("O-1", customer=customer)
    later(clock, days=10)
    shop.order("O-2", customer=customer)

    later(clock, days=29, hours=23)
    assert entered() == []
    later(clock, hours=1)

    assert entered() == ["O-2"]
    assert Run.objects.get().occasion == f"since:{Order.objects.get(external_id='O-2').pk}"
    later(clock, days=40)
    assert entered() == ["O-2"]
    assert audit()["unaccounted"] == 0


def test_who_orders_again_before_being_judged_is_not_let_in(shop, clock):
    campaign = shop.start(sms(), trigger=since())
    customer = CustomerFactory()
    shop.order("O-1", customer=customer)
    pause(campaign)
    later(clock, days=31)

    shop.order("O-2", customer=customer)
    resume(campaign)
    drain()

    run = Run.objects.get()
    assert ending(run) == ("declined", "ordered_again")
    assert tell(run)[-1] == "It was not let in: the customer had ordered again by then."


def test_an_order_told_as_history_counts(shop, clock):
    shop.start(sms(), trigger=since())
    row = {"external_id": "H-1", "customer": CustomerFactory().external_id, "ordered_at": "2024-04-10T12:00:00Z"}
    upsert_orders([read_order(row)], shop.source, fires=False)

    later(clock, days=6)
    assert entered() == []
    later(clock, days=1)

    assert entered() == ["H-1"]


def test_whose_time_was_over_before_the_activation_does_not_enter(shop, clock):
    row = {"external_id": "H-1", "customer": CustomerFactory().external_id, "ordered_at": "2024-03-10T12:00:00Z"}
    upsert_orders([read_order(row)], shop.source)
    shop.start(sms(), trigger=since())

    later(clock, days=10)

    assert entered() == []
    assert audit()["unaccounted"] == 0


def test_an_older_order_that_is_told_later_cancels_nothing(shop, clock):
    shop.start(sms(), trigger=since())
    customer = CustomerFactory()
    shop.order("O-1", customer=customer)
    row = {"external_id": "H-1", "customer": customer.external_id, "ordered_at": "2024-04-30T12:00:00Z"}
    upsert_orders([read_order(row)], shop.source)

    later(clock, days=30)

    assert entered() == ["O-1"]


def test_orders_of_nobody_start_nothing(shop, clock):
    shop.start(sms(), trigger=since(1))
    shop.order(customer=None)

    later(clock, days=2)

    assert entered() == []


def test_days_are_those_of_the_customers_calendar(shop, clock):
    """Clocks in New York went forward between: the same time of day comes after 23 hours."""
    clock.move_to("2024-03-09T18:00:00+00:00")
    shop.start(sms(), trigger=since(1))
    shop.order(customer=customer_in("America/New_York"))

    clock.move_to("2024-03-10T16:59:00+00:00")
    drain()
    assert entered() == []
    clock.move_to("2024-03-10T17:00:00+00:00")
    drain()

    assert entered() == ["O-1"]
