"""Named places, each just after a commit of the path, where a test kills the process as a power cut would.

`make chaos` arms one by writing its name into the file that FAILPOINT_FILE names; the first process to come there takes
the file away and dies. Without that variable a place costs one comparison.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

from django.conf import settings


def reach(name: str) -> None:
    if settings.FAILPOINT_FILE and _is_armed(Path(settings.FAILPOINT_FILE), name):
        os.kill(os.getpid(), signal.SIGKILL)


def _is_armed(file: Path, name: str) -> bool:
    try:
        if file.read_text() != name:
            return False
        file.rename(file.with_suffix(f".{os.getpid()}"))  # of two that come here at once, one takes it
    except FileNotFoundError:
        return False
    return True
