"""Who uses a segment: a registry declared here and filled from above (workspace/usages.py); and segments that ask about
another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from django.urls import reverse
from django.utils.translation import gettext as _

from analytics.models import Segment
from analytics.naming import segments_named
from workspace.usages import Usage, Usages

_of_segments: Usages[Segment] = Usages()
register, usages = _of_segments.register, _of_segments.of


def segments_asking(segments: Sequence[Segment]) -> Mapping[int, Sequence[Usage]]:
    """One query."""
    asked = {segment.code: segment.pk for segment in segments}
    told: dict[int, list[Usage]] = defaultdict(list)
    for segment in Segment.objects.filter(kind=Segment.Kind.RULE):
        for code in asked.keys() & set(segments_named(segment.rule)):
            told[asked[code]].append(usage_by(segment))
    return told


def usage_by(segment: Segment) -> Usage:
    address = reverse("admin:analytics_segment_change", args=[segment.pk])
    return Usage(
        "segment", _("Segment “%s”") % segment.name, address, is_live=True, short=segment.name, reads_analytics=True
    )


register(segments_asking, needs="analytics.view_segment")
