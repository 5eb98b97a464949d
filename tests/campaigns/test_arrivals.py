"""An order that enters a status that stops a campaign takes its run out of it, wherever the run stands."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.definitions import DefinitionError, read_plan
from campaigns.draining import drain
from campaigns.engine import advance
from campaigns.models import Awaited, Message, Run, Wake
from campaigns.story import tell
from orders.merging import carry_on_merges
from statuses.lifecycle import begin_merge
from statuses.models import OrderStatus
from tests.campaigns.shop import NOON, definition, ending, later, message_of, path, sms, wait, wait_for
from tests.factories import CustomerFactory, StatusFactory

pytestmark = pytest.mark.django_db

STOP = [{"type": "payment", "to": ["refunded"]}, {"type": "general", "to": ["cancelled"]}]
STOPPED = ("stopped", "entered_stop_status")


@pytest.fixture
def shop(shop):
    StatusFactory(type="payment", code="refunded", name="Refunded")
    StatusFactory(type="general", code="cancelled", name="Cancelled")
    return shop


def refund(shop, order="O-1", **how):
    shop.tell(order, "refunded", type="payment", **how)
    drain()


def test_a_run_that_waits_stops_at_once(shop, clock):
    shop.start(wait(value=2, unit="days"), sms(), stop_on=STOP)
    run = shop.pay()
    clock.shift(timedelta(hours=1))

    refund(shop)

    assert ending(run) == STOPPED
    assert path(run) == [("", "admitted"), ("pause", "waiting"), ("pause", "stopped")]
    assert run.events.get(outcome="stopped").seen == {
        "reason": "entered_stop_status",
        "type": "payment",
        "to": "refunded",
        "occurred_at": "2024-05-03T13:00:00+00:00",
    }
    assert "It stopped: the order came to Refunded at 13:00." in tell(run)


def test_any_of_the_types_stops_it(shop, clock):
    shop.start(wait(value=2, unit="days"), stop_on=STOP)
    run = shop.pay()

    shop.tell("O-1", "cancelled", type="general")
    drain()

    assert ending(run) == STOPPED


def test_other_changes_do_not(shop, clock):
    shop.start(wait(), stop_on=STOP)
    run = shop.pay()

    shop.tell("O-1", "shipped")
    shop.tell("O-1", "invoiced")
    drain()
    assert path(run) == [("", "admitted"), ("pause", "waiting")]

    later(clock, hours=1)
    assert ending(run) == ("finished", "")


def test_two_open_orders_of_one_customer_are_kept_apart(shop, clock):
    shop.start(wait(), sms(), stop_on=STOP)
    ada = CustomerFactory()
    first, second = shop.pay("O-1", customer=ada), shop.pay("O-2", customer=ada)

    refund(shop, "O-2")
    later(clock, hours=1)

    assert (ending(first), ending(second)) == (("finished", ""), STOPPED)


def test_a_text_that_is_held_for_the_morning_is_not_sent_and_stops_now(shop, clock, memory):
    clock.move_to(datetime(2024, 5, 3, 22, tzinfo=UTC))
    shop.start(sms(purpose="marketing"), stop_on=STOP)
    run = shop.pay(customer=CustomerFactory(sms_consent="given", timezone="UTC"))
    assert message_of(run).is_held

    refund(shop)

    assert (message_of(run).state, message_of(run).skip_reason) == ("skipped", "entered_stop_status")
    assert ending(run) == STOPPED
    later(clock, days=1)
    assert memory.taken == {}


def test_a_held_text_whose_order_goes_elsewhere_is_held_on(shop, clock, memory):
    clock.move_to(datetime(2024, 5, 3, 22, tzinfo=UTC))
    shop.start(sms(purpose="marketing"), stop_on=STOP)
    run = shop.pay(customer=CustomerFactory(sms_consent="given", timezone="UTC"))

    shop.tell("O-1", "invoiced")
    drain()
    assert message_of(run).is_held

    later(clock, hours=11)
    assert ending(run) == ("finished", "")


def test_the_law_asks_before_a_text_leaves(shop, clock):
    """The change came between the step that owed the text and its sending."""
    shop.start(sms(not_sent=[wait()]), stop_on=STOP)
    shop.order()
    shop.tell("O-1", "paid")
    advance()

    shop.tell("O-1", "refunded", type="payment")
    drain()

    assert Message.objects.get().skip_reason == "entered_stop_status"
    assert ending(Run.objects.get()) == STOPPED


def test_what_was_so_before_the_run_entered_stops_nothing(shop, clock):
    shop.start(wait(), stop_on=[{"type": "general", "to": ["cancelled"]}])
    shop.order()
    shop.tell("O-1", "cancelled", type="general")

    run = shop.pay()
    later(clock, hours=1)

    assert ending(run) == ("finished", "")


def test_what_is_told_later_of_earlier_stops_it(shop, clock):
    shop.start(wait(), sms(), stop_on=STOP)
    run = shop.pay()

    shop.tell("O-1", "cancelled", type="general", minutes_ago=60)
    drain()

    assert ending(run) == STOPPED


def test_a_run_at_its_gate_is_stopped_before_it_is_let_in(shop, clock):
    """So it does not count as an entry."""
    shop.start(sms(), stop_on=STOP, reentry={"mode": "once_per_order"})
    shop.order()
    shop.tell("O-1", "paid")
    shop.tell("O-1", "refunded", type="payment")
    shop.tell("O-1", "paid")
    drain()

    first, second = Run.objects.order_by("pk")
    assert (ending(first), path(first)) == (STOPPED, [("", "stopped")])
    assert ending(second) == ("finished", "")


def test_a_merge_takes_no_order_anywhere(shop, clock):
    """`returned` is merged into `refunded`: the order does not enter it by that."""
    returned = StatusFactory(type="payment", code="returned")
    shop.start(
        wait(),
        trigger={"kind": "order_status_changed", "params": {"type": "delivery", "from": "any", "to": "any"}},
        stop_on=STOP,
    )
    shop.order()
    shop.tell("O-1", "returned", type="payment")
    shop.tell("O-1", "shipped")
    drain()
    run = Run.objects.get()

    begin_merge(returned, OrderStatus.objects.get(code="refunded"))
    drain()
    carry_on_merges()
    drain()

    later(clock, hours=1)
    assert ending(run) == ("finished", "")


def test_a_code_that_was_merged_stops_as_what_it_means_today(shop, clock):
    shop.start(wait(), stop_on=STOP)
    run = shop.pay()
    back = StatusFactory(type="payment", code="money-back")
    OrderStatus.objects.filter(code="refunded").update(merged_into=back, retired_at=NOON)

    shop.tell("O-1", "money-back", type="payment")
    drain()

    assert ending(run) == STOPPED


def test_nobody_is_woken_once_it_is_over(shop, clock):
    shop.start(wait(), stop_on=STOP)
    shop.pay()
    assert sorted(Awaited.objects.values_list("type", flat=True)) == ["general", "payment"]

    later(clock, hours=1)
    refund(shop)

    assert (Awaited.objects.count(), Wake.objects.count()) == (0, 0)


def test_a_campaign_without_such_a_rule_asks_nothing(shop, clock):
    shop.start(wait())
    shop.pay()

    shop.tell("O-1", "refunded", type="payment")

    assert (Awaited.objects.count(), Wake.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    "raw",
    [
        "refunded", {}, ["refunded"], [{"type": "payment"}], [{"type": "payment", "to": []}],
        [{"type": "payment", "to": "any"}], [{"type": "colour", "to": ["red"]}], [{"type": [], "to": ["red"]}],
        [{"type": "payment", "to": ["a"]}, {"type": "payment", "to": ["b"]}],
        [{"type": "payment", "to": ["a"], "from": ["b"]}],
    ],
)  # fmt: skip
def test_a_rule_is_types_and_their_codes_each_type_once(raw):
    with pytest.raises(DefinitionError) as error:
        read_plan(definition(sms(), stop_on=raw))

    assert [problem.field for problem in error.value.problems] == ["/stop_on"]


def test_the_cost_of_waking_does_not_grow_with_their_number(shop, clock):
    shop.start(wait(value=2, unit="days"), wait_for("shipped"), stop_on=STOP)

    def cost(first, last):
        names = [f"O-{n}" for n in range(first, last)]
        for name in names:
            shop.pay(name)
            shop.tell(name, "shipped")
            shop.tell(name, "cancelled", type="general")
        with CaptureQueriesContext(connection) as queries:
            advance()
        return len(queries)

    assert cost(0, 3) == cost(3, 12)
    assert set(Run.objects.values_list("reason", flat=True)) == {"entered_stop_status"}
