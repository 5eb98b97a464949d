"""Orders is turned off while campaigns depend on it, and on again."""

from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns.books import audit
from campaigns.draining import drain
from campaigns.engine import advance
from campaigns.models import Message, Run
from tests.campaigns.shop import NOON, at, ending, later, path, sms, wait
from workspace.models import Workspace

pytestmark = pytest.mark.django_db


def entered(shop, order="O-1"):
    shop.order(order)
    shop.tell(order, "paid")
    return Run.objects.get(order__external_id=order)


def test_off_it_holds_what_goes_through_campaigns(shop):
    shop.start(sms())
    run = entered(shop)

    Workspace.turn_orders_off()
    drain()

    assert ending(run) == ("waiting", "")
    assert path(run) == []


def test_off_it_holds_what_is_about_to_be_sent(shop):
    shop.start(sms())
    entered(shop)
    advance()

    Workspace.turn_orders_off()
    drain()

    assert Message.objects.get().state == "pending"


def test_on_again_everything_goes_on(shop):
    shop.start(sms())
    run = entered(shop)
    Workspace.turn_orders_off()

    assert Workspace.turn_orders_on()
    drain()

    assert ending(run) == ("finished", "")
    assert not Workspace.turn_orders_on()


def test_on_again_what_grew_old_is_dropped_if_that_is_wanted(shop):
    with at(NOON) as clock:
        shop.start(sms(), wait(value=3, unit="days"))
        old, owed = entered(shop, "O-1"), entered(shop, "O-2")
        Run.objects.filter(pk=old.pk).update(due_at=timezone.now() + timedelta(seconds=1))
        advance()
        Workspace.turn_orders_off()
        later(clock, hours=5)
        Workspace.turn_orders_on(drop_due_before=timezone.now())
        drain()

        assert ending(old) == ("stopped", "orders_were_off")
        assert ending(owed) == ("stopped", "orders_were_off")
        assert Message.objects.get().skip_reason == "orders_were_off"
        assert audit()["unaccounted"] == 0


def test_what_was_not_due_yet_is_not_dropped(shop):
    with at(NOON) as clock:
        shop.start(wait(value=2, unit="days"), sms())
        run = entered(shop)
        drain()
        Workspace.turn_orders_off()
        later(clock, hours=5)
        Workspace.turn_orders_on(drop_due_before=timezone.now())

        later(clock, days=2)

        assert ending(run) == ("finished", "")


def test_what_comes_after_it_is_on_again_is_not_dropped(shop):
    with at(NOON) as clock:
        shop.start(sms())
        Workspace.turn_orders_off()
        later(clock, hours=5)
        Workspace.turn_orders_on(drop_due_before=timezone.now())
        run = entered(shop)

        drain()

        assert ending(run) == ("finished", "")
