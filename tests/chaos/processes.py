"""Programs that the harness starts, kills and starts again. Each leads a process group, and none outlives it."""

import os
import signal
import socket
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

# On a machine that has much else to do.
PATIENCE_S = 120.0


class NotReady(Exception):
    """What was waited for did not come about."""


@dataclass
class Program:
    """One program. `user`: whom it runs as, where it must not be root."""

    name: str
    command: list
    log_dir: Path
    env: dict = field(default_factory=dict)
    user: str | None = None
    process: subprocess.Popen | None = None
    groups: set = field(default_factory=set)
    is_wanted: bool = False

    @property
    def pid(self):
        return self.process.pid

    @property
    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def start(self):
        self.is_wanted = True
        with (self.log_dir / f"{self.name}.log").open("ab") as log:
            self.process = subprocess.Popen(
                [str(word) for word in self.command],
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **({"user": self.user, "group": self.user, "extra_groups": []} if self.user else {}),
            )
        self.groups.add(self.process.pid)

    def children(self):
        """Process ids of the first generation."""
        file = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        return [int(pid) for pid in file.read_text().split()] if file.exists() else []

    def kill(self):
        """As the kernel would, or a careless operator; what it leaves is ended as systemd ends it."""
        signal_process(self.pid, signal.SIGKILL)
        self.process.wait()
        self.end_groups()

    def stop(self, number=signal.SIGTERM, patience_s=PATIENCE_S):
        self.is_wanted = False
        if self.is_running:
            signal_process(self.pid, number)
            try:
                self.process.wait(patience_s)
            except subprocess.TimeoutExpired:
                signal_process(self.pid, signal.SIGKILL)
                self.process.wait()
        self.end_groups()

    def end_groups(self):
        for group in self.groups:
            with suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)
        self.groups.clear()


def signal_process(pid, number):
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def wait_until(is_so, what, patience_s=PATIENCE_S):
    deadline = time.monotonic() + patience_s
    while not is_so():
        if time.monotonic() > deadline:
            raise NotReady(f"{what} within {patience_s:.0f} s")
        time.sleep(0.05)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
