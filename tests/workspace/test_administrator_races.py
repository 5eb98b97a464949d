"""Two administrators who remove each other at the same moment: one of them stays."""

import pytest
from django.contrib.auth.models import Group
from django.db import transaction

from tests.processes import meet
from workspace.administrators import LastAdministrator, administrators
from workspace.models import User

pytestmark = [
    pytest.mark.processes,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("races"),
]

ROUNDS = 10


def deactivate(user):
    user.is_active = False
    user.save()


def demote(user):
    user.groups.clear()


def remove(go, names):
    """In each round the one of this name; answers how often it was refused."""
    refused = 0
    for name in names:
        user = User.objects.get(username=name)
        meet()
        try:
            with transaction.atomic():
                go(user)
        except LastAdministrator:
            refused += 1
        meet()
        User.objects.filter(username=name).update(is_active=True)
        User.objects.get(username=name).groups.add(Group.objects.get(name="Administrator"))
        meet()
    return refused


@pytest.mark.parametrize(("one", "other"), [(deactivate, deactivate), (demote, demote), (deactivate, demote)])
def test_of_two_who_remove_each_other_one_stays(pair, one, other):
    for name in ("ada", "grace"):
        user = User.objects.create_user(name, is_staff=True)
        user.groups.add(Group.objects.get(name="Administrator"))

    refused = pair.run((remove, one, ["ada"] * ROUNDS), (remove, other, ["grace"] * ROUNDS))

    assert sum(refused) == ROUNDS
    assert administrators().count() == 2
