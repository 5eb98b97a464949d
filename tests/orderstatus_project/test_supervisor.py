"""Several processes as one, asked to end at a bad moment."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from orderstatus_project.environment import BASE_DIR
from orderstatus_project.supervisor import Died, Interrupted, Supervisor

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.fixture
def _handlers():
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("_handlers")
@pytest.mark.parametrize(
    "goes_on",
    [
        lambda supervisor: supervisor.watch(),
        lambda supervisor: supervisor.wait_until(lambda: False, "nothing", 5),
        lambda supervisor: supervisor.start("sleep", ["sleep", "60"]),
    ],
)
def test_a_signal_that_went_under_is_heeded_at_the_next_turn(tmp_path, goes_on):
    with Supervisor(tmp_path) as supervisor:
        with suppress(Interrupted):
            signal.raise_signal(signal.SIGTERM)

        with pytest.raises(Interrupted):
            goes_on(supervisor)

    assert supervisor.children == []


ASLEEP = ["sleep", "60"]
OF_ITS_OWN = """
import sys
from pathlib import Path
from orderstatus_project.supervisor import Supervisor

with Supervisor(Path(sys.argv[1])) as supervisor:
    children = [supervisor.start(name, ["sleep", "60"]) for name in ("redis", "web")]
    print(*(child.process.pid for child in children), flush=True)
    supervisor.watch()
"""


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.usefixtures("_handlers")
def test_when_one_is_killed_all_stop(tmp_path):
    with pytest.raises(Died, match=r"^web was killed by SIGKILL\.$"), Supervisor(tmp_path) as supervisor:
        pids = [supervisor.start(name, ASLEEP).process.pid for name in ("redis", "web", "beat")]
        os.kill(pids[1], signal.SIGKILL)
        supervisor.watch()

    assert not any(map(is_alive, pids))


def test_when_it_is_killed_itself_all_stop(tmp_path):
    command = [sys.executable, "-c", OF_ITS_OWN, str(tmp_path)]
    with subprocess.Popen(command, cwd=BASE_DIR, stdout=subprocess.PIPE, text=True) as process:
        pids = list(map(int, process.stdout.readline().split()))
        before = [is_alive(pid) for pid in pids]
        process.kill()

    deadline = time.monotonic() + 10
    while any(map(is_alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert before == [True, True]
    assert not any(map(is_alive, pids))
