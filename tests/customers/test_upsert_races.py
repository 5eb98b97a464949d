"""Two processes that tell of the same customers at once: every row is there once, and nobody fails."""

import pytest

from customers.models import Customer
from customers.upserts import read_customer, upsert_customers

pytestmark = [
    pytest.mark.processes,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("races"),
]

ROUNDS = 20


def tell(numbers, name):
    """Rows in the order given, the same ids in each round of both processes."""
    for turn in range(ROUNDS):
        rows = [{"external_id": f"{turn}-{number}", "first_name": f"{name}{turn}"} for number in numbers]
        outcomes = upsert_customers([read_customer(row) for row in rows], told_by=name)
        assert {upserted.problem for upserted in outcomes} == {None}


def test_the_same_new_customers_told_in_opposite_orders_are_there_once(pair):
    pair.run((tell, list(range(100)), "one"), (tell, list(reversed(range(100))), "other"))

    assert Customer.objects.count() == 2000
    assert set(Customer.objects.filter(external_id__startswith="7-").values_list("first_name", flat=True)) in (
        {"one7"},
        {"other7"},
    )


def test_sets_that_overlap_in_part_lose_nothing(pair):
    pair.run((tell, list(range(100)), "one"), (tell, list(range(50, 150)), "other"))

    assert Customer.objects.count() == 3000
