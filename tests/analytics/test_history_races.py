"""Real processes that write and read history at once: in the end visits are those of all that was told."""

from datetime import UTC, datetime, timedelta
from random import Random
from threading import Thread

import pytest
from django.db import connection, transaction

from analytics import history
from orders.merging import carry_on_merges
from orders.models import Order
from orders.said import Said
from orders.transitions import hear
from statuses import lifecycle
from statuses.models import OrderStatus
from tests.analytics.folds import folded_visits, kept_visits
from tests.factories import CustomerFactory, OrderFactory, SourceFactory, StatusFactory
from tests.processes import meet
from workspace.models import Source

# One group: the two processes are started once.
pytestmark = [
    pytest.mark.processes,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("races"),
]

NOON = datetime(2024, 5, 3, 12, 0, tzinfo=UTC)
CODES = "abcd"
ROUNDS = 30
ORDERS = 12


@pytest.fixture(autouse=True)
def shop(pair, transactional_db):
    for code in CODES:
        StatusFactory(code=code)
    for number in range(ORDERS):
        OrderFactory(external_id=f"O-{number}")
    return SourceFactory(code="shop")


def is_whole():
    orders = list(Order.objects.all())
    return kept_visits(orders) == folded_visits(orders)


# What the processes do


def tell_at_random(seed):
    """Much of it late, and much of it nothing new."""
    random, shop = Random(seed), Source.objects.get(code="shop")
    for _round in range(ROUNDS):
        hear([said(random) for _nth in range(random.randrange(1, 12))], shop)


def said(random):
    at = NOON + timedelta(minutes=random.randrange(200))
    return Said(f"O-{random.randrange(ORDERS)}", "general", random.choice(CODES), at)


def catch_up_again_and_again():
    for _round in range(ROUNDS):
        history.catch_up(within_s=60)


def catch_up_for_all_again_and_again():
    """As a batch of runs does, in a transaction of its own."""
    for _round in range(ROUNDS):
        with transaction.atomic():
            history.catch_up_for(Order.objects.values_list("customer_id", flat=True))


def rebuild_again_and_again():
    for _round in range(ROUNDS // 3):
        history.rebuild()


def mark_by_turns(code):
    for nth in range(ROUNDS):
        lifecycle.change(OrderStatus.objects.get(code=code), {"include_in_analytics": nth % 2 == 0})
        history.follow(within_s=60)


def merge_two():
    meet()
    lifecycle.begin_merge(OrderStatus.objects.get(code="d"), OrderStatus.objects.get(code="a"))
    carry_on_merges()


def tell_and_merge_in_the_end(seed):
    tell_at_random(seed)
    meet()
    tell_at_random(seed + 1)


def sell_by_turns():
    customers = [CustomerFactory(external_id=f"B-{number}").pk for number in range(2)]
    for nth in range(ROUNDS):
        Order.objects.filter(external_id=f"O-{nth % ORDERS}").update(customer=customers[nth % 2])


# What must hold then


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (tell_at_random, (catch_up_again_and_again,)),
        (tell_at_random, (catch_up_for_all_again_and_again,)),
        (tell_at_random, (rebuild_again_and_again,)),
        (tell_at_random, (mark_by_turns, "b")),
        (tell_at_random, (sell_by_turns,)),
        (tell_and_merge_in_the_end, (merge_two,)),
    ],
)
def test_visits_are_whole_whatever_goes_on_beside_the_writer(pair, one, other):
    catching_up = Catching()
    with catching_up:
        pair.run((one, 1), other)

    history.follow(within_s=60)

    assert is_whole()
    history.rebuild()
    assert is_whole()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (catch_up_again_and_again, catch_up_again_and_again),
        (catch_up_again_and_again, catch_up_for_all_again_and_again),
        (catch_up_for_all_again_and_again, catch_up_for_all_again_and_again),
        (rebuild_again_and_again, catch_up_for_all_again_and_again),
    ],
)
def test_readers_beside_one_another(pair, shop, one, other):
    writer = Thread(target=tell_and_hang_up, args=(7,))
    writer.start()
    pair.run((one,), (other,))
    writer.join()

    history.catch_up(within_s=60)

    assert is_whole()


def test_what_a_long_transaction_commits_late_is_read(pair, shop):
    """Its rows have lower ids than many that were read meanwhile."""
    writer = Thread(target=tell_in_one_transaction, args=(3,))
    writer.start()
    for seed in range(20, 24):
        tell_at_random(seed)
        history.catch_up(within_s=60)
    writer.join()

    history.catch_up(within_s=60)

    assert is_whole()


class Catching:
    """Somebody who catches up all the while."""

    def __enter__(self):
        self.goes_on = [True]
        self.thread = Thread(target=self._catch_up)
        self.thread.start()

    def __exit__(self, *_error):
        self.goes_on.clear()
        self.thread.join()

    def _catch_up(self):
        try:
            while self.goes_on:
                history.catch_up(within_s=60)
        finally:
            connection.close()


def tell_and_hang_up(seed):
    try:
        tell_at_random(seed)
    finally:
        connection.close()


def tell_in_one_transaction(seed):
    try:
        with transaction.atomic():
            for number in range(ORDERS, ORDERS + 20):
                OrderFactory(external_id=f"O-{number}", general_status=OrderStatus.objects.get(code="a"))
                hear([Said(f"O-{number}", "general", "b", NOON)], Source.objects.get(code="shop"))
    finally:
        connection.close()
