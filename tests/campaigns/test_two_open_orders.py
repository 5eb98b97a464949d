"""Two open orders of one customer, one after another: whatever is asked, written, stopped or counted keeps them apart.

Where a kind of step or trigger has its own test of this, it stands with that kind (`git grep two_open_orders`).
"""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from analytics.fields import all_fields
from campaigns.books import audit
from campaigns.draining import drain
from campaigns.engine import advance
from campaigns.interventions import Why, hold, release, stop
from campaigns.models import Message, Run
from campaigns.sms import breaker
from campaigns.sms.variables import PUBLISHED
from orders.said import Said
from orders.transitions import hear
from tests.campaigns.shop import asks, condition, ending, later, message_of, path, sms, wait
from tests.factories import CustomerFactory, SourceFactory, StatusFactory

pytestmark = pytest.mark.django_db

WHY = Why("asked by Ann")


@pytest.fixture
def ada():
    return CustomerFactory(external_id="C-1", first_name="Ada", sms_consent="given", timezone="UTC")


@pytest.fixture
def both(shop, clock, ada):
    """O-1 and O-2, which have nothing in common but her. `both()` lets them be paid, one after another, and answers
    their runs."""
    for type, code in (("general", "new"), ("general", "late"), ("delivery", "packed")):
        StatusFactory(type=type, code=code)
    first = {"total_minor": 1000, "currency": "EUR", "ordered_at": datetime(2024, 5, 1, tzinfo=UTC)}
    second = {"total_minor": 9900, "currency": "USD", "ordered_at": datetime(2024, 5, 2, tzinfo=UTC)}
    first |= {"lines": [{"name": "Tea"}], "delivery": {"to": "A"}, "payment": {"by": "card"}, "custom": {"shelf": 7}}
    second |= {"lines": [{"name": "Cup"}], "delivery": {"to": "B"}, "payment": {"by": "cash"}, "custom": {"shelf": 8}}
    shop.order("O-1", customer=ada, **first)
    shop.order("O-2", customer=ada, **second)
    shop.tell("O-1", "invoiced", minutes_ago=60)
    hear([Said("O-2", "delivery", "packed", timezone.now() - timedelta(minutes=1), "1")], SourceFactory(code="erp"))
    for order, general, delivery in (("O-1", "new", "shipped"), ("O-2", "late", "packed")):
        shop.tell(order, general, type="general")
        shop.tell(order, delivery, type="delivery")

    def pay():
        clock.shift(timedelta(minutes=5))
        shop.tell("O-1", "paid", minutes_ago=2)
        shop.tell("O-2", "paid", minutes_ago=1)
        drain()
        return runs()

    return pay


def runs():
    rows = {run.order.external_id: run for run in Run.objects.select_related("order")}
    return rows["O-1"], rows["O-2"]


def endings():
    return [ending(run) for run in runs()]


def fates():
    return [message_of(run).skip_reason or message_of(run).state for run in runs()]


# Filters: of each field that speaks of an order, a condition that holds of O-1 and not of O-2.

HOLDS_OF_THE_FIRST = {
    "order.general_status": ("=", "new"),
    "order.delivery_status": ("=", "shipped"),
    "order.payment_status": ("=", "paid"),
    "order.total": ("<", 50),
    "order.currency": ("=", "EUR"),
    "order.external_id": ("=", "O-1"),
    "order.ordered_at": ("<", "2024-05-01T12:00:00Z"),
    "order.placed_at": ("<", "2024-05-01T12:00:00Z"),
    "order.general_reached": ("anyOf", ["new"]),
    "order.delivery_reached": ("noneOf", ["packed"]),
    "order.payment_reached": ("noneOf", ["invoiced"], {"within": {"value": 90, "unit": "minutes"}}),
    "order.general_stayed": ("notNull", None, {"status": "new"}),
    "order.delivery_stayed": (">=", {"value": 1, "unit": "hours"}, {"status": "shipped"}),
    "order.payment_stayed": (">", {"value": 62, "unit": "minutes"}, {"status": "invoiced"}),
    "order.sources": ("noneOf", ["erp"]),
    "messages.sent_for_order": ("=", True),
}


def test_every_field_of_orders_is_asked_here():
    of_orders = {key for key in all_fields() if key.startswith("order.")}

    assert of_orders | {"messages.sent_for_order"} == set(HOLDS_OF_THE_FIRST)


@pytest.mark.parametrize("field", sorted(set(HOLDS_OF_THE_FIRST) - {"messages.sent_for_order"}))
def test_a_filter_asks_the_order_itself(shop, clock, both, field):
    operator, value, *said = HOLDS_OF_THE_FIRST[field]
    holds = condition(field, operator, value, **(said[0] if said else {}))
    shop.start(wait(), asks(holds, yes=[wait("went-on")]))
    both()
    shop.tell("O-2", "invoiced")

    later(clock, hours=1)

    assert endings() == [("waiting", ""), ("stopped", "filtered_out")]


def test_a_filter_asks_what_was_sent_for_the_order_itself(shop, clock, both):
    sent = condition("messages.sent_for_order", *HOLDS_OF_THE_FIRST["messages.sent_for_order"])
    is_first = condition("order.external_id", "=", "O-1")
    shop.start(asks(is_first, key="which", yes=[sms()], no=[wait("no-text")]), wait(), asks(sent, yes=[wait("end")]))
    both()

    later(clock, hours=1)
    assert [path(run)[-1] for run in runs()] == [("end", "waiting"), ("pause", "waiting")]

    later(clock, hours=1)
    assert endings() == [("finished", ""), ("stopped", "filtered_out")]


# Texts: each published variable that speaks of an order or its change.

WRITTEN = {
    "order.external_id": ("O-1", "O-2"),
    "order.total": ("10.00", "99.00"),
    "order.currency": ("EUR", "USD"),
    'order.ordered_at | date: "%d"': ("01", "02"),
    "order.general_status.code": ("new", "late"),
    "order.delivery_status.code": ("shipped", "packed"),
    "order.payment_status.code": ("paid", "paid"),
    "order.lines[0].name": ("Tea", "Cup"),
    "order.delivery.to": ("A", "B"),
    "order.payment.by": ("card", "cash"),
    "order.custom.shelf": ("7", "8"),
    "change.type": ("payment", "payment"),
    "change.from.code": ("invoiced", ""),
    "change.to.code": ("paid", "paid"),
    'change.occurred_at | date: "%M"': ("03", "04"),
}


def test_every_variable_of_orders_is_written_here():
    published = [one.name for one in PUBLISHED if one.group in ("order", "change")]

    assert [name for name in published if not any(written.startswith(name) for written in WRITTEN)] == []


def test_a_text_speaks_of_the_order_itself_in_every_variable(shop, both):
    shop.start(sms(text="|".join(f"{{{{ {written} }}}}" for written in WRITTEN)))

    first, second = both()

    assert message_of(first).text.split("|") == [one for one, _other in WRITTEN.values()]
    assert message_of(second).text.split("|") == [other for _one, other in WRITTEN.values()]


# What stops


def test_a_status_that_stops_the_campaign_stops_the_order_that_entered_it(shop, clock, both):
    shop.start(wait(), sms(), stop_on=[{"type": "payment", "to": ["invoiced"]}])
    both()

    shop.tell("O-2", "invoiced")
    later(clock, hours=1)

    assert endings() == [("finished", ""), ("stopped", "entered_stop_status")]


def test_only_the_order_that_moved_on_gets_no_text(shop, clock, both):
    shop.start(wait(), sms(only_if_still=True))
    both()

    shop.tell("O-2", "invoiced")
    later(clock, hours=1)

    assert fates() == ["accepted", "status_changed"]


def test_only_the_text_whose_time_is_over_is_not_sent(shop, clock, both):
    clock.move_to(datetime(2024, 5, 3, 20, tzinfo=UTC))
    in_time = {"value": 20, "unit": "hours"}
    is_first = condition("order.external_id", "=", "O-1")
    texts = [sms("text", deliver="outside_quiet_hours", lifetime=in_time)]
    late = [sms("text-2", deliver="outside_quiet_hours", lifetime={"value": 5, "unit": "hours"})]
    shop.start(wait(), asks(is_first, yes=texts, no=late))
    both()

    later(clock, hours=1)
    later(clock, hours=12)

    assert list(Message.objects.order_by("pk").values_list("state", "skip_reason")) == [
        ("accepted", ""),
        ("skipped", "too_late"),
    ]


def test_a_person_holds_and_stops_one_of_them(shop, clock, both):
    shop.start(wait(), sms())
    _first, second = both()

    hold(Run.objects.filter(pk=second.pk), WHY)
    later(clock, hours=1)
    assert endings() == [("finished", ""), ("waiting", "")]

    release(Run.objects.all(), WHY)
    stop(Run.objects.filter(pk=second.pk), WHY)
    drain()
    assert endings() == [("finished", ""), ("stopped", "by_person")]
    assert audit()["unaccounted"] == 0


# Who enters


@pytest.mark.parametrize(
    ("reentry", "second"),
    [
        ({"mode": "every_time"}, ("finished", "")),
        ({"mode": "once_per_order"}, ("finished", "")),
        ({"mode": "first_visit"}, ("finished", "")),
        ({"mode": "not_within", "days": 30, "per": "order"}, ("finished", "")),
        ({"mode": "not_within", "days": 30, "per": "customer"}, ("declined", "entered_before_per_customer")),
        ({"mode": "once_per_customer"}, ("declined", "entered_before_per_customer")),
    ],
)
def test_the_second_order_is_let_in_unless_customers_are_counted(shop, both, reentry, second):
    shop.start(sms(), reentry=reentry)

    both()

    assert endings() == [("finished", ""), second]


def test_an_order_that_was_there_before_shuts_the_other_out_of_nothing(shop, both):
    shop.tell("O-1", "paid", minutes_ago=50)
    shop.tell("O-1", "invoiced", minutes_ago=40)
    shop.start(sms(), reentry={"mode": "first_visit"})

    both()

    assert endings() == [("declined", "not_first_visit"), ("finished", "")]


@pytest.mark.parametrize(
    ("limit", "reason"),
    [
        ({"max_age": {"value": 1, "unit": "minutes"}}, "too_old"),
        ({"starts_at": "2024-05-03T12:04:00+00:00"}, "before_start"),
    ],
)
def test_each_is_as_old_as_its_own_change(shop, both, limit, reason):
    shop.start(sms(), **limit)

    both()

    assert endings() == [("declined", reason), ("finished", "")]


# What is counted


def test_a_cap_costs_the_second_order_its_text_and_not_the_first(shop, both):
    shop.start(sms(), frequency_cap={"messages": 1, "per": "day"})

    both()

    assert fates() == ["accepted", "capped"]
    assert endings() == [("finished", ""), ("stopped", "capped")]


def test_a_cap_that_puts_off_puts_off_the_second_order(shop, clock, both):
    shop.start(sms(), frequency_cap={"messages": 1, "per": "day", "then": "defer"})

    both()
    assert fates() == ["accepted", "pending"]

    later(clock, days=1)
    assert fates() == ["accepted", "accepted"]
    assert endings() == [("finished", ""), ("finished", "")]


def test_a_cap_of_one_category_leaves_the_order_alone_that_gets_another(shop, both):
    is_first = condition("order.external_id", "=", "O-1")
    texts = {"yes": [sms("one", category="offers")], "no": [sms("other", category="news")]}
    shop.start(asks(is_first, **texts), frequency_cap={"messages": 1, "per": "day", "category": "offers"})

    both()

    assert list(Message.objects.values_list("state", flat=True)) == ["accepted", "accepted"]


def test_the_hourly_limit_holds_the_text_of_the_second_order(shop, both):
    campaign = shop.start(sms(), hourly_limit={"messages": 1})

    both()
    assert fates() == ["accepted", "pending"]

    breaker.drop(campaign)
    drain()
    assert fates() == ["accepted", "not_released"]
    assert endings() == [("finished", ""), ("stopped", "not_released")]


def test_in_one_batch_they_are_as_apart_as_in_two(shop, clock, both):
    """Both stand at one step, and one of them has left the status when it is asked."""
    shop.start(wait(value=1, unit="minutes"), sms(text="{{ order.external_id }}", only_if_still=True))
    shop.tell("O-1", "paid")
    shop.tell("O-2", "paid")
    advance()
    shop.tell("O-1", "invoiced")

    clock.shift(timedelta(minutes=1))
    drain()

    assert fates() == ["status_changed", "accepted"]
    assert message_of(runs()[1]).text == "O-2"
