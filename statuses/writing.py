"""Statuses and aliases written many at a time, at the price of one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import transaction
from django.db.models import Max

from statuses.models import OrderStatus, StatusAlias, code_key, validate_code
from statuses.signals import statuses_added
from workspace.database import write_rows

CHANGEABLE = ("name", "include_in_analytics", "colour", "position")


def add_together(statuses: Sequence[OrderStatus], aliases: Sequence[StatusAlias] = ()) -> None:
    """Save new statuses, and aliases of these or of others, as `save()` of each would, in a fixed number of queries.

    Those of position 0 come after all others of their type, in the order given.
    Raises ValidationError for what is no code, IntegrityError for a code that is taken.
    """
    with transaction.atomic():  # nobody meets a status before those have heard of it who wait for its code
        _place_last(statuses)
        rows: list[OrderStatus | StatusAlias] = [*statuses, *aliases]
        for row in rows:
            validate_code(row.code)
            row.code_key = code_key(row.code)
        OrderStatus.objects.bulk_create(statuses)
        StatusAlias.objects.bulk_create(aliases)
        if rows:
            statuses_added.send(OrderStatus, statuses=list(statuses), aliases=list(aliases))


def change_together(statuses: Iterable[OrderStatus]) -> None:
    """Write what of these rows may change, as it now stands in memory."""
    statuses = list(statuses)
    for status in statuses:
        status.revision += 1
    write_rows(statuses, (*CHANGEABLE, "revision"))


def _place_last(statuses: Iterable[OrderStatus]) -> None:
    last = dict(OrderStatus.objects.order_by().values_list("type").annotate(last=Max("position")))
    for status in statuses:
        status.position = status.position or last.get(status.type, 0) + 1
        last[status.type] = max(last.get(status.type, 0), status.position)
