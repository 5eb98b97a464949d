"""The one writer: what a source says, what becomes of it, and what is left in the inbox and the ledger."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import DatabaseError, connection, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from orders.models import Order, StatusChange, StatusTransition
from orders.said import Said
from orders.signals import statuses_changed
from orders.transitions import Started, apply_parked, hear
from statuses.models import OrderStatus
from tests.factories import OrderFactory, SourceFactory, StatusFactory, vocabulary
from tests.orders.ledgers import broken_orders, ledger_of, statuses_of
from workspace.append_only import AppendOnly
from workspace.models import Source

pytestmark = pytest.mark.django_db

NOON = datetime(2024, 5, 3, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def words(db):
    vocabulary(("general", "a"), ("general", "b"), ("general", "c"), ("delivery", "sent"), ("payment", "paid"))


@pytest.fixture
def order(db):
    return OrderFactory(external_id="X")


@pytest.fixture
def received():
    """The batches that `statuses_changed` was sent with."""
    batches = []

    def receive(transitions, **_kwargs):
        batches.append([(row.pk, row.to_status.code) for row in transitions])

    statuses_changed.connect(receive)
    yield batches
    statuses_changed.disconnect(receive)


def say(code, minute=None, *, order="X", type="general", **more):
    """`minute` past noon, or no time at all."""
    at = None if minute is None else NOON + timedelta(minutes=minute)
    return Said(order, type, code, at, **more)


def verdicts(hearing):
    return [heard.problem.code if heard.problem else heard.verdict for heard in hearing.heard]


# Verdicts


def test_changes_in_order_move_the_order(order, shop):
    hearing = hear([say("a", 1), say("b", 2)], shop)

    assert verdicts(hearing) == ["moved", "moved"]
    assert ledger_of(order) == [("general", None, "a"), ("general", "a", "b")]


def test_the_status_it_has_already_changes_nothing(order, shop):
    assert verdicts(hear([say("a", 1), say("a", 2)], shop)) == ["moved", "unchanged"]


def test_an_older_change_is_late_and_moves_nothing(order, shop):
    assert verdicts(hear([say("b", 2), say("a", 1)], shop)) == ["moved", "late"]
    assert statuses_of(order) == ("b", None, None)


def test_a_change_that_changed_nothing_still_makes_older_ones_late(order, shop):
    said = [say("a", 1), say("a", 3), say("b", 2)]

    assert [verdicts(hear([change], shop)) for change in said] == [["moved"], ["unchanged"], ["late"]]


def test_the_three_types_do_not_make_each_other_late(order, shop):
    hear([say("b", 2), say("sent", 1, type="delivery")], shop)

    assert statuses_of(order) == ("b", "sent", None)


def test_codes_match_without_regard_to_case(order, shop):
    assert verdicts(hear([say("A", 1)], shop)) == ["moved"]


def test_at_the_same_time_the_sequence_decides(order, shop):
    hearing = hear([say("b", 1, sequence=2), say("a", 1, sequence=1), say("c", 1, sequence=3)], shop)

    assert verdicts(hearing) == ["moved", "late", "moved"]


def test_at_the_same_time_without_a_sequence_arrival_decides(order, shop):
    assert verdicts(hear([say("b", 1), say("a", 1)], shop)) == ["moved", "moved"]


def test_a_later_time_beats_a_lower_sequence(order, shop):
    assert verdicts(hear([say("b", 1, sequence=9), say("a", 2, sequence=1)], shop)) == ["moved", "moved"]


def test_a_change_without_a_time_happens_when_it_is_heard(order, shop):
    before = timezone.now()

    hear([say("a")], shop)

    assert before <= StatusTransition.objects.get().occurred_at <= timezone.now()


def test_a_change_without_a_time_follows_one_that_is_a_little_ahead(order, shop):
    ahead = timezone.now() + timedelta(minutes=4)

    hear([Said("X", "general", "a", ahead), say("b")], shop)

    assert statuses_of(order) == ("b", None, None)
    assert StatusTransition.objects.get(to_status__code="b").occurred_at == ahead


def test_a_time_more_than_five_minutes_ahead_is_refused(order, shop):
    ahead = timezone.now() + timedelta(minutes=6)

    assert verdicts(hear([Said("X", "general", "a", ahead)], shop)) == ["time_in_future"]
    assert not StatusChange.objects.exists()


def test_an_old_date_is_believed(order, shop):
    assert verdicts(hear([Said("X", "general", "a", datetime(1948, 1, 26, tzinfo=UTC))], shop)) == ["moved"]


# Repeats


def test_the_same_event_again_is_a_duplicate(order, shop):
    event = say("a", 1, event_id="e1")

    assert verdicts(hear([event, event], shop)) == ["moved", "duplicate"]
    assert verdicts(hear([event], shop)) == ["duplicate"]
    assert StatusChange.objects.count() == 1


def test_an_event_id_means_another_event_to_another_source(order, shop):
    event = say("a", 1, event_id="e1")

    assert verdicts(hear([event], shop)) == ["moved"]
    assert verdicts(hear([event], SourceFactory())) == ["unchanged"]


def test_the_same_event_id_with_other_content_is_a_conflict(order, shop):
    hear([say("a", 1, event_id="e1")], shop)

    assert verdicts(hear([say("b", 1, event_id="e1")], shop)) == ["event_id_conflict"]
    assert verdicts(hear([say("a", 2, event_id="e1")], shop)) == ["event_id_conflict"]


def test_a_conflict_inside_one_batch_is_seen(order, shop):
    assert verdicts(hear([say("a", 1, event_id="e1"), say("b", 2, event_id="e1")], shop)) == [
        "moved",
        "event_id_conflict",
    ]


def test_an_event_told_again_without_its_time_is_a_duplicate(order, shop):
    hear([say("a", event_id="e1")], shop)

    assert verdicts(hear([say("a", event_id="e1")], shop)) == ["duplicate"]


def test_an_event_told_again_in_another_case_and_offset_is_a_duplicate(order, shop):
    hear([say("a", 1, event_id="e1"), say("b", 2)], shop)
    tokyo = NOON.astimezone(timezone.get_fixed_timezone(540))

    again = [
        Said("X", "general", "A", tokyo + timedelta(minutes=1), "e1"),
        Said("X", "general", "B", tokyo + timedelta(minutes=2)),
    ]

    assert verdicts(hear(again, shop)) == ["duplicate", "duplicate"]


def test_without_an_event_id_a_change_is_known_by_what_it_says(order, shop):
    assert verdicts(hear([say("a", 1), say("a", 1), say("b", 1)], shop)) == ["moved", "duplicate", "moved"]


def test_without_an_event_id_and_a_time_each_telling_counts(order, shop):
    assert verdicts(hear([say("a"), say("b"), say("a")], shop)) == ["moved", "moved", "moved"]


def test_a_rejected_change_uses_up_no_event_id(order):
    strict = SourceFactory(on_unknown=Source.Unknown.REJECT)
    event = say("new", 1, event_id="e1")
    assert verdicts(hear([event, event], strict)) == ["unknown_status", "unknown_status"]

    StatusFactory(code="new")

    assert verdicts(hear([event], strict)) == ["moved"]


def test_a_strict_source_is_told_which_order_is_unknown():
    strict = SourceFactory(on_unknown=Source.Unknown.REJECT)

    assert verdicts(hear([say("a", 1, order="nowhere")], strict)) == ["unknown_order"]


def test_a_bad_change_does_not_spoil_its_batch(order, shop):
    ahead = Said("X", "general", "c", timezone.now() + timedelta(days=1))

    assert verdicts(hear([say("a", 1), ahead, say("b", 2)], shop)) == ["moved", "time_in_future", "moved"]


# Parked


def test_a_change_for_an_unknown_order_waits_for_it(shop):
    hearing = hear([say("b", 2), say("a", 1)], shop)
    assert verdicts(hearing) == ["parked", "parked"]

    order = OrderFactory(external_id="X")

    assert ledger_of(order) == [("general", None, "a"), ("general", "a", "b")]
    assert order.general_status.code == "b"


def test_a_change_with_an_unknown_code_waits_for_it(order, shop):
    hear([say("new", 1), say("sent", 2, type="delivery")], shop)

    StatusFactory(code="New")

    assert statuses_of(order) == ("New", "sent", None)


def test_a_change_waits_until_both_its_order_and_its_code_are_known(shop):
    hear([say("new", 1)], shop)

    order = OrderFactory(external_id="X")
    assert ledger_of(order) == []
    StatusFactory(code="new")

    assert ledger_of(order) == [("general", None, "new")]


def test_a_change_waits_for_a_status_that_gets_its_code(order, shop):
    hear([say("new", 1)], shop)
    status = OrderStatus.objects.get(code="c")

    status.code = "new"
    status.save()

    assert statuses_of(order) == ("new", None, None)


def test_parked_changes_of_one_time_are_applied_by_sequence_then_arrival(shop):
    hear([say("b", 1, sequence=2), say("a", 1, sequence=1), say("c", 1)], shop)

    order = OrderFactory(external_id="X")

    assert [to for _type, _from, to in ledger_of(order)] == ["c", "a", "b"]


def test_a_parked_change_older_than_the_order_has_heard_is_late(order, shop):
    hear([say("new", 1), say("b", 2)], shop)

    StatusFactory(code="new")

    assert statuses_of(order) == ("b", None, None)
    assert StatusChange.objects.get(code="new").verdict == "late"


def test_a_parked_change_keeps_how_loud_it_was_told(orders_on):
    hear([say("a", 1)], SourceFactory(mode=Source.Mode.HISTORY))

    OrderFactory(external_id="X")

    assert StatusTransition.objects.get().silent_because == "history"


def test_a_parked_event_told_again_is_a_duplicate(shop):
    event = say("a", 1, event_id="e1")

    assert verdicts(hear([event, event], shop)) == ["parked", "duplicate"]
    assert verdicts(hear([event], shop)) == ["duplicate"]


def test_after_seven_days_a_parked_change_is_applied_no_more(shop):
    hear([say("a", 1)], shop)

    with time_machine.travel(timezone.now() + timedelta(days=7, seconds=1)):
        order = OrderFactory(external_id="X")

    assert ledger_of(order) == []


def test_applying_parked_changes_twice_applies_them_once(shop):
    hear([say("a", 1)], shop)
    order = OrderFactory(external_id="X")

    assert apply_parked() == 0
    assert ledger_of(order) == [("general", None, "a")]


# Silence


def silence(source, **how):
    hear([say("a", 1)], source, **how)
    return StatusTransition.objects.get().silent_because


def test_a_live_source_starts_campaigns(orders_on, order, shop):
    assert silence(shop) == ""


def test_a_source_in_history_mode_is_silent(orders_on, order):
    assert silence(SourceFactory(mode=Source.Mode.HISTORY)) == "history"


def test_a_call_may_ask_for_history(orders_on, order, shop):
    assert silence(shop, fires=False) == "history"


def test_a_load_may_ask_a_history_source_to_fire(orders_on, order):
    assert silence(SourceFactory(mode=Source.Mode.HISTORY), fires=True) == ""


def test_with_orders_off_a_live_source_is_silent(order, shop):
    assert silence(shop) == "orders_off"


def test_a_test_key_is_remembered(order, shop):
    hear([say("a", 1)], shop, is_test=True, actor_id=7)

    assert list(StatusTransition.objects.values_list("is_test", "actor_id")) == [(True, 7)]


# The ledger


def test_each_change_of_a_batch_has_its_own_snapshot(order, shop):
    hear([say("a", 1), say("paid", 2, type="payment"), say("b", 3)], shop)

    rows = StatusTransition.objects.order_by("id")
    assert list(rows.values_list("general_status__code", "delivery_status__code", "payment_status__code")) == [
        ("a", None, None),
        ("a", None, "paid"),
        ("b", None, "paid"),
    ]
    assert broken_orders() == []


def test_the_ledger_points_at_what_was_said(order, shop):
    hear([say("b", 2, event_id="e1"), say("a", 1)], shop)

    row = StatusTransition.objects.get()
    assert (row.change.event_id, row.source, row.total_minor) == ("e1", shop, 1230)
    assert StatusChange.objects.get(event_id="e1").status.code == "b"


def test_the_answer_holds_the_rows_that_were_written(order, shop):
    (heard,) = hear([say("a", 1)], shop).heard

    assert heard.transition == StatusTransition.objects.get()
    assert heard.change == StatusChange.objects.get()


def test_the_signal_is_sent_once_for_a_batch_with_rows_that_have_ids(order, shop, received):
    hear([say("a", 1), say("a", 2), say("b", 3), say("c", 2)], shop)

    (batch,) = received
    assert [code for _pk, code in batch] == ["a", "b"]
    assert [pk for pk, _code in batch] == list(StatusTransition.objects.order_by("id").values_list("pk", flat=True))


def test_no_signal_is_sent_where_nothing_moved(order, shop, received):
    hear([say("a", 2)], shop)
    hear([say("b", 1), say("a", 2), say("a", 3)], shop)

    assert len(received) == 1


def test_receivers_tell_what_was_started(order, shop):
    def start(transitions, **_kwargs):
        return [Started(row.pk, "hello") for row in transitions]

    statuses_changed.connect(start)
    try:
        hearing = hear([say("a", 1)], shop)
    finally:
        statuses_changed.disconnect(start)

    assert [started.campaign for started in hearing.started] == ["hello"]


def test_a_receiver_that_fails_fails_the_whole_batch(order, shop):
    def fail(**_kwargs):
        raise ZeroDivisionError

    statuses_changed.connect(fail)
    try:
        with pytest.raises(ZeroDivisionError):
            hear([say("a", 1)], shop)
    finally:
        statuses_changed.disconnect(fail)

    assert statuses_of(order) == (None, None, None)
    assert not StatusChange.objects.exists()


def test_an_empty_batch_is_fine(shop):
    assert hear([], shop).heard == []


@pytest.fixture
def row(order, shop):
    return hear([say("a", 1)], shop).heard[0].transition


@pytest.mark.parametrize(
    "tamper",
    [
        lambda row: row.save(),
        lambda row: row.delete(),
        lambda row: row.change.delete(),
        lambda _row: StatusTransition.objects.update(actor_id=1),
        lambda _row: StatusTransition.objects.all().delete(),
        lambda row: StatusTransition.objects.bulk_update([row], ["actor_id"]),
        lambda _row: StatusChange.objects.all().delete(),
    ],
)
def test_the_ledger_and_the_inbox_are_append_only_in_code(row, tamper):
    with pytest.raises(AppendOnly):
        tamper(row)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="the trigger is PostgreSQL's")
@pytest.mark.parametrize(
    "statement", ["UPDATE orders_statustransition SET actor_id = 1", "DELETE FROM orders_statustransition"]
)
def test_the_ledger_is_append_only_in_the_database(row, statement):
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


# Cost


def cost_of(shop, count):
    """Statements for `count` orders with three changes each."""
    orders = [OrderFactory(customer=None) for _ in range(count)]
    said = [say(code, minute, order=o.external_id) for o in orders for minute, code in enumerate("aab")]
    with CaptureQueriesContext(connection) as queries:
        hear(said, shop)
    return len(queries)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="on SQLite the transaction itself is the lock")
def test_orders_are_locked_in_the_order_of_their_keys(order, shop):
    """Whoever locks in another order waits for us while we wait for them."""
    with CaptureQueriesContext(connection) as queries:
        hear([say("a", 1)], shop)

    (lock,) = [query["sql"] for query in queries if "FOR NO KEY UPDATE" in query["sql"]]
    assert re.search(r'"id" AS "pk".* ORDER BY (2|"pk"|"orders_order"."id") ASC FOR NO KEY UPDATE', lock)


def test_a_longer_batch_costs_no_more_statements(shop):
    assert cost_of(shop, 20) == cost_of(shop, 1) <= 10


def test_three_thousand_changes_at_once_are_no_problem(shop):
    Order.objects.bulk_create([Order(external_id=f"many-{n}") for n in range(3_000)])

    hearing = hear([say("a", 1, order=f"many-{n}") for n in range(3_000)], shop)

    assert len(hearing.heard) == StatusTransition.objects.count() == 3_000
    assert not Order.objects.exclude(general_heard_at=F("general_heard_at")).exists()


def test_what_was_parked_for_too_long_is_heard_when_it_is_told_again():
    shop = SourceFactory(code="patient")
    said = Said("LATER", "general", "a", event_id="e1")
    with time_machine.travel(NOON, tick=False):
        hear([said], shop)
    OrderFactory(external_id="LATER")

    with time_machine.travel(NOON + timedelta(days=8), tick=False):
        again = hear([said], shop).heard[0]
        once_more = hear([said], shop).heard[0]

    assert (again.verdict, once_more.verdict) == ("moved", "duplicate")
    assert StatusChange.objects.get().verdict == "moved"
    assert StatusTransition.objects.get().change == StatusChange.objects.get()


def test_another_change_under_the_id_of_one_parked_for_too_long_is_a_conflict():
    shop = SourceFactory(code="patient")
    with time_machine.travel(NOON, tick=False):
        hear([Said("LATER", "general", "a", event_id="e1")], shop)

    with time_machine.travel(NOON + timedelta(days=8), tick=False):
        heard = hear([Said("LATER", "general", "b", event_id="e1")], shop).heard[0]

    assert heard.problem.code == "event_id_conflict"


def test_a_repeat_without_a_time_does_not_make_an_event_under_way_late(order):
    shop = SourceFactory(code="nightly")
    with time_machine.travel(NOON, tick=False):
        hear([Said("X", "general", "a", NOON - timedelta(hours=1))], shop)
        hear([Said("X", "general", "a")], shop)

        heard = hear([Said("X", "general", "b", NOON - timedelta(minutes=1))], shop).heard[0]

    assert heard.verdict == "moved"
