"""The last who may everything cannot go, whichever way code would have them go."""

import pytest
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import transaction

from workspace.administrators import LastAdministrator, RoleStays, administrators
from workspace.models import User

pytestmark = pytest.mark.django_db


def administrator(name="ada"):
    user = User.objects.create_user(name, is_staff=True)
    user.groups.add(Group.objects.get(name="Administrator"))
    return user


def superuser(name="root"):
    return User.objects.create_superuser(name)


def deactivate(user):
    user.is_active = False
    user.save()


def deactivate_by_column(user):
    user.is_active = False
    user.save(update_fields=["is_active"])


WAYS = {
    "deactivated": deactivate,
    "deactivated by the column": deactivate_by_column,
    "deactivated by a query": lambda user: User.objects.filter(pk=user.pk).update(is_active=False),
    "no staff any more": lambda user: User.objects.filter(pk=user.pk).update(is_staff=False),
    "deleted": lambda user: user.delete(),
    "deleted by a query": lambda user: User.objects.all().delete(),
    "without the role": lambda user: user.groups.remove(Group.objects.get(name="Administrator")),
    "without any role": lambda user: user.groups.clear(),
    "given other roles": lambda user: user.groups.set([Group.objects.get(name="Analyst")]),
    "taken from the role": lambda user: user.groups.get().user_set.remove(user),
    "with all others": lambda user: Group.objects.get(name="Administrator").user_set.clear(),
}


@pytest.mark.parametrize("go", WAYS.values(), ids=WAYS)
def test_the_last_administrator_stays(go):
    user = administrator()

    with pytest.raises(LastAdministrator), transaction.atomic():
        go(user)

    assert [each.username for each in administrators()] == ["ada"]


@pytest.mark.parametrize("go", WAYS.values(), ids=WAYS)
def test_one_of_two_may_go(go):
    user, other = administrator(), superuser()

    if go is WAYS["deleted by a query"]:
        User.objects.exclude(pk=other.pk).delete()
    else:
        go(user)

    assert list(administrators()) == [other]


def test_the_last_superuser_is_not_made_less():
    root = superuser()
    root.is_superuser = False

    with pytest.raises(LastAdministrator, match="Give another person the Administrator role first"):
        root.save()

    assert User.objects.get().is_superuser


def test_all_cannot_be_deactivated_at_once():
    administrator(), superuser()

    with pytest.raises(LastAdministrator):
        User.objects.update(is_active=False)

    assert administrators().count() == 2


def test_others_come_and_go_as_they_like():
    administrator()
    marketer = User.objects.create_user("grace", is_staff=True)
    marketer.groups.add(Group.objects.get(name="Marketer"))

    marketer.groups.clear()
    deactivate(marketer)
    marketer.delete()

    assert User.objects.get().username == "ada"


def test_without_any_administrator_there_is_none_to_keep():
    user = User.objects.create_user("grace", is_staff=True)

    deactivate(user)
    user.groups.clear()
    user.delete()

    assert not User.objects.exists()


def test_logging_in_asks_nothing_of_this(client, django_assert_num_queries):
    user = administrator()

    with django_assert_num_queries(1):
        user.save(update_fields=["last_login"])


def test_a_role_that_every_installation_has_stays():
    with pytest.raises(RoleStays) as refused, transaction.atomic():
        Group.objects.all().delete()

    assert isinstance(refused.value, ValidationError)
    assert "is a role that every installation has" in refused.value.messages[0]
    assert Group.objects.count() == 6
