"""A new version takes over: orders under way finish as they entered, go on by it, or stop; each as was chosen."""

from datetime import timedelta

import pytest

from campaigns.books import audit
from campaigns.draining import drain
from campaigns.engine import advance
from campaigns.lifecycle import activate, pause, resume, save_draft
from campaigns.models import Awaited, CampaignVersion, Message, Run, WebhookCall
from campaigns.story import tell
from tests.campaigns.shop import NOON, definition, ending, later, message_of, path, sms, step, wait, webhook
from tests.campaigns.test_interventions import entered
from tests.factories import StatusFactory

pytestmark = pytest.mark.django_db


def publish(*steps, former, **keys):
    return activate(save_draft(definition(*steps, **keys))[0], former=former)


def test_they_finish_as_they_entered_unless_something_else_is_chosen(shop, clock):
    shop.start(wait(), sms(text="old"))
    run = entered(shop)
    drain()

    publish(wait(), sms(text="new"), former="finish")
    later(clock, hours=1)

    assert message_of(run).text == "old"


def test_moved_they_go_on_by_the_new_version_from_where_they_stand(shop, clock):
    shop.start(wait(), sms(text="old"))
    run = entered(shop)
    drain()

    publish(wait(value=2), sms(text="new"), former="move")
    drain()
    run.refresh_from_db()
    assert (run.version.number, run.step, run.due_at.hour) == (2, "pause", 14)
    assert tell(run)[-2] == "It went on by version 2 of the campaign."

    later(clock, hours=2)
    assert message_of(run).text == "new"
    assert path(run)[2:4] == [("pause", "moved"), ("pause", "waiting")]
    assert audit()["unaccounted"] == 0


def test_where_their_step_is_no_longer_they_finish_as_they_entered(shop, clock):
    shop.start(wait("gone"), sms(text="old"))
    run = entered(shop)
    drain()

    publish(sms("other", text="new"), former="move")
    later(clock, hours=1)

    assert message_of(run).text == "old"
    assert run.version.number == 1


def test_a_step_of_another_kind_is_another_step(shop, clock):
    shop.start(wait("a"), sms(text="old"))
    run = entered(shop)
    drain()

    publish(sms("a", text="new"), former="move")
    later(clock, hours=1)

    assert message_of(run).text == "old"


def test_who_is_not_in_yet_is_let_in_by_the_trigger_that_started_it(shop):
    """The new version would ask whether the order still stands where it came; the old one does not."""
    stuck = {"type": "payment", "statuses": ["paid"], "duration": {"value": 1, "unit": "days"}}
    shop.start(sms(text="old"))
    run = entered(shop)
    shop.tell("O-1", "invoiced")

    publish(sms(text="new"), former="move", trigger={"kind": "stuck_in_status", "params": stuck})
    drain()

    assert path(run)[0] == ("", "admitted")
    assert ending(run) == ("finished", "")


def test_a_text_that_is_owed_stays_as_it_was_and_then_they_move(shop):
    shop.start(sms(text="old"))
    run = entered(shop)
    advance()

    publish(sms(text="new"), sms("more", text="more"), former="move")
    drain()

    assert [message.text for message in Message.objects.order_by("pk")] == ["old", "more"]
    assert ending(run) == ("finished", "")
    assert audit()["unaccounted"] == 0


def test_stopped_they_stop_at_once_however_long_they_would_have_waited(shop):
    shop.start(wait(value=30, unit="days"), sms())
    run = entered(shop)
    drain()

    publish(sms(), former="stop")
    drain()

    assert ending(run) == ("stopped", "new_version")
    assert tell(run)[-1] == "It stopped: a new version of the campaign took its place."
    assert audit()["unaccounted"] == 0


def test_stopped_with_a_text_for_tomorrow_the_text_is_not_sent(shop, clock):
    clock.move_to(NOON.replace(hour=22))
    shop.start(sms(deliver="outside_quiet_hours"))
    run = entered(shop)
    drain()
    assert message_of(run).is_held

    publish(sms("other"), former="stop")
    drain()

    assert message_of(run).skip_reason == "stopped"
    assert ending(run)[0] == "stopped"
    assert audit()["unaccounted"] == 0


def test_stopped_with_a_webhook_to_be_called_again_it_is_not(shop, receiver, clock):
    receiver.says = 503
    shop.start(webhook())
    run = entered(shop)
    drain()

    publish(sms("other"), former="stop")
    drain()

    call = WebhookCall.objects.get()
    assert (call.attempts, call.skip_reason) == (1, "stopped")
    assert ending(run) == ("stopped", "new_version")
    assert audit()["unaccounted"] == 0


def test_who_was_to_stop_stops_whatever_comes_after(shop):
    shop.start(wait(value=30, unit="days"))
    run = entered(shop)
    drain()
    publish(wait("b"), former="stop")

    publish(wait("c"), former="finish")
    drain()

    assert ending(run) == ("stopped", "new_version")


def test_while_it_is_paused_nobody_is_moved_or_stopped(shop):
    campaign = shop.start(wait(value=30, unit="days"))
    run = entered(shop)
    drain()
    publish(wait("b"), former="stop")
    pause(campaign)
    drain()
    assert ending(run) == ("waiting", "")

    resume(campaign)
    drain()

    assert ending(run) == ("stopped", "new_version")


def test_who_enters_meanwhile_enters_the_new_version(shop):
    shop.start(wait())
    publish(wait("b"), former="stop")
    run = entered(shop)
    drain()

    assert (run.version, ending(run)) == (CampaignVersion.objects.get(number=2), ("waiting", ""))


# Resumed


def test_on_resume_what_is_old_is_dropped_if_that_is_wanted(shop, clock):
    campaign = shop.start(wait(), sms(), wait("last"))
    old = entered(shop)
    drain()
    later(clock, minutes=30)
    young = entered(shop, "O-2")
    drain()
    pause(campaign)
    later(clock, hours=2)

    resume(campaign, drop_due_before=NOON.replace(hour=13, minute=15))
    drain()

    assert ending(old) == ("stopped", "was_paused")
    assert ending(young)[0] == "waiting"
    assert Run.objects.count() == 2
    assert tell(old)[-2] == "It stopped: the campaign was paused when it was due."
    assert audit()["unaccounted"] == 0


def test_texts_that_were_due_are_dropped_too(shop, clock):
    campaign = shop.start(sms())
    run = entered(shop)
    advance()
    pause(campaign)
    later(clock, hours=2)

    resume(campaign, drop_due_before=NOON.replace(hour=13))
    drain()

    assert message_of(run).skip_reason == "was_paused"
    assert audit()["unaccounted"] == 0


def test_what_is_dropped_goes_no_other_way(shop, clock):
    campaign = shop.start(sms(not_sent=[sms("instead")]))
    run = entered(shop)
    advance()
    pause(campaign)
    later(clock, hours=2)

    resume(campaign, drop_due_before=NOON.replace(hour=13))
    drain()

    assert ending(run) == ("stopped", "was_paused")
    assert [message.step for message in Message.objects.all()] == ["text"]
    assert audit()["unaccounted"] == 0


def test_moved_they_are_not_woken_by_what_the_new_version_does_not_ask(shop):
    shop.start(wait(), stop_on=[{"type": "payment", "to": ["refunded"]}])
    entered(shop)
    drain()
    assert Awaited.objects.count() == 1

    publish(wait(), former="move")
    drain()

    assert Awaited.objects.count() == 0


# What woke an order while its campaign was paused is not what it waits for.


def waiting_for_days(shop):
    stop_on = [{"type": "payment", "to": ["invoiced"]}]
    return shop.start(wait(value=3, unit="days"), sms(), stop_on=stop_on)


def test_who_was_only_asked_again_in_a_pause_is_not_dropped(shop, clock):
    StatusFactory(type="payment", code="settled")
    campaign = waiting_for_days(shop)
    run = entered(shop)
    drain()
    pause(campaign)
    shop.tell("O-1", "settled")
    drain()
    later(clock, hours=2)

    resume(campaign, drop_due_before=NOON.replace(hour=13))
    drain()

    run.refresh_from_db()
    assert (ending(run), run.due_at) == (("waiting", ""), NOON + timedelta(days=3))
    assert path(run) == [("", "admitted"), ("pause", "waiting")]


def test_news_since_then_do_not_drop_who_had_to_wait_then(shop, clock):
    """At one it had to wait on, for what came at two."""
    for code in ("settled", "booked"):
        StatusFactory(type="payment", code=code)
    awaited = {"type": "payment", "to": ["booked"], "duration": {"value": 3, "unit": "days"}}
    campaign = shop.start(step("wait_for_status", "booking", {"arrived": [sms()]}, **awaited))
    run = entered(shop)
    drain()
    pause(campaign)
    shop.tell("O-1", "settled")
    drain()
    later(clock, hours=2)
    shop.tell("O-1", "booked")
    drain()

    resume(campaign, drop_due_before=NOON.replace(hour=13))
    drain()

    assert path(run)[:2] == [("", "admitted"), ("booking", "waiting")]
    assert ("booking", "arrived") in path(run)


def test_a_text_for_the_morning_that_was_only_asked_again_in_a_pause_is_not_dropped(shop, clock):
    StatusFactory(type="payment", code="settled")
    clock.move_to(NOON.replace(hour=22))
    campaign = shop.start(sms(deliver="outside_quiet_hours"), stop_on=[{"type": "payment", "to": ["invoiced"]}])
    run = entered(shop)
    drain()
    pause(campaign)
    shop.tell("O-1", "settled")
    drain()
    later(clock, hours=2)

    resume(campaign, drop_due_before=NOON.replace(hour=23))
    drain()
    assert message_of(run).state == "pending"

    later(clock, hours=9)
    assert message_of(run).state == "accepted"
