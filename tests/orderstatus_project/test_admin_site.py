import pytest
from django.utils import timezone

from tests.screens import page_of, signed_in, turn_orders_on
from workspace.heartbeats import beat
from workspace.models import Heartbeat
from workspace.queues import QUEUES

pytestmark = pytest.mark.django_db

SILENT = "No worker has answered for two minutes."


@pytest.fixture
def admin():
    return signed_in(is_superuser=True)


def sidebar(client):
    groups = client.get(page_of("statuses_orderstatus")).context["sidebar_navigation"]
    return [(group["title"], [item["title"] for item in group["items"]]) for group in groups]


def test_the_sidebar(admin):
    turn_orders_on()

    assert sidebar(admin) == [
        ("", ["Start", "Orders", "Customers"]),
        ("Campaigns", ["Campaigns", "Orders that entered", "Messages", "Messages to settle", "Incoming texts"]),
        ("Analytics", ["Reports", "Segments"]),
        (
            "Settings",
            ["Order Statuses", "General", "SMS", "Integrations", "Webhooks", "People", "History of actions", "System"],
        ),
    ]


def test_without_orders_the_sidebar_has_none_of_them_but_their_statuses(admin):
    assert sidebar(admin) == [
        ("", ["Start", "Customers"]),
        ("Campaigns", ["Campaigns", "Messages", "Messages to settle", "Incoming texts"]),
        ("Analytics", ["Reports", "Segments"]),
        (
            "Settings",
            ["Order Statuses", "General", "SMS", "Integrations", "Webhooks", "People", "History of actions", "System"],
        ),
    ]


def test_the_sidebar_has_what_a_person_may_see():
    assert sidebar(signed_in("statuses.view_orderstatus")) == [("", ["Start"]), ("Settings", ["Order Statuses"])]


def test_by_keyboard_the_sidebar_can_be_passed_over(admin):
    page = admin.get(page_of("campaigns_message")).content.decode()

    assert page.index('class="os-skip" href="#content"') < page.index('id="nav-sidebar"') < page.index('id="content"')


def test_each_page_says_when_no_worker_answers(admin):
    page = page_of("workspace_user")

    assert SILENT in admin.get(page).content.decode()
    for queue in QUEUES:
        beat(queue)
    assert SILENT not in admin.get(page).content.decode()


def test_a_worker_long_silent_is_missed_again(admin):
    for queue in QUEUES:
        Heartbeat.objects.create(name=queue, at=timezone.now() - timezone.timedelta(minutes=3))

    assert SILENT in admin.get(page_of("workspace_user")).content.decode()


def test_the_login_asks_for_no_more_than_it_needs(client, django_assert_max_num_queries):
    with django_assert_max_num_queries(1):
        assert client.get("/admin/login/").status_code == 200
