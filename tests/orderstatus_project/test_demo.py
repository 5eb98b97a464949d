import json
import random
import stat
from datetime import timedelta

import pytest
import time_machine
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from campaigns.books import audit
from campaigns.draining import drain
from campaigns.models import Campaign, Message, PhoneText
from customers.models import Customer
from customers.phones import PhoneKind
from orders.models import Order, StatusChange, StatusTransition
from orderstatus_project.demo import controls, simulator
from orderstatus_project.demo.seed import ensure_key, seed
from orderstatus_project.demo.shop import CAMPAIGNS, DONE
from orderstatus_project.kept import keep, read_kept
from statuses.models import OrderStatus
from workspace.models import ApiKey, Source, User, Workspace


def test_the_whole_demo_is_there_and_its_books_balance(db, var_dir):
    assert seed()

    assert OrderStatus.objects.count() == 11
    assert Customer.objects.count() == 320
    assert Order.objects.count() == 441
    assert StatusTransition.objects.exclude(silent_because="history").count() == 0
    assert set(Campaign.objects.values_list("code", "state")) == {
        ("ready-for-pickup", "active"), ("thanks-for-paying", "active"),
    }  # fmt: skip
    assert Workspace.orders_are_on()
    assert audit()["unaccounted"] == 0


def test_it_looks_lived_in(small_demo):
    times = StatusTransition.objects.order_by("occurred_at")
    oldest, newest = times[0].occurred_at, times.last().occurred_at

    assert newest <= timezone.now()
    assert newest - oldest > timedelta(days=3)
    assert not StatusChange.objects.exclude(verdict="moved").exists()


def test_a_second_seed_changes_nothing(small_demo):
    before = (Order.objects.count(), Customer.objects.count(), StatusTransition.objects.count())

    assert not seed()

    assert (Order.objects.count(), Customer.objects.count(), StatusTransition.objects.count()) == before


def test_the_visitors_order_is_one_step_from_a_text(small_demo):
    order = Order.objects.with_statuses().get(external_id="DEMO-1001")

    assert (order.delivery_status.code, order.payment_status.code) == ("shipped", "paid")
    assert (str(order.customer), order.customer.sms_consent) == ("Ada Lindqvist", "given")
    assert order.customer.phone_kind == PhoneKind.UNKNOWN


def test_the_shop_speaks_live_with_a_test_key_kept_for_its_owner_alone(small_demo, var_dir):
    key = ApiKey.objects.get()

    assert key.is_test
    assert Source.objects.get(code="demo-shop").mode == "live"
    assert read_kept()["DEMO_KEY"] == small_demo
    assert stat.S_IMODE((var_dir / "demo.env").stat().st_mode) == 0o600


def test_a_key_that_was_lost_is_made_anew_and_the_old_one_revoked(small_demo, var_dir):
    (var_dir / "demo.env").unlink()

    key = ensure_key()

    assert key != small_demo
    assert ApiKey.objects.usable().count() == 1
    assert ensure_key() == key


def test_the_first_login_is_made_once_and_kept(db, var_dir):
    call_command("make_login", verbosity=0)
    kept = read_kept()
    call_command("make_login", verbosity=0)

    assert read_kept() == kept
    assert User.objects.get().check_password(kept["ADMIN_PASSWORD"])


def test_a_password_somebody_chose_is_not_ours_to_show(db, var_dir):
    call_command("make_login", verbosity=0)
    user = User.objects.get()
    user.set_password("their own")
    user.save()

    call_command("make_login", verbosity=0)

    assert read_kept()["ADMIN_PASSWORD"] == ""
    assert User.objects.get().check_password("their own")


def test_where_people_can_log_in_no_login_is_made(db, var_dir):
    User.objects.create_superuser("boss", password="x")

    call_command("make_login", verbosity=0)

    assert User.objects.get().username == "boss"


def test_what_is_kept_stays_beside_what_is_added(db, var_dir):
    keep(A="1")
    keep(B="2")

    assert read_kept() == {"A": "1", "B": "2"}


class ClientApi:
    """The real API, asked without a socket."""

    def __init__(self, key):
        self.key, self.asked = key, []

    def post(self, path, body):
        self.asked.append((path, body))
        answer = Client().post(
            f"/api/v1/{path}", json.dumps(body), content_type="application/json",
            headers={"Authorization": f"Bearer {self.key}"},
        )  # fmt: skip
        return answer.status_code, answer.json()


@pytest.fixture
def shop(small_demo):
    shop = simulator.read_shop(ClientApi(small_demo))
    shop.chance = random.Random(7)
    return shop


def test_the_shop_knows_its_orders_but_for_the_visitors(shop):
    known = {order.external_id for order in shop.orders if order.stage != DONE}

    assert len(known) == 22
    assert "DEMO-1001" not in known


def test_a_few_minutes_of_business(shop):
    for _ in range(10):
        for _ in range(4):
            shop.act()
        drain()
    with time_machine.travel(timezone.now() + timedelta(minutes=2)):
        drain()

    verdicts = set(StatusChange.objects.values_list("verdict", flat=True))
    campaigns = set(Message.objects.values_list("campaign__code", flat=True))
    assert verdicts == {"moved", "late"}
    assert controls.last_repeats()
    assert campaigns == {definition["code"] for definition in CAMPAIGNS}
    assert Order.objects.count() > 29
    assert Message.objects.filter(is_test=False).count() == 0
    assert PhoneText.objects.count() == Message.objects.filter(state="accepted").count() > 0
    assert audit()["unaccounted"] == 0


@pytest.mark.proof
def test_business_goes_on_for_days(shop):
    for _ in range(200):
        shop.act()

    assert 20 < len(shop.orders) < 100
    assert StatusTransition.objects.filter(silent_because="").count() > 200


def test_on_opening_somebody_is_surely_texted(shop):
    assert shop.bring_to_pickup(surely_texted=True)
    drain()

    assert PhoneText.objects.count() == 1


def test_an_order_that_is_gone_is_sold_no_more(shop):
    order = shop.orders[-1]
    Order.objects.filter(external_id=order.external_id).update(external_id="renamed")

    moved = shop._tell(order, (("general", "agreed"),))

    assert not moved
    assert order not in shop.orders


@pytest.mark.parametrize("now", [0, 6, 12, 18])
def test_the_first_text_comes_at_any_hour(shop, now):
    with time_machine.travel(timezone.now().replace(hour=now) + timedelta(days=1)):
        shop.bring_to_pickup(surely_texted=True)
        drain()

        assert PhoneText.objects.count() == 1


NOW = 1_000_000.0
RUNNING = controls.Controls()


def a_clock(acted_s_ago=0.0, looked_s_ago=0.0):
    clock = simulator.Clock(NOW - looked_s_ago)
    clock.acted_at = NOW - acted_s_ago
    return clock


@pytest.mark.parametrize(
    ("acted_s_ago", "told", "asked"),
    [
        (4.9, RUNNING, ""),
        (5.1, RUNNING, "due"),
        (1.1, controls.Controls(is_fast=True), "due"),
        (60.0, controls.Controls(is_paused=True), ""),
    ],
)
def test_the_shop_acts_every_five_seconds(acted_s_ago, told, asked):
    assert a_clock(acted_s_ago).asks(NOW, NOW, told) == asked


def test_it_acts_at_once_when_it_begins():
    assert simulator.Clock(NOW).asks(NOW, 0.0, RUNNING) == "opened"


def test_it_acts_at_once_when_the_page_opens():
    clock = a_clock(acted_s_ago=1.0, looked_s_ago=30.0)

    assert clock.asks(NOW, NOW, RUNNING) == "opened"
    assert clock.asks(NOW, NOW, RUNNING) == ""


def test_it_slows_down_when_nobody_looks():
    clock = a_clock(acted_s_ago=30.0, looked_s_ago=601.0)

    assert clock.asks(NOW, NOW - 601.0, RUNNING) == ""
    assert clock.asks(NOW + 31.0, NOW - 601.0, RUNNING) == "due"


def test_controls_are_lost_without_harm(settings):
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "unix:///nowhere/redis.sock"}}

    controls.Controls(is_paused=True).save()

    assert controls.Controls.read() == controls.Controls()
