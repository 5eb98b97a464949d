"""Drafts, versions and the stretches of the ledger that a campaign answers to."""

import time
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from campaigns.back_filling import fill_at_once
from campaigns.books import audit
from campaigns.definitions import DefinitionError
from campaigns.lifecycle import DraftChanged, WrongState, activate, end, has_news, pause, resume, save_draft
from campaigns.models import Activation, Campaign, CampaignVersion, Run, Watch
from campaigns.sweeping import sweep
from orders.models import Order
from orders.said import Said
from orders.transitions import hear
from orders.upserts import read_order, upsert_orders
from tests.campaigns.shop import NOON, Shop, asks, condition, definition, sms, trigger
from tests.factories import OrderFactory, StatusFactory
from tests.processes import meet
from workspace.append_only import AppendOnly
from workspace.models import Source

pytestmark = pytest.mark.django_db


def intervals():
    """[(version, after, until, effective from), …] oldest first."""
    rows = Activation.objects.order_by("pk")
    return list(rows.values_list("version__number", "after_transition", "until_transition", "effective_from"))


def drafted(**keys):
    return save_draft(definition(sms(), **keys))[0]


# Drafts


def test_a_draft_is_made_and_changed(db):
    campaign, is_new = save_draft(definition(sms()))
    assert (is_new, campaign.code, campaign.name, campaign.state, campaign.revision) == (
        True,
        "thanks",
        "Thanks",
        "draft",
        1,
    )

    changed, is_new = save_draft(definition(sms(text="Bye")) | {"name": "Bye"})

    assert (is_new, changed.pk, changed.name, changed.revision) == (False, campaign.pk, "Bye", 2)


def test_the_same_draft_again_is_no_change(db):
    save_draft(definition(sms()))

    assert save_draft(definition(sms()))[0].revision == 1


def test_a_wrong_draft_is_not_kept(db):
    with pytest.raises(DefinitionError):
        save_draft(definition())

    assert not Campaign.objects.exists()


def test_two_editors_cannot_overwrite_each_other(db):
    save_draft(definition(sms()))
    save_draft(definition(sms(text="theirs")), revision=1)

    with pytest.raises(DraftChanged):
        save_draft(definition(sms(text="mine")), revision=1)

    assert Campaign.objects.get().draft == definition(sms(text="theirs"))


def test_an_ended_campaign_takes_no_draft(db):
    campaign = drafted()
    activate(campaign)
    end(campaign)

    with pytest.raises(WrongState):
        save_draft(definition(sms(text="again")))
    with pytest.raises(WrongState):
        activate(campaign)


# Versions


def test_each_activation_of_a_changed_draft_is_a_version(shop):
    shop.start(sms())
    shop.start(sms())
    shop.start(sms(text="second"))

    assert list(CampaignVersion.objects.order_by("number").values_list("number", flat=True)) == [1, 2]
    assert Activation.objects.live().get().version.number == 2


def test_a_version_is_never_changed(shop):
    shop.start(sms())
    version = CampaignVersion.objects.get()

    with pytest.raises(AppendOnly):
        version.save()


def test_it_is_the_newest_draft_that_is_activated(shop):
    """Also by somebody who read the campaign before it was edited."""
    stale = drafted()
    save_draft(definition(sms(), trigger=trigger("delivery", to=["shipped"])))

    activate(stale)

    assert CampaignVersion.objects.get().definition["trigger"]["params"]["type"] == "delivery"
    assert Watch.objects.get().to_status == shop.statuses["shipped"]


def test_a_new_version_takes_over_where_the_old_one_leaves_off(shop, clock):
    shop.start(sms(text="first"))
    shop.pay("O-1")

    clock.shift(timedelta(hours=1))
    shop.start(sms(text="second"))
    shop.pay("O-2")

    newest = Run.objects.get(order__external_id="O-1").transition_id
    assert intervals() == [(1, 0, newest, NOON), (2, newest, None, NOON)]
    assert list(Run.objects.order_by("pk").values_list("version__number", flat=True)) == [1, 2]


def test_a_change_under_way_while_a_new_version_comes_is_not_lost(shop, clock):
    shop.start(sms(text="first"))
    shop.order()
    clock.shift(timedelta(hours=1))
    shop.start(sms(text="second"))

    shop.tell("O-1", "paid", minutes_ago=5)

    assert Run.objects.get().version.number == 2


def test_a_new_version_of_a_paused_campaign_lets_it_run(shop):
    pause(shop.start(sms()))

    assert shop.start(sms(text="second")).state == "active"


# When it takes effect


def test_nothing_from_before_starts_it(shop):
    shop.order()
    shop.tell("O-1", "paid", minutes_ago=5)

    activated = activate(drafted())

    assert (activated.back_fill, Run.objects.count()) == (None, 0)
    assert activated.activation.effective_from == NOON


def test_from_the_beginning_has_no_bound(shop):
    shop.order()
    shop.tell("O-1", "paid", minutes_ago=5)

    activated = activate(drafted(), from_the_beginning=True)

    assert fill_at_once(activated.back_fill) == 1
    assert intervals() == [(1, 0, None, None)]


def test_a_change_told_later_of_a_time_that_is_asked_for_starts_it(shop):
    activate(drafted(), effective_from=NOON - timedelta(hours=1))
    for name, minutes_ago in (("O-1", 61), ("O-2", 60)):
        shop.order(name)
        shop.tell(name, "paid", minutes_ago=minutes_ago)

    assert list(Run.objects.values_list("order__external_id", flat=True)) == ["O-2"]


def test_after_its_end_nothing_starts_it(shop):
    campaign = shop.start(sms())
    shop.pay("O-1")
    end(campaign)
    shop.pay("O-2")

    assert list(Run.objects.values_list("order__external_id", flat=True)) == ["O-1"]
    [(_version, _after, until, _since)] = intervals()
    assert until == Run.objects.get().transition_id


def test_the_books_agree_with_every_stretch(shop, clock):
    shop.pay("O-0")
    campaign = shop.start(sms())
    shop.pay("O-1")
    shop.start(sms(text="second"))
    shop.pay("O-2")
    pause(campaign)
    shop.pay("O-3")
    fill_at_once(activate(campaign, from_the_beginning=True).back_fill)
    end(campaign)
    shop.pay("O-4")

    assert audit()["unaccounted"] == 0
    assert Run.objects.count() == 4


# Its states


@pytest.mark.parametrize(
    ("verbs", "refused"),
    [
        ((), pause), ((), resume), ((), end), ((activate,), resume), ((activate, pause), pause),
        ((activate, end), pause), ((activate, end), resume), ((activate, end), end),
    ],
)  # fmt: skip
def test_a_verb_that_does_not_fit_is_refused(db, verbs, refused):
    campaign = drafted()
    for verb in verbs:
        verb(campaign)

    with pytest.raises(WrongState):
        refused(campaign)


def test_its_life(db):
    campaign = drafted()

    states = [campaign.state, activate(campaign).activation.campaign.state]
    states += [pause(campaign).state, resume(campaign).state, end(campaign).state]

    assert states == ["draft", "active", "paused", "active", "ended"]


# Races


def write_while_asked(names, seconds):
    """Changes, one transaction each, for a while."""
    source = Source.objects.get(code__startswith="shop")
    meet()
    for name in names:
        with transaction.atomic():
            hear([Said(name, "payment", "paid")], source)
            time.sleep(seconds)


def activate_amid(seconds, effective_from_the_beginning):
    meet()
    time.sleep(seconds)
    activated = activate(Campaign.objects.get(), from_the_beginning=effective_from_the_beginning)
    fill_at_once(activated.back_fill)


def create_while_asked(names, seconds):
    """New orders, one transaction each, for a while: every other one by the API's way."""
    source = Source.objects.get(code__startswith="shop")
    meet()
    for place, name in enumerate(names):
        with transaction.atomic():
            if place % 2:
                upsert_orders([read_order({"external_id": name})], source)
            else:
                Order(external_id=name).save()
            time.sleep(seconds)


def make_status(code):
    meet()
    StatusFactory(type="payment", code=code)


def sweep_now():
    meet()
    return sweep()


def activate_now():
    meet()
    activate(Campaign.objects.get())


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
@pytest.mark.xdist_group("races")
class TestRaces:
    @pytest.fixture
    def orders(self, transactional_db):
        Shop()
        return [OrderFactory().external_id for _ in range(40)]

    @pytest.mark.parametrize("from_the_beginning", [False, True])
    def test_what_must_start_starts_however_activation_and_writer_meet(self, pair, orders, from_the_beginning):
        drafted()

        pair.run((write_while_asked, orders, 0.005), (activate_amid, 0.1, from_the_beginning))

        [(_version, after, _until, since)] = intervals()
        assert audit()["breaches"]["missing_runs"] == 0
        assert audit()["unaccounted"] == 0
        assert Run.objects.count() == 40 if from_the_beginning else 0 < Run.objects.count() < 40
        assert (after == 0, since is None) == (from_the_beginning, from_the_beginning)

    @pytest.mark.parametrize("from_the_beginning", [False, True])
    def test_what_is_created_starts_however_activation_and_writer_meet(self, pair, orders, from_the_beginning):
        drafted(trigger={"kind": "order_created"})
        names = [f"N-{n}" for n in range(40)]

        pair.run((create_while_asked, names, 0.005), (activate_amid, 0.1, from_the_beginning))

        assert audit()["breaches"]["missing_runs"] == 0
        assert audit()["unaccounted"] == 0
        assert Run.objects.count() == 80 if from_the_beginning else 0 < Run.objects.count() < 40

    def test_two_sweeps_at_once_start_what_came_once(self, pair, orders):
        trigger = {"type": "payment", "statuses": ["paid"], "duration": {"value": 1, "unit": "minutes"}}
        drafted(trigger={"kind": "stuck_in_status", "params": trigger})
        fill_at_once(activate(Campaign.objects.get(), effective_from=timezone.now() - timedelta(hours=2)).back_fill)
        since = timezone.now() - timedelta(minutes=10)
        hear([Said(name, "payment", "paid", since) for name in orders], Source.objects.get(code__startswith="shop"))

        found = pair.run((sweep_now,), (sweep_now,))

        assert (Run.objects.count(), max(found)) == (40, 40)
        assert audit()["unaccounted"] == 0

    def test_a_status_made_while_a_campaign_for_it_is_activated_is_watched_for(self, pair, orders):
        for round in range(10):
            code = f"code-{round}"
            save_draft(definition(sms(), trigger=trigger(to=[code])))

            pair.run((make_status, code), (activate_now,))

            assert Watch.objects.filter(activation__until_transition=None, to_status__code=code).count() == 1


def test_a_one_that_becomes_true_is_a_change(shop):
    """In Python both are equal; an attribute that is 1 is not true."""
    one, true = (
        definition(asks(condition("customer.attribute", "=", value, name="vip"), yes=[sms()])) for value in (1, True)
    )
    campaign = save_draft(one)[0]
    activate(campaign)

    campaign = save_draft(true)[0]

    assert campaign.draft["steps"][0]["params"]["rule"]["rules"][0]["value"] is True
    assert has_news(campaign)
    assert activate(campaign).activation.version.number == 2
