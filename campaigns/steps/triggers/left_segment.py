"""Left a segment: a count of it did not find a customer any more who was in it. The run is about their last order."""

from django.utils.translation import gettext_lazy as _

from campaigns.crossings import trigger_kind

KIND = trigger_kind(
    "left_segment",
    _("Left a segment"),
    has_entered=False,
    says=_("When a customer leaves the segment %s"),
    tells=_("The customer had left the segment %(segment)s %(at)s."),
    icon="group_remove",
)
