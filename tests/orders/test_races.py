"""Two processes at once: the chain of each ledger holds, no event is taken twice, and no deadlock comes to light."""

import time
from datetime import UTC, datetime, timedelta
from threading import Thread

import pytest
from django.db import connection, transaction

from orders.ledger import hold_ledger_alone
from orders.models import Order, StatusChange, StatusTransition
from orders.said import Said
from orders.transitions import apply_parked, hear, move_silently
from statuses.models import OrderStatus
from tests.factories import OrderFactory, SourceFactory, StatusFactory
from tests.orders.ledgers import broken_orders, ledger_of, statuses_of
from tests.processes import meet
from workspace.models import Source

# One group: the two processes are started once.
pytestmark = [
    pytest.mark.processes,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("races"),
]

NOON = datetime(2024, 5, 3, 12, 0, tzinfo=UTC)
CODES = "abc"
ROUNDS = 30


@pytest.fixture(autouse=True)
def words(pair, transactional_db):
    for code in CODES:
        StatusFactory(code=code)


def orders_named(count):
    return [OrderFactory(external_id=f"O-{n}", customer=None).external_id for n in range(count)]


def status(code):
    return OrderStatus.objects.get(code=code)


def said(order, number, code=None):
    """The change number `number` of an order, by its time."""
    return Said(order, "general", code or CODES[number % 3], NOON + timedelta(minutes=number), f"{order}/{number}")


# What the processes do


def save_by_turns(external_id, codes):
    for code in codes * ROUNDS:
        order = Order.objects.get(external_id=external_id)
        order.general_status = status(code)
        order.save()


def save_from_a_copy_read_before(external_id, code):
    order = Order.objects.get(external_id=external_id)
    meet()
    if code is None:
        order.currency = "USD"
    else:
        order.general_status = status(code)
    order.save()


def create_with_status(external_id):
    order, _ = Order.objects.get_or_create(external_id=external_id, defaults={"general_status": status("a")})
    return order.pk


def update_with_status(external_id, codes):
    for code in codes * ROUNDS:
        Order.objects.update_or_create(external_id=external_id, defaults={"general_status": status(code)})


def hear_all(batches):
    shop = Source.objects.get(code="shop")
    return [heard.verdict for batch in batches for heard in hear(batch, shop).heard]


def create_all(external_ids):
    for external_id in external_ids:
        Order.objects.create(external_id=external_id)


def apply_again_and_again():
    return sum(apply_parked() for _ in range(ROUNDS))


def save_and_hang_up(order, code):
    try:
        order.general_status = status(code)
        order.save()
    finally:
        connection.close()


def wait_until_somebody_waits_for_the_ledger():
    deadline = time.monotonic() + 30
    with connection.cursor() as cursor:
        while time.monotonic() < deadline:
            cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)")
            if cursor.fetchone()[0]:
                return
            time.sleep(0.005)
    raise AssertionError("nobody waits")


# What must hold then


def test_two_processes_save_one_order(pair):
    orders_named(1)

    pair.run((save_by_turns, "O-0", "ab"), (save_by_turns, "O-0", "bc"))

    assert broken_orders() == []
    last = StatusTransition.objects.order_by("id").last()
    assert statuses_of(last.order) == (last.to_status.code, None, None)


def test_two_copies_read_at_once_record_one_change_once(pair):
    (name,) = orders_named(1)

    pair.run((save_from_a_copy_read_before, name, "b"), (save_from_a_copy_read_before, name, "b"))

    assert ledger_of(Order.objects.get()) == [("general", None, "b")]


def test_two_copies_read_at_once_both_move_the_order(pair):
    (name,) = orders_named(1)

    pair.run((save_from_a_copy_read_before, name, "a"), (save_from_a_copy_read_before, name, "b"))

    assert StatusTransition.objects.count() == 2
    assert broken_orders() == []


def test_a_copy_read_before_a_move_does_not_undo_it(pair):
    (name,) = orders_named(1)

    pair.run((save_from_a_copy_read_before, name, "b"), (save_from_a_copy_read_before, name, None))

    assert statuses_of(Order.objects.get()) == ("b", None, None)
    assert broken_orders() == []


def test_two_processes_create_one_order(pair):
    first, second = pair.run((create_with_status, "new"), (create_with_status, "new"))

    assert first == second
    assert ledger_of(Order.objects.get()) == [("general", None, "a")]


@pytest.mark.parametrize("known", [True, False])
def test_two_processes_hear_the_same_events(pair, known):
    SourceFactory(code="shop")
    names = orders_named(10) if known else [f"unknown-{n}" for n in range(10)]
    events = [said(name, number) for number in range(12) for name in names]
    batches = [events[n : n + 20] for n in range(0, 120, 20)]

    first, second = pair.run((hear_all, batches), (hear_all, batches))

    assert (first + second).count("duplicate") == 120
    assert StatusChange.objects.count() == 120
    assert broken_orders() == []


def test_two_processes_hear_the_same_orders_in_opposite_orders(pair):
    SourceFactory(code="shop")
    names = orders_named(40)
    batches = [[said(name, number) for name in names] for number in range(10)]

    pair.run((hear_all, batches), (hear_all, [batch[::-1] for batch in batches]))

    assert StatusChange.objects.count() == 400
    assert broken_orders() == []


def test_two_processes_hear_the_same_unknown_events_in_opposite_orders(pair):
    SourceFactory(code="shop")
    batches = [[said(f"unknown-{n}", number) for n in range(40)] for number in range(10)]

    pair.run((hear_all, batches), (hear_all, [batch[::-1] for batch in batches]))

    assert StatusChange.objects.count() == 400


def test_hearing_and_saving_the_same_orders(pair):
    SourceFactory(code="shop")
    (name,) = orders_named(1)

    pair.run((hear_all, [[said(name, number)] for number in range(60)]), (save_by_turns, name, "ab"))

    assert broken_orders() == []


def test_hearing_while_the_orders_appear(pair):
    SourceFactory(code="shop")
    names = [f"new-{n}" for n in range(ROUNDS)]

    pair.run((hear_all, [[said(name, number) for number in range(3)] for name in names]), (create_all, names))
    apply_parked()

    assert set(StatusChange.objects.values_list("verdict", flat=True)) == {"moved"}
    assert {statuses_of(order) for order in Order.objects.all()} == {("c", None, None)}
    assert broken_orders() == []


def test_hearing_while_parked_changes_are_applied(pair):
    shop = SourceFactory(code="shop")
    names = [f"late-{n}" for n in range(10)]
    hear([said(name, number) for name in names for number in range(3)], shop)
    Order.objects.bulk_create([Order(external_id=name) for name in names])

    verdicts, applied = pair.run(
        (hear_all, [[said(name, number) for name in names] for number in range(3, 9)]), (apply_again_and_again,)
    )

    assert applied == 30
    assert len(verdicts) == 60
    assert {statuses_of(order) for order in Order.objects.all()} == {("c", None, None)}
    assert broken_orders() == []


def test_two_processes_apply_the_same_parked_changes(pair):
    shop = SourceFactory(code="shop")
    names = [f"late-{n}" for n in range(10)]
    hear([said(name, number) for name in names for number in range(3)], shop)
    Order.objects.bulk_create([Order(external_id=name) for name in names])

    first, second = pair.run((apply_again_and_again,), (apply_again_and_again,))

    assert first + second == 30
    assert StatusTransition.objects.count() == 30
    assert broken_orders() == []


def test_who_wants_the_ledger_alone_gets_it_and_stops_nobody(pair):
    SourceFactory(code="shop")
    (name,) = orders_named(1)
    held = []

    def hold_again_and_again():
        try:
            while working:
                with transaction.atomic():
                    hold_ledger_alone()
                    held.append(True)
                time.sleep(0.005)
        finally:
            connection.close()

    working = [True]
    holder = Thread(target=hold_again_and_again)
    holder.start()
    try:
        pair.run((hear_all, [[said(name, number)] for number in range(60)]), (update_with_status, name, "ab"))
    finally:
        working.clear()
        holder.join()

    assert len(held) > 1
    assert broken_orders() == []


def test_a_save_that_waits_for_the_ledger_holds_no_row_and_moves_from_where_it_then_stands(pair):
    """As beside a merge, which moves orders while it holds the ledger alone."""
    (name,) = orders_named(1)
    Order.objects.update_or_create(external_id=name, defaults={"general_status": status("a")})
    saving = Thread(target=save_and_hang_up, args=(Order.objects.get(), "c"))

    with transaction.atomic():
        hold_ledger_alone()
        saving.start()
        wait_until_somebody_waits_for_the_ledger()
        Order.objects.select_for_update(nowait=True).get()
        move_silently([name], status("a"), status("b").pk)
    saving.join()

    assert ledger_of(Order.objects.get()) == [("general", None, "a"), ("general", "a", "b"), ("general", "b", "c")]
