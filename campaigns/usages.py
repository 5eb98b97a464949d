"""Which campaigns name a status or a segment, in their trigger or in a filter."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from django.urls import reverse
from django.utils.translation import gettext as _

from analytics import segment_usages
from analytics.models import Segment
from analytics.naming import segments_named, statuses_named
from campaigns.definitions import all_steps, trigger_of, written_trigger
from campaigns.models import Activation, Campaign, CampaignState
from campaigns.steps import STEPS
from statuses import usages
from statuses.models import OrderStatus, code_key
from statuses.usages import Usage

T = TypeVar("T", bound=Hashable)


def campaigns_naming(statuses: Sequence[OrderStatus]) -> Mapping[int, Sequence[Usage]]:
    """What is drafted and what runs. Two queries."""
    return _naming({(status.type, status.code_key): status.pk for status in statuses}, codes_named)


def campaigns_asking(segments: Sequence[Segment]) -> Mapping[int, Sequence[Usage]]:
    """The same of segments."""
    return _naming({segment.code: segment.pk for segment in segments}, segments_of)


def _naming(asked: Mapping[T, int], named: Callable[[Mapping[str, Any]], Iterator[T]]) -> Mapping[int, Sequence[Usage]]:
    running = dict(Activation.objects.live().values_list("campaign", "version__definition"))
    told: dict[int, list[Usage]] = defaultdict(list)
    for campaign in Campaign.objects.exclude(state=CampaignState.ENDED).order_by("name"):
        live = set(named(running.get(campaign.pk, {})))
        for place in live | set(named(campaign.draft)):
            if place in asked:
                told[asked[place]].append(_told(campaign, is_live=place in live))
    return told


def segments_of(definition: Mapping[str, Any]) -> Iterator[str]:
    """The code of each segment that a definition which was read speaks of."""
    kind, params = written_trigger(definition)
    if kind and (code := kind.segment(params)):
        yield code
    for step in all_steps(definition.get("steps", [])):
        yield from segments_named(step.get("params", {}).get("rule", {}))


def codes_named(definition: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(type, code key) of each status that a definition which was read speaks of."""
    if trigger := trigger_of(definition):
        yield from trigger.statuses
    for rule in definition.get("stop_on", []):
        yield from ((rule["type"], code_key(code)) for code in rule["to"])
    for step in all_steps(definition.get("steps", [])):
        if kind := STEPS.get(step["kind"]):
            yield from kind.statuses(step.get("params", {}))
        yield from statuses_named(step.get("params", {}).get("rule", {}))


def _told(campaign: Campaign, *, is_live: bool) -> Usage:
    text = _("Campaign “%s”") % campaign.name if is_live else _("Draft of the campaign “%s”") % campaign.name
    short = campaign.name if is_live else _("%s (draft)") % campaign.name
    address = reverse("admin:campaigns_campaign_change", args=[campaign.pk])
    return Usage("campaign", text, address, is_live=is_live, short=short)


usages.register(campaigns_naming, needs="campaigns.view_campaign")
segment_usages.register(campaigns_asking, needs="campaigns.view_campaign")
