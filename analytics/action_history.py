"""What the history of actions tells of segments. Of a rule that it changed, as it may hold a name or a number."""

from analytics.models import Segment
from workspace import history

history.declare(Segment, label=lambda segment: segment.code, values=("code", "name", "kind"))
