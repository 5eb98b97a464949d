"""A campaign that sends more texts in an hour than anybody expected is held, until a person decides."""

from datetime import timedelta

import pytest

from campaigns import expecting, lifecycle
from campaigns.ages import ages
from campaigns.books import audit
from campaigns.definitions import DefinitionError
from campaigns.draining import drain
from campaigns.engine import advance
from campaigns.lifecycle import activate, save_draft
from campaigns.models import Breaker, Message
from campaigns.sms import breaker
from campaigns.sms.breaker import NothingHeld, first_held, held_of
from campaigns.sms.sending import send_due
from orders.said import Said
from orders.transitions import hear
from tests.campaigns.shop import NOON, Shop, definition, later, sms
from tests.factories import CustomerFactory
from tests.processes import meet
from tests.screens import done, holding, page_of, signed_in

pytestmark = pytest.mark.django_db

TWO = {"hourly_limit": {"messages": 2}}
AUTO = {"hourly_limit": {"messages": "auto"}}


def pay_all(shop, number, prefix="O"):
    for n in range(number):
        shop.order(f"{prefix}-{n}")
    hear([Said(f"{prefix}-{n}", "payment", "paid") for n in range(number)], shop.source)
    drain()


def fates():
    return [state if state != "skipped" else reason for state, reason in states()]


def states():
    return list(Message.objects.order_by("pk").values_list("state", "skip_reason"))


def test_what_is_beyond_the_limit_waits_for_a_person(shop):
    campaign = shop.start(sms(), **TWO)

    pay_all(shop, 5)

    assert fates() == ["accepted"] * 2 + ["pending"] * 3
    held = held_of(campaign)
    assert (held.number, held.since, held.per_hour) == (3, NOON, 2)
    assert [message.order.external_id for message in first_held(campaign, 2)] == ["O-2", "O-3"]
    assert audit()["unaccounted"] == 0


def test_the_next_hour_brings_no_release_by_itself(shop, clock):
    campaign = shop.start(sms(), **TWO)
    pay_all(shop, 3)

    later(clock, hours=3)

    assert fates() == ["accepted", "accepted", "pending"]
    assert held_of(campaign).number == 1


@pytest.mark.parametrize(("minutes", "fate"), [(59, "pending"), (60, "accepted")])
def test_an_hour_is_the_last_sixty_minutes(shop, clock, minutes, fate):
    shop.start(sms(), **TWO)
    pay_all(shop, 2, "A")

    later(clock, minutes=minutes)
    pay_all(shop, 1, "B")

    assert fates() == ["accepted", "accepted", fate]


def test_all_are_let_go_and_the_hour_begins_anew(shop):
    campaign = shop.start(sms(), **TWO)
    pay_all(shop, 5)

    released = breaker.release(campaign)
    drain()
    pay_all(shop, 3, "P")

    assert released == 3
    assert fates() == ["accepted"] * 7 + ["pending"]


def test_the_oldest_are_let_go_and_the_others_wait_on(shop):
    campaign = shop.start(sms(), **TWO)
    pay_all(shop, 6)

    released = breaker.release(campaign, 3)
    drain()

    assert released == 3
    assert fates() == ["accepted"] * 5 + ["pending"]
    assert held_of(campaign).number == 1


def test_none_are_let_go_and_each_says_why(shop):
    campaign = shop.start(sms(), **TWO)
    pay_all(shop, 4)

    dropped = breaker.drop(campaign)
    drain()
    pay_all(shop, 1, "P")

    assert dropped == 2
    assert fates() == ["accepted"] * 2 + ["not_released"] * 2 + ["accepted"]
    assert audit()["unaccounted"] == 0


def test_who_comes_second_is_told(shop):
    campaign = shop.start(sms(), **TWO)
    pay_all(shop, 3)
    breaker.release(campaign)

    with pytest.raises(NothingHeld, match="any more"):
        breaker.drop(campaign)


def test_another_campaign_and_test_texts_go_on(shop):
    shop.start(sms(), **TWO)
    pay_all(shop, 3)
    shop.start(sms(), code="other")

    shop.order("O-0b")
    shop.tell("O-0b", "paid", is_test=True)
    shop.tell("O-2", "invoiced")
    shop.tell("O-2", "paid")
    drain()

    sent = Message.objects.filter(state="accepted").order_by("pk")
    assert list(sent.values_list("campaign__code", "order__external_id")) == [
        ("thanks", "O-0"), ("thanks", "O-1"), ("thanks", "O-0b"), ("other", "O-0b"), ("other", "O-2"),
    ]  # fmt: skip


def test_test_texts_do_not_count(shop):
    shop.start(sms(), **TWO)
    for n in range(4):
        shop.order(f"T-{n}")
        shop.tell(f"T-{n}", "paid", is_test=True)
    drain()

    pay_all(shop, 2)

    assert fates() == ["accepted"] * 6


def test_what_waits_for_a_person_is_not_overdue(shop, clock):
    shop.start(sms(), **TWO)
    pay_all(shop, 3)
    clock.shift(timedelta(hours=1))

    assert ages(NOON + timedelta(hours=1)).overdue_messages == 0


def test_ending_the_campaign_stops_what_waits(shop):
    campaign = shop.start(sms(), **TWO)
    pay_all(shop, 3)

    lifecycle.end(campaign)
    drain()

    assert fates() == ["accepted", "accepted", "campaign_ended"]
    assert held_of(campaign) is None


def test_a_version_without_a_limit_holds_nothing_new(shop):
    campaign = shop.start(sms(), **TWO)
    activate(save_draft(definition(sms()))[0])

    pay_all(shop, 4)

    assert fates() == ["accepted"] * 4
    assert held_of(campaign) is None


def test_auto_is_five_times_what_the_last_thirty_days_make_one_expect(shop, clock):
    for n in range(30):
        shop.order(f"P-{n}")
    hear([Said(f"P-{n}", "payment", code, NOON - timedelta(minutes=10 * n + m), event_id=f"{n}.{m}")
          for n in range(30) for m, code in ((1, "paid"), (2, "invoiced"))], shop.source)  # fmt: skip

    campaign = shop.start(sms(), **AUTO)

    assert Breaker.objects.get(campaign=campaign).per_hour == 100


def test_auto_follows_a_busy_shop(shop, monkeypatch):
    monkeypatch.setattr(expecting, "LEAST", 1)
    monkeypatch.setattr(expecting, "LOOK_BACK", timedelta(hours=2))
    for n in range(10):
        shop.order(f"P-{n}")
        shop.tell(f"P-{n}", "paid", minutes_ago=n)
        shop.tell(f"P-{n}", "shipped", minutes_ago=n)

    campaign = shop.start(sms(), **AUTO)

    assert Breaker.objects.get(campaign=campaign).per_hour == 25


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (5, "Write {“messages”: 500}"),
        ({"messages": 0}, "“messages” is a whole number from 1 to 1000000, or “auto”."),
        ({"messages": True}, "“messages” is a whole number from 1 to 1000000, or “auto”."),
        ({"messages": 5, "per": "day"}, "Write {“messages”: 500}"),
    ],
)
def test_a_wrong_limit_is_refused(db, raw, told):
    with pytest.raises(DefinitionError, match=told):
        save_draft(definition(sms(), hourly_limit=raw))


def test_the_page_shows_some_and_lets_a_person_decide(shop):
    campaign = shop.start(sms(text="Order {{ order.external_id }}"), **TWO)
    pay_all(shop, 5)
    senior = holding("Senior marketer")
    window = page_of("campaigns_campaign", "held", campaign.pk)

    page = senior.get(window).content.decode()
    senior.post(window, {"what": "some", "number": 1})
    senior.post(window, {"what": "none", "number": ""})
    drain()

    assert "3 texts wait for you to decide" in page
    assert "Order O-2" in page
    assert fates() == ["accepted"] * 3 + ["not_released"] * 2
    assert [(verb, changes) for verb, changes in done()] == [
        ("settled", {"sent": [None, 1]}),
        ("settled", {"not_sent": [None, 2]}),
    ]


def test_everybody_who_can_decide_is_told_on_every_page(shop):
    campaign = shop.start(sms(), **TWO)
    pay_all(shop, 3)

    senior = holding("Senior marketer").get(page_of("orders_order")).content.decode()
    marketer = holding("Marketer").get(page_of("campaigns_campaign")).content.decode()

    assert "“Thanks” has reached its limit of texts an hour." in senior
    assert page_of("campaigns_campaign", "change", campaign.pk) in senior
    assert "has reached its limit" not in marketer


def test_a_wrong_number_is_told_and_nothing_goes(shop):
    campaign = shop.start(sms(), **TWO)
    pay_all(shop, 3)

    page = holding("Senior marketer").post(page_of("campaigns_campaign", "held", campaign.pk), {"what": "some"})

    assert "Say how many." in page.content.decode()
    assert held_of(campaign).number == 1


def test_who_may_not_see_texts_sees_none(shop):
    campaign = shop.start(sms(text="Order {{ order.external_id }}"), **TWO)
    pay_all(shop, 3)
    client = signed_in("campaigns.view_campaign", "campaigns.activate_campaign")

    page = client.get(page_of("campaigns_campaign", "held", campaign.pk)).content.decode()

    assert "1 text waits for you to decide" in page
    assert "Order O-2" not in page


def send_one_by_one(times):
    meet()
    return sum(send_due(limit=1) for _ in range(times))


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
@pytest.mark.xdist_group("races")
def test_two_processes_count_as_one(pair):
    shop = Shop()
    activate(save_draft(definition(sms(), hourly_limit={"messages": 25}))[0])
    orders = [shop.order(f"O-{n}", customer=CustomerFactory()) for n in range(60)]
    hear([Said(order.external_id, "payment", "paid") for order in orders], shop.source)
    while advance():
        pass

    pair.run((send_one_by_one, 40), (send_one_by_one, 40))

    assert sorted(fates()) == ["accepted"] * 25 + ["pending"] * 35


def test_what_is_not_released_takes_no_test_text_with_it(shop, clock):
    """It was not among those a person looked at."""
    campaign = shop.start(sms(), hourly_limit={"messages": 1})
    pay_all(shop, 2)
    shop.order("T-1")
    shop.tell("T-1", "paid", is_test=True)
    advance()

    breaker.drop(campaign)
    drain()

    assert fates() == ["accepted", "not_released", "accepted"]
