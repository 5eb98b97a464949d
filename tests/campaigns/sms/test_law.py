"""The law of sending, asked at the claim: each reason not to send, their order, and the hours of quiet."""

from datetime import UTC, datetime, time, timedelta

import pytest

from campaigns.draining import drain
from campaigns.engine import advance
from campaigns.lifecycle import end
from campaigns.models import Message, Run, SkipReason
from tests.campaigns.shop import NOON, at, customer_in, ending, later, message_of, sms
from tests.factories import CustomerFactory
from workspace.models import Workspace

pytestmark = pytest.mark.django_db

MOBILE, EITHER, FIXED = "+61 491 570 156", "+1 602 555 0124", "+61 2 5550 1234"


def fate(message):
    """(state, why not)"""
    message.refresh_from_db()
    return (message.state, message.skip_reason)


def send_to(shop, customer, **params):
    """What became of one message to this customer."""
    shop.start(sms(**params))
    return fate(message_of(shop.pay(customer=customer)))


# Each reason


@pytest.mark.parametrize(
    ("phone", "expected"),
    [
        (MOBILE, ("accepted", "")),
        (EITHER, ("accepted", "")),
        (FIXED, ("skipped", "not_mobile")),
        ("ask reception", ("skipped", "invalid_number")),
        ("", ("skipped", "no_number")),
    ],
)
def test_the_number(shop, phone, expected):
    assert send_to(shop, CustomerFactory(phone_written=phone)) == expected


def test_no_customer_has_no_number(shop):
    assert send_to(shop, None) == ("skipped", "no_number")


@pytest.mark.parametrize(
    ("purpose", "consent", "expected"),
    [
        ("transactional", "given", ("accepted", "")),
        ("transactional", "unknown", ("accepted", "")),
        ("transactional", "refused", ("skipped", "refused")),
        ("marketing", "given", ("accepted", "")),
        ("marketing", "unknown", ("skipped", "no_consent")),
        ("marketing", "refused", ("skipped", "refused")),
    ],
)
def test_the_consent(shop, purpose, consent, expected):
    assert send_to(shop, CustomerFactory(sms_consent=consent), purpose=purpose) == expected


@pytest.mark.parametrize(
    ("category", "expected"),
    [(None, ("accepted", "")), ("reviews", ("accepted", "")), ("news", ("skipped", "category_refused"))],
)
def test_the_category(shop, category, expected):
    params = {"category": category} if category else {}

    assert send_to(shop, CustomerFactory(refused_categories=["news", "gifts"]), **params) == expected


@pytest.mark.parametrize(
    ("only_if_still", "expected"), [(True, ("skipped", "status_changed")), (False, ("accepted", ""))]
)
def test_an_order_that_has_moved_on(shop, only_if_still, expected):
    shop.start(sms(only_if_still=only_if_still))
    shop.order()
    shop.tell("O-1", "paid")
    shop.tell("O-1", "invoiced")

    drain()

    assert fate(Message.objects.get()) == expected


def test_an_order_that_moved_in_another_type_has_not_moved_on(shop):
    shop.start(sms(only_if_still=True))
    shop.order()
    shop.tell("O-1", "paid")
    shop.tell("O-1", "shipped")

    drain()

    assert fate(Message.objects.get()) == ("accepted", "")


@pytest.mark.parametrize(("minutes", "expected"), [(60, ("accepted", "")), (61, ("skipped", "too_late"))])
def test_the_lifetime(shop, clock, minutes, expected):
    shop.start(sms(lifetime={"value": 1, "unit": "hours"}))
    shop.order()
    shop.tell("O-1", "paid")
    advance()

    later(clock, minutes=minutes)

    assert fate(Message.objects.get()) == expected


def test_a_campaign_that_ended(shop, clock, memory):
    clock.move_to(NOON.replace(hour=22))
    campaign = shop.start(sms(deliver="outside_quiet_hours"))
    run = shop.pay()

    end(campaign)
    drain()

    assert fate(message_of(run)) == ("skipped", "campaign_ended")
    assert not memory.taken


def test_it_is_asked_when_the_message_is_about_to_be_sent(shop):
    """Whoever says no in the last minute is not texted."""
    ada = CustomerFactory(sms_consent="given")
    shop.start(sms(purpose="marketing"))
    shop.order(customer=ada)
    shop.tell("O-1", "paid")
    advance()

    ada.sms_consent = "refused"
    ada.save()
    drain()

    assert fate(Message.objects.get()) == ("skipped", "refused")


# Their order


def test_the_list_of_reasons_is_in_the_order_of_the_law():
    assert SkipReason.values == [
        "campaign_ended", "orders_were_off", "was_paused", "stopped", "entered_stop_status", "status_changed",
        "too_late", "erased", "no_number", "invalid_number", "not_mobile", "refused", "no_consent", "category_refused",
        "capped", "not_released", "text_failed",
    ]  # fmt: skip


def test_the_first_reason_is_the_one_told(shop, clock):
    """Everything stands against it at night; one objection after the other is taken away."""
    ada = customer_in("UTC", phone_written="", sms_consent="refused", refused_categories=["news"])
    clock.move_to(NOON.replace(hour=22))
    bad_text = "{{ order.lines.first.name }}"
    spent = {"code": "spent", "frequency_cap": {"messages": 1, "per": "day"}}
    wishes = {
        "purpose": "marketing",
        "category": "news",
        "only_if_still": True,
        "lifetime": {"value": 1, "unit": "hours"},
    }
    campaign = shop.start(sms(text=bad_text, **wishes), **spent)
    shop.order(customer=ada)
    shop.tell("O-1", "paid")
    shop.tell("O-1", "invoiced")
    advance()
    clock.shift(timedelta(hours=1, minutes=1))
    message = Message.objects.get()
    once_sent(ada, campaign)

    end(campaign)
    assert next_objection() == "campaign_ended"
    type(campaign).objects.update(state="active")
    assert next_objection() == "status_changed"
    shop.tell("O-1", "paid")
    assert next_objection() == "too_late"
    Message.objects.filter(pk=message.pk).update(expires_at=None)
    assert next_objection() == "no_number"
    change(ada, phone_written="ask reception")
    assert next_objection() == "invalid_number"
    change(ada, phone_written=FIXED)
    assert next_objection() == "not_mobile"
    change(ada, phone_written=MOBILE)
    assert next_objection() == "refused"
    change(ada, sms_consent="unknown")
    assert next_objection() == "no_consent"
    change(ada, sms_consent="given")
    assert next_objection() == "category_refused"
    change(ada, refused_categories=[])
    assert next_objection() == "capped"
    Message.objects.exclude(pk=message.pk).update(purpose="transactional")
    assert next_objection() == ""
    assert Message.objects.get(pk=message.pk).is_held
    clock.move_to(NOON.replace(day=4))
    assert next_objection() == "text_failed"


def once_sent(customer, campaign):
    """A marketing message that the customer got just now."""
    got = Message.objects.get()
    got.pk = None
    got._state.adding = True
    got.step, got.reference, got.state, got.sent_at = "before", "0" * 32, "accepted", datetime.now(UTC)
    got.save()


def next_objection():
    """Ask about the message again; forget the answer."""
    pending = Message.objects.get(step="text")
    Message.objects.filter(pk=pending.pk).update(due_at=datetime.now(UTC))
    Run.objects.filter(pk=pending.run_id).update(state="waiting", step="text", due_at=None, ended_at=None)
    drain()
    answered = Message.objects.get(pk=pending.pk)
    if answered.state == "skipped":
        Message.objects.filter(pk=pending.pk).update(state="pending", skip_reason="", ended_at=None)
    return answered.skip_reason


def change(customer, **fields):
    for name, value in fields.items():
        setattr(customer, name, value)
    customer.save()


# Quiet hours


@pytest.mark.parametrize(
    ("zone", "now", "until"),
    [
        # In the day it is sent at once: from nine on, and until before nine in the evening.
        ("UTC", datetime(2024, 5, 3, 9, 0, tzinfo=UTC), None),
        ("UTC", datetime(2024, 5, 3, 20, 59, 59, tzinfo=UTC), None),
        # In the evening it waits for the next morning, in the morning for the same.
        ("UTC", datetime(2024, 5, 3, 21, 0, tzinfo=UTC), datetime(2024, 5, 4, 9, 0, tzinfo=UTC)),
        ("UTC", datetime(2024, 5, 4, 8, 59, 59, tzinfo=UTC), datetime(2024, 5, 4, 9, 0, tzinfo=UTC)),
        ("UTC", datetime(2024, 12, 31, 23, 0, tzinfo=UTC), datetime(2025, 1, 1, 9, 0, tzinfo=UTC)),
        # In the customer's zone, whatever the hour is elsewhere.
        ("Asia/Tokyo", datetime(2024, 5, 3, 0, 0, tzinfo=UTC), None),
        ("Asia/Tokyo", datetime(2024, 5, 3, 12, 0, tzinfo=UTC), datetime(2024, 5, 4, 0, 0, tzinfo=UTC)),
        ("America/New_York", datetime(2024, 5, 3, 12, 59, tzinfo=UTC), datetime(2024, 5, 3, 13, 0, tzinfo=UTC)),
        ("America/New_York", datetime(2024, 5, 4, 1, 0, tzinfo=UTC), datetime(2024, 5, 4, 13, 0, tzinfo=UTC)),
        ("Asia/Kathmandu", datetime(2024, 5, 3, 3, 14, tzinfo=UTC), datetime(2024, 5, 3, 3, 15, tzinfo=UTC)),
        ("Pacific/Kiritimati", datetime(2024, 5, 3, 7, 0, tzinfo=UTC), datetime(2024, 5, 3, 19, 0, tzinfo=UTC)),
        # New York, the night of 9 to 10 March 2024: the clock goes on an hour, and nine comes an hour sooner.
        ("America/New_York", datetime(2024, 3, 10, 2, 30, tzinfo=UTC), datetime(2024, 3, 10, 13, 0, tzinfo=UTC)),
        ("America/New_York", datetime(2024, 3, 9, 13, 30, tzinfo=UTC), datetime(2024, 3, 9, 14, 0, tzinfo=UTC)),
        # The night of 2 to 3 November 2024: it goes back, and nine comes an hour later. The second 1:30 waits as well.
        ("America/New_York", datetime(2024, 11, 3, 1, 30, tzinfo=UTC), datetime(2024, 11, 3, 14, 0, tzinfo=UTC)),
        ("America/New_York", datetime(2024, 11, 3, 6, 30, tzinfo=UTC), datetime(2024, 11, 3, 14, 0, tzinfo=UTC)),
        # London, 27 October 2024.
        ("Europe/London", datetime(2024, 10, 26, 20, 0, tzinfo=UTC), datetime(2024, 10, 27, 9, 0, tzinfo=UTC)),
        ("Europe/London", datetime(2024, 3, 31, 0, 30, tzinfo=UTC), datetime(2024, 3, 31, 8, 0, tzinfo=UTC)),
        # Lord Howe Island, 6 October 2024: half an hour.
        ("Australia/Lord_Howe", datetime(2024, 10, 5, 12, 0, tzinfo=UTC), datetime(2024, 10, 5, 22, 0, tzinfo=UTC)),
        ("Australia/Lord_Howe", datetime(2024, 10, 4, 12, 0, tzinfo=UTC), datetime(2024, 10, 4, 22, 30, tzinfo=UTC)),
        # Samoa had no 30 December 2011: nine o'clock next came on the 31st.
        ("Pacific/Apia", datetime(2011, 12, 30, 8, 0, tzinfo=UTC), datetime(2011, 12, 30, 19, 0, tzinfo=UTC)),
    ],
)
def test_quiet_hours(shop, zone, now, until):
    with at(now):
        shop.start(sms(deliver="outside_quiet_hours"))
        message = message_of(shop.pay(customer=customer_in(zone)))

    assert message.state == ("accepted" if until is None else "pending")
    assert (message.is_held, message.due_at) == ((False, now) if until is None else (True, until))


def test_immediately_knows_no_hours(shop):
    with at(NOON.replace(hour=3)):
        assert send_to(shop, customer_in("UTC"), deliver="immediately") == ("accepted", "")


def test_without_a_zone_it_is_the_installations(shop):
    Workspace.objects.update(timezone="Asia/Tokyo")
    shop.start(sms(deliver="outside_quiet_hours"))

    message = message_of(shop.pay(customer=customer_in("")))

    assert message.due_at == datetime(2024, 5, 4, 0, 0, tzinfo=UTC)


def test_what_was_held_is_sent_in_the_morning(shop, clock, memory):
    clock.move_to(NOON.replace(hour=23))
    shop.start(sms(deliver="outside_quiet_hours"))
    run = shop.pay(customer=customer_in("UTC"))

    later(clock, hours=9, minutes=59)
    assert not memory.taken

    later(clock, minutes=1)
    assert fate(message_of(run)) == ("accepted", "")
    assert not message_of(run).is_held
    assert ending(run) == ("finished", "")


def test_the_law_is_asked_again_in_the_morning(shop, clock):
    clock.move_to(NOON.replace(hour=23))
    ada = customer_in("UTC")
    shop.start(sms(deliver="outside_quiet_hours", only_if_still=True), code="still")
    shop.start(sms(deliver="outside_quiet_hours", lifetime={"value": 3, "unit": "hours"}), code="short")
    shop.start(sms(deliver="outside_quiet_hours"), code="plain")
    shop.pay(customer=ada)
    shop.tell("O-1", "invoiced")

    later(clock, hours=10)

    assert list(Message.objects.order_by("pk").values_list("campaign__code", "skip_reason")) == [
        ("still", "status_changed"),
        ("short", "too_late"),
        ("plain", ""),
    ]


def test_a_customer_who_moved_is_texted_in_the_hours_of_the_new_zone(shop, clock):
    clock.move_to(NOON.replace(hour=22))
    ada = customer_in("UTC")
    shop.start(sms(deliver="outside_quiet_hours"))
    run = shop.pay(customer=ada)

    change(ada, timezone="America/New_York")
    later(clock, hours=11)

    assert message_of(run).due_at == NOON.replace(day=4, hour=13)


@pytest.mark.parametrize(
    ("begins", "ends", "hour", "waits_until"),
    [
        (22, 8, 21, None),
        (22, 8, 23, 8),
        (22, 8, 7, 8),
        (13, 15, 14, 15),
        (13, 15, 15, None),
        (9, 9, 9, None),
    ],
)
def test_quiet_hours_are_the_installation_s_own(shop, begins, ends, hour, waits_until):
    Workspace.objects.update(quiet_from=time(begins), quiet_until=time(ends), timezone="UTC")
    with at(NOON.replace(hour=hour)):
        shop.start(sms(deliver="outside_quiet_hours"))
        message = message_of(shop.pay())

    assert message.is_held == (waits_until is not None)
    if waits_until is not None:
        assert message.due_at.hour == waits_until
