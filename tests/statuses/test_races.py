"""Two people work on the vocabulary at the same moment, each in a process of its own."""

import random

import pytest
from django.test import Client

from statuses.lifecycle import change
from statuses.models import OrderStatus
from statuses.placing import move_by, put_beside
from tests.factories import StatusFactory
from tests.processes import meet
from tests.screens import HTMX
from workspace.models import User

pytestmark = [
    pytest.mark.processes,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("races"),
]

TURNS = 40


def move_about(seed):
    chance, statuses = random.Random(seed), list(OrderStatus.objects.of_type("payment"))
    for turn in range(TURNS):
        status, other = chance.sample(statuses, 2)
        put_beside(status, other.pk, after=chance.random() < 0.5)
        move_by(other, chance.choice((-1, 1)))
        change(status, {"name": f"{seed}-{turn}"})


def test_wherever_two_put_statuses_each_has_a_place_of_its_own(pair):
    for code in "abcdef":
        StatusFactory(type="payment", code=code)

    pair.run((move_about, 1), (move_about, 2))

    assert list(OrderStatus.objects.of_type("payment").values_list("position", flat=True)) == [1, 2, 3, 4, 5, 6]


def add(name):
    """What the window answers: it leads back to the list, or it tells of the code."""
    client = Client(SERVER_NAME="localhost")
    client.force_login(User.objects.create_superuser(name))
    meet()
    said = {"name": name, "type": "payment", "code": "paid"}
    answer = client.post("/admin/statuses/orderstatus/add-status/", said, headers=HTMX)
    if "HX-Redirect" in answer.headers:
        return "added"
    return "told" if "A status of this type already has this code." in answer.content.decode() else answer.content


def test_of_two_who_add_a_code_at_once_one_has_it_and_one_is_told(pair):
    assert sorted(pair.run((add, "Paid"), (add, "Settled"))) == ["added", "told"]
    assert OrderStatus.objects.count() == 1
