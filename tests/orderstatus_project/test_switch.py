"""The switch Orders on the screen."""

from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns.draining import drain
from campaigns.models import Run
from tests.campaigns.shop import ending, sms, wait
from tests.screens import HTMX, page_of, signed_in
from workspace.models import Workspace

pytestmark = pytest.mark.django_db

OFF, ON = "/admin/orders-switch/off/", "/admin/orders-switch/on/"


@pytest.fixture
def admin():
    return signed_in(is_superuser=True)


@pytest.fixture
def waiting(shop):
    """An order in a campaign, due while Orders is off."""
    shop.start(sms(), name="Thank <you>")
    shop.order()
    shop.tell("O-1", "paid")
    Workspace.turn_orders_off()
    return Run.objects.get()


def test_before_it_goes_off_it_says_what_depends_on_it(admin, shop):
    shop.start(wait(), sms(), name="Thank <you>")
    shop.order()
    shop.tell("O-1", "paid")

    page = admin.get(OFF, headers=HTMX).content.decode()

    assert "Thank &lt;you&gt;" in page
    assert "On their way now: 1 orders and 0 texts." in page
    assert Workspace.orders_are_on()


def test_turned_off_it_is_off(admin, shop):
    answer = admin.post(OFF, headers=HTMX)

    assert answer.headers["HX-Redirect"] == page_of("workspace_workspace")
    assert not Workspace.orders_are_on()


def test_where_nothing_waited_there_is_nothing_to_ask(admin, shop):
    Workspace.turn_orders_off()

    admin.post(ON)

    assert Workspace.orders_are_on()


def test_on_again_it_asks_what_becomes_of_what_waited(admin, waiting):
    page = admin.post(ON).content.decode()

    assert "Due while Orders was off: 1 orders in campaigns, and 0 texts to be sent." in page
    assert not Workspace.orders_are_on()


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"what": "all"}, ("finished", "")),
        ({"what": "none"}, ("stopped", "orders_were_off")),
        ({"what": "recent", "hours": 1}, ("stopped", "orders_were_off")),
        ({"what": "recent", "hours": 9}, ("finished", "")),
    ],
)
def test_what_waited_becomes_what_was_chosen(admin, waiting, said, expected):
    Run.objects.update(due_at=timezone.now() - timedelta(hours=5))

    admin.post(ON, said)
    drain()

    assert ending(waiting) == expected


@pytest.mark.parametrize("said", [{"what": "recent", "hours": ""}, {"what": "recent", "hours": "-1"}, {"what": "x"}])
def test_a_choice_that_says_nothing_is_asked_again(admin, waiting, said):
    page = admin.post(ON, said, headers=HTMX).content.decode()

    assert "os-error" in page
    assert not Workspace.orders_are_on()


def test_others_may_do_neither(waiting):
    viewer = signed_in("workspace.view_workspace", "workspace.change_workspace")

    assert [viewer.post(OFF).status_code, viewer.post(ON, {"what": "all"}).status_code] == [403, 403]
    assert not Workspace.orders_are_on()
