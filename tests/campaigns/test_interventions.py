"""What a person does about orders under way: held, released, tried again, stopped; beside workers, and in the books."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.books import audit
from campaigns.draining import drain
from campaigns.engine import advance
from campaigns.interventions import Done, Why, hold, release, retry, stop
from campaigns.lifecycle import activate, end, save_draft
from campaigns.models import Awaited, CampaignVersion, Message, Run
from campaigns.sms.sending import send_due
from campaigns.steps.actions import wait as wait_kind
from campaigns.story import tell
from orders.models import Order
from orders.said import Said
from orders.transitions import hear
from tests.campaigns.shop import NOON, Shop, definition, ending, later, message_of, path, sms, wait
from tests.processes import meet
from workspace.models import User

pytestmark = pytest.mark.django_db

WHY = Why("asked by Ann")


def entered(shop, order="O-1"):
    shop.order(order)
    shop.tell(order, "paid")
    return Run.objects.get(order__external_id=order)


# Held and released


def test_held_at_the_gate_it_waits_until_it_is_released(shop):
    shop.start(sms())
    run = entered(shop)

    assert hold(Run.objects.all(), WHY) == Done(1, 0)
    drain()
    assert path(run) == [("", "held")]
    assert audit()["unaccounted"] == 0

    assert release(Run.objects.all(), WHY) == Done(1, 0)
    drain()
    assert ending(run) == ("finished", "")
    assert [outcome for _step, outcome in path(run)] == ["held", "released", "admitted", "owed", "sent"]
    assert audit()["unaccounted"] == 0


def test_held_while_it_waits_it_waits_no_longer_than_it_would_have(shop, clock):
    shop.start(wait(), sms())
    run = entered(shop)
    drain()
    hold(Run.objects.all(), WHY)
    later(clock, minutes=30)
    release(Run.objects.all(), WHY)
    drain()
    run.refresh_from_db()
    assert run.due_at == NOON + timedelta(hours=1)

    later(clock, minutes=30)

    assert ending(run) == ("finished", "")


def test_held_with_a_text_that_is_owed_the_text_waits_too(shop, clock):
    shop.start(sms())
    run = entered(shop)
    advance()
    hold(Run.objects.all(), WHY)

    later(clock, hours=2)
    assert message_of(run).state == "pending"
    assert tell(Run.objects.get())[-2:] == ["Somebody held it: asked by Ann.", "It is held until somebody releases it."]
    assert audit()["unaccounted"] == 0

    release(Run.objects.all(), WHY)
    drain()
    assert message_of(run).state == "accepted"
    assert ending(run) == ("finished", "")


def test_a_text_that_is_sent_although_it_is_held_wakes_it_once_it_is_released(shop):
    shop.start(sms())
    run = entered(shop)
    advance()
    send_due()
    Run.objects.update(due_at=None)  # as if the answer were still awaited
    hold(Run.objects.all(), WHY)
    Run.objects.filter(pk=run.pk).wake(NOON)
    drain()
    assert ending(run) == ("waiting", "")

    release(Run.objects.all(), WHY)
    drain()

    assert ending(run) == ("finished", "")
    assert audit()["unaccounted"] == 0


def test_what_is_not_held_is_not_released(shop):
    shop.start(wait())
    run = entered(shop)

    assert release(Run.objects.all(), WHY) == Done(0, 0)
    assert path(run) == []


# Stopped


def test_stopped_it_gets_no_text(shop):
    shop.start(wait(), sms())
    run = entered(shop)
    drain()

    ann = User.objects.create_user("ann", first_name="Ann", last_name="Lee")
    assert stop(Run.objects.all(), Why("cancelled", ann.pk)) == Done(1, 0)
    drain()

    assert ending(run) == ("stopped", "by_person")
    assert not Message.objects.exists()
    assert tell(Run.objects.get())[-1] == "Ann Lee stopped it: cancelled."
    assert audit()["unaccounted"] == 0


def test_stopped_with_a_text_that_is_owed_the_text_is_not_sent(shop):
    shop.start(sms())
    run = entered(shop)
    advance()

    stop(Run.objects.all(), WHY)
    drain()

    message = message_of(run)
    assert (message.state, message.skip_reason) == ("skipped", "stopped")
    assert ending(run) == ("stopped", "by_person")
    assert audit()["unaccounted"] == 0


def test_a_text_that_a_worker_had_locked_meets_the_law(shop):
    shop.start(sms())
    run = entered(shop)
    advance()
    stop(Run.objects.all(), WHY)
    Message.objects.update(state="pending", skip_reason="", due_at=NOON, ended_at=None)

    send_due()

    assert message_of(run).skip_reason == "stopped"


def test_stopped_while_it_is_held(shop):
    shop.start(sms())
    run = entered(shop)
    hold(Run.objects.all(), WHY)

    stop(Run.objects.all(), WHY)

    run.refresh_from_db()
    assert (run.state, run.held_at, run.due_at) == ("stopped", None, None)
    assert audit()["unaccounted"] == 0


def test_held_in_a_campaign_that_ends_it_is_stopped(shop):
    campaign = shop.start(wait())
    run = entered(shop)
    hold(Run.objects.all(), WHY)

    end(campaign)
    drain()

    assert ending(run) == ("stopped", "campaign_ended")
    assert audit()["unaccounted"] == 0


# Tried again


@pytest.fixture
def failing(shop, monkeypatch):
    """A run whose second step failed."""
    shop.start(wait("first"), wait("second"))
    run = entered(shop)

    def fail(*_args):
        raise ZeroDivisionError

    with monkeypatch.context() as broken:
        broken.setattr(wait_kind, "_decide", fail)
        drain()
    assert ending(run) == ("failed", "ZeroDivisionError")
    return run


def test_what_failed_goes_on_where_it_stood(failing, clock):
    assert retry(Run.objects.all(), WHY) == Done(1, 0)
    drain()
    later(clock, hours=1)
    later(clock, hours=1)

    assert ending(failing) == ("finished", "")
    assert ("", "retried") in path(failing)
    assert audit()["unaccounted"] == 0


def test_what_failed_in_a_campaign_that_ended_stays_as_it_is(failing, shop):
    end(failing.campaign)

    assert retry(Run.objects.all(), WHY) == Done(0, 0)


# Many


@pytest.mark.parametrize("verb", [hold, stop])
def test_many_cost_what_few_cost(shop, verb):
    costs = []
    for number in (5, 100 if connection.vendor == "postgresql" else 20):
        shop.start(wait(), code=f"c-{number}")
        hear([Said(shop.order(f"{number}-{n}").external_id, "payment", "paid") for n in range(number)], shop.source)
        runs = Run.objects.filter(campaign__code=f"c-{number}")
        with CaptureQueriesContext(connection) as queries:
            assert verb(runs, WHY) == Done(number, 0)
        costs.append(len(queries))

    assert costs[0] == costs[1]


# Races


def work_until_it_is_done():
    meet()
    while advance() + send_due():
        pass


def intervene(verbs):
    meet()
    for verb in verbs:
        verb(Run.objects.all(), WHY)


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
@pytest.mark.xdist_group("races")
class TestRaces:
    @pytest.fixture
    def crowd(self, transactional_db):
        shop = Shop()
        activate(save_draft(definition(sms("one"), sms("two"), sms("three")))[0])
        orders = Order.objects.bulk_create([Order(external_id=f"O-{n}") for n in range(3000)])
        hear([Said(order.external_id, "payment", "paid") for order in orders], shop.source)
        return CampaignVersion.objects.get()

    @pytest.mark.parametrize("verbs", [(hold, release), (hold, stop), (stop,), (hold, release, hold, release)])
    def test_beside_a_worker_no_decision_is_lost(self, pair, crowd, verbs):
        pair.run((work_until_it_is_done,), (intervene, verbs))
        assert audit()["unaccounted"] == 0

        release(Run.objects.all(), WHY)
        drain()

        assert audit()["unaccounted"] == 0
        assert not Run.objects.filter(state="waiting").exists()
        assert not Message.objects.filter(ended_at=None).exists()


def test_stopped_it_is_woken_by_nothing_any_more(shop):
    shop.start(wait(), stop_on=[{"type": "payment", "to": ["refunded"]}])
    entered(shop)
    drain()
    assert Awaited.objects.count() == 1

    stop(Run.objects.all(), WHY)

    assert Awaited.objects.count() == 0
