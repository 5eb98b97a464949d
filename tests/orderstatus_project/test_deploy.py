"""The commands stand in the Procfile: they start what they say, and the units and the compose file say the same."""

import configparser
import contextlib
import http.client
import os
import shlex
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time

import pytest
import yaml

from orderstatus_project.bundled_redis import start_redis
from orderstatus_project.environment import BASE_DIR
from orderstatus_project.procfile import commands

DEPLOY = BASE_DIR / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
PATIENCE_S = 90


def procfile(python):
    return {name: [python, *words[1:]] for name, words in commands().items()}


def unit(path):
    """The sections of a unit, of which a name that stands twice keeps its last value."""
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str
    parser.read(path)
    return parser


def test_the_procfile_names_the_processes_and_each_begins_with_python():
    assert list(commands()) == [
        "web",
        "worker-runs",
        "worker-sending",
        "worker-calls",
        "worker-analytics",
        "beat",
        "listen",
        "release",
    ]
    assert {words[0] for words in commands().values()} == {sys.executable}


def test_every_unit_runs_what_the_procfile_says():
    run = {
        path.stem.removeprefix("orderstatus-"): shlex.split(unit(path)["Service"]["ExecStart"].replace("%%", "%"))
        for path in UNITS
    }

    expected = procfile("/opt/orderstatus/.venv/bin/python")
    del expected["release"]
    assert run == expected


def test_every_process_of_the_compose_file_runs_what_the_procfile_says():
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]

    run = {name: services[name]["command"] for name in services if name not in {"database", "redis"}}

    expected = procfile("python")
    expected["migrate"] = expected.pop("release")
    assert run == expected


def test_a_worker_that_sends_is_given_the_time_of_its_longest_batch():
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    service = unit(DEPLOY / "systemd" / "orderstatus-worker-sending.service")["Service"]

    assert services["worker-sending"]["stop_grace_period"] == "90s"
    assert service["TimeoutStopSec"] == "90"


def test_the_image_is_the_web_process_unless_told_otherwise_and_nobody_special_runs_it():
    lines = (DEPLOY / "Containerfile").read_text().splitlines()

    assert yaml.safe_load(next(line for line in lines if line.startswith("CMD "))[4:]) == procfile("python")["web"]
    assert "USER orderstatus" in lines


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_a_unit_is_told_by_a_file_may_change_nothing_else_and_starts_with_the_target(path):
    service = unit(path)["Service"]

    assert service["EnvironmentFile"] == "/etc/orderstatus/env"
    assert (service["NoNewPrivileges"], service["ProtectSystem"], service["KillMode"]) == ("yes", "strict", "mixed")
    assert unit(path)["Install"]["WantedBy"] == "orderstatus.target"


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="there is no systemd-analyze here")
def test_systemd_understands_the_units(tmp_path):
    for path in [*UNITS, DEPLOY / "systemd" / "orderstatus.target"]:
        text = path.read_text().replace("/opt/orderstatus/.venv/bin/python", sys.executable)
        (tmp_path / path.name).write_text(text)

    said = subprocess.run(
        ["systemd-analyze", "verify", *sorted(tmp_path.iterdir())], capture_output=True, text=True, check=False
    )

    assert (said.returncode, [line for line in said.stderr.splitlines() if "orderstatus" in line]) == (0, [])


def test_secrets_stand_in_no_file_that_is_kept():
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    example = dict(line.split("=", 1) for line in (DEPLOY / "env.example").read_text().splitlines() if "=" in line[:40])

    assert all(service["env_file"] == "env" for name, service in services.items() if name not in {"database", "redis"})
    assert [example[name] for name in ("SECRET_KEY", "ENCRYPTION_KEYS", "METRICS_TOKEN", "POSTGRES_PASSWORD")] == [
        ""
    ] * 4


class Started:
    """Processes of the Procfile on a VAR_DIR of their own."""

    def __init__(self, var_dir):
        self.var_dir, self.children = var_dir, {}
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.port = server.getsockname()[1]
        not_ours = {"DATABASE_URL", "REDIS_URL", "REDIS_PREFIX", "BIND", "PROMETHEUS_MULTIPROC_DIR"}
        kept = {name: value for name, value in os.environ.items() if name not in not_ours}
        self.environment = kept | {"VAR_DIR": str(var_dir), "PORT": str(self.port), "DEMO": "0"}

    def start(self, name):
        with self.log(name).open("wb") as log:
            self.children[name] = subprocess.Popen(
                commands()[name], cwd=BASE_DIR, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )

    def log(self, name):
        return self.var_dir / f"{name}.log"

    def wait_until(self, is_so):
        deadline = time.monotonic() + PATIENCE_S
        while not is_so():
            ended = [name for name, child in self.children.items() if child.poll() is not None]
            assert not ended, self.log(ended[0]).read_text()
            assert time.monotonic() < deadline, "it did not come about"
            time.sleep(0.1)

    def stop(self):
        for child in self.children.values():
            child.send_signal(signal.SIGTERM)
        ends = {name: child.wait(PATIENCE_S) for name, child in self.children.items()}
        self.children.clear()
        return ends

    def ask(self, path):
        try:
            with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)) as line:
                line.request("GET", path)
                answer = line.getresponse()
                return answer.status, answer.read().decode()
        except OSError:
            return 0, ""

    def signs_of_life(self):
        with contextlib.closing(sqlite3.connect(self.var_dir / "db.sqlite3", timeout=20)) as database:
            return {name for (name,) in database.execute("SELECT name FROM workspace_heartbeat")}


@pytest.fixture(scope="session")
def released(tmp_path_factory):
    """A VAR_DIR with a database as the release process leaves it, and a Redis."""
    var_dir = tmp_path_factory.mktemp("released")
    redis = start_redis(var_dir)
    try:
        environment = Started(var_dir).environment
        subprocess.run(commands()["release"], cwd=BASE_DIR, env=environment, check=True, capture_output=True)
        yield var_dir
    finally:
        redis.terminate()
        redis.wait()


@pytest.fixture
def started(released):
    started = Started(released)
    yield started
    for child in started.children.values():
        child.kill()


@pytest.mark.xdist_group("run")
def test_the_processes_of_the_procfile_start_work_tell_and_stop(started):
    for name in ("web", "worker-runs", "worker-sending", "worker-calls", "worker-analytics", "beat"):
        started.start(name)
    started.wait_until(lambda: started.ask("/healthz") == (200, '{"status": "up"}'))
    started.wait_until(lambda: started.signs_of_life() == {"runs", "sending", "calls", "analytics"})
    for _ in range(20):
        started.ask("/nowhere")
    status, told = started.ask("/metrics")
    ends = started.stop()

    assert status == 200
    # Answered by both of its processes, and counted together.
    assert 'django_http_responses_total_by_status_total{status="404"} 20.0' in told
    assert 'orderstatus_wakes_total{by="sweep",queue="sending"}' in told
    assert "process_resident_memory_bytes" in told
    assert ends == {
        "web": 0,
        "worker-runs": 0,
        "worker-sending": 0,
        "worker-calls": 0,
        "worker-analytics": 0,
        "beat": 0,
    }


@pytest.mark.xdist_group("run")
def test_the_listener_starts_and_stops(started):
    started.start("listen")
    started.wait_until(lambda: "Listening." in started.log("listen").read_text())

    assert started.children["listen"].poll() is None
    assert started.stop() == {"listen": 0}
