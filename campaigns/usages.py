"""Which campaigns name a status, in their trigger or in a filter."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from campaigns.definitions import all_steps, trigger_of
from campaigns.models import Activation, Campaign, CampaignState
from campaigns.steps import STEPS
from orders.standing import STATUS_FIELDS
from statuses import usages
from statuses.models import OrderStatus, code_key
from statuses.usages import Usage

TYPES_OF_FIELDS = {f"order.{field}": type for type, field in STATUS_FIELDS.items()}


def campaigns_naming(statuses: Sequence[OrderStatus]) -> Mapping[int, Sequence[Usage]]:
    """What is drafted and what runs. Two queries."""
    asked = {(status.type, status.code_key): status.pk for status in statuses}
    running = dict(Activation.objects.live().values_list("campaign", "version__definition"))
    told: dict[int, list[Usage]] = defaultdict(list)
    for campaign in Campaign.objects.exclude(state=CampaignState.ENDED).order_by("name"):
        live = set(codes_named(running.get(campaign.pk, {})))
        for place in live | set(codes_named(campaign.draft)):
            if place in asked:
                told[asked[place]].append(_told(campaign, is_live=place in live))
    return told


def codes_named(definition: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(type, code key) of each status that a definition which was read speaks of."""
    if trigger := trigger_of(definition):
        yield from trigger.statuses
    for rule in definition.get("stop_on", []):
        yield from ((rule["type"], code_key(code)) for code in rule["to"])
    for step in all_steps(definition.get("steps", [])):
        if kind := STEPS.get(step["kind"]):
            yield from kind.statuses(step.get("params", {}))
        yield from _codes_of_rule(step.get("params", {}).get("rule", {}))


def _codes_of_rule(rule: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    type = TYPES_OF_FIELDS.get(rule.get("field", ""))
    if type is not None:
        values = rule.get("value")
        for code in values if isinstance(values, list) else [values]:
            if isinstance(code, str):
                yield type, code_key(code)
    for part in rule.get("rules", []):
        yield from _codes_of_rule(part)


def _told(campaign: Campaign, *, is_live: bool) -> Usage:
    text = _("Campaign “%s”") % campaign.name if is_live else _("Draft of the campaign “%s”") % campaign.name
    short = campaign.name if is_live else _("%s (draft)") % campaign.name
    address = reverse("admin:campaigns_campaign_change", args=[campaign.pk])
    return Usage("campaign", text, address, is_live=is_live, short=short)


usages.register(campaigns_naming, needs="campaigns.view_campaign")
