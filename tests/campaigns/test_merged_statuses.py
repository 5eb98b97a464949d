"""Campaigns that name a status which is merged into another: they go on, and the books still balance."""

import pytest

from campaigns.books import audit
from campaigns.draining import drain
from campaigns.lifecycle import activate, save_draft
from campaigns.models import Activation, Message, Run
from orders.merging import carry_on_merges
from statuses.lifecycle import begin_merge
from tests.campaigns.shop import Shop, asks, condition, definition, sms, trigger
from tests.factories import StatusFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(db):
    shop = Shop()
    shop.statuses["payed"] = StatusFactory(type="payment", code="payed")
    return shop


def merge(shop, code="payed", into="paid"):
    begin_merge(shop.statuses[code], shop.statuses[into])
    carry_on_merges()


def sent():
    return list(Message.objects.order_by("pk").values_list("order__external_id", "state"))


def test_a_merge_itself_starts_nothing(shop):
    shop.order()
    shop.tell("O-1", "payed", minutes_ago=-1)
    shop.start(sms())

    merge(shop)

    assert not Run.objects.exists()
    assert audit()["unaccounted"] == 0


def test_a_trigger_that_names_the_old_code_answers_to_the_new_one(shop):
    for number in (1, 2, 3):
        shop.order(f"O-{number}")
    shop.start(sms(), trigger=trigger(to=["payed"]))
    shop.tell("O-1", "payed", minutes_ago=-1)
    shop.tell("O-3", "paid", minutes_ago=-1)  # not what it asks for yet

    merge(shop)
    shop.tell("O-2", "paid", minutes_ago=-2)

    assert list(Run.objects.order_by("pk").values_list("order__external_id", flat=True)) == ["O-1", "O-2"]
    assert audit()["unaccounted"] == 0


def test_a_trigger_that_asks_where_from_knows_both_too(shop):
    shop.order()
    shop.start(sms(), trigger=trigger(came_from=["payed"], to=["invoiced"]))
    shop.tell("O-1", "payed", minutes_ago=-1)
    merge(shop)

    shop.tell("O-1", "invoiced", minutes_ago=-2)

    assert Run.objects.count() == 1
    assert audit()["unaccounted"] == 0


def test_what_must_have_fired_stays_a_fact_of_each_stretch(shop):
    shop.start(sms(), trigger=trigger(to=["payed"]))

    merge(shop)

    former, live = Activation.objects.order_by("pk")
    assert former.until_transition == live.after_transition
    assert (former.version, former.effective_from) == (live.version, live.effective_from)


def test_a_merge_that_a_campaign_knows_nothing_of_leaves_its_stretch_alone(shop):
    shop.start(sms(), trigger=trigger(to=["invoiced"]))

    merge(shop)

    assert Activation.objects.count() == 1


def test_a_filter_that_names_the_old_code_holds_for_the_new_one(shop):
    shop.order()
    shop.start(
        asks(condition("order.payment_status", "in", ["payed"]), yes=[sms()]),
        trigger=trigger("delivery", to=["shipped"]),
    )
    shop.tell("O-1", "paid", minutes_ago=-1)
    merge(shop)

    shop.tell("O-1", "shipped", minutes_ago=-2)
    drain()

    assert sent() == [("O-1", "accepted")]


def test_a_text_that_asks_whether_the_order_is_still_there_follows_the_merge(shop):
    shop.order()
    shop.start(sms(only_if_still=True), trigger=trigger(to=["payed"]))
    shop.tell("O-1", "payed", minutes_ago=-1)

    merge(shop)
    drain()

    assert sent() == [("O-1", "accepted")]


def test_activated_later_it_knows_the_merge_from_the_beginning(shop):
    shop.order()
    merge(shop)
    campaign, _is_new = save_draft(definition(sms(), trigger=trigger(to=["payed"])))
    activate(campaign)

    shop.tell("O-1", "payed", minutes_ago=-1)

    assert Run.objects.count() == 1
    assert audit()["unaccounted"] == 0
