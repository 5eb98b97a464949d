"""There is always somebody who may everything: whoever would be the last to go is kept, whichever way they would go.

An administrator holds the role Administrator, or is a superuser, which is what the command line makes; and can log in.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from workspace.database import lock_rows
from workspace.roles import ADMINISTRATOR, BY_NAME, name_of

# The columns of a person that decide it.
DECIDING = frozenset({"is_active", "is_staff", "is_superuser"})


class LastAdministrator(ValidationError):
    def __init__(self) -> None:
        last = _("Nobody else may do everything here. Give another person the Administrator role first.")
        super().__init__(last, code="last_administrator")


class RoleStays(ValidationError):
    def __init__(self, role: Group) -> None:
        stays = _("“%(role)s” is a role that every installation has, so it stays.")
        super().__init__(stays, code="role_stays", params={"role": name_of(role)})


def administrators() -> QuerySet[Any]:
    holders = get_user_model().groups.through.objects.filter(group__name=ADMINISTRATOR.name).values("user")
    able = get_user_model().objects.filter(is_active=True, is_staff=True)
    return able.filter(Q(is_superuser=True) | Q(pk__in=holders))


@contextmanager
def keeping_an_administrator() -> Iterator[None]:
    """What is done within is undone if it leaves nobody. Raises LastAdministrator."""
    with transaction.atomic():
        hold_administrators()
        had = administrators().exists()
        yield
        if had and not administrators().exists():
            raise LastAdministrator


def refuse_to_lose(losers: set[int]) -> None:
    """Before these people lose the role. Superusers are administrators without it. Raises LastAdministrator."""
    hold_administrators()
    stay = administrators().filter(Q(is_superuser=True) | ~Q(pk__in=losers))
    if not stay.exists() and administrators().exists():
        raise LastAdministrator


def hold_administrators() -> None:
    """Until the transaction ends nobody else can go: of two who remove each other the second waits, and is refused.

    It is the role's row that is locked, as those who hold it are read anew by the statement after that.
    """
    lock_rows(Group.objects.filter(name=ADMINISTRATOR.name)).first()


def roles_leaving(instance: Any, action: str, reverse: bool, pk_set: set[int] | None, **_kwargs: Any) -> None:  # noqa: FBT001 - Django's
    """m2m_changed of who holds which role, asked from the person's side or, in reverse, from the role's."""
    if action not in {"pre_remove", "pre_clear"}:
        return
    if reverse and instance.name == ADMINISTRATOR.name:
        refuse_to_lose(set(instance.user_set.values_list("pk", flat=True)) if pk_set is None else pk_set)
    elif not reverse and (pk_set is None or Group.objects.filter(pk__in=pk_set, name=ADMINISTRATOR.name).exists()):
        refuse_to_lose({instance.pk})


def role_going(instance: Group, **_kwargs: Any) -> None:
    """pre_delete of a role: with Administrator all who hold it would go."""
    if instance.name in BY_NAME:
        raise RoleStays(instance)
