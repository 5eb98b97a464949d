"""The lists that people work with, as files: what stands in them, and what does not for whom."""

import csv
from io import StringIO

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from campaigns.api.messages import MessageSerializer
from campaigns.api.runs import RunSerializer
from campaigns.models import Message
from customers.api import CustomerSerializer
from orders.api.changes import StatusChangeSerializer
from orders.api.orders import OrderSerializer
from orders.api.transitions import StatusTransitionSerializer
from tests.campaigns.shop import sms
from tests.factories import CustomerFactory
from tests.screens import actions, holding, page_of, signed_in
from workspace import exports
from workspace.models import User, Workspace

pytestmark = pytest.mark.django_db

# Each list, with how the API tells its rows.
LISTS = {
    "orders_order": OrderSerializer,
    "orders_statuschange": StatusChangeSerializer,
    "orders_statustransition": StatusTransitionSerializer,
    "customers_customer": CustomerSerializer,
    "campaigns_run": RunSerializer,
    "campaigns_message": MessageSerializer,
}
PERSONAL = {
    "orders_order": ["Elm Street", "VISA 4242", "Call me"],
    "customers_customer": [
        "Grace",
        "Хоппер",
        "+16025550142",
        "602 555 0142",
        "grace@example.com",
        "diabetic",
        "pregnant",
    ],
    "campaigns_message": ["+16025550142", "Hello Grace", "+1 (602) 555-0142 is no mobile", "no route to 555-0142"],
}
EVERYTHING = {word for words in PERSONAL.values() for word in words} | {"••••"}


@pytest.fixture
def grace(shop):
    """A customer with an order that entered a campaign, and the text she got."""
    grace = CustomerFactory(
        external_id="C-grace",
        first_name="Grace",
        last_name="Хоппер",
        phone_written="+1 602 555 0142",
        email="grace@example.com",
        attributes={"note": "diabetic"},
        tags=["pregnant"],
    )
    shop.start(sms(text="Hello {{ customer.first_name }}"))
    blocks = {"delivery": {"street": "Elm Street"}, "payment": {"card": "VISA 4242"}, "custom": {"note": "Call me"}}
    shop.pay("O-grace", customer=grace, **blocks)
    Message.objects.update(error="+1 (602) 555-0142 is no mobile", receipt_reason="no route to 555-0142")
    return grace


def taken(client, model, **filters):
    """The whole file."""
    answer = client.get(page_of(model, "export"), filters)
    assert answer.status_code == 200, model
    return b"".join(answer.streaming_content).decode("utf-8-sig")


def exported(client, model, **filters):
    return list(csv.DictReader(StringIO(taken(client, model, **filters))))


def headings(client, model):
    return taken(client, model).splitlines()[0].split(",")


@pytest.mark.parametrize("model", LISTS)
def test_an_analysts_file_holds_nothing_of_whom_it_is_about(grace, model):
    file = taken(holding("Analyst"), model)

    assert len(file.splitlines()) > 1
    assert [word for word in EVERYTHING if word in file] == []


@pytest.mark.parametrize("model", PERSONAL)
def test_an_administrators_file_does(grace, model):
    file = taken(holding("Administrator"), model)

    assert [word for word in PERSONAL[model] if word not in file] == []


def test_what_an_analyst_may_not_see_has_no_column_either(grace):
    of_analyst, of_administrator = holding("Analyst"), holding("Administrator")

    left_out = {
        model: [name for name in headings(of_administrator, model) if name not in headings(of_analyst, model)]
        for model in LISTS
    }

    assert {model: names for model, names in left_out.items() if names} == {
        "orders_order": ["delivery", "payment", "custom"],
        "customers_customer": ["first_name", "last_name", "phone", "phone_written", "email", "attributes", "tags"],
        "campaigns_message": ["phone", "text", "error", "receipt_reason"],
    }


@pytest.mark.parametrize(("model", "serializer"), LISTS.items())
def test_columns_are_called_as_in_the_api_and_the_first_time_names_the_zone(grace, model, serializer):
    Workspace.objects.update(timezone="Europe/Berlin")

    told = headings(holding("Administrator"), model)

    zoned = [name for name in told if name.endswith(" (Europe/Berlin)")]
    assert len(zoned) == 1
    assert [name.removesuffix(" (Europe/Berlin)") for name in told] == list(serializer().fields)


def test_values_are_for_programs(grace):
    User.objects.filter(pk=(marketer := holding("Marketer")).user.pk).update(language="ru", timezone="Asia/Tokyo")

    (order,), moves = exported(marketer, "orders_order"), exported(marketer, "orders_statustransition")
    (message,), (customer,) = exported(marketer, "campaigns_message"), exported(marketer, "customers_customer")

    assert (order["payment_status"], order["delivery_status"], order["total"]) == ("paid", "", "12.30")
    assert (order["customer"], order["currency"], order["delivery"]) == ("C-grace", "EUR", '{"street": "Elm Street"}')
    assert [(row["from"], row["to"]) for row in moves] == [("invoiced", "paid"), ("", "invoiced")]
    assert moves[0]["occurred_at (Asia/Tokyo)"] == "2024-05-03T21:00:00+09:00"
    assert moves[0]["received_at"] == "2024-05-03T21:00:00+09:00"
    assert (message["state"], message["is_held"], message["campaign"]) == ("accepted", "false", "thanks")
    assert (customer["last_name"], customer["phone"], customer["refused_categories"]) == (
        "Хоппер",
        "+16025550142",
        "[]",
    )


def test_a_file_holds_what_its_list_shows(shop, grace):
    shop.pay("O-other")
    analyst = holding("Analyst")

    assert [row["external_id"] for row in exported(analyst, "orders_order")] == ["O-other", "O-grace"]
    assert [row["external_id"] for row in exported(analyst, "orders_order", q="O-gr")] == ["O-grace"]
    assert exported(analyst, "orders_order", payment_status="none") == []
    assert [row["order"] for row in exported(analyst, "campaigns_run", q="O-other")] == ["O-other"]
    assert exported(analyst, "campaigns_message", state__exact="skipped") == []
    assert exported(analyst, "customers_customer", q="Grace") == []


def test_the_link_keeps_the_filters_and_says_what_comes(grace):
    asked = {"q": "O-gr", "payment_status": "none", "p": "1"}

    of_analyst = holding("Analyst").get(page_of("orders_order"), asked).content.decode()
    of_marketer = holding("Marketer").get(page_of("orders_order"), asked).content.decode()

    assert 'href="/admin/orders/order/export/?payment_status=none&amp;q=O-gr"' in of_analyst
    assert "the newest 50,000 at most. Personal data are left out." in of_analyst
    assert "the newest 50,000 at most." in of_marketer
    assert "left out" not in of_marketer


@pytest.mark.parametrize(
    ("written", "stands"),
    [
        ('=HYPERLINK("https://example.com")', '\'=HYPERLINK("https://example.com")'),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("-1+cmd|' /C calc'!A0", "'-1+cmd|' /C calc'!A0"),
        ("＝1+1", "'＝1+1"),
        ("+16025550142", "+16025550142"),
        ("-5.00", "-5.00"),
        ("Ada", "Ada"),
    ],
)
def test_a_cell_is_never_a_formula_and_a_number_stays_one(written, stands):
    assert exports.harmless(written) == stands


def test_neither_is_what_a_customer_is_called():
    CustomerFactory(first_name="=1+1")

    (row,) = exported(holding("Marketer"), "customers_customer")

    assert row["first_name"] == "'=1+1"


def test_a_page_of_ten_costs_what_one_of_two_does(shop, grace):
    analyst, administrator = holding("Analyst"), holding("Administrator")
    for number in range(2):
        shop.pay(f"O-{number}")
    few = {model: [cost(client, model) for client in (analyst, administrator)] for model in LISTS}

    for number in range(2, 10):
        shop.pay(f"O-{number}")

    assert {model: [cost(client, model) for client in (analyst, administrator)] for model in LISTS} == few


def cost(client, model):
    with CaptureQueriesContext(connection) as queries:
        taken(client, model)
    return len(queries)


def test_it_is_read_in_pages_by_key_and_one_that_is_cut_says_so(monkeypatch):
    monkeypatch.setattr(exports, "MOST_ROWS", 3)
    monkeypatch.setattr(exports, "AT_ONCE", 2)
    for number in range(4):
        CustomerFactory(external_id=f"C-{number}")

    rows = exported(holding("Analyst"), "customers_customer")

    assert [row["external_id"] for row in rows[:3]] == ["C-3", "C-2", "C-1"]
    assert rows[3]["external_id"] == "The newest 3 only. Narrow the list by its filters, and export again."


@pytest.mark.parametrize("model", LISTS)
def test_that_it_was_taken_is_written_down(grace, model):
    taken(analyst := holding("Analyst"), model)

    told = actions().last()
    assert (told.verb, told.who, told.object_type, told.object_id) == (
        "exported",
        analyst.user.username,
        model.replace("_", "."),
        "",
    )


@pytest.mark.parametrize("model", LISTS)
def test_only_who_may_see_a_list_may_take_it(shop, model):
    address = page_of(model, "export")

    assert Client().get(address).headers["Location"] == f"/admin/login/?next={address}"
    assert signed_in().get(address).status_code == 403
    assert holding("Analyst").post(address).status_code == 405


@pytest.mark.parametrize("model", [model for model in LISTS if model.split("_")[1] in {"order", "run"}])
def test_while_orders_is_off_there_is_nothing_to_take(grace, model):
    Workspace.objects.update(orders_enabled=False)

    assert holding("Administrator").get(page_of(model, "export")).status_code == 403


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_filter_that_makes_no_sense_leads_to_the_list_as_it_does_there(grace):
    answer = holding("Analyst").get(page_of("campaigns_message", "export"), {"is_test__exact": "x"})

    assert answer.headers["Location"] == "/admin/campaigns/message/?e=1"


def test_what_is_hidden_is_still_no_way_to_filter(grace):
    answer = holding("Analyst").get(page_of("customers_customer", "export"), {"first_name__startswith": "G"})

    assert answer.status_code == 400
