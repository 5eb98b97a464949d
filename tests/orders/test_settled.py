"""Whoever remembers the last id it read must not be told of an id before a lower one may still appear."""

import multiprocessing
from multiprocessing.connection import Connection

import pytest
from django.db import connection, transaction

from orders.models import StatusTransition
from orders.said import Said
from orders.transitions import hear
from tests.factories import OrderFactory, SourceFactory, StatusFactory
from workspace.models import Source

needs_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")


@pytest.fixture
def shop(transactional_db):
    StatusFactory(type="payment", code="paid")
    for number in range(3):
        OrderFactory(external_id=f"O-{number}", customer=None)
    return SourceFactory()


def settled_orders():
    return list(StatusTransition.objects.settled().order_by("pk").values_list("order__external_id", flat=True))


def test_what_is_committed_is_settled(shop):
    hear([Said("O-0", "payment", "paid"), Said("O-1", "payment", "paid")], shop)

    assert settled_orders() == ["O-0", "O-1"]


def test_a_transaction_sees_its_own_transitions_as_settled(shop):
    with transaction.atomic():
        hear([Said("O-0", "payment", "paid")], shop)

        assert settled_orders() == ["O-0"]


@needs_postgresql
def test_a_lower_id_still_being_written_holds_back_the_higher_ones(shop, other_process):
    other_process.run("write", "O-0")
    hear([Said("O-1", "payment", "paid")], shop)
    assert StatusTransition.objects.count() == 1

    assert settled_orders() == []

    other_process.run("commit")
    assert settled_orders() == ["O-0", "O-1"]


@needs_postgresql
def test_a_lower_id_of_a_transaction_that_began_later_holds_back_too(shop, other_process):
    """Transaction ids and row ids are drawn at different times: going by `xmin` would skip this row."""
    with transaction.atomic():
        hear([Said("O-2", "payment", "paid")], shop)  # this transaction has its id before the other begins
        other_process.run("write", "O-0")
        hear([Said("O-1", "payment", "paid")], shop)

    assert settled_orders() == ["O-2"]

    other_process.run("commit")
    assert settled_orders() == ["O-2", "O-0", "O-1"]


@needs_postgresql
def test_a_rolled_back_writer_holds_nothing_back(shop, other_process):
    other_process.run("write", "O-0")
    hear([Said("O-1", "payment", "paid")], shop)

    other_process.run("rollback")

    assert settled_orders() == ["O-1"]


class Process:
    """Another process that writes in a transaction of its own, and ends it when told."""

    def __init__(self) -> None:
        self.ours, theirs = multiprocessing.get_context("fork").Pipe()
        connection.close()  # a forked process must not share it
        self.process = multiprocessing.get_context("fork").Process(target=obey, args=(theirs,))
        self.process.start()

    def run(self, *order: str) -> None:
        self.ours.send(order)
        assert self.ours.poll(10), "the other process did not answer"
        assert self.ours.recv() == "done"

    def end(self) -> None:
        self.ours.send(("end",))
        self.process.join(10)


def obey(orders: Connection) -> None:
    connection.connect()
    transaction.set_autocommit(False)
    while (order := orders.recv())[0] != "end":
        match order:
            case "write", external_id:
                hear([Said(external_id, "payment", "paid")], Source.objects.get(code__startswith="shop"))
            case ("commit",):
                transaction.commit()
            case ("rollback",):
                transaction.rollback()
        orders.send("done")
    connection.close()


@pytest.fixture
def other_process(shop):
    process = Process()
    yield process
    process.end()
