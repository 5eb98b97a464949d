import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.draining import drain
from campaigns.models import Message, PhoneText, Run
from customers.models import Customer
from orders.models import Order, StatusChange
from orders.said import Said
from orders.transitions import hear
from orderstatus_project.demo import controls
from statuses.models import OrderStatus
from workspace.models import Source, User, Workspace


@pytest.fixture
def admin(client, db):
    client.force_login(User.objects.create_superuser("admin"))
    return client


@pytest.fixture
def demo(admin, small_demo):
    return admin


def status(code):
    return OrderStatus.objects.get(code=code)


def live(client, **parameters):
    return client.get("/admin/start/live/", parameters).json()


def move(client, code="at_pickup_point"):
    return client.post("/admin/start/move/", {"status": status(code).pk}).json()


def tell(order, type, code):
    source = Source.objects.get(code="demo-shop")
    return hear([Said(order, type, code)], source, is_test=True).heard[0]


def bring_to_pickup(**customer):
    orders = Order.objects.filter(delivery_status__code="shipped").exclude(external_id="DEMO-1001")
    order = orders.order_by("pk")[0]
    Customer.objects.filter(pk=order.customer_id).update(**customer)
    tell(order.external_id, "delivery", "at_pickup_point")
    return order


def test_the_login_leads_to_it(client, small_demo):
    User.objects.create_superuser("admin", password="secret")

    answer = client.post("/admin/login/", {"username": "admin", "password": "secret"}, follow=True)

    assert answer.redirect_chain == [("/admin/", 302)]
    assert b"Start here" in answer.content
    assert b"st-phone" in answer.content


def test_it_leads_to_a_status_and_a_campaign_of_ones_own(demo):
    page = demo.get("/admin/").content.decode()

    assert 'hx-get="/admin/statuses/orderstatus/add-status/"' in page
    assert 'href="/admin/campaigns/campaign/add/"' in page


def test_opening_it_tells_the_shop(demo):
    assert controls.looked_at() == 0

    demo.get("/admin/")

    assert controls.looked_at() > 0


def test_a_text_arrives_on_the_phone_and_in_the_strip(demo):
    order = bring_to_pickup(first_name="Aiko", sms_consent="given", phone="+12025550100", phone_kind="unknown")
    drain()

    now = live(demo)

    assert f"Hi Aiko, your order {order.external_id} is ready for pickup" in now["phone"]
    assert f"To Aiko · {order.external_id}" in now["phone"]
    assert "Shipped → At pickup point" in now["strip"]
    assert "sent in 0." in now["strip"]


def test_a_text_that_was_not_sent_says_why(demo):
    bring_to_pickup(sms_consent="refused", phone="+12025550100", phone_kind="unknown")
    drain()

    now = live(demo)

    assert "st-unsent" in now["phone"]
    assert "Not sent: the customer refused" in now["phone"]


def test_a_text_that_is_held_says_until_when_and_where(demo, time_machine):
    time_machine.move_to("2030-01-01T15:00:00Z", tick=False)  # midnight in Tokyo
    demo.force_login(User.objects.get())  # the session of today is long over
    order = Order.objects.filter(payment_status__code="awaiting_payment").first()
    Customer.objects.filter(pk=order.customer_id).update(
        sms_consent="given", phone="+12025550100", phone_kind="unknown", timezone="Asia/Tokyo"
    )
    tell(order.external_id, "payment", "paid")
    drain()
    waits = live(demo)["strip"]
    time_machine.shift(61)
    drain()

    assert "data-until" in waits
    assert "Held until 09:00 Tokyo" in live(demo)["phone"]


def test_late_and_repeated_events_are_shown(demo):
    order = bring_to_pickup()
    source = Source.objects.get(code="demo-shop")
    early = order.ordered_at
    hear([Said(order.external_id, "delivery", "shipped", early)], source)
    controls.tell_repeat(order.external_id, "at_pickup_point")

    strip = live(demo)["strip"]

    assert "“Shipped” came late: kept, nothing moved" in strip
    assert "“At pickup point” told again: duplicate, no second text" in strip


def test_moving_the_order_oneself_brings_a_text_and_the_reason(demo):
    mine = move(demo)["mine"]
    drain()

    told = live(demo, mine=mine)["mine"]
    run = Run.objects.get()
    why = demo.get(f"/admin/start/why/{run.pk}/").content.decode()

    assert "Shipped → At pickup point" in told
    assert f"/admin/start/why/{run.pk}/" in told
    assert PhoneText.objects.get().text.startswith("Hi Ada, your order DEMO-1001 is ready for pickup")
    assert "Why did she get this?" in why
    assert why.count("<li>") == 5


def test_the_same_event_again_is_a_duplicate(demo):
    mine = move(demo)["mine"]
    drain()

    said = demo.post("/admin/start/again/", {"mine": mine}).json()
    drain()

    assert said == {"said": "Duplicate, no second text."}
    assert Message.objects.count() == 1


def test_a_move_to_where_it_stands_moves_nothing(demo):
    mine = move(demo, "shipped")["mine"]

    assert "It is there already: nothing moved, no text." in live(demo, mine=mine)["mine"]
    assert not Run.objects.exists()


def test_a_move_that_no_campaign_waits_for_says_so(demo):
    mine = move(demo, "delivered")["mine"]

    assert "No campaign waits for this change." in live(demo, mine=mine)["mine"]


def test_other_orders_are_not_moved_or_shown_here(demo):
    bring_to_pickup()
    other = StatusChange.objects.latest("pk").pk

    assert demo.post("/admin/start/again/", {"mine": other}).status_code == 404
    assert demo.get("/admin/start/live/", {"mine": other}).status_code == 404


@pytest.mark.parametrize("number", ["", "x", "-1", "9" * 30])
def test_a_number_that_is_none_is_no_error_of_ours(demo, number):
    assert demo.post("/admin/start/again/", {"mine": number}).status_code == 404
    assert demo.post("/admin/start/move/", {"status": number}).status_code == 404
    assert demo.get("/admin/start/live/", {"mine": number}).status_code == 200


def test_pause_and_faster(demo):
    paused = demo.post("/admin/start/control/", {"paused": "1"}).json()
    faster = demo.post("/admin/start/control/", {"fast": "1"}).json()

    assert paused == {"controls": {"paused": True, "fast": False}}
    assert faster == {"controls": {"paused": True, "fast": True}}
    assert controls.Controls.read() == controls.Controls(is_paused=True, is_fast=True)


def test_it_asks_as_often_whatever_it_shows(demo, everyone_consents):
    bring_to_pickup()
    drain()
    live(demo)
    with CaptureQueriesContext(connection) as few:
        live(demo)
    for _ in range(6):
        bring_to_pickup()
    drain()
    with CaptureQueriesContext(connection) as many:
        live(demo)

    assert len(many) == len(few) < 25


def test_who_may_not_see_messages_sees_the_checklist(client, small_demo):
    client.force_login(User.objects.create_user("clerk", is_staff=True))

    assert b"st-phone" not in client.get("/admin/").content
    assert client.get("/admin/start/live/").status_code == 403
    assert move_status(client) == 403


def test_who_may_only_look_may_not_move(client, small_demo):
    clerk = User.objects.create_user("clerk", is_staff=True)
    clerk.user_permissions.set(Permission.objects.filter(codename__in=["view_message", "view_order"]))
    client.force_login(clerk)
    assert client.get("/admin/start/live/").status_code == 403

    clerk.user_permissions.add(Permission.objects.get(codename="view_personal_data"))

    assert client.get("/admin/start/live/").status_code == 200
    assert move_status(client) == 403
    assert b"/add-status/" not in client.get("/admin/").content
    assert client.post("/admin/start/control/", {"paused": "1"}).status_code == 403


def move_status(client):
    return client.post("/admin/start/move/", {"status": status("at_pickup_point").pk}).status_code


def test_nobody_sees_it_without_a_login(client, small_demo):
    assert client.get("/admin/start/live/").status_code == 302


def test_without_the_demo_a_checklist_leads_the_way(admin, settings):
    settings.DEMO = False
    Workspace.objects.update(orders_enabled=False)

    before = admin.get("/admin/").content.decode()
    Workspace.objects.update(orders_enabled=True)
    OrderStatus.objects.create(type="payment", code="paid", name="Paid")
    after = admin.get("/admin/").content.decode()

    assert "0 of 5 done" in before
    assert all(
        title in before for title in ("Turn Orders on", "Choose your statuses", "Create a key", "first campaign")
    )
    assert "2 of 5 done" in after
    assert "st-phone" not in before


def test_a_source_of_history_is_not_done_yet(demo, settings):
    settings.DEMO = False
    Source.objects.filter(code="demo-shop").update(mode="history")

    page = demo.get("/admin/")

    assert page.context["next_check"].button == "Open the sources"
    assert page.context["example"] == ""


@pytest.mark.parametrize(("address", "leads_to"), [("/", "/admin/"), ("/favicon.ico", "/static/workspace/favicon.svg")])
def test_where_a_browser_looks_first_leads_on(client, address, leads_to):
    answer = client.get(address)

    assert (answer.status_code, answer.url) == (302, leads_to)


def test_with_the_demo_off_its_data_is_not_played_with(demo, settings):
    settings.DEMO = False

    page = demo.get("/admin/")
    assert b"5 of 5 done" in page.content
    assert "Bearer YOUR-KEY" in page.context["example"]
    assert demo.get("/admin/start/live/").status_code == 403
