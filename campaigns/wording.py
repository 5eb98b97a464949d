"""Campaigns in words: what a definition says, as one sentence a marketer would say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from statuses.models import OrderStatus, StatusType, code_key

# The name of each status, by (type, code key).
Names = Mapping[tuple[str, str], str]


def status_names() -> Names:
    """One query."""
    rows = OrderStatus.objects.order_by().values_list("type", "code_key", "name")
    return {(type, key): name for type, key, name in rows}


def status_name(names: Names, type: str, code: str) -> str:
    """Its name, or its code in quotes where there is no such status yet."""
    return names.get((type, code_key(code)), f"“{code}”")


def trigger_sentence(definition: Mapping[str, Any], names: Names) -> str:
    """“When payment goes from Invoice issued to Paid”. Takes definitions that were read, and copes with others."""
    trigger = definition.get("trigger")
    params = trigger.get("params") if isinstance(trigger, Mapping) else None
    if not isinstance(params, Mapping) or params.get("type") not in StatusType.values:
        return _("When it is not said what starts it")
    type = params["type"]
    words = {
        "type": str(StatusType(type).label).lower(),
        "from": _origin(params.get("from"), type, names),
        "to": _target(params.get("to"), type, names),
    }
    return (_("When %(type)s goes%(from)s to %(to)s") % words).strip()


def _origin(raw: Any, type: str, names: Names) -> str:
    if isinstance(raw, list):
        return " " + _("from %s") % _either(raw, type, names)
    if isinstance(raw, Mapping):
        return " " + _("from any but %s") % _either(raw.get("not", []), type, names)
    return {"none": " " + _("from no status"), "any_existing": " " + _("from any status")}.get(str(raw), "")


def _target(raw: Any, type: str, names: Names) -> str:
    return _either(raw, type, names) if isinstance(raw, list) else _("any status")


def _either(codes: Iterable[Any], type: str, names: Names) -> str:
    shown = [status_name(names, type, str(code)) for code in codes]
    if len(shown) < 2:
        return "".join(shown)
    return _("%(some)s or %(last)s") % {"some": ", ".join(shown[:-1]), "last": shown[-1]}
