"""What every subject is given: how much to do, and the processes it may start."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from orderstatus_project.supervisor import Child, Supervisor

POLL_S = 0.05
PATIENCE_S = 60.0
# Of our own processes the workers alone say what they do, as an installation's do.
QUIET = "WARNING"


class GaveUp(Exception):
    """What was to be measured did not come to its end."""


@dataclass(frozen=True, slots=True)
class Sizes:
    rounds: int
    saves: int
    """Saves a round, of one side."""
    set: int
    """Changes that the batch writer takes at once."""
    naive_saves: int
    runs: int
    """Runs a round of the pipeline."""
    naive_runs: int
    requests: int
    """Single requests a round; lists hold 500."""
    lists: int
    changes: int
    """Changes told one by one, to see how soon each is a message."""
    pipelines: int
    """Rounds of the pipeline."""
    backlog: int
    """Bulk runs that wait."""
    history: int
    """Orders of a made-up past."""


FULL = Sizes(
    rounds=5,
    saves=300,
    set=1000,
    naive_saves=300,
    runs=20_000,
    naive_runs=150,
    requests=400,
    lists=10,
    changes=60,
    pipelines=3,
    backlog=100_000,
    history=1_000_000,
)
QUICK = Sizes(
    rounds=1,
    saves=50,
    set=1000,
    naive_saves=50,
    runs=500,
    naive_runs=20,
    requests=50,
    lists=2,
    changes=5,
    pipelines=1,
    backlog=2000,
    history=20_000,
)


@dataclass(frozen=True, slots=True)
class Bench:
    sizes: Sizes
    supervisor: Supervisor
    folder: Path

    def say(self, line: str) -> None:
        print(line, flush=True)

    @contextmanager
    def process(self, name: str, *command: str, ready: str = "", **environment: str) -> Iterator[Child]:
        """A process of ours, for a while. `ready`: what it says once it works."""
        os.environ |= {"LOG_LEVEL": "INFO", **environment}
        try:
            child = self.supervisor.start(name, [sys.executable, *command])
        finally:
            for key in environment:
                del os.environ[key]
            os.environ["LOG_LEVEL"] = QUIET
        try:
            if ready:
                wait_until(lambda: ready in child.log.read_text(), name)
            yield child
        finally:
            child.end(time.monotonic() + PATIENCE_S)
            self.supervisor.children.remove(child)
            child.log.unlink()

    def run(self, *command: str, **environment: str) -> str:
        """What a command says."""
        done = subprocess.run(
            [sys.executable, *command], env=os.environ | environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise GaveUp(f"{' '.join(command)}:\n{done.stderr}")
        return done.stdout


def wait_until(is_so: Callable[[], bool], what: str, patience_s: float = PATIENCE_S) -> None:
    deadline = time.monotonic() + patience_s
    while not is_so():
        if time.monotonic() > deadline:
            raise GaveUp(f"{what}: it did not come within {patience_s:.0f} s.")
        time.sleep(POLL_S)


def celery(app: str, processes: int, queues: Sequence[str] = ()) -> list[str]:
    """A worker as our Procfile runs it."""
    return [
        *("-m", "celery", "--app", app, "worker", "--concurrency", str(processes), "--loglevel", "INFO"),
        *("--without-gossip", "--without-mingle", "--without-heartbeat"),
        *(("--queues", ",".join(queues)) if queues else ()),
    ]
