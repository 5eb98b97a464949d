"""`make run` as it is run: a process of its own on a VAR_DIR of its own, with all that it starts."""

import contextlib
import http.client
import json
import os
import re
import shlex
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

PATIENCE_S = 120


class Installation:
    """One VAR_DIR and what is started on it."""

    def __init__(self, var_dir):
        self.var_dir, self.port, self.process = var_dir, free_port(), None

    def environment(self, **more):
        not_ours = {"DATABASE_URL", "REDIS_URL", "REDIS_PREFIX", "DJANGO_SETTINGS_MODULE"}
        kept = {name: value for name, value in os.environ.items() if name not in not_ours}
        return kept | {"VAR_DIR": str(self.var_dir), "PORT": str(self.port), "WEB_PROCESSES": "1"} | more

    def start(self, **more):
        self.output = self.var_dir.parent / f"{self.var_dir.name}.out"
        with self.output.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "orderstatus_project.run"],
                env=self.environment(**more), stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        return self

    def begin(self, **more):
        began = time.monotonic()
        self.start(**more)
        wait_until(lambda: "Ctrl-C stops everything" in self.said() or self.process.poll() is not None)
        assert self.process.poll() is None, self.said()
        self.took = time.monotonic() - began
        return self

    def said(self):
        return self.output.read_text()

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_S)

    def pids(self):
        """Every process that was told of this VAR_DIR."""
        told = f"VAR_DIR={self.var_dir}".encode()
        return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit() and told in environ(entry)]

    def child(self, *words):
        """The process whose command line holds all of these, the oldest first."""
        return min(pid for pid in self.pids() if all(word in command_line(pid) for word in words))

    def ask(self, path):
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)) as line:
            line.request("GET", path)
            return line.getresponse().status

    def rows(self, table):
        with contextlib.closing(sqlite3.connect(self.var_dir / "db.sqlite3", timeout=20)) as database:
            return database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


def environ(entry):
    try:
        if (entry / "stat").read_text().rpartition(")")[2].split()[0] == "Z":
            return b""
        return (entry / "environ").read_bytes()
    except OSError:
        return b""


def command_line(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def wait_until(is_so):
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.05)


@pytest.fixture
def installation(tmp_path):
    yield from ended(Installation(tmp_path / "var"))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """One VAR_DIR for all that start to the end: the first makes its database and static files, which takes seconds."""
    yield from ended(Installation(tmp_path_factory.mktemp("made") / "var"))


def ended(installation):
    yield installation
    if installation.process and installation.process.poll() is None:
        installation.end()


@pytest.mark.xdist_group("run")
def test_it_starts_shows_the_way_stops_leaving_nothing_and_starts_again_until_one_is_killed(made):
    installation = made
    installation.begin()
    said = installation.said()
    wait_until(lambda: installation.rows("campaigns_phonetext") > 0)
    healthy = (installation.ask("/healthz"), installation.ask("/readyz"))
    moves = [json.loads(shlex.split(curl)[-1]) for curl in re.findall(r"^curl .*$", said, re.MULTILINE)]
    mode = stat.S_IMODE((installation.var_dir / "demo.env").stat().st_mode)
    listens = any("manage.py listen" in command_line(pid) for pid in installation.pids())
    status = installation.end(signal.SIGINT)

    assert re.findall(r"^(Redis|Checks|Static files|Login|Web).* \d+\.\d s$", said, re.MULTILINE) == [
        "Redis", "Checks", "Static files", "Login", "Web",
    ]  # fmt: skip
    assert "[info" not in said
    assert f"http://127.0.0.1:{installation.port}/admin/" in said
    assert re.search(r"Login +admin +\S{10,}", said)
    assert moves == [
        {"order": "DEMO-1001", "type": "delivery", "code": code} for code in ("at_pickup_point", "shipped")
    ]
    assert healthy == (200, 200)
    assert listens
    assert mode == 0o600
    assert (status, installation.pids()) == (0, [])

    orders = installation.rows("orders_order")
    installation.begin()
    again = installation.said()
    os.kill(installation.child("celery", "--queues runs"), signal.SIGKILL)
    status = installation.process.wait(PATIENCE_S)

    assert installation.rows("orders_order") >= orders
    assert re.search(r"Login +\S+ +\S+", again)[0] == re.search(r"Login +\S+ +\S+", said)[0]
    assert "worker-runs was killed by SIGKILL." in installation.said()
    assert (status, installation.pids()) == (1, [])


@pytest.mark.proof  # with processes that only sleep it is told in test_supervisor.py
@pytest.mark.xdist_group("run")
def test_when_the_supervisor_is_killed_all_stop(made):
    made.begin(DEMO="0")

    os.kill(made.child("orderstatus_project.run"), signal.SIGKILL)
    made.process.wait(PATIENCE_S)

    wait_until(lambda: made.pids() == [])


@pytest.mark.xdist_group("run")
def test_asked_to_end_while_it_starts_it_leaves_nothing(made):
    made.start(DEMO="0")
    wait_until(lambda: "Redis" in made.said())

    assert (made.end(signal.SIGTERM), made.pids()) == (0, [])


def test_a_port_that_is_taken_is_said_before_anything_starts(installation):
    with socket.create_server(("127.0.0.1", installation.port)):
        installation.start()
        status = installation.process.wait(PATIENCE_S)

    assert status == 1
    assert f"Port {installation.port}: Address already in use." in installation.said()
    assert not (installation.var_dir / "db.sqlite3").exists()


def test_a_redis_that_is_not_there_is_said(installation):
    installation.start(REDIS_URL=f"redis://127.0.0.1:{free_port()}/0")

    assert installation.process.wait(PATIENCE_S) == 1
    assert "Redis (REDIS_URL) did not answer" in installation.said()
    assert installation.pids() == []


def test_a_database_that_is_not_there_is_said(installation):
    installation.start(DATABASE_URL=f"postgres://nobody@127.0.0.1:{free_port()}/nothing")

    assert installation.process.wait(PATIENCE_S) == 1
    assert "The database does not do what is asked" in installation.said()
    assert "Traceback" not in installation.said()
    assert installation.pids() == []


def test_a_port_that_is_no_number_is_said(installation):
    installation.start(PORT="eighty")

    assert installation.process.wait(PATIENCE_S) == 1
    assert installation.said().strip() == "PORT='eighty' is not a whole number."
