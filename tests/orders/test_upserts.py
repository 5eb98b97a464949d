from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders.models import Order, StatusChange, StatusTransition
from orders.said import Said
from orders.transitions import hear
from orders.upserts import read_order, upsert_orders
from tests.factories import CustomerFactory, OrderFactory, SourceFactory, vocabulary
from tests.orders.ledgers import broken_orders, ledger_of, statuses_of
from workspace.models import Source, Workspace

NOON = datetime(2024, 5, 3, 12, 0, tzinfo=UTC)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("orders_on")]


@pytest.fixture
def words(db):
    vocabulary(
        ("delivery", "packed"),
        ("delivery", "shipped"),
        ("delivery", "delivered"),
        ("payment", "paid"),
        ("general", "new"),
    )


@pytest.fixture
def strict_shop(shop):
    """It may not speak of what we do not know yet."""
    shop.on_unknown = Source.Unknown.REJECT
    shop.save()
    return shop


def problems_of(row):
    return [(problem.code, problem.field) for problem in read_order(row)]


def upsert(shop, *rows, **how):
    return upsert_orders([read_order(row) for row in rows], shop, **how)


def outcomes(shop, *rows, **how):
    """Each row's outcome, or its problem as (code, field)."""
    return [
        one.outcome if one.problem is None else (one.problem.code, one.problem.field)
        for one in upsert(shop, *rows, **how)
    ]


def money_of(external_id):
    return Order.objects.values_list("total_minor", "currency").get(external_id=external_id)


# Reading


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ({}, ("required", "external_id")),
        ({"external_id": "x" * 129}, ("too_long", "external_id")),
        ({"external_id": "O", "colour": "red"}, ("unknown_field", "colour")),
        ({"external_id": "O", "total_minor": 1}, ("unknown_field", "total_minor")),
        ({"external_id": "O", "customer": 7}, ("not_text", "customer")),
        ({"external_id": "O", "customer": ""}, ("required", "customer")),
        ({"external_id": "O", "total": 12.30}, ("not_text", "total")),
        ({"external_id": "O", "total": "cheap"}, ("invalid_total", "total")),
        ({"external_id": "O", "total": "NaN"}, ("invalid_total", "total")),
        ({"external_id": "O", "total": "1.234", "currency": "EUR"}, ("invalid_total", "total")),
        ({"external_id": "O", "total": "1.5", "currency": "JPY"}, ("invalid_total", "total")),
        ({"external_id": "O", "total": "9" * 40, "currency": "EUR"}, ("invalid_total", "total")),
        ({"external_id": "O", "currency": "EURO"}, ("unknown_currency", "currency")),
        ({"external_id": "O", "currency": 978}, ("unknown_currency", "currency")),
        ({"external_id": "O", "ordered_at": "2024-05-03T12:00:00"}, ("naive_time", "ordered_at")),
        ({"external_id": "O", "lines": {}}, ("not_a_list", "lines")),
        ({"external_id": "O", "custom": {"a": "\x00"}}, ("bad_text", "custom")),
        ({"external_id": "O", "payment": []}, ("not_an_object", "payment")),
        ({"external_id": "O", "delivery_status": None}, ("null_status", "delivery_status")),
        ({"external_id": "O", "payment_status": 7}, ("not_text", "payment_status")),
        ({"external_id": "O", "payment_status": "x" * 65}, ("too_long", "payment_status")),
        ({"external_id": "O", "occurred_at": "noon"}, ("invalid_time", "occurred_at")),
        ({"external_id": "O", "event_id": 7}, ("not_text", "event_id")),
    ],
)
def test_what_cannot_be_kept_is_refused(row, problem):
    assert problems_of(row) == [problem]


@pytest.mark.parametrize("row", [None, [], "O", 7])
def test_an_order_is_an_object(row):
    assert problems_of(row) == [("not_an_object", "")]


def test_an_event_id_leaves_room_for_the_types_it_is_told_with():
    row = {"external_id": "O", "payment_status": "paid", "event_id": "e" * 128}

    assert read_order(row).said()[0].event_id == "e" * 128
    assert problems_of({**row, "delivery_status": "shipped"}) == [("too_long", "event_id")]


# Plain fields


def test_a_row_creates_an_order(shop):
    customer = CustomerFactory(external_id="C-1")
    row = {
        "external_id": "O-1",
        "customer": "C-1",
        "total": "12.30",
        "currency": "USD",
        "ordered_at": "2024-05-03T14:00:00+02:00",
        "lines": [{"sku": "L", "name": "Lamp", "quantity": 1, "price": "12.30"}],
        "delivery": {"city": "Zürich"},
        "payment": {"method": "card"},
        "custom": {"gift": True},
    }

    assert outcomes(shop, row) == ["created"]

    order = Order.objects.get()
    assert (order.external_id, order.customer, order.total_minor, order.currency) == ("O-1", customer, 1230, "USD")
    assert (order.ordered_at, order.lines) == (NOON, row["lines"])
    assert (order.delivery, order.payment, order.custom) == ({"city": "Zürich"}, {"method": "card"}, {"gift": True})


def test_fields_named_are_set_and_others_left_alone(shop):
    order = OrderFactory(external_id="O-1", custom={"gift": True})

    assert outcomes(shop, {"external_id": "O-1", "total": "7.00"}) == ["changed"]

    now = Order.objects.get()
    assert (now.customer_id, now.total_minor, now.currency, now.custom) == (
        order.customer_id,
        700,
        "EUR",
        {"gift": True},
    )


def test_what_is_named_null_becomes_empty(shop):
    OrderFactory(external_id="O-1", ordered_at=NOON, lines=[{"sku": "L"}], custom={"gift": True})

    upsert(
        shop, {"external_id": "O-1", "customer": None, "total": None, "ordered_at": None, "lines": None, "custom": None}
    )

    order = Order.objects.get()
    assert (order.customer_id, order.total_minor, order.ordered_at, order.lines, order.custom) == (
        None,
        None,
        None,
        [],
        {},
    )


def test_a_row_that_says_what_is_known_writes_nothing(shop, words):
    CustomerFactory(external_id="C-1")
    row = {
        "external_id": "O-1",
        "customer": "C-1",
        "total": "12.30",
        "custom": {"gift": True, "weight": 0.5},
        "payment_status": "paid",
        "occurred_at": "2024-05-03T12:00:00Z",
    }
    upsert(shop, row)
    before = Order.objects.values().get()

    (again,) = upsert(shop, row)

    assert again.outcome == "unchanged"
    assert [heard.verdict for heard in again.heard] == ["duplicate"]
    assert Order.objects.values().get() == before
    assert StatusChange.objects.count() == 1


def test_a_customer_we_do_not_know_is_a_problem(shop):
    rows = [{"external_id": "O-1", "customer": "C-9"}, {"external_id": "O-2"}]

    assert outcomes(shop, *rows) == [("unknown_customer", "customer"), "created"]

    assert Order.objects.get().external_id == "O-2"


def test_rows_of_one_order_are_taken_in_their_order(shop):
    rows = [
        {"external_id": "O-1", "customer": "C-9"},
        {"external_id": "O-1", "total": "1.00"},
        {"external_id": "O-2"},
        {"external_id": "O-1", "total": "2.00"},
        {"external_id": "O-1", "total": "2.00"},
    ]

    assert outcomes(shop, *rows) == [("unknown_customer", "customer"), "created", "created", "changed", "unchanged"]

    assert money_of("O-1") == (200, "EUR")


# Money


def test_a_total_without_a_currency_is_in_the_orders_own_or_else_the_installations(shop):
    Workspace.objects.update(currency="JPY")
    OrderFactory(external_id="O-1", currency="KWD")

    upsert(shop, {"external_id": "O-1", "total": "1.234"}, {"external_id": "O-2", "total": "500"})

    assert money_of("O-1") == (1234, "KWD")
    assert money_of("O-2") == (500, "JPY")


def test_too_many_decimals_for_the_stored_currency_are_a_problem(shop):
    OrderFactory(external_id="O-1", total_minor=500, currency="JPY")

    assert outcomes(shop, {"external_id": "O-1", "total": "1.50"}) == [("invalid_total", "total")]

    assert money_of("O-1") == (500, "JPY")


def test_a_currency_named_alone_keeps_the_amount(shop):
    OrderFactory(external_id="O-1", total_minor=1200, currency="EUR")

    upsert(shop, {"external_id": "O-1", "currency": "JPY"})

    assert money_of("O-1") == (12, "JPY")


def test_a_currency_the_amount_does_not_fit_is_a_problem(shop):
    OrderFactory(external_id="O-1", total_minor=1230, currency="EUR")

    assert outcomes(shop, {"external_id": "O-1", "currency": "JPY"}) == [("invalid_total", "total")]


# Merging


def test_a_merge_patch_changes_the_members_it_names(shop):
    OrderFactory(external_id="O-1", delivery={"city": "Bern", "door": {"code": 7, "floor": 2}})

    upsert(shop, {"external_id": "O-1", "delivery": {"city": None, "door": {"code": 8}}}, merging=True)

    assert Order.objects.get().delivery == {"door": {"code": 8, "floor": 2}}


def test_an_object_can_not_grow_without_end_by_merging(shop):
    OrderFactory(external_id="O-1", custom={"a": "x" * 40_000})

    outcome = outcomes(shop, {"external_id": "O-1", "custom": {"b": "x" * 40_000}}, merging=True)

    assert outcome == [("too_large", "custom")]


# Statuses


def test_statuses_go_through_the_ledger_with_the_new_total(shop, words):
    row = {"external_id": "O-1", "total": "5.00", "payment_status": "PAID", "delivery_status": "shipped"}

    (upserted,) = upsert(shop, {**row, "occurred_at": "2024-05-03T12:00:00Z"})

    assert upserted.outcome == "created"
    assert [heard.verdict for heard in upserted.heard] == ["moved", "moved"]
    assert statuses_of(Order.objects.get()) == (None, "shipped", "paid")
    assert list(StatusTransition.objects.values_list("type", "total_minor", "occurred_at").order_by("type")) == [
        ("delivery", 500, NOON),
        ("payment", 500, NOON),
    ]
    assert broken_orders() == []


def test_a_status_alone_changes_the_order(shop, words):
    OrderFactory(external_id="O-1")

    assert outcomes(shop, {"external_id": "O-1", "payment_status": "paid"}) == ["changed"]


def test_statuses_that_are_not_named_stay(shop, words):
    upsert(shop, {"external_id": "O-1", "payment_status": "paid"})

    upsert(shop, {"external_id": "O-1", "total": "5.00"})

    assert statuses_of(Order.objects.get()) == (None, None, "paid")


def test_an_event_id_is_kept_as_given_for_one_status_and_told_apart_for_several(shop, words):
    rows = [
        {"external_id": "O-1", "payment_status": "paid", "event_id": "e1"},
        {"external_id": "O-1", "delivery_status": "shipped", "general_status": "new", "event_id": "e2"},
    ]

    upsert(shop, *rows)
    (_, again) = upsert(shop, *rows)

    assert sorted(StatusChange.objects.values_list("event_id", flat=True)) == ["e1", "e2:delivery", "e2:general"]
    assert [heard.verdict for heard in again.heard] == ["duplicate", "duplicate"]


def test_a_row_whose_status_is_rejected_leaves_nothing_behind(strict_shop, words):
    rows = [
        {"external_id": "O-1", "total": "1.00", "delivery_status": "shipped", "payment_status": "stolen"},
        {"external_id": "O-2", "total": "2.00", "delivery_status": "shipped"},
        {"external_id": "O-3", "payment_status": "paid", "occurred_at": "2999-01-01T00:00:00Z"},
    ]

    assert outcomes(strict_shop, *rows) == [
        ("unknown_status", "payment_status"),
        "created",
        ("time_in_future", "occurred_at"),
    ]

    assert list(Order.objects.values_list("external_id", flat=True)) == ["O-2"]
    assert StatusChange.objects.count() == 1


def test_a_change_of_an_order_is_not_kept_with_a_rejected_status(strict_shop):
    OrderFactory(external_id="O-1", total_minor=100)

    outcome = outcomes(strict_shop, {"external_id": "O-1", "total": "2.00", "payment_status": "stolen"})

    assert outcome == [("unknown_status", "payment_status")]
    assert money_of("O-1") == (100, "EUR")


def test_an_event_id_used_for_another_change_rejects_the_row(shop, words):
    upsert(shop, {"external_id": "O-1", "payment_status": "paid", "event_id": "e1"})

    outcome = outcomes(shop, {"external_id": "O-2", "payment_status": "paid", "event_id": "e1"})

    assert outcome == [("event_id_conflict", "event_id")]
    assert Order.objects.count() == 1


def test_a_status_not_known_yet_is_parked_where_the_source_may(shop, words):
    (upserted,) = upsert(shop, {"external_id": "O-1", "payment_status": "stolen"})

    assert (upserted.outcome, [heard.verdict for heard in upserted.heard]) == ("created", ["parked"])


# What was waited for


def at(minute):
    return NOON + timedelta(minutes=minute)


def told_and_parked(shop, minute, *, code="delivered", external_id="O-1"):
    """An order whose body tells of a delivery status at `minute`, after others were parked at 1 and 3."""
    hear([Said(external_id, "delivery", "packed", at(1)), Said(external_id, "delivery", "shipped", at(3))], shop)
    return {"external_id": external_id, "delivery_status": code, "occurred_at": at(minute).isoformat()}


@pytest.mark.parametrize(
    ("minute", "codes"),
    [
        (0, ["delivered", "packed", "shipped"]),
        (1, ["packed", "delivered", "shipped"]),
        (2, ["packed", "delivered", "shipped"]),
        (3, ["packed", "shipped", "delivered"]),
        (4, ["packed", "shipped", "delivered"]),
    ],
)
def test_what_waited_for_an_order_and_what_it_brings_are_applied_in_order_of_time(shop, words, minute, codes):
    (upserted,) = upsert(shop, told_and_parked(shop, minute))

    order = Order.objects.get()
    assert upserted.outcome == "created"
    assert [heard.verdict for heard in upserted.heard] == ["moved"]
    assert [to for _type, _from, to in ledger_of(order)] == codes
    assert [row.occurred_at for row in order.transitions.order_by("pk")] == sorted([at(1), at(3), at(minute)])
    assert set(StatusChange.objects.values_list("verdict", flat=True)) == {"moved"}
    assert broken_orders() == []


def test_statuses_without_a_time_come_after_what_waited(shop, words):
    row = told_and_parked(shop, 0)
    del row["occurred_at"]

    upsert(shop, row)

    assert [to for _type, _from, to in ledger_of(Order.objects.get())] == ["packed", "shipped", "delivered"]


def test_in_a_batch_each_order_has_its_own_order_of_time(shop, words):
    OrderFactory(external_id="OLD")
    rows = [
        told_and_parked(shop, 2, external_id="O-1"),
        {"external_id": "OLD", "delivery_status": "delivered", "occurred_at": at(9).isoformat()},
        {"external_id": "OLD", "delivery_status": "shipped", "occurred_at": at(8).isoformat()},
        told_and_parked(shop, 4, external_id="O-2"),
        {"external_id": "O-3", "payment_status": "paid"},
    ]

    upserted = upsert(shop, *rows)

    assert [[heard.verdict for heard in one.heard] for one in upserted] == [
        ["moved"], ["moved"], ["late"], ["moved"], ["moved"],
    ]  # fmt: skip
    ledgers = {o.external_id: [to for _t, _f, to in ledger_of(o)] for o in Order.objects.all()}
    assert ledgers == {
        "OLD": ["delivered"],
        "O-1": ["packed", "delivered", "shipped"],
        "O-2": ["packed", "shipped", "delivered"],
        "O-3": ["paid"],
    }
    assert broken_orders() == []


def test_all_that_a_batch_tells_of_a_new_order_is_applied_in_order_of_time(shop, words):
    row = told_and_parked(shop, 4)
    older = {**row, "delivery_status": "shipped", "occurred_at": at(2).isoformat()}

    upserted = upsert(shop, row, older)

    assert [one.heard[0].verdict for one in upserted] == ["moved", "moved"]
    assert [to for _type, _from, to in ledger_of(Order.objects.get())] == ["packed", "shipped", "delivered"]


def test_an_order_that_brings_no_status_gets_what_waited_for_it(shop, words):
    told_and_parked(shop, 0)

    upsert(shop, {"external_id": "O-1"})

    assert statuses_of(Order.objects.get()) == (None, "shipped", None)


def test_what_was_parked_and_is_told_again_with_the_order_is_a_duplicate(shop, words):
    row = told_and_parked(shop, 3, code="shipped")

    (upserted,) = upsert(shop, row)

    assert [heard.verdict for heard in upserted.heard] == ["duplicate"]
    assert [to for _type, _from, to in ledger_of(Order.objects.get())] == ["packed", "shipped"]


def test_what_waits_for_its_code_goes_on_waiting_when_its_order_comes(shop, words):
    hear([Said("O-1", "delivery", "lost", at(1))], shop)

    upsert(shop, told_and_parked(shop, 2))

    assert StatusChange.objects.get(code="lost").verdict == "parked"
    assert [to for _type, _from, to in ledger_of(Order.objects.get())] == ["packed", "delivered", "shipped"]


def test_a_new_order_rejected_leaves_what_waited_for_it_waiting(strict_shop, shop, words):
    patient = SourceFactory()
    hear([Said("O-1", "delivery", "shipped", at(1))], patient)

    outcome = outcomes(strict_shop, {"external_id": "O-1", "payment_status": "stolen"})

    assert outcome == [("unknown_status", "payment_status")]
    assert StatusChange.objects.get().verdict == "parked"


def test_history_starts_nothing_and_names_no_reason_to_doubt_it(shop, words):
    upsert(shop, {"external_id": "O-1", "payment_status": "paid"}, fires=False, is_test=True, actor_id=7)

    transition = StatusTransition.objects.get()
    assert (transition.silent_because, transition.is_test, transition.actor_id) == ("history", True, 7)


def test_fifty_rows_take_as_many_statements_as_two(shop, words):
    CustomerFactory(external_id="C-1")

    def statements(numbers):
        for total, code in (("1.00", "shipped"), ("2.00", "delivered")):  # once to create, once to change
            rows = [
                {"external_id": f"O-{n}", "customer": "C-1", "total": total, "delivery_status": code} for n in numbers
            ]
            with CaptureQueriesContext(connection) as queries:
                upsert(shop, *rows)
            yield len(queries)

    assert list(statements(range(2))) == list(statements(range(10, 50)))
