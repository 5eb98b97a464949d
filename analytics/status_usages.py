"""Which segments ask about a status."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from analytics.models import Segment
from analytics.naming import statuses_named
from analytics.segment_usages import usage_by
from statuses import usages
from statuses.models import OrderStatus
from statuses.usages import Usage


def segments_naming(statuses: Sequence[OrderStatus]) -> Mapping[int, Sequence[Usage]]:
    """One query."""
    asked = {(status.type, status.code_key): status.pk for status in statuses}
    told: dict[int, list[Usage]] = defaultdict(list)
    for segment in Segment.objects.filter(kind=Segment.Kind.RULE):
        for place in asked.keys() & set(statuses_named(segment.rule)):
            told[asked[place]].append(usage_by(segment))
    return told


usages.register(segments_naming, needs="analytics.view_segment")
