"""Which other codes mean a status, and what was merged into it: told to whoever is about to change it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from django.urls import reverse
from django.utils.translation import gettext as _

from statuses import usages
from statuses.models import OrderStatus, StatusAlias
from statuses.usages import Usage


def codes_that_mean(statuses: Sequence[OrderStatus]) -> Mapping[int, Sequence[Usage]]:
    """Two queries."""
    pks = [status.pk for status in statuses]
    told: dict[int, list[Usage]] = defaultdict(list)
    for alias in StatusAlias.objects.filter(status__in=pks).select_related("source"):
        told[alias.status_id or 0].append(_mapped(alias))
    for merged in OrderStatus.objects.filter(merged_into__in=pks):
        address = reverse("admin:statuses_orderstatus_change", args=[merged.pk])
        text, short = _("“%s” was merged into it") % merged.name, _("%s (merged)") % merged.name
        told[merged.merged_into_id or 0].append(Usage("merged", text, address, short=short))
    return told


def _mapped(alias: StatusAlias) -> Usage:
    text, short = _("Every source may send “%s” for it") % alias.code, alias.code
    if alias.source is not None:
        text = _("%(source)s sends “%(code)s” for it") % {"source": alias.source, "code": alias.code}
        short = f"{alias.source}: {alias.code}"
    return Usage("mapping", text, goes_with_it=True, short=short)


usages.register(codes_that_mean, needs="statuses.view_orderstatus")
