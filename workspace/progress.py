"""Telling a person at a terminal, or whoever reads a log, how far long work is."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

from django.utils.translation import gettext as _


class Progress:
    """One line that is written over on a terminal; elsewhere a line every five seconds."""

    def __init__(
        self, write: Callable[[str], object], *, is_terminal: bool, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._write = write
        self._is_terminal = is_terminal
        self._clock = clock
        self._every_s = 0.2 if is_terminal else 5.0
        self._began_at = self._told_at = clock()
        self._width = 0

    def tell(self, share: float, rows: int) -> None:
        """`share` of the work is done, 0.0 to 1.0, and with it `rows` rows. Written only when it is time to."""
        now = self._clock()
        if now - self._told_at < self._every_s:
            return
        self._told_at = now
        text = _describe(share, rows, now - self._began_at)
        self._write("\r" + text.ljust(self._width) if self._is_terminal else text + "\n")
        self._width = len(text)

    def clear(self) -> None:
        """Leave the terminal's line to what is written next."""
        if self._is_terminal and self._width:
            self._write("\r" + " " * self._width + "\r")
            self._width = 0


def _describe(share: float, rows: int, seconds: float) -> str:
    left = timedelta(seconds=round(seconds * (1 - share) / share)) if share else "?"
    return _("%(percent)d %% · %(rows)s rows · %(rate)s rows/s · %(left)s left") % {
        "percent": int(share * 100),
        "rows": f"{rows:,}",
        "rate": f"{rows / seconds:,.0f}",
        "left": left,
    }
