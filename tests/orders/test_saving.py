"""Order.save(): one transaction holds the row and its transition, whatever way the copy came about."""

import copy
import pickle
from datetime import UTC, datetime, timedelta

import pytest
from django.core import serializers
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from orders.models import (
    Order,
    Speaker,
    StatusChange,
    StatusesAreWrittenElsewhere,
    StatusOfAnotherType,
    StatusRemoved,
    StatusTransition,
)
from orders.said import Said
from orders.signals import statuses_changed
from orders.transitions import hear
from tests.factories import OrderFactory, StatusFactory, vocabulary
from tests.orders.ledgers import broken_orders, ledger_of, statuses_of
from workspace.models import Source

pytestmark = pytest.mark.django_db

NOON = datetime(2024, 5, 3, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def words(db):
    """Three general statuses a, b, c and one of each other type."""
    general = [("general", code) for code in "abc"]
    return tuple(vocabulary(*general, ("delivery", "sent"), ("payment", "paid")).values())


@pytest.fixture
def a(words):
    return words[0]


@pytest.fixture
def b(words):
    return words[1]


@pytest.fixture
def c(words):
    return words[2]


@pytest.fixture
def sent(words):
    return words[3]


@pytest.fixture
def paid(words):
    return words[4]


@pytest.fixture
def order(a):
    """An order in a, as a page would have loaded it."""
    return Order.objects.get(pk=OrderFactory(general_status=a).pk)


class Boom(Exception):
    pass


A = ("general", None, "a")
A_TO_B = ("general", "a", "b")


def test_a_new_order_with_a_status_records_none_to_it(a):
    order = OrderFactory(general_status=a)

    assert ledger_of(order) == [A]


def test_a_new_order_without_a_status_records_nothing():
    assert ledger_of(OrderFactory()) == []


def test_a_new_order_records_each_of_its_statuses(a, sent, paid):
    order = OrderFactory(general_status=a, delivery_status=sent, payment_status=paid)

    assert ledger_of(order) == [A, ("delivery", None, "sent"), ("payment", None, "paid")]
    assert broken_orders() == []


def test_a_first_status_later_is_from_none(a):
    order = OrderFactory()

    order.general_status = a
    order.save()

    assert ledger_of(order) == [A]


def test_saving_the_same_status_again_records_nothing(order, a):
    order.general_status = a
    order.save()
    order.save()

    assert ledger_of(order) == [A]


def test_a_change_records_from_and_to(order, b):
    order.general_status = b
    order.save()

    assert ledger_of(order) == [A, A_TO_B]
    assert statuses_of(order) == ("b", None, None)


def test_saving_a_changed_order_twice_records_once(order, b):
    order.general_status = b
    order.save()
    order.save()

    assert ledger_of(order) == [A, A_TO_B]


def test_a_status_given_by_id_as_text_is_the_same_status(order, a):
    order.general_status_id = str(a.pk)
    order.save()

    assert ledger_of(order) == [A]


def test_a_status_saved_only_after_it_was_assigned_is_recorded():
    late = StatusFactory.build(code="late")
    order = OrderFactory.build(customer=None, general_status=late)

    late.save()
    order.save()

    assert ledger_of(order) == [("general", None, "late")]


def test_the_row_tells_what_the_order_was_and_who_spoke(order, sent, django_user_model):
    person = django_user_model.objects.create_user("olga")
    order.speaker = Speaker(actor_id=person.pk)

    order.delivery_status = sent
    order.save()

    row = order.transitions.get(type="delivery")
    assert (row.general_status.code, row.delivery_status, row.payment_status) == ("a", sent, None)
    assert (row.customer_id, row.total_minor, row.currency) == (order.customer_id, 1230, "EUR")
    assert (row.source_id, row.actor_id) == (Source.ADMIN_ID, person.pk)
    assert row.occurred_at == Order.objects.get(pk=order.pk).delivery_heard_at


# update_fields and deferred fields


def test_update_fields_with_the_status_records_it(order, b):
    order.general_status = b
    order.save(update_fields=["general_status"])

    assert ledger_of(order) == [A, A_TO_B]


def test_update_fields_may_name_the_column(order, b):
    order.general_status = b
    order.save(update_fields=["general_status_id"])

    assert ledger_of(order) == [A, A_TO_B]
    assert statuses_of(order) == ("b", None, None)


def test_update_fields_may_be_an_iterator(order, b):
    order.general_status = b
    order.save(update_fields=iter(["currency", "general_status"]))

    assert ledger_of(order) == [A, A_TO_B]


def test_update_fields_without_the_status_neither_writes_nor_records_it(order, b):
    order.general_status = b
    order.save(update_fields=["currency"])

    assert ledger_of(order) == [A]
    assert statuses_of(order) == ("a", None, None)


def test_a_status_left_out_of_one_save_is_recorded_by_the_next(order, b):
    order.general_status = b
    order.save(update_fields=["currency"])
    order.save()

    assert ledger_of(order) == [A, A_TO_B]


def test_update_fields_writes_no_status_that_it_does_not_name(order, b, sent):
    order.general_status, order.delivery_status = b, sent
    order.save(update_fields=["delivery_status"])

    assert ledger_of(order) == [A, ("delivery", None, "sent")]
    assert statuses_of(order) == ("a", "sent", None)


@pytest.mark.parametrize("load", [Order.objects.only("external_id"), Order.objects.defer("general_status")])
def test_a_deferred_status_that_is_assigned_is_recorded_from_the_row(order, b, load):
    copy = load.get(pk=order.pk)

    copy.general_status = b
    copy.save()

    assert ledger_of(order) == [A, A_TO_B]


def test_a_deferred_status_left_alone_is_not_touched(order):
    copy = Order.objects.only("external_id").get(pk=order.pk)

    copy.save()

    assert statuses_of(order) == ("a", None, None)


def test_a_deferred_status_set_to_what_it_is_records_nothing(order, a):
    copy = Order.objects.only("external_id").get(pk=order.pk)

    copy.general_status = a
    copy.save()

    assert ledger_of(order) == [A]


def test_a_deferred_status_loaded_on_access_is_remembered(order, b):
    copy = Order.objects.only("external_id").get(pk=order.pk)
    assert copy.general_status.code == "a"

    copy.general_status = b
    copy.save()

    assert ledger_of(order) == [A, A_TO_B]


def test_a_deferred_status_that_is_none_may_stay_none(order):
    copy = Order.objects.only("external_id").get(pk=order.pk)

    copy.payment_status = None
    copy.save()

    assert ledger_of(order) == [A]


def test_a_bulk_created_order_can_be_saved(a):
    (order,) = Order.objects.bulk_create([Order(external_id="bulk")])

    order.general_status = a
    order.save()

    assert ledger_of(order) == [A]


# refresh_from_db


def move(order, status):
    """As another process does it: in a copy of its own."""
    other = Order.objects.get(pk=order.pk)
    other.general_status = status
    other.save()


def test_a_refreshed_copy_knows_the_new_status(order, b):
    move(order, b)

    order.refresh_from_db()
    order.save()

    assert ledger_of(order) == [A, A_TO_B]
    assert statuses_of(order) == ("b", None, None)


def test_a_refresh_forgets_what_was_assigned(order, b):
    order.general_status = b
    order.refresh_from_db()
    order.save()

    assert ledger_of(order) == [A]


def test_a_refresh_of_the_status_alone_counts_for_it(order, a, b):
    move(order, b)

    order.refresh_from_db(fields=["general_status"])
    order.general_status = a
    order.save()

    assert ledger_of(order) == [A, A_TO_B, ("general", "b", "a")]


def test_a_refresh_of_another_field_keeps_an_assigned_status(order, b):
    order.general_status = b
    order.refresh_from_db(fields=["currency"])
    order.save()

    assert ledger_of(order) == [A, A_TO_B]


# Transactions


def save_and_roll_back(order):
    with pytest.raises(Boom), transaction.atomic():
        order.save()
        raise Boom


@pytest.mark.django_db(transaction=True)
def test_a_rolled_back_change_is_recorded_when_saved_again(order, b):
    order.general_status = b
    save_and_roll_back(order)
    assert ledger_of(order) == [A]

    order.save()

    assert ledger_of(order) == [A, A_TO_B]


def test_a_change_rolled_back_to_a_savepoint_is_recorded_when_saved_again(order, b):
    order.general_status = b
    save_and_roll_back(order)

    order.save()

    assert ledger_of(order) == [A, A_TO_B]


def test_a_second_change_rolled_back_leaves_the_first_standing(order, b, c):
    order.general_status = b
    order.save()
    order.general_status = c
    save_and_roll_back(order)

    order.save()

    assert ledger_of(order) == [A, A_TO_B, ("general", "b", "c")]


def test_a_change_refreshed_in_a_transaction_that_is_rolled_back_is_recorded_when_saved_again(order, b):
    order.general_status = b
    with pytest.raises(Boom), transaction.atomic():
        order.save()
        order.refresh_from_db()
        raise Boom

    order.save()

    assert ledger_of(order) == [A, A_TO_B]


@pytest.mark.parametrize("status", ["a", None])
def test_an_order_whose_insert_was_rolled_back_can_be_saved_again(a, status):
    order = OrderFactory.build(customer=None, general_status=a if status else None)
    save_and_roll_back(order)

    order.save()

    assert statuses_of(order) == (status, None, None)
    assert broken_orders() == []


@pytest.mark.django_db(transaction=True)
def test_two_saves_in_one_transaction_record_two(order, b, c):
    with transaction.atomic():
        for status in (b, c):
            order.general_status = status
            order.save()
            order.save()
    order.save()

    assert ledger_of(order) == [A, A_TO_B, ("general", "b", "c")]


@pytest.mark.django_db(transaction=True)
def test_a_save_by_an_on_commit_hook_counts(order, b, c):
    def go_on():
        order.general_status = c
        order.save()

    with transaction.atomic():
        transaction.on_commit(go_on)
        order.general_status = b
        order.save()
    order.general_status = b
    order.save()

    assert ledger_of(order) == [A, A_TO_B, ("general", "b", "c"), ("general", "c", "b")]


def test_a_receiver_that_fails_fails_the_save(order, b):
    def fail(**_kwargs):
        raise Boom

    order.general_status = b
    statuses_changed.connect(fail)
    try:
        with pytest.raises(Boom):
            order.save()
    finally:
        statuses_changed.disconnect(fail)

    assert statuses_of(order) == ("a", None, None)
    order.save()
    assert ledger_of(order) == [A, A_TO_B]


def test_a_new_order_refused_by_a_receiver_can_be_saved_again(a):
    def fail(**_kwargs):
        raise Boom

    order = OrderFactory.build(customer=None, general_status=a)
    statuses_changed.connect(fail)
    try:
        with pytest.raises(Boom):
            order.save()
    finally:
        statuses_changed.disconnect(fail)

    order.save()

    assert ledger_of(order) == [A]


# Stale copies and other copies


def test_a_stale_copy_records_nothing_twice(order, b):
    stale = Order.objects.get(pk=order.pk)
    move(order, b)

    stale.general_status = b
    stale.save()

    assert ledger_of(order) == [A, A_TO_B]


def test_a_stale_copy_moves_nothing_back(order, b):
    stale = Order.objects.get(pk=order.pk)
    move(order, b)

    stale.currency = "USD"
    stale.save()

    assert ledger_of(order) == [A, A_TO_B]
    assert statuses_of(order) == ("b", None, None)


def test_a_stale_copy_that_changes_the_status_moves_from_where_the_row_stands(order, b, c):
    stale = Order.objects.get(pk=order.pk)
    move(order, b)

    stale.general_status = c
    stale.save()

    assert ledger_of(order) == [A, A_TO_B, ("general", "b", "c")]


def test_a_stale_copy_shows_the_other_statuses_as_they_are(order, b, sent):
    stale = Order.objects.get(pk=order.pk)
    move(order, b)

    stale.delivery_status = sent
    stale.save()

    assert order.transitions.get(type="delivery").general_status == b
    assert broken_orders() == []


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda order: pickle.loads(pickle.dumps(order))])
def test_a_copy_of_a_copy_goes_its_own_way(order, b, duplicate):
    twin = duplicate(order)
    order.general_status = b
    order.save()

    twin.save()

    assert ledger_of(order) == [A, A_TO_B]
    assert statuses_of(order) == ("b", None, None)


def test_a_clone_of_an_order_is_a_new_order(order):
    order.pk, order._state.adding, order.external_id = None, True, "clone"
    order.save()

    assert ledger_of(order) == [A]
    assert broken_orders() == []


def test_a_new_copy_with_the_key_of_a_stored_order_cannot_overwrite_it(order):
    with pytest.raises(Exception, match=r"(?i)unique"), transaction.atomic():
        Order(pk=order.pk, external_id="other").save()

    assert statuses_of(order) == ("a", None, None)


def test_a_new_copy_forced_to_update_moves_from_where_the_row_stands(order, b):
    copy = Order(pk=order.pk, external_id=order.external_id, created_at=order.created_at, general_status=b)
    copy.save(force_update=True)

    assert ledger_of(order) == [A, A_TO_B]


# Django's other doors


def test_get_or_create_records_the_creation(a):
    Order.objects.get_or_create(external_id="X", defaults={"general_status": a})
    order, _ = Order.objects.get_or_create(external_id="X", defaults={"general_status": a})

    assert ledger_of(order) == [A]


def test_update_or_create_records_both(a, b):
    for status in (a, b, b):
        order, _ = Order.objects.update_or_create(external_id="X", defaults={"general_status": status})

    assert ledger_of(order) == [A, A_TO_B]
    assert broken_orders() == []


def test_a_fixture_brings_its_own_ledger(order, b):
    before, after = (f'"general_status": {status_id}' for status_id in (order.general_status_id, b.pk))
    fixture = serializers.serialize("json", [order]).replace(before, after)

    for row in serializers.deserialize("json", fixture):
        row.save()

    assert statuses_of(order) == ("b", None, None)
    assert ledger_of(order) == [A]


def test_a_status_cannot_be_taken_away(order):
    order.general_status = None

    with pytest.raises(StatusRemoved):
        order.save()

    assert statuses_of(order) == ("a", None, None)


# A status of another type


def put_object(order, status):
    order.general_status = status


def put_id(order, status):
    order.general_status_id = status.pk


def put_id_as_text(order, status):
    order.general_status_id = str(status.pk)


PUTS = [put_object, put_id, put_id_as_text]


@pytest.mark.parametrize("put", PUTS)
@pytest.mark.parametrize("update_fields", [None, ["general_status"]])
def test_a_status_of_another_type_is_refused(order, paid, put, update_fields):
    put(order, paid)

    with pytest.raises(StatusOfAnotherType, match=r"is a payment status.* Put it into payment_status"):
        order.save(update_fields=update_fields)

    assert statuses_of(order) == ("a", None, None)
    assert ledger_of(order) == [A]


@pytest.mark.parametrize("put", PUTS)
def test_a_new_order_with_a_status_of_another_type_is_refused(paid, put):
    order = OrderFactory.build(customer=None)
    put(order, paid)

    with pytest.raises(StatusOfAnotherType):
        order.save()

    assert not Order.objects.exists()


def test_one_status_of_another_type_refuses_the_whole_save(order, b, paid):
    order.general_status, order.delivery_status_id = b, paid.pk

    with pytest.raises(StatusOfAnotherType, match="cannot be an order's delivery status"):
        order.save()

    assert statuses_of(order) == ("a", None, None)


def test_a_deferred_status_is_checked_too(order, paid):
    copy = Order.objects.only("external_id").get(pk=order.pk)
    copy.general_status_id = paid.pk

    with pytest.raises(StatusOfAnotherType):
        copy.save()


@pytest.mark.parametrize("write", [Order.objects.create, Order.objects.get_or_create, Order.objects.update_or_create])
def test_other_doors_refuse_it_too(paid, write):
    with pytest.raises(StatusOfAnotherType):
        write(external_id="X", general_status=paid)


def test_a_status_put_right_after_a_refusal_is_recorded(order, b, paid):
    order.general_status = paid
    with pytest.raises(StatusOfAnotherType):
        order.save()

    order.general_status = b
    order.save()

    assert ledger_of(order) == [A, A_TO_B]


def test_a_status_that_is_not_there_is_refused_by_its_key(order):
    order.general_status_id = 10**9

    with pytest.raises(IntegrityError), transaction.atomic():
        order.save()
        connection.check_constraints()


def test_update_refuses_a_status(order, b):
    with pytest.raises(StatusesAreWrittenElsewhere):
        Order.objects.update(general_status=b)


@pytest.mark.parametrize("name", ["general_status", "general_status_id", "payment_heard_at", "payment_heard_sequence"])
def test_bulk_update_refuses_what_the_writer_owns(order, name):
    with pytest.raises(StatusesAreWrittenElsewhere):
        Order.objects.bulk_update([order], [name])


def test_bulk_create_refuses_an_order_with_a_status(a):
    with pytest.raises(StatusesAreWrittenElsewhere):
        Order.objects.bulk_create([OrderFactory.build(customer=None, general_status=a)])


def test_bulk_create_refuses_a_status_saved_after_it_was_assigned():
    late = StatusFactory.build()
    order = OrderFactory.build(customer=None, general_status=late)
    late.save()

    with pytest.raises(StatusesAreWrittenElsewhere):
        Order.objects.bulk_create([order])


def test_bulk_create_refuses_to_update_a_status(order):
    row = Order(external_id=order.external_id)

    with pytest.raises(StatusesAreWrittenElsewhere):
        Order.objects.bulk_create(
            [row], update_conflicts=True, unique_fields=["external_id"], update_fields=["general_status"]
        )


def test_plain_fields_may_be_written_in_bulk(order):
    Order.objects.update(currency="USD")

    assert Order.objects.get().currency == "USD"


def test_a_status_in_use_cannot_be_deleted(order, a):
    with pytest.raises(ProtectedError):
        a.delete()


# What was waited for


def test_a_new_order_that_was_waited_for_stands_where_its_save_put_it(shop, a, b, sent):
    hear([Said("X", "general", "c", NOON), Said("X", "general", "a", NOON + MINUTE)], shop)
    hear([Said("X", "delivery", "sent", NOON)], shop)

    order = OrderFactory(external_id="X", general_status=b)

    assert ledger_of(order) == [
        ("general", None, "c"),
        ("delivery", None, "sent"),
        ("general", "c", "a"),
        ("general", "a", "b"),
    ]
    assert (order.general_status, order.delivery_status) == (b, sent)
    assert broken_orders() == []
    assert set(StatusChange.objects.values_list("verdict", flat=True)) == {"moved"}


def test_a_new_order_saved_with_the_status_that_was_waited_for_has_moved_once(shop, a):
    hear([Said("X", "general", "a", NOON)], shop)

    order = OrderFactory(external_id="X", general_status=a)

    assert ledger_of(order) == [A]
    assert StatusTransition.objects.get().occurred_at == NOON


def test_a_save_follows_what_was_parked_a_little_ahead(shop, b):
    ahead = timezone.now() + 4 * MINUTE
    hear([Said("X", "general", "a", ahead)], shop)

    order = OrderFactory(external_id="X", general_status=b)

    assert list(order.transitions.order_by("pk").values_list("to_status__code", "occurred_at")) == [
        ("a", ahead),
        ("b", ahead),
    ]


def test_a_new_order_that_was_waited_for_can_be_saved_on(shop, b, c):
    hear([Said("X", "general", "a", NOON)], shop)
    order = OrderFactory(external_id="X", general_status=b)

    order.save()
    order.general_status = c
    order.save()

    assert [to for _type, _from, to in ledger_of(order)] == ["a", "b", "c"]


# The Orders switch, and cost


def test_with_orders_off_a_transition_is_recorded_and_silent(order):
    assert StatusTransition.objects.get().silent_because == "orders_off"


def test_with_orders_on_a_transition_starts_campaigns(orders_on, order):
    assert StatusTransition.objects.get().silent_because == ""


def statements(queries):
    return [
        query["sql"] for query in queries if not query["sql"].startswith(("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT"))
    ]


@pytest.mark.parametrize("put", PUTS)
def test_a_change_costs_five_statements_at_most(orders_on, order, b, put):
    put(order, b)
    with CaptureQueriesContext(connection) as queries:
        order.save()

    assert len(statements(queries)) <= 5


@pytest.mark.parametrize(("put", "cost"), [(put_object, 6), (put_id, 7)])
def test_a_creation_looks_up_only_a_status_known_by_its_id_alone(orders_on, a, put, cost):
    order = OrderFactory.build(customer=None)
    put(order, a)
    with CaptureQueriesContext(connection) as queries:
        order.save()

    assert len(statements(queries)) == cost


def test_a_save_without_a_change_costs_what_django_costs(order, django_assert_num_queries):
    with django_assert_num_queries(1):
        order.save()
