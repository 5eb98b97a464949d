"""Whether anyone works in the background: each queue's workers leave a sign of life here while they sweep."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from workspace.models import Heartbeat
from workspace.queues import QUEUES

# Left by work that beat alone asks for: that the sweeps go round.
SWEEPS = "sweeps"

SILENT_AFTER = timedelta(minutes=2)
# A sign is no news so soon after another.
FRESH_FOR = timedelta(seconds=15)


def beat(queue: str) -> None:
    """Somebody works on this queue, or carries out a sweep. Writes only when the last sign is no longer fresh."""
    now = timezone.now()
    if not Heartbeat.objects.filter(name=queue, at__gt=now - FRESH_FOR).exists():
        Heartbeat.objects.update_or_create(name=queue, defaults={"at": now})


def silent_queues(now: datetime) -> list[str]:
    """Queues on which nobody has worked for two minutes."""
    heard = set(Heartbeat.objects.filter(at__gt=now - SILENT_AFTER).values_list("name", flat=True))
    return [queue for queue in QUEUES if queue not in heard]


def is_silent(now: datetime) -> bool:
    return bool(silent_queues(now))
