"""Several processes as one: started together, stopped together, and when one ends all do.

Each child leads a process group of its own, so that a Ctrl-C reaches it through us and in our order, and so that
whatever it leaves behind can be found and ended. honcho stops its children all at once, through a shell, and leaves
theirs alone.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Never

from django.utils.translation import gettext as _

POLL_S = 0.1
# How long a child may take to end its work before it is killed.
GRACE_S = 12.0
TAIL_LINES = 15
LARGEST_LOG = 5 * 1024 * 1024

PR_SET_PDEATHSIG = 1


class Interrupted(BaseException):
    """Ctrl-C or SIGTERM: stop what was begun. No Exception, so that nobody handles it by the way."""


class Died(Exception):
    """A child ended that was to stay."""

    def __init__(self, child: Child) -> None:
        self.child = child
        status = child.process.returncode
        super().__init__(_killed(child.name, -status) if status < 0 else _ended(child.name, status))


def _killed(name: str, number: int) -> str:
    return _("%(process)s was killed by %(signal)s.") % {"process": name, "signal": signal.Signals(number).name}


def _ended(name: str, status: int) -> str:
    return _("%(process)s ended with status %(status)d.") % {"process": name, "status": status}


class NotReady(Exception):
    """What was waited for did not come in time."""


@dataclass(slots=True, eq=False)
class Child:
    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def tail(self) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(f"    {line}" for line in lines[-TAIL_LINES:])

    def end(self, deadline: float) -> None:
        """Ask the child to end, and make its whole group end if it does not."""
        if self.process.poll() is None:
            self.process.terminate()
        while self.process.poll() is None and time.monotonic() < deadline:
            time.sleep(POLL_S / 4)
        self.kill()

    def kill(self) -> None:
        with suppress(ProcessLookupError):  # nobody of the group is left
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@dataclass(slots=True)
class Supervisor:
    """Used as a context: leaving it, however that comes, stops every child, and the first one started last."""

    log_dir: Path
    children: list[Child] = field(default_factory=list)
    # An exception that a signal raises goes under where none can leave (a finaliser, a callback of the collector).
    is_asked_to_end: bool = False

    def __enter__(self) -> Supervisor:
        self.log_dir.mkdir(parents=True, exist_ok=True)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._interrupt)
        return self

    def __exit__(self, *_error: object) -> None:
        # A second signal is for the impatient.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._kill_all)
        self.stop()

    def start(self, name: str, command: Sequence[str | Path]) -> Child:
        self._heed()
        log = _fresh_log(self.log_dir / f"{name}.log")
        with log.open("ab") as output:
            process = subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_end_with_parent,  # noqa: PLW1509 - this process has one thread
            )
        child = Child(name, process, log)
        self.children.append(child)
        return child

    def wait_until(self, is_ready: Callable[[], bool], what: str, timeout_s: float) -> None:
        """Raises Died when a child ends meanwhile, NotReady when it takes too long."""
        deadline = time.monotonic() + timeout_s
        while not is_ready():
            self.check()
            if time.monotonic() > deadline:
                named = {"what": what, "seconds": timeout_s, "logs": self.log_dir}
                raise NotReady(_("%(what)s within %(seconds).0f s. Its log is under %(logs)s.") % named)
            time.sleep(POLL_S)

    def check(self) -> None:
        self._heed()
        for child in self.children:
            if child.process.poll() is not None:
                raise Died(child)

    def watch(self) -> Never:
        """Until a signal (Interrupted) or the end of a child (Died)."""
        while True:
            self.check()
            time.sleep(POLL_S)

    def stop(self) -> None:
        """All at once but for the first, such as Redis, which the others stand on: it ends when they have."""
        deadline = time.monotonic() + GRACE_S
        for child in self.children[1:]:
            if child.process.poll() is None:
                child.process.terminate()
        for child in reversed(self.children):
            child.end(deadline)

    def _heed(self) -> None:
        if self.is_asked_to_end:
            raise Interrupted

    def _interrupt(self, _number: int, _frame: FrameType | None) -> None:
        self.is_asked_to_end = True
        raise Interrupted

    def _kill_all(self, _number: int, _frame: FrameType | None) -> None:
        for child in self.children:
            child.kill()


def _end_with_parent() -> None:
    """In the child: should the supervisor itself be killed, the kernel asks the child to end."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _fresh_log(log: Path) -> Path:
    if log.exists() and log.stat().st_size > LARGEST_LOG:
        log.replace(log.with_suffix(".log.1"))
    return log
