from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from customers.models import Customer
from customers.upserts import read_customer, upsert_customers
from tests.factories import CustomerFactory
from workspace.models import Workspace

NOON = datetime(2024, 5, 3, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def problems_of(row):
    return [(problem.code, problem.field) for problem in read_customer(row)]


def upsert(*rows, told_by="load", **how):
    """The outcomes of rows as a source tells them."""
    return [
        upserted.outcome for upserted in upsert_customers([read_customer(row) for row in rows], told_by=told_by, **how)
    ]


def consent_of(external_id):
    columns = ("sms_consent", "sms_consent_source", "sms_consent_at")
    return Customer.objects.values_list(*columns).get(external_id=external_id)


# Reading


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ({}, ("required", "external_id")),
        ({"external_id": 7}, ("not_text", "external_id")),
        ({"external_id": "x" * 129}, ("too_long", "external_id")),
        ({"external_id": "C\x00"}, ("bad_text", "external_id")),
        ({"external_id": "C", "nickname": "Ad"}, ("unknown_field", "nickname")),
        ({"external_id": "C", "phone_written": "1"}, ("unknown_field", "phone_written")),
        ({"external_id": "C", "first_name": ["Ada"]}, ("not_text", "first_name")),
        ({"external_id": "C", "last_name": "x" * 201}, ("too_long", "last_name")),
        ({"external_id": "C", "phone": "\ud800"}, ("bad_text", "phone")),
        ({"external_id": "C", "email": "ada"}, ("invalid_email", "email")),
        ({"external_id": "C", "timezone": "Europe/Atlantis"}, ("invalid_timezone", "timezone")),
        ({"external_id": "C", "language": "x" * 17}, ("too_long", "language")),
        ({"external_id": "C", "refused_categories": "news"}, ("not_a_list", "refused_categories")),
        ({"external_id": "C", "refused_categories": {"news": 1}}, ("not_a_list", "refused_categories")),
        ({"external_id": "C", "refused_categories": [7]}, ("invalid_category", "refused_categories")),
        ({"external_id": "C", "refused_categories": [["news"]]}, ("invalid_category", "refused_categories")),
        ({"external_id": "C", "refused_categories": ["News"]}, ("invalid_category", "refused_categories")),
        ({"external_id": "C", "refused_categories": ["news\n"]}, ("invalid_category", "refused_categories")),
        ({"external_id": "C", "refused_categories": ["x" * 65]}, ("invalid_category", "refused_categories")),
        ({"external_id": "C", "refused_categories": ["x"] * 101}, ("too_long", "refused_categories")),
        ({"external_id": "C", "sms_consent": True}, ("invalid_consent", "sms_consent")),
        ({"external_id": "C", "sms_consent": 1}, ("invalid_consent", "sms_consent")),
        ({"external_id": "C", "sms_consent": None}, ("invalid_consent", "sms_consent")),
        ({"external_id": "C", "sms_consent": []}, ("invalid_consent", "sms_consent")),
        ({"external_id": "C", "sms_consent_at": "2024-05-03T12:00:00Z"}, ("required", "sms_consent")),
        ({"external_id": "C", "sms_consent": "given", "sms_consent_at": "noon"}, ("invalid_time", "sms_consent_at")),
        (
            {"external_id": "C", "sms_consent": "given", "sms_consent_at": "2999-01-01T00:00:00Z"},
            ("time_in_future", "sms_consent_at"),
        ),
    ],
)
def test_what_cannot_be_kept_is_refused(row, problem):
    assert problems_of(row) == [problem]


@pytest.mark.parametrize("row", [None, [], "C", 7])
def test_a_customer_is_an_object(row):
    assert problems_of(row) == [("not_an_object", "")]


def test_all_problems_of_a_row_are_told_at_once():
    assert problems_of({"email": "ada", "nickname": "Ad", "timezone": "Nowhere"}) == [
        ("unknown_field", "nickname"),
        ("required", "external_id"),
        ("invalid_email", "email"),
        ("invalid_timezone", "timezone"),
    ]


# Writing


pytestmark = pytest.mark.django_db


def test_a_row_creates_a_customer():
    row = {
        "external_id": "C-1",
        "first_name": "Ada",
        "last_name": "Byron",
        "phone": "0491 570 156",
        "email": "ada@example.com",
        "timezone": "Europe/London",
        "language": "en",
        "sms_consent": "given",
        "sms_consent_at": "2024-05-03T14:00:00+02:00",
    }
    Workspace.objects.update(default_country="AU")

    assert upsert(row) == ["created"]

    customer = Customer.objects.get()
    assert (customer.external_id, customer.first_name, customer.last_name) == ("C-1", "Ada", "Byron")
    assert (customer.phone_written, customer.phone, customer.phone_kind) == ("0491 570 156", "+61491570156", "mobile")
    assert (customer.email, customer.timezone, customer.language) == ("ada@example.com", "Europe/London", "en")
    assert consent_of("C-1") == ("given", "load", NOON)


def test_fields_named_are_set_and_others_left_alone():
    CustomerFactory(external_id="C-1", first_name="Ada", last_name="Byron", phone_written="+61 491 570 156")

    assert upsert({"external_id": "C-1", "last_name": "Lovelace"}) == ["changed"]

    customer = Customer.objects.get()
    assert (customer.first_name, customer.last_name, customer.phone) == ("Ada", "Lovelace", "+61491570156")


@pytest.mark.parametrize("empty", [None, "", "  "])
def test_what_is_named_empty_becomes_empty(empty):
    CustomerFactory(external_id="C-1", first_name="Ada", phone_written="+61 491 570 156")

    upsert({"external_id": "C-1", "first_name": empty, "phone": empty})

    customer = Customer.objects.get()
    assert (customer.first_name, customer.phone_written, customer.phone, customer.phone_kind) == ("", "", "", "")


def test_a_row_that_says_what_is_known_writes_nothing():
    row = {"external_id": "C-1", "first_name": "Ada", "phone": "+61 491 570 156", "sms_consent": "given"}
    upsert(row)
    before = Customer.objects.values().get()

    assert upsert(row) == ["unchanged"]

    assert Customer.objects.values().get() == before


def test_rows_of_one_customer_are_taken_in_their_order():
    rows = [
        {"external_id": "C-1", "first_name": "A"},
        {"external_id": "C-2"},
        {"external_id": "C-1", "first_name": "Ada"},
        {"external_id": "C-1", "first_name": "Ada"},
    ]

    assert upsert(*rows) == ["created", "created", "changed", "unchanged"]

    assert Customer.objects.get(external_id="C-1").first_name == "Ada"


def test_no_rows_are_no_work():
    assert upsert() == []


def test_a_hundred_rows_take_as_many_statements_as_two():
    def statements(numbers):
        for name in ("Ada", "Grace"):  # once to create, once to change
            with CaptureQueriesContext(connection) as queries:
                upsert(*({"external_id": f"C-{n}", "first_name": name, "sms_consent": "given"} for n in numbers))
            yield len(queries)

    assert list(statements(range(2))) == list(statements(range(10, 60)))


# Refused kinds of message


def test_true_in_place_of_one_is_a_change():
    assert upsert({"external_id": "C-1", "attributes": {"n": 1}}) == ["created"]
    assert upsert({"external_id": "C-1", "attributes": {"n": 1.0}}) == ["unchanged"]

    assert upsert({"external_id": "C-1", "attributes": {"n": True}}) == ["changed"]

    assert Customer.objects.get().attributes["n"] is True


def test_several_tellings_of_one_customer_add_up():
    rows = [{"external_id": "C-1", "attributes": attributes} for attributes in ({"a": 1, "b": 2}, {"a": None, "c": 3})]

    assert upsert(*rows) == ["created", "changed"]
    assert upsert({"external_id": "C-1", "attributes": {"b": 2}}, {"external_id": "C-1"}) == ["unchanged", "unchanged"]

    assert Customer.objects.get().attributes == {"b": 2, "c": 3}


def refused_by(external_id):
    return Customer.objects.get(external_id=external_id).refused_categories


def test_categories_told_take_the_place_of_those_stored():
    assert upsert({"external_id": "C-1", "refused_categories": ["offers", "news", "news"]}) == ["created"]
    assert refused_by("C-1") == ["news", "offers"]

    assert upsert({"external_id": "C-1", "refused_categories": ["gifts"]}) == ["changed"]
    assert refused_by("C-1") == ["gifts"]


def test_categories_in_another_order_are_the_same():
    CustomerFactory(external_id="C-1", refused_categories=["news", "offers"])

    assert upsert({"external_id": "C-1", "refused_categories": ["offers", "news"]}) == ["unchanged"]


def test_categories_that_are_not_named_stay():
    CustomerFactory(external_id="C-1", refused_categories=["news"])

    upsert({"external_id": "C-1", "first_name": "Ada"})

    assert refused_by("C-1") == ["news"]


@pytest.mark.parametrize("empty", [None, []])
def test_categories_named_empty_are_empty(empty):
    CustomerFactory(external_id="C-1", refused_categories=["news"])

    assert upsert({"external_id": "C-1", "refused_categories": empty}) == ["changed"]

    assert refused_by("C-1") == []


# Consent


def test_consent_stays_when_it_is_not_named():
    upsert({"external_id": "C-1", "sms_consent": "refused", "sms_consent_at": "2024-05-03T12:00:00Z"})

    upsert({"external_id": "C-1", "first_name": "Ada"}, told_by="shop", consent_told_at=NOON + HOUR)

    assert consent_of("C-1") == ("refused", "load", NOON)


def test_a_call_tells_as_of_now_and_leaves_who_and_when():
    upsert({"external_id": "C-1", "sms_consent": "given", "sms_consent_at": "2024-05-03T12:00:00Z"})

    upsert({"external_id": "C-1", "sms_consent": "refused"}, told_by="shop", consent_told_at=NOON + HOUR)

    assert consent_of("C-1") == ("refused", "shop", NOON + HOUR)


def test_a_call_that_names_no_time_does_not_lift_a_refusal():
    upsert({"external_id": "C-1", "sms_consent": "refused"}, told_by="shop", consent_told_at=NOON)

    upsert({"external_id": "C-1", "sms_consent": "given"}, told_by="shop", consent_told_at=NOON + HOUR)

    assert consent_of("C-1") == ("refused", "shop", NOON)


def test_a_call_that_says_when_can_take_consent_again_after_a_refusal():
    upsert({"external_id": "C-1", "sms_consent": "refused"}, told_by="shop", consent_told_at=NOON)

    later = (NOON + HOUR).isoformat()
    upsert(
        {"external_id": "C-1", "sms_consent": "given", "sms_consent_at": later}, told_by="shop", consent_told_at=NOON
    )

    assert consent_of("C-1") == ("given", "shop", NOON + HOUR)


def test_a_call_that_repeats_a_consent_keeps_its_first_proof():
    upsert({"external_id": "C-1", "sms_consent": "given"}, told_by="shop", consent_told_at=NOON)

    outcome = upsert({"external_id": "C-1", "sms_consent": "given"}, told_by="erp", consent_told_at=NOON + HOUR)

    assert outcome == ["unchanged"]
    assert consent_of("C-1") == ("given", "shop", NOON)


def test_an_old_file_loaded_again_gives_no_consent_back_after_an_opt_out():
    file = {"external_id": "C-1", "sms_consent": "given"}
    upsert(file)
    upsert({"external_id": "C-1", "sms_consent": "refused"}, told_by="shop", consent_told_at=NOON)

    assert upsert(file) == ["unchanged"]

    assert consent_of("C-1") == ("refused", "shop", NOON)


def test_a_file_that_dates_its_consents_brings_the_newer_ones():
    upsert({"external_id": "C-1", "sms_consent": "refused"}, told_by="shop", consent_told_at=NOON)

    upsert({"external_id": "C-1", "sms_consent": "given", "sms_consent_at": "2024-05-03T11:00:00Z"})
    assert consent_of("C-1") == ("refused", "shop", NOON)

    upsert({"external_id": "C-1", "sms_consent": "given", "sms_consent_at": "2024-05-03T13:00:00Z"})
    assert consent_of("C-1") == ("given", "load", NOON + HOUR)


def test_a_refusal_without_a_date_counts_from_when_it_was_heard():
    with time_machine.travel(NOON, tick=False):
        upsert({"external_id": "C-1", "sms_consent": "refused"})

    assert consent_of("C-1") == ("refused", "load", NOON)


def test_a_refusal_kept_without_a_date_yields_to_nothing_older_than_its_row():
    with time_machine.travel(NOON, tick=False):
        CustomerFactory(external_id="C-1", sms_consent="refused")

    upsert({"external_id": "C-1", "sms_consent": "given", "sms_consent_at": "2024-05-03T11:00:00Z"})
    assert consent_of("C-1")[0] == "refused"

    upsert({"external_id": "C-1", "sms_consent": "given", "sms_consent_at": "2024-05-03T13:00:00Z"})
    assert consent_of("C-1")[0] == "given"
