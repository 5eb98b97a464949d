"""Who is let in again: each mode, judged in order of (occurred_at, id), whoever asks at the same time."""

from collections import defaultdict
from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns.draining import drain
from campaigns.engine import advance
from campaigns.lifecycle import activate, save_draft
from campaigns.models import Admission, Run
from orders.said import Said
from orders.transitions import hear
from tests.campaigns.shop import Shop, definition, ending, later, path, sms, trigger, wait
from tests.factories import CustomerFactory, OrderFactory
from tests.processes import meet

pytestmark = pytest.mark.django_db


def endings():
    """[(order, state, reason), …] in the order they began."""
    return list(Run.objects.order_by("pk").values_list("order__external_id", "state", "reason"))


def pay_again(shop, name, clock, **how):
    clock.shift(timedelta(**how))
    return shop.pay(name)


def test_every_time(shop, clock):
    shop.start(sms(), reentry={"mode": "every_time"})
    shop.pay()

    assert ending(pay_again(shop, "O-1", clock, minutes=1)) == ("finished", "")
    assert not Admission.objects.exists()


def test_left_out_it_is_every_time(shop, clock):
    shop.start(sms())
    shop.pay()

    assert ending(pay_again(shop, "O-1", clock, minutes=1)) == ("finished", "")


def test_once_per_order(shop, clock):
    ada = CustomerFactory()
    shop.start(sms(), reentry={"mode": "once_per_order"})
    shop.pay("O-1", customer=ada)

    again = pay_again(shop, "O-1", clock, days=400)
    other = shop.pay("O-2", customer=ada)

    assert ending(again) == ("declined", "entered_before_per_order")
    assert path(again) == [("", "declined")]
    assert ending(other) == ("finished", "")


def test_once_per_customer(shop):
    ada = CustomerFactory()
    shop.start(sms(), reentry={"mode": "once_per_customer"})

    first, second = shop.pay("O-1", customer=ada), shop.pay("O-2", customer=ada)
    other = shop.pay("O-3")

    assert ending(first) == ("finished", "")
    assert ending(second) == ("declined", "entered_before_per_customer")
    assert ending(other) == ("finished", "")


def test_orders_without_a_customer_are_nobodys_second(shop):
    shop.start(sms(), reentry={"mode": "once_per_customer"})

    for name in ("O-1", "O-2"):
        assert ending(shop.pay(name, customer=None)) == ("stopped", "no_number")


def test_first_visit_asks_the_ledger(shop, clock):
    """Also of visits before the campaign, of silent ones, and of those of an order that was not let in."""
    shop.order("O-1")
    shop.tell("O-1", "paid", fires=False)
    clock.shift(timedelta(minutes=1))
    shop.start(sms(), reentry={"mode": "first_visit"})

    assert ending(pay_again(shop, "O-1", clock, minutes=1)) == ("declined", "not_first_visit")
    assert ending(shop.pay("O-2")) == ("finished", "")
    assert ending(pay_again(shop, "O-2", clock, minutes=1)) == ("declined", "not_first_visit")


def test_first_visit_is_of_a_status(shop):
    shop.start(sms(), reentry={"mode": "first_visit"}, trigger=trigger(to="any"))

    shop.pay()

    assert endings() == [("O-1", "finished", ""), ("O-1", "finished", "")]


@pytest.mark.parametrize(("days", "expected"), [(29, "declined"), (30, "finished")])
def test_not_within_some_days_per_order(shop, clock, days, expected):
    shop.start(sms(), reentry={"mode": "not_within", "days": 30, "per": "order"})
    shop.pay()

    assert ending(pay_again(shop, "O-1", clock, days=days))[0] == expected


def test_not_within_is_counted_from_the_last_that_was_let_in(shop, clock):
    shop.start(sms(), reentry={"mode": "not_within", "days": 30, "per": "order"})
    shop.pay()
    pay_again(shop, "O-1", clock, days=20)

    assert ending(pay_again(shop, "O-1", clock, days=10)) == ("finished", "")


def test_not_within_some_days_per_customer(shop, clock):
    ada = CustomerFactory()
    shop.start(sms(), reentry={"mode": "not_within", "days": 30, "per": "customer"})
    shop.pay("O-1", customer=ada)
    shop.order("O-2", customer=ada)

    assert ending(pay_again(shop, "O-2", clock, days=29)) == ("declined", "entered_before_per_customer")
    assert ending(pay_again(shop, "O-2", clock, days=1)) == ("finished", "")


def test_an_entry_that_occurred_earlier_does_not_open_the_door_again(shop, clock):
    """Told late, of another order: the days are still counted from the newest entry."""
    ada = CustomerFactory()
    shop.start(sms(), reentry={"mode": "not_within", "days": 30, "per": "customer"})
    for name in ("O-1", "O-2", "O-3"):
        shop.order(name, customer=ada)
    clock.shift(timedelta(days=100))
    shop.tell("O-1", "paid")
    drain()
    shop.tell("O-2", "paid", minutes_ago=60 * 24 * 60)
    drain()
    clock.shift(timedelta(days=5))

    shop.tell("O-3", "paid")
    drain()

    assert endings()[1:] == [("O-2", "finished", ""), ("O-3", "declined", "entered_before_per_customer")]


def test_they_are_judged_in_order_of_time(shop, clock):
    """However they were told: the one that occurred first gets in."""
    ada = CustomerFactory()
    shop.start(sms(), reentry={"mode": "once_per_customer"})
    clock.shift(timedelta(hours=1))
    for name, minutes_ago in (("O-1", 10), ("O-2", 30), ("O-3", 30), ("O-4", 20)):
        shop.order(name, customer=ada)
        shop.tell(name, "paid", minutes_ago=minutes_ago)

    drain()

    assert [row[0] for row in endings() if row[1] == "finished"] == ["O-2"]


def test_one_too_old_uses_up_no_entry(shop, clock):
    shop.start(sms(), reentry={"mode": "once_per_order"}, max_age={"value": 1, "unit": "days"})
    shop.order()
    shop.tell("O-1", "paid")

    later(clock, days=2)
    again = shop.pay()

    assert endings()[0] == ("O-1", "declined", "too_old")
    assert ending(again) == ("finished", "")


@pytest.mark.parametrize(("hours", "state"), [(24, "finished"), (25, "declined")])
def test_a_maximum_age(shop, clock, hours, state):
    shop.start(sms(), max_age={"value": 24, "unit": "hours"})
    shop.order()
    shop.tell("O-1", "paid")

    later(clock, hours=hours)

    [run] = Run.objects.all()
    assert run.state == state


def test_why_it_was_not_let_in_is_kept(shop, clock):
    shop.start(sms(), reentry={"mode": "once_per_order"})
    shop.pay()

    again = pay_again(shop, "O-1", clock, minutes=1)

    [event] = again.events.all()
    assert event.seen == {"reason": "entered_before_per_order", "occurred_at": "2024-05-03T12:01:00+00:00"}


# Two at once


def advance_by(limit):
    """In small batches, so that the two processes take turns."""
    meet()
    return sum(iter(lambda: advance(limit=limit), 0))


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
@pytest.mark.xdist_group("races")
class TestTwoProcesses:
    @pytest.fixture
    def open_shop(self, transactional_db):
        return Shop()

    @pytest.mark.parametrize("is_known", [False, True])
    def test_they_let_in_one_of_each_customer(self, pair, open_shop, is_known):
        """Whether the row they decide by is there already, or made by them."""
        campaign = activate(
            save_draft(definition(wait(), reentry={"mode": "once_per_customer"}))[0]
        ).activation.campaign
        people = CustomerFactory.create_batch(20)
        orders = [OrderFactory(customer=customer) for customer in people for _ in range(4)]
        if is_known:
            subjects = [f"customer:{customer.pk}" for customer in people]
            Admission.objects.bulk_create(Admission(campaign=campaign, subject=subject) for subject in subjects)
        hear([Said(order.external_id, "payment", "paid") for order in orders], open_shop.source)

        pair.run((advance_by, 1), (advance_by, 1))

        states = defaultdict(list)
        for customer, state in Run.objects.order_by("state").values_list("customer", "state"):
            states[customer].append(state)
        assert list(states.values()) == [["declined"] * 3 + ["waiting"]] * 20

    def test_they_let_in_the_one_that_occurred_first(self, pair, open_shop):
        """However the runs come to hand: each customer's earliest order is the last of them to be claimed."""
        campaign = definition(wait(), reentry={"mode": "once_per_customer"})
        activate(save_draft(campaign)[0], from_the_beginning=True)
        people, noon = CustomerFactory.create_batch(20), timezone.now() - timedelta(hours=1)
        for turn in range(4):
            orders = [OrderFactory(customer=customer) for customer in people]
            at = noon - timedelta(minutes=turn)
            hear([Said(order.external_id, "payment", "paid", at) for order in orders], open_shop.source)

        pair.run((advance_by, 1), (advance_by, 1))

        admitted = Run.objects.filter(state="waiting", step="pause").values_list("transition__occurred_at", flat=True)
        assert list(admitted) == [noon - timedelta(minutes=3)] * 20
        assert Run.objects.filter(state="declined").count() == 60

    def test_they_do_not_wait_for_each_other_in_a_ring(self, pair, open_shop):
        """Two campaigns, one customer: every other pair of runs comes the other way round."""
        for code in ("one", "two"):
            limits = {"reentry": {"mode": "not_within", "days": 1, "per": "customer"}}
            activate(save_draft(definition(wait(), code=code, **limits))[0])
        customer, beginning = CustomerFactory(), timezone.now() - timedelta(minutes=1)
        orders = [OrderFactory(customer=customer) for _ in range(150)]
        hear([Said(order.external_id, "payment", "paid") for order in orders], open_shop.source)
        for place, order in enumerate(orders):
            runs = order.runs.order_by("campaign" if place % 2 else "-campaign")
            for turn, run in enumerate(runs):
                Run.objects.filter(pk=run.pk).update(due_at=beginning + timedelta(milliseconds=2 * place + turn))

        pair.run((advance_by, 2), (advance_by, 2))

        assert Run.objects.filter(state="waiting", step="pause").count() == 2
        assert Run.objects.filter(state="declined").count() == 298


def test_the_first_to_occur_is_let_in_though_it_is_claimed_last(shop):
    ada, now = CustomerFactory(), timezone.now()
    activate(save_draft(definition(sms(), reentry={"mode": "once_per_customer"}))[0], from_the_beginning=True)
    for turn, name in enumerate("ABC"):
        shop.order(name, customer=ada)
        hear([Said(name, "payment", "paid", now - timedelta(days=turn))], shop.source)

    advance(limit=1)

    assert [(order, state) for order, state, _reason in endings()] == [
        ("A", "declined"),
        ("B", "declined"),
        ("C", "waiting"),
    ]


def test_not_within_asks_every_entry_whatever_order_they_come_in(shop):
    ada, now = CustomerFactory(), timezone.now()
    weekly = {"mode": "not_within", "days": 7, "per": "customer"}
    activate(save_draft(definition(sms(), reentry=weekly))[0], from_the_beginning=True)
    for name, days in (("A", 20), ("B", 10), ("C", 18)):
        shop.order(name, customer=ada)
        said = [Said(name, "payment", code, now - timedelta(days=days)) for code in ("invoiced", "paid")]
        hear(said, shop.source)
        drain()

    assert [(order, state) for order, state, _reason in endings()] == [
        ("A", "finished"),
        ("B", "finished"),
        ("C", "declined"),
    ]
