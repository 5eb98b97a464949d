from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from workspace.models import Workspace

pytestmark = pytest.mark.django_db


def turn(switch):
    out = StringIO()
    call_command("orders", switch, stdout=out)
    return out.getvalue()


def test_orders_is_off_until_it_is_turned_on():
    assert not Workspace.orders_are_on()

    assert turn("on") == "Orders is on now.\n"

    assert Workspace.orders_are_on()


def test_orders_is_turned_off():
    turn("on")

    assert turn("off") == "Orders is off now: no screens, no triggers, and the order API answers 403.\n"

    assert not Workspace.orders_are_on()


@pytest.mark.parametrize("switch", ["on", "off"])
def test_a_switch_that_stands_so_already_says_so(switch):
    turn(switch)

    assert turn(switch) == f"Orders is {switch}, as it was.\n"


def test_there_is_nothing_between():
    with pytest.raises(CommandError, match="choose from"):
        turn("maybe")
