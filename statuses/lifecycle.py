"""What becomes of a status that is not wanted any more: deleted while unused, else retired, or merged into another."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from django.utils import timezone
from django.utils.translation import gettext as _

from statuses.models import OrderStatus, StatusAlias
from statuses.usages import Usage, usages
from workspace.database import lock_rows


class Refusal(ValueError):
    """It cannot be done; `code` for machines, the sentence for people."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail


def change(status: OrderStatus, named: Mapping[str, Any], *, revision: int | None = None) -> OrderStatus:
    """Set these fields. With a `revision`, only if nobody has changed it since it had that one."""
    with transaction.atomic():
        status = _locked(status)
        if revision not in (None, status.revision):
            detail = _("“%s” was changed by somebody else meanwhile. Look at it again before you change it.")
            raise Refusal("changed_meanwhile", detail % status.name)
        changed = [name for name, value in named.items() if getattr(status, name) != value]
        if "code" in changed and is_named(status):
            raise Refusal("status_in_use", _("“%s” is used by its code, so the code stays as it is.") % status.name)
        for name in changed:
            setattr(status, name, named[name])
        return _written(status, *changed) if changed else status


def is_named(status: OrderStatus) -> bool:
    """Whether others know it by its code: orders that came to it, campaigns, also as a draft, and other codes of it."""
    return status.is_used() or bool(_uses(status))


def is_needed(status: OrderStatus) -> bool:
    """Whether anything would miss it: all those, but for other codes, which go with it."""
    return status.is_used() or any(not use.goes_with_it for use in _uses(status))


def unneeded(pks: Collection[int]) -> list[OrderStatus]:
    """Those of these that nothing would miss. A fixed number of queries."""
    unused = list(OrderStatus.objects.filter(pk__in=pks).order_by("pk").unused())
    told = usages(unused, in_lists=True)
    return [status for status in unused if all(use.goes_with_it for use in told.get(status.pk, []))]


def _uses(status: OrderStatus) -> list[Usage]:
    return usages([status], in_lists=True).get(status.pk, [])


def retire(status: OrderStatus, *, is_taken: bool) -> OrderStatus:
    """Offer it no more. Orders that hold it, their history and what waits on it stay as they are.

    `is_taken`: integrations may go on telling it; else they are refused, with a reason.
    """
    with transaction.atomic():
        status = _locked(status)
        _refuse_if_merged(status)
        status.retired_at, status.is_taken_from_sources = status.retired_at or timezone.now(), is_taken
        return _written(status, "retired_at", "is_taken_from_sources")


def restore(status: OrderStatus) -> OrderStatus:
    """Offer it again."""
    with transaction.atomic():
        status = _locked(status)
        _refuse_if_merged(status)
        status.retired_at, status.is_taken_from_sources = None, True
        return _written(status, "retired_at", "is_taken_from_sources")


def begin_merge(status: OrderStatus, into: OrderStatus) -> OrderStatus:
    """Let its orders move to another status, silently, and its code mean the other from then on. There is no way back.

    The orders are moved once this is committed (orders/merging.py).
    """
    with transaction.atomic():
        both = lock_rows(OrderStatus.objects.filter(pk__in={status.pk, into.pk}).order_by("pk"))
        found = {row.pk: row for row in both}
        if not found.keys() >= {status.pk, into.pk}:
            raise OrderStatus.DoesNotExist
        status, into = found[status.pk], found[into.pk]
        _refuse_if_merged(status)
        _check_target(status, into)
        status.merging_into, status.retired_at = into, status.retired_at or timezone.now()
        status.is_taken_from_sources = True
        return _written(status, "merging_into", "retired_at", "is_taken_from_sources")


def delete(status: OrderStatus) -> None:
    """Raises Refusal if anything uses it."""
    in_use = Refusal("status_in_use", _("“%s” is used by orders, their history or campaigns. Retire it.") % status.name)
    with transaction.atomic():
        list(OrderStatus.objects.filter(pk=status.pk).select_for_update())  # from here on nobody can come to use it
        if is_needed(status):
            raise in_use
        try:
            status.delete()
        except ProtectedError:  # SQLite: used since we looked
            raise in_use from None


def delete_unused(pks: Collection[int]) -> list[OrderStatus]:
    """Delete those of these that nothing uses, and tell which. A fixed number of queries."""
    with transaction.atomic():
        rows = OrderStatus.objects.filter(pk__in=pks).order_by("pk")
        list(rows.select_for_update())  # from here on nobody can come to use them
        unused = unneeded(pks)
        OrderStatus.objects.filter(pk__in=[status.pk for status in unused]).delete()
        return unused


def add_alias(status: OrderStatus, code: str) -> StatusAlias:
    """Let sources send another code for it. One that means something already is refused."""
    taken = OrderStatus.objects.with_code(status.type, code).first()
    if taken is not None:
        detail = _("“%(code)s” is the code of the status “%(name)s”.") % {"code": code, "name": taken.name}
        raise Refusal("status_exists", detail)
    exists = Refusal("alias_exists", _("“%s” has a meaning already. Remove that one first.") % code)
    if StatusAlias.objects.of_all(status.type, code).exists():
        raise exists
    try:
        with transaction.atomic():
            return StatusAlias.objects.create(status=status, type=status.type, code=code)
    except IntegrityError:  # said at the same time
        raise exists from None


def _check_target(status: OrderStatus, into: OrderStatus) -> None:
    if status.pk == into.pk:
        raise Refusal("same_status", _("A status cannot be merged into itself. Choose another."))
    if status.type != into.type:
        raise Refusal("other_type", _("Statuses of two types cannot be merged. Choose one of the same type."))
    if into.is_retired:
        raise Refusal("target_retired", _("“%s” is retired. Restore it first, or choose another.") % into.name)
    if OrderStatus.objects.filter(merging_into=status).exists():
        raise Refusal(
            "being_merged", _("Another status is being merged into “%s”. Wait until it is done.") % status.name
        )


def _refuse_if_merged(status: OrderStatus) -> None:
    into = status.merged_into or status.merging_into
    if into is not None:
        words = {"name": status.name, "into": into.name}
        raise Refusal("merged", _("“%(name)s” was merged into “%(into)s”. There is no way back.") % words)


def _locked(status: OrderStatus) -> OrderStatus:
    found: OrderStatus = lock_rows(OrderStatus.objects.filter(pk=status.pk)).get()
    return found


def _written(status: OrderStatus, *fields: str) -> OrderStatus:
    status.revision += 1
    status.save(update_fields=[*fields, "revision"])
    return status
