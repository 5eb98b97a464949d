"""The operator's page, and the switch that stops all sending."""

from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns.models import Audit, Message, SmsGateway
from campaigns.sms.sending import LEASE, send_due
from campaigns.tasks import recover_expired
from tests.campaigns.shop import sms
from tests.factories import OrderFactory
from tests.screens import HTMX, cost, done, signed_in
from workspace.heartbeats import beat
from workspace.models import Heartbeat, Workspace
from workspace.queues import QUEUES

pytestmark = pytest.mark.django_db

SYSTEM, NOW, PAUSE, RESUME = (f"/admin/system/{verb}" for verb in ("", "now/", "pause/", "resume/"))


@pytest.fixture
def admin():
    return signed_in(is_superuser=True)


def lines(client):
    """{label: value and note, without markup} of the page."""
    parts = client.get(SYSTEM).context["parts"]
    return {str(line.label): (plain(line.value), plain(line.note)) for part in parts for line in part.lines}


def plain(html):
    return str(html).split(">", 1)[-1].split("<")[0] if "<" in str(html) else str(html)


def test_it_says_who_is_at_work_and_who_is_silent(admin):
    now = timezone.now()
    beat("runs")
    Heartbeat.objects.create(name="sending", at=now - timedelta(minutes=5))

    told = lines(admin)

    assert told["Orders going through campaigns"][0] == "At work"
    assert told["Messages being sent"] == ("Silent", "5 min ago")
    assert told["Sweeps, asked for by beat"][0] == "Never heard of"


def test_a_sweep_that_beat_asked_for_is_a_sign_of_life(admin):
    recover_expired()

    assert lines(admin)["Sweeps, asked for by beat"] == ("At work", "0 s ago")


def test_what_waits_is_told_by_the_age_of_the_oldest(admin, shop, clock):
    shop.start(sms())
    shop.order("O-1")
    shop.tell("O-1", "paid")
    clock.shift(timedelta(minutes=5))

    told = lines(admin)

    assert told["Oldest order that waits for a worker"][0] == "5 min"
    assert told["Orders that wait too long"][0] == "1"
    assert told["Oldest message to be sent"][0] == "none"


def test_messages_due_called_and_unknown_are_told(admin, shop, clock):
    shop.start(sms())
    for name in ("O-1", "O-2", "O-3"):
        shop.pay(name)
    now, rows = timezone.now(), list(Message.objects.order_by("pk"))
    for message, state in zip(rows, ("pending", "calling", "unknown"), strict=True):
        leased_until = now + LEASE if state == "calling" else None
        Message.objects.filter(pk=message.pk).update(state=state, due_at=now, called_at=now, leased_until=leased_until)
    clock.shift(timedelta(seconds=40))

    told = lines(admin)

    assert told["Oldest message to be sent"][0] == "40 s"
    assert told["Longest in a worker's hands"][0] == "40 s"
    assert told["Messages to settle"][0] == "1"
    assert told["Messages that wait too long"][0] == "none"


def test_gateways_are_told_with_their_last_error_while_it_is_news(admin):
    now = timezone.now()
    SmsGateway.objects.create(code="a", name="A", kind="memory", last_error="Down", last_error_at=now)
    SmsGateway.objects.create(
        code="b", name="B", kind="memory", last_error="Old", last_error_at=now - timedelta(hours=2), last_sent_at=now
    )

    told = lines(admin)

    assert told["A"] == ("Active, nothing sent yet", "0 s ago: Down")
    assert told["B"] == ("Active", "Last sent 0 s ago")


@pytest.mark.parametrize("address", [SYSTEM, NOW])
def test_it_costs_the_same_however_much_there_is(admin, shop, address):
    shop.start(sms())
    SmsGateway.objects.create(code="a", name="A", kind="memory", is_active=False)
    for queue in QUEUES:
        beat(queue)
    few = cost(admin, address)

    for order in OrderFactory.create_batch(10):
        shop.tell(order.external_id, "paid")
    for code in "bcd":
        SmsGateway.objects.create(code=code, name=code, kind="memory", is_active=False)

    assert cost(admin, address) == few
    assert few <= 26


def test_the_part_that_is_drawn_anew_is_a_part(admin):
    html = admin.get(NOW).content.decode()

    assert "<html" not in html
    assert "What is due" in html


def test_pausing_holds_every_message_until_it_is_resumed(admin, shop):
    shop.start(sms())
    admin.post(PAUSE, headers=HTMX)
    shop.pay()

    assert send_due() == 0
    assert Message.objects.get().state == "pending"
    admin.post(RESUME)
    send_due()

    assert Message.objects.get().state == "accepted"
    assert done() == [("paused", {}), ("resumed", {})]


def test_pausing_asks_first(admin):
    window = admin.get(PAUSE, headers=HTMX).content.decode()
    page = admin.get(PAUSE).content.decode()

    for html in (window, page):
        assert "No gateway is asked to send anything" in html
    assert Workspace.current().sending_paused_at is None


def test_each_page_says_who_paused_and_when_and_lets_one_resume(admin):
    admin.post(PAUSE)

    for address in ("/admin/workspace/user/", SYSTEM):
        html = admin.get(address).content.decode()
        assert html.count("All sending is paused.") == 1
        assert f"by {admin.user.username}" in html
        assert f'action="{RESUME}"' in html
    admin.post(RESUME)
    assert "All sending is paused." not in admin.get("/admin/workspace/user/").content.decode()


def test_who_pauses_what_is_paused_changes_nothing(admin):
    admin.post(PAUSE)
    before = Workspace.current()

    signed_in("workspace.pause_sending").post(PAUSE)

    after = Workspace.current()
    assert (after.sending_paused_at, after.sending_paused_by) == (before.sending_paused_at, admin.user)
    assert done() == [("paused", {})]


def test_messages_that_wait_because_of_the_pause_are_not_called_late(admin, shop, clock):
    for queue in QUEUES:
        beat(queue)
    shop.start(sms())
    shop.pay()
    Message.objects.update(state="pending", due_at=timezone.now() - timedelta(minutes=5))

    late = admin.get("/admin/workspace/user/").content.decode()
    admin.post(PAUSE)
    paused = admin.get("/admin/workspace/user/").content.decode()

    assert "Work is late." in late
    assert "Work is late." not in paused


def test_who_may_look_cannot_pause(shop):
    viewer = signed_in("workspace.view_workspace")

    html = viewer.get(SYSTEM).content.decode()

    assert "Pause all sending" not in html
    assert viewer.get(PAUSE).status_code == 403
    assert viewer.post(PAUSE).status_code == 403
    assert viewer.post(RESUME).status_code == 403
    assert Workspace.current().sending_paused_at is None


def test_others_see_none_of_it():
    stranger = signed_in("campaigns.view_message")

    for address in (SYSTEM, NOW, PAUSE):
        assert stranger.get(address).status_code == 403
    groups = stranger.get("/admin/").context["sidebar_navigation"]
    assert "System" not in [item["title"] for group in groups for item in group["items"]]


def test_pausing_needs_the_token_against_forged_requests(admin):
    admin.handler.enforce_csrf_checks = True

    assert admin.post(PAUSE).status_code == 403
    assert admin.post(RESUME).status_code == 403


def test_resuming_is_never_done_by_following_a_link(admin):
    assert admin.get(RESUME).status_code == 405


def test_the_last_audit_is_told(admin):
    assert "Unaccounted for" not in lines(admin)
    Audit.keep({"unaccounted": 2, "breaches": {"missing_runs": 2, "broken_chains": 0}}, 1.5)

    told = lines(admin)

    assert told["Unaccounted for"][:2] == ("2", "missing_runs: 2")
