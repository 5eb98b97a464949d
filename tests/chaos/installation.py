"""A whole installation in one folder, on loopback: its database, Redis, web, workers, beat, and whom it calls."""

import base64
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress
from http import HTTPStatus
from http.client import HTTPException
from pathlib import Path

import psycopg
from redis import Redis
from redis.exceptions import RedisError

from orderstatus_project.bundled_redis import redis_command, redis_url
from tests.chaos.processes import NotReady, Program, free_port, signal_process, wait_until

ROOT = Path(__file__).resolve().parents[2]
PYTHON = sys.executable
POSTGRES_USER = "postgres"
# What they promise: one knows a reference again; one does not, but can be asked what it took; of the last nothing more
# can be learned.
PROVIDERS = ("idempotent", "telling", "forgetful")
# Who is called by webhooks.
RECEIVER = "receiver"
SERVERS = (*PROVIDERS, RECEIVER)
WORKERS = {"worker1": "runs,sending", "worker2": "runs,sending", "worker3": "calls,analytics"}
RECEIPTS_SECRET = "receipts are signed with this"
WEBHOOK_SECRET = "whsec_" + base64.b64encode(b"webhooks are signed with this...").decode()
DISK = "512m"
SERVER_ENVIRONMENT = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}


class Missing(Exception):
    """This machine lacks what a database needs."""


class Installation:
    """Used as a context: leaving it ends all that it started."""

    # Where shops say what changed.
    changes_path = "/api/v1/status-changes/"
    # Kinds of faults that mean nothing to it.
    spared = frozenset()

    def __init__(self, database, folder, seed):
        self.database, self.folder, self.seed, self.name = database, folder, seed, database
        self.logs, self.var, self.disk = folder / "log", folder / "var", folder / "disk"
        self.clock_file, self.failpoint_file = folder / "clock", folder / "failpoint"
        self.programs, self.is_mounted, self.key = {}, False, ""
        self.web_port, self.ports = free_port(), {name: free_port() for name in SERVERS}
        for made in (self.logs, self.var, self.disk):
            made.mkdir()
        self.set_clock(0)

    def __enter__(self):
        try:
            self._start_redis()
            self._start_database()
            self._start_servers()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_error):
        self.close()

    def close(self):
        for program in reversed(self.programs.values()):
            program.stop(signal.SIGKILL if program.name != "postgres" else signal.SIGQUIT)
        if self.is_mounted:
            shutil.copytree(self.disk, self.folder / "disk kept")
            subprocess.run(["umount", "--lazy", self.disk], check=False)

    # What the product is told of where it runs

    @property
    def address(self):
        return f"http://127.0.0.1:{self.web_port}"

    @property
    def environment(self):
        return {
            **SERVER_ENVIRONMENT,
            "PYTHONPATH": str(ROOT),
            "DJANGO_SETTINGS_MODULE": "tests.chaos.settings",
            "VAR_DIR": str(self.var),
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.given_redis_url,
            "SECRET_KEY": f"chaos {self.seed}",
            "DEMO": "0",
            "API_REQUESTS_PER_MINUTE": "0",
            "WEBHOOK_ALLOWED_NETWORKS": "127.0.0.1/32",
            "CELERY_SKIP_CHECKS": "1",
            "FAILPOINT_FILE": str(self.failpoint_file),
            "CHAOS_CLOCK": str(self.clock_file),
        }

    # Servers

    def _start_redis(self):
        command, self.given_redis_url = redis_command(self.var), ""
        if self.database == "postgres":
            port = free_port()
            command += ["--bind", "127.0.0.1", "--port", str(port)]
            self.given_redis_url = f"redis://127.0.0.1:{port}/0"
        self.redis = Redis.from_url(self.given_redis_url or redis_url(self.var), socket_timeout=5)
        self._start("redis", command)
        self.wait_for_redis()

    def wait_for_redis(self):
        wait_until(lambda: _works(self.redis.ping, RedisError), "Redis did not answer")

    def _start_database(self):
        if self.database == "sqlite":
            self.is_mounted = _mount(self.disk)
            self.database_url = f"sqlite:///{self.disk / 'db.sqlite3'}"
            return
        programs, user, port = _postgres_programs(), _postgres_user(), free_port()
        data = self.folder / "postgres"
        data.mkdir()
        self.folder.chmod(0o711)
        if user:
            shutil.chown(data, user, user)
        how = {"user": user, "group": user, "extra_groups": []} if user else {}
        init = [programs / "initdb", "-D", data, "-U", POSTGRES_USER, "-A", "trust", "-E", "UTF8", "--no-sync"]
        subprocess.run(init, check=True, stdout=subprocess.DEVNULL, **how)
        server = [programs / "postgres", "-D", data, "-p", str(port), "-c", "listen_addresses=127.0.0.1"]
        self._start("postgres", [*server, "-c", f"unix_socket_directories={data}"], user=user)
        self.database_url = f"postgres://{POSTGRES_USER}@127.0.0.1:{port}/postgres"
        self.wait_for_database()

    def wait_for_database(self):
        if self.database == "postgres":
            wait_until(self._postgres_answers, "PostgreSQL did not answer")

    def _postgres_answers(self):
        """It ends again if those of a server that was killed are not all gone yet."""
        self.keep_running()
        return _works(lambda: psycopg.connect(self.database_url, connect_timeout=2).close(), psycopg.Error)

    def _start_servers(self):
        for name, port in self.ports.items():
            told = ["--record", self.record_of(name), "--seed", str(self.seed), "--port", str(port)]
            self._start(name, [PYTHON, "-m", *_program_of(name), *told], self.environment)
        for name in SERVERS:
            wait_until(lambda name=name: self.counts_of(name) is not None, f"{name} did not answer")

    def record_of(self, server):
        return self.folder / f"{server}.jsonl"

    def counts_of(self, server):
        with suppress(OSError):
            return self.ask_server(server, "GET", "/record")
        return None

    def ask_server(self, server, method, path, body=None):
        status, answer = request(f"http://127.0.0.1:{self.ports[server]}{path}", method, body)
        if status != 200:
            raise NotReady(f"{server} answered {status}: {answer}")
        return answer

    # The product

    def prepare(self, feed):
        """Tables, vocabulary, customers, orders, campaigns, gateways, and the shops' key."""
        feed_file = self.folder / "feed.json"
        feed_file.write_text(json.dumps(feed))
        steps = f"take_first_steps({str(feed_file)!r}, {self.ports!r})"
        shell = ["manage.py", "shell", "--verbosity", "0", "-c"]
        self.key = self.run(*shell, f"from tests.chaos.prepare import take_first_steps; {steps}").strip()

    def run(self, *words):
        """Run a Python program of the installation's to its end; answers what it said."""
        done = subprocess.run(
            [PYTHON, *words], env=self.environment, cwd=ROOT, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise NotReady(f"{' '.join(words[:3])}: {done.stderr[-2000:]}")
        return done.stdout

    def start_product(self):
        celery = [PYTHON, "-m", "celery", "--app", "orderstatus_project"]
        quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
        for name, queues in WORKERS.items():
            worker = ["worker", "--queues", queues, "--concurrency", "2", "--hostname", f"{name}@%h"]
            self._start(name, [*celery, *worker, *quiet], self.environment)
        beat = ["beat", "--scheduler", "celery.beat.Scheduler", "--pidfile", ""]
        self._start("beat", [*celery, *beat], self.environment)
        self._start_web("orderstatus_project.wsgi")
        wait_until(self.answers, "the web process did not answer")

    def _start_web(self, application):
        bind = ["--bind", f"127.0.0.1:{self.web_port}", "--workers", "2", "--threads", "4"]
        quick = ["--graceful-timeout", "5", "--no-control-socket"]
        self._start("web", [PYTHON, "-m", "gunicorn", application, *bind, *quick], self.environment)

    def answers(self):
        return _works(lambda: request(f"{self.address}/healthz", "GET"), OSError)

    def keep_running(self):
        """What a supervisor does: start again what ended. Answers their names."""
        ended = [one for one in self.programs.values() if one.is_wanted and not one.is_running]
        for program in ended:
            program.end_groups()
            program.start()
        return [program.name for program in ended]

    def tell_campaign(self, path, body):
        """Whether a campaign was told this by the API."""
        key = {"Authorization": f"Bearer {self.key}"}
        try:
            return request(f"{self.address}/api/v1/campaigns/{path}", "POST", body, key)[0] < HTTPStatus.BAD_REQUEST
        except (OSError, HTTPException):
            return False

    # Knobs

    def set_clock(self, off_by_s):
        self.clock_off_by_s = off_by_s
        _write(self.clock_file, str(off_by_s))

    def arm(self, failpoint):
        _write(self.failpoint_file, failpoint)

    def disarm(self):
        """Whether somebody had died of it."""
        try:
            self.failpoint_file.unlink()
        except FileNotFoundError:
            return True
        return False

    def set_disk(self, size):
        subprocess.run(["mount", "-o", f"remount,size={size}", self.disk], check=True)

    def fill_disk(self):
        """Not a page is left to be written. Answers whether it could be: a disk cannot be made smaller than what is
        on it, and more is written all the time."""
        return any(_works(self._shrink_disk, subprocess.CalledProcessError) for _ in range(20))

    def _shrink_disk(self):
        stat = os.statvfs(self.disk)
        self.set_disk((stat.f_blocks - stat.f_bfree) * stat.f_frsize)

    def empty_disk(self):
        self.set_disk(DISK)

    def cut_connections(self):
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            cut = connection.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid() AND random() < 0.7"
            )
            return cut.fetchone()[0]

    def tell_receipts(self, provider, *, first):
        receipts = {"url": self.address + receipts_path(provider), "secret": RECEIPTS_SECRET, "first": first}
        self.ask_server(provider, "POST", "/receipts", receipts | {"after_s": 0.2})

    def _start(self, name, command, env=None, user=None):
        self.programs[name] = Program(name, command, self.logs, env or SERVER_ENVIRONMENT, user)
        self.programs[name].start()


def receipts_path(provider):
    return f"/api/v1/receipts/{provider}/"


def _program_of(server):
    if server == RECEIVER:
        return "tests.chaos.receiver", "--secret", WEBHOOK_SECRET
    return "tests.gateway", "--idempotent" if server == "idempotent" else "--forgetful"


def request(url, method, body=None, headers=(), timeout_s=10.0):
    """(status, what was answered). Raises OSError where nobody did."""
    data = None if body is None else json.dumps(body).encode()
    asked = urllib.request.Request(url, data, {"Content-Type": "application/json", **dict(headers)}, method=method)
    try:
        with urllib.request.urlopen(asked, timeout=timeout_s) as response:
            return response.status, json.loads(response.read() or "null")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode(errors="replace")


def pause_process(pid, seconds):
    signal_process(pid, signal.SIGSTOP)
    time.sleep(seconds)
    signal_process(pid, signal.SIGCONT)


def _works(attempt, *errors):
    try:
        attempt()
    except errors:
        return False
    return True


def _write(file, text):
    """Whole, or not at all: others read it all the time."""
    draft = file.with_suffix(".draft")
    draft.write_text(text)
    draft.replace(file)


def _mount(folder):
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", folder]
    return os.getuid() == 0 and subprocess.run(mount, check=False, stderr=subprocess.DEVNULL).returncode == 0


def _postgres_programs():
    """Debian keeps the server's off the PATH."""
    path = os.pathsep.join([os.environ["PATH"], *map(str, Path("/usr/lib/postgresql").glob("*/bin"))])
    if program := shutil.which("initdb", path=path):
        return Path(program).resolve().parent
    raise Missing("There is no PostgreSQL server (initdb, postgres) on this machine.")


def _postgres_user():
    """PostgreSQL does not run as root."""
    if os.getuid() != 0:
        return None
    for name in (POSTGRES_USER, "nobody"):
        if subprocess.run(["id", name], check=False, capture_output=True).returncode == 0:
            return name
    raise Missing("PostgreSQL does not run as root, and there is no user postgres or nobody.")
