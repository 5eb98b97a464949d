"""Entered a segment: a count of it found a customer who was not in it before. The run is about their last order."""

from django.utils.translation import gettext_lazy as _

from campaigns.crossings import trigger_kind

KIND = trigger_kind(
    "entered_segment",
    _("Entered a segment"),
    has_entered=True,
    says=_("When a customer enters the segment %s"),
    tells=_("The customer had entered the segment %(segment)s %(at)s."),
    icon="group_add",
)
