"""At most so many messages of one purpose to one customer in a day or a week, whoever sends them."""

from datetime import timedelta

import pytest

from campaigns.definitions import DefinitionError
from campaigns.draining import drain
from campaigns.engine import advance
from campaigns.lifecycle import activate, save_draft
from campaigns.models import Message
from campaigns.sms.sending import send_due
from orders.said import Said
from orders.transitions import hear
from tests.campaigns.shop import NOON, Shop, definition, message_of, sms
from tests.factories import CustomerFactory
from tests.processes import meet

pytestmark = pytest.mark.django_db

ONE_A_DAY = {"frequency_cap": {"messages": 1, "per": "day"}}
TWO_A_WEEK = {"frequency_cap": {"messages": 2, "per": "week"}}


@pytest.fixture
def ada(db):
    return CustomerFactory(sms_consent="given")


def fates(**which):
    """Why each was not sent, oldest first; "" for those that were."""
    return list(Message.objects.filter(**which).order_by("pk").values_list("skip_reason", flat=True))


def pay_each(shop, customer, *names):
    for name in names:
        shop.order(name, customer=customer)
        shop.tell(name, "paid")


def test_one_more_than_allowed_is_not_sent(shop, ada):
    shop.start(sms(), **TWO_A_WEEK)

    for name in ("O-1", "O-2", "O-3"):
        shop.pay(name, customer=ada)

    assert fates() == ["", "", "capped"]


def test_a_batch_counts_what_it_sends_itself(shop, ada, memory):
    shop.start(sms(), **TWO_A_WEEK)
    pay_each(shop, ada, "O-1", "O-2", "O-3", "O-4")

    drain()

    assert fates() == ["", "", "capped", "capped"]
    assert len(memory.taken) == 2


@pytest.mark.parametrize(("hours", "expected"), [(23, "capped"), (24, "")])
def test_a_day_is_the_last_24_hours(shop, clock, ada, hours, expected):
    shop.start(sms(), **ONE_A_DAY)
    shop.pay("O-1", customer=ada)

    clock.shift(timedelta(hours=hours))
    shop.pay("O-2", customer=ada)

    assert fates() == ["", expected]


@pytest.mark.parametrize(("days", "expected"), [(6, "capped"), (7, "")])
def test_a_week_is_the_last_7_days(shop, clock, ada, days, expected):
    shop.start(sms(), frequency_cap={"messages": 1, "per": "week"})
    shop.pay("O-1", customer=ada)

    clock.shift(timedelta(days=days))
    shop.pay("O-2", customer=ada)

    assert fates() == ["", expected]


def test_a_cap_is_one_customers(shop, ada):
    shop.start(sms(), **ONE_A_DAY)

    shop.pay("O-1", customer=ada)
    shop.pay("O-2")

    assert fates() == ["", ""]


def test_messages_of_other_campaigns_count(shop, ada):
    shop.start(sms(), code="free")
    shop.pay("O-1", customer=ada)
    shop.start(sms(), code="capped", **ONE_A_DAY)

    shop.pay("O-2", customer=ada)

    assert fates(campaign__code="capped") == ["capped"]
    assert fates(campaign__code="free") == ["", ""]


def test_another_purpose_does_not_count(shop, ada):
    shop.start(sms(purpose="marketing", deliver="immediately"), code="news", **ONE_A_DAY)
    shop.start(sms(), code="thanks", **ONE_A_DAY)

    shop.pay(customer=ada)

    assert fates() == ["", ""]


def test_what_was_not_sent_does_not_count(shop, ada, memory):
    shop.start(sms(), **ONE_A_DAY)
    memory.refuses.add(ada.phone)
    shop.pay("O-1", customer=ada)
    memory.refuses.clear()

    run = shop.pay("O-2", customer=ada)

    assert message_of(run).state == "accepted"


@pytest.mark.parametrize("state", ["calling", "unknown", "delivered", "undelivered"])
def test_what_may_have_reached_the_customer_counts(shop, ada, state):
    shop.start(sms(), **ONE_A_DAY)
    shop.pay("O-1", customer=ada)
    Message.objects.update(state=state)

    shop.pay("O-2", customer=ada)

    assert fates() == ["", "capped"]


def test_a_text_that_failed_leaves_its_place_to_the_next(shop, ada):
    """In one batch: the first cannot be made for want of lines."""
    shop.start(sms(text="{{ order.lines[0].name }}"), **ONE_A_DAY)
    pay_each(shop, ada, "O-1")
    shop.order("O-2", customer=ada, lines=[{"name": "Tea"}])
    shop.tell("O-2", "paid")

    drain()

    assert fates() == ["text_failed", ""]


def test_tests_use_up_nobodys_messages(shop, ada):
    shop.start(sms(), **ONE_A_DAY)
    shop.order("O-1", customer=ada)
    shop.tell("O-1", "paid", is_test=True)
    drain()

    shop.pay("O-2", customer=ada)

    assert fates() == ["", ""]


def test_a_cap_of_one_category_counts_that_category_alone(shop, ada):
    cap = {"messages": 1, "per": "day", "category": "offers"}
    shop.start(sms(category="offers"), code="offers", frequency_cap=cap)
    shop.start(sms(category="service"), code="service", frequency_cap=cap)

    for name in ("O-1", "O-2"):
        shop.pay(name, customer=ada)

    assert fates(campaign__code="offers") == ["", "capped"]
    assert fates(campaign__code="service") == ["", ""]


def test_one_too_many_is_put_off_until_the_first_is_a_day_old(shop, clock, ada):
    shop.start(sms(), frequency_cap={"messages": 1, "per": "day", "then": "defer"})
    shop.pay("O-1", customer=ada)
    clock.shift(timedelta(hours=3))

    run = shop.pay("O-2", customer=ada)

    message = message_of(run)
    assert (message.state, message.due_at) == ("pending", NOON + timedelta(days=1))
    clock.move_to(NOON + timedelta(days=1))
    drain()
    assert message_of(run).state == "accepted"


def test_of_many_put_off_one_goes_each_day(shop, clock, ada):
    shop.start(sms(), frequency_cap={"messages": 1, "per": "day", "then": "defer"})
    pay_each(shop, ada, "O-1", "O-2", "O-3")

    sent = []
    for _day in range(3):
        drain()
        sent.append(Message.objects.filter(state="accepted").count())
        clock.shift(timedelta(days=1))

    assert sent == [1, 2, 3]


def test_one_put_off_is_not_sent_once_its_time_is_over(shop, clock, ada):
    shop.start(
        sms(lifetime={"value": 2, "unit": "hours"}), frequency_cap={"messages": 1, "per": "day", "then": "defer"}
    )
    shop.pay("O-1", customer=ada)
    shop.pay("O-2", customer=ada)

    clock.shift(timedelta(days=1))
    drain()

    assert fates() == ["", "too_late"]


@pytest.mark.parametrize(
    "raw",
    [
        {"messages": 1, "per": "day", "category": "Öffers"},
        {"messages": 1, "per": "day", "then": "later"},
        {"messages": 1, "per": "day", "of": 3},
    ],
)
def test_a_wrong_cap_is_refused(db, raw):
    with pytest.raises(DefinitionError):
        save_draft(definition(sms(), frequency_cap=raw))


def send_one_by_one(times):
    meet()
    return sum(send_due(limit=1) for _ in range(times))


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
@pytest.mark.xdist_group("races")
def test_two_processes_cannot_both_send_the_last_one_allowed(pair):
    shop = Shop()
    activate(save_draft(definition(sms(), **ONE_A_DAY))[0])
    orders = [
        shop.order(f"O-{n}-{m}", customer=customer)
        for n, customer in enumerate(CustomerFactory.create_batch(20))
        for m in range(3)
    ]
    hear([Said(order.external_id, "payment", "paid") for order in orders], shop.source)
    while advance():
        pass

    pair.run((send_one_by_one, 60), (send_one_by_one, 60))

    assert (
        sorted(Message.objects.values_list("state", "skip_reason"))
        == [("accepted", "")] * 20 + [("skipped", "capped")] * 40
    )
