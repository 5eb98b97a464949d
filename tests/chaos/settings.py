"""The product's settings, with a clock that the harness can step, and sweeps as often as a short run needs."""

import os
from datetime import timedelta
from pathlib import Path

from django.utils import timezone

from orderstatus_project.logging import configure_logging
from orderstatus_project.settings import *  # noqa: F403
from orderstatus_project.settings import CELERY_BEAT_SCHEDULE

_of_the_world = timezone.now
_clock = Path(os.environ["CHAOS_CLOCK"])


def _now():
    """All that the product knows of the time of day goes through here. The file says how many seconds it is off."""
    return _of_the_world() + timedelta(seconds=float(_clock.read_text()))


timezone.now = _now

CELERY_BEAT_SCHEDULE = {
    name: {**entry, "schedule": 1.0, "options": {"expires": 2.0}} for name, entry in CELERY_BEAT_SCHEDULE.items()
}
# Of the half minute between tries to find a broker again.
CELERY_BROKER_TRANSPORT_OPTIONS["retry_policy"] = {"interval_max": 1}  # noqa: F405

# A line for each fault rather than a page.
LOGGING = configure_logging(as_json=True, level="WARNING")
