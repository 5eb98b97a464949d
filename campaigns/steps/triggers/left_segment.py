"""Left a segment: a count of it did not find a customer any more who was in it. The run is about their last order."""

from functools import partial

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics.wording import Names
from campaigns.crossings import Form, crossed, find, gate, segment_name, segment_of
from campaigns.steps.base import Params, TriggerKind
from orders.models import StatusTransition


def says(params: Params, names: Names) -> str:
    return _("When a customer leaves the segment %s") % segment_name(params.get("segment"), names)


def tells(params: Params, _transition: StatusTransition | None, at: str) -> str:
    return _("The customer had left the segment %(segment)s %(at)s.") % {
        "segment": segment_name(segment_of(params), {}),
        "at": at,
    }


KIND = TriggerKind(
    "left_segment",
    gettext_lazy("Left a segment"),
    Form,
    find=partial(find, has_entered=False),
    gate=gate,
    segment=segment_of,
    crossed=partial(crossed, has_entered=False),
    says=says,
    tells=tells,
    icon="group_remove",
)
