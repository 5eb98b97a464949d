"""What a status's code may be: one table, and every door by which a code comes in agrees with it."""

import pytest
from django.core.exceptions import ValidationError

from orders.loading import Manner, take_orders, take_status_changes
from orders.said import Said, read_said
from orders.upserts import OrderRow, read_order
from statuses.models import OrderStatus
from tests.callers import Caller
from tests.factories import SourceFactory
from tests.screens import HTMX, signed_in

pytestmark = pytest.mark.django_db

GOOD = [
    "paid",
    "At point/Zürich",
    "a.b-c_d:1",
    "1",
    "оплачен",
    "支払済み",
    "💰",
    "<b>\"&'",
    "none yet",
    "x" * 64,
    "ΐ" * 64,
]
# As they are written outside, and as they are kept.
TRIMMED = [(" paid ", "paid"), ("paid\n", "paid"), ("\tpaid", "paid"), ("\u3000paid\u00a0", "paid")]
BAD = [
    "",
    "   ",
    "x" * 65,
    "pa\x00id",
    "pa\x07id",
    "pa\nid",
    "pa\tid",
    "pa\x7fid",
    "pa\u00a0id",
    "pa\u200bid",
    "\u202epaid",
    "pa\u2028id",
    "\ufeffpaid",
    "\ue000",
    "any",
    "ANY_existing",
    " None",
]
NO_UTF8 = "pa\ud800id"


def by_api(code):
    Caller.of(SourceFactory()).post("statuses/", {"type": "general", "code": code, "name": "Name"})
    return kept()


def by_admin(code):
    form = {"name": "Name", "type": "general", "code": code}
    signed_in(is_superuser=True).post("/admin/statuses/orderstatus/add-status/", form, headers=HTMX)
    return kept()


def by_file_of_changes(code):
    cells = {"order": "O", "type": "general", "code": code, "occurred_at": "2024-05-03T12:00:00Z"}
    take_status_changes([cells], Manner(SourceFactory(), creates_statuses=True))
    return kept()


def by_file_of_orders(code):
    cells = {"external_id": "O", "general_status": code, "occurred_at": "2024-05-03T12:00:00Z"}
    take_orders([cells], Manner(SourceFactory(), creates_statuses=True))
    return kept()


def told_as_a_change(code):
    read = read_said({"order": "O", "type": "general", "code": code})
    return read.code if isinstance(read, Said) else None


def told_with_an_order(code):
    read = read_order({"external_id": "O", "general_status": code})
    return read.statuses["general"] if isinstance(read, OrderRow) else None


def kept():
    return OrderStatus.objects.values_list("code", flat=True).first()


DOORS = [by_api, by_admin, by_file_of_changes, by_file_of_orders, told_as_a_change, told_with_an_order]


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("code", GOOD)
def test_every_door_takes_a_good_code_as_it_is(door, code):
    assert door(code) == code


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(("written", "code"), TRIMMED)
def test_every_door_drops_the_spaces_at_the_ends(door, written, code):
    assert door(written) == code


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("code", BAD)
def test_every_door_refuses_a_bad_code(door, code):
    assert door(code) is None


@pytest.mark.parametrize("door", [by_api, by_file_of_changes, by_file_of_orders, told_as_a_change, told_with_an_order])
def test_a_code_is_utf8(door):
    assert door(NO_UTF8) is None


@pytest.mark.parametrize("code", GOOD)
def test_code_that_makes_a_status_may_give_it_a_good_one(code):
    assert OrderStatus.objects.create(type="general", name="Name", code=code).code == code


@pytest.mark.parametrize("code", [*BAD, *(written for written, _code in TRIMMED), NO_UTF8])
def test_code_that_makes_a_status_is_refused_a_bad_one(code):
    with pytest.raises(ValidationError):
        OrderStatus.objects.create(type="general", name="Name", code=code)

    assert not OrderStatus.objects.exists()


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("pa\x07id", ("invalid_code", "code")),
        ("any", ("invalid_code", "code")),
        ("x" * 65, ("too_long", "code")),
        (" ", ("required", "code")),
        (None, ("required", "code")),
        (7, ("not_text", "code")),
        ("pa\x00id", ("bad_text", "code")),
    ],
)
def test_a_code_told_that_no_status_could_have_is_named(code, problem):
    read = read_said({"order": "O", "type": "general", "code": code})

    assert (read.code, read.field) == problem
